"""Hessians of neural networks by their first weights, and softmax cross-entropy."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
from scipy.special import softmax

from benchmarks.speed.problem import Arm, add
from benchmarks.speed.tensorgrad import named

LAYERS = 10
WEIGHTS = [f"W{i}" for i in range(LAYERS)]


def tanh_hessian(Y, W2, W1, X):
    """Samples in one product per pair of hidden units: Σ_s (2 W2'W2 ∘ d d' + δ e) x x'."""
    T = np.tanh(W1 @ X)
    D = 1 - T * T
    R = W2 @ T - Y
    h, d = W1.shape
    a, b = np.triu_indices(h)
    i, j = np.triu_indices(d)
    C = D[a] * D[b]
    C *= (2 * (W2.T @ W2))[a, b][:, None]
    C[a == b] -= 4 * (W2.T @ R) * T * D
    P = C @ (X[i] * X[j]).T
    S = P[symmetric_places(h, a, b).ravel()][:, symmetric_places(d, i, j).ravel()]
    return S.reshape(h, h, d, d).transpose(0, 2, 1, 3)


def symmetric_places(n, rows, columns):
    place = np.empty((n, n), int)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    return place


def naive_tanh_hessian(Y, W2, W1, X):
    T = np.tanh(W1 @ X)
    D = 1 - T * T
    E = -2 * T * D * (W2.T @ (2 * (W2 @ T - Y)))
    C = np.einsum("oa,ob,as,bs->abs", 2 * W2, W2, D, D, optimize=True)
    C += np.einsum("ab,as->abs", np.eye(len(W1)), E)
    return np.einsum("abs,is,js->aibj", C, X, X, optimize=True)


def tanh_tensorgrad(tg):
    Y, W2, W1, X = (tg.variable(*named) for named in (("Y", "o s"), ("W2", "o h"), ("W1", "h d"), ("X", "d s")))
    f = tg.F.frobenius2(Y - W2 @ tg.F.tanh(W1 @ X))
    return f.grad(W1, {"h": "a", "d": "b"}).grad(W1, {"h": "c", "d": "e"})


def outputs_by_first(inputs):
    """x, softmax p of the outputs, and the Jacobian of the outputs by what the first layer returns."""
    W, h, masks = [inputs[name] for name in WEIGHTS], inputs["x"], []
    for layer in W[:-1]:
        z = layer @ h
        masks.append(z > 0)
        h = np.maximum(z, 0)
    J = W[-1] * masks[-1]
    for i in range(LAYERS - 2, 0, -1):
        J = (J @ W[i]) * masks[i - 1]
    return inputs["x"], softmax(W[-1] @ h), J


def relu_blocks(**inputs):
    """The M in H = M ⊗ x x'."""
    _, p, J = outputs_by_first(inputs)
    q = p @ J
    return (J.T * p) @ J - np.outer(q, q)


def relu_hessian(**inputs):
    M, x = relu_blocks(**inputs), inputs["x"]
    H = np.empty((len(x),) * 4)
    return np.multiply(np.multiply.outer(M, x)[:, None, :, :], x[None, :, None, None], out=H)


def relu_net(xp, nn, x, t, **weights):
    h = reduce(lambda h, name: nn.relu(weights[name] @ h), WEIGHTS[:-1], x)
    z = weights[WEIGHTS[-1]] @ h
    return nn.logsumexp(z) - t @ z


def relu_text():
    z = WEIGHTS[-1] + "*" + reduce(lambda h, W: f"relu({W}*{h})", WEIGHTS[:-1], "x")
    return f"logsumexp({z}) - t'*{z}"


def relu_tensorgrad(tg):
    F, x, t = tg.F, tg.variable("x", "n"), tg.variable("t", "n")
    W = [tg.variable(name, o="n", n="n") for name in WEIGHTS]
    z = (W[-1] @ reduce(lambda h, layer: F.relu((layer @ h).rename(o="n")), W[:-1], x)).rename(o="n")
    loss = F.log(F.sum(F.exp(z))) - t @ z
    return loss.grad(W[0], {"o": "a", "n": "b"}).grad(W[0], {"o": "c", "n": "d"})


def relu_inputs(rng, n):
    W = rng.standard_normal((LAYERS, n, n)) * math.sqrt(2 / n)
    return dict(zip(WEIGHTS, W, strict=True)) | {"x": rng.standard_normal(n), "t": np.eye(n)[0]}


def cross_entropy_hessian(z, y):
    p = softmax(z)
    H = np.multiply.outer(-p, p)
    H.flat[:: len(z) + 1] += p
    return H


def naive_cross_entropy(z, y):
    e = np.exp(z)
    p = e / e.sum()
    return np.diag(p) - np.outer(p, p)


def cross_entropy_kernel():
    import numba

    @numba.njit(parallel=True)
    def kernel(p, H):
        for i in numba.prange(p.size):
            for j in range(p.size):
                H[i, j] = -p[i] * p[j]
            H[i, i] += p[i]

    def run(z, y):
        H = np.empty((len(z), len(z)))
        kernel(softmax(z), H)
        return H

    return run


def cross_entropy(tg):
    F, z, y = tg.F, tg.variable("z", "n"), tg.variable("y", "n")
    return F.cross_entropy(z, y, ["n"]).grad(z, {"n": "i"}).grad(z, {"n": "j"})


add(
    "net_hess",
    what="Hessian of a tanh network by its first weights, a batch",
    text="norm2(Y - W2*tanh(W1*X))^2",
    shapes={"Y": "o s", "W2": "o h", "W1": "h d", "X": "d s"},
    question="hessian",
    by="W1",
    sizes=[(64, 8, 8, 3), (256, 16, 16, 5), (512, 32, 32, 10)],
    factors={(512, 32, 32, 10): 19},
    make=lambda rng, s, d, h, o: dict(
        Y=rng.standard_normal((o, s)),
        W2=rng.standard_normal((o, h)) / math.sqrt(h),
        W1=rng.standard_normal((h, d)) / math.sqrt(d),
        X=rng.standard_normal((d, s)),
    ),
    f=lambda xp, nn, Y, W2, W1, X: ((Y - W2 @ xp.tanh(W1 @ X)) ** 2).sum(),
    arms={
        "np": tanh_hessian,
        "naive": naive_tanh_hessian,
        "tg": named("a b c e", tanh_tensorgrad, Y="o s", W2="o h", W1="h d", X="d s"),
    },
)
add(
    "nn_relu_hess",
    what="Hessian of a 10-layer relu network by its first weights, one sample",
    text=relu_text(),
    shapes={name: "n n" for name in WEIGHTS} | {"x": "n", "t": "n"},
    question="hessian",
    by="W0",
    sizes=[(10,), (20,), (40,), (64,)],
    factors={(64,): 3.2},
    make=relu_inputs,
    f=relu_net,
    arms={
        "np": relu_hessian,
        "comp": Arm(relu_blocks, lambda M, x, **_: np.einsum("ik,j,l->ijkl", M, x, x)),
        "tg": named("a b c d", relu_tensorgrad, x="n", t="n", **{name: "o n" for name in WEIGHTS}),
    },
)
add(
    "sce_hess",
    what="Hessian of softmax cross-entropy by the logits",
    text="-y'*log(softmax(z))",
    shapes={"z": "n", "y": "n"},
    question="hessian",
    by="z",
    sizes=[(256,), (1024,), (4096,)],
    factors={(4096,): 9},
    make=lambda rng, n: dict(z=rng.standard_normal(n), y=np.eye(n)[0]),
    f=lambda xp, nn, z, y: -(y * nn.log_softmax(z)).sum(),
    arms={
        "np": cross_entropy_hessian,
        "naive": naive_cross_entropy,
        "nb": cross_entropy_kernel,
        "tg": named("i j", cross_entropy, z="n", y="n"),
    },
)
