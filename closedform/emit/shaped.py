"""A formula with the shape of every factor: below it in a terminal, under it in LaTeX.

The notations mark the factors of products as they spell them; the marks are characters that no formula has, and are
taken out again here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from closedform.core.abstract import Abstract
from closedform.core.expr import Expr
from closedform.core.shape import SCALAR, Shape, show
from closedform.emit.formula import Formula, Product
from closedform.emit.latex import Latex, sized
from closedform.emit.notation import POSTFIX, Notation
from closedform.emit.unicode import Unicode, between

OPEN, MIDDLE, CLOSE = "\ue000", "\ue001", "\ue002"  #: a mark is OPEN shape MIDDLE factor CLOSE
_MARK = re.compile(f"{OPEN}[^{MIDDLE}]*{MIDDLE}|{CLOSE}")


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of a formula: where it is, and its shape.

    Attributes:
        start, end: its place in the formula.
        shape: in words, such as `m×n`.
    """

    start: int
    end: int
    shape: str


class _Marking(Notation):
    """Marks the factors of products while they are spelled."""

    inside: Product | None = None

    def product(self, p: Product) -> str:
        before, self.inside = self.inside, p
        try:
            return super().product(p)
        finally:
            self.inside = before

    def at(self, part: Formula, level: int) -> str:
        shown = super().at(part, level)
        if self.inside is None or level != POSTFIX or part.shape == SCALAR or part not in self.inside.body:
            return shown
        return f"{OPEN}{self.shape(part.shape)}{MIDDLE}{shown}{CLOSE}"

    def shape(self, shape: Shape) -> str:
        return words(shape)


def words(shape: Shape) -> str:
    """`m×n`; products of sizes of one letter each without their dots, `mn×pq`."""
    if all(len(name) == 1 for d in shape for name in d.names):
        return "×".join(d.text.replace("*", "") for d in shape)
    return show(shape).replace("*", "·")


class _Unicode(_Marking, Unicode):
    def times(self, factors: Iterable[str]) -> str:
        shown = plain = ""
        for f in factors:
            bare = _MARK.sub("", f)
            gap = between(plain, bare)
            shown, plain = shown + gap + f, plain + gap + bare
        return shown


class _Latex(_Marking, Latex):
    def times(self, factors: Iterable[str]) -> str:
        shown = ""
        for f in factors:
            shown += (r" \cdot " if _MARK.sub("", f)[0].isdigit() else " ") + f if shown else f
        return shown

    def abstract(self, op: Abstract, args: tuple[Formula, ...]) -> str:
        shown = super().abstract(op, args)
        return rf"\mathrm{{d}}{shown[1:]}" if op.function == "d" else shown

    def shape(self, shape: Shape) -> str:
        return rf"{sized(shape[0])} \times {sized(shape[1])}"


def shaped(e: Expr) -> tuple[str, list[Factor]]:
    """An expression in Unicode, and its outermost factors that are no scalars.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x, A = symbol("x", shape_of(["n"])), symbol("A", shape_of(["m", "n"]))
    >>> shaped(A @ x)
    ('Ax', [Factor(start=0, end=1, shape='m×n'), Factor(start=1, end=2, shape='n×1')])
    """
    return _read(_Unicode().write(e), e.shape)


def _read(marked: str, whole: Shape) -> tuple[str, list[Factor]]:
    shown, found, depth, at = "", list[Factor](), 0, 0
    shape, start = "", 0
    while at < len(marked):
        c = marked[at]
        if c == OPEN:
            end = marked.index(MIDDLE, at)
            if depth == 0:
                shape, start = marked[at + 1 : end], len(shown)
            depth, at = depth + 1, end + 1
            continue
        if c == CLOSE:
            depth -= 1
            if depth == 0:
                found.append(Factor(start, len(shown), shape))
        else:
            shown += c
        at += 1
    return shown, found or ([] if whole == SCALAR else [Factor(0, len(shown), words(whole))])


def shaped_latex(e: Expr) -> str:
    r"""An expression in LaTeX with the shape under every factor.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x, A = symbol("x", shape_of(["n"])), symbol("A", shape_of(["m", "n"]))
    >>> print(shaped_latex(A @ x))
    \underset{m \times n}{A} \underset{n \times 1}{x}
    """
    marked, depth, shown = _Latex().write(e), 0, ""
    for piece in re.split(f"({OPEN}[^{MIDDLE}]*{MIDDLE}|{CLOSE})", marked):
        if piece.startswith(OPEN):
            shown += rf"\underset{{{piece[1:-1]}}}{{" if depth == 0 else ""
            depth += 1
        elif piece == CLOSE:
            depth -= 1
            shown += "}" if depth == 0 else ""
        else:
            shown += piece
    return shown


def two_lines(e: Expr, head: str = "") -> tuple[str, str]:
    r"""A formula for a terminal and the line of shapes to go below it; factors are set apart as far as that needs.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x, A = symbol("x", shape_of(["n"])), symbol("A", shape_of(["m", "n"]))
    >>> print("\n".join(two_lines(A @ x, "y = ")))
    y =  A   x
        m×n n×1
    """
    formula, factors = shaped(e)
    above, below, at = head, " " * len(head), 0
    for f in factors:
        above += formula[at : f.start]
        below += " " * (len(above) - len(below))
        width = max(f.end - f.start, len(f.shape))
        above += formula[f.start : f.end].center(width)
        below += f.shape.center(width)
        at = f.end
        if formula[at : at + 1] not in (" ", ")", ""):
            above, below = above + " ", below + " "
    return (above + formula[at:]).rstrip(), below.rstrip()
