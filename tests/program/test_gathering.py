"""Products of a Hessian that share a contraction are added up before it, and are right in every back-end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import closedform as cf
from closedform.program.contraction import sketch_of
from closedform.program.gathering import gathered, pieces_of

jax.config.update("jax_enable_x64", True)
SIZES = {"m": 7, "n": 3, "p": 4, "q": 5}
SHAPES = {"X": "mn", "W": "np", "B": "mp", "A": "qn", "C": "pm", "D": "pm", "V": "pq", "Z": "nm", "v": "q", "y": "m"}
lse, softmax = jax.nn.logsumexp, jax.nn.softmax

#: a function, the same in JAX, and how many contractions its second derivative by W has, of how many products
FORMS: list[tuple[str, Callable[..., Any], int, int]] = [
    ("norm2(B - diag(1./sum(exp(X*W), 2))*exp(X*W))^2", lambda B, X, W: ((B - softmax(X @ W, 1)) ** 2).sum(), 2, 9),
    ("sum(exp(A*W*C)) + sum(tanh(A*W*C))", lambda A, W, C: (jnp.exp(A @ W @ C) + jnp.tanh(A @ W @ C)).sum(), 1, 1),
    ("norm2(A*W*C)^2 + sum((A*W*D).^3)", lambda A, W, C, D: ((A @ W @ C) ** 2).sum() + ((A @ W @ D) ** 3).sum(), 2, 2),
    ("sum(v.*sigmoid(V'*tanh(W'*Z)*y))", lambda v, V, W, Z, y: v @ jax.nn.sigmoid(V.T @ jnp.tanh(W.T @ Z) @ y), 2, 2),
    ("sum(log(sum(exp(V'*tanh(W'*Z)), 1)))", lambda V, W, Z: lse(V.T @ jnp.tanh(W.T @ Z), axis=0).sum(), 2, 3),
]
IDS = [text for text, *_ in FORMS]


def arrays(f: Callable[..., Any]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {x: 0.5 * rng.normal(size=[SIZES[d] for d in SHAPES[x]]) for x in f.__code__.co_varnames}


def hessian(text: str, f: Callable[..., Any]) -> Any:
    return cf.derivative(cf.parse(text, shapes={x: tuple(SHAPES[x]) for x in arrays(f)}), "W", "W")


@pytest.mark.parametrize(("text", "f", "count", "products"), FORMS, ids=IDS)
@pytest.mark.parametrize("backend", ["numpy", "jax", "torch", "numba", "dask"])
def test_second_derivatives_are_those_of_jax(text, f, count, products, backend):
    at = arrays(f)
    found = np.asarray(hessian(text, f).compile(backend)(**at))
    expected = np.asarray(jax.hessian(lambda W: f(**{**at, "W": W}))(at["W"]))
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize(("text", "f", "count", "products"), FORMS, ids=IDS)
def test_there_are_no_more_contractions_than_products(text, f, count, products):
    t = hessian(text, f).output
    assert (len(pieces_of(t)), len(t.products)) == (count, products)


def test_products_that_share_nothing_are_left_alone():
    t = hessian(*FORMS[2][:2]).output
    sketches = [sketch_of(p, t) for p in t.products]
    assert gathered(sketches) == sketches


def test_a_second_product_that_fills_the_result_is_added_by_matrix_products():
    source = hessian(*FORMS[2][:2]).compile().source
    assert "np.einsum('" not in source.partition("for i in")[2]
