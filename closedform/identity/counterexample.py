"""The smallest counterexample: sizes as small as can be, then integers as small as can be.

For every assignment of sizes, smallest first, many small integer values are tried in one batch.  Halves are tried
where integers are outside the domain of the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np

from closedform.core.expr import Expr, symbols, topological
from closedform.errors import TooLarge
from closedform.identity.compare import Pair, Sides
from closedform.verification.interpreter import Array, values
from closedform.verification.sample import LARGEST, TAME, Domain, Sample, entries_of, names_of_dims

LARGEST_SIZE = 3
ASSIGNMENTS = 60  #: of sizes
CANDIDATES = 192  #: values tried at once
DIFFERENT = 1e-4  #: of the relative error: a difference that a reader can see
KINKS = frozenset({"abs", "relu", "sign", "norm1"})  #: no derivative where an operand has a zero

#: integer values to those with a property
INTEGERS: dict[str, Callable[[Array], Array]] = {
    "positive": lambda X: np.abs(X) + (X == 0),
    "symmetric": lambda X: np.tril(X) + np.tril(X, -1).swapaxes(-1, -2),
    "spd": lambda X: _unit(X) @ _unit(X).swapaxes(-1, -2),
    "orthogonal": lambda X: np.take_along_axis(
        np.broadcast_to(np.eye(X.shape[-1]), X.shape), X.sum(-1).argsort(-1)[..., None], -2
    ),
    "triangular": lambda X: _unit(X),
    "diagonal": lambda X: X * np.eye(X.shape[-1]),
    "integer": lambda X: np.full_like(X, 2.0),
}


def _unit(X: Array) -> Array:
    return np.asarray(np.tril(X, -1) + np.eye(X.shape[-1]))


@dataclass(frozen=True)
class Counterexample:
    """Where the two sides differ.

    Attributes:
        sizes: the number for every named dimension.
        values: of the variables, 2-D.
        left, right: of the two sides, 2-D.
    """

    sizes: dict[str, int]
    values: dict[str, Array]
    left: Array
    right: Array

    def as_dict(self) -> dict[str, Any]:
        return {
            "sizes": self.sizes,
            "values": {name: plain_numbers(X) for name, X in self.values.items()},
            "left": plain_numbers(self.left),
            "right": plain_numbers(self.right),
        }


def plain_numbers(X: Array) -> Any:
    """A value as JSON has it: a number, or a list of rows."""
    rows = [[_tidy(x) for x in row] for row in X.tolist()]
    return rows[0][0] if X.shape == (1, 1) else rows


def _tidy(x: float) -> int | float:
    near = round(x)
    return near if abs(x - near) < 1e-6 else float(f"{x:.6g}")


def first_difference(a: Array, b: Array) -> tuple[int, int]:
    """The first entry, counted from 1, at which two values of one shape visibly differ."""
    i, j = np.argwhere(np.abs(a - b) > DIFFERENT * max(np.abs(a).max(), np.abs(b).max()))[0]
    return int(i) + 1, int(j) + 1


def matrix_text(X: Array) -> str:
    """`[1 0; 0 1]`; a number for a scalar.

    >>> matrix_text(np.array([[1.0, 0.5], [0.0, -2.0]])), matrix_text(np.array([[3.0]]))
    ('[1 0.5; 0 -2]', '3')
    """
    rows = ["; ".join(" ".join(str(_tidy(x)) for x in row) for row in X.tolist())]
    return str(_tidy(float(X[0, 0]))) if X.shape == (1, 1) else f"[{rows[0]}]"


def smallest(sides: Sides, nearest: Pair) -> Counterexample | None:
    """The smallest counterexample; None when none is found among small numbers.

    Args:
        sides: of a statement that is false.
        nearest: the arrangement in which the sides are shown.
    """
    names = names_of_dims(sides.roots)
    for sizes in _sizes(names):
        if CANDIDATES * max(entries_of(e, sizes) for e in topological(sides.roots)) > LARGEST:
            return None
        for scale in (1.0, 0.5):
            try:
                found = _at(sides, nearest, sizes, scale)
            except TooLarge:  # no one could read it
                return None
            if found is not None:
                return found
    return None


def _sizes(names: Sequence[str]) -> Iterator[dict[str, int]]:
    """Assignments of sizes by their sum."""
    if len(names) > 6:
        yield dict.fromkeys(names, 1)
        yield dict.fromkeys(names, 2)
        return
    every = sorted(product(range(1, LARGEST_SIZE + 1), repeat=len(names)), key=lambda s: (sum(s), s))
    for chosen in islice(every, ASSIGNMENTS):
        yield dict(zip(names, chosen, strict=True))


def _at(sides: Sides, nearest: Pair, sizes: dict[str, int], scale: float) -> Counterexample | None:
    variables = symbols(*sides.roots)
    env = _candidates(variables, sizes, scale)
    inside, largest = Domain(sides.roots).inside(env, sizes, TAME[0], CANDIDATES)
    inside = inside[_smooth(sides.roots, env, sizes)[inside]]
    if not inside.size:
        return None
    env = {name: X[inside] for name, X in env.items()}
    sample = Sample(sizes, env, len(inside), largest[inside])
    left, right = sides.left.values(sample, sides.steps[0]), sides.right.values(sample, sides.steps[0])
    differ = np.ones(len(inside), bool)
    for pair in sides.pairs:
        differ &= _different(left[pair[0]], right[pair[1]], sides.floor * sample.scale)
    if not differ.any():
        return None
    a, b = left[nearest[0]], right[nearest[1]]
    best = min(map(int, np.flatnonzero(differ)), key=lambda k: (_unreadable(a[k], b[k]), *_cost(env, k)))
    return Counterexample(sizes, {n: X[best] for n, X in env.items()}, a[best], b[best])


def _candidates(variables: Sequence[Expr], sizes: dict[str, int], scale: float) -> dict[str, Array]:
    """Values with entries 0 and 1, then from −1 to 1, then from −2 to 3."""
    rng = np.random.default_rng(1)
    third = CANDIDATES // 3
    found = {}
    for v in variables:
        shape = v.shape[0].value(sizes), v.shape[1].value(sizes)
        parts = [rng.integers(low, high, (third, *shape)) for low, high in ((0, 2), (-1, 2), (-2, 4))]
        X = scale * np.concatenate(parts)
        X[0] = 0
        for name, imposed in INTEGERS.items():
            if name in v.data.properties:
                X = imposed(X)
        found[v.data.name] = X
    return found


def _smooth(roots: Sequence[Expr], env: dict[str, Array], sizes: dict[str, int]) -> Array:
    """Which points are on no kink."""
    good = np.ones(CANDIDATES, bool)
    for root in roots:
        found = values(root, env, sizes)
        for node in found:
            if node.op.name in KINKS:
                good &= np.broadcast_to((np.abs(found[node.args[0]]) > 0).all((-2, -1)), good.shape)
    return good


def _different(a: Array, b: Array, floor: Array) -> Array:
    """Which points the sides visibly differ at, by more than rounding of what is large on the way; two shapes, all."""
    if a.shape != b.shape and (1, 1) not in (a.shape[1:], b.shape[1:]):
        return np.ones(len(a), bool)
    gap = np.abs(a - b).max((1, 2))
    largest = np.maximum(np.abs(a).max((1, 2)), np.abs(b).max((1, 2)))
    return np.asarray(gap > DIFFERENT * np.maximum(largest, floor))


def _unreadable(*sides: Array) -> bool:
    """Whether some entry is no short decimal."""
    return any((np.abs(X * 12 - np.round(X * 12)) > 1e-6).any() for X in sides)


def _cost(env: dict[str, Array], k: int) -> tuple[float, ...]:
    """Few variables that are all zero, then small numbers, then few negative ones."""
    values = [X[k] for X in env.values()]
    return (
        sum(not X.any() for X in values),
        sum(float(np.abs(X).sum()) for X in values),
        sum(float((X < 0).sum()) for X in values),
    )
