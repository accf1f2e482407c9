"""Comparing expressions by value, at a random point where the first is defined and well conditioned."""

from __future__ import annotations

import numpy as np
from hypothesis import assume

from closedform.core.expr import Expr, topological
from closedform.verification.interpreter import evaluate
from tests.strategies import SIZES, environment

LARGEST = 1e6  #: values beyond it say little in double precision
SMALLEST = 1e-3  #: so do sums that nearly cancel, kinks and poles


def assert_same_value(before: Expr, after: Expr, seed: int, rtol: float = 1e-7) -> None:
    """`after` equals `before` wherever `before` is finite on the way and away from kinks, poles and cancellation.

    The tolerance is relative to the largest value that occurs on the way.
    """
    env = environment(before, seed)
    values = [evaluate(e, env, SIZES) for e in topological([before])]
    assume(all(np.isfinite(v).all() and np.abs(v).max() < LARGEST for v in values))
    assume(
        all(np.abs(v).min() > SMALLEST for e, v in zip(topological([before]), values, strict=True) if _is_delicate(e))
    )
    known = dict(zip(topological([before]), values, strict=True))
    assume(not any(_ties(known[e.args[0]]) for e in known if e.op.name == "ismax"))
    expected, found = values[-1], evaluate(after, env, SIZES)
    scale = max(1.0, *[float(np.abs(v).max()) for v in values])
    assert np.allclose(found, expected, rtol=rtol, atol=rtol * scale), (
        f"{before}\n  became {after}\n{expected}\n{found}"
    )


def _is_delicate(e: Expr) -> bool:
    """Near zero it is ill-conditioned: a sum that may cancel."""
    return e.op.name in ("add", "sum", "det", "matmul", "tr")


def _ties(X: np.ndarray) -> bool:
    """Whether rounding decides which entry is the largest."""
    last = np.sort(X, axis=None)[-2:]
    return last.size > 1 and bool(last[1] - last[0] <= SMALLEST)
