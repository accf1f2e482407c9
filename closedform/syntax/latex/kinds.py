r"""What letters stand for where their place decides it: in LaTeX a transposed letter is a column, whatever it is.

The text syntax takes a–g and small Greek letters for scalars.  In papers `a^\top x` and `X\beta + \mu` are usual, so
an undeclared scalar letter becomes a column where a scalar cannot stand, or nobody writes one: transposed, right of a
matrix or a row, added to a column, in a norm, in an entrywise product with a column.  Under a fraction line, and as an
exponent, a letter is a scalar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from closedform.core.expr import OPS
from closedform.core.shape import ONE, SCALAR, Shape
from closedform.syntax.names import Kind, usual_kind
from closedform.syntax.tree import Node

What = Literal["scalar", "vector", "row", "matrix"] | None

MAX_ROUNDS = 60  #: letters decided by other letters
_COUNTS = frozenset("nmN")  #: letters that count, before a number under a fraction line
_TURN: dict[What, What] = {"vector": "row", "row": "vector", "scalar": "scalar", "matrix": "matrix"}
_PRODUCT: dict[tuple[What, What], What] = {
    ("matrix", "matrix"): "matrix", ("matrix", "vector"): "vector", ("row", "matrix"): "row",
    ("row", "vector"): "scalar", ("vector", "row"): "matrix",
}  # fmt: skip
_OF_FUNCTION: dict[str, What] = {
    "sum": "scalar", "tr": "scalar", "det": "scalar", "logdet": "scalar", "norm1": "scalar", "norm2": "scalar",
    "normnuc": "scalar", "logsumexp": "scalar", "max": "scalar", "vec": "vector", "inv": "matrix", "adj": "matrix",
    "pinv": "matrix", "expm": "matrix", "logm": "matrix", "sqrtm": "matrix", "eye": "matrix", "K": "matrix",
    "kron": "matrix", "vector": "vector",
}  # fmt: skip
_OF_VECTORS = frozenset({"diag", "softmax", "logsumexp"})
_LIKE_FIRST = frozenset({"HAT", "DOTHAT", "SUPER", "half", "negative", "positive", "root", "sized", "differential"})


class Kinds:
    """The kinds of names and nodes; indexed names `x_i` have the key `x[]`."""

    def __init__(self, shapes: Mapping[str, Shape], given: Mapping[str, Kind], changes: Mapping[str, str]) -> None:
        """Declared shapes, kinds given by the font, and differentials with what they are the differential of."""
        self.shapes, self.given, self.changes = shapes, dict(given), dict(changes)
        self.found: dict[str, Kind] = {}
        self.kinds: dict[Node, What] = {}

    def of(self, node: Node) -> What:
        return self.kinds.get(node)

    def name(self, name: str) -> What:
        """The kind of a name."""
        name = self.changes.get(name, name)
        if name in self.shapes:
            return _of_shape(self.shapes[name])
        return self.given.get(name) or self.found.get(name) or ("scalar" if name[-2:] == "[]" else usual_kind(name))

    def indexed(self, node: Node) -> What:
        """The kind of `x_i`: an entry of a column x, or row i of a matrix X as a column."""
        if len(node.operands) > 1:
            return "scalar"
        if node.text in self.shapes:
            return "scalar" if ONE in self.shapes[node.text] else "vector"
        if self.shapes.get(capital(node.text), SCALAR) != SCALAR:
            return "vector"
        return self.name(node.text + "[]")

    def chosen(self) -> dict[str, Kind]:
        """The kinds that letters alone do not say, of undeclared names."""
        changed = {name: kind for name in self.changes if (kind := self.name(name)) is not None}
        result: dict[str, Kind] = {n: "vector" if k == "row" else k for n, k in changed.items()}
        return {n: k for n, k in (self.given | self.found | result).items() if n[-2:] != "[]" and n not in self.shapes}

    def settle(self, order: Iterable[Node]) -> None:
        """Find the kind of every node, operands first, until no letter changes."""
        order = list(order)
        for _ in range(MAX_ROUNDS):
            if not any(self._decides(node) for node in order):
                return

    def _decides(self, node: Node) -> bool:
        """Whether a node makes some letter another kind, so that the nodes before it must be seen anew."""
        before = len(self.found)
        self.kinds[node] = self._kind(node)
        _DECIDE.get(node.rule, _nothing)(self, node)
        return len(self.found) > before

    def column(self, node: Node) -> None:
        """Undeclared scalar letters become columns: the node, or the terms of a sum."""
        waiting = [node]
        while waiting:
            part = waiting.pop()
            if self.kinds[part] != "scalar":
                continue
            if part.rule in ("PLUS", "MINUS", "negative", "positive"):
                waiting += part.operands
            elif part.rule in ("juxtapose", "STAR") and self.kinds[part.operands[0]] == "scalar":
                waiting.append(part.operands[1])
            elif part.rule == "name" and self._is_free(part.text):
                self.found[part.text] = self.kinds[part] = "vector"
            elif part.rule == "indexed" and self._is_free_entry(part):
                self.found[part.text + "[]"] = self.kinds[part] = "vector"

    def scalar(self, node: Node) -> None:
        """A letter that is a column by its letter only becomes a scalar."""
        while node.rule in ("juxtapose", "STAR") and node.operands[0].rule == "literal":
            node = node.operands[1]
        if node.rule == "name" and self._is_free(node.text) and usual_kind(node.text) != "scalar":
            self.found[node.text] = self.kinds[node] = "scalar"

    def _is_free(self, name: str) -> bool:
        return not any(name in known for known in (self.shapes, self.given, self.found, self.changes))

    def _is_free_entry(self, node: Node) -> bool:
        """Whether `x_i` may be a column as well: it has one index and x is not declared."""
        return len(node.operands) == 1 and node.text not in self.shapes and self._is_free(node.text + "[]")

    def _kind(self, node: Node) -> What:
        first = self.kinds.get(node.operands[0]) if node.operands else None
        second = self.kinds.get(node.operands[1]) if len(node.operands) > 1 else None
        match node.rule:
            case "literal" | "norm" | "vectornorm" | "index":
                return "scalar"
            case "name":
                return self.name(node.text)
            case "indexed":
                return self.indexed(node)
            case "identity":
                return "matrix"
            case "PRIME":
                return _TURN.get(first)
            case "SLASH":
                return first
            case "STAR" | "juxtapose":
                return second if first == "scalar" else first if second == "scalar" else _PRODUCT.get((first, second))
            case "PLUS" | "MINUS" | "DOTSTAR" | "DOTSLASH":
                return second if first == "scalar" else first
            case "bars":
                return "scalar" if first == "matrix" else first
            case "KRON":
                return "matrix" if "matrix" in (first, second) else None
            case "SUM":
                return first
            case "entry":
                return "vector" if first == "matrix" and "," not in node.text else "scalar"
            case "call":
                return self._call(node, first)
        return first if node.rule in _LIKE_FIRST else None

    def _call(self, node: Node, first: What) -> What:
        if node.text == "sum" and len(node.operands) == 2:
            return "row" if node.operands[1].text == "1" else "vector"
        if node.text == "diag":
            return "matrix" if first in ("vector", "row") else "vector" if first == "matrix" else None
        if node.text in ("ones", "zeros"):
            return "vector" if len(node.operands) == 1 else "matrix"
        if (node.text in OPS and OPS[node.text].kind == "elementwise") or node.text in ("softmax", "sqrt"):
            return first
        return _OF_FUNCTION.get(node.text)


def _of_shape(shape: Shape) -> What:
    if shape == SCALAR:
        return "scalar"
    return "vector" if shape[1] is ONE else "row" if shape[0] is ONE else "matrix"


def capital(name: str) -> str:
    """The matrix whose rows are `x_i`: X; of a capital letter, itself."""
    return name[0].upper() + name[1:] if len(name[0].upper()) == 1 else name


# where a place decides -------------------------------------------------------------------------------------------


def _nothing(kinds: Kinds, node: Node) -> None: ...


def _inside(kinds: Kinds, node: Node) -> None:
    kinds.column(node.operands[0])


def _right_factor(kinds: Kinds, node: Node) -> None:
    left, right = node.operands
    if kinds.of(left) in ("matrix", "row") and left.rule != "identity":
        kinds.column(right)


def _beside(kinds: Kinds, node: Node) -> None:
    for one, other in (node.operands, node.operands[::-1]):
        if kinds.of(one) == "vector" or node.text == "⟨⟩":
            kinds.column(other)


def _below(kinds: Kinds, node: Node) -> None:
    above, below = node.operands
    if kinds.of(below) != "scalar":
        kinds.scalar(below)
    if below.rule == "literal" and above.rule == "name" and above.text in _COUNTS:
        kinds.scalar(above)


def _raised(kinds: Kinds, node: Node) -> None:
    if kinds.of(node.operands[1]) != "scalar":
        kinds.scalar(node.operands[1])


def _argument(kinds: Kinds, node: Node) -> None:
    if node.text in _OF_VECTORS:
        kinds.column(node.operands[0])


_DECIDE = {
    "PRIME": _inside, "norm": _inside, "vectornorm": _inside, "juxtapose": _right_factor, "STAR": _right_factor,
    "PLUS": _beside, "MINUS": _beside, "DOTSTAR": _beside, "DOTSLASH": _beside, "SLASH": _below, "HAT": _raised,
    "call": _argument,
}  # fmt: skip
