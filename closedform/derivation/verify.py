"""Every line of a derivation, checked by value.

The reference is the slope of the function itself along a random dX: a complex step, by the interpreter that knows no
rule of differentiation.  A line `df = …` has that value; a derivative has it when it is put together with dX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from closedform.core.expr import Expr, substitute, symbol, topological
from closedform.derivation.derive import Line
from closedform.derivation.formal import FORMAL
from closedform.errors import DomainError, VerificationError
from closedform.verification.interpreter import Array, evaluate
from closedform.verification.numeric import LOOSER, REPORT_IT, STRUCTURES, TOLERANCE, along, is_analytic, is_rounding
from closedform.verification.sample import SEED, Sample, samples

INCREMENTS = ("increment", "approximate")  #: kinds of lines that are df to first order
ASSIGNMENTS = 2  #: of sizes


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
    for sample in samples([f, x], count=ASSIGNMENTS):
        at = _Point(f, x, told, sample)
        points += int(at.usable.sum())
        for line in told:
            error = at.error(line, by_entries)
            if not error <= tolerance and not is_rounding(
                partial(_difference, f, x, told, line, by_entries, at.usable), sample
            ):
                raise VerificationError(f"a line of the derivation is wrong ({error:.1e}): {line.expr}; {REPORT_IT}")
            errors.append(error)
    if not points:
        raise DomainError("no point was found where the function is differentiable")
    return max(errors)


def _difference(
    f: Expr, x: Expr, told: Sequence[Line], line: Line, by_entries: bool, usable: Array, sample: Sample
) -> Array:
    """How far a line is from the differential, at the points that can be used."""
    return _Point(f, x, told, sample).difference(line, by_entries)[usable]


class _Point:
    """Some points, a direction dX, and everything that has a value there."""

    def __init__(self, f: Expr, x: Expr, told: Sequence[Line], sample: Sample) -> None:
        self.f, self.x, self.sample = f, x, sample
        self.V = _direction(x, sample)
        self.env: dict[str, Array] = {**sample.env, "d" + x.data.name: self.V}
        self.values: dict[Expr, Expr] = {}
        for line in told:
            if line.name is not None:
                self._enter(line, line.name)
        self.true = self.slope(f)
        self.usable: Array = np.asarray(np.isfinite(self.true).all((-2, -1)))
        largest = np.maximum(np.abs(self.true).max((-2, -1)), 1e-6 * sample.scale)
        self.scale = np.maximum(largest, np.finfo(float).tiny)

    def _enter(self, line: Line, name: Expr) -> None:
        """The value of a name, and of its differential."""
        self.env[name.data.name] = evaluate(line.expr, self.env, self.sample.sizes)
        if line.value is not None:
            self.values[name] = line.value
            self.env["d" + name.data.name] = self.slope(line.value)

    def slope(self, e: Expr) -> Array:
        """The derivative of e, an expression in the variables, along dX."""
        return self._along(e, self.sample.env, self.x.data.name)

    def _along(self, e: Expr, env: dict[str, Array], name: str) -> Array:
        """The derivative of e when the value of that name moves along V."""
        return along(e, {name: self.V}, replace(self.sample, env=env))

    def error(self, line: Line, by_entries: bool) -> float:
        """How far a line is from the differential, relative to its size; of a name, from what it stands for."""
        off = np.abs(self.difference(line, by_entries)).max((-2, -1)) / self._size(line)
        return float(np.max(off[self.usable], initial=0))

    def difference(self, line: Line, by_entries: bool) -> Array:
        """What a line says less what is true; of a coefficient 0: the lines in which it stands are checked."""
        if line.kind != "name":
            return np.asarray(self._value(line, by_entries) - _as(line, self.true))
        if line.value is None or line.name is None:
            return np.zeros(self.true.shape)
        return np.asarray(self.env[line.name.data.name] - self._true(line.value))

    def _true(self, e: Expr) -> Array:
        return evaluate(e, self.sample.env, self.sample.sizes)

    def _size(self, line: Line) -> Array:
        if line.kind == "name" and line.value is not None:
            return np.asarray(np.maximum(np.abs(self._true(line.value)).max((-2, -1)), 1))
        return np.asarray(self.scale)

    def _value(self, line: Line, by_entries: bool) -> Array:
        """What a line says that the differential is."""
        if line.kind in ("derivative", "free"):
            J = evaluate(line.expr, self.env, self.sample.sizes)
            return _contracted(J, self.f, self.x, self.V, by_entries and line.kind != "free")
        if line.kind in INCREMENTS:  # as a function of dX, at 0
            dx = "d" + self.x.data.name
            return self._along(line.expr, {**self.env, dx: np.zeros_like(self.V)}, dx)
        formal = [n for n in topological([line.expr]) if n.op is FORMAL]
        given = {n: symbol(f"d{i}", n.shape, ["differential"]) for i, n in enumerate(formal)}
        env = {**self.env, **{s.data.name: self.slope(substitute(n.args[0], self.values)) for n, s in given.items()}}
        return evaluate(substitute(line.expr, given) if given else line.expr, env, self.sample.sizes)


def _direction(x: Expr, sample: Sample) -> Array:
    """A random dX within the set X is in."""
    V = np.asarray(np.random.default_rng(SEED).standard_normal(sample.env[x.data.name].shape))
    for name in STRUCTURES.keys() & x.data.properties:
        V = np.asarray(STRUCTURES[name](V))
    return V


def _as(line: Line, true: Array) -> Array:
    """The differential as the line has it: stacked, transposed, or as it is."""
    if line.kind == "transposed":
        return true.swapaxes(-1, -2)
    return true if line.kind in ("differential", *INCREMENTS) else _stacked(true)


def _stacked(A: Array) -> Array:
    """vec: the columns below one another."""
    return np.asarray(A.swapaxes(-1, -2).reshape(*A.shape[:-2], -1, 1))


def _contracted(J: Array, f: Expr, x: Expr, V: Array, by_entries: bool) -> Array:
    """The derivative, as the engine arranges it, put together with dX: vec(dF)."""
    if by_entries:  # an entry below the diagonal moves the one across from it
        V = np.tril(V)
    if f.is_scalar and J.shape[-2:] == V.shape[-2:]:
        return np.asarray((J * V).sum((-2, -1), keepdims=True))
    if x.is_scalar:
        return _stacked(J * V)
    return np.asarray(J @ _stacked(V))
