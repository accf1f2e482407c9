"""SymPy both ways: values are compared with an evaluation of SymPy's own expression, operation by operation."""

from __future__ import annotations

from functools import reduce
from math import prod

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import Expr, topological
from closedform.errors import ClosedFormError, DeclarationError, NotSupported, RequestError
from closedform.verification.interpreter import evaluate
from tests.strategies import SIZES, environment, expressions
from tests.values import assert_same_value

NO_FORM = {"adj", "ismax", "max", "normnuc", "vec", "expm", "logm", "sqrtm", "pinv"}
m, n, k = sp.symbols("m n k")
A, B, C = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n), sp.MatrixSymbol("C", m, n)
x, y, z = sp.MatrixSymbol("x", n, 1), sp.MatrixSymbol("y", n, 1), sp.MatrixSymbol("z", m, 1)
a, b = sp.symbols("a b")
CASES = [  # SymPy's expression, and the same in the text syntax
    (x.T * A * x, "x'*A*x"),
    (sp.Trace(A * B.T), "tr(A*B')"),
    (sp.log(sp.Determinant(A)), "log(det(A))"),
    (A.inv() * B**3 * x, "inv(A)*B^3*x"),
    (A ** sp.Rational(1, 2) * x, "sqrtm(A)*x"),
    (sp.hadamard_product(A, B), "A.*B"),
    (sp.HadamardPower(A, 2) * x, "A.^2*x"),
    (sp.kronecker_product(A, C), "kron(A, C)"),
    (sp.DiagMatrix(x) * y, "diag(x)*y"),
    (sp.DiagonalOf(A), "diag(A)"),
    (A + 2 * sp.Identity(n) - B / 3, "A + 2*eye(n) - B/3"),
    (sp.OneMatrix(m, n) * x + sp.ZeroMatrix(m, 1), "ones(m,n)*x"),
    (C.applyfunc(sp.tanh) * x, "tanh(C)*x"),
    ((C * x).applyfunc(sp.Lambda(a, b * sp.log(1 + sp.exp(a)) + n)), "b*log(ones(m) + exp(C*x)) + n*ones(m)"),
    (C.applyfunc(sp.Lambda(a, sp.Integer(2))), "2*ones(m,n)"),
    (sp.Trace(C.T * C) / m + a * sp.sqrt(sp.Trace(x.T * x)), "tr(C'*C)/m + a*sqrt(x'*x)"),
    (a**b * sp.exp(-a) * sp.sin(b) + sp.Abs(a) - sp.E, "a^b*exp(-a)*sin(b) + abs(a) - 2.718281828459045"),
    (sp.Max(0, a) + sp.Max(a, b), "relu(a) + relu(a - b) + b"),
    (sp.Float("0.25") * a + sp.pi, "0.25*a + 3.141592653589793"),
    (n * sp.Trace(A) + k, "n*tr(A) + k"),
]


def value(e, env, sizes):
    """The value of an expression of SymPy, an array or a number: an evaluation that shares nothing with ours."""
    kind = type(e).__name__
    if kind in LEAVES:
        return LEAVES[kind](e, env, sizes)
    parts = [value(p, env, sizes) for p in e.args]
    if kind == "ElementwiseApplyFunction":
        (d,) = e.function.variables
        return np.vectorize(lambda v: value(e.function.expr, {**env, d.name: v}, sizes), otypes=[float])(parts[-1])
    return VALUES[kind](*parts)


def sized(make):
    return lambda e, env, sizes: make(*[int(value(s, env, sizes)) for s in e.shape])


LEAVES = {
    "Symbol": lambda e, env, sizes: sizes.get(e.name, env.get(e.name)),
    "Dummy": lambda e, env, sizes: env[e.name],
    "MatrixSymbol": lambda e, env, sizes: env[e.name],
    "Identity": sized(np.eye),
    "OneMatrix": sized(lambda *s: np.ones(s)),
    "ZeroMatrix": sized(lambda *s: np.zeros(s)),
    "Lambda": lambda e, env, sizes: None,
    **dict.fromkeys(
        ("Integer", "Rational", "Half", "One", "Zero", "NegativeOne", "Float"), lambda e, env, sizes: float(e)
    ),
}
VALUES = {
    "Add": lambda *v: sum(v), "MatAdd": lambda *v: sum(v), "Mul": lambda *v: prod(v),
    "MatMul": lambda *v: reduce(lambda p, q: p @ q if np.ndim(p) and np.ndim(q) else p * q, v),
    "Pow": lambda p, q: p**q, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "Abs": np.abs, "sign": np.sign, "Max": max, "erf": lambda v: float(sp.erf(v)),
    "Transpose": np.transpose, "Inverse": lambda X, *p: np.linalg.inv(X), "Trace": np.trace, "Determinant": np.linalg.det,
    "MatPow": lambda X, p: np.linalg.matrix_power(X, int(p)), "HadamardProduct": lambda *v: prod(v),
    "HadamardPower": lambda X, p: X**p, "KroneckerProduct": lambda *v: reduce(np.kron, v),
    "DiagMatrix": lambda v: np.diagflat(v), "DiagonalOf": lambda X: np.diagonal(X)[:, None],
    "DiagonalMatrix": lambda X: X * np.eye(*X.shape),
}  # fmt: skip


def regular(e: Expr, env) -> bool:
    """Whether every value on the way is finite, and no sum nearly cancels."""
    values = [evaluate(p, env, SIZES) for p in topological([e])]
    return all(np.isfinite(v).all() and (np.abs(v) < 1e6).all() for v in values)


@given(e=expressions(depth=3), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_expression_given_to_sympy_has_its_value_there_and_comes_back(e, seed):
    assume(not NO_FORM & {p.op.name for p in topological([e])})
    env = environment(e, seed)
    assume(regular(e, env))
    assume(
        not any(p.op.name == "inv" and np.linalg.cond(evaluate(p.args[0], env, SIZES)) > 1e6 for p in topological([e]))
    )
    given = cf.to_sympy(e)
    numbers = {name: v if v.size > 1 or v.shape != (1, 1) else float(v[0, 0]) for name, v in env.items()}
    with np.errstate(all="ignore"):
        found = np.asarray(value(given, numbers, SIZES), dtype=float)
    expected = evaluate(e, env, SIZES)
    assume(np.isfinite(found).all())
    assert np.allclose(np.broadcast_to(found, expected.shape), expected, rtol=1e-6, atol=1e-6), given
    assert_same_value(e, cf.from_sympy(given).expr, seed, rtol=1e-6)


@pytest.mark.parametrize(("expression", "text"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_an_expression_of_sympy_is_read(expression, text):
    f = cf.from_sympy(expression)
    shapes = {name: [d for d in map(str, v.shape) if d != "1"] for name, v in f.variables.items()}
    expected = cf.parse(text, shapes, dims=["m", "n"]).expr
    env = {name: v @ v.T + np.eye(3) if name == "A" else v for name, v in environment(expected, 1).items()}
    found = evaluate(f.expr, env, SIZES)
    assert np.isfinite(found).all() and np.allclose(found, evaluate(expected, env, SIZES), rtol=1e-10)


def test_the_derivative_of_what_was_read_is_checked():
    D = cf.gradient(cf.from_sympy(sp.Trace(A * B) + sp.log(sp.Determinant(A)), {"A": ["spd"]}), "A")
    D.check()
    assert D.text == "0.5*(2*inv(A) + B + B')"


def test_sizes_are_told_from_variables():
    f = cf.from_sympy(n * sp.Trace(A) + a)
    assert list(f.variables) == ["A", "a"] and list(f.dims) == ["n"]


def test_a_derivative_is_given_to_sympy():
    D = cf.gradient(cf.parse("norm2(X*w - y)^2"), "w")
    X, w, c = sp.MatrixSymbol("X", *sp.symbols("m n", integer=True, positive=True)), "w", "y"
    rows, columns = X.shape
    assert cf.to_sympy(D) == 2 * X.T * (X * sp.MatrixSymbol(w, columns, 1) - sp.MatrixSymbol(c, rows, 1))


REFUSED = [
    (sp.Integral(a, a), NotSupported, "SymPy's Integral has no form here"),
    (sp.gamma(a), NotSupported, "SymPy's gamma has no form here"),
    ((x.T * x)[0, 0], NotSupported, "SymPy's Sum has no form here(.|\n)*write Trace"),
    (A[0, 1], NotSupported, "an entry of a matrix has no form here"),
    (C.applyfunc(sp.gamma), NotSupported, "SymPy's gamma has no form here"),
    (sp.MatrixSymbol("Z", n + 1, n + 1), NotSupported, "the size n \\+ 1 is not a name"),
    (A * B**a, NotSupported, "a matrix power is understood with an integer exponent"),
    (sp.Trace(sp.MatrixSymbol("A", n, n)) + sp.Trace(sp.MatrixSymbol("A", m, m)), NotSupported, "two variables are named A"),
    (sp.Symbol("exp"), DeclarationError, "exp is a function"),
    (sp.Matrix([[1, 2]]), RequestError, "from_sympy reads an expression of SymPy, not MutableDenseMatrix"),
    (sp.I * a, NotSupported, "SymPy's ImaginaryUnit has no form here"),
    (sp.Add(*[sp.Symbol(f"a{i}") for i in range(2100)], evaluate=False), NotSupported, "too large to be read"),
    ("x", RequestError, "from_sympy reads an expression of SymPy, not str"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "message"), REFUSED, ids=lambda v: str(v)[:30])
def test_what_has_no_form_here_is_refused_by_name(expression, kind, message):
    with pytest.raises(ClosedFormError, match=message) as caught:
        cf.from_sympy(expression)
    assert type(caught.value) is kind


@pytest.mark.parametrize("text", ["adj(X)", "expm(X)", "max(x)", "vec(X)", "pinv(X)"])
def test_what_sympy_has_no_form_for_is_refused_by_name(text):
    with pytest.raises(NotSupported, match=f"SymPy has no form for {text.partition('(')[0]}"):
        cf.to_sympy(cf.parse(text))


def test_what_sympy_does_not_take_is_refused():
    with pytest.raises(NotSupported, match="SymPy does not take "):
        cf.to_sympy(cf.parse("a*inv(zeros(n,n))", {"a": (), "A": ("n", "n")}))


def test_only_formulas_are_given_to_sympy():
    with pytest.raises(RequestError, match="to_sympy takes a formula of closedform, not int"):
        cf.to_sympy(3)
