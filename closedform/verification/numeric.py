"""The numerical judge of a derivative: the function itself, evaluated at perturbed points.

First derivatives are complex steps, exact to rounding; second derivatives are central differences of these,
with one step of Richardson.  Nothing here knows a rule of differentiation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from closedform.core.expr import Expr, topological
from closedform.core.shape import ONE, Dim, triangle
from closedform.errors import DomainError, TooLarge, VerificationError
from closedform.verification.interpreter import NOT_ANALYTIC, Array, Env, evaluate
from closedform.verification.sample import SEED, Sample, samples

if TYPE_CHECKING:
    from closedform.verification.exact import Certificate, NoTest

COMPLEX_STEP = 1e-30
STEPS = (1e-3, 1e-5, 1e-7)  #: of central differences; the next is tried when one disagrees, for kinks and poles nearby
TOLERANCE = {1: 1e-7, 2: 1e-4}  #: by order
LOOSER = 100  #: times the tolerance, for functions that take no complex steps
FLOOR = 1e-6  #: an error is relative to the largest entry, or to this times the largest value on the way
NEARBY = (1e-15, 1e-13, 1e-11, -1e-11)  #: relative changes of the variables that show what rounding does
BUDGET = 4 * 10**6  #: entries of the largest batch; beyond it a random subset of the derivative is checked


@dataclass(frozen=True, slots=True)
class Report:
    """A check that passed.

    Attributes:
        sizes: the assignments of sizes that were tried.
        points: how many points, over all sizes.
        max_error: the largest error, relative to the largest entry of the derivative at its point.
        method: how the reference was computed.
        tolerance: the error that would have been refused.
        certificate: of the exact test, or why there is none; None where it was not asked for.
    """

    sizes: list[dict[str, int]]
    points: int
    max_error: float
    method: str
    tolerance: float
    certificate: Certificate | NoTest | None = None

    def __str__(self) -> str:
        return "; ".join(self.sentences)

    @property
    def sentences(self) -> list[str]:
        """What is proved; else what was checked numerically, and why there is no certificate."""
        if self.certificate is None:
            return [self.numerically()]
        return [str(self.certificate)] if self.certificate.proved else [self.numerically(), str(self.certificate)]

    def numerically(self) -> str:
        """What the numerical check says."""
        sizes = f"{len(self.sizes)} size{'' if len(self.sizes) == 1 else 's'}"
        points = f"{self.points} point{'' if self.points == 1 else 's'}"
        return f"checked numerically: {sizes}, {points}, max relative error {self.max_error:.0e}"

    def as_dict(self) -> dict[str, Any]:
        """Both facts, ready for JSON, and `verdict`, the sentence that is printed."""
        exact = None if self.certificate is None else self.certificate.as_dict()
        return {**asdict(replace(self, certificate=None)), "certificate": exact, "verdict": str(self)}


def check(
    f: Expr,
    wrt: Expr | Sequence[Expr],
    answer: Expr,
    layout: str = "gradient",
    *,
    by_entries: bool = False,
    seed: int = SEED,
) -> Report:
    """Compare an answer with a reference that knows no rules, at random points inside the domain.

    Args:
        f: the function, as written.
        wrt: the variable, or one or two of them in a list.  The derivative by a symmetric or diagonal variable
            is that within its set: the gradient projected on it.
        answer: the derivative.
        layout: `gradient`, `jacobian` or `numerator`: axes of the function, then of each variable;
            `denominator`: axes of the variable, then of the function; `vec`: ∂vec F/∂(vec X)′;
            `vech`: ∂vec F/∂(vech S)′ by the entries of S on and below the diagonal, a column for a scalar function.
        by_entries: the derivative by a symmetric variable is that by its entries on and below the diagonal.
        seed: of the points.

    Raises:
        VerificationError: the answer is wrong.
        DomainError: no point was found where the function is defined.
    """
    wrt = [wrt] if isinstance(wrt, Expr) else wrt
    axes, expected = _axes(answer), _expected_axes(f, wrt, layout)
    if axes != expected:
        raise VerificationError(f"the derivative has the axes {axes} in place of {expected}; {REPORT_IT}")
    tolerance = TOLERANCE[len(wrt)] * (1 if is_analytic(f) else LOOSER)
    used, worst, points = [], 0.0, 0
    rng = np.random.default_rng(seed)
    for drawn in samples([f, *wrt], seed=seed):
        sample = replace(drawn, by_entries=by_entries or layout == "vech")
        chosen = _choose(f, wrt, sample, rng)
        if layout == "vech":
            n = wrt[0].shape[0].value(sample.sizes)
            chosen = [np.intersect1d(chosen[0], np.flatnonzero(np.tril(np.ones((n, n)))))]
        compared = partial(_compared, f, wrt, answer, layout, chosen)
        found = compared(sample)
        if found.worst > tolerance:
            wrong = found.error > tolerance
            if is_rounding(lambda near: compared(near).difference[wrong], sample):  # noqa: B023 (called here)
                continue
            at, got, wanted = found.entry
            raise VerificationError(
                f"the derivative fails its numerical check (relative error {found.worst:.1e}); {REPORT_IT}: "
                f"sizes {sample.sizes}, entry {at} is {got:.12g}, should be {wanted:.12g}, seed {seed}"
            )
        if found.count:
            used.append(dict(sample.sizes))
            points, worst = points + found.count, max(worst, found.worst)
    if not points:
        raise DomainError(
            "no point was found where the function is differentiable",
            hint="declare a property of a variable, such as positive or spd, if it has one",
        )
    return Report(used, points, worst, _method(f, len(wrt)), tolerance)


def merged(reports: Sequence[Report]) -> Report:
    """One report for a derivative that was checked in stages."""
    points, error = sum(r.points for r in reports), max(r.max_error for r in reports)
    method = ", then ".join(dict.fromkeys(r.method for r in reports))
    return Report(reports[0].sizes, points, error, method, max(r.tolerance for r in reports))


REPORT_IT = "this is a bug of closedform, please report it with the function and this message"


def _method(f: Expr, order: int) -> str:
    first = "complex step" if is_analytic(f) else "central differences"
    return first if order == 1 else f"central differences of {first}"


# ------------------------------------------------------------------------------------------------- comparison


@dataclass(frozen=True, slots=True)
class Comparison:
    """An answer beside its reference, at some points.

    Attributes:
        value: of the answer: (points, entries of f, chosen entries of each variable).
        reference: what it should be.
        error: of every entry, relative to the largest one at its point; 0 where there is no reference.
        count: the points with a reference.
    """

    value: Array
    reference: Array
    error: Array
    count: int

    @property
    def difference(self) -> Array:
        return self.value - self.reference

    @property
    def worst(self) -> float:
        return float(self.error.max(initial=0))

    @property
    def entry(self) -> tuple[tuple[int, ...], float, float]:
        """Where the worst error is, the value there, and what that should be."""
        at = np.unravel_index(self.error.argmax(), self.error.shape)
        return tuple(map(int, at[1:])), float(self.value[at]), float(self.reference[at])


def _compared(
    f: Expr, wrt: Sequence[Expr], answer: Expr, layout: str, chosen: list[Array], sample: Sample
) -> Comparison:
    """An answer beside the reference with the step at which they agree best."""
    value = _arranged(evaluate(answer, sample.env, sample.sizes), f, wrt, layout, sample)
    value = value[np.ix_(np.arange(len(value)), np.arange(value.shape[1]), *chosen)]
    best: Comparison | None = None
    for step in STEPS if len(wrt) == 2 or not is_analytic(f) else STEPS[:1]:
        found = _beside(_reference(f, wrt, sample, chosen, step), value, sample)
        if best is None or found.worst < best.worst:
            best = found
        if best.worst < TOLERANCE[len(wrt)]:
            break
    assert best is not None
    return best


def _beside(reference: Array, value: Array, sample: Sample) -> Comparison:
    axes = tuple(range(1, reference.ndim))
    usable = np.isfinite(reference).all(axes)
    largest = np.maximum(np.abs(reference).max(axes, initial=0), FLOOR * sample.scale)
    with np.errstate(all="ignore"):
        error = np.abs(value - reference) / np.maximum(largest, np.finfo(float).tiny).reshape(-1, *[1] * len(axes))
    error = np.where(np.isfinite(error), error, np.inf)
    error[~usable] = 0
    return Comparison(value, reference, error, int(usable.sum()))


def is_rounding(difference: Callable[[Sample], Array], sample: Sample) -> bool:
    """Does a difference change by half its size when the variables change by rounding?

    A wrong formula differs by as much at the points next to it; where this is true, the points decide nothing.
    """
    found = [difference(sample)]
    for change in NEARBY:
        moved = {name: x if (x == np.round(x)).all() else x * (1 + change) for name, x in sample.env.items()}
        found.append(difference(replace(sample, env=moved)))
    with np.errstate(all="ignore"):
        return bool((np.ptp(found, axis=0) >= np.abs(found[0]) / 2).all())


def _choose(f: Expr, wrt: Sequence[Expr], sample: Sample, rng: np.random.Generator) -> list[Array]:
    """Which entries of each variable are perturbed: all of them, unless that is very many."""
    largest = max(_count(e.shape, sample) for e in topological([f]))
    budget = max(1, int((BUDGET / largest / sample.points) ** (1 / len(wrt))))
    counts = [_count(x.shape, sample) for x in wrt]
    return [np.sort(rng.choice(n, budget, replace=False)) if n > budget else np.arange(n) for n in counts]


def _count(shape: tuple[Dim, Dim], sample: Sample) -> int:
    return shape[0].value(sample.sizes) * shape[1].value(sample.sizes)


# -------------------------------------------------------------------------------------------------- reference


def partials(f: Expr, wrt: Sequence[Expr], sample: Sample, step: float = STEPS[0]) -> Array:
    """The derivative by one or two variables: (points, entries of f, entries of each variable), entries row by row.

    Raises:
        TooLarge: it has too many entries.
    """
    counts = [_count(x.shape, sample) for x in wrt]
    largest = max(_count(e.shape, sample) for e in topological([f]))
    if largest * sample.points * int(np.prod(counts)) > BUDGET:
        raise TooLarge("the derivative has too many entries to be evaluated", hint="declare sizes by letters")
    return _reference(f, wrt, sample, [np.arange(n) for n in counts], step)


def along(f: Expr, moves: Mapping[str, Array], sample: Sample, step: float = STEPS[0]) -> Array:
    """The derivative of f when every variable named in `moves` goes in its direction: (points, rows, columns)."""

    def at(h: complex) -> Array:
        moved = {name: sample.env[name] + h * move for name, move in moves.items()}
        return evaluate(f, {**sample.env, **moved}, sample.sizes)

    if is_analytic(f):
        return np.asarray(at(1j * COMPLEX_STEP).imag / COMPLEX_STEP)
    return richardson(lambda h: (at(h) - at(-h)) / (2 * h), step)


def _reference(f: Expr, wrt: Sequence[Expr], sample: Sample, chosen: list[Array], step: float) -> Array:
    """The derivative, of shape (points, entries of f, chosen entries of each variable)."""
    if len(wrt) == 1:
        return _first(f, wrt[0], sample.env, sample, chosen[0], step)
    y = wrt[1]
    base, E = sample.env[y.data.name], _units(y, sample, chosen[1])

    def slope(h: float) -> Array:
        sides = [_first(f, wrt[0], {**sample.env, y.data.name: base + s * E}, sample, chosen[0], step) for s in (h, -h)]
        return np.asarray((sides[0] - sides[1]) / (2 * h))

    return np.moveaxis(richardson(slope, step), 0, -1)


def _first(f: Expr, x: Expr, env: Env, sample: Sample, chosen: Array, step: float) -> Array:
    """∂f/∂x of shape (batch..., points, entries of f, entries of x); `env` may have one more batch axis."""
    base, E = env[x.data.name], _units(x, sample, chosen)
    lift = max(v.ndim for v in env.values()) - 3  # batch axes beside the points
    E = E.reshape(len(chosen), *[1] * (lift + 1), *E.shape[-2:])

    def at(shifted: Array) -> Array:
        value = evaluate(f, {**env, x.data.name: shifted}, sample.sizes)
        batch = (
            *np.broadcast_shapes(
                *[v.shape[:-2] for v in env.values()],
            ),
            *value.shape[-2:],
        )
        return np.asarray(np.broadcast_to(value, (len(chosen), *batch)))

    if is_analytic(f):
        slopes = at(base + 1j * COMPLEX_STEP * E).imag / COMPLEX_STEP
    else:
        slopes = richardson(lambda h: (at(base + h * E) - at(base - h * E)) / (2 * h), step)
    return np.moveaxis(slopes.reshape(*slopes.shape[:-2], -1), 0, -1)


def richardson(slope: Any, step: float) -> Array:
    """A central difference whose error is of fourth order in the step."""
    return np.asarray((4 * slope(step / 2) - slope(step)) / 3)


def _units(x: Expr, sample: Sample, chosen: Array) -> Array:
    """For every chosen entry of x, its direction within the set x is in, of shape (chosen, 1, rows, columns)."""
    rows, columns = (d.value(sample.sizes) for d in x.shape)
    entries = np.zeros((len(chosen), 1, rows * columns))
    entries[np.arange(len(chosen)), 0, chosen] = 1
    E: Array = entries.reshape(len(chosen), 1, rows, columns)
    names = [name for name in STRUCTURES if name in x.data.properties]
    if sample.by_entries and names:
        return E + E.swapaxes(-1, -2) - E * np.eye(E.shape[-1])
    for name in names:
        E = STRUCTURES[name](E)
    return E


STRUCTURES: dict[str, Callable[[Array], Array]] = {
    "symmetric": lambda E: (E + E.swapaxes(-1, -2)) / 2,
    "spd": lambda E: (E + E.swapaxes(-1, -2)) / 2,
    "diagonal": lambda E: E * np.eye(E.shape[-1]),
}


def is_analytic(f: Expr) -> bool:
    return not any(e.op.name in NOT_ANALYTIC for e in topological([f]))


# ----------------------------------------------------------------------------------------------------- layout


def _axes(e: Expr) -> list[Dim]:
    """The axes of a value: none for a scalar, one for a row or a column."""
    return [d for d in e.shape if d is not ONE]


def _expected_axes(f: Expr, wrt: Sequence[Expr], layout: str) -> list[Dim]:
    """The axes that the derivative has in a layout."""
    groups = [f, *wrt]
    if layout == "vech":
        return [d for d in (f.shape[0] * f.shape[1], triangle(wrt[0].shape[0])) if d is not ONE]
    if layout == "vec":
        (fr, fc), (xr, xc) = f.shape, wrt[0].shape
        return [d for d in (fr * fc, xr * xc) if d is not ONE]
    ordered = groups[1:] + groups[:1] if layout == "denominator" else groups
    return [d for e in ordered for d in _axes(e)]


def _arranged(value: Array, f: Expr, wrt: Sequence[Expr], layout: str, sample: Sample) -> Array:
    """The answer as (points, entries of f, entries of each variable), entries row by row."""
    value = np.broadcast_to(value, (sample.points, *value.shape[-2:]))
    entries = [_count(e.shape, sample) for e in (f, *wrt)]
    if layout == "denominator":
        return np.moveaxis(value.reshape(sample.points, *entries[1:], entries[0]), -1, 1)
    if layout == "vech":
        return _among_all(value, f, wrt[0], sample)
    if layout == "vec":
        (fr, fc), (xr, xc) = ([d.value(sample.sizes) for d in e.shape] for e in (f, wrt[0]))
        value = value.reshape(sample.points, fc, fr, xc, xr).transpose(0, 2, 1, 4, 3)
    return value.reshape(sample.points, *entries)


def _among_all(value: Array, f: Expr, S: Expr, sample: Sample) -> Array:
    """∂vec F/∂(vech S)′ as (points, entries of f, entries of S), each column at its place on or below the diagonal."""
    n, (rows, columns) = S.shape[0].value(sample.sizes), (d.value(sample.sizes) for d in f.shape)
    if f.is_scalar:
        value = value.swapaxes(1, 2)
    value = value.reshape(sample.points, columns, rows, -1).swapaxes(1, 2).reshape(sample.points, rows * columns, -1)
    placed = np.zeros((*value.shape[:2], n, n))
    column, row = np.triu_indices(n)
    placed[..., row, column] = value
    return placed.reshape(*value.shape[:2], n * n)
