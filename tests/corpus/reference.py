"""Trusted references: the row's JAX function, differentiated by JAX in float64."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.corpus.cases import PARAMETERS, Case, Env, draw

jax.config.update("jax_enable_x64", True)


def reference(case: Case, env: Env, sizes: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The value of the function, and its derivative with the axes of F, then of each variable."""
    names = {"jnp": jnp, "jax": jax, "hp": HELPERS, **sizes}
    constants = {name: jnp.asarray(value) for name, value in env.items()}

    def F(*at: Any) -> Any:
        here = {**names, **constants, **dict(zip(case["wrt"], at, strict=False))}
        return jnp.asarray(eval(case["jax"], here))

    if case.get("structured"):
        return np.asarray(F()), _structured(F, env[case["wrt"][0]], case["structured"])
    first, last = case["wrt"][0], case["wrt"][-1]
    if len(case["wrt"]) == 1:
        return np.asarray(F()), np.asarray(jax.jit(jax.jacrev(F))(constants[first]))

    def slope(second: Any) -> Any:
        if first == last:
            return jax.jacrev(F)(second)
        return jax.jacrev(F, argnums=0)(constants[first], second)

    return np.asarray(F()), np.asarray(jax.jit(jax.jacfwd(slope))(constants[last]))


def _structured(F: Any, X: np.ndarray, kind: str) -> np.ndarray:
    """The derivative by the free parameter that each entry is; zero where it is none."""
    at = PARAMETERS[kind](len(X))
    free = np.zeros(at.max() + 1)
    free[at[at >= 0]] = X[at >= 0]
    slope = jax.grad(lambda p: F(jnp.where(at >= 0, p[at], 0.0)))(jnp.asarray(free))
    return np.where(at >= 0, np.asarray(slope)[at], 0.0)


def points(case: Case, count: int = 2) -> list[tuple[dict[str, int], Env, np.ndarray, np.ndarray]]:
    """Sizes, values, F and its derivative at points of the row's own domain; the same in every process."""
    rng = np.random.default_rng(list(case["id"].encode()))
    found = []
    for _ in range(50):
        sizes, env = draw(case, rng)
        value, slope = reference(case, env, sizes)
        if np.isfinite(value).all() and np.isfinite(slope).all():
            found.append((sizes, env, value, slope))
        if len(found) == count:
            return found
    raise AssertionError(f"{case['id']}: no point where the reference is finite")


# ---------------------------------------------------------------------------------------------------- helpers


def _vec(X: Any) -> Any:
    return X.T.reshape(-1)


def _sqrtm(X: Any) -> Any:
    """The principal square root by the Denman–Beavers iteration, which JAX can differentiate."""

    def step(pair: Any, _: Any) -> Any:
        Y, Z = pair
        return ((Y + jnp.linalg.inv(Z)) / 2, (Z + jnp.linalg.inv(Y)) / 2), None

    (root, _), _ = jax.lax.scan(step, (X, jnp.eye(len(X))), length=20)
    return root


def _logm(X: Any) -> Any:
    """Six square roots, then log(I + A) = ∫₀¹ A (I + tA)⁻¹ dt by Gauss–Legendre."""
    X, _ = jax.lax.scan(lambda X, _: (_sqrtm(X), None), X, length=6)
    I = jnp.eye(len(X))
    A = X - I
    nodes, weights = np.polynomial.legendre.leggauss(12)
    return 2**6 * sum(w / 2 * jnp.linalg.solve(I + (t + 1) / 2 * A, A) for t, w in zip(nodes, weights, strict=True))


HELPERS = SimpleNamespace(vec=_vec, sqrtm=_sqrtm, logm=_logm)
