"""An independent interpreter: the value of an expression, by NumPy, one line per operation.

The judge of every answer, so it shares nothing with calculus, rules and emit.  Values are arrays of shape
(..., rows, columns); leading axes are a batch, so that all perturbed points are evaluated in one sweep.

Complex arguments are for complex steps, f′(x) ≈ Im f(x + ih)/h: every function is its analytic extension
from the real axis, so |z| is z·sign(Re z), ‖z‖ is √Σz², and a transpose conjugates nothing.  The exceptions
are `NOT_ANALYTIC`.  Outside the domain of a function its value is NaN; no warning, no exception.
Source: Squire & Trapp, Using complex variables to estimate derivatives, SIAM Review 40 (1998).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from closedform.core.abstract import Abstract
from closedform.core.expr import Expr, topological
from closedform.verification.stand_in import stand_in

Array = np.ndarray[Any, Any]
Env = Mapping[str, Any]
Sizes = Mapping[str, int]

SINGULAR = 1e8  #: a matrix of a larger condition number has no inverse here
PINV_CUTOFF = 1e-11  #: smaller singular values, relative to the largest, are rounding errors of zero
NOT_ANALYTIC = frozenset({"logm", "sqrtm", "normnuc"})  #: their complex values are no complex steps


def evaluate(e: Expr, env: Env, sizes: Sizes) -> Array:
    """The value of an expression, of shape (..., rows, columns).

    Args:
        e: any expression, simplified or not.
        env: the variables' values by name, arrays of shape (..., rows, columns); batch axes broadcast.
        sizes: the number for every named dimension.
    """
    return values(e, env, sizes)[e]


def values(e: Expr, env: Env, sizes: Sizes) -> dict[Expr, Array]:
    """The value of every node, operands before the nodes that use them."""
    found: dict[Expr, Array] = {}
    with np.errstate(all="ignore"):
        for node in topological([e]):
            leaf = LEAVES.get(node.op.name)
            if leaf is not None:
                found[node] = leaf(node, env, sizes)
            elif isinstance(node.op, Abstract):
                found[node] = stand_in(node.op, [found[a] for a in node.args], sizes)
            else:
                found[node] = FUNCTIONS[node.op.name](*[found[a] for a in node.args])
    return found


# ---------------------------------------------------------------------------------------------- linear algebra


def _inv(X: Array) -> Array:
    """The inverse; NaN where X is numerically singular."""
    try:
        Y = np.linalg.inv(X)
    except np.linalg.LinAlgError:  # at least one of the batch is exactly singular
        hopeless = (np.linalg.det(X) == 0)[..., None, None]
        Y = np.where(hopeless, np.nan, np.linalg.inv(np.where(hopeless, np.eye(X.shape[-1]), X)))
    return np.where((_size(X) * _size(Y))[..., None, None] < SINGULAR, Y, np.nan)


def _size(X: Array) -> Array:
    """The 1-norm of every matrix of the batch."""
    return np.asarray(np.abs(X).sum(-2).max(-1))


def condition(X: Array) -> Array:
    """Condition numbers in the 1-norm, one for every matrix of the batch; NaN when beyond `SINGULAR`."""
    return _size(X) * _size(_inv(X))


def _logdet(X: Array) -> Array:
    """log |det X|, as log(± det X) with the sign that makes it real on the real axis."""
    sign, log = np.linalg.slogdet(X)
    value = log + np.log(sign * np.sign(sign.real))
    return np.where(np.isfinite(condition(X)), value, np.nan)[..., None, None]


def _adj(X: Array) -> Array:
    """The transposed matrix of cofactors; X may be singular."""
    n = X.shape[-1]
    others = np.array([[j for j in range(n) if j != i] for i in range(n)], dtype=int).reshape(n, n - 1)
    minors = np.linalg.det(X[..., others[:, None, :, None], others[None, :, None, :]])
    return _transpose(minors * (-1.0) ** np.add.outer(np.arange(n), np.arange(n)))


def _matpow(X: Array, k: Array) -> Array:
    exponent = float(k.real.flat[0])
    if not exponent.is_integer() or (k != exponent).any():
        return np.full_like(X, np.nan)
    return np.linalg.matrix_power(X if exponent >= 0 else _inv(X), int(np.abs(exponent)))


def _transpose(X: Array) -> Array:
    return X.swapaxes(-1, -2)


def _kron(A: Array, B: Array) -> Array:
    blocks = A[..., :, None, :, None] * B[..., None, :, None, :]
    return blocks.reshape(*blocks.shape[:-4], A.shape[-2] * B.shape[-2], A.shape[-1] * B.shape[-1])


def _vec(X: Array) -> Array:
    return _transpose(X).reshape(*X.shape[:-2], -1, 1)


def _diag(x: Array) -> Array:
    n = x.shape[-1] * x.shape[-2]
    return x.reshape(*x.shape[:-2], n, 1) * np.eye(n)


def _each(function: Callable[[Array], Array], like: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of one matrix, for a batch; NaN where it fails or cannot be computed to good accuracy.

    Args:
        function: of one matrix.
        like: of one matrix, an array of the shape of the value.
    """

    def batched(X: Array) -> Array:
        done = []
        for one in X.reshape(-1, *X.shape[-2:]):
            if not np.isfinite(one).all():  # LAPACK would complain on the terminal
                done.append(np.full_like(like(one), np.nan))
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    value = np.asarray(function(one))
                if not np.iscomplexobj(one):  # a value off the real axis is none
                    value = np.where(np.abs(value.imag).max() < 1e-12 * np.abs(value).max(), value.real, np.nan)
                done.append(value)
            except (ValueError, Warning, np.linalg.LinAlgError):
                done.append(np.full_like(like(one), np.nan))
        stacked = np.stack(done)
        return stacked.reshape(*X.shape[:-2], *stacked.shape[1:])

    return batched


def _expm(X: Array) -> Array:
    """Taylor's series of X/2ˢ, of norm at most 1/2, squared s times; a complex step passes through."""
    norm = np.abs(X).sum(-1).max(initial=0.0)
    if not np.isfinite(norm):
        return np.full_like(X, np.nan)
    squarings = max(0, int(np.ceil(np.log2(max(norm, 1e-9)))) + 1)
    scaled = X / 2.0**squarings
    term = total = np.broadcast_to(np.eye(X.shape[-1]), X.shape) + 0 * X
    for k in range(1, 18):
        term = term @ scaled / k
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return np.asarray(total)


def _pinv(X: Array) -> Array:
    """The pseudo-inverse; off the real axis by X = F K⁻¹ G, which holds for all X of the rank of Re X.

    With U and V spanning the columns and rows of Re X, F = X V, G = Uᵀ X and K = Uᵀ X V.
    Source: A. Ben-Israel and T. N. E. Greville, Generalized Inverses, 2nd ed. (2003), ch. 1.6.
    """
    if not np.iscomplexobj(X):
        return np.linalg.pinv(X, PINV_CUTOFF)
    U, s, Vt = np.linalg.svd(X.real)
    rank = int((s > PINV_CUTOFF * s[0]).sum())
    U, V = U[:, :rank], Vt[:rank].T
    F, G, K = X @ V, U.T @ X, U.T @ X @ V
    return np.asarray(G.T @ np.linalg.inv(G @ G.T) @ K @ np.linalg.inv(F.T @ F) @ F.T)


def _by_eigenvalues(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """f(X) = V f(Λ) V⁻¹ with the principal branch; NaN where that is not real, or the eigenvectors nearly depend."""

    def evaluate_all(X: Array) -> Array:
        finite = np.asarray(np.isfinite(X).all((-2, -1)))
        eigenvalues, V = np.linalg.eig(np.where(finite[..., None, None], X, np.eye(X.shape[-1])))
        fine = finite & (np.linalg.cond(V) < 1e6)
        V_inv = np.linalg.inv(np.where(fine[..., None, None], V, np.eye(X.shape[-1])))
        value = (V * function(eigenvalues.astype(complex))[..., None, :]) @ V_inv
        if not np.iscomplexobj(X):
            largest = np.abs(value).max((-2, -1))
            fine &= np.abs(value.imag).max((-2, -1)) <= 1e-9 * largest
            value = value.real
        return np.where(fine[..., None, None], value, np.nan)

    return evaluate_all


# ------------------------------------------------------------------------------------------- entries and sums


def _abs(x: Array) -> Array:
    return np.asarray(x * np.sign(x.real))


def _relu(x: Array) -> Array:
    return np.asarray(x * np.heaviside(x.real, 0.5))


def _log1p(z: Array) -> Array:
    """log(1 + z); of a small complex z with the real part that NumPy rounds away."""
    if not np.iscomplexobj(z):
        return np.asarray(np.log1p(z))
    a, b = z.real, z.imag
    return np.asarray(np.log1p(a * (2 + a) + b * b) / 2 + 1j * np.arctan2(b, 1 + a))


def _softplus(x: Array) -> Array:
    return _relu(x) + _log1p(np.exp(-_abs(x)))


def _erf(x: Array) -> Array:
    import scipy.special  # slow to import, and rarely needed

    return np.asarray(scipy.special.erf(x))


def _sum(x: Array) -> Array:
    return np.asarray(x.sum((-2, -1), keepdims=True))


def _top(x: Array) -> Array:
    return np.asarray(x.real.max((-2, -1), keepdims=True))


def _max(x: Array) -> Array:
    flat = x.reshape(*x.shape[:-2], 1, -1)
    return np.take_along_axis(flat, flat.real.argmax(-1, keepdims=True), -1)


def _softmax(x: Array) -> Array:
    e = np.exp(x - _top(x))
    return np.asarray(e / _sum(e))


def _constant(value: Any) -> Array:
    try:
        return np.full((1, 1), float(value))
    except OverflowError:  # beyond floating point
        return np.full((1, 1), np.inf)


def _commutation(m: int, n: int) -> Array:
    """The permutation that takes the stacked columns of an m×n matrix to those of its transpose."""
    K = np.zeros((m * n, m * n))
    for i in range(m):
        for j in range(n):
            K[i * n + j, j * m + i] = 1
    return K


def _duplication(n: int) -> Array:
    """One column for each entry on and below the diagonal: where it stands among all entries, once or twice."""
    D = np.zeros((n * n, n * (n + 1) // 2))
    for k, (i, j) in enumerate(_lower(n)):
        D[[j * n + i, i * n + j], k] = 1
    return D


def _elimination(n: int) -> Array:
    """One row for each entry on and below the diagonal: its place among all entries."""
    L = np.zeros((n * (n + 1) // 2, n * n))
    for k, (i, j) in enumerate(_lower(n)):
        L[k, j * n + i] = 1
    return L


def _lower(n: int) -> list[tuple[int, int]]:
    """The entries on and below the diagonal, column by column."""
    return [(i, j) for j in range(n) for i in range(j, n)]


def _vech(X: Array) -> Array:
    return np.stack([X[..., i, j] for i, j in _lower(X.shape[-1])], axis=-1)[..., None]


def _powersum(X: Array, A: Array, k: int) -> Array:
    """Σ Xⁱ A Xᵏ⁻¹⁻ⁱ by its definition; of a negative power by that of the inverse."""
    if k < 0:
        Y = np.linalg.inv(X)
        return _powersum(Y, -Y @ A @ Y, -k)
    total = 0 * (X @ A)
    for i in range(k):
        total = total + np.linalg.matrix_power(X, i) @ A @ np.linalg.matrix_power(X, k - 1 - i)
    return np.asarray(total)


def _shape(e: Expr, sizes: Sizes) -> tuple[int, int]:
    return e.shape[0].value(sizes), e.shape[1].value(sizes)


LEAVES: dict[str, Callable[[Expr, Env, Sizes], Array]] = {
    "symbol": lambda e, env, sizes: env[e.data.name],
    "number": lambda e, env, sizes: _constant(e.data),
    "dim": lambda e, env, sizes: _constant(e.data.value(sizes)),
    "ones": lambda e, env, sizes: np.ones(_shape(e, sizes)),
    "zeros": lambda e, env, sizes: np.zeros(_shape(e, sizes)),
    "eye": lambda e, env, sizes: np.eye(*_shape(e, sizes)),
    "duplication": lambda e, env, sizes: _duplication(e.data.value(sizes)),
    "elimination": lambda e, env, sizes: _elimination(e.data.value(sizes)),
    "commutation": lambda e, env, sizes: _commutation(e.data.rows.value(sizes), e.data.columns.value(sizes)),
}

FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": lambda *terms: reduce(np.add, terms),
    "scale": np.multiply,
    "hadamard": lambda *factors: reduce(np.multiply, factors),
    "power": lambda x, p: x**p,
    "matmul": lambda *factors: reduce(np.matmul, factors),
    "transpose": _transpose,
    "kron": lambda *factors: reduce(_kron, factors),
    "vec": _vec,
    "vech": _vech,
    "diag": _diag,
    "diagonal": lambda X: np.diagonal(X, axis1=-2, axis2=-1)[..., None],
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.exp(-_softplus(-x)),
    "softplus": _softplus,
    "relu": _relu,
    "abs": _abs,
    "sign": lambda x: np.sign(x.real),
    "erf": _erf,
    "sum": _sum,
    "tr": lambda X: np.trace(X, axis1=-2, axis2=-1)[..., None, None],
    "norm1": lambda x: _sum(_abs(x)),
    "norm2": lambda x: np.sqrt(_sum(x * x)),
    "max": _max,
    "logsumexp": lambda x: _top(x) + np.log(_sum(np.exp(x - _top(x)))),
    "softmax": _softmax,
    "det": lambda X: np.linalg.det(X)[..., None, None],
    "logdet": _logdet,
    "inv": _inv,
    "adj": _adj,
    "matpow": _matpow,
    "powersum": lambda X, A, k: _powersum(X, A, int(k.real.flat[0])),
    "ismax": lambda X: (X.real == _top(X)).astype(float),
    "pinv": _each(_pinv, np.transpose),
    "expm": _expm,
    "logm": _by_eigenvalues(np.log),
    "sqrtm": _by_eigenvalues(np.sqrt),
    "normnuc": _each(lambda X: np.linalg.norm(X, "nuc").reshape(1, 1), lambda X: X[:1, :1]),
}
