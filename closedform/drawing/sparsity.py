"""Where the entries of an answer are not zero."""

from __future__ import annotations

from closedform.answer import Derivative
from closedform.drawing.svg import UNIT, rect, sample_sizes, svg

SIZES = (8, 6, 5, 7, 4)  #: sample sizes
SIZES_OF_ARRAYS = (3, 4, 2)
LARGEST = 64  #: rows or columns of a pattern


def sparsity(D: Derivative) -> tuple[str, dict[str, int], int, int] | None:
    """Where the entries of a matrix are not zero, at sample sizes and random values; None for a vector or an array.

    Returns:
        The drawing, the sizes, how many entries are not zero, and how many there are.
    """
    import numpy as np

    from closedform.verification.interpreter import evaluate
    from closedform.verification.sample import sample_at

    if D.arrangement.axes or 1 in (d.value({n: 2 for n in d.names}) for d in D.expr.shape):
        return None
    sizes = sample_sizes([D.function.expr, *D.variables], SIZES_OF_ARRAYS if D.is_array else SIZES)
    rows, columns = (d.value(sizes) for d in D.expr.shape)
    if max(rows, columns) > LARGEST:
        return None
    sample = sample_at([D.function.expr, *D.variables], sizes)
    values = np.abs(evaluate(D.expr, sample.env, sample.sizes)).reshape(-1, rows, columns).max(axis=0)
    there = values > 1e-13 * values.max()
    cell = 6.0 if max(rows, columns) > 24 else UNIT
    drawn = [rect(1, 1, columns * cell, rows * cell, "frame")]
    drawn += [rect(1.5 + j * cell, 1.5 + i * cell, cell - 1, cell - 1) for i, j in np.argwhere(there)]
    drawing = svg(columns * cell + 2, rows * cell + 2, drawn, f"{int(there.sum())} / {there.size}")
    return drawing, sizes, int(there.sum()), int(there.size)
