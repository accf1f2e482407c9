"""Building functions in Python: variables, constants, and the operations by name.

`@` is the matrix product, `*` and `/` scale or work entry by entry, `**` is the power entry by entry, `.T` the
transpose; a Python number beside a matrix stands for that number in every entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from closedform.core import expr as core
from closedform.core.expr import Expr, as_expr, number
from closedform.core.shape import ONE, Dim, dim, shape_of
from closedform.ops import structure
from closedform.ops.elementwise import (
    abs,
    arccos,
    arcsin,
    arctan,
    cos,
    cosh,
    erf,
    exp,
    log,
    relu,
    sigmoid,
    sign,
    sin,
    sinh,
    softplus,
    tan,
    tanh,
)
from closedform.ops.linear_algebra import adj, det, logdet, tr
from closedform.ops.matrix_functions import expm, logm, normnuc, pinv, sqrtm
from closedform.ops.product import inv, matpow
from closedform.ops.reductions import logsumexp, max, norm1, norm2, softmax, sum
from closedform.ops.structure import diagonal, kron, vec, vech
from closedform.syntax.declare import check_fit, declared_properties, declared_shapes

Size = int | str | Dim


def _variable(name: str, sizes: tuple[Size, ...], properties: Iterable[str]) -> Expr:
    shape = declared_shapes({name: sizes})[name]
    facts = declared_properties({name: list(properties)}).get(name, frozenset())
    check_fit(name, shape, facts)
    return core.symbol(name, shape, facts)


def scalar(name: str, *properties: str) -> Expr:
    """A scalar variable.

    Raises:
        DeclarationError: a name or property that cannot be.

    >>> from closedform import derivative, exp
    >>> a = scalar("a")
    >>> print(derivative(exp(a * a), a))
    2*a*exp(a^2)
    """
    return _variable(name, (), properties)


def vector(name: str, n: Size, *properties: str) -> Expr:
    """A column of n entries.

    Raises:
        DeclarationError: a name, size or property that cannot be.

    >>> from closedform import derivative, norm2
    >>> x = vector("x", "n")
    >>> print(derivative(norm2(x), x))
    x/norm2(x)
    """
    return _variable(name, (n,), properties)


def matrix(name: str, m: Size, n: Size, *properties: str) -> Expr:
    """An m×n matrix.

    Raises:
        DeclarationError: a name, size or property that cannot be.

    >>> from closedform import derivative, logdet
    >>> S = matrix("S", "n", "n", "spd")
    >>> print(derivative(logdet(S), S))
    inv(S)
    """
    return _variable(name, (m, n), properties)


def eye(n: Size) -> Expr:
    """The identity matrix of size n."""
    return core.eye(dim(n))


def ones(m: Size, n: Size = 1) -> Expr:
    """All ones, m×n; a column by default."""
    return core.ones(shape_of((m, n)))


def commutation(m: Size, n: Size) -> Expr:
    """K(m,n), with K(m,n) vec(A) = vec(A') for A m×n."""
    return core.commutation(dim(m), dim(n))


def duplication(n: Size) -> Expr:
    """D(n), with D(n) vech(S) = vec(S) for a symmetric S of size n."""
    return core.duplication(dim(n))


def elimination(n: Size) -> Expr:
    """L(n), with L(n) vec(A) = vech(A) for A n×n."""
    return core.elimination(dim(n))


def diag(x: Expr) -> Expr:
    """The diagonal matrix of a column or row; the diagonal of a matrix, as a column."""
    return structure.diag(x) if ONE in x.shape else structure.diagonal(x)


def sqrt(x: Expr) -> Expr:
    """The square root, entry by entry."""
    return x ** number(Fraction(1, 2))


def matrix_power(X: Expr, k: int | Expr) -> Expr:
    """Xᵏ for a whole number k, or a scalar declared integer."""
    return matpow(X, as_expr(k))


__all__ = [
    "abs",
    "adj",
    "arccos",
    "arcsin",
    "arctan",
    "commutation",
    "cos",
    "cosh",
    "det",
    "diag",
    "diagonal",
    "duplication",
    "elimination",
    "erf",
    "exp",
    "expm",
    "eye",
    "inv",
    "kron",
    "log",
    "logdet",
    "logm",
    "logsumexp",
    "matrix",
    "matrix_power",
    "max",
    "norm1",
    "norm2",
    "normnuc",
    "ones",
    "pinv",
    "relu",
    "scalar",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "sqrtm",
    "sum",
    "tan",
    "tanh",
    "tr",
    "vec",
    "vech",
    "vector",
]
