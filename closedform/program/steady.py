"""Indexed products in which no exponential overflows, and slopes of softmaxes that do not cancel; for code only.

The largest exponents of exp(Z) are taken out of every product on which that makes no difference, index by index.  In
δ_jl p_j − p_j p_l, for p_j ≥ 0 of sum 1, the entries on the diagonal are p_j times the sum of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import permutations

from closedform.core.expr import OPS, Expr, eye, number, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, represented
from closedform.program.lower import RULES, Lowering
from closedform.program.shift import NONE, Degree, Mixed, candidates, code_op, without_largest
from closedform.program.term import Term

OTHERS = code_op("others", "(m,n) -> (m,n)")
ROW_OTHERS = code_op("rowothers", "(m,n) -> (m,n)")
Place = tuple[Index, ...]
Powers = Counter[tuple[Expr, Place]]  #: the exponents of the factors of a product


@dataclass(frozen=True, slots=True)
class Steady:
    """A tensor as code computes it.

    Attributes:
        tensor: its products.
        first: one of them that is added up before the others; None if the order is of no importance.
        diagonal: what the first one is replaced by where the indices of its deltas agree.
    """

    tensor: Tensor
    first: Product | None = None
    diagonal: Product | None = None


def steady(t: Tensor) -> Steady:
    """The tensor without overflow, and without the cancellation of one slope."""
    products = tuple(_with_deltas(p, t.free) for p in t.products)
    first, diagonal, rest = next(_slopes(products), (None, None, products))
    every = [p for p in (first, diagonal, *rest) if p is not None]
    known = candidates([f.expr for p in every for f in p.factors] + [p.scalar for p in every])
    if known:
        first, diagonal = (_shifted(p, known) if p else None for p in (first, diagonal))
        rest = tuple(_shifted(p, known) for p in rest)
    return Steady(Tensor(t.free, t.groups, rest), first, diagonal)


def _with_deltas(p: Product, free: tuple[Index, ...]) -> Product:
    """A product with diag(v)_ik as δ_ik v_i."""
    if not any(f.expr.op.name == "diag" and atoms(f.indices) == [*f.indices] for f in p.factors):
        return p
    factors = list[Factor]()
    for f in p.factors:
        if f.expr.op.name == "diag" and atoms(f.indices) == [*f.indices]:
            factors += [Factor(eye(f.expr.shape[0]), f.indices), Factor(f.expr.args[0], f.indices[:1])]
        else:
            factors.append(f)
    return Product(p.scalar, tuple(represented(factors, free)))


# overflow


def _shifted(p: Product, known: list[tuple[Expr, Degree]]) -> Product:
    """A product with the largest exponents taken out of each exp(Z), where its value stays the same."""
    for E, degree in known:
        roots = [p.scalar, *[f.expr for f in p.factors]]
        if E not in set(topological(roots)):
            continue
        try:
            made, degrees = without_largest(roots, E, degree)
        except Mixed:
            continue
        if _is_balanced(p, degrees):
            p = Product(made[p.scalar], tuple(Factor(made[f.expr], f.indices) for f in p.factors))
    return p


def _is_balanced(p: Product, degrees: Mapping[Expr, Degree]) -> bool:
    """Do the numbers cancel that were taken out of the factors: of the whole, and for every index?"""
    of_scalar = degrees[p.scalar]
    whole, lost = of_scalar.whole, Counter[Index]()
    if of_scalar.row or of_scalar.column:
        return False
    for f in p.factors:
        d, indices = degrees[f.expr], iter(f.indices)
        whole += d.whole
        for size, n in zip(f.expr.shape, (d.row, d.column), strict=True):
            i = next(indices) if size is not ONE else None
            if n and (i is None or i.parts is not None):
                return False
            if i is not None:
                lost[i] += n  # type: ignore[assignment]
    return not whole and not any(lost.values())


# slopes


def _slopes(products: tuple[Product, ...]) -> Iterator[tuple[Product, Product, tuple[Product, ...]]]:
    """Two products that are a slope times the same factors: the one without its delta, the diagonal, and the others."""
    for p, q in permutations(products, 2):
        diagonal = _slope(p, q)
        if diagonal is not None:
            yield q, diagonal, tuple(r for r in products if r is not p and r is not q)


def _slope(p: Product, q: Product) -> Product | None:
    """p + q where the indices of the deltas of p agree: p times the sum of the other entries of what is of sum 1."""
    deltas = {f.indices for f in p.factors if f.expr.op.name == "eye"}
    new = deltas - {f.indices for f in q.factors if f.expr.op.name == "eye"}
    if not new or len(deltas) - len(new) != sum(f.expr.op.name == "eye" for f in q.factors):
        return None
    renamed = {b: a for a, b in new}
    exponents = _powers(q, renamed)
    exponents.subtract(_powers(p, {}))
    factors = [(e, place) for (e, place), n in exponents.items() if n == 1]
    below = [(e, place) for (e, place), n in exponents.items() if n == -1]
    scale = normal(-q.scalar * p.scalar**-1)
    if any(n not in (0, 1, -1) for n in exponents.values()) or len(below) > 1 or not factors:
        return None
    others = _others(factors, below, scale, set(renamed.values()))
    return None if others is None else Product(p.scalar, (*p.factors, others))


def _powers(p: Product, renamed: Mapping[Index, Index]) -> Powers:
    """The exponents of what is multiplied, deltas left out."""
    found: Powers = Counter()
    for f in p.factors:
        place = tuple(renamed.get(i, i) for i in f.indices)
        for base in f.expr.args if f.expr.op.name == "hadamard" else (f.expr,):
            k = Fraction(1)
            if base.op.name == "power" and base.args[1].op.name == "number":
                base, k = base.args[0], Fraction(base.args[1].data)
            if base.op.name != "eye":
                found[base, place] += k  # type: ignore[assignment]
    return found


def _others(
    factors: list[tuple[Expr, Place]], below: list[tuple[Expr, Place]], scale: Expr, along: set[Index]
) -> Factor | None:
    """1 less the product of some factors, if its sum over some indices is 1, as the sum of its other entries."""
    (E, place), *weights = sorted(factors, key=lambda f: -len(f[1]))
    if not below and set(place) == along and not weights:
        known = scale == number(1) and E.op.name == "softmax"
        if not known and normal(OPS["sum"](E) * scale) != number(1):
            return None
        return Factor(OTHERS(E if known else scale * E), place)
    if len(below) != 1 or len(place) != 2 or len(along) != 1 or scale != number(1):
        return None
    (j,), ((total, at),) = along, below
    if place[0] is j:
        E, place = E.T, place[::-1]
    if at != place[:1] or place[1] is not j or any(w != (j,) for _, w in weights):
        return None
    n = E.shape[1]
    weight = reduce(lambda x, y: x * y, [_column(w) for w, _ in weights], ones((n, ONE)))
    total = _column(total)
    if normal(E @ weight) is not normal(total):
        return None
    spread = [ones((E.shape[0], ONE)) @ weight.T] if weights else []
    shares = normal(OPS["hadamard"](E, total**-1 @ ones((ONE, n)), *spread))
    return Factor(ROW_OTHERS(shares), place)


def _column(e: Expr) -> Expr:
    return e.T if e.shape[0] is ONE else e


def others(low: Lowering, e: Expr) -> Term:
    """The sum of the other entries, of entries of sum 1: 1 less the entry, but of one above ½ the sum itself."""
    plan, P = low.plan, low[e.args[0]]
    above = plan.each("larger", plan.each("subtract", P, plan.number(0.5)), plan.number(0.0))
    large = plan.each("sign", above)
    small = plan.each("subtract", P, plan.each("multiply", large, P))
    by_row = e.op is ROW_OTHERS and P.rank == 2
    total = plan.column(plan.sum_over(small, 1)) if by_row else plan.total(small)
    one = plan.number(1.0)
    rest = plan.each("multiply", plan.each("subtract", one, large), plan.each("subtract", one, P))
    return plan.each("add", rest, plan.each("multiply", large, total))


RULES["others"] = RULES["rowothers"] = others
