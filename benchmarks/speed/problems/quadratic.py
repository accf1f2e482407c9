"""x'Ax."""

from __future__ import annotations

import numpy as np

from benchmarks.speed.problem import add
from benchmarks.speed.tensorgrad import named

QUADRATIC = dict(
    text="x'*A*x",
    shapes={"A": "n n", "x": "n"},
    by="x",
    make=lambda rng, n: dict(A=rng.standard_normal((n, n)), x=rng.standard_normal(n)),
    f=lambda xp, nn, A, x: x @ A @ x,
)
TILE = 64  #: a side of the square blocks in which a matrix and its transpose are added


def by_tiles(A, x):
    """A + A', a block and its mirror image at a time: a power of two as stride empties the cache."""
    n = len(A)
    H = np.empty((n, n))
    for i in range(0, n, TILE):
        for j in range(i, n, TILE):
            S = A[i : i + TILE, j : j + TILE] + A[j : j + TILE, i : i + TILE].T
            H[i : i + TILE, j : j + TILE] = S
            H[j : j + TILE, i : i + TILE] = S.T
    return H


def plus_transpose():
    import numba

    @numba.njit(parallel=True)
    def kernel(A, H):
        side = 32
        blocks = (len(A) + side - 1) // side
        for a in numba.prange(blocks):
            for b in range(blocks):
                for i in range(a * side, min((a + 1) * side, len(A))):
                    for j in range(b * side, min((b + 1) * side, len(A))):
                        H[i, j] = A[i, j] + A[j, i]

    def run(A, x):
        H = np.empty(A.shape)
        kernel(A, H)
        return H

    return run


def quadratic(tg):
    x, A = tg.variable("x", "n"), tg.variable("A", i="n", j="n")
    return (x.rename(n="i") @ A) @ x.rename(n="j"), x


add(
    "quad_grad",
    what="gradient of x'Ax",
    question="gradient",
    sizes=[(256,), (1024,), (4096,)],
    factors={(1024,): 1.3},
    arms={
        "np": lambda A, x: A @ x + x @ A,
        "naive": lambda A, x: (A + A.T) @ x,
        "tg": named("di", lambda tg: tg.derivative(*quadratic(tg), "di"), x="n", A="i j"),
    },
    **QUADRATIC,
)
add(
    "quad_hess",
    what="Hessian of x'Ax",
    question="hessian",
    sizes=[(256,), (1024,), (2048,), (4096,)],
    factors={(1024,): 10},
    arms={
        "np": lambda A, x: by_tiles(A, x) if len(A) >= 512 else A + A.T,
        "naive": lambda A, x: A + A.T,
        "nb": plus_transpose,
        "tg": named("di dj", lambda tg: tg.derivative(*quadratic(tg), "di", "dj"), A="i j"),
    },
    **QUADRATIC,
)
