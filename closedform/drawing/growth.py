"""What a call costs as one size grows and the others stay: a line for each size, whose slope is its power in the law.

Both axes are logarithmic.  Memory is that beside the arguments, which is what a call is refused for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor, log10

from closedform.drawing.svg import line, svg, text, wide
from closedform.program.bound import ITEMSIZE
from closedform.program.cost import Growth
from closedform.program.polynomial import HIGH, Polynomial
from closedform.program.room import UNITS

OTHERS = 100  #: the size of what does not grow
FIRST, LAST, STEPS = 1, 5, 4  #: decades of the size that grows, points in each
FARTHEST = 10**9  #: size up to which a refusal is looked for
WIDTH, HEIGHT = 340.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 54.0, 14.0, 26.0  #: margins
APART, MOST_LABELS, SMALL = 15.0, 7, 6.4  #: between labels, labels of an axis, width of a small letter

Quantity = Callable[[Mapping[str, int]], int]
Place = Callable[[float], float]  #: of a value on an axis


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity as one size grows.

    Attributes:
        names: the sizes that have this curve, each alone.
        power: of the size in the law, which is the slope.
        points: size and quantity.
        refused: the smallest size that is refused; None if there is none.
    """

    names: tuple[str, ...]
    power: int
    points: tuple[tuple[int, int], ...]
    refused: int | None = None

    @property
    def label(self) -> str:
        """Such as `m², n²`."""
        return ", ".join(name + (str(self.power).translate(HIGH) if self.power != 1 else "") for name in self.names)


def operations(g: Growth) -> list[Curve]:
    """The operations of a call."""
    return _curves(g.names, g.flops.value, g.flops)


def memory(g: Growth, limit: int) -> list[Curve]:
    """The bytes that a call holds at most beside its arguments; what takes more than `limit` is refused."""
    beside = replace(g.memory, arguments=())
    held = lambda sizes: ITEMSIZE["float64"] * beside.peak(sizes)
    return _curves(g.names, held, beside.law, limit)


def _curves(names: Sequence[str], quantity: Quantity, law: Polynomial, limit: int | None = None) -> list[Curve]:
    """A curve for each size; those that are the same are one."""
    sizes = [round(10 ** (FIRST + k / STEPS)) for k in range((LAST - FIRST) * STEPS + 1)]
    found: dict[tuple[int, tuple[tuple[int, int], ...]], list[str]] = {}
    for name in names:
        alone = _alone(names, name, quantity)
        found.setdefault((law.degree(name), tuple((n, alone(n)) for n in sizes)), []).append(name)
    return [
        Curve(tuple(own), power, points, None if limit is None else _refused(_alone(names, own[0], quantity), limit))
        for (power, points), own in found.items()
    ]


def _alone(names: Sequence[str], name: str, quantity: Quantity) -> Callable[[int], int]:
    """A quantity as one size grows."""
    return lambda n: quantity(dict.fromkeys(names, OTHERS) | {name: n})


def _refused(quantity: Callable[[int], int], limit: int) -> int | None:
    """The smallest size at which a quantity that grows is above a limit."""
    low, high = 0, FARTHEST
    if quantity(high) <= limit:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if quantity(middle) > limit else (middle, high)
    return high


def draw(
    curves: Sequence[Curve], said: str, bound: tuple[int, str] | None = None, in_bytes: bool = False
) -> str | None:
    """Curves with their labels, and a bound as a line across; None where there is nothing to be drawn.

    Args:
        curves: what grows.
        said: the drawing in words.
        bound: a value that may not be exceeded, and how it is called.
        in_bytes: whether the values are bytes.
    """
    values = [v for c in curves for _, v in c.points if v > 0]
    if not values:
        return None
    low = floor(log10(min(values)))
    high = max(low + 1, ceil(log10(max([*values, *([bound[0]] if bound else [])]))))
    across = _axis(FIRST, LAST, LEFT, WIDTH - RIGHT)
    up = _axis(low, high, HEIGHT - BOTTOM, TOP)
    drawn = [*_across(across), *_up(up, low, high, in_bytes)]
    for i, c in enumerate(curves):
        path = " ".join(f"{across(n):.1f},{up(v):.1f}" for n, v in c.points)
        drawn.append(f'<polyline points="{path}" class="curve{i % 5}"/>')
    if bound:
        drawn.append(line(LEFT, up(bound[0]), WIDTH - RIGHT, up(bound[0]), "bound"))
        drawn.append(text(LEFT + 4, up(bound[0]) - 5, bound[1], "small", "start"))
    ends = _apart([up(c.points[-1][1]) + 4 for c in curves])
    drawn += [text(WIDTH - RIGHT + 5, y, c.label, "name", "start") for y, c in zip(ends, curves, strict=True)]
    over = max(wide(c.label) for c in curves) + 8 - RIGHT
    return svg(WIDTH + max(0.0, over), HEIGHT, drawn, said)


def _axis(low: int, high: int, start: float, end: float) -> Place:
    """Decades from `low` to `high` on an axis from `start` to `end`; nothing is below it."""
    return lambda value: start + (log10(max(value, 10**low)) - low) / (high - low) * (end - start)


def _across(across: Place) -> list[str]:
    """The axis of sizes."""
    drawn = []
    for k in range(FIRST, LAST + 1):
        x = across(10**k)
        drawn.append(line(x, TOP, x, HEIGHT - BOTTOM, "grid"))
        drawn.append(text(x, HEIGHT - BOTTOM + 17, _ten(k), "small"))
    return drawn


def _up(up: Place, low: int, high: int, in_bytes: bool) -> list[str]:
    """The axis of the quantity, labelled at every few decades."""
    every = 3 if in_bytes else next(k for k in (1, 2, 3, 5, 10, 20) if (high - low) / k <= MOST_LABELS)
    drawn = []
    for k in range(low, high + 1):
        y = up(10**k)
        drawn.append(line(LEFT, y, WIDTH - RIGHT, y, "grid"))
        if k % every == 0 or (in_bytes and high - low <= 3):
            drawn.append(text(LEFT - 6, y + 4, _bytes(k) if in_bytes else _ten(k), "small", "end"))
    return drawn


def _ten(k: int) -> str:
    return "10" + str(k).translate(HIGH) if k > 1 else str(10**k)


def _bytes(k: int) -> str:
    unit = min(k // 3, len(UNITS) - 1)
    return f"{10 ** (k - 3 * unit)} {UNITS[unit] if unit else 'B'}"


def _apart(places: Sequence[float]) -> list[float]:
    """The same places, moved so that each two are far enough from each other."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + APART)
    lowest = HEIGHT - BOTTOM + 4
    for i in reversed(order):
        moved[i] = min(moved[i], lowest)
        lowest = moved[i] - APART
    return moved
