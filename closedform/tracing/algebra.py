"""Linear algebra, arrays made from nothing but a shape, and other axes for the same entries."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

from closedform.core import expr as core
from closedform.core.expr import OPS, Expr, number
from closedform.core.shape import ONE
from closedform.errors import NotSupported, ShapeError
from closedform.ops import elementwise, structure
from closedform.ops.linear_algebra import det as determinant
from closedform.ops.linear_algebra import logdet as log_abs_det
from closedform.ops.product import inv, matpow
from closedform.tracing.arithmetic import matmul, multiply
from closedform.tracing.array import Array, Dims, Size, as_dim, told, view
from closedform.tracing.reductions import total
from closedform.tracing.values import lift, matrix_shape, reshaped, turned


def _square(x: Any, what: str) -> Array:
    a = lift(x)
    if a.ndim != 2 or a.dims[0] is not a.dims[1]:
        raise ShapeError(f"{what} takes a square matrix, not an array of shape {told(a.dims)}")
    return a


def of_square(op: Callable[[Expr], Expr], what: str, scalar: bool = False) -> Callable[[Any], Array]:
    """The meaning of a function of a square matrix."""

    def meaning(x: Any, /) -> Array:
        x = _square(x, what)
        return Array(op(x.expr), () if scalar else x.dims)

    return meaning


inverse = of_square(inv, "inv")
det = of_square(determinant, "det", scalar=True)
logdet = of_square(log_abs_det, "logdet", scalar=True)
trace = of_square(OPS["tr"], "trace", scalar=True)
expm, logm, sqrtm = (of_square(OPS[name], name) for name in ("expm", "logm", "sqrtm"))


class SignAndLog(NamedTuple):
    """What `slogdet` returns."""

    sign: Array
    logabsdet: Array


def slogdet(x: Any, /) -> SignAndLog:
    return SignAndLog(Array(elementwise.sign(det(x).expr), ()), logdet(x))


def pinv(x: Any, /) -> Array:
    x = _matrix(x, "pinv")
    return Array(OPS["pinv"](x.expr), x.dims[::-1])


def _matrix(x: Any, what: str) -> Array:
    a = lift(x)
    if a.ndim != 2:
        raise ShapeError(f"{what} takes a matrix, not an array of shape {told(a.dims)}")
    return a


def solve(A: Any, b: Any, /, *, assume_a: str = "gen") -> Array:
    """A⁻¹ b."""
    return matmul(inverse(A), b)


def matrix_power(x: Any, n: Any, /) -> Array:
    x = _square(x, "matrix_power")
    if not isinstance(n, int):
        raise NotSupported("a matrix power is understood with a whole number as its exponent")
    if n in (0, 1, -1):
        return Array({0: core.eye(x.dims[0]), 1: x.expr, -1: inv(x.expr)}[n], x.dims)
    return Array(matpow(x.expr, number(n)), x.dims)


def diag(x: Any, /) -> Array:
    """The diagonal matrix of a vector; the diagonal of a square matrix."""
    x = lift(x)
    if x.ndim == 1:
        return Array(structure.diag(x.expr), (*x.dims, *x.dims))
    return diagonal(x)


def diagonal(x: Any, /) -> Array:
    x = _square(x, "diagonal")
    return view(x, structure.diagonal(x.expr), x.dims[:1])


def outer(x: Any, y: Any, /) -> Array:
    x, y = _vector(x), _vector(y)
    return Array(x.expr @ y.expr.T, (*x.dims, *y.dims))


def _vector(x: Any) -> Array:
    a = lift(x)
    if a.ndim != 1:
        raise ShapeError(f"a vector is wanted here, not an array of shape {told(a.dims)}")
    return a


def vecdot(x: Any, y: Any, /) -> Array:
    """The inner product of two vectors."""
    return matmul(_vector(x), _vector(y))


def inner(x: Any, y: Any, /) -> Array:
    x, y = lift(x), lift(y)
    return matmul(x, y.T) if x.dims and y.dims else multiply(x, y)


def vdot(x: Any, y: Any, /) -> Array:
    """The inner product of all entries."""
    x, y = lift(x), lift(y)
    if x.dims != y.dims:
        raise ShapeError(f"arrays of shapes {told(x.dims)} and {told(y.dims)} are not of one shape")
    return total(multiply(x, y))


def tensordot(x: Any, y: Any, /, axes: Any = 2) -> Array:
    x, y = lift(x), lift(y)
    if axes == 1:
        return matmul(x, y)
    if axes == 2 and x.ndim == y.ndim == 2:
        return vdot(x, y)
    raise NotSupported("tensordot is understood with 1 axis, or with 2 of two matrices")


def kron(x: Any, y: Any, /) -> Array:
    x, y = lift(x), lift(y)
    if x.ndim != y.ndim or not x.dims:
        raise ShapeError(f"kron takes two vectors or two matrices, not shapes {told(x.dims)} and {told(y.dims)}")
    return Array(structure.kron(x.expr, y.expr), tuple(a * b for a, b in zip(x.dims, y.dims, strict=True)))


def multi_dot(factors: Any, /) -> Array:
    first, *rest = factors
    return reduce(matmul, rest, lift(first))


# -------------------------------------------------------------------------------------------- other axes


def same(x: Any, /) -> Array:
    """The array itself."""
    x = lift(x)
    return view(x, x.expr, x.dims)


def copied(x: Any, /) -> Array:
    x = lift(x)
    return Array(x.expr, x.dims)


def as_float(x: Any, dtype: Any = None, /) -> Array:
    check_type(dtype)
    return copied(x)


def check_type(dtype: Any) -> None:
    """Whether entries of that type are real numbers.

    Raises:
        NotSupported: whole numbers, truth values, complex numbers.
    """
    name = getattr(dtype, "__name__", str(dtype))
    if dtype is not None and not any(word in name for word in ("float", "double")):
        raise NotSupported(f"entries of type {name[:40]} are not understood: symbols stand for real numbers")


def matrix_transpose(x: Any, /) -> Array:
    return turned(lift(x))


def transposed(x: Any, /, axes: Any = None) -> Array:
    """NumPy's transpose: a permutation of the axes, by default the reverse."""
    a = lift(x)
    if axes is None:
        return same(a.T)
    if sorted(i % a.ndim for i in axes) != list(range(a.ndim)):
        raise ShapeError(f"{axes!r} is no order of the axes of an array of shape {told(a.dims)}"[:200])
    return same(a.T if a.ndim == 2 and axes[0] % 2 == 1 else a)


def swapped(x: Any, first: int, second: int, /) -> Array:
    """PyTorch's transpose, and swapaxes: two axes change places."""
    x = lift(x)
    for a in (first, second):
        if not -x.ndim <= a < x.ndim:
            raise ShapeError(f"an array of shape {told(x.dims)} has no axis {a!r}"[:200])
    return x.T if (first - second) % x.ndim else same(x)


def transpose_method(x: Any, /, *axes: Any) -> Array:
    """`x.transpose()`, and `x.transpose(1, 0)`, which is the same in NumPy and PyTorch.

    Raises:
        NotSupported: `x.transpose(0, 1)`, which is not.
    """
    order = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple) else axes
    if tuple(order) not in ((), (1, 0)):
        raise NotSupported("transpose with these axes differs between libraries", hint="write x.T")
    return transposed(x, order or None)


def permuted(x: Any, /, *axes: Any) -> Array:
    return transposed(x, axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes)


def reshape(x: Any, /, *shape: Any, order: str = "C") -> Array:
    """The entries in their order, with other axes; −1 stands for what is left.

    Raises:
        NotSupported: a vector made into a matrix, or an order other than C.
    """
    x = lift(x)
    if order != "C":
        raise NotSupported(f"the order {order!r} is not understood"[:200], hint="write X.T.reshape(…)")
    wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    given = [as_dim(s) for s in wanted if not _is_rest(s)]
    rest = _product(x.dims)
    for d in given:
        over = rest.over(d)
        if over is None:
            raise ShapeError(f"an array of shape {told(x.dims)} has no axis of length {d} to be split off")
        rest = over
    return reshaped(x, tuple(rest if _is_rest(s) else as_dim(s) for s in wanted))


def _is_rest(size: Any) -> bool:
    return isinstance(size, int) and size == -1


def _product(dims: Dims) -> Any:
    product = ONE
    for d in dims:
        product = product * d
    return product


def flat(x: Any, /, *, order: str = "C") -> Array:
    """All entries, row after row; with order F column after column."""
    x = lift(x)
    return reshape(x.T if order == "F" else x, -1, order="C" if order == "F" else order)


def squeezed(x: Any, /, axis: int | None = None) -> Array:
    x = lift(x)
    at = None if axis is None else axis % max(x.ndim, 1)
    if at is not None and x.dims[at] is not ONE:
        raise ShapeError(f"axis {axis} of an array of shape {told(x.dims)} is not of length 1")
    return reshaped(x, tuple(d for i, d in enumerate(x.dims) if d is not ONE or at not in (None, i)))


def expanded(x: Any, /, axis: int) -> Array:
    """One more axis of length 1."""
    x = lift(x)
    at = axis % (x.ndim + 1)
    return reshaped(x, (*x.dims[:at], ONE, *x.dims[at:]))


def at_least_2d(x: Any, /) -> Array:
    """With at least two axes: a vector becomes a row."""
    x = lift(x)
    return reshaped(x, (ONE, ONE, *x.dims)[-2:]) if x.ndim < 2 else same(x)


def item(x: Any, /) -> Array:
    x = lift(x)
    if not x.expr.is_scalar:
        raise ShapeError(f"an array of shape {told(x.dims)} is not one number")
    return Array(x.expr, ())


# ------------------------------------------------------------------------------------------------ constants


def _dims(shape: tuple[Any, ...]) -> Dims:
    """The dimensions of a shape: one argument, a tuple, or several arguments."""
    parts = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    return tuple(as_dim(p) for p in parts)


def filled(value: int) -> Callable[..., Array]:
    """Zeros or ones of a shape."""

    def meaning(*shape: Any) -> Array:
        dims = _dims(shape)
        return Array((core.ones if value else core.zeros)(matrix_shape(dims)), dims)

    return meaning


def like(value: int) -> Callable[[Any], Array]:
    def meaning(x: Any, /) -> Array:
        dims = lift(x).dims
        return Array((core.ones if value else core.zeros)(matrix_shape(dims)), dims)

    return meaning


def full(shape: Any, fill_value: Any, /) -> Array:
    return multiply(fill_value, filled(1)(shape))


def full_like(x: Any, fill_value: Any, /) -> Array:
    return multiply(fill_value, like(1)(x))


def eye(n: Any, m: Any = None, /) -> Array:
    size = as_dim(n)
    if m is not None and as_dim(m) is not size:
        raise NotSupported("an identity matrix is square here")
    return Array(core.eye(size), (size, size))


def size(x: Any, axis: int | None = None, /) -> Size:
    x = lift(x)
    return x.size if axis is None else Size(x.dims[axis])


def shape(x: Any, /) -> tuple[int | Size, ...]:
    return lift(x).shape


def ndim(x: Any, /) -> int:
    return lift(x).ndim


def product(x: Any, /) -> Any:
    """The product of the numbers in a tuple, such as a shape.

    Raises:
        NotSupported: that of the entries of an array.
    """
    if not isinstance(x, tuple | list):
        raise NotSupported("the product of the entries of an array has no formula here")
    result: Any = 1
    for s in x:
        result = s * result if isinstance(s, Size) else result * s
    return result
