"""Stand-ins for abstract functions: smooth functions, fixed by their names, with every derivative at hand.

Entry by entry, a sum of two waves of different lengths, so that no derivative is a multiple of another.  With values
of a fixed shape, F(X) = B + Σ L sin(X + c) R over two terms, with B = 3 I for square values, so that inverses exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from closedform.core.abstract import Abstract, Part

Array = np.ndarray[Any, Any]
WAVES = ((1.0, 1.0), (0.5, 1.7))  #: amplitude and frequency


def stand_in(op: Abstract, args: Sequence[Array], sizes: Mapping[str, int]) -> Array:
    """The value of the record's stand-in; complex arguments pass through, for complex steps.

    Args:
        op: the record.
        args: its operands' values, of shape (..., rows, columns).
        sizes: the number for every named dimension.
    """
    rng = np.random.default_rng(crc32(op.function.encode()))
    X = args[0]
    if op.values is None:
        total = 0 * X
        for amplitude, w in WAVES:
            total = total + amplitude * w**op.order * np.sin(w * X + rng.uniform(0, 2 * np.pi) + op.order * np.pi / 2)
        return total
    rows, columns = (d.value(sizes) for d in op.values)
    k, l = X.shape[-2:]
    square = op.values[0] is op.values[1]
    total = np.asarray(3.0 * np.eye(rows)) if square and op.part is Part.VALUE else np.zeros((1, 1))
    for _ in WAVES:
        L, R = rng.standard_normal((rows, k)) / np.sqrt(k), rng.standard_normal((l, columns)) / np.sqrt(l)
        moved = X + rng.uniform(0, 2 * np.pi)
        if op.part is Part.VALUE:
            total = total + L @ np.sin(moved) @ R
        elif op.part is Part.ALONG:
            total = total + L @ (np.cos(moved) * args[1]) @ R
        else:
            total = total + np.cos(moved) * (L.T @ args[1] @ R.T)
    return total
