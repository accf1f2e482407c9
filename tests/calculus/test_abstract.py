"""The chain rule for abstract functions: the derivative stays as it is, and the answer is checked all the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import closedform as cf
from closedform.cli.main import app
from closedform.core.normal import normal
from closedform.errors import NotSupported, VerificationError
from closedform.program.languages import LANGUAGES
from closedform.verification.interpreter import evaluate
from closedform.verification.numeric import check
from closedform.verification.sample import difference, samples

FUNCTIONS = {"sigma": "entrywise", "f": ("n", "n"), "F": ("m", "n"), "u": ("m",), "g": ()}
SHAPES = {"A": ("m", "n"), "W": ("m", "n"), "X": ("p", "q"), "Z": ("n", "r"), "S": ("n", "n"), "M": ("n", "m"),
          "N": ("n", "n"), "Y": ("q", "q"), "x": ("n",), "y": ("m",), "b": ("n",), "a": (), "t": ()}  # fmt: skip


def read(formula):
    return cf.parse(formula, SHAPES, {"S": ["symmetric"]}, FUNCTIONS)


GRADIENTS = [  # a scalar function, by what, its derivative
    ("sum(sigma(X))", "X", "sigma'(X)"),
    ("sum(sigma(X'))", "X", "sigma'(X)"),
    ("sigma(a)", "a", "sigma'(a)"),
    ("sum(sigma(A*x))", "x", "A'*sigma'(A*x)"),
    ("norm2(sigma(W*x) - y)^2", "W", "2*(sigma'(W*x).*(sigma(W*x) - y))*x'"),
    ("sum(sigma(S))", "S", "sigma'(S)"),
    ("tr(sigma(N))", "N", "eye(n).*sigma'(N)"),
    ("exp(sigma(b'*x))", "x", "sigma'(b'*x)*exp(sigma(b'*x))*b"),
    ("tr(f(X))", "X", "Df_T(X, eye(n))"),
    ("tr(N*f(X))", "X", "Df_T(X, N')"),
    ("b'*f(X)*x", "X", "Df_T(X, b*x')"),
    ("det(f(X))", "X", "det(f(X))*Df_T(X, inv(f(X))')"),
    ("logdet(f(X))", "X", "Df_T(X, inv(f(X))')"),
    ("tr(inv(f(X)))", "X", "-Df_T(X, (inv(f(X))^2)')"),
    ("norm2(f(X))^2", "X", "2*Df_T(X, f(X))"),
    ("tr(f(X*Y))", "X", "Df_T(X*Y, eye(n))*Y'"),
    ("tr(M*F(sigma(X)))", "X", "sigma'(X).*DF_T(sigma(X), M')"),
    ("y'*u(x)", "x", "Du_T(x, y)"),
    ("exp(g(x))", "x", "exp(g(x))*Dg_T(x, 1)"),
    ("g(f(X))", "X", "Df_T(X, Dg_T(f(X), 1))"),
]
OTHERS = [  # a function, by what in turn, its derivative
    ("sigma(A*x)", "x", "diag(sigma'(A*x))*A"),
    ("sum(sigma(A*x))", "x x", "A'*diag(sigma''(A*x))*A"),
    ("sigma(t)", "t t t", "sigma'''(t)"),
    ("sigma(A*Z)", "Z", "diag(vec(sigma'(A*Z)))*kron(eye(r), A)"),
    ("f(t*X)", "t", "Df(t*X, X)"),
    ("f(t)", "t", "Df(t, 1)"),
]


@pytest.mark.parametrize(("function", "wrt", "answer"), GRADIENTS + OTHERS, ids=[c[0] for c in GRADIENTS + OTHERS])
def test_a_derivative_keeps_the_function_and_passes_its_check(function, wrt, answer):
    D = cf.derivative(read(function), *wrt.split())
    assert D.text == answer
    assert D.check().points > 0


IDENTITIES = [  # seed note 000: a function of f(X), its differential
    ("f(X)'", "Df(X, dX)'"),
    ("tr(f(X))", "tr(Df(X, dX))"),
    ("det(f(X))", "det(f(X))*tr(inv(f(X))*Df(X, dX))"),
    ("inv(f(X))", "-inv(f(X))*Df(X, dX)*inv(f(X))"),
    ("b'*inv(f(X))*x", "-b'*inv(f(X))*Df(X, dX)*inv(f(X))*x"),
]


@pytest.mark.parametrize(("function", "differential"), IDENTITIES, ids=[i[0] for i in IDENTITIES])
def test_a_differential_is_the_unknown_linear_map_inside(function, differential):
    assert cf.differential(read(function), "X").text == differential


def test_an_operator_and_products_with_a_direction():
    assert cf.derivative(read("det(f(X))"), "X").operator() == "dX -> det(f(X))*tr(inv(f(X))*Df(X, dX))"
    assert cf.jvp(read("inv(f(X))"), "X").text == "-inv(f(X))*Df(X, V)*inv(f(X))"
    assert cf.vjp(read("inv(f(X))"), "X", "C").text == "-Df_T(X, inv(f(X))'*C*inv(f(X))')"
    assert cf.hvp(read("sum(sigma(A*x))"), "x").text == "A'*((A*V).*sigma''(A*x))"
    assert cf.hessian_diagonal(read("sum(sigma(A*x))"), "x").text == "(A.^2)'*sigma''(A*x)"


def test_the_two_derivatives_are_transposes():
    """⟨Y, Df(X, V)⟩ = ⟨Df_T(X, Y), V⟩, in matrix notation and in numbers."""
    assert cf.derivative(read("sum(N.*Df(X, 2*X*Y))"), "N").text == "2*Df(X, X*Y)"
    assert cf.derivative(read("sum(X.*Df_T(X*Y, N))"), "N").text == "Df(X*Y, X)"
    left, right = read("sum(N.*Df(X, 2*X*Y))").expr, read("sum(Df_T(X, N).*(2*X*Y))").expr
    assert difference(left, right) < 1e-12


@pytest.mark.parametrize("function", ["Df(X, {})", "Df_T(X, {})"])
def test_they_are_linear(function):
    V = "X" if "_T" not in function else "N"
    e, zero = read(function.format(f"2*a*{V}")), read(function.format(f"0*{V}"))
    assert str(normal(e.expr)) == f"2*a*{function.format(V)}"
    assert not evaluate(normal(zero.expr), {}, {"n": 2, "p": 2, "q": 3}).any()


def test_a_stand_in_is_fixed_by_its_name():
    names = {"f": ("n", "n"), "h": ("n", "n")}
    f, h = (cf.parse(f"{name}(X)", {"X": ("p", "q")}, functions=names).expr for name in names)
    (sample, *_) = samples([f, h], count=1)
    assert (evaluate(f, sample.env, sample.sizes) == evaluate(f, sample.env, sample.sizes)).all()
    assert not np.isclose(evaluate(f, sample.env, sample.sizes), evaluate(h, sample.env, sample.sizes)).all()


def test_a_wrong_answer_fails_its_check():
    f, wrong = read("sum(sigma(X))"), read("-sigma'''(X)").expr
    assert difference(read("sigma'(X)").expr, wrong) > 1e-3
    with pytest.raises(VerificationError):
        check(f.expr, f.variables["X"], wrong, "gradient")
    with pytest.raises(VerificationError):
        check(read("tr(f(X))").expr, f.variables["X"], read("Df_T(2*X, eye(n))").expr, "gradient")


def test_index_notation_of_an_entrywise_function():
    assert cf.derivative(read("sigma(A*x)"), "x").index() == "J_ij = A_ij*(sigma'(A*x))_i"


REFUSED = [
    (lambda: cf.derivative(read("f(X)"), "X"), "the derivative of f is an unknown linear map, and has no matrix"),
    (lambda: cf.derivative(read("u(x)"), "x"), "the derivative of u is an unknown linear map, and has no matrix"),
    (lambda: cf.hessian(read("tr(f(X))"), "X"), "the second derivative of f is not known"),
    (
        lambda: cf.derivative(read("tr(f(X))"), "X").index(),
        "the derivative of f is an unknown linear map, and has no entries",
    ),
    (lambda: cf.derivative(read("tr(f(X))"), "X").code(), "there is no code for f: it is abstract"),
    (lambda: cf.derivative(read("sum(sigma(X))"), "X").compile(), "there is no code for sigma: it is abstract"),
    (lambda: cf.derivative(read("sigma(A*Z)"), "Z").compile(), "there is no code for sigma: it is abstract"),
]


@pytest.mark.parametrize(("ask", "message"), REFUSED, ids=[r[1] for r in REFUSED])
def test_what_is_not_known_of_a_function_is_refused_by_name(ask, message):
    with pytest.raises(NotSupported) as caught:
        ask()
    assert message in str(caught.value)


def run(*arguments):
    return CliRunner().invoke(app, ["diff", *arguments])


def test_on_the_command_line():
    entrywise = run("sum(sigma(A*x))", "x", "--let", "sigma: entrywise")
    assert entrywise.exit_code == 0
    assert "∂f/∂x = Aᵀ sigma′(Ax)" in entrywise.output and "✓ proved at 2 sizes" in entrywise.output
    assert "Df_T(X, eye(n))" in run("tr(f(X))", "X", "--let", "f: function(n,n)").output
    fields = json.loads(run("tr(f(X))", "X", "--let", "f: function(n,n)", "--json").output)
    assert (fields["text"], fields["index"]) == ("Df_T(X, eye(n))", None)
    assert fields["code"] == dict.fromkeys(LANGUAGES)
    refused = run("sum(sigma(A*x))", "x", "--let", "sigma: entrywise", "--code", "numpy")
    assert refused.exit_code == 2 and "there is no code for sigma" in refused.output
