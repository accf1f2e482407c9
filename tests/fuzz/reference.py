"""What an expression is worth and how fast it grows, by JAX and by PyTorch: no code of ours differentiates here.

`value` evaluates an expression over an array library, one line per operation; values have two axes, as written.
`slopes` is the derivative by the library's own reverse mode.  A symmetric or diagonal variable is moved within its
set (`PROJECTIONS`), which is the convention of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any

import numpy as np

from closedform.core.expr import Expr, topological

Array = Any
Env = Mapping[str, np.ndarray]
Sizes = Mapping[str, int]


@dataclass(frozen=True)
class Engine:
    """An array library with automatic differentiation.

    Attributes:
        name: to the reader.
        xp: its namespace.
        array: NumPy's arrays to its own.
        slopes: of a function of some arrays with one value, by the first, or by the first and then the second.
        own: operations that it has under other names.
    """

    name: str
    xp: Any
    array: Callable[[np.ndarray], Array]
    slopes: Callable[[Callable[..., Array], Sequence[Array]], np.ndarray]
    own: Mapping[str, Callable[..., Array]] = field(default_factory=dict)


# ------------------------------------------------------------------------------------------------------ values


def value(e: Expr, env: Mapping[str, Array], sizes: Sizes, engine: Engine) -> Array:
    """The value of an expression, with two axes."""
    found: dict[Expr, Array] = {}
    for node in topological([e]):
        name = node.op.name
        if name == "symbol":
            found[node] = env[node.data.name]
        elif not node.args:
            found[node] = engine.array(CONSTANTS[name](node, sizes))
        elif name in engine.own:
            found[node] = engine.own[name](*[found[a] for a in node.args])
        else:
            found[node] = FUNCTIONS[name](engine.xp, *[found[a] for a in node.args])
    return found[e]


def _shape(e: Expr, sizes: Sizes) -> tuple[int, int]:
    return e.shape[0].value(sizes), e.shape[1].value(sizes)


def _exchange(m: int, n: int) -> np.ndarray:
    """K with K vec(A) = vec(A′): entry i n + j of the right side is A[i,j], entry j m + i of vec(A)."""
    return np.eye(m * n)[np.arange(m * n).reshape(n, m).T.ravel()]


def _lower(n: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the entries on and below the diagonal, column by column."""
    at = [(i, j) for j in range(n) for i in range(j, n)]
    return [i for i, _ in at], [j for _, j in at]


def _kept(n: int) -> np.ndarray:
    rows, columns = _lower(n)
    return np.eye(n * n)[np.array(columns) * n + np.array(rows)]


def _doubled(n: int) -> np.ndarray:
    """D with D vech(S) = vec(S): the place of an entry, and that of its mirror image."""
    L = _kept(n)
    return np.minimum(1, L + L @ _exchange(n, n)).T


CONSTANTS: dict[str, Callable[[Expr, Sizes], np.ndarray]] = {
    "number": lambda e, sizes: np.full((1, 1), float(e.data)),
    "dim": lambda e, sizes: np.full((1, 1), float(e.data.value(sizes))),
    "ones": lambda e, sizes: np.ones(_shape(e, sizes)),
    "zeros": lambda e, sizes: np.zeros(_shape(e, sizes)),
    "eye": lambda e, sizes: np.eye(*_shape(e, sizes)),
    "commutation": lambda e, sizes: _exchange(e.data.rows.value(sizes), e.data.columns.value(sizes)),
    "duplication": lambda e, sizes: _doubled(e.data.value(sizes)),
    "elimination": lambda e, sizes: _kept(e.data.value(sizes)),
}


def _named(name: str) -> Callable[..., Array]:
    return lambda xp, x: getattr(xp, name)(x)


def _kron(A: Array, B: Array) -> Array:
    """Blocks aᵢⱼ B; PyTorch's own fails for a transpose."""
    (m, n), (p, q) = A.shape, B.shape
    return (A.reshape(m, 1, n, 1) * B.reshape(1, p, 1, q)).reshape(m * p, n * q)


def _number(x: Array) -> Array:
    return x.reshape(1, 1)


def _integer(k: Array) -> int:
    return int(k.reshape(()))


def _sqrtm(xp: Any, X: Array) -> Array:
    """The principal square root, by the Denman–Beavers iteration."""
    Y, Z = X, xp.eye(len(X)) + 0 * X
    for _ in range(16):
        Y, Z = (Y + xp.linalg.inv(Z)) / 2, (Z + xp.linalg.inv(Y)) / 2
    return Y


def _logm(xp: Any, X: Array) -> Array:
    """Five square roots, then log(I + A) = ∫₀¹ A (I + tA)⁻¹ dt by Gauss–Legendre."""
    for _ in range(5):
        X = _sqrtm(xp, X)
    I = xp.eye(len(X)) + 0 * X
    nodes, weights = np.polynomial.legendre.leggauss(12)
    return 2**5 * sum(
        float(w) / 2 * xp.linalg.inv(I + float(t + 1) / 2 * (X - I)) @ (X - I)
        for t, w in zip(nodes, weights, strict=True)
    )


def _powersum(xp: Any, X: Array, A: Array, k: Array) -> Array:
    """The derivative of Xᵏ in the direction A, factor by factor."""
    count = _integer(k)
    if count < 0:
        Y = xp.linalg.inv(X)
        return _powersum(xp, Y, -Y @ A @ Y, -k)
    power = xp.linalg.matrix_power
    return sum((power(X, i) @ A @ power(X, count - 1 - i) for i in range(count)), start=0 * (X @ A))


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": lambda xp, *terms: reduce(lambda a, b: a + b, terms),
    "scale": lambda xp, a, b: a * b,
    "hadamard": lambda xp, *factors: reduce(lambda a, b: a * b, factors),
    "power": lambda xp, x, p: x**p,
    "matmul": lambda xp, *factors: reduce(lambda a, b: a @ b, factors),
    "transpose": lambda xp, X: X.mT,
    "kron": lambda xp, *factors: reduce(_kron, factors),
    "vec": lambda xp, X: X.mT.reshape(-1, 1),
    "vech": lambda xp, X: X[_lower(len(X))].reshape(-1, 1),
    "diag": lambda xp, x: xp.diag(x.reshape(-1)),
    "diagonal": lambda xp, X: xp.diagonal(X).reshape(-1, 1),
    **{
        f: _named(f)
        for f in ["exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "abs"]
    },
    "sigmoid": lambda xp, x: 1 / (1 + xp.exp(-x)),
    "softplus": lambda xp, x: xp.logaddexp(x, 0 * x),
    "relu": lambda xp, x: x * (x > 0),
    "sign": lambda xp, x: 0 * x + xp.sign(x),
    "sum": lambda xp, x: _number(xp.sum(x)),
    "tr": lambda xp, X: _number(xp.trace(X)),
    "norm1": lambda xp, x: _number(xp.sum(xp.abs(x))),
    "norm2": lambda xp, x: _number(xp.sum(x * x)) ** 0.5,
    "max": lambda xp, x: _number(xp.max(x)),
    "ismax": lambda xp, x: 0 * x + (x == xp.max(x)),
    "logsumexp": lambda xp, x: _number(xp.log(xp.sum(xp.exp(x)))),
    "softmax": lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x)),
    "det": lambda xp, X: _number(xp.linalg.det(X)),
    "logdet": lambda xp, X: _number(xp.linalg.slogdet(X)[1]),
    "inv": lambda xp, X: xp.linalg.inv(X),
    "adj": lambda xp, X: xp.linalg.det(X) * xp.linalg.inv(X),
    "matpow": lambda xp, X, k: xp.linalg.matrix_power(X, _integer(k)),
    "powersum": _powersum,
    "pinv": lambda xp, X: xp.linalg.pinv(X, rtol=1e-11),
    "sqrtm": _sqrtm,
    "logm": _logm,
}


# ---------------------------------------------------------------------------------------------------- engines


@cache
def torch_engine() -> Engine:
    import torch

    torch.set_num_threads(1)

    def slopes(F: Callable[..., Array], at: Sequence[Array]) -> np.ndarray:
        leaves = [x.requires_grad_() for x in at]
        y = F(*leaves)
        if len(leaves) == 1:
            return _grad(y, leaves[0]).numpy()
        by_first = _grad(y, leaves[0], create_graph=True).reshape(-1)
        return np.stack([_grad(g, leaves[1], retain_graph=True).numpy().ravel() for g in by_first])

    def _grad(y: Array, x: Array, **options: bool) -> Array:
        if not y.requires_grad:
            return torch.zeros_like(x)
        return torch.autograd.grad(y, x, allow_unused=True, materialize_grads=True, **options)[0]

    own = {
        "erf": torch.special.erf,
        "expm": torch.linalg.matrix_exp,
        "normnuc": lambda X: torch.linalg.svdvals(X).sum().reshape(1, 1),
    }
    return Engine("PyTorch", torch, lambda a: torch.tensor(a, dtype=torch.float64), slopes, own)


@cache
def jax_engine() -> Engine:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def slopes(F: Callable[..., Array], at: Sequence[Array]) -> np.ndarray:
        if len(at) == 1:
            return np.asarray(jax.grad(lambda x: F(x)[0, 0])(*at))
        by_first = jax.grad(lambda x, y: F(x, y)[0, 0])
        return np.asarray(jax.jacrev(by_first, argnums=1)(*at)).reshape(at[0].size, at[1].size)

    own = {
        "erf": jax.scipy.special.erf,
        "expm": jax.scipy.linalg.expm,
        "normnuc": lambda X: jnp.linalg.svd(X, compute_uv=False).sum().reshape(1, 1),
    }
    return Engine("JAX", jnp, jnp.asarray, slopes, own)


# ----------------------------------------------------------------------------------------------------- slopes

#: how a variable with a property moves
PROJECTIONS: dict[str, Callable[[Any, Array], Array]] = {
    "symmetric": lambda xp, X: (X + X.mT) / 2,
    "spd": lambda xp, X: (X + X.mT) / 2,
    "diagonal": lambda xp, X: X * xp.eye(len(X)),
}


def slopes(f: Expr, wrt: Sequence[Expr], weights: np.ndarray, env: Env, sizes: Sizes, engine: Engine) -> np.ndarray:
    """The derivative of ⟨weights, f⟩ by one or two variables: (entries of the first, entries of the second).

    Args:
        f: any expression.
        wrt: one or two symbols.
        weights: of the shape of f.
        env: 2-D values of all the symbols.
        sizes: the named dimensions.
        engine: who differentiates.
    """
    constants = {name: engine.array(x) for name, x in env.items()}

    def F(*at: Array) -> Array:
        here = dict(constants)
        for x, moved in zip(wrt, at, strict=True):  # twice the same variable: it moves by both
            here[x.data.name] = here[x.data.name] + moved - constants[x.data.name]
        for x in set(wrt):
            for name in x.data.properties & PROJECTIONS.keys():
                here[x.data.name] = PROJECTIONS[name](engine.xp, here[x.data.name])
        return engine.xp.sum(engine.array(weights) * value(f, here, sizes, engine)).reshape(1, 1)

    found = engine.slopes(F, [engine.array(env[x.data.name]) for x in wrt])
    return np.asarray(found).reshape([env[x.data.name].size for x in wrt])
