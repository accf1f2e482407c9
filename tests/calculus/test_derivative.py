"""Derivatives of random functions against the independent check; the identities that define each move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from closedform import derivative, gradient, hessian, jacobian, parse
from closedform.calculus.differential import differential, differential_symbol
from closedform.calculus.transpose import transpose
from closedform.core.expr import OPS, symbol, symbols, topological
from closedform.core.shape import ONE, SCALAR, dim
from closedform.errors import DomainError, NotSupported, RequestError, ShapeError, TooLarge, UnknownName
from closedform.verification.interpreter import evaluate
from tests.strategies import SIZES, environment, expressions

N, M = dim("n"), dim("m")
RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def _checked(f, *wrt):
    """The derivative, compared with the function; what is refused by name, or has no domain, is set aside."""
    try:
        return derivative(f, *wrt).check()
    except (NotSupported, DomainError, TooLarge):
        assume(False)


@given(f=expressions(SCALAR), data=st.data())
@settings(max_examples=250, deadline=None, suppress_health_check=RELAXED)
def test_a_gradient_is_right(f, data):
    assume(symbols(f))
    _checked(f, data.draw(st.sampled_from(symbols(f))))


@given(f=expressions((M, ONE)), data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=RELAXED)
def test_a_jacobian_is_right(f, data):
    vectors = [s for s in symbols(f) if ONE in s.shape]
    assume(vectors)
    _checked(f, data.draw(st.sampled_from(vectors)))


@given(f=expressions(SCALAR, depth=3), data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=RELAXED)
def test_a_second_derivative_is_right(f, data):
    vectors = [s for s in symbols(f) if ONE in s.shape]
    assume(vectors)
    _checked(f, data.draw(st.sampled_from(vectors)), data.draw(st.sampled_from(vectors)))


@given(f=expressions((N, N), depth=3), data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=RELAXED)
def test_a_matrix_by_a_scalar_is_right(f, data):
    scalars = [s for s in symbols(f) if s.is_scalar]
    assume(scalars)
    _checked(f, data.draw(st.sampled_from(scalars)))


@given(F=expressions((M, ONE)), seed=st.integers(0, 99))
@settings(max_examples=100, deadline=None, suppress_health_check=RELAXED)
def test_transpose_is_the_adjoint(F, seed):
    """⟨K, dF⟩ = ⟨transpose(dF)(K), dx⟩ for every F, K and dx."""
    x = symbol("x", (N, ONE))
    dx, K = differential_symbol(x), symbol("K", F.shape)
    try:
        dF = differential(F, [x])
        back = transpose(dF, [dx], K)[0]
    except NotSupported:
        assume(False)
    assume(dx in topological([dF]))
    env = {**environment(F + 0 * F, seed), **environment(dF, seed), **environment(back, seed + 1)}
    with np.errstate(all="ignore"):
        left = (evaluate(K, env, SIZES) * evaluate(dF, env, SIZES)).sum()
        right = (evaluate(back, env, SIZES) * env["dx"]).sum()
    assume(np.isfinite(left) and abs(left) < 1e6)
    assert np.isclose(left, right, rtol=1e-8, atol=1e-8)


def test_gradient_size_is_linear_in_depth():
    """Sharing is kept: 64 layers cost at most 9 times 8 layers, not 2⁵⁶ times."""

    def nodes(depth: int) -> int:
        h = x = symbol("x", (N, ONE))
        for i in range(depth):
            h = OPS["tanh"](symbol(f"W{i}", (N, N)) @ h + h * h)
        G = gradient(OPS["sum"](h), x)
        return len(topological([G.expr]))

    assert nodes(64) < 9 * nodes(8)


def test_one_sweep_gives_the_gradients_of_all_variables():
    f = parse("norm2(A*X*B - C)^2")
    together = gradient(f, ["A", "X", "B"])
    assert [str(G) for G in together] == [str(gradient(f, v)) for v in ("A", "X", "B")]
    assert str(together[1]) == "2*A'*(A*X*B - C)*B'"


SHAPES = {"A": ("m", "n"), "X": ("n", "n"), "x": ["n"], "y": ["m"], "a": [], "p": []}


@pytest.mark.parametrize(
    ("f", "wrt", "error", "message"),
    [
        ("A*x", [], RequestError, "no variable"),
        ("A*x", [""], RequestError, "no variable"),
        ("A*x", ["z"], UnknownName, "not a variable"),
        ("n*x", ["n"], RequestError, "is a dimension"),
        ("a*x", ["exp"], RequestError, "is a function"),
        ("tr(X^p)", ["p"], RequestError, "declared integer"),
        ("sum(expm(X))", ["X"], NotSupported, "expm"),
        ("sum(logm(X))", ["X"], NotSupported, "logm"),
        ("sum(sqrtm(X))", ["X"], NotSupported, "sqrtm"),
        ("y'*A*X^p*x", ["X", "X"], NotSupported, "second derivative of a matrix power"),
        ("norm1(X^100)", ["X"], NotSupported, "100 terms"),
    ],
)
def test_a_question_without_an_answer_is_refused_by_name(f, wrt, error, message):
    with pytest.raises(error, match=message):
        derivative(parse(f, shapes=SHAPES, properties={"p": ["integer"]}), *wrt)


def test_a_variable_with_the_name_of_a_differential_is_refused():
    f = parse("dx'*x", shapes={"dx": ["n"], "x": ["n"]})
    with pytest.raises(RequestError, match="the differential of x too"):
        derivative(f, "x")
    assert derivative(f, "dx").text == "x"


@pytest.mark.parametrize(("ask", "f"), [(gradient, "A*x"), (jacobian, "x'*x"), (jacobian, "A*X"), (hessian, "A*x")])
def test_asking_for_the_wrong_kind_of_derivative_is_a_shape_error(ask, f):
    with pytest.raises(ShapeError):
        ask(parse(f, shapes=SHAPES), "x")


def test_layouts_transpose_what_they_say():
    g = derivative(parse("x'*X*x", shapes=SHAPES), "x")
    assert (g.text, g.shape) == ("(X + X')*x", ("n", "1"))
    assert g.in_layout("numerator").text == "x'*(X + X')"
    J = derivative(parse("A*x", shapes=SHAPES), "x")
    assert (J.text, J.in_layout("denominator").text) == ("A", "A'")
    with pytest.raises(RequestError, match="unknown layout"):
        J.in_layout("sideways")


@pytest.mark.parametrize(
    ("f", "x", "conditions"),
    [
        ("logdet(X)", "X", ["det(X) ≠ 0"]),
        ("sum(log(x))", "x", ["x > 0 (every entry)"]),
        ("norm2(x)", "x", ["x ≠ 0"]),
        ("norm2(x)^2", "x", []),
        ("1/(x'*x + a)", "x", ["x'*x + a ≠ 0"]),
        ("sqrt(a)", "a", ["a > 0"]),
    ],
)
def test_the_domain_is_named(f, x, conditions):
    assert derivative(parse(f, shapes=SHAPES), x).conditions == conditions


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        ("tr(expm(X))", "X", "expm(X)'"),
        ("tr(logm(X))", "X", "inv(X)'"),
        ("tr(sqrtm(X))", "X", "0.5*inv(sqrtm(X))'"),
        ("tr(X^p)", "X", "p*(X^(p - 1))'"),
        ("normnuc(A)", "A", "A*inv(sqrtm(A'*A))"),
        ("expm(a*X)", "a", "X*expm(a*X)"),
    ],
)
def test_a_matrix_function_has_a_closed_form_under_a_trace(f, x, expected):
    D = derivative(parse(f, shapes=SHAPES, properties={"p": ["integer"]}), x)
    assert D.text == expected
    D.check()


def test_the_pseudoinverse_is_differentiated_at_constant_rank():
    derivative(parse("sum(pinv(A))", shapes=SHAPES), "A").check()


def test_a_symmetric_variable_gets_the_symmetric_part_and_says_so():
    f = parse("a'*X*b", shapes={"a": ["n"], "b": ["n"], "X": ("n", "n")}, properties={"X": ["symmetric"]})
    D = derivative(f, "X")
    assert D.text == "0.5*(a*b' + b*a')"
    assert "symmetric part" in D.conventions[0]
    D.check()


@pytest.mark.parametrize(("f", "wrt", "answer"), [
    ("tr(Q'*Q*A)", "Q", "Q*(A + A')"), ("logdet(Q)", "Q", "inv(Q)'"), ("tr(A*Q)", "A", "Q'"),
    ("logdet(Q)", "Q Q", "-kron(inv(Q), inv(Q)')*K(n, n)"),
])  # fmt: skip
def test_a_derivative_by_an_orthogonal_matrix_is_that_by_any_matrix(f, wrt, answer):
    """Q'Q = I is not put in before; a note says so."""
    D = derivative(parse(f, {"Q": ("n", "n"), "A": ("n", "n")}, {"Q": ["orthogonal"]}), *wrt.split())
    assert D.text == answer and D.check()
    assert ("Q is differentiated as any matrix, not within the orthogonal ones" in D.function.notes) == ("Q" in wrt)


def test_an_answer_that_is_too_long_to_be_read_back_is_not_called_checked():
    f = parse("+".join(f"sin({k}*a)*cos({k + 1}*a)*exp({k}*a)" for k in range(150)), {"a": ()})
    with pytest.raises(TooLarge, match="characters, too many to be read back, so it was not checked"):
        derivative(f, "a").check()


def test_an_index_that_is_split_twice_is_evaluated():
    f = parse("kron(kron(A, x), kron(x, y))", {"A": ("m", "n"), "x": ("m",), "y": ("n",)})
    assert derivative(f, "A").check()


@pytest.mark.parametrize("f", ["tr(pinv(X)*X*A)", "norm2(pinv(X))^2", "sum(pinv(X*A))"])
def test_second_derivatives_of_a_pseudo_inverse_pass_their_check(f):
    """A complex step leaves no noise of differences."""
    D = derivative(parse(f, {"X": ("m", "n"), "A": ("n", "n")}), "X", "X")
    assert D.check().max_error < 1e-6
