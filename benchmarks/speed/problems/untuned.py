"""Problems of the same kinds that nobody tuned the compiler for."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.linalg import lapack
from scipy.special import softmax

from benchmarks.speed.problem import add as add_problem
from benchmarks.speed.problems.networks import symmetric_places
from benchmarks.speed.problems.quadratic import by_tiles

add = partial(add_problem, group="untuned")
SQUARE = [(128,), (512,), (1024,)]


def normal(**shapes):
    """A maker of standard normal inputs, scaled to keep products of the order of one; names of sizes are letters."""

    def make(rng, *size):
        sizes = dict(zip(dict.fromkeys("".join(shapes.values())), size, strict=True))
        arrays = {x: rng.standard_normal([sizes[d] for d in dims]) for x, dims in shapes.items()}
        return {x: a / math.sqrt(a.shape[-1]) if a.ndim == 2 else a for x, a in arrays.items()}

    return make


def weighted_gram(X, weights):
    """X' diag(weights) X for weights ≥ 0."""
    Z = X * np.sqrt(weights)[:, None]
    return Z.T @ Z


def poisson_hessian(X, y, w):
    return weighted_gram(X, np.exp(X @ w))


def softmax_regression_hessian(X, Y, W, r):
    """Σ_s (δ p − p p') ⊗ x x' + r I, one product over the pairs of classes and of features."""
    Z = X @ W
    Z -= Z.max(1, keepdims=True)
    np.exp(Z, out=Z)
    P = (Z / Z.sum(1, keepdims=True)).T
    (d, c), X = W.shape, X.T
    a, b = np.triu_indices(c)
    i, j = np.triu_indices(d)
    C = -P[a] * P[b]
    C[a == b] += P
    S = (X[i] * X[j]) @ C.T
    S = S[symmetric_places(d, i, j).ravel()][:, symmetric_places(c, a, b).ravel()]
    H = np.ascontiguousarray(S.reshape(d, d, c, c).transpose(0, 2, 1, 3))
    H.reshape(d * c, d * c).flat[:: d * c + 1] += r
    return H


def mean_and_precision(X, mu, P):
    R = X - mu
    G = R.T @ R
    L, _ = lapack.dpotrf(P.T, lower=1, clean=1)
    S, _ = lapack.dpotri(L, lower=1, overwrite_c=1)
    S += np.tril(S, -1).T
    G -= len(X) * S
    G *= 0.5
    return -P @ R.sum(0), G


def low_rank_gradient(d, U):
    """2 (D + U U')⁻¹ U = 2 D⁻¹U (I + U'D⁻¹U)⁻¹."""
    V = U / d[:, None]
    inner = U.T @ V
    inner.flat[:: len(inner) + 1] += 1
    return 2 * np.linalg.solve(inner, V.T).T


def rayleigh_hessian(A, x):
    s, Ax = x @ x, A @ x
    g = (2 / s) * (Ax - (x @ Ax / s) * x)
    H = np.column_stack([x, g]) @ np.stack([g, x])
    np.subtract(A, H, out=H)
    H.flat[:: len(x) + 1] -= x @ Ax / s
    H *= 2 / s
    return H


def log_sum_exp_hessian(A, x, b):
    p = softmax(A @ x + b)
    q = p @ A
    H = weighted_gram(A, p)
    H -= np.outer(q, q)
    return H


def inverse_trace_gradient(X, A):
    """−(X⁻¹ A X⁻¹)' by one factorisation."""
    LU, pivots, _ = lapack.dgetrf(X)
    Y, _ = lapack.dgetrs(LU, pivots, A)
    G, _ = lapack.dgetrs(LU, pivots, Y.T, trans=1)
    return np.negative(G, out=G)


def inverse_trace_hessian(X, A):
    """H_ijkl = M_jk Y_li + Y_jk M_li, Y = X⁻¹, M = Y A Y: products of rank two, written once."""
    n, Y = len(X), np.linalg.inv(X)
    M = Y @ A @ Y
    left, right = np.stack([M.ravel(), Y.ravel()], 1), np.stack([Y.T, M.T], 1)
    return (left @ right).reshape(n, n, n, n)


def bilinear_hessian(A, X, B, C):
    m, n = X.shape
    P, Q = 2 * (A.T @ A), B @ B.T
    return np.multiply(P[:, None, :, None], Q[None, :, None, :], out=np.empty((m, n, m, n)))


def cubic_hessian(A, b, x):
    S = by_tiles(A, x) if len(A) >= 512 else A + A.T
    s = S @ x
    S *= b @ x
    S += np.column_stack([s, b]) @ np.stack([b, s])
    return S


def softmax_jacobian(A, x):
    p = softmax(A @ x)
    J = A * p[:, None]
    J -= np.outer(p, p @ A)
    return J


def gram_jacobian(X):
    """∂(X'X)_ij/∂X_kl = δ_il X_kj + δ_jl X_ki."""
    m, n = X.shape
    J = np.zeros((n, n, m, n))
    np.einsum("ijki->ikj", J)[...] += X
    np.einsum("ijkj->jki", J)[...] += X
    return J


def mahalanobis_gradient(X, mu, S):
    L, _ = lapack.dpotrf(S.T, lower=1)
    W, _ = lapack.dpotrs(L, (X - mu).T, lower=1)
    G = W @ W.T
    return np.negative(G, out=G)


def with_positive(make, *names):
    """The same inputs, those of the names made symmetric positive definite, or positive for a vector."""

    def made(rng, *size):
        inputs = make(rng, *size)
        for x in names:
            a = inputs[x]
            inputs[x] = a @ a.T + np.eye(len(a)) if a.ndim == 2 else 1 + a * a
        return inputs

    return made


def one_hot(make, name):
    def made(rng, *size):
        inputs = make(rng, *size)
        return inputs | {name: np.eye(inputs[name].shape[1])[inputs[name].argmax(1)], "r": 0.1}

    return made


def near_identity(make):
    def made(rng, *size):
        inputs = make(rng, *size)
        return inputs | {"X": inputs["X"] + 3 * np.eye(len(inputs["X"]))}

    return made


add(
    "poisson_hess",
    what="Hessian of Poisson regression",
    text="sum(exp(X*w)) - y'*X*w",
    shapes={"X": "m n", "y": "m", "w": "n"},
    question="hessian",
    by="w",
    sizes=[(256, 128), (1024, 512), (2048, 1024)],
    make=normal(X="mn", y="m", w="n"),
    f=lambda xp, nn, X, y, w: xp.exp(X @ w).sum() - y @ (X @ w),
    arms={"np": poisson_hessian},
)
add(
    "softmax_hess",
    what="Hessian of softmax regression with a ridge by its weights",
    text="sum(log(sum(exp(X*W),2))) - sum(Y.*(X*W)) + 0.5*r*norm2(W)^2",
    shapes={"X": "m d", "Y": "m c", "W": "d c", "r": ""},
    question="hessian",
    by="W",
    sizes=[(128, 10, 4), (500, 40, 8), (1000, 64, 10)],
    make=one_hot(normal(X="md", Y="mc", W="dc"), "Y"),
    f=lambda xp, nn, X, Y, W, r: -(Y * nn.log_softmax(X @ W)).sum() + 0.5 * r * (W**2).sum(),
    arms={"np": softmax_regression_hessian},
)
add(
    "gauss_grad",
    what="gradient of a Gaussian likelihood by mean and precision, a batch",
    text="0.5*tr((X - ones(m)*mu')*P*(X - ones(m)*mu')') - 0.5*m*logdet(P)",
    shapes={"X": "m n", "mu": "n", "P": "n n"},
    properties={"P": ["spd"]},
    question="gradient",
    by="mu P",
    sizes=[(256, 128), (1024, 512), (2048, 1024)],
    make=with_positive(normal(X="mn", mu="n", P="nn"), "P"),
    f=lambda xp, nn, X, mu, P: 0.5 * (((X - mu) @ P) * (X - mu)).sum() - 0.5 * len(X) * xp.linalg.slogdet(P)[1],
    arms={"np": mean_and_precision},
)
add(
    "low_rank_grad",
    what="gradient of log det(diag(d) + UU') by U",
    text="logdet(diag(d) + U*U')",
    shapes={"d": "n", "U": "n k"},
    question="gradient",
    by="U",
    sizes=[(128, 10), (512, 10), (1024, 10)],
    make=with_positive(normal(d="n", U="nk"), "d"),
    f=lambda xp, nn, d, U: xp.linalg.slogdet(xp.diag(d) + U @ U.T)[1],
    arms={"np": low_rank_gradient, "naive": lambda d, U: 2 * np.linalg.inv(np.diag(d) + U @ U.T) @ U},
)
add(
    "rayleigh_hess",
    what="Hessian of x'Ax/x'x",
    text="x'*A*x/(x'*x)",
    shapes={"A": "n n", "x": "n"},
    properties={"A": ["symmetric"]},
    question="hessian",
    by="x",
    sizes=[(256,), (1024,), (2048,)],
    make=with_positive(normal(A="nn", x="n"), "A"),
    f=lambda xp, nn, A, x: x @ A @ x / (x @ x),
    arms={"np": rayleigh_hessian},
)
add(
    "lse_hess",
    what="Hessian of logsumexp(Ax + b)",
    text="logsumexp(A*x + b)",
    shapes={"A": "m n", "x": "n", "b": "m"},
    question="hessian",
    by="x",
    sizes=[(256, 128), (1024, 512), (2048, 1024)],
    make=normal(A="mn", x="n", b="m"),
    f=lambda xp, nn, A, x, b: nn.logsumexp(A @ x + b),
    arms={"np": log_sum_exp_hessian},
)
add(
    "inv_trace_grad",
    what="gradient of tr(X⁻¹A) by X",
    text="tr(inv(X)*A)",
    shapes={"X": "n n", "A": "n n"},
    question="gradient",
    by="X",
    sizes=SQUARE,
    make=near_identity(normal(X="nn", A="nn")),
    f=lambda xp, nn, X, A: xp.trace(xp.linalg.solve(X, A)),
    arms={"np": inverse_trace_gradient},
)
add(
    "inv_trace_hess",
    what="Hessian of tr(X⁻¹A) by X",
    text="tr(inv(X)*A)",
    shapes={"X": "n n", "A": "n n"},
    question="hessian",
    by="X",
    sizes=[(10,), (20,), (40,), (60,)],
    make=near_identity(normal(X="nn", A="nn")),
    f=lambda xp, nn, X, A: xp.trace(xp.linalg.solve(X, A)),
    arms={"np": inverse_trace_hessian},
)
add(
    "bilinear_hess",
    what="Hessian of ‖AXB − C‖² by X",
    text="norm2(A*X*B - C)^2",
    shapes={"A": "p m", "X": "m n", "B": "n q", "C": "p q"},
    question="hessian",
    by="X",
    sizes=[(20, 10, 10, 20), (80, 40, 40, 80), (120, 60, 60, 120)],
    make=normal(A="pm", X="mn", B="nq", C="pq"),
    f=lambda xp, nn, A, X, B, C: ((A @ X @ B - C) ** 2).sum(),
    arms={"np": bilinear_hessian},
)
add(
    "cubic_hess",
    what="Hessian of (x'Ax)(b'x)",
    text="(x'*A*x)*(b'*x)",
    shapes={"A": "n n", "b": "n", "x": "n"},
    question="hessian",
    by="x",
    sizes=[(256,), (1024,), (2048,)],
    make=normal(A="nn", b="n", x="n"),
    f=lambda xp, nn, A, b, x: (x @ A @ x) * (b @ x),
    arms={"np": cubic_hessian},
)
add(
    "softmax_jac",
    what="Jacobian of softmax(Ax)",
    text="softmax(A*x)",
    shapes={"A": "n n", "x": "n"},
    question="jacobian",
    by="x",
    sizes=[(256,), (1024,), (2048,)],
    make=normal(A="nn", x="n"),
    f=lambda xp, nn, A, x: nn.softmax(A @ x),
    arms={"np": softmax_jacobian},
)
add(
    "gram_jac",
    what="Jacobian of X'X by X",
    text="X'*X",
    shapes={"X": "m n"},
    question="jacobian",
    by="X",
    sizes=[(20, 10), (60, 30), (100, 50)],
    make=normal(X="mn"),
    f=lambda xp, nn, X: X.T @ X,
    arms={"np": gram_jacobian},
)
add(
    "mahalanobis_grad",
    what="gradient of Σ (x_i − μ)' S⁻¹ (x_i − μ) by S",
    text="tr((X - ones(m)*mu')*inv(S)*(X - ones(m)*mu')')",
    shapes={"X": "m n", "mu": "n", "S": "n n"},
    properties={"S": ["spd"]},
    question="gradient",
    by="S",
    sizes=[(256, 128), (1024, 512), (2048, 1024)],
    make=with_positive(normal(X="mn", mu="n", S="nn"), "S"),
    f=lambda xp, nn, X, mu, S: (xp.linalg.solve(S, (X - mu).T) * (X - mu).T).sum(),
    arms={"np": mahalanobis_gradient},
)
