"""Layout conventions: one record each, applied once, at the end.

Rules and engines never ask which layout is wanted.  The engine's own arrangement is: gradients have the
shape of their variable, the rows of a Jacobian or Hessian count the function, and what has more than two
indices is ∂vec F/∂(vec X)'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from closedform.core.expr import Expr
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.errors import RequestError
from closedform.ops.structure import vec


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the engine's answer is laid out: as a matrix, or as an array with an axis for each index.

    Attributes:
        name: in words.
        matrix: the answer, laid out; of more than two indices the stacked one.
        axes: for an array, whether the axes of the function come first; None for a matrix.
    """

    name: str
    matrix: Callable[[Expr], Expr]
    axes: str | None = None


AS_IS = Arrangement("as it is", lambda e: e)
TURNED = Arrangement("transposed", lambda e: normal(e.T))
STACKED_ROW = Arrangement("stacked, as a row", lambda e: normal(vec(e).T))
OUTPUT_FIRST = Arrangement("array, axes of the function first", lambda e: e, "output")
INPUT_FIRST = Arrangement("array, axes of the variable first", lambda e: e, "input")


@dataclass(frozen=True, slots=True)
class Layout:
    """A convention: an arrangement for each kind of derivative.

    Attributes:
        name: what `--layout` takes.
        scalar_by_vector, …: the arrangement of the derivative of that by that.
        higher: of derivatives with more than two indices.
        users: who uses it.
    """

    name: str
    users: str
    scalar_by_vector: Arrangement = AS_IS
    scalar_by_matrix: Arrangement = AS_IS
    vector_by_scalar: Arrangement = AS_IS
    vector_by_vector: Arrangement = AS_IS
    matrix_by_scalar: Arrangement = AS_IS
    higher: Arrangement = AS_IS

    def arrangement(self, function: Expr, variable: Expr, stacked: bool) -> Arrangement:
        """How the derivative of that function by that variable is laid out."""
        if stacked:
            return self.higher
        kind = f"{_kind(function)}_by_{_kind(variable)}"
        return AS_IS if kind == "scalar_by_scalar" else getattr(self, kind)


@dataclass(frozen=True, slots=True)
class ByFreeEntries(Layout):
    """By the free entries of symmetric variables, whose derivative is found anew.

    Attributes:
        rows: what they count for a symmetric F, `vech` F or `vec` F.
    """

    rows: str = "vech"


def _kind(e: Expr) -> str:
    return ("scalar", "vector", "matrix")[sum(d is not ONE for d in e.shape)]


_NUMERATOR = {"scalar_by_vector": TURNED, "scalar_by_matrix": TURNED}
_DENOMINATOR = {"vector_by_scalar": TURNED, "vector_by_vector": TURNED, "matrix_by_scalar": TURNED, "higher": TURNED}

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("gradient", "matrixcalculus.org (mixed)"),
        Layout("numerator", "Wikipedia, numerator layout", **_NUMERATOR),
        Layout("denominator", "Wikipedia, denominator layout", **_DENOMINATOR),
        Layout("vec", "∂vec F/∂(vec X)'; Magnus and Neudecker", scalar_by_vector=TURNED, scalar_by_matrix=STACKED_ROW),
        ByFreeEntries("vech", "∂vech F/∂(vech S)', by the free entries of a symmetric S; Magnus and Neudecker"),
        ByFreeEntries("vec-vech", "∂vec F/∂(vech S)', also for a symmetric F", rows="vec"),
        Layout("tensor", "axes of the function first; JAX, PyTorch", higher=OUTPUT_FIRST),
        Layout("tensor-input", "axes of the variable first", vector_by_vector=TURNED, higher=INPUT_FIRST),
        Layout(
            "mml",
            "Deisenroth, Faisal, Ong: Mathematics for Machine Learning",
            scalar_by_vector=TURNED,
            higher=OUTPUT_FIRST,
        ),
        Layout("matrix-cookbook", "Petersen, Pedersen: The Matrix Cookbook", **_DENOMINATOR),
        Layout(
            "seed-000",
            "seed note 000: rows for vectors, output-first arrays",
            scalar_by_vector=TURNED,
            higher=OUTPUT_FIRST,
        ),
        Layout("seed-001", "seed note 001: column gradient, row for a vector by a scalar", vector_by_scalar=TURNED),
        Layout(
            "seed-002",
            "seed note 002: columns are gradients, input-first arrays",
            vector_by_scalar=TURNED,
            vector_by_vector=TURNED,
            higher=INPUT_FIRST,
        ),
        Layout("seed-003", "seed note 003: ∂f/∂x' is a row, ∂f/∂X has the shape of X", scalar_by_vector=TURNED),
        Layout(
            "seed-004",
            "seed note 004: denominator, PQ×MN",
            vector_by_scalar=TURNED,
            vector_by_vector=TURNED,
            matrix_by_scalar=STACKED_ROW,
            higher=TURNED,
        ),
    )
}


def layout_named(name: str) -> Layout:
    """The record of a layout.

    Raises:
        RequestError: there is none of that name.
    """
    if name not in LAYOUTS:
        raise RequestError(f"unknown layout {name!r}"[:100], hint="one of " + ", ".join(LAYOUTS))
    return LAYOUTS[name]
