"""Derivatives in index form neither overflow nor cancel: compared with JAX, and with exact values at extreme points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import closedform as cf
from closedform.program.steady import steady

jax.config.update("jax_enable_x64", True)
lse = jax.nn.logsumexp
M, D, C = 4, 3, 5
SHAPES = {"X": ("m", "d"), "W": ("d", "c"), "Z": ("m", "c"), "B": ("m", "c"), "w": ("c",), "v": ("m",), "V": ("c", "d")}

#: a function, the same in JAX, by what, and whether its second derivative has the slope of a softmax
FORMS: list[tuple[str, Callable[..., Any], str, bool]] = [
    ("sum(log(sum(exp(X*W), 2)))", lambda X, W: lse(X @ W, axis=1).sum(), "W", True),
    ("sum(log(sum(exp(W'*X'), 1)))", lambda X, W: lse(X @ W, axis=1).sum(), "W", True),
    ("sum(v.*log(sum(exp(X*W), 2)))", lambda X, W, v: (v * lse(X @ W, axis=1)).sum(), "W", True),
    ("sum(log(sum(exp(Z), 1)))", lambda Z: lse(Z, axis=0).sum(), "Z", True),
    ("log(sum(exp(Z)))", lambda Z: lse(Z), "Z", True),
    ("sum(log(exp(Z)*w))", lambda Z, w: lse(Z, axis=1, b=w).sum(), "Z", True),
    ("sum(log(sum(B.*exp(Z), 2)))", lambda Z, B: lse(Z, axis=1, b=B).sum(), "Z", True),
    ("v'*diag(1./sum(exp(Z), 2))*exp(Z)*w", lambda Z, v, w: v @ jax.nn.softmax(Z, axis=1) @ w, "Z", False),
    ("norm2(diag(1./sum(exp(Z), 2))*exp(Z))^2", lambda Z: (jax.nn.softmax(Z, axis=1) ** 2).sum(), "Z", False),
    ("sum(exp(Z)) + sum(log(sum(exp(Z), 2)))", lambda Z: jnp.exp(Z).sum() + lse(Z, axis=1).sum(), "Z", True),
]
IDS = [text for text, *_ in FORMS]


def arguments(f: Callable[..., Any], by: str, scale: float) -> dict[str, np.ndarray]:
    rng, sizes = np.random.default_rng(3), {"m": M, "d": D, "c": C}
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    at = {name: rng.normal(size=[sizes[n] for n in SHAPES[name]]) for name in names}
    at |= {name: np.abs(at[name]) + 0.1 for name in ("B", "w") if name in at}
    return at | {by: scale * at[by]}


def second(text: str, by: str) -> Any:
    return cf.derivative(cf.parse(text, shapes={x: s for x, s in SHAPES.items() if x in text}), by, by)


@pytest.mark.parametrize(("text", "f", "by", "slope"), FORMS, ids=IDS)
@pytest.mark.parametrize("backend", ["numpy", "jax", "torch", "numba", "dask"])
@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_second_derivatives_are_those_of_jax(text, f, by, slope, backend, scale):
    at, H = arguments(f, by, scale), second(text, by)
    found = np.asarray(H.compile(backend)(**at))
    expected = np.asarray(jax.hessian(lambda x: f(**{**at, by: x}))(at[by]))
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()
    assert bool(steady(H.output).slope) is slope


@pytest.mark.parametrize(("text", "f", "by", "slope"), FORMS[:-1], ids=IDS[:-1])
@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_large_exponents_do_not_overflow(text, f, by, slope, backend):
    at = arguments(f, by, 2000.0)
    assert np.isfinite(np.asarray(second(text, by).compile(backend)(**at))).all()
    assert np.isfinite(second(text, by).compile(compressed=True)(**at).dense()).all()


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch", "numba"])
def test_the_diagonal_of_a_slope_keeps_its_digits(backend):
    """p (1 − p) for p = 1/(1 + 4 e^(−60)), which rounds to 1."""
    H = second("sum(log(sum(exp(Z), 2)))", "Z").compile(backend)
    found = np.asarray(H(Z=np.array([[60.0, 0.0, 0.0, 0.0, 0.0]])))
    exact = 4 * math.exp(-60) / (1 + 4 * math.exp(-60)) ** 2
    assert found[0, 0, 0, 0] == pytest.approx(exact, rel=1e-13)


def test_entries_that_are_equally_large_have_the_others_as_well():
    H = second("sum(log(sum(exp(Z), 2)))", "Z").compile()
    assert H(Z=np.array([[800.0, 800.0]]))[0, :, 0, :].tolist() == [[0.25, -0.25], [-0.25, 0.25]]


def test_what_stands_on_the_diagonal_too_is_added_after_it():
    """A ridge beside the slope, and a second slope, of which one is replaced and the other added."""
    text = "sum(log(sum(exp(X*W), 2))) + norm2(W)^2 + log(sum(exp(W)))"
    at = arguments(lambda X, W: None, "W", 1.0)
    expected = jax.hessian(lambda W: lse(at["X"] @ W, axis=1).sum() + (W**2).sum() + lse(W))(at["W"])
    for backend in ("numpy", "jax", "torch", "numba"):
        assert np.allclose(np.asarray(second(text, "W").compile(backend)(**at)), expected, rtol=1e-12, atol=1e-14)


def test_the_result_can_be_written_into_an_array():
    H, at = second("sum(log(sum(exp(X*W), 2)))", "W").compile(), arguments(lambda X, W: None, "W", 1.0)
    out = np.full((D, C, D, C), np.nan)
    assert np.array_equal(H(**at, out=out), H(**at))


def test_a_product_that_the_shift_would_change_is_left_alone():
    """exp(Z) twice over its row sums once is no number of degree 0."""
    D_ = cf.derivative(cf.parse("diag(1./sum(exp(Z), 2))*exp(2*Z)", shapes={"Z": ("m", "c")}), "Z")
    at = arguments(lambda Z: None, "Z", 1.0)
    expected = jax.jacobian(lambda Z: jnp.exp(2 * Z) / jnp.exp(Z).sum(1, keepdims=True))(at["Z"])
    assert np.allclose(D_.compile()(**at), expected, rtol=1e-12, atol=1e-14)
