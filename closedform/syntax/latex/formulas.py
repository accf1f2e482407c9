r"""Formulas: sums, products and powers, by recursive descent that is at most `MAX_GROUPS` deep."""

from __future__ import annotations

from closedform.errors import TooLarge
from closedform.syntax.latex import commands
from closedform.syntax.latex.cursor import MAX_GROUPS
from closedform.syntax.latex.names import ACCENTS, GREEK, OTHER_LETTERS
from closedform.syntax.latex.operands import Operands
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.tree import Node, Span


class Reader(Operands):
    """Reads a whole formula."""

    def skip_head(self) -> None:
        """Leave out `f(x) =`: it names the function."""
        end = next((i for i, p in enumerate(self.pieces) if p.text in commands.EQUALS), None)
        if not end:
            return
        i = self.past(0) if self.pieces[0].kind in ("letter", "command") else end + 1
        if self.pieces[0].kind == "command" and self.pieces[0].text[1:] not in {*GREEK, *ACCENTS, *OTHER_LETTERS}:
            i = i if self.pieces[0].text in commands.BOLD | commands.WORDS else end + 1
        if i < end and self.pieces[i].kind == "_":
            i = self.past(i + 1)
        rest = self.pieces[i:end]
        colon = bool(rest) and rest[-1].text == ":"
        rest = rest[:-1] if colon else rest
        applied = bool(rest) and rest[0].kind == "open" and rest[-1].kind == "close"
        kinds = {"letter", "command", "{", "}", "_", ",", "open", "close", "bar", "number"}
        plain = all(p.kind in kinds or p.text == ";" for p in rest)
        if i <= end and (not rest or (applied and plain)):
            head = self.written((self.pieces[0].start, self.pieces[end - 1 - colon].end))
            self.note(f"{head} is the name of the function")
            self.at = end + 1

    def statement(self) -> Node:
        """A formula, or two with an equals sign between them."""
        left = self.sum()
        if self.peek.text in commands.EQUALS or (self.peek.text == ":" and self.pieces[self.at + 1].text == "="):
            self.at += self.peek.text == ":"
            sign = self.take()
            right = self.sum()
            left = Node("EQUALS", "=", (left, right), (left.span[0], right.span[1]), sign.span, False)
            if self.peek.text in commands.EQUALS:
                self.fail("a second equals sign", self.peek.span, "give one equation at a time")
        if self.peek.kind != "end":
            self.unexpected()
        return left

    def sum(self) -> Node:
        left = self.product()
        while self.peek.text in ("+", "-") and self.peek.kind == "operator":
            sign = self.take()
            right = self.product()
            left = self.binary("PLUS" if sign.text == "+" else "MINUS", left, sign, right)
        return left

    def product(self) -> Node:
        left = self.signed()
        while True:
            p = self.peek
            if p.text in commands.PRODUCTS:
                self.take()
                left = self.binary(commands.PRODUCTS[p.text], left, p, self.signed())
            elif self.starts_operand():
                right = self.powered()
                left = Node("juxtapose", "", (left, right), (left.span[0], right.span[1]), right.span, False)
            else:
                return left

    def signed(self) -> Node:
        signs: list[Piece] = []
        while self.peek.text in ("+", "-") and self.peek.kind == "operator":
            signs.append(self.take())
            if len(signs) > MAX_GROUPS:
                self.fail("too many signs in a row", signs[-1].span, kind=TooLarge)
        node = self.powered()
        for p in reversed(signs):
            rule = "negative" if p.text == "-" else "positive"
            node = Node(rule, p.text, (node,), (p.start, node.span[1]), p.span, False)
        return node

    def starts_operand(self) -> bool:
        p = self.peek
        if p.kind == "bar":
            last = self.closers[-1].text if self.closers else ""
            double = self.source[p.start : p.end]
            if last == "|" and p.text == "‖" and (double == "||" or double.startswith(r"\vert")):
                middle = p.start + (1 if double == "||" else len(r"\vert"))
                halves = [Piece("bar", "|", p.start, middle), Piece("bar", "|", middle, p.end)]
                self.pieces[self.at : self.at + 1] = halves
                return False
            return last != p.text
        if p.kind == "command":
            return p.text not in commands.EQUALS and p.text not in commands.PRODUCTS
        return p.kind in ("letter", "number", "open", "{")

    # exponents --------------------------------------------------------------------------------------------------

    def powered(self) -> Node:
        """An operand with its primes, transposes and exponents."""
        node = self.operand()
        raised = False
        for _ in range(MAX_GROUPS):
            p = self.peek
            if p.text == "'":
                self.take()
                node = Node("PRIME", "'", (node,), (node.span[0], p.end), p.span)
            elif p.kind == "^":
                if raised:
                    self.fail("a second exponent", p.span, "put brackets around the first power")
                node, raised = self.exponent(node), True
            elif p.text == ".^":
                self.take()
                power = self.operand()
                node = Node("DOTHAT", ".^", (node, power), (node.span[0], power.span[1]), p.span)
            elif p.kind == "_":
                node = self.entry(node)
            else:
                return node
        self.fail("too many primes in a row", self.peek.span, kind=TooLarge)

    def exponent(self, node: Node) -> Node:
        """What `^…` makes of an operand."""
        mark = self.take()
        first, last = self.at, self.past(self.at)
        inside = self.flat(first, last)
        end = self.pieces[last - 1].end
        span = (node.span[0], max(end, node.span[1]))
        whole = (mark.start, end)
        if node.rule == "name" and node.text in self.changes and inside not in commands.TRANSPOSED:
            X = self.changes[node.text]
            self.fail(f"a power of d{X} or the differential of a power", whole, f"write d({X}^…) or (d{X})^…")
        if inside in commands.TRANSPOSED and not (inside == "t" and "t" in self.known):
            self.at = last
            if inside == "t":
                self.note(f"{self.written(span)} is read as a transpose")
            return Node("PRIME", "^" + inside, (node,), span, whole)
        if inside == "-1" or (inside[:1] == "-" and inside[1:] in commands.TRANSPOSED - {"t"}):
            self.at = last
            return Node("SUPER", "⁻¹" if inside == "-1" else "⁻ᵀ", (node,), span, whole)
        if inside in ("+", r"\dagger", "†"):
            self.at = last
            return Node("call", "pinv", (node,), span, whole)
        if inside in ("*", r"\ast", r"\star", "H", r"\mathsf{H}"):
            hint = r"write X^\top for the transpose, \operatorname{adj}(X) for the adjugate, or another name"
            self.fail(f"^{inside} is ambiguous: an adjoint, an optimum or an adjugate", whole, hint)
        if inside in ("1/2", r"\frac12", r"\tfrac12", "½", "0.5"):
            self.at = last
            return Node("half", "^" + inside, (node,), span, whole)
        if inside[:5] in (r"\circ", r"\odot"):
            return self.entry_power(node, first, last, span, whole)
        return Node("HAT", "^", (node, self.argument("^")), span, mark.span)

    def entry_power(self, node: Node, first: int, last: int, span: Span, whole: Span) -> Node:
        r"""`x^{\circ 2}`, the power of every entry."""
        braced = self.pieces[first].kind == "{"
        self.at = first + 1 + braced
        if self.at >= last - braced:
            self.fail(f"^{self.pieces[first + braced].text} says no power", whole, r"write x^{\circ 2}")
        power = self.sum()
        if braced:
            self.close_brace(self.pieces[first])
        return Node("DOTHAT", ".^", (node, power), span, whole)

    def entry(self, node: Node) -> Node:
        """A subscript after something that is no name: an entry, inside a sum over its index."""
        mark = self.take()
        last = self.past(self.at)
        end = self.pieces[last - 1].end
        indices = self.bound(self.parts(self.at, last), (mark.start, end))
        if not indices:
            self.fail(
                "a subscript belongs to a name", (mark.start, end), "an entry is read inside a sum over its index"
            )
        self.at = last
        return Node("entry", ",".join(indices), (node,), (node.span[0], end), (mark.start, end))
