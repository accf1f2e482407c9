"""Sums, means, norms and the like, over all axes or some."""

from __future__ import annotations

from typing import Any

from closedform.core.expr import Expr, number, ones, size_of
from closedform.core.shape import ONE
from closedform.errors import NotSupported, ShapeError
from closedform.ops import elementwise as entry
from closedform.ops import matrix_functions, reductions
from closedform.tracing.arithmetic import HALF, add, divide, matmul, multiply, power, subtract
from closedform.tracing.array import Array, Dims, told
from closedform.tracing.values import lift

Axis = int | tuple[int, ...] | None


def axes_of(x: Array, axis: Axis) -> frozenset[int]:
    """The axes that are meant; all of them by None.

    Raises:
        ShapeError: there is no such axis.
    """
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    for a in given:
        if type(a) is not int or not -x.ndim <= a < x.ndim:
            raise ShapeError(f"an array of shape {told(x.dims)} has no axis {a!r}"[:200])
    return frozenset(a % x.ndim for a in given)


def left(dims: Dims, over: frozenset[int], keepdims: bool) -> Dims:
    """The shape that is left by a reduction."""
    kept = tuple(ONE if i in over else d for i, d in enumerate(dims))
    return kept if keepdims else tuple(d for i, d in enumerate(dims) if i not in over)


def total(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    x = lift(x)
    over = axes_of(x, axis)
    dims = left(x.dims, over, keepdims)
    if len(over) < x.ndim:
        return Array(_along(x.expr, over, keepdims), dims)
    return Array(reductions.sum(x.expr) if over else x.expr, dims)


def _along(X: Expr, over: frozenset[int], keepdims: bool) -> Expr:
    """Sums of rows, a column; or of columns, a row if the axis is kept."""
    rows, columns = X.shape
    if 1 in over or not over:
        return X @ ones((columns, ONE)) if over else X
    return ones((ONE, rows)) @ X if keepdims else X.T @ ones((rows, ONE))


def entries(x: Array, over: frozenset[int]) -> Array:
    """How many entries there are along some axes, as a number."""
    product = number(1)
    for i in sorted(over):
        n = size_of(x.dims[i])
        product = n if product.op.name == "number" and product.data == 1 else product * n
    return Array(product, ())


def mean(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    x = lift(x)
    return divide(total(x, axis, keepdims=keepdims), entries(x, axes_of(x, axis)))


def var(x: Any, /, axis: Axis = None, *, ddof: Any = 0, keepdims: bool = False) -> Array:
    x = lift(x)
    squares = power(subtract(x, mean(x, axis, keepdims=True)), 2)
    n = entries(x, axes_of(x, axis))
    return divide(total(squares, axis, keepdims=keepdims), subtract(n, ddof) if ddof else n)


def std(x: Any, /, axis: Axis = None, *, ddof: Any = 0, keepdims: bool = False) -> Array:
    return power(var(x, axis, ddof=ddof, keepdims=keepdims), 0.5)


def torch_var(x: Any, /, axis: Axis = None, *, ddof: Any = 1, unbiased: bool = True, keepdims: bool = False) -> Array:
    """PyTorch divides by n − 1 unless it is told not to."""
    return var(x, axis, ddof=ddof if unbiased else 0, keepdims=keepdims)


def torch_std(x: Any, /, axis: Axis = None, *, ddof: Any = 1, unbiased: bool = True, keepdims: bool = False) -> Array:
    return std(x, axis, ddof=ddof if unbiased else 0, keepdims=keepdims)


def var_method(x: Any, /, axis: Axis = None, *, ddof: Any = None, keepdims: bool = False) -> Array:
    """`x.var(ddof=0)`.

    Raises:
        NotSupported: without `ddof`, for libraries differ.
    """
    if ddof is None:
        raise NotSupported("x.var() and x.std() differ between NumPy and PyTorch",
                           hint="write numpy.var(x) or torch.var(x), or say ddof=0")  # fmt: skip
    return var(x, axis, ddof=ddof, keepdims=keepdims)


def std_method(x: Any, /, axis: Axis = None, *, ddof: Any = None, keepdims: bool = False) -> Array:
    return power(var_method(x, axis, ddof=ddof, keepdims=keepdims), 0.5)


def average(x: Any, /, axis: Axis = None, weights: Any = None) -> Array:
    if weights is None:
        return mean(x, axis)
    x, w = lift(x), lift(weights)
    if x.dims != w.dims:
        raise ShapeError(f"weights of shape {told(w.dims)} do not fit an array of shape {told(x.dims)}")
    return divide(total(multiply(x, w), axis), total(w, axis))


def largest(x: Any, /, axis: Axis = None) -> Array:
    """The largest entry.

    Raises:
        NotSupported: that of each row or column.
    """
    x = lift(x)
    if len(axes_of(x, axis)) < x.ndim:
        raise NotSupported(
            "the largest entry along one axis has no formula here",
            hint="a shift by it, as in a softmax, can be left out: code made from the formula is stable",
        )
    return Array(reductions.max(x.expr) if x.dims else x.expr, ())


def smallest(x: Any, /, axis: Axis = None) -> Array:
    x = lift(x)
    return Array(-largest(Array(-x.expr, x.dims), axis).expr, ())


def largest_of_all(x: Any, /) -> Array:
    """PyTorch: with an axis it would return places too."""
    return largest(x)


def smallest_of_all(x: Any, /) -> Array:
    return smallest(x)


def logsumexp(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    x = lift(x)
    over = axes_of(x, axis)
    if ONE in x.expr.shape and len(over) == x.ndim:
        return Array(reductions.logsumexp(x.expr), left(x.dims, over, keepdims))
    sums = total(Array(entry.exp(x.expr), x.dims), axis, keepdims=keepdims)
    return Array(entry.log(sums.expr), sums.dims)


def torch_logsumexp(x: Any, /, axis: Axis, *, keepdims: bool = False) -> Array:
    return logsumexp(x, axis, keepdims=keepdims)


def softmax(x: Any, /, axis: Axis = None) -> Array:
    x = lift(x)
    if ONE in x.expr.shape and len(axes_of(x, axis)) == x.ndim:
        return Array(reductions.softmax(x.expr), x.dims)
    powers = Array(entry.exp(x.expr), x.dims)
    return divide(powers, total(powers, axis, keepdims=True))


def log_softmax(x: Any, /, axis: Axis = None) -> Array:
    return subtract(x, logsumexp(x, axis, keepdims=True))


def jax_softmax(x: Any, /, axis: Axis = -1) -> Array:
    return softmax(x, axis)


def jax_log_softmax(x: Any, /, axis: Axis = -1) -> Array:
    return log_softmax(x, axis)


def torch_softmax(x: Any, /, axis: Axis) -> Array:
    return softmax(x, axis)


def torch_log_softmax(x: Any, /, axis: Axis) -> Array:
    return log_softmax(x, axis)


# -------------------------------------------------------------------------------------------------------- norms


def vector_norm(x: Any, /, ord: Any = 2, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The norm of all entries, or of those along an axis: the Euclidean one, of order 1, infinite, or p."""
    x = lift(x)
    over = axes_of(x, axis)
    dims = left(x.dims, over, keepdims)
    magnitudes = Array(entry.abs(x.expr), x.dims)
    if ord == float("inf"):
        return Array(largest(magnitudes, axis).expr, dims)
    if len(over) == x.ndim and ord in (1, 2):
        return Array((reductions.norm1 if ord == 1 else reductions.norm2)(x.expr), dims)
    if ord == 1:
        return total(magnitudes, axis, keepdims=keepdims)
    if ord == 2:
        sums = total(Array(x.expr**2, x.dims), axis, keepdims=keepdims)
        return Array(sums.expr**HALF, sums.dims)
    if not isinstance(ord, int | float) or ord <= 0:
        raise NotSupported(f"the norm of order {ord!r} is not understood"[:200])
    return power(total(power(magnitudes, ord), axis, keepdims=keepdims), 1 / ord)


def norm(x: Any, /, ord: Any = None, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Of a vector its norm; of a matrix the Frobenius norm or, when asked for, the nuclear one."""
    x = lift(x)
    over = axes_of(x, axis)
    if ord in (None, "fro"):
        return vector_norm(x, 2, axis, keepdims=keepdims)
    if len(over) < 2:
        return vector_norm(x, ord, axis, keepdims=keepdims)
    if ord == "nuc":
        return Array(matrix_functions.normnuc(x.expr), left(x.dims, over, keepdims))
    raise NotSupported(f"the norm of order {ord!r} of a matrix is not understood"[:200],
                       hint="the Frobenius and the nuclear norm are, 'fro' and 'nuc'")  # fmt: skip


def matrix_norm(x: Any, /, ord: Any = "fro") -> Array:
    return norm(x, ord)


def torch_norm(x: Any, /, p: Any = "fro", axis: Axis = None, *, keepdims: bool = False) -> Array:
    """`torch.norm`, for which a number p means the norm of all entries."""
    if p in ("fro", "nuc", None):
        return norm(x, p, axis, keepdims=keepdims)
    return vector_norm(x, p, axis, keepdims=keepdims)


# ------------------------------------------------------------------------------------------------------- losses


def _reduced(x: Array, reduction: str) -> Array:
    if reduction not in ("mean", "sum", "none"):
        raise NotSupported(f"the reduction {reduction!r} is not understood"[:200])
    return x if reduction == "none" else mean(x) if reduction == "mean" else total(x)


def _same_shape(x: Any, y: Any) -> tuple[Array, Array]:
    x, y = lift(x), lift(y)
    if x.dims != y.dims:
        raise ShapeError(f"arrays of shapes {told(x.dims)} and {told(y.dims)} are not of one shape")
    return x, y


def mse_loss(x: Any, target: Any, *, reduction: str = "mean") -> Array:
    x, target = _same_shape(x, target)
    return _reduced(power(subtract(x, target), 2), reduction)


def l1_loss(x: Any, target: Any, *, reduction: str = "mean") -> Array:
    x, target = _same_shape(x, target)
    return _reduced(Array(entry.abs(x.expr - target.expr), x.dims), reduction)


def bce_with_logits(x: Any, target: Any, *, reduction: str = "mean") -> Array:
    """softplus(x) − y x, the negative log-likelihood of y under σ(x)."""
    x, target = _same_shape(x, target)
    return _reduced(subtract(Array(entry.softplus(x.expr), x.dims), multiply(target, x)), reduction)


def linear(x: Any, weight: Any, bias: Any = None) -> Array:
    """x Wᵀ + b."""
    made = matmul(x, lift(weight).T)
    return made if bias is None else add(made, bias)
