"""Our expressions in SymPy's matrix expressions, as far as these can state them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add, mul
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from closedform.core.expr import Expr, topological
from closedform.core.shape import Dim

Value = Any


class NotStated(Exception):
    """SymPy's matrix expressions have no such operation."""


class NotEvaluated(Exception):
    """SymPy returns the derivative as it was asked for."""


def translate(e: Expr, *, matrices: bool = False) -> Value:
    """A SymPy expression of the same value.

    Args:
        e: the expression.
        matrices: x'*A*x stays a 1×1 matrix, also under functions, powers and sums, as in SymPy's own tests; otherwise
            it becomes a scalar there, its trace.

    Raises:
        NotStated: an operation has no counterpart.
    """
    found: dict[Expr, Value] = {}
    functions = FUNCTIONS | AS_MATRICES if matrices else FUNCTIONS
    apply = _apply_as_matrix if matrices else _apply
    for node in topological([e]):
        name = node.op.name
        if name in LEAVES:
            found[node] = LEAVES[name](node)
        elif name in functions:
            found[node] = functions[name](*[found[a] for a in node.args])
        elif hasattr(sp, name) and node.op.kind == "elementwise":
            found[node] = apply(getattr(sp, name), found[node.args[0]])
        elif name in ENTRYWISE:
            found[node] = apply(ENTRYWISE[name], found[node.args[0]])
        else:
            raise NotStated(name)
    return found[e]


def differentiate(f: Value, variables: list[Value]) -> Value:
    """SymPy's derivative.

    Raises:
        NotEvaluated: SymPy returns it unevaluated.
    """
    for x in variables:
        f = f.diff(x)
    if f.has(sp.Derivative):
        raise NotEvaluated
    return f


def is_zero(f: Value) -> bool:
    return bool(f.is_zero) or isinstance(f, sp.ZeroMatrix)


def size(name: str) -> Value:
    """The symbol of a named dimension."""
    return sp.Symbol(name, integer=True, positive=True)


def _dim(d: Dim) -> Value:
    return d.count * reduce(mul, map(size, d.names), sp.Integer(1))


def symbol(e: Expr) -> Value:
    return sp.Symbol(e.data.name, real=True) if e.is_scalar else sp.MatrixSymbol(e.data.name, *map(_dim, e.shape))


def _number(value: Any) -> Value:
    return sp.Float(value) if isinstance(value, float) else sp.Rational(value.numerator, value.denominator)


def _scalar(x: Value) -> Value:
    """A 1×1 matrix expression as a scalar."""
    return sp.Trace(x) if isinstance(x, MatrixExpr) else x


def _apply(function: Callable[[Value], Value], x: Value) -> Value:
    return x.applyfunc(function) if isinstance(x, MatrixExpr) and x.shape != (1, 1) else function(_scalar(x))


def _is_matrix(x: Value) -> bool:
    return isinstance(x, MatrixExpr) and x.shape != (1, 1)


def _add(*terms: Value) -> Value:
    same = all(isinstance(t, MatrixExpr) for t in terms)
    return reduce(add, terms) if same else reduce(add, map(_scalar, terms))


def _hadamard(*factors: Value) -> Value:
    if _is_matrix(factors[0]):
        return sp.hadamard_product(*factors)
    return reduce(mul, map(_scalar, factors))


def _power(x: Value, p: Value) -> Value:
    if _is_matrix(p):
        raise NotStated("power")
    return sp.HadamardPower(x, _scalar(p)) if _is_matrix(x) else _scalar(x) ** _scalar(p)


def _sum(x: Value) -> Value:
    if not _is_matrix(x):
        return x
    return sp.OneMatrix(1, x.shape[0]) * x * sp.OneMatrix(x.shape[1], 1)


def _apply_as_matrix(function: Callable[[Value], Value], x: Value) -> Value:
    return x.applyfunc(function) if isinstance(x, MatrixExpr) else function(x)


def _add_as_matrices(*terms: Value) -> Value:
    if not any(isinstance(t, MatrixExpr) for t in terms):
        return reduce(add, terms)
    return reduce(add, [t if isinstance(t, MatrixExpr) else t * sp.Identity(1) for t in terms])


def _hadamard_as_matrices(*factors: Value) -> Value:
    return _hadamard(*factors) if _is_matrix(factors[0]) else reduce(mul, factors)


def _power_as_matrix(x: Value, p: Value) -> Value:
    return _power(x, p) if _is_matrix(x) or _is_matrix(p) else x ** _scalar(p)


def _norm_as_matrix(x: Value) -> Value:
    return (x.T * x) ** sp.S.Half if _is_matrix(x) and x.shape[1] == 1 else FUNCTIONS["norm2"](x)


LEAVES: dict[str, Callable[[Expr], Value]] = {
    "symbol": symbol,
    "number": lambda e: _number(e.data),
    "dim": lambda e: _dim(e.data),
    "eye": lambda e: sp.Identity(_dim(e.shape[0])),
    "ones": lambda e: sp.OneMatrix(*map(_dim, e.shape)),
    "zeros": lambda e: sp.ZeroMatrix(*map(_dim, e.shape)),
}

FUNCTIONS: dict[str, Callable[..., Value]] = {
    "add": _add,
    "scale": lambda s, A: _scalar(s) * A,
    "hadamard": _hadamard,
    "power": _power,
    "matmul": lambda *factors: reduce(mul, factors),
    "transpose": lambda A: A.T if isinstance(A, MatrixExpr) else A,
    "tr": lambda A: sp.Trace(A) if isinstance(A, MatrixExpr) else A,
    "det": lambda A: sp.Determinant(A) if isinstance(A, MatrixExpr) else A,
    "logdet": lambda A: sp.log(sp.Determinant(A)),
    "inv": lambda A: A.I if isinstance(A, MatrixExpr) else 1 / A,
    "matpow": lambda A, k: A**k,
    "sum": _sum,
    "norm2": lambda x: sp.sqrt(sp.Trace(x.T * x)) if _is_matrix(x) else sp.Abs(_scalar(x)),
    "kron": lambda *factors: sp.KroneckerProduct(*factors),
    "diag": lambda x: sp.DiagMatrix(x if x.shape[1] == 1 else x.T),
    "diagonal": lambda X: sp.DiagonalOf(X),
}

#: in place of these, where 1×1 matrices stay matrices
AS_MATRICES: dict[str, Callable[..., Value]] = {
    "add": _add_as_matrices,
    "hadamard": _hadamard_as_matrices,
    "power": _power_as_matrix,
    "norm2": _norm_as_matrix,
    "abs": lambda x: _apply(sp.Abs, x),  # SymPy rewrites that of a 1×1 matrix to factors that do not fit
}

ENTRYWISE: dict[str, Callable[[Value], Value]] = {
    "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "relu": lambda x: sp.Max(x, 0),
    "abs": sp.Abs,
    "sign": sp.sign,
    "arcsin": sp.asin,
    "arccos": sp.acos,
    "arctan": sp.atan,
}
