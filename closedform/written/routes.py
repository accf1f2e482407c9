"""Two routes to the array of partial derivatives ∂F_ij/∂X_kl: stack partials, or flatten and differentiate once.

Source: Deisenroth, Faisal, Ong, Mathematics for Machine Learning (2020), 5.4, figure 5.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from closedform.calculus.derivative import stacked_derivative
from closedform.calculus.differential import differential, differential_symbol
from closedform.compact.compact import compact, compact_all
from closedform.core.expr import Expr, number, topological
from closedform.core.normal import normal
from closedform.index.tensor import axes
from closedform.written.entries import ZERO, Entries
from closedform.written.record import Slices, WrittenOut, compare, nested, write_out

if TYPE_CHECKING:
    from closedform.verification.interpreter import Array, Env


@dataclass(frozen=True, slots=True)
class Routes:
    """Both routes, as formulas and as numbers at one point.

    Attributes:
        partials: the first route: ∂F/∂X_kl for each entry of X, from the differential at dX = E_kl, stacked.
        jacobian: the second one: the matrix ∂vec F/∂(vec X)'.
        point: the values of the variables, as matrices.
        stacked: the numbers of the first route: axes of F, then of X.
        flat: the numbers of the matrix.
        reshaped: that matrix reshaped with the first index running fastest, as vec stacks.
        difference: the largest between `stacked` and `reshaped`.
        by_rows: the largest between `stacked` and the matrix reshaped with the last index running fastest.
    """

    partials: WrittenOut
    jacobian: WrittenOut
    point: dict[str, Array]
    stacked: Array
    flat: Array
    reshaped: Array
    difference: float
    by_rows: float

    @property
    def says(self) -> str:
        """That both give one array, which was computed, and that reshaping by rows would not."""
        shape = "×".join(map(str, self.stacked.shape)) or "1×1"
        largest = f"{self.difference:.0e}" if self.difference else "0"
        said = (
            f"both routes give the same {shape} array, flattened and reshaped by columns (largest difference {largest})"
        )
        if self.by_rows <= 1e-9 * max(1.0, float(np.abs(self.stacked).max(initial=0.0))):
            return said
        return f"{said}; reshaped by rows, the matrix gives a wrong one (off by {self.by_rows:.2g})"

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "partials": self.partials.as_dict(),
            "jacobian": self.jacobian.as_dict(),
            "point": {name: value.tolist() for name, value in self.point.items()},
            "stacked": self.stacked.tolist(),
            "flat": self.flat.tolist(),
            "difference": self.difference,
            "by_rows": self.by_rows,
            "says": self.says,
        }


def routes(f: Expr, x: Expr, slices: Slices, sizes: Mapping[str, int], taken: list[str], env: Env) -> Routes:
    """Both routes of a derivative by a variable without structure.

    Args:
        f: what is differentiated, of any shape.
        x: a symbol.
        slices: how the slices of the array are called.
        sizes: a number for every named dimension.
        taken: names of the variables.
        env: their values at the point of comparison.

    Raises:
        TooLarge: the entries are too long to write down.
        VerificationError: the routes differ; a bug of closedform.
    """
    from closedform.verification.interpreter import evaluate

    scalars = Entries(sizes, taken)
    shape = tuple(d.value(sizes) for e in (f, x) for d in axes(e))
    J = compact(normal(stacked_derivative(f, x)))
    jacobian = write_out(J, scalars.shape(J), scalars)
    partials, stacked = _partials(f, x, shape, scalars, slices, env)
    flat = evaluate(J, env, sizes).reshape(jacobian.shape)
    reshaped = flat.reshape(shape, order="F")
    difference = compare(stacked, reshaped, "the two routes to the derivative differ")
    compare(jacobian.numbers(env), flat, "the Jacobian matrix written out differs from its value")
    by_rows = float(np.abs(stacked - flat.reshape(shape)).max(initial=0.0))
    return Routes(partials, jacobian, dict(env), stacked, flat, reshaped, difference, by_rows)


def _partials(
    f: Expr, x: Expr, shape: tuple[int, ...], scalars: Entries, slices: Slices, env: Env
) -> tuple[WrittenOut, Array]:
    """The differential of F at each unit matrix E_kl in place of dX, by formulas and by numbers."""
    from closedform.verification.interpreter import evaluate

    dx = differential_symbol(x)
    dF = compact(normal(differential(f, [x])))
    depending = {dx}
    for n in topological([dF]):
        if any(a in depending for a in n.args):
            depending.add(n)
        elif n is not dx:
            scalars.of(n)
    rows, columns = scalars.shape(x)
    p, q = scalars.shape(f)
    cells: list[Expr] = []
    values = []
    for at in [(k, l) for l in range(columns) for k in range(rows)]:
        along = Entries(scalars.sizes, scalars.taken)
        along.places, along.known = scalars.places, {**scalars.known, dx: {at: number(1)}}
        grid = along.of(dF)
        cells += compact_all([grid.get((i, j), ZERO) for j in range(q) for i in range(p)])
        E = np.zeros((rows, columns))
        E[at] = 1
        values.append(evaluate(dF, {**env, dx.data.name: E}, scalars.sizes).ravel(order="F"))
    written = WrittenOut(nested(cells, shape), shape, dict(scalars.sizes), scalars, slices)
    stacked = np.stack(values, axis=-1).reshape(shape, order="F")
    compare(written.numbers(env), stacked, "a partial derivative written out differs from its value")
    return written, stacked
