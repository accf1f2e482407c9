"""Gaussian processes and the Gaussian likelihood: one factorisation should serve everything."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import lapack

from benchmarks.speed.problem import add
from benchmarks.speed.tensorgrad import named

BLOCK = 128  #: rows at a time, where only a triangle is valid


def triangle_dot(upper, *others):
    """⟨P, B⟩ for symmetric P, of which the upper triangle is valid, and every symmetric B."""
    totals = [0.0 for _ in others]
    for i in range(0, len(upper), BLOCK):
        j = i + BLOCK
        corner, rest = upper[i:j, i:j], upper[i:j, j:]
        strict, diagonal = np.triu(corner, 1), np.diagonal(corner)
        for k, B in enumerate(others):
            totals[k] += 2 * np.vdot(strict, B[i:j, i:j]) + np.vdot(diagonal, np.diagonal(B[i:j, i:j]))
            totals[k] += 2 * np.einsum("ij,ij->", rest, B[i:j, j:])
    return totals


def process_gradient(X, y, a, b, c):
    """∂K/∂a = Kf∘D2 e^(−2a), ∂K/∂b = 2 Kf, ∂K/∂c = 2 e^(2c) I; half the trace of K⁻¹ − K⁻¹y y'K⁻¹ with each."""
    n = len(y)
    squares = np.einsum("ij,ij->i", X, X)
    D2 = X @ X.T
    D2 *= -2
    D2 += squares
    D2 += squares[:, None]
    Kf = D2 * (-0.5 * math.exp(-2 * a))
    Kf += 2 * b
    np.exp(Kf, out=Kf)
    K = Kf.copy()
    K.flat[:: n + 1] += math.exp(2 * c)
    L, _ = lapack.dpotrf(K.T, lower=1, clean=0, overwrite_a=1)  # K is symmetric: its transpose is in LAPACK's order
    alpha, _ = lapack.dpotrs(L, y, lower=1)
    P, _ = lapack.dpotri(L, lower=1, overwrite_c=1)
    on_kernel = alpha @ (Kf @ alpha)
    D2 *= Kf
    on_distance = alpha @ (D2 @ alpha)
    kernel, distance = triangle_dot(P.T, Kf, D2)
    noise = math.exp(2 * c) * (np.trace(P) - alpha @ alpha)
    return np.array([0.5 * math.exp(-2 * a) * (distance - on_distance), kernel - on_kernel, noise])


def naive_process(X, y, a, b, c):
    D2 = ((X[:, None, :] - X[None, :, :]) ** 2).sum(-1)
    Kf = np.exp(2 * b - 0.5 * D2 * np.exp(-2 * a))
    P = np.linalg.inv(Kf + np.exp(2 * c) * np.eye(len(y)))
    M = P - np.outer(P @ y, P @ y)
    return np.array([0.5 * np.trace(M @ (Kf * D2 * np.exp(-2 * a))), np.trace(M @ Kf), np.exp(2 * c) * np.trace(M)])


def kernel(xp, X, a, b, c):
    squares = (X * X).sum(1)
    D2 = squares[:, None] + squares[None, :] - 2 * X @ X.T
    return xp.exp(2 * b - 0.5 * D2 * xp.exp(-2 * a)) + xp.exp(2 * c) * xp.eye(len(X))


def process(xp, nn, X, y, a, b, c):
    K = kernel(xp, X, a, b, c)
    L = xp.linalg.cholesky(K)
    return 0.5 * y @ nn.cholesky_solve(L, y) + xp.log(xp.diagonal(L)).sum()


def process_by_lu(jax, jnp, X, y, a, b, c):
    def f(a, b, c):
        K = kernel(jnp, X, a, b, c)
        return 0.5 * y @ jnp.linalg.solve(K, y) + 0.5 * jnp.linalg.slogdet(K)[1]

    return jax.grad(f, (0, 1, 2))(a, b, c)


def distances(X, **others):
    squares = (X * X).sum(1)
    return others | {"D2": np.maximum(squares[:, None] + squares - 2 * X @ X.T, 0)}


def process_symbols(tg):
    """By a, b and c, from squared distances that are given: tensorgrad does not compute them again."""
    F, D2, y = tg.F, tg.variable("D2", n="n", m="n"), tg.variable("y", "n")
    a, b, c = map(tg.variable, "abc")
    noise = F.exp(2 * c) * tg.delta(tg.dim("n"), "n", "m")
    K = F.exp(2 * b) * F.exp(-(D2 / (2 * F.exp(2 * a)))) + noise
    square = (F.inverse(K, {"n", "m"}) @ y) @ y.rename(n="m")
    f = (square + F.log(F.det(K, {"n", "m"}))) / 2
    return tuple(f.grad(x) for x in (a, b, c))


def cholesky(S):
    """The lower triangle L of S = L L'; what is above it is not valid."""
    return lapack.dpotrf(S.T, lower=1, clean=0)[0]


def inverse(S):
    """S⁻¹, its lower triangle mirrored by blocks."""
    P, side = lapack.dpotri(cholesky(S), lower=1, overwrite_c=1)[0], 256
    for i in range(0, len(P), side):
        D = P[i : i + side, i : i + side]
        D[...] = np.tril(D) + np.tril(D, -1).T
        P[i : i + side, i + side :] = P[i + side :, i : i + side].T
    return P


def likelihood_gradient(S, C, N):
    """½(N P − P C P), P = S⁻¹ by Cholesky."""
    P = inverse(S)
    G = P @ C @ P
    G -= N * P
    G *= -0.5
    return G


def naive_likelihood(S, C, N):
    return 0.5 * N * np.linalg.inv(S).T - 0.5 * np.linalg.inv(S).T @ C.T @ np.linalg.inv(S).T


def likelihood_by_cholesky(jax, jnp, S, C, N):
    def f(S):
        c = jax.scipy.linalg.cho_factor(S, lower=True)
        return N * jnp.sum(jnp.log(jnp.diag(c[0]))) + 0.5 * jnp.trace(jax.scipy.linalg.cho_solve(c, C))

    G = jax.grad(f)(S)
    return 0.5 * (G + G.T)


def scatter(rng, n):
    A, B = rng.standard_normal((n, 2 * n)), rng.standard_normal((n, 2 * n))
    return dict(S=A @ A.T / n + np.eye(n), C=B @ B.T, N=2.0 * n)


def likelihood(tg):
    F, S, C, N = tg.F, tg.variable("S", i="n", j="n"), tg.variable("C", i="n", j="n"), tg.variable("N")
    trace = F.sum(F.inverse(S, {"i", "j"}) * C.rename(i="j", j="i"))
    return (N * F.log(F.det(S, {"i", "j"})) / 2 + trace / 2).grad(S, {"i": "a", "j": "b"})


DISTANCES = "(sum(X.^2,2)*ones(n)' + ones(n)*sum(X.^2,2)' - 2*X*X')"
KERNEL = f"(exp(2*b)*exp(-0.5*exp(-2*a)*{DISTANCES}) + exp(2*c)*eye(n))"
add(
    "gp_grad",
    what="gradient of the marginal likelihood of a Gaussian process by three scalars",
    text=f"0.5*y'*inv({KERNEL})*y + 0.5*logdet({KERNEL})",
    shapes={"X": "n d", "y": "n", "a": "", "b": "", "c": ""},
    question="gradient",
    by="a b c",
    sizes=[(128,), (512,), (1024,), (2048,)],
    tolerance=1e-7,
    factors={(2048,): 5.2},
    make=lambda rng, n: (lambda X: dict(X=X, y=np.sin(X.sum(1)) + 0.1 * rng.standard_normal(n), a=0.3, b=0.1, c=-1.0))(
        rng.standard_normal((n, 5))
    ),
    f=process,
    arms={
        "np": process_gradient,
        "naive": naive_process,
        "jax_x": process_by_lu,
        "tg": named("", process_symbols, distances, D2="n m", y="n", a="", b="", c=""),
    },
)
add(
    "gnll_grad",
    what="gradient of N/2 log det S + ½ tr(S⁻¹C) by S",
    text="0.5*N*logdet(S) + 0.5*tr(inv(S)*C)",
    shapes={"S": "n n", "C": "n n", "N": ""},
    properties={"S": ["spd"], "C": ["symmetric"]},
    question="gradient",
    by="S",
    sizes=[(128,), (512,), (1024,), (2048,)],
    tolerance=1e-7,
    factors={(2048,): 3.4},
    make=scatter,
    f=lambda xp, nn, S, C, N: 0.5 * N * xp.linalg.slogdet(S)[1] + 0.5 * xp.trace(xp.linalg.solve(S, C)),
    arms={
        "np": likelihood_gradient,
        "naive": naive_likelihood,
        "jax_x": likelihood_by_cholesky,
        "tg": named("a b", likelihood, S="i j", C="i j", N=""),
    },
)
