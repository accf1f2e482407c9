r"""Finite sums over rows in closed form: `\sum_i (y_i - x_i^\top w)^2` is `sum((y - X*w).^2)`.

Inside a sum every piece that depends on an index is kept for all its values at once: numbers as the entries of a
column (of a matrix, for two indices), vectors as the rows of a matrix, products of a column and a row as two matrices
with equal rows.  Each operation has one line that says what it does to them; then the sum is a sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from closedform.core.expr import OPS
from closedform.errors import NotSupported, SyntaxProblem
from closedform.syntax.latex_kinds import Kinds, capital
from closedform.syntax.tree import Node, postorder

Shape = Literal["scalar", "vector", "row", "matrix"]


@dataclass(frozen=True)
class Batch:
    """Something for every value of its indices.

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


def without_sums(root: Node, source: str, kinds: Kinds) -> tuple[Node, list[str]]:
    """The tree with its sums in closed form, and what the rows stand for.

    Raises:
        SyntaxProblem: an index is used outside its place.
        NotSupported: a sum has no closed form here.
    """
    order = postorder(root, source)
    if not any(node.rule in ("SUM", "indexed", "entry") for node in order):
        return root, []
    sums = _Sums(source, kinds)
    done: dict[Node, Value] = {}
    for node in order:
        done[node] = sums.value(node, [done[o] for o in node.operands])
    result = done[root]
    assert isinstance(result, Node), "every index belongs to a sum"
    return result, sums.notes


class _Sums:
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

    def value(self, node: Node, args: list[Value]) -> Value:
        """A node for all values of its indices at once."""
        if node.rule == "indexed":
            return self.indexed(node)
        if node.rule == "entry":
            return self.entry(node, args[0])
        if node.rule == "SUM":
            return self.total(node, args[0], args[1:])
        if not any(isinstance(a, Batch) for a in args):
            kept = all(a is o for a, o in zip(args, node.operands, strict=True))
            made = node if kept else replace(node, operands=tuple(a for a in args if isinstance(a, Node)))
            self.kinds.kinds[made] = self.kinds.of(node)
            return made
        rule = _RULES.get(node.rule)
        if node.rule not in _KEEP_FACTORS:
            args = [self.settled(a) for a in args]
        if rule is None:
            self.fail("this has no closed form inside a sum", node, _HINT)
        return rule(self, node, *args)

    def settled(self, a: Value) -> Value:
        """A batch with its factors multiplied in."""
        if not isinstance(a, Batch) or a.by is None:
            return a
        if a.fixed:
            rows = _prime(a.node, a.node) if a.kind == "vector" else a.node
            return Batch(a.kind, a.over, _binary("STAR", a.node, self.factors(a), rows))
        return replace(a, node=_binary("STAR", a.node, _call("diag", a.node, self.factors(a)), a.node), by=None)

    def factors(self, a: Batch) -> Node:
        """The column of factors of a batch with one index."""
        assert a.by is not None
        if a.by.over != a.over:
            self.fail("a product over two indices", a.node, _HINT)
        return a.by.node

    # leaves -----------------------------------------------------------------------------------------------------

    def indexed(self, node: Node) -> Batch:
        over = tuple(i.text for i in node.operands)
        kind = self.kinds.indexed(node)
        subscript = "".join(over)
        if len(over) > 2:
            self.fail("more than two indices at once", node, _HINT)
        base = node.text if node.text in self.kinds.shapes else capital(node.text)
        if len(over) == 2:
            matrix = self.leaf(node, base, "matrix")
            self.note(f"{node.text}_{subscript} is entry {over[0]}, {over[1]} of {base}")
            if over[0] == over[1]:
                return Batch("scalar", over[:1], _call("diag", node, matrix))
            return Batch("scalar", over, matrix)
        if kind == "vector":
            self.note(f"{node.text}_{subscript} is row {subscript} of {base}, as a column")
            return Batch("vector", over, self.leaf(node, base, "matrix"))
        self.note(f"{node.text}_{subscript} is entry {subscript} of {node.text}")
        return Batch("scalar", over, self.leaf(node, node.text, "vector"))

    def leaf(self, node: Node, name: str, kind: Literal["vector", "matrix"]) -> Node:
        if name not in self.kinds.shapes:
            if self.kinds.given.get(name, kind) != kind or self.kinds.found.get(name, kind) != kind:
                raise SyntaxProblem(f"{name} is indexed and is a {self.kinds.name(name)} elsewhere", source=self.source,
                                    span=node.span, hint="give them different names")  # fmt: skip
            self.kinds.found[name] = kind
        return Node("name", name, (), node.span, node.span)

    def entry(self, node: Node, a: Value) -> Value:
        """`(A x)_i`."""
        over = tuple(node.text.split(","))
        kind = self.kind(a, node.operands[0])
        if isinstance(a, Batch) or kind not in ("vector", "matrix") or (kind == "vector" and len(over) > 1):
            self.fail("these entries are not read", node, "give the whole a name")
        if kind == "vector":
            return Batch("scalar", over, a)
        if len(over) == 2 and over[0] == over[1]:
            return Batch("scalar", over[:1], _call("diag", node, a))
        return Batch("scalar" if len(over) == 2 else "vector", over, a)

    # the sum ----------------------------------------------------------------------------------------------------

    def total(self, node: Node, body: Value, bound: list[Value]) -> Value:
        i = node.text
        if not isinstance(body, Batch) or i not in body.over:
            self.fail(f"nothing in this sum depends on {i}", node, "write the number of terms as a factor")
        if bound and isinstance(bound[0], Node):
            body = self.of_length(node, body, i, bound[0])
        if len(body.over) == 2:
            rest = tuple(j for j in body.over if j != i)
            if i == body.over[1]:
                return Batch("scalar", rest, _call("sum", node, body.node, _number(node, "2")))
            return Batch("scalar", rest, _prime(node, _call("sum", node, body.node, _number(node, "1"))))
        if body.fixed:
            settled = self.settled(body)
            assert isinstance(settled, Batch)
            body = settled
        ones = self.factors(body) if body.by else _call("vector", node, _number(node, "1"))
        match body.kind:
            case "scalar":
                inner = body.node
                again = inner.rule == "call" and inner.text == "sum" and len(inner.operands) == 2
                made = _call("sum", node, inner.operands[0] if again else inner)
            case "vector":
                made = _binary("STAR", node, _prime(node, body.node), ones)
            case "row":
                made = _binary("STAR", node, _prime(node, ones), body.node)
            case "matrix":
                assert body.right is not None
                rows = body.right if body.by is None else _binary("STAR", node, _call("diag", node, ones), body.right)
                made = _binary("STAR", node, _prime(node, body.node), rows)
        self.kinds.kinds[made] = body.kind
        return made

    def of_length(self, node: Node, body: Batch, i: str, bound: Node) -> Batch:
        """The body, said to have that many rows (columns, for a second index)."""
        if body.fixed and body.by is not None:
            return replace(body, by=self.of_length(node, body.by, i, bound))
        if len(body.over) == 2 and i == body.over[1]:
            turned = replace(node, rule="sized", text="", operands=(_prime(node, body.node), bound), grouped=True)
            return replace(body, node=_prime(node, turned))
        if body.node.rule == "call" and body.node.text == "sum" and len(body.node.operands) == 2:
            X, axis = body.node.operands
            rows = replace(node, rule="sized", text="", operands=(X, bound), grouped=True)
            return replace(body, node=_call("sum", body.node, rows, axis))
        return replace(body, node=replace(node, rule="sized", text="", operands=(body.node, bound), grouped=True))

    # what operations do -----------------------------------------------------------------------------------------

    def spread(self, node: Node, a: Value, like: Batch) -> Batch:
        """A constant, repeated for every value of the indices."""
        if isinstance(a, Batch):
            return a
        kind = self.kind(a, node)
        ones = _call("vector", node, _number(node, "1"))
        if kind == "matrix":
            self.fail("a matrix inside the sum does not depend on its index", node, "sum the terms one by one")
        if kind in ("vector", "row"):
            rows = _prime(node, a) if kind == "vector" else a
            return Batch(kind, like.over, _binary("STAR", node, ones, rows))
        if len(like.over) == 2:
            ones = _call("matrix", node, _number(node, "1"))
        return Batch("scalar", like.over, ones if _is_one(a) else _binary("STAR", node, a, ones))

    def aligned(self, node: Node, a: Batch, b: Batch) -> tuple[Node, Node, tuple[str, ...]]:
        """Two batches of scalars over the same indices."""
        over = a.over if len(a.over) == 2 else b.over if len(b.over) == 2 else tuple(dict.fromkeys(a.over + b.over))
        if len({*a.over, *b.over}) > 2 or {*a.over, *b.over} != {*over}:
            self.fail("more than two indices at once", node, _HINT)
        return self.over(node, a, over), self.over(node, b, over), over

    def over(self, node: Node, a: Batch, over: tuple[str, ...]) -> Node:
        """The scalars of a batch as entries for all these indices."""
        if a.over == over:
            return a.node
        ones = _prime(node, _call("vector", node, _number(node, "1")))
        if len(a.over) == 2:
            return _prime(node, a.node)
        if a.over[0] == over[0]:
            return _binary("STAR", node, a.node, ones)
        return _binary("STAR", node, _prime(node, ones), _prime(node, a.node))

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
            return Batch("scalar", over, _binary(node.rule, node, x, y))
        if left.over != right.over:
            self.fail("vectors of two indices are added", node, _HINT)
        return Batch(left.kind, left.over, _binary(node.rule, node, left.node, right.node))

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
            return Batch("scalar", like.over, _binary(plain if scaled else rule, node, x, y))
        like = a if isinstance(a, Batch) else b
        assert isinstance(like, Batch)
        left, right = (self.spread(o, v, like) for o, v in zip(node.operands, (a, b), strict=True))
        if left.kind != right.kind or left.kind == "matrix":
            self.fail("this product has no closed form inside a sum", node, _HINT)
        if left.kind != "scalar":
            if left.over != right.over:
                self.fail("vectors of two indices are multiplied", node, _HINT)
            return Batch(left.kind, left.over, _binary(rule, node, left.node, right.node))
        return self.multiplied(node, left, right, rule)

    def multiplied(self, node: Node, a: Batch, b: Batch, rule: str = "DOTSTAR") -> Batch:
        """The product or quotient of scalars; u_i v_j is an outer product."""
        if len(a.over) == len(b.over) == 1 and a.over != b.over and rule == "DOTSTAR":
            return Batch("scalar", a.over + b.over, _binary("STAR", node, a.node, _prime(node, b.node)))
        x, y, over = self.aligned(node, a, b)
        return Batch("scalar", over, _binary(rule, node, x, y))

    def product(self, node: Node, a: Value, b: Value) -> Value:
        kinds = self.kind(a, node.operands[0]), self.kind(b, node.operands[1])
        if kinds == ("scalar", "scalar"):
            return self.by_entry(node, a, b)
        if kinds[0] == "scalar":
            return self.scaled(node, a, b)
        if kinds[1] == "scalar":
            return self.scaled(node, b, a)
        rule = _PRODUCTS.get(kinds)
        if rule is None:
            self.fail(f"a {kinds[0]} times a {kinds[1]} has no closed form inside a sum", node, _HINT)
        for one, x, y in ((a, None, b), (b, a, None)):
            if isinstance(one, Batch) and one.fixed and one.by is not None:
                return self.out_of(node, one.by, one.node if x is None else x, one.node if y is None else y, kinds)
        return rule(self, node, a, b)

    def out_of(self, node: Node, c: Batch, a: Value, b: Value, kinds: tuple[Shape, Shape]) -> Value:
        """The product a b with the scalar factors c taken out of it."""
        if isinstance(a, Batch) or isinstance(b, Batch):
            inside = _PRODUCTS[kinds](self, node, a, b)
        else:
            inside = _binary("STAR", node, a, b)
            self.kinds.kinds[inside] = _KIND[kinds]
        if (inside.kind if isinstance(inside, Batch) else _KIND[kinds]) != "scalar":
            if isinstance(inside, Node):
                return Batch(_KIND[kinds], c.over, inside, by=c, fixed=True)
            return self.scaled(node, c, inside)
        if isinstance(inside, Node):
            return replace(c, node=_binary("STAR", node, inside, c.node))
        return self.multiplied(node, c, inside)

    def scaled(self, node: Node, c: Value, v: Value, below: bool = False) -> Value:
        """A vector, row or matrix times a scalar, or divided by it."""
        if not isinstance(c, Batch):
            assert isinstance(v, Batch)
            return replace(v, node=_binary("SLASH", node, v.node, c) if below else _binary("STAR", node, c, v.node))
        if below:
            c = replace(c, node=_binary("DOTSLASH", node, _number(node, "1"), c.node))
        if isinstance(v, Batch):
            return replace(v, by=c if v.by is None else self.multiplied(node, c, v.by))
        if len(c.over) != 1:
            self.fail("a product over two indices", node, _HINT)
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
        return replace(b, node=_binary("STAR", node, b.node, _prime(node, a)))

    def row_matrix(self, node: Node, a: Value, b: Value) -> Value:
        if isinstance(b, Batch):
            assert b.right is not None
            scalar = self.row_vector(node, a, Batch("vector", b.over, b.node))
            return self.scaled(node, scalar, replace(b, kind="row", node=b.right, right=None))
        assert isinstance(a, Batch)
        return replace(a, node=_binary("STAR", node, a.node, b))

    def row_vector(self, node: Node, a: Value, b: Value) -> Batch:
        """The inner products, times the factors."""
        if isinstance(a, Batch) and isinstance(b, Batch) and a.over != b.over:
            inner, over = _binary("STAR", node, a.node, _prime(node, b.node)), a.over + b.over
        elif isinstance(a, Batch) and isinstance(b, Batch):
            both = _binary("DOTSTAR", node, a.node, b.node)
            inner, over = _call("sum", node, both, _number(node, "2")), a.over
        elif isinstance(a, Batch):
            assert isinstance(b, Node)
            inner, over = _binary("STAR", node, a.node, b), a.over
        else:
            assert isinstance(b, Batch)
            inner, over = _binary("STAR", node, b.node, _prime(node, a)), b.over
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
            self.fail("a product over two indices", node, _HINT)
        by = left.by or right.by
        if left.by and right.by:
            by = self.multiplied(node, left.by, right.by)
        return Batch("matrix", left.over, left.node, right.node, by)

    def matrix_matrix(self, node: Node, a: Value, b: Value) -> Value:
        if isinstance(a, Batch) and isinstance(b, Batch):
            self.fail("a product of two matrices that depend on the index", node, _HINT)
        if isinstance(a, Batch):
            assert a.right is not None and isinstance(b, Node)
            return replace(a, right=_binary("STAR", node, a.right, b))
        assert isinstance(b, Batch) and isinstance(a, Node)
        return replace(b, node=_binary("STAR", node, b.node, _prime(node, a)))

    def divide(self, node: Node, a: Value, b: Value) -> Value:
        if self.kind(b, node.operands[1]) != "scalar":
            self.fail("a division by what is no scalar", node)
        if self.kind(a, node.operands[0]) == "scalar":
            return self.by_entry(node, a, b)
        return self.scaled(node, b, a, below=True)

    def transpose(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        if a.kind == "matrix":
            assert a.right is not None
            return replace(a, node=a.right, right=a.node)
        turned: dict[Shape, Shape] = {"vector": "row", "row": "vector", "scalar": "scalar"}
        return replace(a, kind=turned[a.kind])

    def sign(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        return replace(a, node=replace(node, operands=(a.node,), grouped=True))

    def power(self, node: Node, a: Value, b: Value) -> Value:
        """Powers of scalars, and of entries."""
        if isinstance(a, Batch) and not isinstance(b, Batch) and self.kind(b, node.operands[1]) == "scalar":
            norm = node.operands[0]
            if norm.rule in ("norm", "vectornorm") and node.rule == "HAT" and b.rule == "literal" and b.text == "2":
                if a.node.rule == "call" and a.node.text == "sqrt":
                    return replace(a, node=a.node.operands[0])
            if a.kind == "scalar" or node.rule == "DOTHAT":
                return replace(a, node=replace(node, rule="DOTHAT", text=".^", operands=(a.node, b), grouped=True))
        self.fail("this power has no closed form inside a sum", node, _HINT)

    def superscript(self, node: Node, a: Value) -> Value:
        return self.power(node, a, replace(_number(node, "1"), rule="negative", operands=(_number(node, "1"),), text="-"))

    def half(self, node: Node, a: Value) -> Value:
        return self.power(node, a, _number(node, "0.5"))

    def norm(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        if a.kind not in ("vector", "row") or node.text not in ("‖", "‖_2", "‖_1"):
            self.fail("this norm has no closed form inside a sum", node, _HINT)
        if node.text == "‖_1":
            return Batch("scalar", a.over, _call("sum", node, _call("abs", node, a.node), _number(node, "2")))
        squared = replace(node, rule="DOTHAT", text=".^", operands=(a.node, _number(node, "2")))
        return Batch("scalar", a.over, _call("sqrt", node, _call("sum", node, squared, _number(node, "2"))))

    def bars(self, node: Node, a: Value) -> Value:
        assert isinstance(a, Batch)
        if a.kind == "matrix":
            self.fail("a determinant of what depends on the index", node, _HINT)
        return replace(a, node=_call("abs", node, a.node))

    def call(self, node: Node, *args: Value) -> Value:
        a = args[0] if node.text == "tr" else self.settled(args[0])
        assert isinstance(a, Batch)
        entrywise = (node.text in OPS and OPS[node.text].kind == "elementwise") or node.text == "sqrt"
        if entrywise and len(args) == 1 and a.kind != "matrix":
            return replace(a, node=_call(node.text, node, a.node))
        if node.text == "tr" and a.kind == "matrix" and a.right is not None:
            return self.row_vector(node, Batch("row", a.over, a.right), Batch("vector", a.over, a.node, by=a.by))
        if node.text == "sum" and a.kind in ("vector", "row"):
            return Batch("scalar", a.over, _call("sum", node, a.node, _number(node, "2")))
        self.fail(f"{node.text} of what depends on the index has no closed form here", node, _HINT)


_KEEP_FACTORS = frozenset({"STAR", "juxtapose", "PRIME", "SUM", "call"})
_HINT = "name what stands under the sum, and declare its shape"
_PRODUCTS: dict[tuple[Shape, Shape], Callable[[_Sums, Node, Value, Value], Value]] = {
    ("matrix", "vector"): _Sums.matrix_vector, ("row", "matrix"): _Sums.row_matrix, ("row", "vector"): _Sums.row_vector,
    ("vector", "row"): _Sums.vector_row, ("matrix", "matrix"): _Sums.matrix_matrix,
}  # fmt: skip
_KIND: dict[tuple[Shape, Shape], Shape] = {
    ("matrix", "vector"): "vector", ("row", "matrix"): "row", ("row", "vector"): "scalar", ("vector", "row"): "matrix",
    ("matrix", "matrix"): "matrix",
}  # fmt: skip
_RULES: dict[str, Callable[..., Value]] = {
    "PLUS": _Sums.add, "MINUS": _Sums.add, "STAR": _Sums.product, "juxtapose": _Sums.product, "SLASH": _Sums.divide,
    "DOTSTAR": _Sums.by_entry, "DOTSLASH": _Sums.by_entry, "HAT": _Sums.power, "DOTHAT": _Sums.power,
    "SUPER": _Sums.superscript, "half": _Sums.half, "PRIME": _Sums.transpose, "negative": _Sums.sign,
    "positive": _Sums.sign, "norm": _Sums.norm, "vectornorm": _Sums.norm, "bars": _Sums.bars, "call": _Sums.call,
}  # fmt: skip


# nodes ----------------------------------------------------------------------------------------------------------


def _number(node: Node, text: str) -> Node:
    return Node("literal", text, (), node.span, node.at)


def _call(name: str, node: Node, *args: Node) -> Node:
    return Node("call", name, args, node.span, node.at)


def _prime(node: Node, a: Node) -> Node:
    return a.operands[0] if a.rule == "PRIME" else Node("PRIME", "'", (a,), node.span, node.at)


def _binary(rule: str, node: Node, a: Node, b: Node) -> Node:
    return Node(rule, node.text, (a, b), node.span, node.at)


def _is_one(node: Node) -> bool:
    return node.rule == "literal" and node.text == "1"
