"""Operations entry by entry, with NumPy's broadcasting, and the products."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import zip_longest
from math import pi
from typing import Any

from closedform.core.expr import Expr, number, ones, times
from closedform.core.shape import ONE
from closedform.errors import ShapeError
from closedform.ops import elementwise as entry
from closedform.tracing.array import OPERATORS, Array, Dims, told
from closedform.tracing.values import lift, matrix_shape

Entrywise = Callable[[Expr], Expr]
HALF = number(Fraction(1, 2))


def broadcast(a: Dims, b: Dims) -> Dims:
    """The shape of a + b: axes are matched from the last, and one of length 1 is repeated.

    Raises:
        ShapeError: lengths that differ.
    """
    dims = []
    for p, q in zip_longest(reversed(a), reversed(b), fillvalue=ONE):
        if p is not q and ONE not in (p, q):
            raise ShapeError(f"arrays of shapes {told(a)} and {told(b)} do not broadcast")
        dims.append(q if p is ONE else p)
    return tuple(reversed(dims))


def spread(x: Array, dims: Dims) -> Expr:
    """The expression of x repeated to a shape that it broadcasts to."""
    rows, columns = matrix_shape(dims)
    e = x.expr.T if x.ndim == 1 and len(dims) == 2 else x.expr
    if e.shape == (rows, columns):
        return e
    if e.is_scalar:
        return times(e, ones((rows, columns)))
    return e @ ones((ONE, columns)) if e.shape[1] is ONE else ones((rows, ONE)) @ e


def entrywise(function: Entrywise) -> Callable[[Any], Array]:
    """The meaning of a function of every entry."""

    def meaning(x: Any, /) -> Array:
        x = lift(x)
        return Array(function(x.expr), x.dims)

    return meaning


def add(x: Any, y: Any, /) -> Array:
    """x + y; the 0 that a sum begins with is not written."""
    x, y = lift(x), lift(y)
    dims = broadcast(x.dims, y.dims)
    if _is_zero(x):
        return Array(y.expr, dims)
    return Array(spread(x, dims) + spread(y, dims), dims)


def subtract(x: Any, y: Any, /) -> Array:
    x, y = lift(x), lift(y)
    dims = broadcast(x.dims, y.dims)
    return Array(spread(x, dims) - spread(y, dims), dims)


def multiply(x: Any, y: Any, /) -> Array:
    x, y = lift(x), lift(y)
    dims = broadcast(x.dims, y.dims)
    return Array(_scaled(x, y, dims), dims)


def divide(x: Any, y: Any, /) -> Array:
    return multiply(x, power(y, -1))


def _scaled(x: Array, y: Array, dims: Dims) -> Expr:
    """A number times an array, or the product of entries."""
    if x.expr.is_scalar:
        return times(x.expr, spread(y, dims))
    return times(spread(x, dims), y.expr if y.expr.is_scalar else spread(y, dims))


def power(x: Any, y: Any, /) -> Array:
    x, y = lift(x), lift(y)
    dims = broadcast(x.dims, y.dims)
    exponent = y.expr if y.expr.is_scalar else spread(y, dims)
    return Array(spread(x, dims) ** exponent, dims)


def negative(x: Any, /) -> Array:
    x = lift(x)
    return Array(-x.expr, x.dims)


def maximum(x: Any, y: Any, /) -> Array:
    """max(x, 0) = relu(x); max(x, y) = y + relu(x − y)."""
    if _is_zero(y):
        return relu(x)
    return relu(y) if _is_zero(x) else add(y, relu(subtract(x, y)))


def minimum(x: Any, y: Any, /) -> Array:
    return negative(maximum(negative(x), negative(y)))


def _is_zero(x: Any) -> bool:
    """Whether it is the number 0."""
    zero = lift(x)
    return not zero.dims and zero.expr.op.name == "number" and zero.expr.data == 0


def clip(x: Any, min: Any = None, max: Any = None, *, a_min: Any = None, a_max: Any = None) -> Array:
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    above = lift(x) if low is None else maximum(x, low)
    return above if high is None else minimum(above, high)


def logaddexp(x: Any, y: Any, /) -> Array:
    """log(eˣ + eʸ) = y + softplus(x − y)."""
    if _is_zero(y):
        return softplus(x)
    return softplus(y) if _is_zero(x) else add(y, softplus(subtract(x, y)))


def xlogy(x: Any, y: Any, /) -> Array:
    return multiply(x, log(y))


def xlog1py(x: Any, y: Any, /) -> Array:
    return multiply(x, log(add(y, 1)))


def rel_entr(x: Any, y: Any, /) -> Array:
    """x log(x/y), written x log x − x log y, for x and y positive."""
    return multiply(x, subtract(log(x), log(y)))


def kl_div(x: Any, y: Any, /) -> Array:
    return add(subtract(rel_entr(x, y), x), y)


def hypot(x: Any, y: Any, /) -> Array:
    return sqrt(add(power(x, 2), power(y, 2)))


def gelu_tanh(x: Any, /, *, approximate: bool | str = True) -> Array:
    """x Φ(x), with Φ by tanh unless `approximate` is False or `"none"`."""
    x = lift(x)
    e = x.expr
    if approximate in (False, "none"):
        return Array(e * (1 + entry.erf(e * 2**-0.5)) / 2, x.dims)
    return Array(e * (1 + entry.tanh((e + e**3 * Fraction("0.044715")) * (2 / pi) ** 0.5)) / 2, x.dims)


def gelu_exact(x: Any, /, *, approximate: bool | str = "none") -> Array:
    return gelu_tanh(x, approximate=approximate)


def leaky_relu(x: Any, /, negative_slope: Any = 0.01) -> Array:
    return subtract(relu(x), multiply(negative_slope, relu(negative(x))))


def matmul(x: Any, y: Any, /) -> Array:
    """The product of matrices and vectors; of two vectors their inner product.

    Raises:
        ShapeError: lengths that differ, or an operand without axes.
    """
    x, y = lift(x), lift(y)
    if not x.dims or not y.dims or x.dims[-1] is not y.dims[-2:][0]:
        raise ShapeError(f"arrays of shapes {told(x.dims)} and {told(y.dims)} have no matrix product",
                         hint=_transposed_hint(x, y))  # fmt: skip
    dims = (*x.dims[:-1], *y.dims[1:][-1:])
    left = x.expr.T if x.ndim == 1 else x.expr
    made = left @ y.expr
    return Array(made.T if x.ndim == 1 and y.ndim == 2 else made, dims)


def _transposed_hint(x: Array, y: Array) -> str | None:
    """Which transpose would make the product fit."""
    if x.ndim == 2 and y.dims and x.dims[0] is y.dims[-2:][0]:
        return "transpose the left operand"
    return "transpose the right operand" if y.ndim == 2 and x.dims and x.dims[-1] is y.dims[-1] else None


def dot(x: Any, y: Any, /) -> Array:
    x, y = lift(x), lift(y)
    return matmul(x, y) if x.dims and y.dims else multiply(x, y)


ENTRYWISE: dict[str, Entrywise] = {  #: the name in NumPy or SciPy to the function
    "exp": entry.exp, "log": entry.log, "sin": entry.sin, "cos": entry.cos, "tan": entry.tan,
    "arcsin": entry.arcsin, "arccos": entry.arccos, "arctan": entry.arctan,
    "sinh": entry.sinh, "cosh": entry.cosh, "tanh": entry.tanh,
    "expit": entry.sigmoid, "softplus": entry.softplus, "relu": entry.relu, "abs": entry.abs, "sign": entry.sign,
    "erf": entry.erf,
    "sqrt": lambda x: x**HALF,
    "square": lambda x: x**2,
    "reciprocal": lambda x: x**-1,
    "rsqrt": lambda x: x**-HALF,
    "expm1": lambda x: entry.exp(x) - 1,
    "log1p": lambda x: entry.log(1 + x),
    "exp2": lambda x: entry.exp(entry.log(number(2)) * x),
    "log2": lambda x: entry.log(x) * entry.log(number(2)) ** -1,
    "log10": lambda x: entry.log(x) * entry.log(number(10)) ** -1,
    "log_expit": lambda x: -entry.softplus(-x),
    "logit": lambda x: entry.log(x) - entry.log(1 - x),
    "silu": lambda x: x * entry.sigmoid(x),
    "erfc": lambda x: 1 - entry.erf(x),
    "ndtr": lambda x: (1 + entry.erf(x * 2**-0.5)) / 2,
    "entr": lambda x: -(x * entry.log(x)),
}  # fmt: skip


log, sqrt = entrywise(ENTRYWISE["log"]), entrywise(ENTRYWISE["sqrt"])
relu, softplus = entrywise(ENTRYWISE["relu"]), entrywise(ENTRYWISE["softplus"])

OPERATORS |= {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "power": power,
    "negative": negative,
    "matmul": matmul,
    "abs": entrywise(ENTRYWISE["abs"]),
}
