"""Raising: what is lowered to indexed products and raised again has the value it had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from closedform import derivative, parse
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.errors import NotSupported, TooLarge
from closedform.index.derivative import derive_tensor
from closedform.index.lowering import tensor_of
from closedform.index.raising import raised
from closedform.index.tensor import expanded
from closedform.verification.interpreter import evaluate
from closedform.verification.tensor import tensor_value
from tests.strategies import SIZES, environment, expressions

RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@given(e=expressions(depth=3), seed=st.integers(0, 99))
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
def test_an_expression_written_out_and_raised_has_its_value(e, seed):
    tensor = expanded(tensor_of(normal(e)))
    back = raised(tensor)
    assume(back is not None)
    env = environment(e, seed)
    with np.errstate(all="ignore"):
        value, again = tensor_value(tensor, env, SIZES), evaluate(back, env, SIZES)
    assume(np.isfinite(value).all() and np.abs(value).max() < 1e6)
    assert np.allclose(again.reshape(value.shape), value, rtol=1e-9, atol=1e-9)


SHAPES = {"A": ("m", "n"), "B": ("n", "p"), "X": ("n", "n"), "C": ("n", "n"), "x": ["n"], "y": ["m"], "z": ["n"]}
RAISED = [
    "A*B",
    "tr(X*C)",
    "diag(X)",
    "x.*z",
    "x'*z",
    "X.*C",
    "A*x",
    "diag(x)*X",
    "x*y'",
    "A*diag(x)*B",
    "tr(A'*A)",
    "sum(X)",
    "X*(x.*z)",
    "(X.*C)*x",
    "y'*A*X*x",
]


@pytest.mark.parametrize("f", RAISED)
def test_the_notation_of_matrices_is_found_again(f):
    e = normal(parse(f, shapes=SHAPES).expr)
    assert raised(expanded(tensor_of(e))) is e


@pytest.mark.parametrize(
    ("f", "x", "gradient"),
    [
        ("sum(exp(vec(A)))", "A", "exp(A)"),
        ("vec(A)'*vec(A.*A)", "A", "3*A.^2"),
        ("sum(sin(vec(A*B)))", "A", "cos(A*B)*B'"),
    ],
)
def test_a_gradient_through_vec_is_a_matrix(f, x, gradient):
    D = derivative(parse(f, shapes=SHAPES), x)
    assert (D.text, D.layout) == (gradient, "gradient")
    D.check()


@given(f=expressions((ONE, ONE), depth=3), seed=st.integers(0, 99), data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=RELAXED)
def test_a_raised_gradient_has_the_value_of_the_array(f, seed, data):
    from closedform.core.expr import symbols

    assume(symbols(f))
    x = data.draw(st.sampled_from(symbols(f)))
    try:
        tensor = derive_tensor(f, [x], [None])
    except (NotSupported, TooLarge):
        assume(False)
    back = raised(tensor)
    assume(back is not None)
    env = environment(f, seed)
    with np.errstate(all="ignore"):
        value, again = tensor_value(tensor, env, SIZES), evaluate(back, env, SIZES)
    assume(np.isfinite(value).all() and np.abs(value).max() < 1e6)
    assert np.allclose(again.reshape(value.shape), value, rtol=1e-8, atol=1e-8)
