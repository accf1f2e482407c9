"""Random questions: a function, the variables to differentiate it by, the sizes of a point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import StopTest
from hypothesis.internal.conjecture.data import ConjectureData  # a random draw by a seed, which `example()` is not

from closedform.core.expr import Expr, symbols
from closedform.core.function import Function
from closedform.core.shape import SCALAR
from closedform.emit.text import text
from closedform.syntax.text import parse
from tests.fuzz.points import points
from tests.strategies import NUMBERED, WIDE, World, expressions

LARGEST = 60  #: operations of a function
SIDES = (1, 1, 2, 2, 3, 3, 4)


@dataclass(frozen=True)
class Question:
    """A derivative to ask for.

    Attributes:
        f: the function, exactly as it was built.
        wrt: one symbol, or two.
        sizes: of the named dimensions, where values are compared.
        point: the seed of these values.
    """

    f: Expr
    wrt: tuple[Expr, ...]
    sizes: Mapping[str, int] = field(default_factory=lambda: {"m": 2, "n": 3})
    point: int = 0

    @property
    def function(self) -> Function:
        """What `parse` would return: with all variables, also those that do not occur."""
        variables = {s.data.name: s for s in [*symbols(self.f), *self.wrt]}
        return Function(self.f, variables)

    def row(self) -> dict[str, Any]:
        """The question as data, with its function as text."""
        variables = self.function.variables.values()
        return {
            "function": text(self.f),
            "wrt": [x.data.name for x in self.wrt],
            "shapes": {s.data.name: [d.text for d in s.shape] for s in variables},
            "properties": {s.data.name: sorted(s.data.properties) for s in variables if s.data.properties},
            "sizes": dict(self.sizes),
        }


def of_row(row: Mapping[str, Any]) -> Question:
    """The question that a row states."""
    shapes = {name: [int(d) if d.isdigit() else d for d in sides] for name, sides in row["shapes"].items()}
    names = {d for sides in shapes.values() for d in sides if isinstance(d, str) and d.isidentifier()}
    found = parse(row["function"], shapes, row.get("properties", {}), dims=sorted(names), infer=False, syntax="text")
    return Question(found.expr, tuple(found.variables[x] for x in row["wrt"]), row.get("sizes", {"m": 2, "n": 3}))


def questions(order: int = 1) -> st.SearchStrategy[Question]:
    """A question about a derivative of that order; half of the functions are scalar."""
    return _questions(order).filter(_is_sensible)


@st.composite
def _questions(draw: st.DrawFn, order: int) -> Question:
    world = draw(st.sampled_from([WIDE, WIDE, WIDE, *NUMBERED]))
    scalars, depth = {1: (5, 6), 2: (7, 4)}[order]
    shape = SCALAR if draw(st.integers(0, 9)) < scalars else draw(st.sampled_from(_results(world)))
    f = draw(expressions(shape, draw(st.integers(2, depth)), world))
    found = [s for s in symbols(f) if "integer" not in s.data.properties]
    wrt = tuple(draw(st.sampled_from(found)) for _ in range(order)) if found else ()
    sizes = {name: draw(st.sampled_from(SIDES)) for name in ("m", "n")}
    return Question(f, wrt, sizes, draw(st.integers(0, 2**16)))


def _is_sensible(q: Question) -> bool:
    return bool(q.wrt) and 0 < q.f.size <= LARGEST


def _results(world: World) -> list[Any]:
    n = world.n
    return [*world.shapes, (n * world.m, next(iter(world.pool))[0]), (n * n, SCALAR[0])]


def drawn(order: int, start: int, count: int, run: int) -> Iterator[Question]:
    """Questions number `start` to `start + count` of a run, the same whenever they are asked for."""
    for number in range(start, start + count):
        yield numbered(order, number, run)


def numbered(order: int, number: int, run: int) -> Question:
    """The question of that number: one with a variable, not too large, and smooth somewhere."""
    random, strategy = Random(f"{run} {order} {number}"), questions(order)
    while True:
        data = ConjectureData(random=random)
        with suppress(StopTest):
            q = data.draw(strategy)
            if any(points(q.f, q.wrt, q.sizes, q.point)):
                return q
