"""What mirrors itself is computed by halves, and has the values that JAX finds."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import closedform as cf

jax.config.update("jax_enable_x64", True)

LAYERS = 7


def network(activation: str, loss: str, layers: int = LAYERS) -> tuple[str, dict[str, tuple[str, ...]]]:
    text = "x"
    for k in range(layers - 1):
        text = f"{activation}(W{k}*{text})"
    shapes = {f"W{k}": (f"n{k + 1}", f"n{k}") for k in range(layers)} | {"x": ("n0",), "t": (f"n{layers}",)}
    return loss.format(z=f"W{layers - 1}*{text}"), shapes


LOSSES = ("logsumexp({z}) - t'*({z})", "norm2({z} - t)^2", "sum(({z}).^3)")


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_hessian_of_a_deep_network_is_that_of_jax(activation: str, loss: str) -> None:
    text, shapes = network(activation, loss)
    rng = np.random.default_rng(5)
    sizes = {f"n{k}": 2 + k % 3 for k in range(LAYERS + 1)}
    values = {x: rng.standard_normal([sizes[d] for d in s]) for x, s in shapes.items()}
    found = cf.hessian(cf.parse(text, shapes=shapes), "W1").compile()(**values)

    def f(W: object) -> object:
        h = values["x"]
        entrywise = {"tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[activation]
        for k in range(LAYERS - 1):
            h = entrywise((W if k == 1 else values[f"W{k}"]) @ h)
        z, t = values[f"W{LAYERS - 1}"] @ h, values["t"]
        if loss.startswith("log"):
            return jax.nn.logsumexp(z) - t @ z
        return jnp.sum((z - t) ** 2) if loss.startswith("norm2") else jnp.sum(z**3)

    np.testing.assert_allclose(found, jax.hessian(f)(values["W1"]), rtol=1e-10, atol=1e-12)


def test_a_long_product_that_mirrors_itself_is_a_gram_matrix() -> None:
    text, shapes = network("relu", LOSSES[0], layers=10)
    code = cf.hessian(cf.parse(text, shapes=shapes), "W0").compile().source
    half = [line for line in code.splitlines() if "W5 @ t" in line]
    assert len(half) == 1, "each layer is multiplied to the Jacobian once"
    assert "weighted_gram(" in code


WEIGHTED = (
    "norm2(Y - V*tanh(W*X))^2",  # a symmetric matrix of weights, and a number
    "norm2(tanh(W*X))^2/3",
    "-sum(c.*(tanh(W*X)*b))",
)


@pytest.mark.parametrize("text", WEIGHTED)
@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_pairs_of_rows_with_weights_have_the_values_of_jax(text: str, backend: str) -> None:
    rng = np.random.default_rng(3)
    shapes = {x: tuple(dims) for x, dims in {"Y": "os", "V": "oh", "W": "hd", "X": "ds", "b": "s", "c": "h"}.items()}
    sizes = {"o": 2, "h": 4, "d": 3, "s": 6}
    used = set(text.replace("tanh", "").replace("sum", "").replace("norm", ""))
    f = cf.parse(text, shapes={x: s for x, s in shapes.items() if x in used})
    values = {x: rng.standard_normal([sizes[d] for d in s]) for x, s in shapes.items() if x in used}
    run = cf.hessian(f, "W").compile(backend)
    given = {x: torch.from_numpy(a) if backend == "torch" else a for x, a in values.items() if x in run.names}

    def loss(W: object) -> object:
        T = jnp.tanh(W @ values["X"])
        if "Y" in values:
            return jnp.sum((values["Y"] - values["V"] @ T) ** 2)
        return -jnp.sum(values["c"] * (T @ values["b"])) if "b" in values else jnp.sum(T**2) / 3

    found = np.asarray(run(**given))
    np.testing.assert_allclose(found, jax.hessian(loss)(values["W"]), rtol=1e-10, atol=1e-12)
