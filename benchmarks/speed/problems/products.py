"""Traces of products and Jacobians: the order of the products decides."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.speed.problem import Arm, add
from benchmarks.speed.tensorgrad import named


def trace_gradient(A, B, C, X):
    P = C @ A
    G = B @ (X @ P)
    G += B.T @ (X @ P.T)
    return G


def trace(tg):
    A, B = tg.variable("A", p="n", j="n"), tg.variable("B", i="n", k="n")
    C, X = tg.variable("C", l="n", p="n"), tg.variable("X", r="n", c="n")
    f = (A @ X.rename(c="j", r="i") @ B @ X.rename(r="k", c="l")) @ C
    return f.grad(X, {"r": "a", "c": "b"})


def tanh_jacobian(A, B, x):
    t = np.tanh(B @ x)
    return (A * (1 - t * t)) @ B


def tanh_layer(tg):
    A, B, x = tg.variable("A", o="n", m="n"), tg.variable("B", m="n", n="n"), tg.variable("x", "n")
    return (A @ tg.F.tanh(B @ x)).grad(x, {"n": "d"})


def inverse_jacobian(X):
    """H_ijkl = −Y_ik Y_lj with Y = X⁻¹, written in order."""
    n, Y = len(X), np.linalg.inv(X)
    return np.multiply(-Y[:, None, :, None], Y.T[None, :, None, :], out=np.empty((n, n, n, n)))


def inverse_kernel():
    import numba

    @numba.njit(parallel=True)
    def kernel(Y, Yt, H):
        n = len(Y)
        for i in numba.prange(n):
            for j in range(n):
                for k in range(n):
                    for l in range(n):
                        H[i, j, k, l] = -Y[i, k] * Yt[j, l]

    def run(X):
        Y, H = np.linalg.inv(X), np.empty(X.shape + X.shape)
        kernel(Y, np.ascontiguousarray(Y.T), H)
        return H

    return run


def from_kronecker(K, X):
    """∂X_ij by ∂X_kl from the matrix of vec by vec."""
    n = len(X)
    return K.reshape(n, n, n, n).transpose(1, 0, 3, 2)


add(
    "trace_grad",
    what="gradient of tr(A X' B X C) by X",
    text="tr(A*X'*B*X*C)",
    shapes=dict.fromkeys("ABCX", "n n"),
    question="gradient",
    by="X",
    sizes=[(128,), (512,), (1024,), (2048,)],
    factors={(2048,): 2.6},
    make=lambda rng, n: {name: rng.standard_normal((n, n)) / math.sqrt(n) for name in "ABCX"},
    f=lambda xp, nn, A, B, C, X: xp.trace(A @ X.T @ B @ X @ C),
    arms={
        "np": trace_gradient,
        "naive": lambda A, B, C, X: B @ X @ C @ A + B.T @ X @ A.T @ C.T,
        "tg": named("a b", trace, A="p j", B="i k", C="l p", X="r c"),
    },
)
add(
    "tanh_jac",
    what="Jacobian of A tanh(Bx)",
    text="A*tanh(B*x)",
    shapes={"A": "n n", "B": "n n", "x": "n"},
    question="jacobian",
    by="x",
    sizes=[(128,), (512,), (1024,), (2048,)],
    factors={(2048,): 2.7},
    make=lambda rng, n: dict(
        A=rng.standard_normal((n, n)), B=rng.standard_normal((n, n)) / math.sqrt(n), x=rng.standard_normal(n)
    ),
    f=lambda xp, nn, A, B, x: A @ xp.tanh(B @ x),
    arms={
        "np": tanh_jacobian,
        "naive": lambda A, B, x: A @ np.diag(1 - np.tanh(B @ x) ** 2) @ B,
        "jax_x": lambda jax, jnp, A, B, x: jax.jacfwd(lambda x: A @ jnp.tanh(B @ x))(x),
        "tg": named("o d", tanh_layer, A="o m", B="m n", x="n"),
    },
)
add(
    "inv_jac",
    what="Jacobian of X⁻¹ by X",
    text="inv(X)",
    shapes={"X": "n n"},
    question="jacobian",
    by="X",
    sizes=[(8,), (16,), (32,), (64,)],
    tolerance=1e-7,
    factors={(64,): 24},
    make=lambda rng, n: dict(X=rng.standard_normal((n, n)) + n * np.eye(n)),
    f=lambda xp, nn, X: xp.linalg.inv(X),
    arms={
        "np": inverse_jacobian,
        "naive": Arm(lambda X: -np.kron(np.linalg.inv(X).T, np.linalg.inv(X)), from_kronecker),
        "nb": inverse_kernel,
        "comp": Arm(lambda X: np.linalg.inv(X), lambda Y, X: -np.einsum("ik,lj->ijkl", Y, Y)),
        "jax_x": lambda jax, jnp, X: jax.jacfwd(jnp.linalg.inv)(X),
        "tg": named(
            "j i k l",
            lambda tg: tg.F.inverse(tg.variable("X", i="n", j="n"), {"i", "j"}).grad(
                tg.variable("X", i="n", j="n"), {"i": "k", "j": "l"}
            ),
            X="i j",
        ),
    },
)
