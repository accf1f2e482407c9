"""One record per operation.  Importing this package registers them all."""

from closedform.ops import (
    abstract,
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
    "abstract",
    "arithmetic",
    "elementwise",
    "leaves",
    "linear_algebra",
    "matrix_functions",
    "product",
    "reductions",
    "structure",
]
