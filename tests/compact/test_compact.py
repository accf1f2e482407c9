"""Compaction and presentation: the same value, never more operations, and text that parses back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closedform.ask import derivative
from closedform.compact.compact import compact
from closedform.compact.present import present
from closedform.core.normal import normal
from closedform.emit.text import text
from closedform.syntax.text import parse
from tests.strategies import expressions
from tests.values import assert_same_value

RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@given(e=expressions(), seed=st.integers(0, 99))
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_compaction_preserves_the_value(e, seed):
    assert_same_value(e, compact(normal(e)), seed)


@given(e=expressions(), seed=st.integers(0, 99))
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_presentation_preserves_the_value(e, seed):
    assert_same_value(e, present(compact(normal(e))), seed)


@given(e=expressions())
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
def test_compaction_never_adds_operations(e):
    before = normal(e)
    assert compact(before).size <= before.size


ROOTS = {
    "arccos(1/(x'*y))": "y/((x'*y)^2*sqrt(1 - 1/(x'*y)^2))",
    "arcsin(1/tr(A))": "-eye(n)/(tr(A)^2*sqrt(1 - 1/tr(A)^2))",
    "sqrt(1 + a^2/(x'*y)^2)": "-a^2*y/((x'*y)^3*sqrt(a^2/(x'*y)^2 + 1))",
    "arccos(1/(x'*x + 1))": None,
}


@pytest.mark.parametrize("f", ROOTS)
def test_what_comes_out_of_a_root_is_not_taken_for_positive(f):
    D = derivative(parse(f, {"A": ("n", "n"), "x": ("k",), "y": ("k",), "a": ()}), "A" if "A" in f else "x")
    assert D.check().certificate.proved
    assert ROOTS[f] in (None, D.text)


SHAPES = {"A": ("n", "n"), "B": ("n", "n"), "X": ("m", "n"), "x": ["n"], "y": ["m"], "a": [], "S": ("n", "n")}
SHORTER = [
    ("A*x + A'*x", "(A + A')*x"),
    ("2*A*x - 2*B*x", "2*(A - B)*x"),
    ("A*x*x' + B*x*x'", "(A + B)*x*x'"),
    ("exp(X*x)./(ones(m) + exp(X*x))", "sigmoid(X*x)"),
    ("exp(x)/sum(exp(x))", "softmax(x)"),
    ("sum(softmax(x))", "1"),
    ("log(sum(exp(x)))", "logsumexp(x)"),
    ("inv(A)*A*x", "x"),
    ("inv(A*B)*A", "inv(B)"),
    ("A*inv(B*A)", "inv(B)"),
    ("diag(x)*A*inv(A)", "diag(x)"),
    ("S*x + S'*x", "2*S*x"),
    ("(A')'", "A"),
    ("sqrt(sum(x.^2))", "norm2(x)"),
    ("diag(diag(x))", "x"),
    ("tr(A*diag(x))", "x'*diag(A)"),
    ("y.*sigmoid(y) + y.*(ones(m) - sigmoid(y))", "y"),
    ("(x - y)'*(x - y) + 2*x'*y", "x'*x + y'*y"),
    ("X*x - (y + X*x)", "-y"),
    ("1/(a*(1/a^2 + 1))", "a/(a^2 + 1)"),
    ("sign(a)*abs(a)", "a"),
    ("relu(x).*sign(x)", "relu(x)"),
    ("det(2*A)", "2^n*det(A)"),
    ("tr(kron(A, B))", "tr(A)*tr(B)"),
    ("kron(A, B)*kron(inv(A), inv(B))", "eye(n*n)"),
    ("-(y - ones(m))", "ones(m) - y"),
    ("vec(A.*B) - 2*vec(A.*S)", "vec(A.*(B - 2*S))"),
    ("diag(vec(A*B)) + diag(vec(A*S))", "diag(vec(A*(B + S)))"),
    ("diag(A*B) + diag(A*S) + x", "diag(A*(B + S)) + x"),
    ("a*vec(A) + vec(B)", "a*vec(A) + vec(B)"),
    ("-2*A*(x - B*x)", "2*A*(B*x - x)"),
    ("-X*(x - A*x)*(x - A*x)'", "-X*(x - A*x)*(x - A*x)'"),
]


@pytest.mark.parametrize(("long", "short"), SHORTER)
def test_the_short_form_is_found(long, short):
    shapes = {**SHAPES, "y": ["n"]} if "x - y" in long or "x'*y" in long else SHAPES
    f = parse(long, shapes=shapes, properties={"S": ["symmetric"]})
    assert text(present(compact(normal(f.expr)))) == short


@pytest.mark.parametrize(
    "function, wrt, answer",
    [
        ("norm2(tanh(A*x) - b)^2", "x", "2*A'*((tanh(A*x) - b).*(ones(m) - tanh(A*x).^2))"),
        ("B*tanh(C*tanh(A*x))", "x", "B*diag(ones(r) - tanh(C*tanh(A*x)).^2)*C*diag(ones(m) - tanh(A*x).^2)*A"),
    ],
)
def test_one_minus_a_function_stands_so_in_a_product(function, wrt, answer):
    shapes = {"A": ("m", "n"), "x": ("n",), "b": ("m",), "C": ("r", "m"), "B": ("q", "r")}
    D = derivative(parse(function, shapes), wrt)
    assert D.text == answer and D.check().max_error < 1e-9
