"""Matrix factorisation, by U: the Hessian is zero off its diagonal blocks."""

from __future__ import annotations

import numpy as np

from benchmarks.speed.problem import Arm, add
from benchmarks.speed.tensorgrad import named


def dense(blocks, **inputs):
    """The m×k×m×k array with the k×k blocks on its diagonal, zeros written."""
    blocks = np.asarray(blocks)
    m, k, _ = blocks.shape
    H = np.empty((m, k, m, k))
    H.fill(0.0)
    np.einsum("iaib->iab", H)[...] = blocks
    return H


def repeated(block, U, **inputs):
    return dense(np.broadcast_to(block, (len(U), *block.shape)))


def blocks(W, V):
    """2 V' diag(w_i²) V for every row w_i of W: one product with the k(k+1)/2 columns of V∘V."""
    k = V.shape[1]
    a, b = np.triu_indices(k)
    S = (W * W) @ (V[:, a] * V[:, b])
    S *= 2
    place = np.empty((k, k), int)
    place[a, b] = place[b, a] = np.arange(len(a))
    return S[:, place.ravel()].reshape(len(W), k, k)


def newton(T, W, U, V):
    G = (W * W * (U @ V.T - T)) @ V
    G *= 2
    return np.linalg.solve(blocks(W, V), G[:, :, None])[:, :, 0]


def row(jnp, T, W, U, V):
    """The loss of one row, of which all are independent."""
    return jnp.sum((W * (T - V @ U)) ** 2)


def rows_hessian(jax, jnp, T, U, V, W=None):
    loss = lambda u, V, t, w: row(jnp, t, w, u, V)
    weights = jnp.ones_like(T) if W is None else W
    return jax.vmap(jax.hessian(loss), (0, None, 0, 0))(U, V, T, weights)


def rows_newton(jax, jnp, T, W, U, V):
    loss = lambda u, V, t, w: row(jnp, t, w, u, V)
    step = lambda *row: jnp.linalg.solve(jax.hessian(loss)(*row), jax.grad(loss)(*row))
    return jax.vmap(step, (0, None, 0, 0))(U, V, T, W)


def loss(tg, masked):
    U, V, T, W = tg.variable("U", "m k"), tg.variable("V", "n k"), tg.variable("T", "m n"), tg.variable("W", "m n")
    return tg.F.frobenius2(W * (T - U @ V) if masked else T - U @ V), U


def second(tg, masked):
    f, U = loss(tg, masked)
    return f.grad(U, {"m": "i", "k": "a"}).grad(U, {"m": "j", "k": "b"})


def make(rng, m, n, k):
    return dict(
        T=rng.standard_normal((m, n)),
        W=(rng.random((m, n)) < 0.5).astype(float),
        U=rng.standard_normal((m, k)),
        V=rng.standard_normal((n, k)),
    )


def unmasked(rng, m, n, k):
    made = make(rng, m, n, k)
    del made["W"]
    return made


SHAPES = {"T": "m n", "U": "m k", "V": "n k"}
MASKED = dict(
    text="norm2(W.*(T - U*V'))^2",
    shapes=SHAPES | {"W": "m n"},
    by="U",
    make=make,
    f=lambda xp, nn, T, W, U, V: ((W * (T - U @ V.T)) ** 2).sum(),
)
add(
    "mf_hess",
    what="Hessian of ‖T − UV'‖² by U",
    text="norm2(T - U*V')^2",
    shapes=SHAPES,
    question="hessian",
    by="U",
    sizes=[(50, 50, 10), (100, 100, 10), (200, 200, 10), (400, 400, 10)],
    factors={(200, 200, 10): 115, (400, 400, 10): 98},
    make=unmasked,
    f=lambda xp, nn, T, U, V: ((T - U @ V.T) ** 2).sum(),
    arms={
        "np": lambda T, U, V: repeated(2 * (V.T @ V), U),
        "naive": lambda T, U, V: np.einsum("ij,ab->iajb", np.eye(len(U)), 2 * V.T @ V),
        "comp": Arm(lambda T, U, V: 2 * (V.T @ V), repeated),
        "jax_x": Arm(rows_hessian, dense),
        "tg": named("i a j b", lambda tg: second(tg, False), V="n k", U="m k"),
    },
)
add(
    "mf_mask_hess",
    what="Hessian of ‖W∘(T − UV')‖² by U",
    question="hessian",
    sizes=[(40, 40, 10), (80, 80, 10), (160, 160, 10), (240, 240, 10)],
    factors={(240, 240, 10): 82},
    arms={
        "np": lambda T, W, U, V: dense(blocks(W, V)),
        "naive": lambda T, W, U, V: np.einsum("ij,il,la,lb->iajb", np.eye(len(U)), 2 * W * W, V, V, optimize=True),
        "comp": Arm(lambda T, W, U, V: blocks(W, V), dense),
        "jax_x": Arm(rows_hessian, dense),
        "tg": named("i a j b", lambda tg: second(tg, True), V="n k", W="m n", U="m k"),
    },
    **MASKED,
)
add(
    "mf_newton",
    what="Newton step of ‖W∘(T − UV')‖² by U",
    question="newton",
    sizes=[(40, 40, 10), (80, 80, 10), (160, 160, 10)],
    factors={(160, 160, 10): 480},
    arms={"np": newton, "jax_x": rows_newton},
    **MASKED,
)
