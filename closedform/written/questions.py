"""What a derivative is asked about its entries: written out at some sizes, and by which route they are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from closedform.calculus.structure import structure_of
from closedform.core.expr import Expr
from closedform.core.function import Function
from closedform.core.shape import ONE, Dim
from closedform.errors import RequestError
from closedform.index.tensor import axes
from closedform.program.compile import compile
from closedform.written.entries import Entries
from closedform.written.record import Slices, WrittenOut, chosen_sizes, refuse_many, verify, write_out
from closedform.written.routes import Routes, routes

if TYPE_CHECKING:
    from closedform.verification.interpreter import Env


def written_out(
    function: Function, variables: Sequence[Expr], matrix: Expr, array: bool, size: int, given: Mapping[str, int]
) -> WrittenOut:
    """The entries of a derivative.

    Args:
        function: what was differentiated.
        variables: by what.
        matrix: the derivative as a matrix.
        array: whether that is ∂vec F/∂(vec X)' of an array with axes for F, then for each variable.
        size: of every dimension that is not given.
        given: sizes of dimensions.

    Raises:
        RequestError: not a dimension, or not a size.
        TooLarge: there are more than 400 entries, or they are too long.
    """
    from closedform.verification.sample import names_of_dims, sample_at

    roots = [matrix, function.expr, *variables]
    sizes = chosen_sizes(names_of_dims(roots), size, given)
    dims = [d for e in (function.expr, *variables) for d in axes(e)] if array else _axes(matrix)
    shape = tuple(d.value(sizes) for d in dims)
    refuse_many(prod(shape))
    shown = _slices(function, variables) if len(shape) > 2 else None
    written = write_out(matrix, shape, Entries(sizes, function.variables), shown)
    sample = sample_at(roots, sizes)
    verify(written, matrix, [_point(sample.env, k) for k in range(sample.points)])
    return written


def both_routes(
    function: Function, variables: Sequence[Expr], at: Mapping[str, Any] | None, size: int, given: Mapping[str, int]
) -> Routes:
    """Both routes of a first derivative by a variable without structure.

    Args:
        function: what was differentiated.
        variables: by what.
        at: values of the variables, as the compiled derivative takes them; by default random ones.
        size: of every dimension that is neither given nor shown by a value.
        given: sizes of dimensions.

    Raises:
        RequestError: a second derivative, or a variable of symmetric or diagonal form; values that do not fit.
        TooLarge: there are more than 400 entries, or they are too long.
        VerificationError: the routes differ; a bug of closedform.
    """
    from closedform.verification.sample import names_of_dims, sample_at

    f, x = function.expr, variables[0]
    if not has_routes(variables):
        if len(variables) > 1:
            raise RequestError("the two routes are those of a first derivative")
        raise RequestError(f"the entries of {x.data.name} are not free: the two routes are by a variable of any value",
                           hint=f"declare {x.data.name} without its properties, or ask for the vech form")  # fmt: skip
    names = names_of_dims([f, x])
    values, shown = ({}, {}) if at is None else _values(function, at, given)
    sizes = chosen_sizes(names, size, {**given, **{name: n for name, n in shown.items() if name in names}})
    refuse_many(prod(d.value(sizes) for e in (f, x) for d in axes(e)))
    env = values or _point(sample_at([f, x], sizes).env, 0)
    return routes(f, x, _slices(function, variables, every=True), sizes, list(function.variables), env)


def _axes(matrix: Expr) -> list[Dim]:
    """A column has one axis, a row two: it is shown lying."""
    rows, columns = matrix.shape
    return [] if matrix.is_scalar else [rows] if columns is ONE else [rows, columns]


def _slices(function: Function, variables: Sequence[Expr], every: bool = False) -> Slices:
    labelled = variables[1:] if function.expr.is_scalar and not every else variables
    return Slices(function.letter, tuple(variables), tuple(labelled))


def _point(env: Env, k: int) -> dict[str, Any]:
    return {name: value[k] for name, value in env.items()}


def has_routes(variables: Sequence[Expr]) -> bool:
    """Whether a derivative is a first one by a variable without structure."""
    return len(variables) == 1 and structure_of(variables[0]) is None


def _values(
    function: Function, at: Mapping[str, Any], given: Mapping[str, int]
) -> tuple[dict[str, Any], dict[str, int]]:
    """The values as matrices, and the sizes they show; checked as compiled code checks them."""
    run = compile(function.expr, list(function.variables.values()))
    run(**at, **{name: given.get(name, 1) for name in run.sizes})
    values: dict[str, Any] = {}
    shown: dict[str, int] = {}
    for name, x in function.variables.items():
        array = np.asarray(at[name], dtype=float)
        lengths = iter(array.shape)
        rows, columns = (1 if d is ONE else next(lengths) for d in x.shape)
        shown.update({d.name: n for d, n in zip(x.shape, (rows, columns), strict=True) if d.name})
        values[name] = array.reshape(rows, columns)
    return values, shown
