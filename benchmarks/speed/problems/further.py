"""Problems written to find faults: statistics and machine learning, of other structure than those before."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.linalg import blas, lapack
from scipy.special import expit, log_ndtr, softmax

from benchmarks.speed.problem import add as add_problem
from benchmarks.speed.problems.gaussian import DISTANCES, cholesky, inverse, triangle_dot
from benchmarks.speed.problems.networks import symmetric_places
from benchmarks.speed.problems.untuned import normal, weighted_gram, with_positive

add = partial(add_problem, group="further")
REGRESSION = dict(shapes={"X": "m n", "y": "m", "w": "n"}, by="w", question="hessian")
TALL = [(512, 128), (2000, 200), (4000, 400)]


def student_hessian(X, y, w, k):
    """Weights of both signs: the rows of either sign are a product of a matrix with its transpose."""
    t = (y - X @ w) ** 2 / k
    weights = (2 / k) * (1 - t) / (1 + t) ** 2
    Z = X * np.sqrt(np.abs(weights))[:, None]
    H = Z[weights > 0].T @ Z[weights > 0]
    H -= Z[weights <= 0].T @ Z[weights <= 0]
    return H


def probit_hessian(X, y, w, r):
    """With s = φ(z)/Φ(z), z = y∘Xw, the weights are y²∘s∘(z + s)."""
    z = y * (X @ w)
    s = np.exp(-0.5 * z * z - log_ndtr(z) - 0.5 * math.log(2 * math.pi))
    H = weighted_gram(X, y * y * s * (z + s))
    H.flat[:: len(w) + 1] += r
    return H


def cox_hessian(X, R, e, w):
    """X'diag(t∘R'(e/s))X − B'diag(e/s²)B, B = R diag(t) X: never a product of two m×m matrices."""
    t = np.exp(X @ w)
    s = R @ t
    B = R @ (t[:, None] * X)
    H = weighted_gram(X, t * ((e / s) @ R))
    H -= weighted_gram(B, e / s**2)
    return H


def log_sum_exp_quadratic(A, x, b):
    t = A @ x
    p = softmax(t * t + b)
    g = 2 * ((p * t) @ A)
    H = weighted_gram(A, p * (2 + 4 * t * t))
    H -= np.outer(g, g)
    return H


def sigmoid_net_hessian(v, W, X, y):
    """Σ_s (q (v∘D)(v∘D)' + δ (p − y) v∘E) ⊗ x x', one product over the pairs of units and of features."""
    S = expit(W @ X)
    D = S * (1 - S)
    p, VD, (h, d) = expit(v @ S), v[:, None] * D, W.shape
    a, b = np.triu_indices(h)
    i, j = np.triu_indices(d)
    C = VD[a] * VD[b]
    C *= p * (1 - p)
    C[a == b] += (p - y) * VD * (1 - 2 * S)
    P = C @ (X[i] * X[j]).T
    P = P[symmetric_places(h, a, b).ravel()][:, symmetric_places(d, i, j).ravel()]
    return P.reshape(h, h, d, d).transpose(0, 2, 1, 3)


def design_gradient(X, w):
    """−x_i' (X' diag(w) X)⁻¹ x_i for every row, by one triangular solve."""
    L = cholesky(weighted_gram(X, w))
    Z = blas.dtrsm(1.0, L, X.T, lower=1)
    return -np.einsum("ij,ij->j", Z, Z)


def design_hessian(X, A):
    """(M_ik Q_jl + N_ik P_jl) + (U_il V_kj + V_il U_kj), P = (X'AX)⁻¹, Q = P²: two products of rank two a slice."""
    (n, k), Y = X.shape, A @ X
    P = inverse(X.T @ Y)
    Q = P @ P
    U, V = Y @ P, 2 * (Y @ Q)
    M, N = 2 * (U @ Y.T - A), V @ Y.T
    J = np.empty((n, k, n, k))
    left, tail = np.stack([V.T.ravel(), U.T.ravel()], 1), np.stack([U, V], 1)
    for i in range(n):
        np.matmul(left, tail[i], out=J[i].reshape(k * n, k))
        J[i] += M[i][:, None] * Q[:, None, :]
        J[i] += N[i][:, None] * P[:, None, :]
    return J


def least_squares_jacobian(X, y):
    """∂w_i/∂X_jk = P_ik r_j − (PX')_ij w_k: a product of rank two for every i."""
    P = inverse(X.T @ X)
    A = P @ X.T
    w = A @ y
    r = y - X @ w
    J = np.empty((len(w), *X.shape))
    for i in range(len(w)):
        np.matmul(np.stack([r, A[i]], 1), np.stack([P[i], -w]), out=J[i])
    return J


def attention_gradient(Y, Q, K, V):
    """The row sums of A∘G are those of (AV)∘R, which is smaller; so is what is divided by the sums of the rows."""
    A = Q @ K.T
    A -= A.max(1, keepdims=True)
    np.exp(A, out=A)
    sums = A.sum(1, keepdims=True)
    O = (A @ V) / sums
    R = (O - Y) * (2 / sums)
    G = R @ V.T
    G -= np.einsum("ij,ij->i", O, R)[:, None]
    G *= A
    return G @ K


def completion_gradient(W, T, U, V, r):
    E = U @ V.T
    E -= T
    E *= W
    E *= W
    return 2 * (E @ V + r * U), 2 * (E.T @ U + r * V)


def component_gradient(X, W, s):
    """C⁻¹ = (I − W M⁻¹ W')/s with M = W'W + s I, which is k×k; Q = C⁻¹W = W M⁻¹."""
    (m, n), k = X.shape, W.shape[1]
    M = W.T @ W
    M.flat[:: k + 1] += s
    P = np.linalg.inv(M)
    Q = W @ P
    XQ = X @ Q
    R = X - XQ @ W.T
    R /= s
    return m * Q - R.T @ XQ, 0.5 * (m * ((n - k) / s + np.trace(P)) - np.vdot(R, R))


def metric_gradient(X, L, S):
    """2 X'(T − diag(T 1)) Z, with Z = XL and T = 2 S∘exp(−squared distances)."""
    Z = X @ L
    squares = np.einsum("ij,ij->i", Z, Z)
    T = Z @ Z.T
    T *= 2
    T -= squares
    T -= squares[:, None]
    np.exp(T, out=T)
    T *= S
    return 4 * (X.T @ (T @ Z - T.sum(1)[:, None] * Z))


def rational_gradient(X, y, a, b, c):
    """With t = 1/(1 + e^(−2a) D2): Kf = e^(2b) t^1.5, ∂K/∂a = 3 Kf∘(1 − t), ∂K/∂b = 2 Kf."""
    n, squares = len(y), np.einsum("ij,ij->i", X, X)
    t = X @ X.T
    t *= -2
    t += squares
    t += squares[:, None]
    t *= math.exp(-2 * a)
    t += 1
    np.divide(1, t, out=t)
    Kf = np.sqrt(t)
    Kf *= t
    Kf *= math.exp(2 * b)
    K = Kf.copy()
    K.flat[:: n + 1] += math.exp(2 * c)
    L, _ = lapack.dpotrf(K.T, lower=1, clean=0, overwrite_a=1)
    z, _ = lapack.dpotrs(L, y, lower=1)
    P, _ = lapack.dpotri(L, lower=1, overwrite_c=1)
    t *= Kf
    kernel, part = triangle_dot(P.T, Kf, t)
    kernel, part = kernel - z @ (Kf @ z), part - z @ (t @ z)
    return 1.5 * (kernel - part), kernel, math.exp(2 * c) * (np.trace(P) - z @ z)


def matrix_normal_gradient(A, B, X):
    """n A⁻¹ − Z'XA⁻¹ and m B⁻¹ − ZX'B⁻¹ with Z = B⁻¹XA⁻¹."""
    P, R = inverse(A), inverse(B)
    XP, RX = X @ P, R @ X
    Z = R @ XP
    return len(B) * P - Z.T @ XP, len(A) * R - Z @ RX.T


def mixture_gradient(X, M):
    """The responsibilities N weigh samples and means; what is divided by the sums of the rows are the samples."""
    N = X @ M.T
    N -= 0.5 * np.einsum("ij,ij->i", M, M)
    N -= N.max(1, keepdims=True)
    np.exp(N, out=N)
    scale = 1 / N.sum(1)
    return (scale @ N)[:, None] * M - N.T @ (scale[:, None] * X)


def scaling_gradient(A, u, v):
    S = A * A
    return 2 * u * (S @ (v * v)) - 1 / u, 2 * v * ((u * u) @ S) - 1 / v


def signs(make):
    """The same inputs, y of entries ±1."""

    def made(rng, *size):
        inputs = make(rng, *size)
        return inputs | {"y": np.sign(inputs["y"]), "r": 0.1}

    return made


def at_risk(rng, m, n):
    """Samples in an order of their times: those behind are at risk; e says whose end was seen."""
    X, w = rng.standard_normal((m, n)) / math.sqrt(n), rng.standard_normal(n)
    return dict(X=X, R=np.triu(np.ones((m, m))), e=(rng.random(m) < 0.7).astype(float), w=w)


def masked(rng, m, n, k):
    inputs = normal(W="mn", T="mn", U="mk", V="nk")(rng, m, n, k)
    return inputs | {"W": (inputs["W"] > 0).astype(float), "r": 0.1}


def rational(xp, nn, X, y, a, b, c):
    squares = (X * X).sum(1)
    D2 = squares[:, None] + squares[None, :] - 2 * X @ X.T
    L = xp.linalg.cholesky(xp.exp(2 * b) * (1 + xp.exp(-2 * a) * D2) ** -1.5 + xp.exp(2 * c) * xp.eye(len(X)))
    return 0.5 * y @ nn.cholesky_solve(L, y) + xp.log(xp.diagonal(L)).sum()


def component(xp, nn, X, W, s):
    C = W @ W.T + s * xp.eye(len(W))
    return 0.5 * len(X) * xp.linalg.slogdet(C)[1] + 0.5 * (xp.linalg.solve(C, X.T) * X.T).sum()


def metric(xp, nn, X, L, S):
    Z = X @ L
    squares = (Z * Z).sum(1)
    return (xp.exp(2 * Z @ Z.T - squares[:, None] - squares[None, :]) * S).sum()


def matrix_normal(xp, nn, A, B, X):
    logs = len(B) * xp.linalg.slogdet(A)[1] + len(A) * xp.linalg.slogdet(B)[1]
    return logs + (X * xp.linalg.solve(B, xp.linalg.solve(A, X.T).T)).sum()


def sigmoid_net(xp, nn, v, W, X, y):
    z = v @ (0.5 + 0.5 * xp.tanh(0.5 * (W @ X)))
    return nn.softplus(z).sum() - z @ y


RATIONAL = f"(exp(2*b)*(ones(n,n) + exp(-2*a)*{DISTANCES}).^-1.5 + exp(2*c)*eye(n))"
add("student_hess", what="Hessian of regression with Student's t", sizes=TALL,
    **REGRESSION | {"shapes": REGRESSION["shapes"] | {"k": ""}}, text="sum(log(vector(1) + (y - X*w).^2/k))",
    make=lambda rng, m, n: normal(X="mn", y="m", w="n")(rng, m, n) | {"k": 4.0},
    f=lambda xp, nn, X, y, w, k: xp.log(1 + (y - X @ w) ** 2 / k).sum(), arms={"np": student_hessian},
)  # fmt: skip
add("probit_hess", what="Hessian of probit regression with a ridge", sizes=TALL,
    **REGRESSION | {"shapes": REGRESSION["shapes"] | {"r": ""}},
    text="-sum(log(0.5*vector(1) + 0.5*erf(y.*(X*w)/sqrt(2)))) + 0.5*r*w'*w", make=signs(normal(X="mn", y="m", w="n")),
    f=lambda xp, nn, X, y, w, r: -xp.log(0.5 + 0.5 * nn.erf(y * (X @ w) / math.sqrt(2))).sum() + 0.5 * r * w @ w,
    arms={"np": probit_hessian},
)  # fmt: skip
add("cox_hess", what="Hessian of Cox's partial likelihood", question="hessian", by="w",
    text="e'*log(R*exp(X*w)) - e'*X*w", shapes={"X": "m n", "R": "m m", "e": "m", "w": "n"},
    sizes=[(256, 20), (512, 50), (1500, 100)], make=at_risk,
    f=lambda xp, nn, X, R, e, w: e @ xp.log(R @ xp.exp(X @ w)) - e @ (X @ w), arms={"np": cox_hessian},
)  # fmt: skip
add("lse_quad_hess", what="Hessian of logsumexp((Ax)² + b)", question="hessian", by="x", sizes=TALL,
    text="logsumexp((A*x).^2 + b)", shapes={"A": "m n", "x": "n", "b": "m"}, make=normal(A="mn", x="n", b="m"),
    f=lambda xp, nn, A, x, b: nn.logsumexp((A @ x) ** 2 + b), arms={"np": log_sum_exp_quadratic},
)  # fmt: skip
add("sigmoid_net_hess", what="Hessian of a network for classes by its first weights, a batch", question="hessian",
    by="W", text="sum(softplus(v'*sigmoid(W*X))) - v'*sigmoid(W*X)*y", f=sigmoid_net,
    shapes={"v": "h", "W": "h d", "X": "d s", "y": "s"}, sizes=[(64, 8, 8), (256, 16, 16), (512, 32, 32)],
    make=lambda rng, s, d, h: normal(v="h", W="hd", X="ds")(rng, h, d, s) | {"y": (rng.random(s) < 0.5).astype(float)},
    arms={"np": sigmoid_net_hessian},
)  # fmt: skip
add("design_grad", what="gradient of −log det(X' diag(w) X) by w", question="gradient", by="w",
    text="-logdet(X'*diag(w)*X)", shapes={"X": "m n", "w": "m"}, properties={"w": ["positive"]}, sizes=TALL,
    make=with_positive(normal(X="mn", w="m"), "w"), f=lambda xp, nn, X, w: -xp.linalg.slogdet((X.T * w) @ X)[1],
    arms={"np": design_gradient},
)  # fmt: skip
add("design_hess", what="Hessian of tr((X'AX)⁻¹) by X", question="hessian", by="X", text="tr(inv(X'*A*X))",
    shapes={"X": "n k", "A": "n n"}, properties={"A": ["spd"]}, sizes=[(20, 5), (50, 10), (100, 20)],
    make=with_positive(normal(X="nk", A="nn"), "A"), tolerance=1e-7, arms={"np": design_hessian},
    f=lambda xp, nn, X, A: xp.trace(xp.linalg.inv(X.T @ A @ X)),
)  # fmt: skip
add("least_squares_jac", what="Jacobian of (X'X)⁻¹X'y by X", question="jacobian", by="X", text="inv(X'*X)*X'*y",
    shapes={"X": "m n", "y": "m"}, sizes=[(50, 10), (200, 40), (500, 100)], make=normal(X="mn", y="m"), tolerance=1e-7,
    f=lambda xp, nn, X, y: xp.linalg.solve(X.T @ X, X.T @ y), arms={"np": least_squares_jacobian},
)  # fmt: skip
add("attention_grad", what="gradient of ‖Y − softmax(QK')V‖² by Q", question="gradient", by="Q",
    text="norm2(Y - (exp(Q*K')./(sum(exp(Q*K'),2)*ones(n)'))*V)^2",
    sizes=[(128, 128, 32), (512, 512, 64), (1500, 1500, 64)], shapes={"Y": "m d", "Q": "m d", "K": "n d", "V": "n d"},
    make=lambda rng, m, n, d: normal(Y="md", Q="md", K="nd", V="nd")(rng, m, d, n) | {"Q": rng.standard_normal((m, d))},
    f=lambda xp, nn, Y, Q, K, V: ((Y - nn.softmax(Q @ K.T) @ V) ** 2).sum(), arms={"np": attention_gradient},
)  # fmt: skip
add("completion_grad", what="gradient of ‖W∘(T − UV')‖² + r(‖U‖² + ‖V‖²) by U and V", question="gradient", by="U V",
    text="norm2(W.*(T - U*V'))^2 + r*(norm2(U)^2 + norm2(V)^2)", make=masked,
    shapes={"W": "m n", "T": "m n", "U": "m k", "V": "n k", "r": ""},
    sizes=[(200, 200, 10), (1000, 500, 10), (2000, 2000, 20)],
    f=lambda xp, nn, W, T, U, V, r: ((W * (T - U @ V.T)) ** 2).sum() + r * ((U * U).sum() + (V * V).sum()),
    arms={"np": completion_gradient},
)  # fmt: skip
add("component_grad", what="gradient of probabilistic principal components by W and s", question="gradient", by="W s",
    text="0.5*m*logdet(W*W' + s*eye(n)) + 0.5*tr(X*inv(W*W' + s*eye(n))*X')", f=component, tolerance=1e-7,
    shapes={"X": "m n", "W": "n k", "s": ""}, sizes=[(256, 128, 5), (1000, 500, 10), (3000, 1000, 20)],
    make=lambda rng, m, n, k: normal(X="mn", W="nk")(rng, m, n, k) | {"s": 0.5}, arms={"np": component_gradient},
)  # fmt: skip
add("metric_grad", what="gradient of Σ s_ij exp(−‖L'(x_i − x_j)‖²) by L", question="gradient", by="L",
    text="sum(exp(-(sum((X*L).^2,2)*ones(n)' + ones(n)*sum((X*L).^2,2)' - 2*X*L*L'*X')).*S)", f=metric,
    shapes={"X": "n d", "L": "d k", "S": "n n"}, properties={"S": ["symmetric"]},
    sizes=[(128, 10, 5), (512, 20, 10), (1500, 50, 20)], arms={"np": metric_gradient},
    make=lambda rng, n, d, k: (lambda a: a | {"S": a["S"] + a["S"].T})(normal(X="nd", L="dk", S="nn")(rng, n, d, k)),
)  # fmt: skip
add("rational_grad", what="gradient of a Gaussian process with a rational quadratic kernel by three scalars",
    text=f"0.5*y'*inv({RATIONAL})*y + 0.5*logdet({RATIONAL})", question="gradient", by="a b c", f=rational,
    shapes={"X": "n d", "y": "n", "a": "", "b": "", "c": ""}, sizes=[(128,), (512,), (1500,)], tolerance=1e-7,
    make=lambda rng, n: normal(X="nd", y="n")(rng, n, 5) | dict(a=-0.3, b=0.1, c=-1.0), arms={"np": rational_gradient},
)  # fmt: skip
add("matrix_normal_grad", what="gradient of a matrix normal likelihood by both covariances", question="gradient",
    by="A B", text="logdet(kron(A,B)) + vec(X)'*inv(kron(A,B))*vec(X)", f=matrix_normal, tolerance=1e-7,
    shapes={"A": "m m", "B": "n n", "X": "n m"}, properties={"A": ["spd"], "B": ["spd"]},
    sizes=[(64, 64), (256, 256), (700, 700)], make=with_positive(normal(A="mm", B="nn", X="nm"), "A", "B"),
    arms={"np": matrix_normal_gradient},
)  # fmt: skip
add("mixture_grad", what="gradient of a mixture of Gaussians by its means", question="gradient", by="M",
    text="-sum(log(sum(exp(X*M' - 0.5*ones(m)*sum(M.^2,2)'),2)))", shapes={"X": "m d", "M": "k d"},
    sizes=[(500, 10, 10), (5000, 20, 50), (20000, 32, 100)], make=normal(X="md", M="kd"), arms={"np": mixture_gradient},
    f=lambda xp, nn, X, M: -nn.logsumexp(X @ M.T - 0.5 * (M * M).sum(1)).sum(),
)  # fmt: skip
add("scaling_grad", what="gradient of ‖diag(u) A diag(v)‖² − Σ log u − Σ log v by u and v", question="gradient",
    by="u v", text="norm2(diag(u)*A*diag(v))^2 - sum(log(u)) - sum(log(v))",
    sizes=[(128, 128), (500, 500), (2000, 2000)], shapes={"A": "m n", "u": "m", "v": "n"},
    make=with_positive(normal(A="mn", u="m", v="n"), "u", "v"),
    f=lambda xp, nn, A, u, v: ((u[:, None] * A * v) ** 2).sum() - xp.log(u).sum() - xp.log(v).sum(),
    arms={"np": scaling_gradient},
)  # fmt: skip
