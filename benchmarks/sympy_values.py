"""The value of a SymPy expression of matrices and arrays, by NumPy: one line for each class that SymPy answers with.

SymPy's own `lambdify` writes code that does not compile for functions applied entry by entry, and `as_explicit` takes
minutes.  Matrices are 2-D, columns too, as they are in SymPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np
import sympy as sp
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.tensor.array.expressions import array_expressions as arrays

Env = dict[Any, np.ndarray]


class NoValue(Exception):
    """An expression of a class that has no line below."""


def value(e: Any, env: Env) -> np.ndarray:
    """The value where symbols, of matrices, scalars and dimensions, have the values in `env`.

    Raises:
        NoValue: a part is of a class that has no line here.
    """
    if e in env:
        return env[e]
    if e.is_Number or e.is_NumberSymbol:
        return np.asarray(float(e))
    for kind in type(e).__mro__:
        if kind in DIRECT:
            return np.asarray(DIRECT[kind](e, lambda part: value(part, env)))
        if kind in BY_VALUES:
            return np.asarray(BY_VALUES[kind](*[value(part, env) for part in e.args]))
    raise NoValue(type(e).__name__)


Value = Callable[[Any], np.ndarray]


def _product(*factors: np.ndarray) -> np.ndarray:
    """A product of matrices, some of the factors being scalars."""
    matrices = [f for f in factors if f.ndim]
    scale = math.prod(float(f) for f in factors if not f.ndim)
    return scale * reduce(np.matmul, matrices) if matrices else np.asarray(scale)


def _power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    if base.size == 1:
        return base**exponent
    if exponent != int(exponent):
        raise NoValue("a matrix to a power that is no integer")
    return np.linalg.matrix_power(base, int(exponent))


def _apply(e: Any, of: Value) -> np.ndarray:
    """A SymPy function, or a Lambda, of every entry."""
    t = sp.Dummy()
    body = e.function(t)
    names, x = sorted(body.free_symbols - {t}, key=str), of(e.expr)
    return np.asarray(sp.lambdify([t, *names], body, ["scipy", "numpy"])(x, *map(of, names)) + 0 * x)


def _contract(e: Any, of: Value, *, keep: bool) -> np.ndarray:
    """Axes of each group summed over together; `keep` puts their diagonal last instead."""
    groups = e.diagonal_indices if keep else e.contraction_indices
    labels = list(range(len(e.expr.shape)))
    for group in groups:
        for axis in group:
            labels[axis] = group[0]
    inside = set(chain.from_iterable(groups))
    free = [axis for axis in labels if axis not in inside]
    return np.einsum(of(e.expr), labels, free + [group[0] for group in groups if keep])


def _function(e: Any, of: Value) -> np.ndarray:
    """A scalar function, such as log."""
    slots = [sp.Dummy() for _ in e.args]
    return np.asarray(sp.lambdify(slots, e.func(*slots), ["scipy", "numpy"])(*map(of, e.args)))


def _filled(fill: Callable[[tuple[int, ...]], np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda e, of: fill(tuple(int(of(d)) for d in e.shape))


#: of the expression itself, and of the values of what it asks for
DIRECT: dict[type, Callable[[Any, Value], np.ndarray]] = {
    sp.Identity: _filled(lambda shape: np.eye(*shape)),
    sp.OneMatrix: _filled(np.ones),
    sp.ZeroMatrix: _filled(np.zeros),
    arrays.ZeroArray: _filled(np.zeros),
    arrays.OneArray: _filled(np.ones),
    ElementwiseApplyFunction: _apply,
    arrays.ArrayElementwiseApplyFunc: _apply,
    arrays.ArrayContraction: lambda e, of: _contract(e, of, keep=False),
    arrays.ArrayDiagonal: lambda e, of: _contract(e, of, keep=True),
    arrays.Reshape: lambda e, of: of(e.expr).reshape([int(of(d)) for d in e.shape]),
    arrays.PermuteDims: lambda e, of: np.transpose(of(e.expr), e.permutation.array_form),
    sp.Function: _function,
    sp.Max: _function,
}

#: of the values of the arguments
BY_VALUES: dict[type, Callable[..., np.ndarray]] = {
    sp.Add: lambda *terms: sum(terms[1:], terms[0]),
    sp.MatAdd: lambda *terms: sum(terms[1:], terms[0]),
    arrays.ArrayAdd: lambda *terms: sum(terms[1:], terms[0]),
    sp.Mul: lambda *factors: reduce(np.multiply, factors),
    sp.MatMul: _product,
    sp.Pow: lambda base, exponent: base**exponent,
    sp.Inverse: lambda A, _: np.linalg.inv(A),
    sp.MatPow: _power,
    sp.Transpose: np.transpose,
    sp.Adjoint: np.transpose,  # everything is real here
    sp.Trace: np.trace,
    sp.Determinant: np.linalg.det,
    sp.HadamardProduct: lambda *factors: reduce(np.multiply, factors),
    sp.HadamardPower: np.power,
    sp.DiagMatrix: np.diagflat,
    sp.DiagonalOf: lambda A: np.diag(A)[:, None],
    sp.KroneckerProduct: lambda *factors: reduce(np.kron, factors),
    arrays.ArrayTensorProduct: lambda *factors: reduce(np.multiply.outer, factors),
}
