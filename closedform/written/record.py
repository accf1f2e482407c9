"""A derivative written out: its entries in an array, shown as a matrix or in slices by the entries of the variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from closedform.compact.compact import compact_all
from closedform.compact.present import present
from closedform.core.expr import Expr
from closedform.core.shape import ONE
from closedform.core.shown import Told
from closedform.emit.latex import spelled
from closedform.emit.text import text
from closedform.errors import RequestError, TooLarge, VerificationError
from closedform.written.entries import ZERO, Entries, Place, in_latex, in_text, in_unicode

if TYPE_CHECKING:
    from closedform.verification.interpreter import Array, Env

MOST = 400  #: entries that are written out
TOLERANCE = 1e-9  #: of an entry written out, relative to the largest
REPORT_IT = "this is a bug of closedform, please report it with the function and this message"
Nested = Any  #: nested tuples of expressions, one level for each axis; for no axis the expression itself
Spell = Callable[[Expr], str]


@dataclass(frozen=True, slots=True)
class Slices:
    """What the slices of an array are called.

    Attributes:
        function: a name for the function.
        variables: those it was differentiated by, in order.
        labelled: those whose entries tell the slices apart, the last ones.
    """

    function: str
    variables: tuple[Expr, ...]
    labelled: tuple[Expr, ...]

    def label(self, places: Sequence[Place], spell: Callable[[Expr, Place], str]) -> str:
        """`∂F/∂X_12`, `∂²f/∂X∂X_12`."""
        names = [x.data.name for x in self.whole] + self._entries(places, spell)
        order = "" if len(names) == 1 else "⁰¹²³⁴⁵⁶⁷⁸⁹"[len(names) % 10]
        return f"∂{order}{self.function}/" + "".join("∂" + name for name in names)

    def latex(self, places: Sequence[Place], spell: Callable[[Expr, Place], str]) -> str:
        r"""`\frac{\partial F}{\partial X_{12}}`."""
        names = [spelled(x.data.name) for x in self.whole] + self._entries(places, spell)
        order = "" if len(names) == 1 else f"^{len(names)}"
        below = r" \, ".join(rf"\partial {name}" for name in names)
        return rf"\frac{{\partial{order} {spelled(self.function)}}}{{{below}}}"

    @property
    def whole(self) -> tuple[Expr, ...]:
        """The variables that are not labelled: their axes are those of a slice."""
        return self.variables[: len(self.variables) - len(self.labelled)]

    def _entries(self, places: Sequence[Place], spell: Callable[[Expr, Place], str]) -> list[str]:
        return [spell(x, place) for x, place in zip(self.labelled, places, strict=True)]


@dataclass(frozen=True, slots=True)
class WrittenOut(Told):
    """Every entry of an array as a formula in the entries of the variables.

    Attributes:
        entries: expressions of scalars, in nested tuples, one level for each axis.
        shape: the lengths of the axes.
        sizes: the number for every named dimension.
        scalars: what the scalars are.
        slices: for an array of more than two axes, how it is shown.
    """

    entries: Nested
    shape: tuple[int, ...]
    sizes: dict[str, int]
    scalars: Entries
    slices: Slices | None = None

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<WrittenOut {'×'.join(map(str, self.shape)) or 'number'}>"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def flat(self) -> list[Expr]:
        """The entries, the last axis running fastest."""
        found = [self.entries]
        for _ in self.shape:
            found = [inner for cells in found for inner in cells]
        return found

    def formulas(self, spell: Spell | None = None) -> Nested:
        """The same with the text of every entry in its place."""
        return _mapped(self.entries, spell or _text)

    @property
    def text(self) -> str:
        """In nested brackets, slice after slice: `[2*A_11*x_1 + (A_12 + A_21)*x_2, …]`."""
        parts = []
        for places, cells in self.blocks():
            label = "" if self.slices is None else f"{self.slices.label(places, self._spelled(in_text))} =\n"
            parts.append(label + _brackets(_mapped(cells, _text)))
        return "\n".join(parts)

    def unicode(self) -> str:
        """As one reads it in a terminal: matrices in tall brackets."""
        return "\n\n".join("\n".join(lines) for lines in self.lines())

    def lines(self) -> Iterator[list[str]]:
        """The lines of each block in Unicode, with its label beside the middle one."""
        for places, cells in self.blocks():
            block = _tall(_mapped(cells, self.scalars.unicode))
            label = "" if self.slices is None else self.slices.label(places, self._spelled(in_unicode)) + " = "
            middle = (len(block) - 1) // 2
            yield [(label if i == middle else " " * len(label)) + line for i, line in enumerate(block)]

    def latex(self) -> str:
        """Matrix environments, slices one below the other."""
        parts = [f"{label} &= {block}" if label else block for label, block in self.latex_blocks()]
        return parts[0] if self.slices is None else r"\begin{aligned} " + r" \\ ".join(parts) + r" \end{aligned}"

    def latex_blocks(self) -> Iterator[tuple[str, str]]:
        """Each slice with its label; without slices the matrix, with none."""
        for places, cells in self.blocks():
            label = "" if self.slices is None else self.slices.latex(places, self._spelled(in_latex))
            yield label, _bmatrix(_mapped(cells, self.scalars.latex))

    def blocks(self) -> Iterator[tuple[list[Place], Nested]]:
        """Each slice: the entries of the labelled variables it belongs to, and its entries."""
        if self.slices is None:
            yield [], self.entries
            return
        shapes = [self.scalars.shape(x) for x in self.slices.labelled]
        axes = [[d is not ONE for d in x.shape] for x in self.slices.labelled]
        lead = len(self.shape) - sum(map(sum, axes))
        for places in product(*[product(range(m), range(n)) for m, n in shapes]):
            index = [i for place, kept in zip(places, axes, strict=True) for i, k in zip(place, kept, strict=True) if k]
            yield list(places), _sliced(self.entries, lead, index)

    def numbers(self, env: Env) -> Array:
        """The array of numbers at the values of the variables, each of shape (rows, columns)."""
        from closedform.verification.interpreter import evaluate

        found = {**env, **self.scalars.values(env, self.sizes)}
        cells = [float(evaluate(e, found, self.sizes).reshape(-1)[0]) for e in self.flat()]
        return np.array(cells).reshape(self.shape)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "sizes": self.sizes,
            "shape": list(self.shape),
            "entries": self.formulas(),
            "unicode": self.unicode(),
            "latex": self.latex(),
        }

    def _spelled(self, spell: Callable[[Expr, Place, Place], str]) -> Callable[[Expr, Place], str]:
        return lambda x, place: spell(x, place, self.scalars.shape(x))


def chosen_sizes(names: Sequence[str], size: int, given: Mapping[str, int]) -> dict[str, int]:
    """A number for every dimension: the given one, or `size`.

    Raises:
        RequestError: a name that is no dimension, or a size that is no positive integer.
    """
    for name in given:
        if name not in names:
            known = "its dimensions are " + ", ".join(names) if names else "all its dimensions are numbers"
            raise RequestError(f"{name[:40]} is not a dimension of the derivative", hint=known)
    for n in (size, *given.values()):
        if not isinstance(n, int) or isinstance(n, bool) or not 0 < n < 10**6:
            raise RequestError(f"a size is a positive integer, not {n!r}"[:100])
    return {name: given.get(name, size) for name in names}


def refuse_many(count: int) -> None:
    """Raise TooLarge if so many entries are not written out."""
    if count > MOST:
        raise TooLarge(f"written out, the derivative has {count:,} entries; at most {MOST} are shown",
                       hint="give smaller sizes, or compile it")  # fmt: skip


def write_out(matrix: Expr, shape: tuple[int, ...], scalars: Entries, slices: Slices | None = None) -> WrittenOut:
    """The entries of a matrix in an array of this shape, filled with the first index running fastest.

    Raises:
        TooLarge: the entries are too long to write down.
    """
    grid, rows = scalars.of(matrix), scalars.shape(matrix)[0]
    places = [divmod(k, rows)[::-1] for k in range(prod(shape))]
    shown = compact_all([grid.get(place, ZERO) for place in places])
    return WrittenOut(nested(shown, shape), shape, dict(scalars.sizes), scalars, slices)


def nested(cells: Sequence[Expr], shape: tuple[int, ...]) -> Nested:
    """Cells in which the first index runs fastest, as nested tuples with a level for each axis."""
    if not shape:
        return cells[0]
    return tuple(nested(cells[i :: shape[0]], shape[1:]) for i in range(shape[0]))


def verify(written: WrittenOut, matrix: Expr, envs: Sequence[Env]) -> None:
    """Compare every entry written out with that of the matrix, at some points.

    Raises:
        VerificationError: one differs.
    """
    from closedform.verification.interpreter import evaluate

    for env in envs:
        value = evaluate(matrix, env, written.sizes).reshape(written.shape, order="F")
        compare(written.numbers(env), value, "an entry written out differs from the derivative")


def compare(a: Array, b: Array, message: str) -> float:
    """The largest difference of two arrays of one shape.

    Raises:
        VerificationError: it is too large.
    """
    difference = float(np.abs(a - b).max(initial=0.0))
    size = max(float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0)), 1e-3)
    if not difference <= TOLERANCE * size:
        raise VerificationError(f"{message} (by {difference:.1e}); {REPORT_IT}")
    return difference


def _text(e: Expr) -> str:
    return text(present(e))


def _mapped(cells: Nested, spell: Spell) -> Nested:
    return tuple(_mapped(c, spell) for c in cells) if isinstance(cells, tuple) else spell(cells)


def _sliced(cells: Nested, lead: int, index: Sequence[int]) -> Nested:
    """The entries at some last indices, with the first axes as they are."""
    if lead:
        return tuple(_sliced(c, lead - 1, index) for c in cells)
    for i in index:
        cells = cells[i]
    return cells


def _table(cells: Nested) -> list[list[str]]:
    """Rows of aligned columns; a vector is a column."""
    if isinstance(cells, str):
        return [[cells]]
    rows = [[row] if isinstance(row, str) else list(row) for row in cells]
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    return [[cell.ljust(w) for cell, w in zip(row, widths, strict=True)] for row in rows]


def _brackets(cells: Nested) -> str:
    if isinstance(cells, str):
        return cells
    if isinstance(cells[0], str):
        return f"[{', '.join(cells)}]"
    cells = [[cell + "," for cell in row[:-1]] + [row[-1]] for row in cells]
    rows = [f"[{' '.join(row).rstrip()}]" for row in _table(cells)]
    return "[" + ",\n ".join(rows) + "]"


def _tall(cells: Nested) -> list[str]:
    if isinstance(cells, str):
        return [cells]
    rows = ["   ".join(row) for row in _table(cells)]
    if len(rows) == 1:
        return [f"[ {rows[0]} ]"]
    sides = [("⎡", "⎤"), *[("⎢", "⎥")] * (len(rows) - 2), ("⎣", "⎦")]
    return [f"{left} {row} {right}" for (left, right), row in zip(sides, rows, strict=True)]


def _bmatrix(cells: Nested) -> str:
    if isinstance(cells, str):
        return cells
    rows = [" & ".join(row) if isinstance(row, tuple) else row for row in cells]
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"
