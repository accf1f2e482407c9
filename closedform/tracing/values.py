"""Values: numbers as arrays, and the same entries with other axes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Rational
from typing import Any

from closedform.core.expr import OPS, Number, number
from closedform.core.shape import ONE, Dim, Shape
from closedform.errors import NotSupported, ShapeError
from closedform.tracing.array import OPERATORS, WHOLE_INDEX, Array, Dims, fresh, told, view

WRITTEN = 9  #: digits of a decimal that somebody wrote; a longer one was computed


def lift(value: Any) -> Array:
    """An array, or a number as an array without axes.

    Raises:
        NotSupported: an array of numbers, or something else.
    """
    if isinstance(value, Array):
        return fresh(value)
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Rational):
        return Array(number(Fraction(value)), ())
    if isinstance(value, float | Decimal) and isfinite(value):
        return Array(number(decimal(value)), ())
    if contains_array(value):
        raise NotSupported("a list of arrays has no formula here", hint="write a sum of products with the parts")
    if hasattr(value, "shape") or isinstance(value, list | tuple):
        raise NotSupported("an array of numbers has no name in the formula",
                           hint="make it a parameter or a global, and declare its shape")  # fmt: skip
    raise NotSupported(f"{str(value)[:40]} is neither an array nor a finite number")


def decimal(value: float | Decimal) -> Number:
    """What was written: a short decimal, or a ratio of small numbers; else the floating-point number.

    >>> decimal(0.1), decimal(1 / 3), decimal(2**0.5)
    (Fraction(1, 10), Fraction(1, 3), 1.4142135623730951)
    """
    written = Decimal(str(value))
    if len(written.as_tuple().digits) <= WRITTEN:
        return Fraction(written)
    ratio = Fraction(value).limit_denominator(1000)
    return ratio if float(ratio) == float(value) else float(value)


def matrix_shape(dims: Dims) -> Shape:
    """The shape of the expression of an array.

    Raises:
        NotSupported: it has more than two axes.
    """
    if len(dims) > 2:
        raise NotSupported(f"an array of {len(dims)} axes is not understood: there are scalars, vectors and matrices")
    first, second = (*dims, ONE, ONE)[:2]
    return first, second


def turned(x: Array) -> Array:
    """The transpose of a matrix.

    Raises:
        ShapeError: it is none.
    """
    if x.ndim != 2:
        raise ShapeError(f"an array of shape {told(x.dims)} is not a matrix, and has no transpose of one")
    return view(x, x.expr.T, x.dims[::-1])


def indexed(x: Array, index: Any) -> Array:
    """`x[:, None]`, `x[None, :]`, `x[:]` and `x[...]`: everything, with axes of length 1 put in.

    Raises:
        NotSupported: an entry, a slice or a mask.
    """
    dims: list[Dim] = []
    waiting = list(x.dims)
    for part in index if isinstance(index, tuple) else (index,):
        if part is None:
            dims.append(ONE)
        elif part is Ellipsis:
            dims, waiting = dims + waiting, []
        elif isinstance(part, slice) and part == slice(None) and waiting:
            dims.append(waiting.pop(0))
        else:
            raise NotSupported("this index is not understood in a traced function", hint=WHOLE_INDEX)
    return reshaped(x, (*dims, *waiting))


def reshaped(x: Array, dims: Dims) -> Array:
    """The same entries in the same order, with other axes; a view.

    Raises:
        ShapeError: another number of entries.
        NotSupported: more than two axes, or a matrix made from a vector.
    """
    rows, columns = matrix_shape(x.dims)
    shape = matrix_shape(dims)
    if shape == (rows, columns):
        return view(x, x.expr, dims)
    if shape[0] * shape[1] is not rows * columns:
        raise ShapeError(f"an array of shape {told(x.dims)} cannot have the shape {told(dims)}")
    if shape == (columns, rows) and ONE in shape:
        return view(x, x.expr.T, dims)
    if shape[1] is ONE or shape[0] is ONE:
        stacked = OPS["vec"](x.expr.T)
        return view(x, stacked if shape[1] is ONE else stacked.T, dims)
    raise NotSupported(f"to reshape {told(x.dims)} to {told(dims)} has no formula here")


def contains_array(values: Any, depth: int = 3) -> bool:
    """Whether there is an array of symbols among these, also in lists and tuples."""
    if isinstance(values, Array):
        return True
    if isinstance(values, Mapping):
        values = list(values.values())
    return depth > 0 and isinstance(values, list | tuple) and any(contains_array(v, depth - 1) for v in values)


OPERATORS |= {"turn": turned, "index": indexed}
