"""Every line of a derivation, checked by value.

The reference is the slope of the function itself along a random dX: a complex step, by the interpreter that knows no
rule of differentiation.  A line `df = …` has that value; a derivative has it when it is put together with dX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from closedform.check.interpreter import Array, evaluate
from closedform.check.numeric import COMPLEX_STEP, LOOSER, REPORT_IT, STRUCTURES, TOLERANCE, is_analytic, richardson
from closedform.check.sample import SEED, Sample, samples
from closedform.core.expr import Expr, symbol, topological
from closedform.derivation.derive import Line
from closedform.derivation.formal import FORMAL, substitute
from closedform.errors import DomainError, VerificationError

ASSIGNMENTS = 2  #: of sizes
STEP = 1e-3  #: of central differences, for functions that take no complex steps


def verify(f: Expr, x: Expr, told: Sequence[Line], by_entries: bool = False) -> float:
    """The largest error of a line, relative to the size of the differential.

    Args:
        f: the function as it was given.
        x: the variable.
        told: the lines.
        by_entries: the last line is the derivative by the entries on and below the diagonal.

    Raises:
        VerificationError: a line is wrong; a bug of closedform.
        DomainError: no point was found where the function is defined.
    """
    tolerance = TOLERANCE[1] * (1 if is_analytic(f) else LOOSER)
    errors, points = [0.0], 0
    for sample in samples([f, x, *[line.expr for line in told if line.kind == "derivative"]], count=ASSIGNMENTS):
        V = _direction(x, sample)
        true = _slope(f, x, V, sample)
        usable = np.isfinite(true).all((-2, -1))
        points += int(usable.sum())
        scale = np.maximum(np.abs(true).max((-2, -1)), 1e-6 * sample.scale)[usable]
        for line in told:
            error = np.abs(_value(line, f, x, V, sample, by_entries) - _as(line, true))[usable].max((-2, -1))
            relative = float(np.max(error / np.maximum(scale, np.finfo(float).tiny), initial=0))
            if not relative <= tolerance:
                raise VerificationError(f"a line of the derivation is wrong ({relative:.1e}): {line.expr}; {REPORT_IT}")
            errors.append(relative)
    if not points:
        raise DomainError("no point was found where the function is differentiable")
    return max(errors)


def _direction(x: Expr, sample: Sample) -> Array:
    """A random dX within the set X is in."""
    V = np.asarray(np.random.default_rng(SEED).standard_normal(sample.env[x.data.name].shape))
    for name in STRUCTURES.keys() & x.data.properties:
        V = np.asarray(STRUCTURES[name](V))
    return V


def _slope(e: Expr, x: Expr, V: Array, sample: Sample) -> Array:
    """The derivative of e along V."""
    at: Callable[[complex], Array] = lambda t: evaluate(e, {**sample.env, x.data.name: base + t * V}, sample.sizes)
    base = sample.env[x.data.name]
    if is_analytic(e):
        return np.asarray(at(1j * COMPLEX_STEP).imag / COMPLEX_STEP)
    return richardson(lambda h: (at(h) - at(-h)) / (2 * h), STEP)


def _as(line: Line, true: Array) -> Array:
    """The differential as the line has it: stacked, transposed, or as it is."""
    if line.kind == "transposed":
        return true.swapaxes(-1, -2)
    return true if line.kind == "differential" else _stacked(true)


def _stacked(A: Array) -> Array:
    """vec: the columns below one another."""
    return np.asarray(A.swapaxes(-1, -2).reshape(*A.shape[:-2], -1, 1))


def _value(line: Line, f: Expr, x: Expr, V: Array, sample: Sample, by_entries: bool) -> Array:
    """What a line says that the differential is, at the points of the sample."""
    if line.kind in ("derivative", "free"):
        return _contracted(evaluate(line.expr, sample.env, sample.sizes), f, x, V, by_entries and line.kind != "free")
    return _with_dx(line.expr, x, V, sample)


def _with_dx(e: Expr, x: Expr, V: Array, sample: Sample) -> Array:
    """The value of a line, with V in the place of dX and slopes in the place of formal differentials."""
    formal = [n for n in topological([e]) if n.op is FORMAL]
    given = {n: symbol(f"d{i}", n.shape, ["differential"]) for i, n in enumerate(formal)}
    env: dict[str, Array] = {**sample.env, "d" + x.data.name: V}
    env |= {s.data.name: _slope(n.args[0], x, V, sample) for n, s in given.items()}
    return evaluate(substitute(e, given) if given else e, env, sample.sizes)


def _contracted(J: Array, f: Expr, x: Expr, V: Array, by_entries: bool) -> Array:
    """The derivative, as the engine arranges it, put together with dX: vec(dF)."""
    if f.is_scalar and J.shape[-2:] == V.shape[-2:]:
        product = np.tril(J) * V if by_entries else J * V
        return np.asarray(product.sum((-2, -1), keepdims=True))
    if x.is_scalar:
        return _stacked(J * V)
    return np.asarray(J @ _stacked(V))
