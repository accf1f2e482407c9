r"""Functions with their arguments, in brackets or not, and finite sums."""

from __future__ import annotations

from closedform.errors import NotSupported
from closedform.syntax.latex import commands
from closedform.syntax.latex.naming import Naming
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.tree import Node, Span

_MATRIX_VALUED = frozenset({"diag", "vec", "inv", "adj", "pinv", "expm", "logm", "sqrtm", "kron"})
_SCALAR_VALUED = frozenset({"tr", "det", "logdet", "norm1", "norm2", "normnuc", "logsumexp"})


class Applying(Naming):
    """Reads what applies to the product that follows."""

    def function(self, name: str, span: Span) -> Node:
        """A function with its argument, in brackets or not."""
        self.hoist()
        if self.peek.kind == "_":
            last = self.past(self.at + 1)
            where = (span[0], self.pieces[last - 1].end)
            hint = {"log": r"write \frac{\log x}{\log 2}", "max": r"write \max(x) for the largest entry"}.get(name)
            self.fail(f"{self.written(where)} has a subscript, which is not in the syntax", where, hint, NotSupported)
        power = self.function_power(name, span)
        args, end, bracketed = self.function_arguments(name, span)
        at = span
        if name == "log" and args[0].rule == "call" and args[0].text == "det":
            name, args = "logdet", list(args[0].operands)
        zero = next((a for a in args if (a.rule, a.text) == ("literal", "0")), None)
        if name == "max" and len(args) == 2 and zero is not None:  # max(0, x)
            name, args = "relu", [a for a in args if a is not zero]
        node = Node("call", name, tuple(args), (span[0], end), at)
        more = self.peek.kind in ("letter", "open", "command") and self.starts_operand()
        if bracketed and more and name in _SCALAR_VALUED:
            self.note(f"the argument of {name} ends at its bracket: {self.written(node.span)}")
        return node if power is None else Node("DOTHAT", ".^", (node, power), node.span, span)

    def function_power(self, name: str, span: Span) -> Node | None:
        r"""The 2 of `\log^2 x`."""
        if self.peek.kind != "^":
            return None
        last = self.past(self.at + 1)
        where = (span[0], self.pieces[last - 1].end)
        inside = self.flat(self.at + 1, last)
        if not inside.isdigit():
            inverse = rf"write \arc{name} for the inverse function"
            hint = inverse if name in ("sin", "cos", "tan") else "write the power last"
            self.fail(f"{self.written(where)} is ambiguous: a power or an inverse", where, hint)
        self.take()
        return self.argument("^")

    def function_arguments(self, name: str, span: Span) -> tuple[list[Node], int, bool]:
        p = self.peek
        if p.kind == "open" and p.text in "([{":
            self.take()
            self.closers.append(p)
            args = [self.sum()]
            while self.peek.kind == ",":
                self.take()
                args.append(self.sum())
            closing = self.close_bracket(p)
            return args, closing.end, True
        if p.kind == "{":
            inside = self.braces(note=False)
            return [inside], inside.span[1], True
        if p.kind in ("bar", "open") and self.starts_operand():
            inside = self.powered()
            return [inside], inside.span[1], True
        if not self.starts_operand() and p.text != "-":
            self.fail(f"{name} has no argument", span, f"write {self.written(span)}(…)")
        inside = self.implied(name, span)
        return [inside], inside.span[1], False

    def implied(self, name: str, span: Span) -> Node:
        """The product that a function without brackets applies to."""
        entrywise = name not in _SCALAR_VALUED | _MATRIX_VALUED | {"sum", "max"}
        first = self.peek
        node = self.signed()
        alone = node
        if self.next_function(first) is not None and node.rule == "call":
            return node
        while True:
            p = self.peek
            function = self.next_function(p)
            if function is not None or p.text in commands.SUMS:
                if entrywise or function in _SCALAR_VALUED:
                    break
                if function not in _MATRIX_VALUED:
                    self.fail(f"where the argument of {name} ends is not clear", span, f"write {self.written(span)}(…)")
            if p.text in commands.PRODUCTS and p.text != "/" and not entrywise:
                self.take()
                node = self.binary(commands.PRODUCTS[p.text], node, p, self.signed())
            elif self.starts_operand():
                right = self.powered()
                node = Node("juxtapose", "", (node, right), (node.span[0], right.span[1]), right.span, False)
            else:
                break
        if node is not alone or self.peek.text in commands.PRODUCTS:
            self.note(f"{self.written((span[0], node.span[1]))} is read as {name}({self.written(node.span)})")
        return Node(node.rule, node.text, node.operands, node.span, node.at)

    def next_function(self, p: Piece) -> str | None:
        """The function that begins at a token."""
        if p.kind != "command":
            return None
        if p.text in commands.WORDS:
            word = self.source[p.end :].lstrip(" {").partition("}")[0].strip()
            return commands.function_named(word) if len(word) > 1 else None
        return commands.function_named(p.text[1:])

    def abstract_call(self, name: str, span: Span) -> Node:
        """A declared function applied, with its primes."""
        primes = 0
        while self.peek.text == "'":
            self.take()
            primes += 1
        p = self.peek
        if p.kind != "open" or p.text not in "([":
            self.fail(f"{name} is a function; it needs its argument in brackets", span, f"write {name}(…)")
        args, end, _ = self.function_arguments(name, span)
        return Node("call", name + "'" * primes, tuple(args), (span[0], end), span)

    # sums -------------------------------------------------------------------------------------------------------

    def indexed_sum(self) -> Node:
        r"""`\sum_{i=1}^n` and the product that follows."""
        start = self.take()
        self.hoist()
        if self.peek.kind != "_":
            self.fail("a sum without an index", start.span, r"write \sum_i, or \operatorname{sum}(x)")
        mark = self.take()
        last = self.past(self.at)
        where = (mark.start, self.pieces[last - 1].end)
        indices, first = self.range(self.at, last, where)
        self.at = last
        bound = None
        if self.peek.kind == "^":
            self.take()
            bound = self.upper(self.argument("^"), first)
        end = self.pieces[self.at - 1].end
        for i in indices:
            if i in self.indices:
                self.fail(f"{i} is the index of a sum already", where)
        self.indices += indices
        if not self.starts_operand() and self.peek.text != "-":
            self.fail("nothing is summed", (start.start, end))
        body = self.product()
        del self.indices[len(self.indices) - len(indices) :]
        self.summed.update(indices)
        for i in reversed(indices):
            operands = (body,) if bound is None else (body, bound)
            body = Node("SUM", i, operands, (start.start, body.span[1]), (start.start, end))
        return body

    def range(self, first: int, last: int, where: Span) -> tuple[list[str], str]:
        """The indices under a sum sign, and where they begin."""
        inside = self.flat(first, last)
        names, _, begin = inside.partition("=")
        indices = [i for i in names.split(",") if i] if "," in names else list(names)
        if not indices or any(len(i) != 1 or not i.isalpha() for i in indices) or begin not in ("", "1", "0"):
            self.fail(f"a sum over {inside[:40]} is not read", where, r"write \sum_{i=1}^n, \sum_i or \sum_{i,j}")
        if len(set(indices)) < len(indices):
            self.fail("one index twice", where)
        return indices, begin

    def upper(self, bound: Node, first: str) -> Node:
        """The number of terms: the bound, or one more where the sum begins at 0."""
        if first == "0":
            one = bound.rule == "MINUS" and bound.operands[1].rule == "literal" and bound.operands[1].text == "1"
            if not one:
                self.fail("a sum from 0 runs to n-1", bound.span, r"write \sum_{i=1}^n")
            bound = bound.operands[0]
        waiting = [bound]
        while waiting:
            part = waiting.pop()
            waiting += part.operands
            if part.rule not in ("name", "literal", "juxtapose", "STAR"):
                self.fail("the number of terms is a name or a number", bound.span)
        return bound
