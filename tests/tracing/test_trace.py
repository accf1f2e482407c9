"""How a function is run: its globals, helpers, decorators and libraries; what is a variable and what a value."""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.nn import sigmoid as squash
from numpy.linalg import inv, slogdet

import closedform as cf
from closedform.core.normal import normal
from closedform.errors import NotSupported
from tests.tracing import functions

X, y = np.ones((3, 2)), np.ones(3)
SCALE = 0.25


def formula(function, *args, **kwargs) -> str:
    return str(cf.trace(function, *args, **kwargs).expr)


def on_globals(w):
    return np.sum((X @ w - y) ** 2) * SCALE


def test_globals_with_a_shape_are_variables_and_other_numbers_are_constants():
    f = cf.trace(on_globals, w="n", X=("m", "n"), y="m")
    assert (
        str(f.expr) == "0.25*sum((X*w - y).^2)" and list(f.variables) == ["w", "X", "y"] and list(f.dims) == ["n", "m"]
    )
    assert str(cf.gradient(f, "w")) == "0.5*X'*(X*w - y)"


def test_a_global_that_is_data_needs_a_shape():
    with pytest.raises(NotSupported, match=r"an array of numbers has no name(.|\n)*declare its shape"):
        cf.trace(on_globals, w="n")


def test_tracing_changes_no_module():
    before = np.sum, np.exp, jnp.exp, on_globals.__globals__["np"]
    cf.trace(on_globals, w="n", X=("m", "n"), y="m")
    assert (np.sum, np.exp, jnp.exp, on_globals.__globals__["np"]) == before
    assert on_globals(np.zeros(2)) == 0.75


def test_variables_of_the_function_around_are_names_too():
    def make(A, shift):
        return lambda x: x @ A @ x + shift

    assert formula(make(np.eye(2), 3), x="n", A=("n", "n")) == "x'*A*x + 3"


def test_functions_are_found_however_they_were_imported():
    def f(S, x):
        from jax.nn import softplus

        return x @ inv(S) @ squash(x) + slogdet(S)[1] + jnp.sum(softplus(x))

    assert formula(f, S=("n", "n"), x="n") == "x'*inv(S)*sigmoid(x) + sum(softplus(x)) + logdet(S)"


def test_helpers_of_another_module_are_followed():
    assert formula(lambda x: functions.relu(x).sum(), x="n") == "sum(relu(x))"


class Model:
    def __init__(self, strength):
        self.strength = strength

    def loss(self, w):
        return self.strength * jnp.sum(w**2) + self.penalty(w)

    def penalty(self, w):
        return np.log1p(np.exp(w)).sum()


def test_a_method_is_read_and_its_object_stays_as_it_is():
    assert formula(Model(2.5).loss, w="n") == "sum(log(exp(w) + ones(n))) + 2.5*sum(w.^2)"


@jax.jit
def jitted(x):
    return jnp.exp(x).sum()


@functools.lru_cache
def cached(n):
    return n + 1


def test_decorated_functions_are_read_inside():
    assert formula(jitted, x="n") == "sum(exp(x))"
    assert formula(lambda x: cached(2) * x.sum(), x="n") == "3*sum(x)"
    assert (
        formula(lambda x: partial(functions.layer, activation=np.tanh)(x, x, x).sum(), x="n")
        == "sum(tanh(x + (x'*x)*ones(n)))"
    )


def test_values_are_given_as_numbers_and_functions():
    def f(x, k, g, flag=True):
        for _ in range(k):
            x = g(x)
        return x.sum() if flag else x

    assert formula(f, x="n", k=2, g=jnp.tanh) == "sum(tanh(tanh(x)))"
    assert formula(f, x="n", k=0, g=None, flag=False) == "x"


def test_decimals_are_what_python_prints():
    f = cf.trace(lambda x: 0.1 * x + Fraction(1, 3) + np.float64(0.5) + np.array(2.0) + torch.tensor(1.5), x=())
    assert normal(f.expr) is normal(cf.parse("x/10 + 13/3", {"x": ()}).expr)


def test_scalars_lengths_and_the_module_math():
    def f(x, t):
        return math.sqrt(t) * x.sum() / len(x) + x.size * t

    assert formula(f, x="n", t=()) == "sqrt(t)*sum(x)/n + n*t"


def test_a_known_length_is_a_number():
    def f(X):
        total = 0.0
        for k in range(X.shape[0]):
            total += k * X.sum()
        return total if X.shape == (3, 2) else 0.0

    g = cf.trace(f, X=(3, 2))
    assert str(cf.gradient(g, "X")) == "3*ones(3, 2)"


def test_lengths_of_one_name_are_equal():
    def f(A, b):
        assert A.shape[0] == b.shape[0] != 0 and A.shape == (len(b), A.shape[1]) and len(b) is not None
        return A.T @ b

    assert formula(f, A=("m", "n"), b="m") == "A'*b"


def test_an_argument_without_a_name_is_passed_by_its_place():
    def f(x, /, A):
        return x @ A @ x

    assert formula(f, x="n", A=("n", "n")) == "x'*A*x"


def test_one_axis_and_two_are_told_apart():
    """As in NumPy (m,) and (m, 1) broadcast to (m, m)."""
    f = cf.trace(lambda a, b: a - b, a="m", b=("m", 1))
    assert f.expr.shape == cf.matrix("A", "m", "m").shape


def test_properties_reach_the_derivative():
    f = cf.trace(lambda S: np.linalg.slogdet(S)[1], {"S": ("n", "n")}, {"S": ["spd"]})
    assert str(cf.gradient(f, "S")) == "inv(S)"


def test_the_namespace_of_the_array_api_is_understood():
    def f(x):
        xp = x.__array_namespace__()
        return xp.sum(xp.exp(x) * xp.ones(x.shape)) / xp.linalg.vector_norm(x)

    assert formula(f, x="n") == "ones(n)'*exp(x)/norm2(x)"


class Untouched:
    """Methods reached through objects run as they are: NumPy and PyTorch ask the array."""

    def numpy(self, x):
        return np.exp(x).sum() + np.linalg.norm(x) + 2.0 * np.float64(3) * x.sum() + np.multiply(2, x) @ x

    def torch(self, x):
        return (
            torch.exp(x).sum()
            + torch.nn.functional.softplus(x).sum()
            + torch.linalg.norm(x)
            + torch.tensor(2.0) * x.sum()
        )

    def jax(self, x):
        return jnp.exp(x).sum()


def test_libraries_that_ask_the_array_are_answered():
    assert formula(lambda x: Untouched().numpy(x), x="n") == "(2*x)'*x + 6*sum(x) + sum(exp(x)) + norm2(x)"
    assert formula(lambda x: Untouched().torch(x), x="n") == "2*sum(x) + sum(exp(x)) + sum(softplus(x)) + norm2(x)"
    with pytest.raises(NotSupported, match="a function of JAX that is reached through an object cannot be traced"):
        cf.trace(lambda x: Untouched().jax(x), x="n")


def test_a_changed_array_may_be_used_under_its_name():
    def f(x, A):
        h = A @ x
        h += 1
        h *= 2
        total = 0.0
        total += h.sum()
        return total

    assert formula(f, x="n", A=("n", "n")) == "sum(2*(A*x + ones(n)))"


def test_recursion_that_ends_is_followed():
    def tower(x, k):
        return x if k == 0 else np.sin(tower(x, k - 1))

    assert formula(tower, x=(), k=3) == "sin(sin(sin(x)))"


def test_a_traced_function_is_what_parse_gives():
    traced = cf.trace(lambda w, X, y: np.linalg.norm(X @ w - y) ** 2, w="n", X=("m", "n"), y="m")
    parsed = cf.parse("norm2(X*w - y)^2", {"w": ("n",), "X": ("m", "n"), "y": ("m",)})
    assert traced.expr is parsed.expr and traced.variables == parsed.variables and traced.dims == parsed.dims


def test_zeros_of_a_larger_shape_are_broadcast():
    f = cf.trace(lambda x, A: np.maximum(np.zeros(A.shape), x), x="n", A=("m", "n"))
    assert f.expr.shape == cf.matrix("A", "m", "n").shape


def test_computed_constants_stay_short():
    """So that every formula that is printed is one that can be read."""
    f = cf.trace(lambda x: np.sum((np.pi / 3 * x + np.e) ** 3) * (1 / 7) ** 20 * math.sqrt(2), x="n")
    cf.hessian(f, "x").check()
