"""To SymPy: expressions to matrix and scalar expressions of SymPy, one line per operation.

A 1×1 product such as x'*A*x is a scalar here and a matrix there; its trace is the scalar.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

from closedform.core.expr import Expr, topological
from closedform.core.function import Function
from closedform.core.optional import not_installed
from closedform.core.shape import Dim, Triangle
from closedform.errors import NotSupported, RequestError
from closedform.formula import Formula


def to_sympy(formula: Function | Formula | Expr) -> Any:
    """The formula as an expression of SymPy.

    Sizes are positive integer symbols; of the properties only `positive` and `integer` of scalars are told.

    Args:
        formula: what `parse`, `trace`, `derivative` and the others return, or an expression.

    Raises:
        NotSupported: SymPy has no form for an operation in it.
        RequestError: it is no formula; SymPy is not installed.

    >>> from closedform import derivative, parse
    >>> print(to_sympy(derivative(parse("x'*A*x"), "x")))
    (A + A.T)*x
    """
    e = formula.expr if isinstance(formula, Function | Formula) else formula
    if not isinstance(e, Expr):
        raise RequestError(f"to_sympy takes a formula of closedform, not {type(formula).__name__}")
    table = _table()
    made: dict[Expr, Any] = {}
    for n in topological([e]):
        if n.op.name not in table:
            raise NotSupported(f"SymPy has no form for {n.op.name}")
        try:
            made[n] = table[n.op.name](n, *[made[a] for a in n.args])
        except ValueError as error:  # an inverse of zeros
            raise NotSupported(f"SymPy does not take {n.op.name} of this ({error})"[:200]) from None
    return made[e]


def _sympy() -> Any:
    """The library.

    Raises:
        RequestError: it is not installed.
    """
    try:
        import sympy
    except ImportError:
        raise not_installed("SymPy", "sympy") from None
    return sympy


def _size(n: Dim) -> Any:
    sp, product = _sympy(), _sympy().Integer(n.count)
    for f in n.factors:
        side = _size(f.side) if isinstance(f, Triangle) else None
        product *= side * (side + 1) / 2 if side is not None else sp.Symbol(f, integer=True, positive=True)
    return product


def _shape(e: Expr) -> tuple[Any, Any]:
    return _size(e.shape[0]), _size(e.shape[1])


def _symbol(e: Expr) -> Any:
    sp, data = _sympy(), e.data
    if not e.is_scalar:
        return sp.MatrixSymbol(data.name, *_shape(e))
    facts = {p: True for p in ("positive", "integer") if p in data.properties}
    return sp.Symbol(data.name, **facts)


def _number(e: Expr) -> Any:
    sp = _sympy()
    return sp.Float(e.data) if isinstance(e.data, float) else sp.Rational(*Fraction(e.data).as_integer_ratio())


def _scalar(e: Expr, value: Any) -> Any:
    """A 1×1 matrix of SymPy as the scalar that it is here."""
    return _sympy().Trace(value) if e.is_scalar and getattr(value, "is_Matrix", False) else value


def _product(e: Expr, *factors: Any) -> Any:
    """A matrix product, of which scalars are no part; they multiply it."""
    sp = _sympy()
    matrices = [f for f in factors if getattr(f, "is_Matrix", False)]
    scalars = [f for f in factors if not getattr(f, "is_Matrix", False)]
    made = _scalar(e, sp.MatMul(*matrices)) if matrices else sp.Integer(1)
    return sp.Mul(*scalars) * made if scalars else made


def _kronecker(e: Expr, *factors: Any) -> Any:
    sp = _sympy()
    matrices = [f for f in factors if getattr(f, "is_Matrix", False)]
    scalars = [f for f in factors if not getattr(f, "is_Matrix", False)]
    return sp.Mul(*scalars) * (sp.kronecker_product(*matrices) if matrices else 1)


def _power(e: Expr, x: Any, p: Any) -> Any:
    sp = _sympy()
    if e.is_scalar:
        return x**p
    if not getattr(x, "is_Matrix", False):
        x = x * sp.OneMatrix(*_shape(e))
    return sp.HadamardPower(x, p)


def _total(e: Expr, X: Any) -> Any:
    """1ᵀ X 1."""
    sp = _sympy()
    rows, columns = _shape(e.args[0])
    if not getattr(X, "is_Matrix", False):
        return X
    return sp.Trace(sp.MatMul(sp.OneMatrix(1, rows), X, sp.OneMatrix(columns, 1)))


def _entrywise(function: Callable[[Any], Any]) -> Callable[..., Any]:
    def meaning(e: Expr, X: Any) -> Any:
        sp = _sympy()
        if e.is_scalar:
            return function(X)
        d = sp.Dummy("d")
        return X.applyfunc(sp.Lambda(d, function(d)))

    return meaning


def _of_matrix(function: Callable[[Any], Any], at_scalar: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function of a matrix, which of a scalar is something simpler."""
    return lambda e, X: function(X) if getattr(X, "is_Matrix", False) else at_scalar(X)


def _norm2(e: Expr, X: Any) -> Any:
    sp = _sympy()
    return sp.sqrt(sp.Trace(X.T * X)) if getattr(X, "is_Matrix", False) else sp.Abs(X)


def _norm1(e: Expr, X: Any) -> Any:
    sp = _sympy()
    return _total(e, X.applyfunc(sp.Abs)) if getattr(X, "is_Matrix", False) else sp.Abs(X)


def _logsumexp(e: Expr, x: Any) -> Any:
    sp = _sympy()
    return sp.log(_total(e, x.applyfunc(sp.exp))) if getattr(x, "is_Matrix", False) else x


def _softmax(e: Expr, x: Any) -> Any:
    sp = _sympy()
    powers = x.applyfunc(sp.exp) if getattr(x, "is_Matrix", False) else sp.exp(x)
    return powers / _total(e, powers)


def _transpose(e: Expr, X: Any) -> Any:
    return X.T if getattr(X, "is_Matrix", False) else X


@cache
def _table() -> dict[str, Callable[..., Any]]:
    """What every operation is in SymPy."""
    sp = _sympy()
    entrywise: dict[str, Callable[[Any], Any]] = {
        "exp": sp.exp, "log": sp.log, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan, "arcsin": sp.asin,
        "arccos": sp.acos, "arctan": sp.atan, "sinh": sp.sinh, "cosh": sp.cosh, "tanh": sp.tanh, "abs": sp.Abs,
        "sign": sp.sign, "erf": sp.erf, "relu": lambda x: sp.Max(0, x),
        "sigmoid": lambda x: 1 / (1 + sp.exp(-x)), "softplus": lambda x: sp.log(1 + sp.exp(x)),
    }  # fmt: skip
    return {name: _entrywise(f) for name, f in entrywise.items()} | {
        "symbol": _symbol, "number": _number, "dim": lambda e: _size(e.data),
        "ones": lambda e: sp.OneMatrix(*_shape(e)), "zeros": lambda e: sp.ZeroMatrix(*_shape(e)),
        "eye": lambda e: sp.Identity(_size(e.shape[0])),
        "add": lambda e, *terms: sp.Add(*terms) if e.is_scalar else sp.MatAdd(*terms),
        "scale": lambda e, s, A: s * A,
        "hadamard": lambda e, *factors: sp.Mul(*factors) if e.is_scalar else sp.HadamardProduct(*factors),
        "power": _power, "matmul": _product, "transpose": _transpose, "sum": _total,
        "tr": _of_matrix(sp.Trace, lambda x: x), "det": _of_matrix(sp.Determinant, lambda x: x),
        "logdet": _of_matrix(lambda X: sp.log(sp.Abs(sp.Determinant(X))), lambda x: sp.log(sp.Abs(x))),
        "inv": _of_matrix(sp.Inverse, lambda x: 1 / x),
        "matpow": lambda e, X, k: X**k, "kron": _kronecker,
        "diag": _of_matrix(sp.DiagMatrix, lambda x: x), "diagonal": _of_matrix(sp.DiagonalOf, lambda x: x),
        "norm2": _norm2, "norm1": _norm1, "logsumexp": _logsumexp, "softmax": _softmax,
    }  # fmt: skip
