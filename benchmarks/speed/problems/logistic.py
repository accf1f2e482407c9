"""Logistic regression with m = 2n samples."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from benchmarks.speed.problem import add
from benchmarks.speed.tensorgrad import named

LOGISTIC = dict(
    text="sum(log(vector(1) + exp(-y.*(X*w))))",
    by="w",
    f=lambda xp, nn, X, y, w, v: nn.softplus(-y * (X @ w)).sum(),
    make=lambda rng, n: dict(
        X=rng.standard_normal((2 * n, n)) / math.sqrt(n),
        y=np.sign(rng.standard_normal(2 * n)),
        w=rng.standard_normal(n),
        v=rng.standard_normal(n),
    ),
    shapes={"X": "m n", "y": "m", "w": "n"},
)


def gradient(X, y, w, v):
    z = X @ w
    z *= -y
    expit(z, out=z)
    z *= -y
    return z @ X


def hessian(X, y, w, v):
    """X' diag(p(1-p)) X as Z'Z, which NumPy hands to dsyrk."""
    z = X @ w
    z *= -y
    p = expit(z)
    p *= 1 - p
    np.sqrt(p, out=p)
    Z = X * p[:, None]
    return Z.T @ Z


def product(X, y, w, v):
    p = expit(-y * (X @ w))
    return (p * (1 - p) * (X @ v)) @ X


def naive_gradient(X, y, w, v):
    e = np.exp(-y * (X @ w))
    return -X.T @ (y * e / (1 + e))


def naive_hessian(X, y, w, v):
    e = np.exp(-y * (X @ w))
    return (X.T * (e / (1 + e) ** 2)) @ X


def one_pass(second):
    """A maker of kernels that read every row of X once: X w, X v and X'(…) together, two threads."""

    def make():
        import numba

        @numba.njit(parallel=True, fastmath=True)
        def kernel(X, y, w, v, G):
            m, n = X.shape
            for t in numba.prange(2):
                g = np.zeros(n)
                for i in range(t * m // 2, (t + 1) * m // 2):
                    a, b = 0.0, 0.0
                    for j in range(n):
                        a += X[i, j] * w[j]
                        if second:
                            b += X[i, j] * v[j]
                    p = 1.0 / (1.0 + np.exp(y[i] * a))
                    c = p * (1.0 - p) * b if second else -y[i] * p
                    for j in range(n):
                        g[j] += c * X[i, j]
                G[t] = g

        def run(X, y, w, v):
            G = np.empty((2, X.shape[1]))
            kernel(X, y, w, v, G)
            return G[0] + G[1]

        return run

    return make


def loss(tg):
    F, w, X, y = tg.F, tg.variable("w", "n"), tg.variable("X", "m n"), tg.variable("y", "m")
    return F.sum(F.log(F.exp(-(y * (X @ w))) + 1)), w


NAMES = dict(w="n", X="m n", y="m")
add(
    "logreg_grad",
    what="gradient of logistic regression",
    question="gradient",
    sizes=[(128,), (512,), (2048,)],
    arms={
        "np": gradient,
        "naive": naive_gradient,
        "nb": one_pass(False),
        "tg": named("di", lambda tg: tg.derivative(*loss(tg), "di"), **NAMES),
    },
    **LOGISTIC,
)
add(
    "logreg_hess",
    what="Hessian of logistic regression",
    question="hessian",
    sizes=[(128,), (512,), (1024,), (2048,)],
    factors={(2048,): 5.4},
    arms={
        "np": hessian,
        "naive": naive_hessian,
        "tg": named("di dj", lambda tg: tg.derivative(*loss(tg), "di", "dj"), **NAMES),
    },
    **LOGISTIC,
)
add(
    "logreg_hvp",
    what="Hessian of logistic regression times v",
    question="hvp",
    sizes=[(128,), (512,), (2048,)],
    factors={(2048,): 1.6},
    arms={
        "np": product,
        "naive": lambda X, y, w, v: naive_hessian(X, y, w, v) @ v,
        "nb": one_pass(True),
        "tg": named("di", lambda tg: tg.derivative(*loss(tg), "di", "n") @ tg.variable("v", "n"), v="n", **NAMES),
    },
    **LOGISTIC,
)
