"""Shorter tensors: neighbours that cancel are multiplied, products that differ in one factor are added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from closedform.compact.compact import compact
from closedform.core.expr import Expr, number
from closedform.core.normal import normal
from closedform.core.terms import is_zero, join, split
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, canonical_factors, chained, tidy

MOST = 24  #: products, beyond which pairs are not tried


def merged(tensor: Tensor) -> Tensor:
    """The same tensor: A[i,k] inv(A)[k,j] is δ[i,j], and F[i,j] G[k] − H[i,j] G[k] is (F − H)[i,j] G[k].

    A product of neighbours only where it is no longer than the longer of the two.
    """
    free = set(atoms(tensor.free))
    tensor = tidy(Tensor(tensor.free, tensor.groups, tuple(_multiplied(p, free) for p in tensor.products)))
    if len(tensor.products) > MOST:
        return tensor
    found = Tensor(tensor.free, tensor.groups, tuple(_collected(tensor.products, tensor.free)))
    return tidy(found) if len(found.products) < len(tensor.products) else tensor


def _collected(products: Sequence[Product], free: tuple[Index, ...]) -> list[Product]:
    """The products, each added to the first one that it differs from in one factor; a sum is tried with the others."""
    kept, waiting = list[Product](), list(reversed(products))
    while waiting:
        p = waiting.pop()
        for n, q in enumerate(kept):
            both = _added(q, p, free)
            if both is not None:
                del kept[n]
                waiting += [r for r in [both] if not is_zero(r.scalar)]
                break
        else:
            kept.append(p)
    return kept


def _multiplied(p: Product, free: set[Index]) -> Product:
    """Matrix products over an index that only two factors have, where they become shorter."""
    scalar, factors = p.scalar, list(p.factors)
    while True:
        count = Counter(i for f in factors for i in f.indices)
        summed = {i for i, n in count.items() if n == 2 and i not in free and not i.parts}
        for f, g in _neighbours(factors):
            joined = chained(f, g, summed.__contains__)
            if joined is None:
                continue
            c, core = split(joined.expr)
            if core.size < max(f.expr.size, g.expr.size):
                factors = [h for h in factors if h is not f and h is not g] + [Factor(core, joined.indices)]
                scalar = normal(number(c) * scalar)
                break
        else:
            return Product(scalar, tuple(factors))


def _neighbours(factors: list[Factor]) -> Iterator[tuple[Factor, Factor]]:
    """The pairs that have one index in common."""
    places: dict[Index, list[int]] = {}
    for n, f in enumerate(factors):
        for i in f.indices:
            places.setdefault(i, []).append(n)
    for n, f in enumerate(factors):
        for m in sorted({m for i in f.indices for m in places[i]} - {n}):
            if len(set(f.indices) & set(factors[m].indices)) == 1:
                yield f, factors[m]


def _added(p: Product, q: Product, free: tuple[Index, ...]) -> Product | None:
    """c F R + d G R as (c F + d G) R."""
    (c, core), (d, other) = split(p.scalar), split(q.scalar)
    if core is not other or len(p.factors) != len(q.factors):
        return None
    unit, c, d = (c, 1, 1 if c == d else -1) if c in (d, -d) else (1, c, d)
    only_p, only_q = (Counter(f.expr for f in r.factors) for r in (p, q))
    only_p, only_q = only_p - only_q, only_q - only_p
    for f in _candidates(p, only_p):
        for g in _candidates(q, only_q):
            if f.expr.shape != g.expr.shape or _repeats(f) or _repeats(g):
                continue
            if _beside(p, f, free) != _beside(q, g, free):
                continue
            total = compact(normal(join(c, f.expr) + join(d, g.expr)))
            if is_zero(total):
                return Product(number(0), ())
            e, expr = split(total)
            rest = tuple(h for h in p.factors if h is not f)
            return Product(join(unit * e, core), (*rest, Factor(expr, f.indices)))
    return None


def _candidates(p: Product, only: Counter[Expr]) -> list[Factor]:
    """The factors of a product without which nothing is left of what it alone has."""
    return [f for f in p.factors if not only.keys() - {f.expr} and only[f.expr] <= 1]


def _repeats(f: Factor) -> bool:
    return len(set(atoms(f.indices))) < len(atoms(f.indices))


def _beside(p: Product, f: Factor, free: tuple[Index, ...]) -> tuple[object, ...]:
    """What stands beside one factor, and how that factor is tied to it; equal for equal surroundings."""
    rest = [h for h in p.factors if h is not f]
    place = {i: n for n, i in enumerate(atoms(free))}
    mine = atoms(f.indices)
    tied = tuple(place.get(i, -1) for i in mine)
    return (tied, *canonical_factors(rest, (*free, *[i for i in mine if i not in place]))[0])
