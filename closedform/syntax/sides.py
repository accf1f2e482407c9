"""The meaning of a statement's tree: both sides with one set of names and shapes.

Any syntax makes the tree (`statement.py` says of which nodes) and hands it over as a `Written`; what comes back is a
`Statement`.  The shapes of the two sides are not made equal: a formula of the wrong shape is still a statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal

from closedform.core.expr import Expr, symbol
from closedform.core.shape import ONE, Dim, Shape
from closedform.errors import RequestError, SyntaxProblem, UnknownName
from closedform.syntax import calls
from closedform.syntax.infer import SCALAR, UNIT, Sizes, Unify, size
from closedform.syntax.names import Kind as UsualKind
from closedform.syntax.reading import Reading
from closedform.syntax.text import settled, terms_of
from closedform.syntax.tokens import plain
from closedform.syntax.tree import STATEMENTS, Node, Span, postorder

Kind = Literal["expression", "derivative", "differential"]
INHERITED = {"symmetric": "symmetric", "spd": "symmetric", "diagonal": "diagonal"}  #: of X, what dX is


@dataclass(frozen=True)
class Written:
    """A statement as a tree, with everything that is declared.

    Attributes:
        root: the node EQUALS.
        source: the text.
        shapes, properties, functions: by name; the value of a function is None if it works entry by entry.
        sizes: the named dimensions; one name may stand for another dimension.
        infer: whether undeclared names are welcome.
        notes: what was decided while the tree was made.
        kinds: whether an undeclared name is a scalar, a vector or a matrix, where its letter does not say so.
    """

    root: Node
    source: str
    shapes: Mapping[str, Shape]
    properties: Mapping[str, frozenset[str]]
    functions: Mapping[str, Shape | None]
    sizes: Mapping[str, Dim]
    infer: bool
    notes: tuple[str, ...] = ()
    kinds: Mapping[str, UsualKind] = field(default_factory=dict)


@dataclass(frozen=True)
class Variable:
    """What a derivative is by: a symbol, stacked by vec if `stacked`, then transposed if `turned`."""

    symbol: Expr
    stacked: bool = False
    turned: bool = False

    @property
    def shape(self) -> Shape:
        rows, columns = self.symbol.shape
        if self.stacked:
            rows, columns = rows * columns, ONE
        return (columns, rows) if self.turned else (rows, columns)


@dataclass(frozen=True)
class Side:
    """One side of a statement.

    Attributes:
        kind: what it is.
        expr: the expression, or the function that is differentiated.
        node: its tree.
        operator: of a derivative or differential, as written.
        variables: of a derivative, in order; of a differential the symbols that vary.
        moves: of a differential, dX for every X that varies.
    """

    kind: Kind
    expr: Expr
    node: Node
    operator: str = ""
    variables: tuple[Variable, ...] = ()
    moves: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Statement:
    """Two sides in the same variables.

    Attributes:
        left, right: the sides.
        written: the tree, with the shape of every variable.
        variables: by name, without differentials.
        notes: what was inferred, one sentence each.
    """

    left: Side
    right: Side
    written: Written
    variables: Mapping[str, Expr]
    notes: tuple[str, ...]

    @property
    def source(self) -> str:
        return self.written.source


def no_part(source: str, span: Span) -> SyntaxProblem:
    """The error of a derivative or a differential that stands inside an expression."""
    return SyntaxProblem(
        "a derivative or a differential is a whole side of a statement",
        source=source,
        span=span,
        hint="write d(f)/dx = …, or d(f) = …",
    )


def _expressions(w: Written) -> list[list[Node]]:
    """The nodes of both sides, operands first; those of the function, where a side is a derivative.

    Raises:
        SyntaxProblem: a derivative or a differential stands inside an expression.
    """
    trees = [node.operands[0] if node.rule in ("derivative", "differential") else node for node in w.root.operands]
    found = [postorder(tree, w.source) for tree in trees]
    for node in (n for nodes in found for n in nodes):
        if node.rule in STATEMENTS:
            raise no_part(w.source, node.at)
    return found


def statement_of(w: Written) -> Statement:
    """What the tree says.

    Raises:
        SyntaxProblem: a derivative or a differential stands inside an expression.
        UnknownName: an undeclared variable, also below a derivative.
        RequestError: a derivative by a dimension or an integer.
        ShapeError: operands of one side that do not fit.
    """
    known = {n: (size(s[0]), size(s[1])) for n, s in w.shapes.items()}
    called = calls.records(w.functions)
    reading = Reading(w.source, w.infer, known, dict(w.properties), dict(w.sizes), called, w.kinds, list(w.notes))
    nodes = _expressions(w)
    varying = _introduce_differentials(reading, w, [every[-1] for every in nodes])
    terms = [terms_of(reading, every) for every in nodes]
    views = [[_view(reading, v) for v in _below(node)] for node in w.root.operands]
    _meet(reading, [t[-1].shape for t in terms], views)
    notes = settled(reading)
    for name, x in varying.items():
        facts = {INHERITED[p] for p in reading.properties.get(x, ()) if p in INHERITED}
        reading.symbols[name] = symbol(name, reading.symbols[x].shape, facts)
    moves = tuple(reading.symbols[name] for name in varying)
    sides = [
        _side(reading, node, reading.build(t), view, moves)
        for node, t, view in zip(w.root.operands, terms, views, strict=True)
    ]
    variables = {n: s for n, s in reading.symbols.items() if n not in varying}
    shapes = {n: s.shape for n, s in variables.items()}
    resolved = replace(w, shapes=shapes, sizes=dict(reading.sizes), infer=False, notes=())
    return Statement(sides[0], sides[1], resolved, variables, notes)


View = tuple[str, bool, bool]  #: a variable's name, whether it is stacked, whether it is transposed


def _below(node: Node) -> tuple[Node, ...]:
    return node.operands[1:] if node.rule == "derivative" else ()


def _side(reading: Reading, node: Node, expr: Expr, views: list[View], moves: tuple[Expr, ...]) -> Side:
    if node.rule == "differential":
        moved = tuple(Variable(reading.symbols[plain(m.data.name)[1:]]) for m in moves)
        return Side("differential", expr, node, node.text, moved, moves)
    if node.rule == "derivative":
        variables = tuple(Variable(reading.symbols[name], stacked, turned) for name, stacked, turned in views)
        return Side("derivative", expr, node, node.text, variables)
    return Side("expression", expr, node)


# --------------------------------------------------------------------------------------------------- differentials


def _introduce_differentials(reading: Reading, w: Written, trees: list[Node]) -> dict[str, str]:
    """Names dX of differentials, with the X they belong to; they have the shape of X."""
    if all(node.rule != "differential" for node in w.root.operands):
        return {}
    spans = {plain(n.text): n.span for t in trees for n in postorder(t, w.source) if n.rule == "name"}
    names = {*spans, *w.shapes} - {*w.sizes}
    varying = {n: n[1:] for n in spans if n[0] == "d" and n[1:] in names and n not in w.shapes and n[1:]}
    if not varying:  # nothing says what is constant
        inside = [n for side, t in zip(w.root.operands, trees, strict=True) if side.rule == "differential"
                  for n in postorder(t, w.source) if n.rule == "name"]  # fmt: skip
        varying = {"d" + plain(n.text): plain(n.text) for n in inside if plain(n.text) in names}
    for name, x in varying.items():
        if x not in reading.shapes:
            reading.introduce(x, spans[x])
        reading.shapes[name] = reading.shapes[x]
    return varying


# ------------------------------------------------------------------------------------------------------- variables


def _view(reading: Reading, node: Node) -> View:
    """The variable below a derivative.

    Raises:
        SyntaxProblem: neither X, X', vec(X) nor vec(X)'.
        UnknownName, RequestError: no variable.
    """
    inner, stacked, turned = node, False, False
    while inner.rule != "name":
        if inner.rule == "PRIME":
            inner, turned = inner.operands[0], not turned
        elif inner.rule == "call" and inner.text == "vec" and len(inner.operands) == 1:
            inner, stacked = inner.operands[0], True
        else:
            raise SyntaxProblem("a derivative is by a variable X, by X' or by vec(X)", source=reading.source,
                                span=node.span)  # fmt: skip
    name = plain(inner.text)
    if name not in reading.shapes:
        if name in reading.sizes:
            message = f"{name} is a dimension; there is no derivative by a dimension"
            raise RequestError(message, source=reading.source, span=inner.span)
        raise UnknownName(f"{name[:60]} is not a variable of the statement", source=reading.source, span=inner.span,
                          hint="it has " + ", ".join(sorted(reading.shapes)))  # fmt: skip
    if "integer" in reading.properties.get(name, ()):
        message = f"{name} is declared integer; there is no derivative by an integer"
        raise RequestError(message, source=reading.source, span=inner.span)
    return name, stacked, turned


# ---------------------------------------------------------------------------------------------------------- shapes


def _meet(reading: Reading, shapes: list[Sizes], views: list[list[View]]) -> None:
    """Learn from the other side what no side knows alone: the n of `eye(n)`, the length of `vector(1)`.

    Two expressions of one shape are the usual case, so their unknown sizes are made equal where that is possible.
    """
    choices = [
        list(_arrangements(reading, shape, view)) if view else [reading.expand(shape)]
        for shape, view in zip(shapes, views, strict=True)
    ]
    plain_sides = not any(views)
    for a, b in product(*choices):
        mark = reading.rule.mark()
        if all(map(reading.rule.same, a, b)) and (plain_sides or _names_only(reading.rule, mark)):
            return
        reading.rule.undo(mark)


def _names_only(rule: Unify, mark: tuple[int, int]) -> bool:
    """Whether nothing was learnt but names and numbers for unknown sizes, and sizes of constants."""
    learnt = rule.trail[mark[0] :]
    found = [rule.expand((1, (u,))) for u in learnt]
    named = all(not u.owner or (len(atoms) <= 1 and all(isinstance(a, str) for a in atoms))
                for u, (_, atoms) in zip(learnt, found, strict=True))  # fmt: skip
    return named and len(rule.pending) == mark[1]


def _arrangements(reading: Reading, f: Sizes, views: list[View]) -> Iterator[Sizes]:
    """The shapes that a derivative has in the layouts."""
    f = reading.expand(f)
    for name, stacked, turned in views:
        x = reading.expand(reading.shapes[name])
        if stacked:
            x = (reading.rule.times(*x), UNIT)
        f, last = _derivative_shape(reading.rule, f, x[::-1] if turned else x), x
    yield f
    yield f[::-1]
    if UNIT not in last and f != SCALAR:
        stacked_column = (reading.rule.times(*f), UNIT)
        yield stacked_column
        yield stacked_column[::-1]


def _derivative_shape(rule: Unify, f: Sizes, x: Sizes) -> Sizes:
    """The engine's own arrangement, see `calculus.layout`."""
    indices = [sum(d != UNIT for d in s) for s in (f, x)]
    if sum(indices) <= 2 and 0 in indices:
        return x if indices[0] == 0 else f
    return rule.times(*f), rule.times(*x)
