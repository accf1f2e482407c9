"""Where a derivative is compared: random points at which the function is smooth and its values are not large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from closedform.core.expr import Expr
from closedform.errors import DomainError, TooLarge
from closedform.verification.interpreter import values
from closedform.verification.sample import sample_at

POINTS = 3  #: where a difference is looked at again: rounding is not a wrong formula
LARGEST = 1e4  #: of the values met on the way to f
KINK = 1e-6  #: closer to a kink there is no derivative
KINKS = {"abs", "relu", "sign", "norm1"}  #: in every entry
NORMS = {"norm2", "normnuc"}  #: at zero
SINGULAR = {"logdet", "inv"}  #: of singular matrices
EXPONENTIALS = {"logsumexp", "softmax"}  #: the libraries differentiate them as they are defined
STEEPEST = 100  #: their largest argument: at exp(355) the square overflows


@dataclass(frozen=True)
class Point:
    """Values of the variables where f is smooth.

    Attributes:
        env: 2-D values by name.
        sizes: the named dimensions.
        scale: the largest value met on the way.
        of_f: the value of f.
    """

    env: Mapping[str, np.ndarray]
    sizes: Mapping[str, int]
    scale: float
    of_f: np.ndarray


def points(f: Expr, wrt: Sequence[Expr], sizes: Mapping[str, int], seed: int) -> Iterator[Point]:
    """At most `POINTS` random points inside the domain of f, away from kinks, with values that are not large."""
    found = 0
    for attempt in range(POINTS + 1):
        try:
            sample = sample_at([f, *wrt], dict(sizes), points=1, seed=seed + attempt)
        except (DomainError, TooLarge):
            return
        env = {name: x[0] for name, x in sample.env.items()}
        known = values(f, env, sizes)
        largest = max(float(np.abs(v).max()) for v in known.values())
        if largest < LARGEST and all(_is_smooth(e, known) for e in known):
            yield Point(env, sizes, max(1.0, largest), known[f])
            found += 1
        if found == POINTS:
            return


def _is_smooth(e: Expr, known: Mapping[Expr, np.ndarray]) -> bool:
    if e.op.name in NORMS:
        return bool((np.abs(known[e.args[0]]) > KINK).any())
    if e.op.name in EXPONENTIALS:
        return bool((np.abs(known[e.args[0]]) < STEEPEST).all())
    if e.op.name in SINGULAR:
        return bool((np.linalg.svd(known[e.args[0]], compute_uv=False) > KINK).all())
    return e.op.name not in KINKS or bool((np.abs(known[e.args[0]]) > KINK).all())
