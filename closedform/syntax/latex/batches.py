r"""What operations do to something that is known for every value of an index.

Numbers are kept as the entries of a column (of a matrix, for two indices), vectors as the rows of a matrix, products of
a column and a row as two matrices with equal rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from closedform.core.expr import OPS
from closedform.errors import NotSupported, SyntaxProblem
from closedform.syntax.latex.kinds import Kinds, capital
from closedform.syntax.latex.nodes import binary, call, is_one, number, prime
from closedform.syntax.tree import Node

Shape = Literal["scalar", "vector", "row", "matrix"]
_FEATURES = frozenset("xzuv")  #: letters that are columns as often as numbers
HINT = "name what stands under the sum, and declare its shape"


@dataclass(frozen=True)
class Batch:
    r"""Something for every value of its indices.

    Attributes:
        kind: what it is for one value.
        over: the indices.
        node: a scalar's column (a matrix for two indices), a vector's or a row's matrix of rows.
        right: for a matrix u v': the rows of v, `node` having those of u.
        by: scalar factors that are not multiplied in yet, so that `y_i x_i^\top w` is `y.*(X*w)`.
        fixed: whether `node` is a constant, the same for every value, and only its factors vary.
    """

    kind: Shape
    over: tuple[str, ...]
    node: Node
    right: Node | None = None
    by: Batch | None = None
    fixed: bool = False


Value = Node | Batch


class Operations:
    """One method for each way of combining batches."""

    def __init__(self, source: str, kinds: Kinds) -> None:
        self.source, self.kinds, self.notes = source, kinds, list[str]()

    def fail(self, message: str, node: Node, hint: str | None = None) -> NoReturn:
        raise NotSupported(message, source=self.source, span=node.span, hint=hint)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def kind(self, value: Value, node: Node) -> Shape:
        kind = value.kind if isinstance(value, Batch) else self.kinds.of(node)
        if kind is None:
            self.fail("what this stands for inside the sum is not known", node, "declare the shapes of the variables")
        return kind

    def settled(self, a: Value) -> Value:
        """A batch with its factors multiplied in."""
        if not isinstance(a, Batch) or a.by is None:
            return a
        if a.fixed and a.kind == "matrix":
            self.fail("a constant matrix times an indexed number", a.node, "take the matrix out of the sum")
        if a.fixed:
            rows = prime(a.node, a.node) if a.kind == "vector" else a.node
            return Batch(a.kind, a.over, binary("STAR", a.node, self.factors(a), rows))
        return replace(a, node=binary("STAR", a.node, call("diag", a.node, self.factors(a)), a.node), by=None)

    def factors(self, a: Batch) -> Node:
        """The column of factors of a batch with one index."""
        assert a.by is not None
        if a.by.over != a.over:
            self.fail("a product over two indices", a.node, HINT)
        return a.by.node

    def spread(self, node: Node, a: Value, like: Batch) -> Batch:
        """A constant, repeated for every value of the indices."""
        if isinstance(a, Batch):
            return a
        kind = self.kind(a, node)
        ones = call("vector", node, number(node, "1"))
        if kind == "matrix":
            self.fail("a matrix inside the sum does not depend on its index", node, "sum the terms one by one")
        if kind in ("vector", "row"):
            rows = prime(node, a) if kind == "vector" else a
            return Batch(kind, like.over, binary("STAR", node, ones, rows))
        if len(like.over) == 2:
            ones = call("matrix", node, number(node, "1"))
        return Batch("scalar", like.over, ones if is_one(a) else binary("STAR", node, a, ones))

    def aligned(self, node: Node, a: Batch, b: Batch) -> tuple[Node, Node, tuple[str, ...]]:
        """Two batches of scalars over the same indices."""
        over = a.over if len(a.over) == 2 else b.over if len(b.over) == 2 else tuple(dict.fromkeys(a.over + b.over))
        if len({*a.over, *b.over}) > 2 or {*a.over, *b.over} != {*over}:
            self.fail("more than two indices at once", node, HINT)
        return self.over(node, a, over), self.over(node, b, over), over

    def over(self, node: Node, a: Batch, over: tuple[str, ...]) -> Node:
        """The scalars of a batch as entries for all these indices."""
        if a.over == over:
            return a.node
        ones = prime(node, call("vector", node, number(node, "1")))
        if len(a.over) == 2:
            return prime(node, a.node)
        if a.over[0] == over[0]:
            return binary("STAR", node, a.node, ones)
        return binary("STAR", node, prime(node, ones), prime(node, a.node))

    def add(self, node: Node, a: Value, b: Value) -> Value:
        like = a if isinstance(a, Batch) else b
        assert isinstance(like, Batch)
        left, right = (self.spread(o, v, like) for o, v in zip(node.operands, (a, b), strict=True))
        if left.kind != right.kind:
            self.fail(f"a {left.kind} and a {right.kind} are added inside the sum", node, "declare the shapes")
        if left.kind == "matrix":
            self.fail("a sum of matrices inside the sum", node, "sum the terms one by one")
        if left.kind == "scalar":
            x, y, over = self.aligned(node, left, right)
            return Batch("scalar", over, binary(node.rule, node, x, y))
        if left.over != right.over:
            self.fail("vectors of two indices are added", node, HINT)
        return Batch(left.kind, left.over, binary(node.rule, node, left.node, right.node))

    def by_entry(self, node: Node, a: Value, b: Value) -> Value:
        """Entrywise product or quotient; of scalars too."""
        rule = {"STAR": "DOTSTAR", "juxtapose": "DOTSTAR", "SLASH": "DOTSLASH"}.get(node.rule, node.rule)
        kinds = [self.kind(v, o) for v, o in zip((a, b), node.operands, strict=True)]
        if kinds == ["scalar", "scalar"] and not (isinstance(a, Batch) and isinstance(b, Batch)):
            like = a if isinstance(a, Batch) else b
            assert isinstance(like, Batch)
            x, y = (v.node if isinstance(v, Batch) else v for v in (a, b))
            scaled = rule == "DOTSTAR" or isinstance(a, Batch)
            plain = {"DOTSTAR": "STAR", "DOTSLASH": "SLASH"}[rule]
            return Batch("scalar", like.over, binary(plain if scaled else rule, node, x, y))
        like = a if isinstance(a, Batch) else b
        assert isinstance(like, Batch)
        left, right = (self.spread(o, v, like) for o, v in zip(node.operands, (a, b), strict=True))
        if left.kind != right.kind or left.kind == "matrix":
            self.fail("this product has no closed form inside a sum", node, HINT)
        if left.kind != "scalar":
            if left.over != right.over:
                self.fail("vectors of two indices are multiplied", node, HINT)
            return Batch(left.kind, left.over, binary(rule, node, left.node, right.node))
        return self.multiplied(node, left, right, rule)

    def multiplied(self, node: Node, a: Batch, b: Batch, rule: str = "DOTSTAR") -> Batch:
        """The product or quotient of scalars; u_i v_j is an outer product."""
        if len(a.over) == len(b.over) == 1 and a.over != b.over and rule == "DOTSTAR":
            return Batch("scalar", a.over + b.over, binary("STAR", node, a.node, prime(node, b.node)))
        if rule == "DOTSTAR" and len(a.over) + len(b.over) == 3 and {*a.over} | {*b.over} in ({*a.over}, {*b.over}):
            entries, factors = (a, b) if len(a.over) == 2 else (b, a)
            diagonal = call("diag", node, factors.node)
            first = factors.over[0] == entries.over[0]
            pair = (diagonal, entries.node) if first else (entries.node, diagonal)
            return replace(entries, node=binary("STAR", node, *pair))
        x, y, over = self.aligned(node, a, b)
        return Batch("scalar", over, binary(rule, node, x, y))

    def product(self, node: Node, a: Value, b: Value) -> Value:
        kinds = self.kind(a, node.operands[0]), self.kind(b, node.operands[1])
        if kinds == ("scalar", "scalar"):
            return self.by_entry(node, a, b)
        if kinds[0] == "scalar":
            self.check_number(node.operands[0], kinds[1])
            return self.scaled(node, a, b)
        if kinds[1] == "scalar":
            return self.scaled(node, b, a)
        if kinds not in PRODUCTS:
            self.fail(f"a {kinds[0]} times a {kinds[1]} has no closed form inside a sum", node, HINT)
        factors = [v.by for v in (a, b) if isinstance(v, Batch) and v.fixed and v.by is not None]
        if factors:
            c = factors[0] if len(factors) == 1 else self.multiplied(node, factors[0], factors[1])
            left, right = (v.node if isinstance(v, Batch) and v.fixed else v for v in (a, b))
            return self.out_of(node, c, left, right, kinds)
        return PRODUCTS[kinds][1](self, node, a, b)

    def check_number(self, node: Node, kind: Shape) -> None:
        r"""Refuse `x_i y_i^\top`, in which x_i may be a number or a column."""
        name = node.text
        if node.rule == "indexed" and kind == "row" and name in _FEATURES and name not in self.kinds.shapes:
            message = f"{name}_{node.operands[0].text} may be a number or a column"
            hint = f"declare {name}: vector(n) or {capital(name)}: matrix(n,p)"
            raise SyntaxProblem(message, source=self.source, span=node.span, hint=hint)

    def out_of(self, node: Node, c: Batch, a: Value, b: Value, kinds: tuple[Shape, Shape]) -> Value:
        """The product a b with the scalar factors c taken out of it."""
        if isinstance(a, Batch) or isinstance(b, Batch):
            inside = PRODUCTS[kinds][1](self, node, a, b)
        else:
            inside = binary("STAR", node, a, b)
        if (inside.kind if isinstance(inside, Batch) else PRODUCTS[kinds][0]) != "scalar":
            if isinstance(inside, Node):
                return Batch(PRODUCTS[kinds][0], c.over, inside, by=c, fixed=True)
            return self.scaled(node, c, inside)
        if isinstance(inside, Node):
            return replace(c, node=binary("STAR", node, inside, c.node))
        return self.multiplied(node, c, inside)

    def scaled(self, node: Node, c: Value, v: Value, below: bool = False) -> Value:
        """A vector, row or matrix times a scalar, or divided by it."""
        if not isinstance(c, Batch):
            assert isinstance(v, Batch)
            return replace(v, node=binary("SLASH", node, v.node, c) if below else binary("STAR", node, c, v.node))
        if below:
            c = replace(c, node=binary("DOTSLASH", node, number(node, "1"), c.node))
        if isinstance(v, Batch):
            return replace(v, by=c if v.by is None else self.multiplied(node, c, v.by))
        if len(c.over) != 1:
            self.fail("a product over two indices", node, HINT)
        kind = self.kind(v, node)
        if kind == "matrix":
            self.fail("a constant matrix times an indexed number", node, "take the matrix out of the sum")
        return Batch(kind, c.over, v, by=c, fixed=True)

    def matrix_vector(self, node: Node, a: Value, b: Value) -> Value:
        if isinstance(a, Batch):
            assert a.right is not None
            scalar = self.row_vector(node, Batch("row", a.over, a.right), b)
            return self.scaled(node, scalar, replace(a, kind="vector", right=None))
        assert isinstance(b, Batch)
        return replace(b, node=binary("STAR", node, b.node, prime(node, a)))

    def row_matrix(self, node: Node, a: Value, b: Value) -> Value:
        if isinstance(b, Batch):
            assert b.right is not None
            scalar = self.row_vector(node, a, Batch("vector", b.over, b.node))
            return self.scaled(node, scalar, replace(b, kind="row", node=b.right, right=None))
        assert isinstance(a, Batch)
        return replace(a, node=binary("STAR", node, a.node, b))

    def row_vector(self, node: Node, a: Value, b: Value) -> Batch:
        """The inner products, times the factors."""
        if isinstance(a, Batch) and isinstance(b, Batch) and a.over != b.over:
            inner, over = binary("STAR", node, a.node, prime(node, b.node)), a.over + b.over
        elif isinstance(a, Batch) and isinstance(b, Batch):
            both = binary("DOTSTAR", node, a.node, b.node)
            inner, over = call("sum", node, both, number(node, "2")), a.over
        elif isinstance(a, Batch):
            assert isinstance(b, Node)
            inner, over = binary("STAR", node, a.node, b), a.over
        else:
            assert isinstance(b, Batch)
            inner, over = binary("STAR", node, b.node, prime(node, a)), b.over
        result = Batch("scalar", over, inner)
        for v in (b, a):
            if isinstance(v, Batch) and v.by is not None:
                result = self.multiplied(node, v.by, result)
        return result

    def vector_row(self, node: Node, a: Value, b: Value) -> Value:
        like = a if isinstance(a, Batch) else b
        assert isinstance(like, Batch)
        left, right = (self.spread(o, v, like) for o, v in zip(node.operands, (a, b), strict=True))
        if left.over != right.over:
            self.fail("a product over two indices", node, HINT)
        by = left.by or right.by
        if left.by and right.by:
            by = self.multiplied(node, left.by, right.by)
        return Batch("matrix", left.over, left.node, right.node, by)

    def matrix_matrix(self, node: Node, a: Value, b: Value) -> Value:
        if isinstance(a, Batch) and isinstance(b, Batch):
            self.fail("a product of two matrices that depend on the index", node, HINT)
        if isinstance(a, Batch):
            assert a.right is not None and isinstance(b, Node)
            return replace(a, right=binary("STAR", node, a.right, b))
        assert isinstance(b, Batch) and isinstance(a, Node)
        return replace(b, node=binary("STAR", node, b.node, prime(node, a)))

    def divide(self, node: Node, a: Value, b: Value) -> Value:
        if self.kind(b, node.operands[1]) != "scalar":
            self.fail("a division by what is no scalar", node)
        if self.kind(a, node.operands[0]) == "scalar":
            return self.by_entry(node, a, b)
        return self.scaled(node, b, a, below=True)

    def transpose(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        if a.fixed:
            a = replace(a, node=prime(node, a.node))
        elif a.kind == "matrix":
            assert a.right is not None
            return replace(a, node=a.right, right=a.node)
        turned: dict[Shape, Shape] = {"vector": "row", "row": "vector"}
        return replace(a, kind=turned.get(a.kind, a.kind))

    def sign(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        return replace(a, node=replace(node, operands=(a.node,), grouped=True))

    def power(self, node: Node, a: Value, b: Value) -> Value:
        """Powers of scalars, and of entries."""
        if isinstance(a, Batch) and not isinstance(b, Batch) and self.kind(b, node.operands[1]) == "scalar":
            norm = node.operands[0]
            squared = node.rule == "HAT" and (b.rule, b.text) == ("literal", "2")
            if squared and norm.rule in ("norm", "vectornorm") and (a.node.rule, a.node.text) == ("call", "sqrt"):
                return replace(a, node=a.node.operands[0])
            if a.kind == "scalar" or node.rule == "DOTHAT":
                return replace(a, node=replace(node, rule="DOTHAT", text=".^", operands=(a.node, b), grouped=True))
        self.fail("this power has no closed form inside a sum", node, HINT)

    def superscript(self, node: Node, a: Value) -> Value:
        return self.power(node, a, replace(number(node, "1"), rule="negative", operands=(number(node, "1"),), text="-"))

    def half(self, node: Node, a: Value) -> Value:
        return self.power(node, a, number(node, "0.5"))

    def norm(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        if a.kind not in ("vector", "row") or node.text not in ("‖", "‖_2", "‖_1"):
            self.fail("this norm has no closed form inside a sum", node, HINT)
        if node.text == "‖_1":
            return Batch("scalar", a.over, call("sum", node, call("abs", node, a.node), number(node, "2")))
        squared = replace(node, rule="DOTHAT", text=".^", operands=(a.node, number(node, "2")))
        return Batch("scalar", a.over, call("sqrt", node, call("sum", node, squared, number(node, "2"))))

    def bars(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        if a.kind == "matrix":
            self.fail("a determinant of what depends on the index", node, HINT)
        return replace(a, node=call("abs", node, a.node))

    def call(self, node: Node, *args: Value) -> Value:
        a = args[0] if node.text == "tr" else self.settled(args[0])
        if not isinstance(a, Batch):  # only a later argument depends on the index
            self.fail(f"{node.text} of what depends on the index has no closed form here", node, HINT)
        entrywise = (node.text in OPS and OPS[node.text].kind == "elementwise") or node.text == "sqrt"
        if entrywise and len(args) == 1 and a.kind != "matrix":
            return replace(a, node=call(node.text, node, a.node))
        if node.text == "tr" and a.kind == "matrix" and a.right is not None:
            return self.row_vector(node, Batch("row", a.over, a.right), Batch("vector", a.over, a.node, by=a.by))
        if node.text == "sum" and a.kind in ("vector", "row"):
            return Batch("scalar", a.over, call("sum", node, a.node, number(node, "2")))
        self.fail(f"{node.text} of what depends on the index has no closed form here", node, HINT)


KEEP_FACTORS = frozenset({"STAR", "juxtapose", "PRIME", "SUM", "call", "negative", "positive"})
PRODUCTS: dict[tuple[Shape, Shape], tuple[Shape, Callable[[Operations, Node, Value, Value], Value]]] = {
    ("matrix", "vector"): ("vector", Operations.matrix_vector),
    ("row", "matrix"): ("row", Operations.row_matrix),
    ("row", "vector"): ("scalar", Operations.row_vector),
    ("vector", "row"): ("matrix", Operations.vector_row),
    ("matrix", "matrix"): ("matrix", Operations.matrix_matrix),
}
RULES: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(["PLUS", "MINUS"], Operations.add),
    **dict.fromkeys(["STAR", "juxtapose"], Operations.product),
    **dict.fromkeys(["DOTSTAR", "DOTSLASH"], Operations.by_entry),
    **dict.fromkeys(["HAT", "DOTHAT"], Operations.power),
    **dict.fromkeys(["negative", "positive"], Operations.sign),
    **dict.fromkeys(["norm", "vectornorm"], Operations.norm),
    "SLASH": Operations.divide,
    "SUPER": Operations.superscript,
    "half": Operations.half,
    "PRIME": Operations.transpose,
    "bars": Operations.bars,
    "call": Operations.call,
}
