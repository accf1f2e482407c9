r"""Derivatives and differentials as they are written in LaTeX."""

from __future__ import annotations

from closedform.syntax.latex import commands
from closedform.syntax.latex.applying import Applying
from closedform.syntax.latex.names import ACCENTS, GREEK
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.tree import Node, Span


class Changing(Applying):
    """Reads `d`, `∂` and `∇`."""

    def mark_end(self, at: int) -> int | None:
        r"""Where a `d`, `\mathrm{d}` or `\partial` ends."""
        p = self.pieces[at]
        if p.text == r"\partial":
            return at + 1
        if p.kind == "letter" and p.text == "d" and "d" not in self.known:
            return at + 1
        if p.text in commands.WORDS:
            last = self.past(at)
            return last if self.flat(at, last) == "d" else None
        return None

    def is_derivative(self, over: int, under: int) -> bool:
        if self.pieces[over].kind != "{" or self.pieces[under].kind != "{":
            return False
        mark = self.mark_end(under + 1)
        return self.mark_end(over + 1) is not None and mark is not None and self.pieces[mark].kind != "}"

    def order(self) -> tuple[int, Span]:
        """The 2 of `∂²`."""
        if self.peek.kind != "^":
            return 1, self.pieces[self.at - 1].span
        mark = self.take()
        last = self.past(self.at)
        inside = self.flat(self.at, last)
        where = (mark.start, self.pieces[last - 1].end)
        if not inside.isdecimal() or len(inside) > 1 or inside == "0":
            self.fail("the order of a derivative is a number", where)
        self.at = last
        return int(inside), where

    def derivative(self) -> Node:
        r"""`\frac{\partial f}{\partial x}` and `\frac{\partial}{\partial x} f`."""
        start = self.take()
        opening = self.take()
        self.at = self.mark_end(self.at) or self.at
        order, where = self.order()
        function = None if self.peek.kind == "}" else self.sum()
        self.close_brace(opening)
        opening = self.take()
        variables = self.variables()
        closing = self.close_brace(opening)
        span = (start.start, closing.end)
        if len(variables) != order:
            self.fail(f"a derivative of order {order} by {len(variables)} variables", where)
        if function is None:
            function = self.applied_to(span)
        return self.made(span, function, variables)

    def made(self, span: Span, function: Node, variables: list[Node]) -> Node:
        """The derivative that an operator, written there, takes of a function."""
        whole = (span[0], max(span[1], function.span[1]))
        return Node("derivative", self.source[slice(*span)], (function, *variables), whole, span)

    def applied_to(self, span: Span) -> Node:
        if not self.starts_operand() and self.peek.text != "-":
            self.fail("a derivative of nothing", span, "write the function behind it")
        return self.product()

    def variables(self) -> list[Node]:
        r"""What stands under the line: `\partial x \partial x^\top`, `\partial x^2`."""
        found: list[Node] = []
        while (mark := self.mark_end(self.at)) is not None:
            self.at = mark
            p = self.peek
            if (p.text in commands.WORDS and self.next_function(p)) or p.kind == "open":
                self.fail(
                    "a derivative is by a variable", p.span, "name what stands there, and differentiate by the name"
                )
            node = self.variable()
            if self.peek.text == "'":
                prime = self.take()
                node = Node("PRIME", "'", (node,), (node.span[0], prime.end), prime.span)
            times = 1
            if self.peek.kind == "^":
                last = self.past(self.at + 1)
                inside = self.flat(self.at + 1, last)
                where = (self.peek.start, self.pieces[last - 1].end)
                if inside in commands.TRANSPOSED:
                    node = Node("PRIME", "^" + inside, (node,), (node.span[0], where[1]), where)
                elif inside.isdecimal() and len(inside) == 1:
                    times = int(inside)
                else:
                    self.fail("a derivative is by a variable", where)
                self.at = last
            found += [node] * times
        return found

    def nabla(self) -> Node:
        r"""`\nabla_x f`, `\nabla_x^2 f`."""
        start = self.take()
        self.hoist()
        if self.peek.kind != "_":
            self.fail(f"{start.text} by which variable", start.span, rf"write {start.text}_x")
        return self.by_subscript(start)

    def by_subscript(self, start: Piece) -> Node:
        self.take()
        braced = self.peek.kind == "{"
        opening = self.take() if braced else self.peek
        variables = [self.variable() if braced else self.leaf(*self.base_name())]
        while braced and self.peek.kind == ",":
            self.take()
            variables.append(self.variable())
        if braced:
            self.close_brace(opening)
        end = self.pieces[self.at - 1].end
        order = 1
        if self.peek.kind == "^":
            order, where = self.order()
            end = where[1]
        if len(variables) == 1:
            variables = variables * order
        elif order != len(variables):
            self.fail(f"a derivative of order {order} by {len(variables)} variables", (start.start, end))
        span = (start.start, end)
        function = self.applied_to(span)
        return self.made(span, function, variables)

    def change(self) -> Node:
        r"""`dX` is a name, `d(…)` a differential, `\partial f/\partial x` a derivative, `\partial_x f` too."""
        first = self.at
        start = self.pieces[first]
        self.at = self.mark_end(first) or first
        mark = (start.start, self.pieces[self.at - 1].end)
        if start.text == r"\partial" and self.peek.kind == "_":
            return self.by_subscript(start)
        order, where = self.order()
        p = self.peek
        plain = (p.kind == "letter" or (p.kind == "command" and p.text[1:] in {*GREEK, *ACCENTS})
                 or p.text in commands.BOLD) and self.next_function(p) is None  # fmt: skip
        if not self.starts_operand():
            self.fail(f"a differential of nothing after {self.written(mark)}", mark)
        inside = self.variable() if plain else self.operand()
        if self.peek.text == "/" and self.mark_end(self.at + 1) is not None:
            self.take()
            variables = self.variables()
            if len(variables) != order:
                self.fail(f"a derivative of order {order} by {len(variables)} variables", where)
            span = (start.start, variables[-1].span[1])
            return Node("derivative", self.source[slice(*span)], (inside, *variables), span, mark)
        if order != 1:
            self.fail("a second differential", where, "a first differential is read")
        span = (start.start, inside.span[1])
        if not plain:
            return Node("differential", self.source[slice(*mark)], (inside,), span, mark)
        if start.text == "d" and self.plain:
            hint = f"write \\mathrm{{d}}{inside.text} for the differential, or declare d: scalar"
            self.fail(f"d{inside.text} may be a differential or a product", span, hint)
        if start.text == "d":
            self.note(f"{self.written(span)} is read as the differential of {inside.text}")
        name = "d" + inside.text
        self.changes[name] = inside.text
        return Node("name", name, (), span, span)
