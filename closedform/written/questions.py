"""What a derivative is asked about its entries: written out at some sizes, and by which route they are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from closedform.core.expr import Expr
from closedform.core.function import Function
from closedform.core.shape import ONE, Dim
from closedform.errors import RequestError
from closedform.index.tensor import axes
from closedform.written.entries import Entries
from closedform.written.record import Slices, WrittenOut, chosen_sizes, refuse_many, verify, write_out
from closedform.written.routes import Routes, routes

if TYPE_CHECKING:
    from closedform.check.interpreter import Env


def written_out(function: Function, variables: Sequence[Expr], matrix: Expr, array: bool, given: Mapping[str, int]) -> WrittenOut:
    """The entries of a derivative.

    Args:
        function: what was differentiated.
        variables: by what.
        matrix: the derivative as a matrix.
        array: whether that is ∂vec F/∂(vec X)' of an array with axes for F, then for each variable.
        given: sizes of dimensions.

    Raises:
        RequestError: not a dimension, or not a size.
        TooLarge: there are more than 400 entries, or they are too long.
    """
    from closedform.check.sample import names_of_dims, sample_at

    roots = [matrix, function.expr, *variables]
    sizes = chosen_sizes(names_of_dims(roots), given)
    dims = [d for e in (function.expr, *variables) for d in axes(e)] if array else _axes(matrix)
    shape = tuple(d.value(sizes) for d in dims)
    refuse_many(prod(shape))
    shown = _slices(function, variables) if len(shape) > 2 else None
    written = write_out(matrix, shape, Entries(sizes, function.variables), shown)
    sample = sample_at(roots, sizes)
    verify(written, matrix, [_point(sample.env, k) for k in range(sample.points)])
    return written


def both_routes(function: Function, variables: Sequence[Expr], at: Mapping[str, Any] | None, given: Mapping[str, int]) -> Routes:
    """Both routes of a first derivative by a variable without structure.

    Args:
        function: what was differentiated.
        variables: by what.
        at: values of the variables, as the compiled derivative takes them; by default random ones.
        given: sizes of dimensions.

    Raises:
        RequestError: a second derivative, or a variable of symmetric or diagonal form; values that do not fit.
        TooLarge: there are more than 400 entries, or they are too long.
        VerificationError: the routes differ; a bug of closedform.
    """
    from closedform.calculus.structure import structure_of
    from closedform.check.sample import names_of_dims, sample_at

    f, x = function.expr, variables[0]
    if len(variables) > 1:
        raise RequestError("the two routes are those of a first derivative")
    if structure_of(x) is not None:
        raise RequestError(f"the entries of {x.data.name} are not free: the two routes are by a variable of any value",
                           hint=f"declare {x.data.name} without its properties, or ask for the vech form")  # fmt: skip
    names = names_of_dims([f, x])
    sizes = chosen_sizes(names, given)
    if at is not None:
        values, found = _values(function, at)
        sizes = chosen_sizes(names, {**{n: found[n] for n in names if n in found}, **given})
    refuse_many(prod(d.value(sizes) for e in (f, x) for d in axes(e)))
    env = _point(sample_at([f, x], sizes).env, 0) if at is None else values
    return routes(f, x, _slices(function, variables, every=True), sizes, list(function.variables), env)


def _axes(matrix: Expr) -> list[Dim]:
    """A column has one axis, a row two: it is shown lying."""
    rows, columns = matrix.shape
    return [] if matrix.is_scalar else [rows] if columns is ONE else [rows, columns]


def _slices(function: Function, variables: Sequence[Expr], every: bool = False) -> Slices:
    scalar = function.expr.is_scalar
    name = next(n for n in ("fgφψ·" if scalar else "FGΦΨ·") if n not in function.variables)
    labelled = tuple(variables[1:] if scalar and not every else variables)
    return Slices(name, tuple(variables), labelled)


def _point(env: Env, k: int) -> dict[str, Any]:
    return {name: value[k] for name, value in env.items()}


def _values(function: Function, at: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """The values as matrices, and the sizes they show; checked as the code of the function checks them."""
    import numpy as np

    from closedform.emit.numpy import compile

    value = compile(function.expr, list(function.variables.values()))
    shown: dict[str, int] = {}
    found: dict[str, Any] = {}
    value(**at, **{name: 1 for name in value.sizes})
    for name, x in function.variables.items():
        array = np.asarray(at[name], dtype=float)
        for d, size in zip(axes(x), array.shape, strict=True):
            if d.name:
                shown[d.name] = size
        found[name] = array.reshape([1, 1] if x.is_scalar else [-1, 1] if x.shape[1] is ONE else [array.shape[0] if x.shape[0] is not ONE else 1, -1])
    return found, shown
