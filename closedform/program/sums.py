"""Sums of matrices: what is diagonal or of rank one is never formed as a matrix of its own.

Diagonals are added in place, products of a column and a row together as one product of thin matrices; a product
with a sum of such terms is multiplied out, (diag(p) − p p') A = p ⊙ A − p (p'A).  Where p is a softmax, in which one
entry may be nearly all, diag(p) − p p' is one instruction, and A is given without the row that p points at.  The part
of (w'S w) S − S w w'S that cancels most follows from its product with w, which is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from closedform.core.expr import Expr
from closedform.core.shape import ONE
from closedform.program.chain import Factor
from closedform.program.lower import RULES, Lowering
from closedform.program.products import (
    Scalars,
    added,
    centred,
    chain_code,
    factors,
    product_of,
    scalar_code,
    spread_of,
    times,
)
from closedform.program.products import scale as plain_scale
from closedform.program.spread import Item, by_sides, is_cheaper, merged
from closedform.program.stable import add as plain_add
from closedform.program.stable import terms_of
from closedform.program.summands import deflated_by, slope_of
from closedform.program.term import Plan, Term, axes_of

MOST = 12  #: terms of a sum that is multiplied out


def is_matrix(e: Expr) -> bool:
    return ONE not in e.shape


def items_of(low: Lowering, e: Expr, scalars: list[Expr], *, top: bool = False) -> list[Item]:
    """The terms of a matrix; inner sums that have another use stay what they are."""
    own = top or low.uses[e] == 1
    if own and e.op.name == "add":
        return [i for a in e.args for i in items_of(low, a, scalars)]
    if own and e.op.name == "scale":
        M = e.args[1]
        inside = items_of(low, M, [*scalars, e.args[0]])
        if len(inside) == 1 and inside[0].node is M and not scalars:
            inside[0].node, inside[0].before = e, False
        return inside
    if spread_of(e) == "full" and (own or e.op.name != "add"):
        return _multiplied_out(low, e, scalars)
    return [Item(scalars, [Factor("full", e.shape, low[e], e)], e, before=bool(scalars))]


def _multiplied_out(low: Lowering, e: Expr, scalars: list[Expr]) -> list[Item]:
    if e.op.name not in ("matmul", "diag", "eye"):
        return [Item(scalars, [Factor("full", e.shape, low[e], e)], e, before=bool(scalars))]
    numbers = list[Term]()
    parts = factors(low, e.args if e.op.name == "matmul" else (e,), numbers)
    for n, f in enumerate(parts):
        inside, before, after = terms_inside(low, f), parts[:n], parts[n + 1 :]
        slope = slope_of(f.expr) if f.kind == "sum" and f.expr is not None else None
        if inside is None or (slope is not None and not _centre(low, low[slope], before, after)):
            continue
        spread = [
            Item(
                [*scalars, *i.scalars],
                [*map(replace, before), *i.factors, *map(replace, after)],
                numbers=numbers + i.numbers,
            )
            for i in inside
        ]
        if all(i.is_light for i in inside) or is_cheaper(low, f, inside, spread, parts):
            return spread
        if slope is None and (beside := by_sides(low, f, inside, before, after)) is not None:
            return [Item(scalars, beside, numbers=numbers)]
    return [Item(scalars, parts, e, numbers, before=bool(scalars))]


def _centre(low: Lowering, s: Term, before: list[Factor], after: list[Factor]) -> bool:
    """Centre what stands beside (diag(s) − s s'); False if neither is an array of its own."""
    left, right = (f[at] if f and f[at].kind == "full" else None for f, at in ((before, -1), (after, 0)))
    mirrored = left and right and low.chain.vector(left) is low.plan.transpose(low.chain.vector(right))
    if right is not None:
        after[0] = centred(low, right, s)
    if left is not None and (right is None or mirrored):
        before[-1] = centred(low, left, s, turned=True)
    return left is not None or right is not None


def terms_inside(low: Lowering, f: Factor) -> list[Item] | None:
    """The terms of a factor that is a sum, if they are few."""
    if f.kind != "sum" or f.expr is None or len(f.expr.args) > MOST:
        return None
    inside = items_of(low, f.expr, [], top=True)
    return inside if len(inside) <= MOST else None


def matrix_sum(low: Lowering, e: Expr) -> Term:
    """A matrix that is a sum, or a product with one that is multiplied out."""
    items = items_of(low, e, [], top=True)
    light = [i for i in items if i.is_light]
    if len(items) > MOST or (all(i.node is not None for i in items) and (not light or len(items) == 1)):
        return plain(low, e)
    plan = low.plan
    made = _slopes(low, items)
    items = merged(low, items)
    made += _full_terms(low, [i for i in items if not i.is_light])
    light = [i for i in items if i.is_light]
    outers = [_outer(low, i) for i in light if not i.is_diagonal]
    diagonals = [_diagonal(low, i) for i in light if i.is_diagonal]
    if outers:
        made = [(False, _with_outers(plan, added(plan, made) if made else None, outers))]
    if not made:
        d = added(plan, diagonals)
        return plan.make("diag", (d,), axes_of(e.shape)) if d.rank else times(plan, d, low.chain.eye(e.shape[0]))
    total = added(plan, made)
    return plan.make("plus_diagonal", (total, added(plan, diagonals)), total.axes) if diagonals else total


def deflated(low: Lowering, e: Expr) -> Term:
    """A sum of matrices, or a multiple; of one whose product with a w is 0, the largest row and column by that."""
    made, found = matrix_sum(low, e), deflated_by(e)
    return made if found is None else low.plan.make("deflated", (made, *map(low.new, found)), made.axes)


def _slopes(low: Lowering, items: list[Item]) -> list[tuple[bool, Term]]:
    """Terms F (diag(s) − s s') B for s = softmax(x), with what stands before them; they are taken off the list."""
    found = list[tuple[bool, Term]]()
    for i in list(items):
        at = next((n for n, f in enumerate(i.factors) if f.kind == "diag" and f.term and f.term.op == "softmax"), None)
        if at is None or at > 1 or len(i.factors) > at + 2:
            continue
        if any(f.kind not in ("full", "sum") for n, f in enumerate(i.factors) if n != at):
            continue
        s, (negative, front) = low.chain.vector(i.factors[at]), _before(low, i)
        terms = [f.term for f in i.factors]
        others = (j for j in items if [f.term for f in j.factors] == [*terms[:at], s, s, *terms[at + 1 :]])
        other = next((j for j in others if _before(low, j) == (not negative, front)), None)
        if other is not None:
            items[:] = [k for k in items if k is not i and k is not other]
            found.append((negative, _slope(low.plan, front, s, terms[:at], terms[at + 1 :])))
    return found


def _slope(
    plan: Plan, front: Term | None, s: Term, before: Sequence[Term | None], after: Sequence[Term | None]
) -> Term:
    """c F (diag(s) − s s') B, where F or B may be missing; for F = B' it is c Z'Z with Z = √s ⊙ (B − 𝟏 s'B)."""
    if not before and not after:
        return plan.make("softmaxslope", (times(plan, front, s), s), s.axes * 2)
    F, B = (side[0] if side else None for side in (before, after))
    if F is None or B is None:
        M = plan.transpose(F) if F is not None else B
        assert M is not None
        made = plan.make("softmaxtimes", (times(plan, front, s), s, M), M.axes)
        return made if F is None else plan.transpose(made)
    if plan.transpose(F) is B:
        Z = plan.make("softmaxtimes", (plan.each("sqrt", s), s, B), B.axes)
        return times(plan, front, plan.matmul(plan.transpose(Z), Z))
    return plan.matmul(F, plan.make("softmaxtimes", (times(plan, front, s), s, B), B.axes))


def plain(low: Lowering, e: Expr) -> Term:
    """The node by the rule of its operation."""
    if e.op.name == "add":
        return plain_add(low, e)
    return plain_scale(low, e) if e.op.name == "scale" else chain_code(low, e, None)


def _full_terms(low: Lowering, items: list[Item]) -> list[tuple[bool, Term]]:
    """Terms of other kinds; those with the same scalar in front are summed first."""
    made = terms_of(low, [i.node for i in items if i.node is not None and not i.before])
    groups: dict[tuple[Expr, ...], list[Item]] = {}
    for i in items:
        if i.node is None or i.before:
            groups.setdefault(tuple(i.scalars), []).append(i)
    for scalars, group in groups.items():
        negative, front = _front(low, list(scalars), [])
        if len(group) == 1 and group[0].node is None:
            numbers = group[0].numbers if front is None else [front, *group[0].numbers]
            made.append((negative, product_of(low, group[0].factors, numbers, matrix=True)))
            continue
        inside = terms_of(low, [i.node for i in group if i.node is not None])
        inside += [(False, product_of(low, i.factors, i.numbers, matrix=True)) for i in group if i.node is None]
        made.append((negative, times(low.plan, front, added(low.plan, inside))))
    return made


def _front(low: Lowering, scalars: list[Expr], whole: list[Expr]) -> tuple[bool, Term | None]:
    """The sign of a product of scalars, and the term of the rest."""
    s = Scalars()
    for e in scalars:
        s.collect(e)
    negative = s.coefficient < 0
    if negative:
        s.coefficient = -s.coefficient
    return negative, scalar_code(low, s, whole)


def _before(low: Lowering, i: Item) -> tuple[bool, Term | None]:
    """The sign of a light term, and what stands before it."""
    negative, front = _front(low, i.scalars, [f.expr for f in i.factors if f.expr is not None])
    return negative, low.plan.product([*([front] if front is not None else []), *i.numbers])


def _outer(low: Lowering, i: Item) -> tuple[bool, Term, Term]:
    """Whether it is subtracted, the column and the row of a product of rank one."""
    negative, front = _before(low, i)
    n = i.split
    assert n is not None
    column, row = (low.chain.term(low.chain.multiply(half)) for half in (i.factors[:n], i.factors[n:]))
    if negative and front is not None and front.value is not None:
        negative, front = False, low.plan.negative(front)
    return negative, times(low.plan, front, column), row


def _diagonal(low: Lowering, i: Item) -> tuple[bool, Term]:
    negative, front = _before(low, i)
    if not i.factors:
        return negative, front or low.plan.number(1)
    return negative, times(low.plan, front, low.chain.vector(i.factors[0]))


def _with_outers(plan: Plan, total: Term | None, outers: list[tuple[bool, Term, Term]]) -> Term:
    """A matrix and Σ ± u v', in its memory; several of them as a product of thin matrices."""
    columns = tuple(plan.negative(u) if negative else u for negative, u, _ in outers)
    rows = tuple(v for *_, v in outers)
    if total is not None:
        return plan.make("plus_outers", (total, *columns, *rows), total.axes)
    if len(outers) == 1:
        return plan.outer(columns[0], rows[0])
    return plan.make("outers", (*columns, *rows), (*columns[0].axes, *rows[0].axes))


def add(low: Lowering, e: Expr) -> Term:
    return deflated(low, e) if is_matrix(e) else plain_add(low, e)


def scale(low: Lowering, e: Expr) -> Term:
    M = e.args[1]
    inside = M.op.name in ("add", "matmul") and low.uses[M] == 1
    return deflated(low, e) if inside and is_matrix(e) else plain_scale(low, e)


def matmul(low: Lowering, e: Expr) -> Term:
    sums = any(a.op.name == "add" and is_matrix(a) for a in e.args) and spread_of(e) == "full"
    return matrix_sum(low, e) if sums and is_matrix(e) else chain_code(low, e, None)


RULES.update({"add": add, "scale": scale, "matmul": matmul})
