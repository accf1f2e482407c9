"""Whether the two sides of a statement are equal, by value, and in which layouts.

Expressions are evaluated by the judge's own interpreter, derivatives by complex steps (`check.numeric`) and put in
the arrangements that the layouts are records of.  No rule of differentiation is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from closedform.calculus.layout import LAYOUTS as EVERY
from closedform.calculus.layout import Arrangement, ByFreeEntries, Layout
from closedform.calculus.structure import freed, structure_of
from closedform.core.expr import Expr, symbol, symbols
from closedform.core.normal import normal
from closedform.core.shape import ONE, SCALAR, Shape
from closedform.core.terms import is_zero
from closedform.errors import DomainError
from closedform.syntax.sides import Side, Statement
from closedform.verification.interpreter import Array, evaluate
from closedform.verification.numeric import FLOOR, LOOSER, STEPS, along, is_analytic, partials
from closedform.verification.sample import SEED, TAME, Domain, Sample, draws, names_of_dims

#: the layouts of derivatives by all entries
LAYOUTS = {name: layout for name, layout in EVERY.items() if not isinstance(layout, ByFreeEntries)}
TOLERANCE = {0: 1e-8, 1: 1e-7, 2: 1e-5}  #: of the relative error, by the order of the derivative
NAMED = {"grad": "gradient", "hess": "gradient", "jac": "vec"}  #: operators that name their layout
POINTS = 2  #: at each assignment of sizes
POINTS_OF_SCALARS = 8  #: where there are no sizes to vary: enough that |a| = a fails at one of them
FLOOR_OF_DIFFERENCES = 1e-4  #: as `FLOOR`, for finite differences, whose noise is larger
FACTORS = (5.0, 25.0)  #: points further out, where the derivative needs no finite step
FURTHER = 2  #: assignments of sizes at which they are tried
NO_LAYOUT = ""  #: of statements without a derivative


@dataclass(frozen=True, slots=True)
class Convention:
    """What a derivative by a symmetric or diagonal variable means.

    Attributes:
        name: of the sentence that says so.
        free: as if the variable were any matrix, at a point where it is not.
        by_entries: entry [i,j] is moved with [j,i].
    """

    name: str
    free: bool = False
    by_entries: bool = False


PROJECTED = Convention("projected")
BY_ENTRIES = Convention("entries", by_entries=True)
FREE = Convention("free", free=True)


def conventions(s: Statement) -> tuple[Convention, ...]:
    """Those between which the statement must choose; the usual one first."""
    structured = any(
        structure_of(v.symbol) for side in (s.left, s.right) if side.kind == "derivative" for v in side.variables
    )
    return (PROJECTED, BY_ENTRIES, FREE) if structured else (PROJECTED,)


@dataclass(frozen=True)
class Outcome:
    """What the comparison found.

    Attributes:
        layouts: those in which the sides are equal; `[NO_LAYOUT]` for equal expressions.
        sizes: the assignments of sizes tried.
        points: how many points, over all sizes.
        error: the largest relative error of the layouts that are left.
        attempts: batches of points that were drawn to find those.
    """

    layouts: tuple[str, ...] = ()
    sizes: tuple[dict[str, int], ...] = ()
    points: int = 0
    error: float = 0.0
    attempts: int = 0

    @property
    def holds(self) -> bool:
        return bool(self.layouts)


def compare(s: Statement, convention: Convention = PROJECTED, *, count: int = 6, seed: int = SEED) -> Outcome:
    """Compare the sides at random sizes and points; stops as soon as no layout is left.

    Raises:
        DomainError: no point was found where both sides are defined.
        TooLarge: a value is too large to be evaluated.
    """
    sides = Sides(s, convention)
    alive = [pair for pair in sides.pairs if sides.may_be_equal(pair)]
    used, points, worst, attempts = list[dict[str, int]](), 0, 0.0, 0
    if not alive:
        return Outcome()
    points_each = POINTS if names_of_dims(sides.roots) else POINTS_OF_SCALARS
    for sample in sides.samples(draws(sides.roots, count=count, points=points_each, seed=seed)):
        errors, usable = sides.errors(sample, alive)
        attempts += sample.attempts
        alive = [pair for pair in alive if errors[pair] <= sides.tolerance]
        if not alive:
            return Outcome(attempts=attempts)
        if sample.sizes not in used:
            used.append(sample.sizes)
        points += usable
        worst = max(worst, *(errors[pair] for pair in alive))
    if not points:
        raise DomainError("no point was found where the two sides can be compared")
    layouts = {name for pair in alive for name in sides.pairs[pair]}
    return Outcome(tuple(n for n in (*LAYOUTS, NO_LAYOUT) if n in layouts), tuple(used), points, worst, attempts)


def right_is_undefined(s: Statement) -> bool:
    """Whether the right side, such as 1/norm2(x - x), has no value where the left has one, nor where tried alone."""
    variables = [*symbols(s.right.expr), *_leaves(s.left)]
    try:
        points = list(draws([s.left.expr, *variables]))
    except DomainError:
        return False
    if any(np.isfinite(evaluate(s.right.expr, p.env, p.sizes)).any() for p in points):
        return False
    try:
        return not any(True for _ in draws([s.right.expr]))
    except DomainError:
        return True


Pair = tuple[str, str]  #: the arrangement of the left side and that of the right


class Sides:
    """The two sides, ready to be evaluated."""

    def __init__(self, s: Statement, convention: Convention = PROJECTED) -> None:
        self.left, self.right = Valued(s.left, convention), Valued(s.right, convention)
        orders = [len(side.variables) for side in (s.left, s.right) if side.kind == "derivative"]
        differential = any(side.kind == "differential" for side in (s.left, s.right))
        self.order = max([*orders, int(differential)])
        analytic = all(is_analytic(side.expr) for side in (s.left, s.right) if side.kind != "expression")
        self.tolerance = TOLERANCE[self.order] * (1 if analytic else LOOSER)
        self.steps = STEPS if self.order == 2 or not analytic else STEPS[:1]
        self.floor = FLOOR if len(self.steps) == 1 else FLOOR_OF_DIFFERENCES
        self.roots = [root for side in (s.left, s.right) for root in (side.expr, *_leaves(side))]

    @cached_property
    def is_array(self) -> bool:
        """Whether a derivative has more than two indices."""
        return any(stacked for v in (self.left, self.right) for _, _, stacked, _ in stages(v.side))

    @cached_property
    def pairs(self) -> dict[Pair, list[str]]:
        """The arrangements to compare, with the layouts they stand for."""
        found: dict[Pair, list[str]] = {}
        left, right = self.left.arrangements, self.right.arrangements
        for layout in LAYOUTS if left or right else [NO_LAYOUT]:
            if (not left or layout in left) and (not right or layout in right):
                found.setdefault((left.get(layout, ""), right.get(layout, "")), []).append(layout)
        return found

    def may_be_equal(self, pair: Pair) -> bool:
        """Whether the shapes are equal; 0 has every shape."""
        a, b = self.left.shapes[pair[0]], self.right.shapes[pair[1]]
        return a == b or self.left.is_zero or self.right.is_zero

    def samples(self, drawn: Iterator[Sample]) -> Iterator[Sample]:
        """The samples, and beside the first ones points further out, where arcsin(sin(a)) is no longer a."""
        for k, sample in enumerate(drawn):
            yield sample
            if k < FURTHER and len(self.steps) == 1:
                for factor in FACTORS:
                    yield from self._further(sample, factor)

    def _further(self, sample: Sample, factor: float) -> Iterator[Sample]:
        """The sample with larger values, where these are inside the domain."""
        fixed = {s.data.name for s in symbols(*self.roots) if s.data.properties & {"orthogonal", "integer"}}
        env = {name: X if name in fixed else factor * X for name, X in sample.env.items()}
        inside, scale = Domain(self.roots).inside(env, sample.sizes, TAME[0], sample.points)
        if inside.size:
            kept = {name: X[inside] for name, X in env.items()}
            yield replace(sample, env=kept, points=len(inside), scale=scale[inside], attempts=1)

    def errors(self, sample: Sample, pairs: Sequence[Pair]) -> tuple[dict[Pair, float], int]:
        """The relative error of each arrangement, and how many points could be used."""
        best: dict[Pair, float] = {}
        usable = 0
        for step in self.steps:
            left, right = self.left.values(sample, step), self.right.values(sample, step)
            for pair in pairs:
                error, usable = _error(left[pair[0]], right[pair[1]], self.floor * sample.scale)
                best[pair] = min(error, best.get(pair, np.inf))
            if all(error <= self.tolerance for error in best.values()):
                break
        return best, usable


def _leaves(side: Side) -> list[Expr]:
    return [*(v.symbol for v in side.variables), *side.moves]


def _error(left: Array, right: Array, floor: Array) -> tuple[float, int]:
    """The largest error relative to the largest entry of its point, or to the floor, and how many points count."""
    if left.shape != right.shape and left.shape[1:] != (1, 1) and right.shape[1:] != (1, 1):
        return np.inf, len(left)
    fine = np.isfinite(left).all((1, 2)) & np.isfinite(right).all((1, 2))
    if not fine.any():
        return 0.0, 0
    largest = np.maximum(np.abs(left).max((1, 2)), np.abs(right).max((1, 2)))
    scale = np.maximum(np.maximum(largest, floor), np.finfo(float).tiny)
    error = np.abs(left - right).max((1, 2)) / scale
    return float(error[fine].max()), int(fine.sum())


# ------------------------------------------------------------------------------------------------- one side


@dataclass
class Valued:
    """A side in every arrangement.

    Attributes:
        arrangements: of a derivative, the name of the arrangement by layout; empty otherwise.
        shapes: by arrangement; of anything else under the name "".
    """

    side: Side
    convention: Convention
    arrangements: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._made: dict[str, Expr] = {}
        self.is_zero = self.side.kind == "expression" and is_zero(normal(self.side.expr))
        if self.side.kind != "derivative":
            self.shapes[""] = self.side.expr.shape
            return
        *_, (function, variable, stacked, shape) = stages(self.side)
        whole = symbol("·", shape)
        for layout in _layouts(self.side):
            arrangement = layout.arrangement(symbol("·", function), symbol("·", variable), stacked)
            if arrangement.axes is None:
                self._enter(layout.name, arrangement, whole)

    def _enter(self, layout: str, arrangement: Arrangement, whole: Expr) -> None:
        self.arrangements[layout] = arrangement.name
        if arrangement.name not in self._made:
            self._made[arrangement.name] = arrangement.matrix(whole)
            self.shapes[arrangement.name] = self._made[arrangement.name].shape

    def values(self, sample: Sample, step: float) -> dict[str, Array]:
        """The values, of shape (points, rows, columns), by arrangement."""
        if self.side.kind == "derivative":
            value = self._derivative(sample, step)
            return {name: evaluate(e, {"·": value}, sample.sizes) for name, e in self._made.items()}
        if self.side.kind == "differential":
            moves = {m.data.name[1:]: sample.env[m.data.name] for m in self.side.moves}
            value = along(self.side.expr, moves, sample, step)
        else:
            value = evaluate(self.side.expr, sample.env, sample.sizes)
        return {"": np.broadcast_to(value, (sample.points, *value.shape[-2:]))}

    def _derivative(self, sample: Sample, step: float) -> Array:
        f, wrt = self.side.expr, [v.symbol for v in self.side.variables]
        if self.convention.free:
            for i, x in enumerate(wrt):
                f, wrt[i] = freed(f, x)
        array = partials(f, wrt, replace(sample, by_entries=self.convention.by_entries), step)
        array = array.reshape(sample.points, *(d.value(sample.sizes) for e in (f, *wrt) for d in e.shape))
        for k, v in enumerate(self.side.variables):
            array = _viewed(array, 3 + 2 * k, v.stacked, v.turned)
        for _, _, stacked, shape in stages(self.side):
            array = _staged(array, stacked, (shape[0].value(sample.sizes), shape[1].value(sample.sizes)))
        return array


def _layouts(side: Side) -> Iterator[Layout]:
    named = NAMED.get(side.operator)
    yield from LAYOUTS.values() if named is None else [LAYOUTS[named]]


def stages(side: Side) -> Iterator[tuple[Shape, Shape, bool, Shape]]:
    """For every variable in turn: the shapes of function and variable, whether it is stacked, the result's shape.

    The engine's own arrangement, see `calculus.layout`.
    """
    f, stacked = side.expr.shape, False
    for v in side.variables:
        indices = [sum(d is not ONE for d in shape) for shape in (f, v.shape)]
        stacked = stacked or sum(indices) > 2
        if not stacked and 0 in indices:
            result = v.shape if f == SCALAR else f
        else:
            result = f[0] * f[1], v.shape[0] * v.shape[1]
        yield f, v.shape, stacked, result
        f = result


def _viewed(array: Array, axis: int, stacked: bool, turned: bool) -> Array:
    """The axes of a variable as those of vec(X) or X'."""
    if stacked:
        array = array.swapaxes(axis, axis + 1)
        array = array.reshape(*array.shape[:axis], -1, 1, *array.shape[axis + 2 :])
    return array.swapaxes(axis, axis + 1) if turned else array


def _staged(array: Array, stacked: bool, result: tuple[int, int]) -> Array:
    """Axes (points, rows and columns of f, those of x, …) to (points, rows, columns, …)."""
    if stacked:
        array = array.swapaxes(1, 2).swapaxes(3, 4)
    return array.reshape(array.shape[0], *result, *array.shape[5:])
