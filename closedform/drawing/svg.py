"""What drawings are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from closedform.core.expr import Expr, topological

SIZES = (6, 4, 3, 5, 2)  #: sample sizes of dimensions, in their order
UNIT, LETTER, LINE, GAP = 11.0, 8.2, 18.0, 5.0  #: of a drawing: an entry, a letter, a line of text, a gap


def sample_sizes(parts: Iterable[Expr], sizes: Sequence[int] = SIZES) -> dict[str, int]:
    """A number for every dimension, in the order of the alphabet."""
    names = sorted({n for e in topological(list(parts)) for d in e.shape for n in d.names})
    return {n: sizes[i % len(sizes)] for i, n in enumerate(names)}


def svg(width: float, height: float, inside: Iterable[str], label: str) -> str:
    """A drawing with a description.

    >>> svg(10, 5, [line(0, 0, 10, 5)], "a line")[:64]
    '<svg viewBox="0 0 10 5" width="10" height="5" role="img" aria-la'
    """
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg {size} role="img" aria-label="{escape(label)}">{"".join(inside)}</svg>'


def text(x: float, y: float, said: str, kind: str = "sign", anchor: str = "middle") -> str:
    """A text whose baseline begins, ends or has its middle at a point."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(said)}</text>'


def line(x: float, y: float, u: float, v: float, kind: str = "") -> str:
    """A line from (x, y) to (u, v)."""
    own = f' class="{kind}"' if kind else ""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" y2="{v:.1f}"{own}/>'


def rect(x: float, y: float, width: float, height: float, kind: str = "") -> str:
    """A rectangle by its upper left corner."""
    own = f' class="{kind}"' if kind else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{own}/>'


def circle(x: float, y: float, radius: float, kind: str = "") -> str:
    """A disc by its centre."""
    own = f' class="{kind}"' if kind else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.0f}"{own}/>'


def wide(said: str, letter: float = LETTER) -> float:
    """About how wide a text is."""
    return len(said) * letter
