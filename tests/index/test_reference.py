"""Tensors against JAX: the axes of the function, then those of every variable in order."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from closedform.core.shape import ONE
from closedform.program.compile import compile as tensor_compile
from tests.index.tensors import tensor

jax.config.update("jax_enable_x64", True)

SIZES = {"m": 2, "n": 3, "p": 4}
SQUARE = {"X": ("n", "n"), "x": ("n",)}
CASES = [
    ("A*X*B", "X", None, lambda A, B, X: A @ X @ B),
    ("inv(X)", "X", SQUARE, lambda X: jnp.linalg.inv(X)),
    ("tr(X*X*X)", "XX", SQUARE, lambda X: jnp.trace(X @ X @ X)),
    ("tanh(W*X)", "W", {"W": ("m", "n"), "X": ("n", "p")}, lambda W, X: jnp.tanh(W @ X)),
    ("tanh(W*X)", "WX", {"W": ("m", "n"), "X": ("n", "p")}, lambda W, X: jnp.tanh(W @ X)),
    ("logdet(X'*X)", "XX", {"X": ("p", "n")}, lambda X: jnp.linalg.slogdet(X.T @ X)[1]),
    ("X*x*x'", "Xx", {"X": ("m", "n"), "x": ("n",)}, lambda X, x: X @ jnp.outer(x, x)),
    ("vec(X')", "X", {"X": ("m", "n")}, lambda X: X.reshape(-1)),
    ("kron(X, x)", "X", {"X": ("m", "n"), "x": ("p",)}, lambda X, x: jnp.kron(X, x[:, None])),
    ("sum(exp(X*x))", "xxx", {"X": ("m", "n"), "x": ("n",)}, lambda X, x: jnp.sum(jnp.exp(X @ x))),
]


@pytest.mark.parametrize(("source", "by", "shapes", "function"), CASES)
def test_value(source, by, shapes, function) -> None:
    shapes = shapes or {"A": ("p", "m"), "X": ("m", "n"), "B": ("n", "p")}
    t, variables = tensor(source, by, shapes=shapes)
    variables = sorted(variables, key=lambda v: v.data.name)
    rng = np.random.default_rng(1)
    values = [rng.standard_normal([d.value(SIZES) for d in v.shape if d is not ONE]) for v in variables]
    names = [v.data.name for v in variables]
    expected = function
    for name in by:
        expected = jax.jacfwd(expected, argnums=names.index(name))
    found = tensor_compile(t, variables)(*values)
    reference = np.asarray(expected(*map(jnp.asarray, values)))
    assert found.shape == reference.shape
    assert np.allclose(found, reference, rtol=1e-9, atol=1e-9)
