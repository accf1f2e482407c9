"""Derivatives with three indices and more, against the judge; their layouts; products with them in closed form."""

from __future__ import annotations

from functools import reduce
from operator import mul

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from closedform import derivative, gradient, hessian_diagonal, hvp, jvp, parse, vjp
from closedform.calculus import derivative as calculus
from closedform.calculus import differential
from closedform.calculus.layout import LAYOUTS, ByFreeEntries
from closedform.core.expr import Expr, symbol, symbols
from closedform.core.shape import ONE, SCALAR, dim
from closedform.errors import DomainError, NotSupported, RequestError, ShapeError, TooLarge
from closedform.verification.interpreter import evaluate
from closedform.verification.sample import samples
from tests.strategies import expressions

M, N = dim("m"), dim("n")
RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def _checked(f, *wrt):
    try:
        D = derivative(f, *wrt)
        D.check()
    except (NotSupported, DomainError, TooLarge):
        assume(False)
    return D


@given(f=expressions((M, N), depth=3), data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=RELAXED)
def test_a_matrix_by_anything_is_right(f, data):
    assume(symbols(f))
    _checked(f, data.draw(st.sampled_from(symbols(f))))


@given(f=expressions((N, ONE), depth=3), data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=RELAXED)
def test_a_vector_by_a_matrix_is_right(f, data):
    matrices = [s for s in symbols(f) if ONE not in s.shape]
    assume(matrices)
    _checked(f, data.draw(st.sampled_from(matrices)))


@given(f=expressions(SCALAR, depth=3), data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=RELAXED)
def test_a_second_derivative_by_matrices_is_right(f, data):
    matrices = [s for s in symbols(f) if ONE not in s.shape]
    assume(matrices)
    _checked(f, data.draw(st.sampled_from(matrices)), data.draw(st.sampled_from(symbols(f))))


SHAPES = {"A": ("k", "m"), "X": ("m", "n"), "B": ("n", "p"), "S": ("n", "n"), "x": ["n"], "a": [], "C": ("n", "n")}
FORMS = [
    ("A*X*B", ["X"], "kron(B', A)", "dX -> A*dX*B"),
    ("X*X'", ["X"], "kron(eye(m), X)*K(m, n) + kron(X, eye(m))", "dX -> X*dX' + dX*X'"),
    ("inv(S)", ["S"], "-kron(inv(S)', inv(S))", "dS -> -inv(S)*dS*inv(S)"),
    ("sin(X)", ["X"], "diag(vec(cos(X)))", "dX -> dX.*cos(X)"),
    ("x*x'", ["x"], "kron(eye(n), x) + kron(x, eye(n))", "dx -> dx*x' + x*dx'"),
    ("tr(S*S)", ["S", "S"], "2*K(n, n)", "dS -> 2*dS'"),
    ("norm2(A*X*B)^2", ["X", "X"], "2*kron(B*B', A'*A)", "dX -> 2*A'*A*dX*B*B'"),
]


@pytest.mark.parametrize(("f", "wrt", "stacked", "map_"), FORMS)
def test_the_stacked_matrix_and_the_map_are_those_of_the_books(f, wrt, stacked, map_):
    D = derivative(parse(f, shapes=SHAPES), *wrt)
    assert (D.text, D.vec(), D.layout) == (stacked, stacked, "vec")
    assert D.operator() == map_
    D.check()


@pytest.mark.parametrize("wrt", [["x", "x", "x"], ["x", "x", "x", "x"], ["a", "x", "x"], ["x", "a", "x"]])
def test_third_and_fourth_derivatives_are_right(wrt):
    f = parse("a^2*sum(exp(S*x))*(x'*x)", shapes=SHAPES)
    derivative(f, *wrt).check()


def test_a_second_derivative_by_a_symmetric_matrix_stays_in_its_structure():
    f = parse("logdet(S) + tr(C*S)^2", shapes=SHAPES, properties={"S": ["spd"]})
    D = derivative(f, "S", "S")
    D.check()
    assert "symmetric part" in D.conventions[0]


SYMMETRIC = [
    ("x'*S*y", "x*y' + y*x' - eye(n).*(x*y')"),
    ("logdet(S)", "2*inv(S) - eye(n).*inv(S)"),
    ("tr(C*S)", "C + C' - C.*eye(n)"),
]


@pytest.mark.parametrize(("f", "by_entries"), SYMMETRIC)
def test_by_its_entries_a_symmetric_matrix_has_another_derivative(f, by_entries):
    shapes = {"S": ("n", "n"), "x": ["n"], "y": ["n"], "C": ("n", "n")}
    D = derivative(parse(f, shapes=shapes, properties={"S": ["spd"]}), "S", symmetric="entries")
    assert D.text == by_entries
    assert "by its entries" in D.conventions[0]
    D.check()
    derivative(D.function, "S", "S", symmetric="entries").check()


@pytest.mark.parametrize("f", ["A*X*B", "X*x", "a*X", "tr(X'*X)", "x'*S*x", "S*x", "a*x", "a^2", "x*x'"])
def test_every_layout_has_the_same_entries_and_says_its_shape(f):
    function = parse(f, shapes=SHAPES)
    for name, variable in function.variables.items():
        if name in {s.data.name for s in symbols(function.expr)}:
            D = derivative(function, variable)
            for other in D.in_layouts():
                other.check()
            assert [row.name for row in D.layouts()] == [
                name for name, layout in LAYOUTS.items() if not isinstance(layout, ByFreeEntries)
            ]
            assert all(row.shape and row.formula and row.users for row in D.layouts())


@pytest.mark.parametrize(
    ("f", "x", "shapes"),
    [
        ("x'*S*x", "x", {"numerator": ("1", "n"), "denominator": ("n", "1"), "seed-001": ("n", "1")}),
        ("S*x", "x", {"numerator": ("n", "n"), "denominator": ("n", "n")}),
        ("A*X*B", "X", {"vec": ("k*p", "m*n"), "seed-004": ("m*n", "k*p"), "tensor": ("k", "p", "m", "n")}),
        ("A*X*B", "X", {"tensor-input": ("m", "n", "k", "p"), "denominator": ("m*n", "k*p")}),
        ("a*x", "a", {"numerator": ("n", "1"), "seed-001": ("1", "n")}),
    ],
)
def test_the_shape_of_a_layout_is_that_of_its_users(f, x, shapes):
    D = derivative(parse(f, shapes=SHAPES), x)
    for name, shape in shapes.items():
        assert D.in_layout(name).shape == shape


def _values(f, *others):
    sample = next(iter(samples([f, *others], count=1)))
    return {k: v[0] for k, v in sample.env.items()}, sample.sizes


@pytest.mark.parametrize("f", ["A*X*B", "inv(X'*X)", "sin(X)*x", "X/norm2(X)", "logdet(X'*X)", "kron(X, x)"])
def test_a_directional_derivative_is_the_slope_along_the_direction(f):
    function = parse(f, shapes=SHAPES)
    V = jvp(function, "X").expr
    env, sizes = _values(function.expr, V)
    h = 1e-6
    sides = [evaluate(function.expr, {**env, "X": env["X"] + s * h * env["V"]}, sizes) for s in (1, -1)]
    assert np.allclose(evaluate(V, env, sizes), (sides[0] - sides[1]) / (2 * h), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("f", ["A*X*B", "inv(X'*X)", "sin(X)*x", "X/norm2(X)"])
def test_the_transposed_product_is_the_adjoint(f):
    """⟨Y, dF(V)⟩ = ⟨vjp(Y), V⟩."""
    function = parse(f, shapes=SHAPES)
    forward, back = jvp(function, "X").expr, vjp(function, "X").expr
    env, sizes = _values(function.expr, forward, back)
    left = (env["Y"] * evaluate(forward, env, sizes)).sum()
    assert np.isclose(left, (evaluate(back, env, sizes) * env["V"]).sum(), rtol=1e-9)


@pytest.mark.parametrize("f", ["sum(exp(X))", "norm2(A*X*B)^2", "logdet(X'*X)"])
def test_a_hessian_product_is_the_slope_of_the_gradient(f):
    function = parse(f, shapes=SHAPES)
    G, HV = gradient(function, "X").expr, hvp(function, "X").expr
    env, sizes = _values(function.expr, G, HV)
    h = 1e-6
    sides = [evaluate(G, {**env, "X": env["X"] + s * h * env["V"]}, sizes) for s in (1, -1)]
    assert np.allclose(evaluate(HV, env, sizes), (sides[0] - sides[1]) / (2 * h), rtol=1e-4, atol=1e-5)


def test_the_diagonal_of_a_hessian_has_no_hessian_in_it():
    D = hessian_diagonal(parse("sum(log(ones(k) + exp(A*x)))", shapes={"A": ("k", "n"), "x": ["n"]}), "x")
    assert D.text == "(A.^2)'*(sigmoid(A*x).*(ones(k) - sigmoid(A*x)))"


def test_the_size_of_the_array_is_told_before_it_is_built():
    D = derivative(parse("A*X*B", shapes=SHAPES), "X")
    assert D.entries(k=2, m=3, n=4, p=5) == 2 * 5 * 3 * 4


def test_a_direction_needs_a_name_of_its_own():
    with pytest.raises(RequestError, match="cannot name a direction"):
        jvp(parse("A*X", shapes=SHAPES), "X", direction="A")
    with pytest.raises(ShapeError):
        hvp(parse("A*X", shapes=SHAPES), "X")


# what is found when it is asked for


def found(monkeypatch, name):
    """The calls of a function of `calculus.derivative` from here on."""
    calls = []
    true = getattr(calculus, name)
    monkeypatch.setattr(calculus, name, lambda *given: calls.append(given) or true(*given))
    return calls


def test_code_of_an_array_needs_no_matrix(monkeypatch):
    calls = found(monkeypatch, "vec_matrix")
    D = derivative(parse("sum(exp(A*X))"), "X", "X")
    D.compile()(A=np.eye(2), X=np.eye(2))
    assert D.index() and not calls
    assert D.text and D.vec() and len(calls) == 1, "and when it is asked for, it is found once"


@pytest.mark.parametrize("text", ["sum(tanh(A*relu(B*X)))", "logsumexp(A*sin(B*x))", "norm2(A*X - B)^2"])
def test_nothing_is_differentiated_twice(text, monkeypatch):
    seen = []
    true = differential._rule
    monkeypatch.setattr(differential, "_rule", lambda e, d: seen.append(e) or true(e, d))
    x = "X" if "X" in text else "B"
    D = derivative(parse(text), x, x)
    D.compile()
    assert D.is_array and D.text and len(seen) == len(set(seen))


@given(f=expressions((M, N), depth=3), data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=RELAXED)
def test_what_is_put_off_cannot_fail(f, data):
    assume(symbols(f))
    try:
        D = derivative(f, data.draw(st.sampled_from(symbols(f))))
    except (NotSupported, TooLarge):
        assume(False)
    last = D.stages[-1]
    if last.stacked and not isinstance(last.found, Expr):
        assert D.expr.shape == (f.shape[0] * f.shape[1], last.variable.shape[0] * last.variable.shape[1])


def test_what_may_fail_is_found_at_once():
    nested = "X"
    for _ in range(45):
        nested = f"sin({10**18 + 9}*{nested})"
    with pytest.raises(TooLarge, match="out of range"):
        derivative(parse(nested, shapes={"X": ("m", "n")}), "X")
    with pytest.raises(NotSupported, match="no matrix"):
        derivative(parse("f(X)", {"X": ("m", "n")}, None, {"f": ("m", "n")}), "X")
    long = "*".join(f"n{i}" for i in range(9))
    X = symbol("X", (reduce(mul, [dim(f"n{i}") for i in range(9)]), N))
    assert long in derivative(X * X, "X").shape[0]
    assert isinstance(derivative(X * X, "X").stages[-1].found, Expr)
