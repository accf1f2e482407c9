r"""Letters that mean something: e to a power, I, ones, sizes; and what a bracket or a subscript says of a letter."""

from __future__ import annotations

from collections.abc import Callable

from closedform.core.expr import OPS
from closedform.syntax.latex import commands
from closedform.syntax.latex.cursor import Cursor
from closedform.syntax.latex.names import GREEK, OTHER_LETTERS
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.tree import Node, Span

_INDEX_LETTERS = frozenset("ijkl")
_APPLIED = frozenset("fghφψ")  #: letters that stand for functions before a bracket

COMMUTATION = "K"  #: `K_{m,n}`; D and L with one index are variables, of which there are many


class Meanings(Cursor):
    """Reads letters that are no variables."""

    def in_name(self, p: Piece) -> str:
        """A token as part of a name."""
        word = p.text[1:]
        if p.kind in ("letter", "number") and "." not in p.text:
            return p.text
        if p.kind == "command" and (word in GREEK or word in OTHER_LETTERS):
            return GREEK.get(word) or OTHER_LETTERS[word]
        if p.text in ("*", r"\star", r"\ast"):
            return "star"
        if p.kind == "command" and word in ("max", "min"):
            return word
        hint = "write letters and digits in a subscript"
        if p.text in ("+", "-"):
            hint = "a shifted index is not in the syntax; " + hint
        self.fail(f"{p.text} in a subscript", p.span, hint)

    def parts(self, first: int, last: int) -> list[str]:
        """A subscript's parts: between commas, else every single letter where all are indices of sums."""
        dropped = commands.WORDS | commands.BOLD | {"{", "}"}
        found: list[list[Piece]] = [[]]
        for p in self.pieces[first:last]:
            if p.kind == "," or p.text == r"\times":
                found.append([])
            elif p.text not in dropped:
                found[-1].append(p)
        if len(found) == 1 and len(found[0]) > 1 and all(p.text in self.indices for p in found[0]):
            return [p.text for p in found[0]]
        return ["".join(self.in_name(p) for p in part) for part in found]

    def euler(self, span: Span) -> Node:
        """e to a power: exp, entry by entry."""
        mark = self.take()
        power = self.argument("^")
        whole = (span[0], max(power.span[1], mark.end))
        return Node("call", "exp", (power,), whole, span)

    def is_transposed(self, span: Span) -> bool:
        """Whether the exponent of e is a sign of transposition.

        Raises:
            SyntaxProblem: it is T, which may be a sign or a number.
        """
        inside = self.flat(self.at + 1, self.past(self.at + 1))
        if inside == "T":
            self.fail("e^T may be a transpose or an exponential", span, "declare e: vector(n), or write \\exp(T)")
        return inside in commands.TRANSPOSED - {"t"}

    def is_bare(self, at: int) -> bool:
        """Whether a bracket holds names only: `u(x)` applies u, as nobody puts brackets around a factor."""
        end = next((i for i in range(at, len(self.pieces)) if self.pieces[i].kind in ("close", "open", "end")), at)
        factors = [p for p in self.pieces[at:end] if p.text not in commands.BOLD | {"{", "}", ","}]
        letters = {"letter", "command"}
        commas = sum(p.kind == "," for p in self.pieces[at:end])
        plain = all(p.kind in letters and (p.kind == "letter" or p.text[1:] in GREEK) for p in factors)
        return self.pieces[end].kind == "close" and plain and len(factors) == commas + 1

    def note_entrywise(self, kind: Callable[[Node], str | None], order: list[Node]) -> None:
        """Say that functions of matrices, and e to the power of a vector, go entry by entry."""
        for node in order:
            entrywise = node.rule == "call" and (
                node.text == "sqrt" or (node.text in OPS and OPS[node.text].kind == "elementwise")
            )
            euler = node.text == "exp" and "exp" not in self.source[slice(*node.at)]
            if node.rule != "call" or not entrywise or kind(node) == "scalar" or (kind(node) != "matrix" and not euler):
                continue
            matrix = {"exp": "exponential", "log": "logarithm", "sqrt": "square root"}.get(node.text)
            shown = f"{self.written(node.span)} is read entry by entry"
            other = rf"; the {matrix} of a matrix is \operatorname{{{node.text}m}}(…)"
            self.note(shown + (other if matrix else ""))

    def identity(self, span: Span) -> Node:
        if self.peek.kind == "_":
            return self.sized_call("eye", span, 1)
        return Node("identity", "I", (), span, span)

    def filled(self, value: str, span: Span) -> Node:
        if self.peek.kind == "_":
            return self.sized_call("ones" if value == "1" else "zeros", span, 0)
        literal = Node("literal", value, (), span, span)
        return Node("call", "vector", (literal,), span, span)

    def sized_call(self, function: str, span: Span, count: int) -> Node:
        r"""`I_n`, `\mathbf{1}_{m \times n}`, `K_{m,n}`."""
        mark = self.take()
        first, last = self.at, self.past(self.at)
        dims: list[Node | None] = [None]
        for p in self.pieces[first:last]:
            if p.kind in "{}":
                continue
            if p.kind == "," or p.text == r"\times":
                dims.append(None)
                continue
            if p.kind not in ("letter", "number") or p.text in self.indices:
                self.fail("a size is a name, a number or a product of them", p.span)
            leaf = Node("name" if p.kind == "letter" else "literal", p.text, (), p.span, p.span)
            before = dims[-1]
            if before is not None:
                leaf = Node("juxtapose", "", (before, leaf), (before.span[0], p.end), p.span)
            dims[-1] = leaf
        self.at = last
        end = self.pieces[last - 1].end
        sizes = [d for d in dims if d is not None]
        if count == 1 and len(sizes) == 2 and sizes[0].text == sizes[1].text:
            sizes = sizes[:1]
        if len(sizes) != len(dims) or len(sizes) not in ((1, 2) if count == 0 else (count,)):
            self.fail("this subscript says no size", (mark.start, end))
        return Node("call", function, tuple(sizes), (span[0], end), span)

    def is_pair_of_sizes(self) -> bool:
        """Whether the subscript here is `m,n`, and not two indices of a sum."""
        parts = self.parts(self.at + 1, self.past(self.at + 1))
        return len(parts) == 2 and not set(parts) & set(self.indices)

    def commutation(self, span: Span) -> Node:
        node = self.sized_call(COMMUTATION, span, 2)
        self.note(f"{self.written(node.span)} is read as the commutation matrix")
        return node
