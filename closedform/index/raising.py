"""Raising: indexed products back to matrix notation, one local reduction at a time.

Every reduction removes a factor or an index, so raising ends; what is left with more than two free indices,
or with an index that three matrices share in a way no reduction fits, stays in index notation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from closedform.core.expr import Expr, node, number, ones, zeros
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, chained
from closedform.ops.arithmetic import add
from closedform.ops.linear_algebra import tr
from closedform.ops.reductions import sum as total
from closedform.ops.structure import diag, diagonal


def raised(tensor: Tensor) -> Expr | None:
    """The expression of level 1 whose entries the tensor gives; None when there is none that we find.

    Args:
        tensor: with at most two free indices.

    Returns:
        A scalar, a column or a matrix, in normal form.
    """
    if len(tensor.free) > 2 or any(i.parts for i in tensor.free):
        return None
    shape = (*[i.dim for i in tensor.free], ONE, ONE)[:2]
    terms = [_raised(p, tensor.free) for p in tensor.products]
    if not terms:
        return zeros((shape[0], shape[1]))
    found = [t for t in terms if t is not None]
    if len(found) < len(terms):
        return None
    return normal(node(add, tuple(found))) if len(found) > 1 else normal(found[0])


def _raised(p: Product, free: tuple[Index, ...]) -> Expr | None:
    if any(i.parts for f in p.factors for i in f.indices):
        return None
    scalar, factors = p.scalar, [_upright(f) for f in p.factors]
    while (outcome := _step(factors, set(free))) is not None:
        factor, factors = outcome
        scalar = scalar if factor is None else scalar * factor
    core = _last(factors, free)
    return None if core is None else scalar * core


def _upright(f: Factor) -> Factor:
    """A row as a column, so that every factor with one index is one."""
    return Factor(normal(f.expr.T), f.indices) if f.expr.shape[0] is ONE and f.indices else f


Outcome = tuple[Expr | None, list[Factor]]


def _step(factors: list[Factor], free: set[Index]) -> Outcome | None:
    """One reduction: a scalar that moves out, and the factors that remain; None when nothing fits."""
    uses = Counter(i for f in factors for i in set(atoms(f.indices)))
    for n, f in enumerate(factors):
        rest = factors[:n] + factors[n + 1 :]
        alone = _alone(f, rest, uses, free)
        if alone is not None:
            return alone
    for n, f in enumerate(factors):
        for m, g in enumerate(factors):
            if n == m:
                continue
            joined = _joined(f, g, lambda i: uses[i] == 2 and i not in free)
            if joined is not None:
                return None, [h for k, h in enumerate(factors) if k not in (n, m)] + [joined]
    return None


def _alone(f: Factor, rest: list[Factor], uses: Counter[Index], free: set[Index]) -> Outcome | None:
    """trace A[i,i], diagonal A[i,i], and sums over an index that no other factor has."""

    def bound(i: Index) -> bool:
        return uses[i] == 1 and i not in free

    if len(f.indices) == 2 and f.indices[0] is f.indices[1]:
        i = f.indices[0]
        return (tr(f.expr), rest) if bound(i) else (None, [*rest, Factor(diagonal(f.expr), (i,))])
    if f.indices and all(bound(i) for i in f.indices):
        return total(f.expr), rest
    if len(f.indices) == 2:
        i, j = f.indices
        if bound(j):
            return None, [*rest, Factor(normal(f.expr @ ones((j.dim, ONE))), (i,))]
        if bound(i):
            return None, [*rest, Factor(normal(f.expr.T @ ones((i.dim, ONE))), (j,))]
    return None


def _joined(f: Factor, g: Factor, summed: Callable[[Index], bool]) -> Factor | None:
    """Two factors as one: entrywise, hadamard, apply, chain, scale-rows and scale-columns."""
    a, b = f.indices, g.indices
    if a == b and len(a) in (1, 2):
        return Factor(normal(f.expr * g.expr), a)
    if len(a) == len(b) == 2 and a == b[::-1]:
        return Factor(normal(f.expr * g.expr.T), a)
    if len(a) == 2 and len(b) == 1 and b[0] in a:
        A = f.expr if b[0] is a[1] else normal(f.expr.T)
        other = a[0] if b[0] is a[1] else a[1]
        if summed(b[0]):
            return Factor(normal(A @ g.expr), (other,))
        return Factor(normal(A @ diag(g.expr)), (other, b[0]))
    return chained(f, g, summed)


def _last(factors: list[Factor], free: tuple[Index, ...]) -> Expr | None:
    """What remains, read as a scalar, a column, a matrix or an outer product."""
    if not factors:
        return number(1) if not free else None
    if len(factors) == 1 and set(factors[0].indices) == set(free) and len(factors[0].indices) == len(free):
        return factors[0].expr if factors[0].indices == free else factors[0].expr.T
    if len(factors) == 2 and len(free) == 2 and {factors[0].indices, factors[1].indices} == {free[:1], free[1:]}:
        u, v = factors if factors[0].indices == free[:1] else factors[::-1]
        return u.expr @ v.expr.T
    return None
