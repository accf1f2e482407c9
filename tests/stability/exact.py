"""The value of an expression to fifty digits, by mpmath: one line per operation.

It shares nothing with `program`, and nothing with the interpreter but the names of the operations.  A value is an array
of numbers of any precision; what has no real value is NaN.  The precision grows with the exponents that are met on the
way, so that a sum that cancels keeps its digits.  At r = 0 a divisor ‖r‖ᵏ below a zero gives 0, the subgradient that
the package declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

from closedform.core.expr import Expr, topological

DIGITS = 50
MOST_DIGITS = 2000  #: beyond it the values at two precisions are compared
SLOW = frozenset(("logm", "sqrtm", "normnuc"))  #: with these a point is given up beyond that
MOST_SLOW_DIGITS = 200
HUGE = 10**9  #: e^x is 0 or infinite for an x that is larger
DECADES = 1 / np.log(10.0)

Array = np.ndarray[Any, Any]
Values = dict[Expr, Array]


class OutOfReach(Exception):
    """The values at two precisions differ, or more digits are needed than can be had in time."""


class Spread:
    """The largest decimal exponent met, of a value or of an exponential inside a function."""

    def __init__(self) -> None:
        self.decades = 0.0

    def meet(self, decades: float) -> None:
        self.decades = max(self.decades, decades)


SPREAD = Spread()


Move = Callable[[Array], Array]  #: the error that the operand of a function of a matrix may have
WHOLE = frozenset(("inv", "det", "logdet", "adj", "pinv", "expm", "logm", "sqrtm", "normnuc"))  #: functions of a matrix


def exact(e: Expr, env: Mapping[str, Array], sizes: Mapping[str, int], move: Move = lambda X: X) -> Values:
    """The value of every node, with enough digits that those of `e` are right to about `DIGITS`.

    Args:
        e: an expression without abstract functions.
        env: 2-D values of its symbols, of any kind of number.
        sizes: of its dimensions.
        move: done to the operand of every function of a matrix before it is used.

    Raises:
        OutOfReach: that takes more than `MOST_DIGITS`.
    """
    digits = DIGITS
    while True:
        SPREAD.decades = 0.0
        with mp.workdps(digits):
            found = _values(e, env, sizes, move)
        needed = DIGITS + 2 * int(SPREAD.decades)
        if needed <= digits:
            return found
        if needed > MOST_SLOW_DIGITS and any(n.op.name in SLOW for n in topological([e])):
            raise OutOfReach
        if needed > MOST_DIGITS:
            return _agreed(e, env, sizes, move)
        digits = needed


def _agreed(e: Expr, env: Mapping[str, Array], sizes: Mapping[str, int], move: Move) -> Values:
    """The values at `MOST_DIGITS`, if those at fewer digits agree.

    Exponents are so far apart that some differences cancel to zero: these are smaller than any float64.
    """
    with mp.workdps(MOST_DIGITS // 2):
        first = _values(e, env, sizes, move)
    with mp.workdps(MOST_DIGITS):
        found = _values(e, env, sizes, move)
        size = max([abs(x) for x in found[e].flat if mpmath.isfinite(x)], default=mpf(1))
        for x, y in zip(first[e].flat, found[e].flat, strict=True):
            if mpmath.isfinite(y) and not abs(x - y) <= mpf(10) ** -DIGITS * size + mpf(10) ** -400:
                raise OutOfReach
    return found


def _values(e: Expr, env: Mapping[str, Array], sizes: Mapping[str, int], move: Move) -> Values:
    found: Values = {}
    for node in topological([e]):
        if node.op.name in LEAVES:
            found[node] = _numbers(LEAVES[node.op.name](node, env, sizes))
        elif node.op.name == "hadamard" or node.op.name == "scale":
            found[node] = _product(node, [found[a] for a in node.args])
        elif node.op.name in WHOLE:
            found[node] = FUNCTIONS[node.op.name](move(found[node.args[0]]))
        else:
            found[node] = FUNCTIONS[node.op.name](*[found[a] for a in node.args])
        for x in found[node].flat:
            if mpmath.isfinite(x) and x:
                SPREAD.meet(min(abs(int(mpmath.mag(x))), HUGE) * 0.30103)
    return found


# -------------------------------------------------------------------------------------------- entry by entry


def _numbers(a: Any) -> Array:
    return _each(mpf)(np.asarray(a, dtype=object))


def _real(x: Any) -> Any:
    return mpf("nan") if isinstance(x, mpmath.mpc) else x


def _each(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
    """A function of every entry; NaN where it has no real value."""

    def one(x: Any) -> Any:
        try:
            return _real(function(x))
        except (ValueError, ZeroDivisionError):
            return mpf("nan")

    vectorized = np.frompyfunc(one, 1, 1)
    return lambda a: np.asarray(vectorized(a), dtype=object)


def _exp(x: Any) -> Any:
    """e^x; its exponent counts."""
    if mpmath.isnan(x):
        return x
    if abs(x) > HUGE:
        return mpf(0) if x < 0 else mpf("inf")
    SPREAD.meet(abs(float(x)) * DECADES)
    return mpmath.exp(x)


def _softplus(x: Any) -> Any:
    return x if x > HUGE else mpmath.log1p(_exp(x))


def _logsumexp(x: Array) -> Array:
    top = _largest(x)
    return _one(top + mpmath.log(_total(_each(_exp)(x - top))[0, 0]))


def _softmax(x: Array) -> Array:
    e = _each(_exp)(x - _largest(x))
    return np.asarray(e / _total(e))


def _power(x: Any, p: Any) -> Any:
    if not x:
        return mpf("inf") if p < 0 else mpf(p == 0)
    try:
        return _real(mpmath.power(x, int(p) if mpmath.isint(p) else p))
    except (ValueError, OverflowError):
        return mpf("nan")


def _erf(x: Any) -> Any:
    if not abs(x) < 50:  # 1 − erf is below 1e-1000
        return mpmath.sign(x)
    SPREAD.meet(float(x) ** 2 * DECADES)
    return mpmath.erf(x)


def _sign(x: Any) -> Any:
    return mpmath.sign(x)


_powers = np.frompyfunc(_power, 2, 1)


def _product(e: Expr, factors: list[Array]) -> Array:
    """Entry by entry; 0 below a norm that is 0 stays 0."""
    if any(a.op.name == "power" and a.args[0].op.name == "norm2" for a in _factors(e)):
        multiply = np.frompyfunc(lambda x, y: mpf(0) if {0.0} & {x, y} and mpmath.isinf(x + y) else x * y, 2, 1)
    else:
        multiply = np.multiply
    return np.asarray(reduce(multiply, factors), dtype=object)


def _factors(e: Expr) -> list[Expr]:
    return [b for a in e.args for b in (a, *(a.args if a.op.name in ("hadamard", "scale") else ()))]


# ---------------------------------------------------------------------------------------------------- matrices


def _total(X: Array) -> Array:
    return np.array([[mpmath.fsum(X.flat)]], dtype=object)


def _one(x: Any) -> Array:
    return np.array([[x]], dtype=object)


def _identity(n: int) -> Array:
    return _numbers(np.eye(n, dtype=int))


def _eliminated(X: Array, B: Array) -> tuple[Array, Any]:
    """X⁻¹B and det X, by elimination with pivots; NaN if X is singular."""
    n, det = len(X), mpf(1)
    A = np.concatenate([X, B], axis=1)
    for k in range(n):
        p = max(range(k, n), key=lambda i: abs(A[i, k]) if mpmath.isfinite(A[i, k]) else mpf(0))
        if not A[p, k] or not mpmath.isfinite(A[p, k]):
            return B * mpf("nan"), (mpf(0) if not A[p, k] else mpf("nan"))
        if p != k:
            A[[k, p]] = A[[p, k]]
            det = -det
        det *= A[k, k]
        A[k] = A[k] / A[k, k]
        for i in range(n):
            if i != k and A[i, k]:
                A[i] = A[i] - A[i, k] * A[k]
    return A[:, n:], det


def _det(X: Array) -> Any:
    return _eliminated(X, X[:, :0])[1]


def _inv(X: Array) -> Array:
    return _eliminated(X, _identity(len(X)))[0]


def _adj(X: Array) -> Array:
    def cofactor(i: int, j: int) -> Any:
        minor = _det(np.delete(np.delete(X, i, 0), j, 1)) if len(X) > 1 else mpf(1)
        return -minor if (i + j) % 2 else minor

    return np.array([[cofactor(j, i) for j in range(len(X))] for i in range(len(X))], dtype=object)


def _matpow(X: Array, k: int) -> Array:
    return reduce(np.matmul, [X if k > 0 else _inv(X)] * abs(k), _identity(len(X)))


def _powersum(X: Array, A: Array, k: int) -> Array:
    if k < 0:
        Y = _inv(X)
        return _powersum(Y, -Y @ A @ Y, -k)
    terms = [_matpow(X, i) @ A @ _matpow(X, k - 1 - i) for i in range(k)]
    return reduce(np.add, terms, 0 * A)


def _pinv(X: Array) -> Array:
    """(X'X)⁻¹X' or X'(XX')⁻¹: X has full rank."""
    m, n = X.shape
    return _inv(X.T @ X) @ X.T if m >= n else X.T @ _inv(X @ X.T)


def _by_mpmath(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
    """A function of a matrix that mpmath has; NaN where it fails or is not real."""

    def of_array(X: Array) -> Array:
        try:
            Y = function(mpmath.matrix(X.tolist()))
        except (ValueError, ZeroDivisionError, mp.NoConvergence):
            return X * mpf("nan")
        values = np.array(Y.tolist(), dtype=object)
        size = max(abs(y) for y in values.flat)
        small = mpf(10) ** (-mp.dps // 2)
        return np.frompyfunc(lambda y: mpmath.re(y) if abs(mpmath.im(y)) <= small * size else mpf("nan"), 1, 1)(values)

    return of_array


def _expm(X: Array) -> Array:
    """Taylor's series of X/2ˢ, of norm below 2⁻⁹, squared s times; NaN for an X so large that it takes too long."""
    norm = max(abs(x) for x in X.flat) * len(X)
    if not norm < 1000:
        return np.asarray(X * mpf("nan"))
    with mp.workdps(mp.dps + int(norm) + 20):
        s = max(0, int(mpmath.mag(norm)) if norm else 0) + 10
        A = X / mpf(2) ** s
        term = total = _identity(len(X))
        for k in range(1, 5 + mp.dps // 2):
            term = term @ A / k
            total = total + term
        for _ in range(s):
            total = total @ total
    return np.asarray(total)


def _normnuc(X: Array) -> Array:
    if not all(map(mpmath.isfinite, X.flat)):
        return _one(mpf("nan"))
    return _one(mpmath.fsum(mpmath.svd_r(mpmath.matrix(X.tolist()), compute_uv=False)))


def _kron(A: Array, B: Array) -> Array:
    return np.asarray((A[:, None, :, None] * B[None, :, None, :]).reshape(len(A) * len(B), -1))


def _diag(x: Array) -> Array:
    return np.where(np.eye(x.size, dtype=bool), x.reshape(-1, 1), mpf(0))


def _places(rows: list[int], n: int) -> Array:
    M = np.zeros((len(rows), n), dtype=int)
    M[range(len(rows)), rows] = 1
    return M


def _lower(n: int) -> list[tuple[int, int]]:
    return [(i, j) for j in range(n) for i in range(j, n)]


def _commutation(m: int, n: int) -> Array:
    return _places([j * m + i for i in range(m) for j in range(n)], m * n)


def _elimination(n: int) -> Array:
    return _places([j * n + i for i, j in _lower(n)], n * n)


def _duplication(n: int) -> Array:
    place = {ij: k for k, ij in enumerate(_lower(n))}
    return _places([place[max(i, j), min(i, j)] for j in range(n) for i in range(n)], len(place))


def _largest(X: Array) -> Any:
    return max(X.flat)


def _shape(e: Expr, sizes: Mapping[str, int]) -> tuple[int, int]:
    return e.shape[0].value(sizes), e.shape[1].value(sizes)


LEAVES: dict[str, Callable[[Expr, Mapping[str, Array], Mapping[str, int]], Any]] = {
    "symbol": lambda e, env, sizes: env[e.data.name],
    "number": lambda e, env, sizes: _one(mpf(e.data.numerator) / e.data.denominator if hasattr(e.data, "numerator") else mpf(e.data)),
    "dim": lambda e, env, sizes: [[e.data.value(sizes)]],
    "ones": lambda e, env, sizes: np.ones(_shape(e, sizes), dtype=int),
    "zeros": lambda e, env, sizes: np.zeros(_shape(e, sizes), dtype=int),
    "eye": lambda e, env, sizes: np.eye(*_shape(e, sizes), dtype=int),
    "duplication": lambda e, env, sizes: _duplication(e.data.value(sizes)),
    "elimination": lambda e, env, sizes: _elimination(e.data.value(sizes)),
    "commutation": lambda e, env, sizes: _commutation(e.data.rows.value(sizes), e.data.columns.value(sizes)),
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": lambda *terms: reduce(np.add, terms),
    "power": lambda x, p: np.asarray(_powers(x, p), dtype=object),
    "matmul": lambda *factors: reduce(np.matmul, factors),
    "transpose": np.transpose,
    "kron": lambda *factors: reduce(_kron, factors),
    "vec": lambda X: X.T.reshape(-1, 1),
    "vech": lambda X: np.array([[X[i, j]] for i, j in _lower(len(X))], dtype=object),
    "diag": _diag,
    "diagonal": lambda X: np.diagonal(X)[:, None],
    "exp": _each(_exp),
    "log": _each(mpmath.log),
    "sin": _each(mpmath.sin),
    "cos": _each(mpmath.cos),
    "tan": _each(mpmath.tan),
    "arcsin": _each(mpmath.asin),
    "arccos": _each(mpmath.acos),
    "arctan": _each(mpmath.atan),
    "sinh": _each(lambda x: (_exp(x) - _exp(-x)) / 2),
    "cosh": _each(lambda x: (_exp(x) + _exp(-x)) / 2),
    "tanh": _each(lambda x: 1 - 2 / (1 + _exp(2 * x))),
    "sigmoid": _each(lambda x: 1 / (1 + _exp(-x))),
    "softplus": _each(_softplus),
    "relu": _each(lambda x: x if x > 0 else mpf(0)),
    "abs": _each(abs),
    "sign": _each(_sign),
    "erf": _each(_erf),
    "sum": _total,
    "tr": lambda X: _total(np.diagonal(X)),
    "norm1": lambda X: _total(_each(abs)(X)),
    "norm2": lambda X: _each(mpmath.sqrt)(_total(X * X)),
    "max": lambda X: _one(_largest(X)),
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "det": lambda X: _one(_det(X)),
    "logdet": lambda X: _each(mpmath.log)(_one(abs(_det(X)))),
    "inv": _inv,
    "adj": _adj,
    "matpow": lambda X, k: _matpow(X, int(k[0, 0])),
    "powersum": lambda X, A, k: _powersum(X, A, int(k[0, 0])),
    "ismax": lambda X: np.where(_largest(X) == X, mpf(1), mpf(0)),
    "pinv": _pinv,
    "expm": _expm,
    "logm": _by_mpmath(mpmath.logm),
    "sqrtm": _by_mpmath(mpmath.sqrtm),
    "normnuc": _normnuc,
}
