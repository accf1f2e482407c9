"""Indexed products in which no exponential overflows, and slopes of softmaxes that do not cancel; for code only.

The largest exponents of exp(Z) are taken out of every product on which that makes no difference, index by index.  In
δ_jl p_j − p_j p_l, for p_j ≥ 0 of sum 1, the entries on the diagonal are p_j times the sum of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import permutations
from operator import mul

from closedform.core.expr import OPS, Expr, eye, number, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, contracted, represented
from closedform.program.lower import RULES, Lowering
from closedform.program.shift import Degree, Mixed, candidates, code_op, without_largest
from closedform.program.term import Term

COMPLEMENT = code_op("complement", "(m,n) -> (m,n)")
ROW_COMPLEMENT = code_op("rowcomplement", "(m,n) -> (m,n)")
MOST = 64  #: products among which a slope is looked for
Place = tuple[Index, ...]
Powers = Counter[tuple[Expr, Place]]  #: the exponents of the factors of a product


@dataclass(frozen=True, slots=True)
class Steady:
    """A tensor as code computes it.

    Attributes:
        slope: a product that is added up before the others, and what it is replaced by where the indices of the deltas
            of that agree; or nothing.
        rest: the tensor of the other products.
    """

    slope: tuple[Product, ...]
    rest: Tensor


def steady(t: Tensor) -> Steady:
    """The tensor without overflow, and without the cancellation of one slope."""
    products = tuple(_with_deltas(p, t.free) for p in t.products)
    slope, rest = _with_slope(products)
    made = without_overflow(Tensor(t.free, t.groups, (*slope, *rest))).products
    return Steady(made[: len(slope)], Tensor(t.free, t.groups, made[len(slope) :]))


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
    scalar, factors = contracted(Product(p.scalar, tuple(factors)), set(atoms(free)))
    return Product(scalar, tuple(represented(factors, free)))


# overflow


def without_overflow(t: Tensor) -> Tensor:
    """The tensor with the largest exponents taken out of its products."""
    known = candidates([f.expr for p in t.products for f in p.factors] + [p.scalar for p in t.products])
    products = tuple(_shifted(_with_deltas(p, t.free), known) for p in t.products)
    return Tensor(t.free, t.groups, products) if known else t


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


def _with_slope(products: tuple[Product, ...]) -> tuple[tuple[Product, ...], tuple[Product, ...]]:
    """Two products that are a slope, as the one without its delta and its diagonal, if there are any; the others.

    Nothing else may fill what the first one fills.  Among very many products none is looked for.
    """
    if len(products) > MOST:
        return (), products
    deltas = {id(p): _deltas(p) for p in products}
    for p, q in permutations(products, 2):
        new = deltas[id(p)] - deltas[id(q)]
        if not new or not deltas[id(q)] <= deltas[id(p)]:
            continue
        rest = tuple(r for r in products if r is not p and r is not q)
        diagonal = _slope(p, q, new) if all(deltas[id(r)] != deltas[id(q)] for r in rest) else None
        if diagonal is not None:
            return (q, diagonal), rest
    return (), products


def _deltas(p: Product) -> set[Place]:
    return {f.indices for f in p.factors if f.expr.op.name == "eye"}


def _slope(p: Product, q: Product, new: set[Place]) -> Product | None:
    """p + q where the indices of its new deltas agree: p times the sum of the other entries of what is of sum 1."""
    renamed = {b: a for a, b in new}
    exponents = _powers(q, renamed)
    exponents.subtract(_powers(p, {}))
    factors = [(e, place) for (e, place), n in exponents.items() if n == 1]
    below = [(e, place) for (e, place), n in exponents.items() if n == -1]
    scale = normal(-q.scalar * p.scalar**-1)
    repeated = any(len(set(place)) < len(place) for _, place in factors + below)
    if any(n not in (0, 1, -1) for n in exponents.values()) or len(below) > 1 or not factors or repeated:
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
    if not below and all(set(place) == along for _, place in factors):
        E, place = _entries(factors), factors[0][1]
        known = scale == number(1) and E.op.name == "softmax"
        if not known and normal(OPS["sum"](E) * scale) != number(1):
            return None
        return Factor(COMPLEMENT(E if known else scale * E), place)
    if len(below) != 1 or len(along) != 1 or scale != number(1):
        return None
    (j,), ((total, at),) = along, below
    matrices = [(e, place) if place[1] is j else (e.T, place[::-1]) for e, place in factors if len(place) == 2]
    weights = [_column(e) for e, place in factors if place == (j,)]
    if not matrices or len(matrices) + len(weights) < len(factors) or any(place != (*at, j) for _, place in matrices):
        return None
    E, total = _entries(matrices), _column(total)
    m, n = E.shape
    weight = reduce(mul, weights, ones((n, ONE)))
    if normal(E @ weight) is not normal(total):
        return None
    spread = [ones((m, ONE)) @ weight.T] if weights else []
    shares = normal(OPS["hadamard"](E, total**-1 @ ones((ONE, n)), *spread))
    return Factor(ROW_COMPLEMENT(shares), matrices[0][1])


def _entries(factors: Sequence[tuple[Expr, Place]]) -> Expr:
    """The product of some factors, those of other places transposed, rows as columns."""
    (_, place), *_ = factors
    return reduce(mul, [_column(e) if at == place else e.T for e, at in factors])


def _column(e: Expr) -> Expr:
    """A row as a column; all else as it is."""
    return e.T if e.shape[0] is ONE else e


def complement(low: Lowering, e: Expr) -> Term:
    """The sums of the other entries, of entries of sum 1, as a whole or in each row."""
    P = low[e.args[0]]
    return low.plan.make("complement", (P,), P.axes, 1 if e.op is ROW_COMPLEMENT and P.rank == 2 else None)


RULES["complement"] = RULES["rowcomplement"] = complement
