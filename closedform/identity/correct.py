"""What would have been right: the engine's derivative in the layout that was meant, or a slip mended.

Every correction is read back as a statement and compared by value before it is offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from closedform.ask import derivative, differential
from closedform.calculus.derivative import derive
from closedform.calculus.structure import replace as put
from closedform.compact.compact import compact
from closedform.compact.expand import expand
from closedform.compact.present import present
from closedform.core.expr import OPS, Expr, node, number, symbol, topological
from closedform.core.function import Function
from closedform.core.normal import normal
from closedform.core.shape import ONE, Shape
from closedform.core.terms import is_zero
from closedform.emit.text import text
from closedform.errors import NotSupported, TooLarge, VerificationError
from closedform.identity.changes import names_of_sizes, with_sides
from closedform.identity.compare import LAYOUTS, NAMED, Pair, Sides, compare, stages
from closedform.identity.edits import edited
from closedform.identity.tries import Tries
from closedform.ops.linear_algebra import tr
from closedform.ops.structure import vec
from closedform.syntax.sides import Side, Statement, Written, statement_of
from closedform.syntax.statement import read_statement
from closedform.syntax.tree import Node
from closedform.verification.sample import draws

LONGEST = 12  #: operations of a correction that is worth printing


@dataclass(frozen=True, slots=True)
class Correction:
    """The right formula and the right statement, in the text syntax, and its layout if it has one."""

    formula: str
    statement: str
    layout: str = ""


def correction(s: Statement, sides: Sides, tries: Tries) -> Correction | None:
    """The corrected statement; None when nothing near is true, as far as the tries go."""
    kinds = s.left.kind, s.right.kind
    if "expression" not in kinds:
        return None
    if kinds == ("expression", "expression"):
        return _mended(s, tries)
    of = s.left if kinds[1] == "expression" else s.right
    layout = nearest_layout(sides) if of.kind == "derivative" else ""
    try:
        formula = _true_formula(s, of, layout)
    except (NotSupported, TooLarge):  # there is no closed form to offer
        return None
    written = _source(s, of)
    return _verified(
        s, Correction(formula, f"{written} = {formula}" if of is s.left else f"{formula} = {written}", layout)
    )


def _source(s: Statement, side: Side) -> str:
    return s.source[slice(*side.node.span)].strip()


def _verified(s: Statement, found: Correction) -> Correction:
    """The correction, after it was read as a user would read it and found true.

    Raises:
        VerificationError: it is not; a bug of ours.
    """
    if not compare(read_like(s.written, found.statement)).holds:
        raise VerificationError(f"the correction {found.statement} is not true; this is a bug of closedform")
    return found


def read_like(w: Written, text: str) -> Statement:
    """A statement about what another one declares, as a user would read it."""
    return read_statement(
        text,
        {name: shape for name, shape in w.shapes.items()},
        w.properties,
        {name: "entrywise" if shape is None else shape for name, shape in w.functions.items()},
        dims=[n for n in names_of_sizes(w) if n not in w.shapes],
        infer=True,
    )


# ---------------------------------------------------------------------------------------------------- derivatives


def nearest_layout(sides: Sides) -> str:
    """The layout whose values are nearest to what was written, among those of its shape; else the first one."""
    found = sides.pairs[nearest_pair(sides)]
    return "vec" if sides.is_array and "vec" in found else found[0]


def nearest_pair(sides: Sides) -> Pair:
    """The arrangement of that layout."""
    fitting = [pair for pair in sides.pairs if sides.may_be_equal(pair)]
    if not fitting:  # a row for a row, a column for a column
        return min(
            sides.pairs, key=lambda pair: _kind(sides.left.shapes[pair[0]]) != _kind(sides.right.shapes[pair[1]])
        )
    if len(fitting) == 1:
        return fitting[0]
    errors, _ = sides.errors(next(draws(sides.roots, count=2)), fitting)
    return min(fitting, key=lambda pair: errors[pair])


def _kind(shape: Shape) -> tuple[bool, bool]:
    return shape[0] is ONE, shape[1] is ONE


def _true_formula(s: Statement, of: Side, layout: str) -> str:
    f = Function(of.expr, dict(s.variables))
    names = [v.symbol.data.name for v in of.variables]
    if of.kind == "differential":
        dF = differential(f, *names)
        if is_zero(dF.expr):
            raise NotSupported("without a dX in it the formula does not say what varies")
        return dF.text
    if all(not v.stacked for v in of.variables) and (len(names) == 2 or not of.variables[0].turned):
        D = derivative(f, *names, layout=layout)
        return "0" if is_zero(D.expr) else D.text
    return text(present(compact(normal(_of_view(of, layout)))))


def _of_view(of: Side, layout: str) -> Expr:
    """The derivative by X', vec(X) or vec(X)', arranged."""
    (v,) = of.variables
    if v.stacked:
        (stage,) = derive(of.expr, [v.symbol])
        made = stage.answer
        if of.expr.is_scalar:  # a gradient, or already a row
            column = made.T if stage.stacked else vec(made)
            made = column.T if v.turned else column
    else:
        new = symbol(v.symbol.data.name + "_turned", v.shape, v.symbol.data.properties)
        D = derivative(Function(put(of.expr, v.symbol, new.T)), new)
        made = put(D.stages[-1].answer, new, v.symbol.T)
    *_, (function, variable, stacked, _) = stages(of)
    arranged = LAYOUTS[NAMED.get(of.operator, layout)].arrangement(
        symbol("·", function), symbol("·", variable), stacked
    )
    return arranged.matrix(made)


# ----------------------------------------------------------------------------------------------------- identities


def _mended(s: Statement, tries: Tries) -> Correction | None:
    """The identity with one slip mended, on the right or on the left; with a missing term; or the left simplified."""
    w = s.written
    left, right = w.root.operands
    a, b = _source(s, s.left), _source(s, s.right)
    found = _first_true(w, ((left, e.tree) for e in edited(w, right)), tries)
    if found is not None:
        return Correction(str(found.right.expr), f"{a} = {found.right.expr}")
    found = _first_true(w, ((e.tree, right) for e in edited(w, left)), tries)
    if found is not None:
        return Correction(str(found.left.expr), f"{found.left.expr} = {b}")
    for formula in _simplified(s, b):
        return _verified(s, Correction(formula, f"{a} = {formula}"))
    return None


def _simplified(s: Statement, right: str) -> Iterator[str]:
    """The right side with a short missing term, or the left side where its closed form is shorter than it is."""
    if s.left.expr.shape == s.right.expr.shape:
        rest = compact(_opened(normal(s.left.expr - s.right.expr)))
        if rest.size < s.right.expr.size:
            shown = text(present(rest))
            yield f"{right} - {shown[1:]}" if shown.startswith("-") and rest.op.name != "add" else f"{right} + {shown}"
    simple = compact(normal(s.left.expr))
    if simple.size < s.left.expr.size and 2 * simple.size <= s.right.expr.size + LONGEST:
        yield text(present(simple))


def _opened(e: Expr) -> Expr:
    """Squares of norms of sums as sums of products, in which terms cancel."""
    made: dict[Expr, Expr] = {}
    for n in topological([e]):
        args = tuple([made[a] for a in n.args])
        made[n] = node(n.op, args) if args else n
        if n.op.name == "power" and n.args[0].op.name == "norm2" and n.args[1] is number(2):
            v = n.args[0].args[0]
            whole = expand(v, {}) or v
            terms = whole.args if whole.op.name == "add" else (whole,)
            column = v.shape[1] is ONE
            products = [tr(t.T @ u) if not column else t.T @ u for t in terms for u in terms]
            made[n] = node(OPS["add"], tuple(products)) if len(products) > 1 else n
    return normal(made[e])


def _first_true(w: Written, trees: Iterator[tuple[Node, Node]], tries: Tries) -> Statement | None:
    for left, right in trees:
        if tries.over:
            return None
        changed = with_sides(w, left, right)
        if tries.holds(changed):
            found = statement_of(changed)
            if found.left.expr is not found.right.expr:  # x = x says nothing
                return found
    return None
