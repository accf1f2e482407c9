"""Functions as people write them, each with its source, its shapes and what it is differentiated by.

`np` is NumPy when a function is traced, and `jax.numpy` when JAX differentiates the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy import linalg, special


@dataclass(frozen=True)
class Case:
    """One function.

    Attributes:
        function: the function.
        source: where it is from.
        wrt: the variables to differentiate by.
        shapes: of the variables; numbers are values of parameters.
        properties: of variables.
        drawn: how values of variables are drawn when no property says it.
    """

    function: Callable[..., Any]
    source: str
    wrt: tuple[str, ...]
    shapes: dict[str, Any]
    properties: dict[str, list[str]] = field(default_factory=dict)
    drawn: dict[str, str] = field(default_factory=dict)


CASES: list[Case] = []
DATA = {"X": ("m", "n"), "y": ("m",), "w": ("n",)}


def case(source: str, *wrt: str, properties=None, drawn=None, **shapes):
    def enter(f):
        CASES.append(Case(f, source, wrt, shapes, properties or {}, drawn or {}))
        return f

    return enter


# regression and classification ------------------------------------------------------------------------------


@case("Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), eq. 3.3", "w", "X", **DATA)
def least_squares(w, X, y):
    return np.sum((y - X @ w) ** 2)


@case("scikit-learn: Ridge", "w", **DATA, alpha=())
def ridge(w, X, y, alpha):
    return np.linalg.norm(X @ w - y) ** 2 + alpha * np.linalg.norm(w) ** 2


@case("scikit-learn: ElasticNet, with |w| smoothed", "w", **DATA, alpha=0.1, l1_ratio=0.5)
def elastic_net(w, X, y, alpha, l1_ratio, eps=1e-3):
    n_samples = X.shape[0]
    loss = np.sum((y - X.dot(w)) ** 2) / (2 * n_samples)
    return loss + alpha * l1_ratio * np.sqrt(w**2 + eps).sum() + 0.5 * alpha * (1 - l1_ratio) * np.dot(w, w)


@case("weighted least squares with an intercept; Seber and Lee, Linear Regression Analysis (2003), ch. 3", "w", "b",
      **DATA, b=(), s="m", drawn={"s": "positive"})  # fmt: skip
def weighted(w, b, X, y, s):
    r = X @ w + b - y
    return 0.5 * np.sum(s * r * r) / np.sum(s)


@case("logistic regression with labels ±1; Fan et al., LIBLINEAR (2008)", "w", **DATA, C=2.0)
def logistic_signs(w, X, y, C):
    return 0.5 * w @ w + C * np.log1p(np.exp(-y * (X @ w))).sum()


@case("logistic regression with labels 0 and 1; Bishop, PRML (2006), eq. 4.90", "w", **DATA, drawn={"y": "unit"})
def cross_entropy(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@case("scipy.special in a user's log-likelihood", "w", **DATA, drawn={"y": "unit"})
def log_likelihood(w, X, y):
    z = X @ w
    return np.sum(y * special.log_expit(z) + (1 - y) * special.log_expit(-z))


@case("Poisson regression; McCullagh and Nelder, Generalized Linear Models (1989), ch. 6", "w", **DATA)
def poisson(w, X, y):
    eta = X @ w
    return np.sum(np.exp(eta) - y * eta)


@case("Poisson deviance; McCullagh and Nelder (1989), ch. 2", "w", **DATA, drawn={"y": "positive"})
def poisson_deviance(w, X, y):
    mu = np.exp(X @ w)
    return 2 * np.sum(y * np.log(y / mu) - (y - mu))


@case("Gamma deviance with a log link; McCullagh and Nelder (1989), ch. 8", "w", **DATA, drawn={"y": "positive"})
def gamma_deviance(w, X, y):
    mu = np.exp(X @ w)
    return 2 * np.sum((y - mu) / mu - np.log(y / mu))


@case("probit regression; Albert and Chib (1993)", "w", **DATA, drawn={"y": "unit"})
def probit(w, X, y):
    p = special.ndtr(X @ w)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


@case("pseudo-Huber loss; Hartley and Zisserman, Multiple View Geometry (2004), A6.8", "w", **DATA, delta=1.5)
def pseudo_huber(w, X, y, delta):
    r = (X @ w - y) / delta
    return delta**2 * np.sum(np.sqrt(1 + r**2) - 1)


@case("log-cosh loss, a user's question", "w", **DATA)
def log_cosh(w, X, y):
    return np.mean(np.log(np.cosh(X @ w - y)))


@case("squared hinge; scikit-learn: LinearSVC", "w", **DATA)
def squared_hinge(w, X, y):
    return 0.5 * w @ w + np.sum(np.maximum(0, 1 - y * (X @ w)) ** 2)


@case("quantile loss, smoothed; Koenker and Bassett (1978)", "w", **DATA, tau=0.3)
def pinball(w, X, y, tau, h=0.1):
    r = y - X @ w
    return np.mean(tau * r + h * np.logaddexp(0, -r / h))


@case("softmax regression; Murphy, Machine Learning (2012), eq. 8.38", "W", W=("n", "k"), X=("m", "n"), Y=("m", "k"))
def softmax_regression(W, X, Y):
    Z = X @ W
    return -np.sum(Y * Z) + np.sum(special.logsumexp(Z, axis=1) * Y.sum(axis=1))


@case("exponential loss; Friedman, Hastie, Tibshirani, Additive Logistic Regression (2000)", "w", **DATA)
def exponential_loss(w, X, y):
    return np.exp(-y * X.dot(w)).mean()


@case("kernel ridge regression; Murphy (2012), eq. 14.51", "a", a="m", K=("m", "m"), y="m", lam=(),
      properties={"K": ["spd"]})  # fmt: skip
def kernel_ridge(a, K, y, lam):
    return np.sum(np.square(y - K @ a)) + lam * a.T @ K @ a


# factorisation and geometry ---------------------------------------------------------------------------------


@case("PCA as reconstruction; Bishop (2006), section 12.1", "W", W=("n", "k"), X=("m", "n"))
def reconstruction(W, X):
    centred = X - X.mean(axis=0)
    return np.linalg.norm(centred - centred @ W @ W.T) ** 2 / X.shape[0]


@case("non-negative matrix factorisation; Lee and Seung (2001)", "W", "H", V=("m", "n"), W=("m", "k"), H=("k", "n"))
def nmf(V, W, H):
    return 0.5 * np.linalg.norm(V - W @ H, "fro") ** 2


@case("NMF with the Kullback-Leibler divergence; Lee and Seung (2001)", "W", "H",
      V=("m", "n"), W=("m", "k"), H=("k", "n"), drawn=dict.fromkeys("VWH", "positive"))  # fmt: skip
def nmf_divergence(V, W, H):
    R = W @ H
    return np.sum(V * np.log(V / R) - V + R)


@case("matrix factorisation with biases; Koren, Bell, Volinsky (2009)", "U", "V", "b",
      R=("m", "n"), M=("m", "n"), U=("m", "k"), V=("n", "k"), b="m", c="n")  # fmt: skip
def recommender(R, M, U, V, b, c, lam=0.02):
    predicted = U @ V.T + b[:, None] + c[None, :]
    return np.sum(M * (R - predicted) ** 2) + lam * ((U**2).sum() + (V**2).sum())


@case("orthogonal Procrustes; Schönemann (1966)", "Q", A=("m", "n"), B=("m", "k"), Q=("n", "k"))
def procrustes(A, B, Q):
    return np.trace((A @ Q - B).T @ (A @ Q - B)) + np.sum((Q.T @ Q - np.eye(Q.shape[1])) ** 2)


@case("Rayleigh quotient; Golub and Van Loan, Matrix Computations (2013), section 8.2", "x", A=("n", "n"), x="n",
      properties={"A": ["symmetric"]})  # fmt: skip
def rayleigh(A, x):
    return (x @ A @ x) / (x @ x)


@case("canonical correlation as a trace; Hotelling (1936)", "U", Sxx=("n", "n"), Sxy=("n", "m"), Syy=("m", "m"),
      U=("n", "k"), properties={"Sxx": ["spd"], "Syy": ["spd"]})  # fmt: skip
def cca(Sxx, Sxy, Syy, U):
    M = Sxy @ np.linalg.solve(Syy, Sxy.T)
    return np.trace(np.linalg.inv(U.T @ Sxx @ U) @ (U.T @ M @ U))


@case("graph Laplacian smoothness; Belkin and Niyogi (2003)", "F", W=("n", "n"), F=("n", "k"))
def smoothness(W, F):
    L = np.diag(W.sum(axis=1)) - W
    return np.trace(F.T @ L @ F)


@case("a Stein discrepancy's kernel, a user's question", "x", x="n", y="n", S=("n", "n"), properties={"S": ["spd"]})
def gaussian_kernel(x, y, S):
    d = x - y
    return np.exp(-0.5 * np.dot(d, np.dot(np.linalg.inv(S), d)))


# Gaussians, filters, control --------------------------------------------------------------------------------


@case("Gaussian negative log-likelihood; Magnus and Neudecker (2019), ch. 15", "S", "mu", X=("m", "n"), mu="n",
      S=("n", "n"), properties={"S": ["spd"]})  # fmt: skip
def gaussian_nll(X, mu, S):
    m, n = X.shape
    d = X - mu
    _sign, logdet = np.linalg.slogdet(S)
    return 0.5 * (m * logdet + np.trace(d @ np.linalg.inv(S) @ d.T) + m * n * np.log(2 * np.pi))


@case(
    "Mahalanobis distance; scipy.spatial.distance", "u", "VI", u="n", v="n", VI=("n", "n"), properties={"VI": ["spd"]}
)
def mahalanobis(u, v, VI):
    delta = u - v
    return np.sqrt(np.dot(np.dot(delta, VI), delta))


@case("Kullback-Leibler divergence of two Gaussians; Cover and Thomas, Elements of Information Theory (2006)",
      "S", "m0", S=("n", "n"), T=("n", "n"), m0="n", m1="n", properties={"S": ["spd"], "T": ["spd"]})  # fmt: skip
def kl_gaussians(S, T, m0, m1):
    P = np.linalg.inv(T)
    d = m1 - m0
    logs = np.linalg.slogdet(T)[1] - np.linalg.slogdet(S)[1]
    return 0.5 * (np.trace(P @ S) + d @ P @ d - len(d) + logs)


@case("Gaussian-process marginal likelihood; Rasmussen and Williams (2006), eq. 2.30", "s", "t", K=("n", "n"), y="n",
      s=(), t=(), properties={"K": ["spd"], "s": ["positive"], "t": ["positive"]})  # fmt: skip
def marginal_likelihood(K, y, s, t):
    n = len(y)
    Ky = t * K + s**2 * np.eye(n)
    return 0.5 * y @ np.linalg.solve(Ky, y) + 0.5 * np.linalg.slogdet(Ky)[1] + 0.5 * n * np.log(2 * np.pi)


@case("Kalman filter's innovation likelihood; Särkkä, Bayesian Filtering and Smoothing (2013), ch. 12", "P", "z",
      H=("m", "n"), P=("n", "n"), R=("m", "m"), z="m", x="n", properties={"P": ["spd"], "R": ["spd"]})  # fmt: skip
def innovation(H, P, R, z, x):
    S = H @ P @ H.T + R
    e = z - H @ x
    return e.T @ np.linalg.inv(S) @ e + np.linalg.slogdet(S)[1]


@case("two steps of a linear-quadratic regulator; Anderson and Moore, Optimal Control (1990)", "K", A=("n", "n"),
      B=("n", "k"), K=("k", "n"), Q=("n", "n"), R=("k", "k"), x="n", properties={"Q": ["spd"], "R": ["spd"]})  # fmt: skip
def lqr(A, B, K, Q, R, x):
    cost = 0.0
    for _ in range(2):
        u = -K @ x
        cost += x @ Q @ x + u @ R @ u
        x = A @ x + B @ u
    return cost + x @ Q @ x


@case("factor analysis, by the Woodbury identity; Rubin and Thayer (1982)", "L", L=("n", "k"), d="n", x="n",
      drawn={"d": "positive"})  # fmt: skip
def factor_analysis(L, d, x):
    small = np.eye(L.shape[1]) + L.T @ (L / d[:, None])
    projected = L.T @ (x / d)
    return x @ (x / d) - projected @ np.linalg.inv(small) @ projected + np.linalg.slogdet(small)[1] + np.sum(np.log(d))


@case("log-determinant barrier; Boyd and Vandenberghe, Convex Optimization (2004), section 11.2", "x", A=("m", "n"),
      b="m", c="n", x="n", t=3.0, drawn={"b": "large"})  # fmt: skip
def barrier(A, b, c, x, t):
    return t * c @ x - np.log(b - A @ x).sum()


@case("D-optimal design; Boyd and Vandenberghe (2004), section 7.5", "p", V=("n", "n"), p="n", drawn={"p": "positive"})
def d_optimal(V, p):
    return -np.linalg.slogdet(V @ np.diag(p) @ V.T)[1]


@case("von Neumann's trace of a matrix logarithm, a user's question", "X", X=("n", "n"), A=("n", "n"),
      properties={"X": ["spd"], "A": ["symmetric"]})  # fmt: skip
def trace_functions(X, A):
    return np.trace(linalg.expm(A + X)) + np.trace(X @ X)


# probability ------------------------------------------------------------------------------------------------


@case("entropy of a softmax; Cover and Thomas (2006)", "z", z="n")
def entropy(z):
    p = np.exp(z) / np.sum(np.exp(z))
    return -np.sum(p * np.log(p))


@case("Kullback-Leibler divergence of two distributions; Cover and Thomas (2006)", "p", p="n", q="n",
      drawn={"p": "unit", "q": "unit"})  # fmt: skip
def kl(p, q):
    return special.xlogy(p, p / q).sum() - p.sum() + q.sum()


@case("entropic optimal transport, dual; Cuturi (2013)", "f", "g", f="m", g="n", C=("m", "n"), a="m", b="n", eps=0.5)
def sinkhorn_dual(f, g, C, a, b, eps):
    return f @ a + g @ b - eps * np.sum(np.exp((f[:, np.newaxis] + g[np.newaxis, :] - C) / eps))


@case("Rosenbrock's function, as products; More, Garbow, Hillstrom (1981)", "x", x="n", S=("n", "n"))
def rosenbrock(x, S):
    return np.sum(100.0 * (S @ x - x**2.0) ** 2.0 + (1 - x) ** 2.0)


# networks ---------------------------------------------------------------------------------------------------


def relu(z):
    return np.maximum(0, z)


def layer(x, W, b, activation=relu):
    return activation(W @ x + b)


@case("a network of two layers with helper functions; Nielsen, Neural Networks (2015), ch. 2", "W", "b", "V",
      W=("k", "n"), b="k", V=("m", "k"), c="m", x="n", y="m")  # fmt: skip
def two_layers(W, b, V, c, x, y):
    hidden = layer(x, W, b)
    return 0.5 * np.sum((layer(hidden, V, c, activation=np.tanh) - y) ** 2)


@case("a recurrent network unrolled by a loop; Elman (1990)", "W", "U", W=("k", "k"), U=("k", "n"), x="n", h="k")
def recurrent(W, U, x, h, steps=3):
    states = []
    for _ in range(steps):
        h = np.tanh(W @ h + U @ x)
        states.append(h)
    return sum(np.sum(s**2) for s in states)


@case("attention of one head; Vaswani et al. (2017), eq. 1, in jax.numpy", "Q", "V", Q=("m", "k"), K=("n", "k"),
      V=("n", "p"))  # fmt: skip
def attention(Q, K, V):
    weights = jax.nn.softmax(Q @ K.T / jnp.sqrt(Q.shape[-1]), axis=-1)
    return jnp.sum((weights @ V) ** 2)


@case("contrastive loss; Oord et al. (2018), Chen et al. (2020), in jax.numpy", "A", A=("m", "n"), B=("m", "n"), t=0.5)
def contrastive(A, B, t):
    logits = jnp.matmul(A, B.T) / t
    return -jnp.mean(jnp.diag(logits) - jax.nn.logsumexp(logits, axis=1))


@jax.jit
def smooth(z):
    return jax.nn.softplus(z) - jnp.log(2.0)


@case("a jitted network with softplus units, in jax.numpy", "w", "W", w="k", W=("k", "n"), x="n", y=())
def shifted_softplus(w, W, x, y):
    return (jnp.dot(w, smooth(W @ x)) - y) ** 2


@case("ridge regression from the JAX documentation's style, in jax.numpy", "w", **DATA)
def jax_ridge(w, X, y):
    return jnp.mean(jnp.square(jnp.einsum("ij,j->i", X, w) - y)) + 0.1 * jnp.vdot(w, w)


@case("logistic regression, in PyTorch", "w", "b", **DATA, b=(), drawn={"y": "unit"})
def torch_logistic(w, b, X, y):
    logits = X.matmul(w) + b
    return F.binary_cross_entropy_with_logits(logits, y) + 0.01 * w.pow(2).sum()


@case("multilayer perceptron, in PyTorch", "W1", "b1", "w2", X=("m", "n"), W1=("k", "n"), b1="k", w2="k", y="m")
def torch_mlp(X, W1, b1, w2, y):
    h = torch.tanh(F.linear(X, W1, b1))
    return F.mse_loss(torch.mv(h, w2), y)


@case("distillation by cross entropy of softmaxes, in PyTorch; Hinton, Vinyals, Dean (2015)", "Z", Z=("m", "k"),
      T=("m", "k"), temperature=2.0)  # fmt: skip
def distillation(Z, T, temperature):
    log_p = F.log_softmax(Z / temperature, dim=1)
    return -(torch.softmax(T / temperature, dim=1) * log_p).sum(dim=1).mean()


@case("multivariate normal log-density, in PyTorch", "S", "mu", x="n", mu="n", S=("n", "n"), properties={"S": ["spd"]})
def torch_gaussian(x, mu, S):
    d = (x - mu).unsqueeze(1)
    return 0.5 * (d.t() @ torch.inverse(S) @ d).squeeze() + 0.5 * torch.logdet(S)
