"""One record per operation.  Importing this package registers them all."""

from closedform.ops import (
    arithmetic,
    elementwise,
    leaves,
    linear_algebra,
    matrix_functions,
    product,
    reductions,
    structure,
)

__all__ = [
    "arithmetic",
    "elementwise",
    "leaves",
    "linear_algebra",
    "matrix_functions",
    "product",
    "reductions",
    "structure",
]
