"""The derivative of a nuclear norm is computed by singular values."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import closedform as cf

jax.config.update("jax_enable_x64", True)
SHAPES = {"A": ("k", "m"), "B": ("n", "l"), "L": ("m", "n"), "S": ("n", "n"), "M": ("m", "n")}
SIZES = {"k": 7, "m": 5, "n": 3, "l": 3}
NORMS = {
    "normnuc(M)": lambda M, **_: M,
    "normnuc(A*M*B)": lambda M, A, B, **_: A @ M @ B,
    "normnuc(M') + tr(M'*M)": lambda M, **_: M.T,
    "normnuc(M'*M - S)": lambda M, S, **_: M.T @ M - S,
    "2*normnuc(M)^2": lambda M, **_: M,
}


def nuclear(A: object) -> object:
    return jnp.linalg.svd(A, compute_uv=False).sum()


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize("text", NORMS)
def test_it_is_that_of_jax(text: str, backend: str) -> None:
    used = [x for x in SHAPES if x in text.replace("normnuc", "")]
    rng = np.random.default_rng(7)
    values = {x: rng.standard_normal([SIZES[d] for d in SHAPES[x]]) for x in used}
    run = cf.derivative(cf.parse(text, shapes={x: SHAPES[x] for x in used}), "M").compile(backend)

    def f(M: object) -> object:
        norm = nuclear(NORMS[text](**(values | {"M": M})))
        return 2 * norm**2 if "^2" in text else norm + jnp.sum(M * M) if "tr" in text else norm

    given = {x: torch.from_numpy(a) if backend == "torch" else a for x, a in values.items()}
    np.testing.assert_allclose(np.asarray(run(**given)), jax.grad(f)(values["M"]), rtol=1e-11, atol=1e-12)


def test_it_keeps_all_digits_of_a_nearly_singular_matrix() -> None:
    rng = np.random.default_rng(1)
    (U, _), (V, _) = (np.linalg.qr(rng.standard_normal((n, 3))) for n in (6, 3))
    M = U * [1.0, 1e-4, 1e-8] @ V.T
    found = cf.derivative(cf.parse("normnuc(M)", shapes={"M": ("m", "n")}), "M").compile()(M)
    np.testing.assert_allclose(found, U @ V.T, atol=1e-7)  # its condition number times the rounding of M
    np.testing.assert_allclose(found.T @ found, np.eye(3), atol=1e-14)


def test_another_inverse_root_is_what_it_says() -> None:
    rng = np.random.default_rng(2)
    M, G = rng.standard_normal((5, 3)), rng.standard_normal((3, 3))
    source = "tr(C'*M*inv(sqrtm(G'*G)))"
    f = cf.parse(source, shapes={"M": ("m", "n"), "G": ("n", "n"), "C": ("m", "n")})
    run = cf.derivative(f, "C").compile()
    w, Q = np.linalg.eigh(G.T @ G)
    assert "polar" not in run.source
    np.testing.assert_allclose(run(M=M, G=G, C=M), M @ (Q / np.sqrt(w)) @ Q.T, rtol=1e-9)
