"""Whether a product with a sum is multiplied out, and what its terms then have in common.

M'(D + R'ER) M is M'DM + (RM)'E(RM), which takes less than the sum in the middle where that would be a product of
matrices as large; M'(D E M + F M + u v') is M'(DE + F)M + (M'u) v'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from closedform.core.expr import OPS, Expr
from closedform.core.normal import normal
from closedform.program.chain import Factor
from closedform.program.lengths import PASS, length
from closedform.program.lower import Lowering
from closedform.program.products import distributed, weights
from closedform.program.term import Term

LONGEST = 12  #: factors of a product whose cost is counted
TIE = 1.2  #: a sum with a diagonal, which needs no array then, is multiplied out even if that takes a bit more
CLEAR = 0.8  #: a sum of other matrices only where that takes clearly less


@dataclass(slots=True)
class Item:
    """A term of a sum.

    Attributes:
        scalars: what it is multiplied by.
        numbers: scalars among the factors.
        factors: whose product it is; none for the identity matrix.
        node: the node whose scalars these are, or that they stand before.
        before: whether they stand before it.
    """

    scalars: list[Expr]
    factors: list[Factor]
    node: Expr | None = None
    numbers: list[Term] = field(default_factory=list)
    before: bool = False

    @property
    def is_diagonal(self) -> bool:
        return not self.factors or (len(self.factors) == 1 and self.factors[0].kind == "diag")

    @property
    def split(self) -> int | None:
        """Where a column meets a row."""
        ends = (n for n, f in enumerate(self.factors[:-1], 1) if f.column and self.factors[n].row)
        return next(ends, None)

    @property
    def is_light(self) -> bool:
        return self.is_diagonal or self.split is not None


# terms that differ in a diagonal


def merged(low: Lowering, items: list[Item]) -> list[Item]:
    """The same terms, with those that are P diag(v) Q for the same P and Q added up before they are multiplied."""
    groups: dict[object, list[Item]] = {}
    for i in items:
        groups.setdefault(_around(i) or id(i), []).append(i)
    return [_together(low, group) if len(group) > 1 else group[0] for group in groups.values()]


def _middle(i: Item) -> tuple[int, int] | None:
    """Where the only run of diagonals in a product begins and ends."""
    at = [n for n, f in enumerate(i.factors) if f.kind == "diag" and f.weights is not None]
    return (at[0], at[-1] + 1) if at and at[-1] - at[0] == len(at) - 1 else None


def _around(i: Item) -> object:
    """What is left and right of the diagonals in a product of matrices, if numbers are not among it."""
    middle = _middle(i)
    if middle is None or i.numbers or i.split is not None or len(i.factors) == middle[1] - middle[0]:
        return None
    return tuple(tuple((f.kind, f.shape, f.term) for f in side) for side in _sides(i, middle))


def _sides(i: Item, middle: tuple[int, int]) -> tuple[list[Factor], list[Factor]]:
    return i.factors[: middle[0]], i.factors[middle[1] :]


def _together(low: Lowering, items: Sequence[Item]) -> Item:
    """Σ c P diag(v) Q as P diag(Σ c v) Q."""
    vectors = list[Expr]()
    for i in items:
        begin, end = _middle(i) or (0, 0)
        v = [f.weights for f in i.factors[begin:end] if f.weights is not None]
        vectors.append(_scaled(i.scalars, v[0] if len(v) == 1 else OPS["hadamard"](*v)))
    total, numbers = normal(OPS["add"](*vectors)), list[Term]()
    before, after = _sides(items[0], _middle(items[0]) or (0, 0))
    return Item([], [*before, weights(low, total, low.new(total), numbers), *after], numbers=numbers)


def _scaled(scalars: Sequence[Expr], v: Expr) -> Expr:
    for c in scalars:
        v = OPS["scale"](c, v)
    return v


# what it takes


def is_cheaper(low: Lowering, f: Factor, inside: list[Item], spread: list[Item], parts: list[Factor]) -> bool:
    """Does a product whose factor is a sum take less when it is multiplied out than when the sum is formed?"""
    if not _is_between_matrices(low, f, parts) or max(len(i.factors) for i in spread) > LONGEST:
        return False
    whole = _cost(low, parts) + sum(_cost(low, i.factors) + _entries(i.factors) for i in merged(low, inside))
    rest = merged(low, spread)
    return sum(_cost(low, i.factors) for i in rest) + (len(rest) - 1) * _entries(parts) <= _tie(inside) * whole


def _tie(inside: list[Item]) -> float:
    """What part of the cost of forming a sum it may cost to multiply it out."""
    return TIE if any(i.is_light for i in inside) else CLEAR


def _is_between_matrices(low: Lowering, f: Factor, parts: list[Factor]) -> bool:
    """Is a sum, which has no other use, in a product with matrices that are neither inverses nor diagonal?

    One that meets a vector is never formed.
    """
    if f.expr is None or len(parts) > LONGEST or low.uses[f.expr] > 1:
        return False
    turned = normal(f.expr.T)
    if turned is not f.expr and low.uses[turned]:
        return False
    others = [p for p in parts if p is not f and p.kind != "diag"]
    return bool(others) and not any(p.kind.startswith("inv") or p.row or p.column for p in others)


def by_sides(
    low: Lowering, f: Factor, inside: list[Item], before: list[Factor], after: list[Factor]
) -> list[Factor] | None:
    """B S A with S A, or B S, added up from the terms of S, if S would take a copy of a matrix that is kept."""
    parts = [*before, f, *after]
    if f.expr is None or not _is_between_matrices(low, f, parts) or not any(_is_kept(low, i) for i in inside):
        return None
    terms = merged(low, inside)
    whole = _cost(low, parts) + sum(_cost(low, i.factors) + _entries(i.factors) for i in terms)
    for first, side, rest in ((True, after, before), (False, before, after)):
        P = low.chain.multiply(side) if side else f
        if P.kind != "full":
            continue
        S = Factor("full", (f.shape[0], P.shape[1]) if first else (P.shape[0], f.shape[1]), low[f.expr])
        each = [[*i.factors, P] if first else [P, *i.factors] for i in terms]
        spread = sum(_cost(low, e) + _entries(e) for e in each)
        if spread + _cost(low, side) + _cost(low, [*rest, S] if first else [S, *rest]) <= _tie(inside) * whole:
            S.term = distributed(low, f.expr, P, first)
            return [*rest, S] if first else [S, *rest]
    return None


def _is_kept(low: Lowering, i: Item) -> bool:
    """Is it one matrix, not diagonal, that is needed elsewhere, or multiplied by a number first?"""
    if len(i.factors) != 1 or i.factors[0].kind != "full" or i.factors[0].expr is None:
        return False
    e = i.factors[0].expr
    return bool(i.scalars) or e.op.name == "symbol" or low.uses[e] > 1


def _cost(low: Lowering, factors: list[Factor]) -> float:
    return low.chain.splits(factors)[0][0, len(factors) - 1] if factors else 0.0


def _entries(factors: list[Factor]) -> float:
    """What a sum takes for the entries of a product; of a diagonal there are as many as stand there."""
    if all(f.kind == "diag" for f in factors):
        return PASS * length(factors[0].shape[0]) if factors else 0.0
    return PASS * length(factors[0].shape[0]) * length(factors[-1].shape[1])
