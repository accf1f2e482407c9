"""How far compiled code is from the exact value, in units of the error that no formula avoids.

At a point the exact value is E, by `exact`, and the code's is V.  Every input is a float64, so the best that can be
asked is the value at inputs that are off by one rounding: c is the largest change of E when every input moves by
ε = 2⁻⁵³ relative to itself, in a few directions, and with it every matrix M of which an inverse, a determinant or another
function of a matrix is taken: its entries move by ε times the largest of them, the backward error of LAPACK.  Then

    factor = max |V − E| / (ε max |E| + c),

entry by entry where the formula works entry by entry, else with the maxima over the whole array.  A formula is stable
if its factor is at most `ALLOWED` = 100; directions are added until it is at most 10.  An error below 1e-300 is none.

A point counts if E exists and is representable, and

- so is every sum, product and power in the formula, in any order of its factors, as no matrix notation
  keeps those in range; but
  not those with an exponential in them, nor a norm, nor x'x, a square or (below a logarithm) a determinant below a
  logarithm or a root: for these there are formulas that do;
- no such M is singular to working precision, κ(M) < 1/(100 ε).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

import closedform as cf
from closedform.core.expr import Expr, symbols, topological
from closedform.core.normal import normal
from closedform.errors import DomainError, NotSupported
from tests.corpus.cases import Case
from tests.corpus.outcome import columns, parsed
from tests.stability.exact import DIGITS, WHOLE, Array, OutOfReach, Values, _inv, exact
from tests.stability.points import SYMMETRIC, Point, points

ALLOWED = 100.0
ROUNDING = 2.0**-53
LARGEST, SMALLEST = mpf(1.7e308), mpf(1e-300)
GOOD = 10.0  #: no direction is tried after it
DIRECTIONS = 6  #: how often all inputs are moved: all outwards, then at random
SINGULAR = 1 / (100 * ROUNDING)

#: operations with an exponential in them
EXPONENTIAL = {"exp", "sinh", "cosh", "tanh", "sigmoid", "softplus", "softmax", "logsumexp", "erf", "expm"}
PRODUCTS = {"scale", "hadamard", "matmul"}
SHIELDS = {"sqrt", "log"}  #: below them a determinant or a square may be out of range
THROUGH = {"add", "sum", "scale", "hadamard"}
ENTRYWISE = {"add", "scale", "hadamard", "power"}


@dataclass(frozen=True)
class Result:
    """One formula at one point.

    Attributes:
        case, what: its case, and whether it is the function or the derivative.
        point: the point's name.
        factor: its error; infinite where the code has no value.  None if the point does not count.
        why: why it does not count, or what the code gave.
    """

    case: str
    what: str
    point: str
    factor: float | None
    why: str = ""

    @property
    def failed(self) -> bool:
        return self.factor is not None and not self.factor <= ALLOWED


@dataclass(frozen=True)
class Formula:
    """What is measured: an expression, and the code for it."""

    what: str
    expr: Expr
    run: Callable[..., Any]


def formulas(case: Case) -> list[Formula]:
    """The function of a case, as code, and its derivative."""
    from closedform.program.compile import compile

    f = parsed(case, case["expr"])
    value = normal(f.expr)
    found = [Formula("f", value, compile(value, list(f.variables.values())))]
    try:
        D = cf.derivative(f, *case["wrt"])
    except NotSupported:
        return found
    return [*found, Formula("df", D.stages[-1].answer, D.compile("numpy"))]


def measured(case: Case, chosen: Callable[[Point], bool] = lambda p: True) -> Iterator[Result]:
    """Every formula of a case at every chosen point."""
    at = [p for p in points(case) if chosen(p)]
    for formula in formulas(case):
        for p in at:
            yield measure(case, formula, p)


def measure(case: Case, formula: Formula, p: Point) -> Result:
    """One formula at one point."""

    def result(factor: float | None, why: str = "") -> Result:
        return Result(case["id"], formula.what, p.name, factor, why)

    e, env = formula.expr, columns(p.env)
    try:
        values = exact(e, env, p.sizes)
        if (reason := outside(e, values)) is not None:
            return result(None, reason)
        E, V = values[e], code_value(case, formula, p)
        if V.size != E.size:
            return result(float("inf"), f"shape {V.shape}")
        V = V.reshape(E.shape, order="F" if V.ndim > 2 else "C")
        factor, moved = factor_of(e, V, E, []), list[Array]()
        while len(moved) < DIRECTIONS and not factor <= GOOD:
            moved.append(value_nearby(case, e, env, p.sizes, len(moved)))
            if not all(map(mpmath.isfinite, moved[-1].flat)):
                return result(None, "on the edge of the domain")
            factor = factor_of(e, V, E, moved)
    except OutOfReach:
        return result(None, "too many digits")
    return result(factor, "" if np.isfinite(V).all() else "nan" if np.isnan(V).any() else "inf")


def factor_of(e: Expr, V: Array, E: Array, moved: list[Array]) -> float:
    """The error of V in units of what no formula avoids."""
    if not np.isfinite(V).all():
        return float("inf")
    with mp.workdps(DIGITS):
        error = np.frompyfunc(lambda v, x: _below(abs(mpf(float(v)) - x)), 2, 1)(V, E)
        change = reduce(np.maximum, [abs(M - E) for M in moved], 0 * abs(E))
        unit = mpf(ROUNDING) * abs(E) + change
        if is_entrywise(e):
            return max(
                float(d / u) if d and u else (np.inf if d else 0.0) for d, u in zip(error.flat, unit.flat, strict=True)
            )
        d, u = error.max(), abs(E).max() * ROUNDING + change.max()
        return float(d / u) if d and u else (np.inf if d else 0.0)


def _below(error: Any) -> Any:
    return error if error > SMALLEST else mpf(0)


def code_value(case: Case, formula: Formula, p: Point) -> Array:
    """What the code returns; NaN where it says that there is no value."""
    run = formula.run
    names = {name for name in run.names}  # type: ignore[attr-defined]
    arguments: dict[str, Any] = {
        k: int(v) if "integer" in case["attrs"].get(k, ()) and not v.ndim else v for k, v in p.env.items()
    }
    arguments.update({n: p.sizes[n] for n in names if n not in arguments})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of SciPy, that a logarithm of a matrix may be inaccurate
            return np.asarray(run(**{n: arguments[n] for n in names}), dtype=float)
    except DomainError:
        return np.full([d.value(p.sizes) for d in formula.expr.shape], np.nan)


def outside(e: Expr, values: Values) -> str | None:
    """Why a point does not count; None if it does."""
    if not all(map(mpmath.isfinite, values[e].flat)):
        return "no value"
    if _size(values[e]) > LARGEST:
        return "too large"
    plain: set[Expr] = set()
    for node in topological([e]):
        if node.op.name not in EXPONENTIAL and plain.issuperset(node.args):
            plain.add(node)
    for node in visible(e):
        counts = node in plain and node.args and node.op.name != "norm2" and bool(size := _size(values[node]))
        if counts and (size > LARGEST or size < SMALLEST or not in_range(node, values)):
            return f"{node.op.name} out of range"
    return "singular" if is_singular(e, values) else None


def in_range(e: Expr, values: Values) -> bool:
    """May the factors of a product be multiplied in any order?"""
    if e.op.name not in PRODUCTS:
        return True
    factors, todo = [], list(e.args)
    while todo:
        f = todo.pop()
        if f.op.name in PRODUCTS:
            todo += f.args
        else:
            factors.append(_size(values[f]))
    large = reduce(lambda x, y: x * y, [f for f in factors if f > 1], mpf(1))
    small = reduce(lambda x, y: x * y, [f for f in factors if 0 < f < 1], mpf(1))
    return bool(large < LARGEST and small > SMALLEST)


def visible(e: Expr) -> Iterable[Expr]:
    """The nodes that must be in range: all but squares and determinants below a logarithm or a root."""
    seen, todo = {(e, "")}, [(e, "")]
    while todo:
        node, shield = todo.pop()
        name = node.op.name
        if not shield or not (is_square(node) or (name == "det" and shield == "log")):
            yield node
            shield = ""
        below = name if name in SHIELDS else "sqrt" if is_root(node) else shield if is_square(node) else ""
        new = {(a, below) for a in node.args} - seen
        seen |= new
        todo += new


def is_root(e: Expr) -> bool:
    """A power with an exponent of a half, or an odd number of halves."""
    return e.op.name == "power" and e.args[1].op.name == "number" and 2 * e.args[1].data % 2 == 1


def is_square(e: Expr) -> bool:
    """A sum of squares: x'x, even powers, their products and sums, numbers."""
    if e.op.name == "matmul":
        return e.is_scalar and e.args[0].op.name == "transpose" and e.args[0].args == e.args[1:]
    if e.op.name in THROUGH:
        return all(map(is_square, e.args))
    even = e.op.name == "power" and e.args[1].op.name == "number" and e.args[1].data % 2 == 0
    return even or e.op.name in ("number", "ones")


def is_singular(e: Expr, values: Values) -> bool:
    """Is a matrix of which a function is taken singular to working precision?"""
    for node in topological([e]):
        if node.op.name in WHOLE - {"expm"} and not node.args[0].is_scalar:
            X = values[node.args[0]]
            with mp.workdps(DIGITS + 400):
                M = X if X.shape[0] == X.shape[1] else (X.T @ X if len(X) > X.shape[1] else X @ X.T)
                if not _size(M) * _size(_inv(M)) < SINGULAR:
                    return True
    return False


def _size(a: Array) -> Any:
    return max((abs(x) for x in a.flat), default=mpf(0))


def is_entrywise(e: Expr) -> bool:
    """Is every entry a function of one entry of each variable, and of scalar variables?"""
    return all(
        (n.is_scalar or n.shape == e.shape) and (not n.args or n.op.kind == "elementwise" or n.op.name in ENTRYWISE)
        for n in topological([e])
    )


def value_nearby(case: Case, e: Expr, env: Mapping[str, Array], sizes: Mapping[str, int], seed: int) -> Array:
    """The value where everything is off by one rounding: outwards for seed 0, else in random directions."""
    rng = np.random.default_rng(seed)

    def signs(shape: tuple[int, ...], symmetric: bool) -> Array:
        s = rng.choice([-1, 1], shape) if seed else np.ones(shape, dtype=int)
        return np.triu(s) + np.triu(s, 1).T if symmetric else s

    def move(X: Array) -> Array:
        symmetric = X.shape[0] == X.shape[1] and bool((X == X.T).all())
        return X + signs(X.shape, symmetric and bool(seed)) * (_size(X) * mpf(ROUNDING))

    moved: dict[str, Array] = {}
    for s in symbols(e):
        name, x = s.data.name, np.asarray(env[s.data.name])
        whole = case["sample"][name] == "integer" or "integer" in case["attrs"].get(name, ())
        d = signs(x.shape, case["sample"][name] in SYMMETRIC) * (0.0 if whole else ROUNDING)
        with mp.workdps(DIGITS + 340):
            moved[name] = np.frompyfunc(lambda v, d: mpf(float(v)) * (1 + mpf(float(d))), 2, 1)(x, d)
    return exact(e, moved, sizes, move)[e]
