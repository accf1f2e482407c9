"""Drawings of the structure of an answer, as SVG: the shapes of its factors to scale, its graph, its sparsity.

Sizes are sample sizes; a drawing holds no style and no script, and every text in it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from closedform import view
from closedform.answer import Derivative
from closedform.core.expr import Expr, topological
from closedform.core.shape import SCALAR, Shape
from closedform.emit.shaped import shaped, words
from closedform.emit.unicode import unicode

SIZES = (6, 4, 3, 5, 2)  #: sample sizes of dimensions, in their order
UNIT, LETTER, LINE, GAP = 11.0, 8.2, 18.0, 5.0  #: of a drawing: an entry, a letter, a line of text, a gap
WIDEST = 22  #: entries of a factor that is drawn to scale
LARGEST_GRAPH, ROW, COLUMN = 40, 66, 72
SPARSE_SIZES = (8, 6, 5, 7, 4)
LARGEST_PATTERN = 64  #: rows or columns of a pattern


def sample_sizes(parts: Iterable[Expr], sizes: Sequence[int] = SIZES) -> dict[str, int]:
    """A number for every dimension, in the order of the alphabet."""
    names = sorted({n for e in topological(list(parts)) for d in e.shape for n in d.names})
    return {n: sizes[i % len(sizes)] for i, n in enumerate(names)}


def svg(width: float, height: float, inside: Iterable[str], label: str) -> Markup:
    """A drawing with a description."""
    body = Markup("").join(map(Markup, inside))
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return Markup('<svg {} role="img" aria-label="{}">{}</svg>').format(Markup(size), label, body)


def _text(x: float, y: float, said: str, kind: str = "sign") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="middle">{escape(said)}</text>'


# -------------------------------------------------------------------------------------------------------- factors


def factors(D: Derivative) -> Markup | None:
    """The answer with a rectangle for every factor, as large as its matrix at sample sizes; None for an array."""
    if D.arrangement.axes:
        return None
    sizes = sample_sizes([D.shown, *D.variables])
    known = {words(s): s for e in topological([D.shown]) for s in (e.shape, e.shape[::-1])}
    pieces = [(view.heading(D), words(D.expr.shape), D.expr.shape), ("=", "", None), *_pieces(D.shown, known)]
    boxes = [(s[0].value(sizes), s[1].value(sizes)) for _, _, s in pieces if s is not None]
    if max(max(box) for box in boxes) > WIDEST:
        return None
    height = max(rows for rows, _ in boxes) * UNIT
    drawn, at = list[str](), GAP
    for said, shape_said, shape in pieces:
        width = max(len(said), len(shape_said)) * LETTER + GAP
        if shape is not None:
            rows, columns = (d.value(sizes) for d in shape)
            width = max(width, columns * UNIT)
            x, y = at + (width - columns * UNIT) / 2, LINE + (height - rows * UNIT) / 2
            drawn.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{columns * UNIT:.1f}" height="{rows * UNIT:.1f}"/>')
            drawn.append(_text(at + width / 2, height + 2 * LINE, said, "name"))
            drawn.append(_text(at + width / 2, height + 3 * LINE, shape_said, "shape"))
        else:
            drawn.append(_text(at + width / 2, LINE + height / 2 + GAP, said))
        at += width + GAP
    return svg(at, height + 3.4 * LINE, drawn, f"{D.unicode()}: {', '.join(f'{n} = {k}' for n, k in sizes.items())}")


def _pieces(e: Expr, known: dict[str, Shape]) -> Iterator[tuple[str, str, Shape | None]]:
    """The factors with their shapes, and the signs between them."""
    formula, found = shaped(e)
    at = 0
    for f in found:
        if formula[at : f.start].strip():
            yield formula[at : f.start].strip(), "", None
        yield formula[f.start : f.end], f.shape, known.get(f.shape, SCALAR)
        at = f.end
    if formula[at:].strip():
        yield formula[at:].strip(), "", None


# ---------------------------------------------------------------------------------------------------------- graph

SIGNS = {
    "add": "+", "scale": "×", "matmul": "×", "hadamard": "⊙", "transpose": "ᵀ", "power": "^", "matpow": "^",
    "kron": "⊗", "inv": "⁻¹",
}  # fmt: skip


def graph(e: Expr) -> Markup | None:
    """The expression as a graph in which equal parts are one node, leaves below; None when it is large."""
    nodes = topological([e])
    if len(nodes) > LARGEST_GRAPH:
        return None
    level: dict[Expr, int] = {}
    for n in nodes:
        level[n] = 1 + max((level[a] for a in n.args), default=-1)
    rows = [list(row) for _, row in groupby(sorted(nodes, key=lambda n: level[n]), key=lambda n: level[n])]
    place = _places(rows)
    width = max(x for x, _ in place.values()) + 48
    height = len(rows) * ROW + 8
    drawn = []
    for n in nodes:
        x, y = place[n]
        for a in n.args:
            u, v = place[a]
            drawn.append(f'<line x1="{x:.1f}" y1="{height - y + 13:.1f}" x2="{u:.1f}" y2="{height - v - 23:.1f}"/>')
    for n in nodes:
        x, y = place[n]
        drawn.append(_text(x, height - y - 8, _sign(n), "name" if n.op.name == "symbol" else "sign"))
        drawn.append(_text(x, height - y + 7, words(n.shape) if n.shape != SCALAR else "", "shape"))
    return svg(width, height + 8, drawn, f"{len(nodes)}")


def _places(rows: list[list[Expr]]) -> dict[Expr, tuple[float, float]]:
    """Rows below one another, every node about where its operands are."""
    place: dict[Expr, tuple[float, float]] = {}
    widest = max(map(len, rows))
    for i, row in enumerate(rows):
        aim = {n: sum(place[a][0] for a in n.args) / len(n.args) if n.args else 0.0 for n in row}
        ordered = sorted(row, key=lambda n: aim[n]) if i else row
        step = COLUMN * max(1.0, widest / (len(row) + 1)) if len(row) < widest else COLUMN
        for j, n in enumerate(ordered):
            place[n] = (48 + j * step + (widest * COLUMN - len(row) * step) / 2, 18 + i * ROW)
    return place


def _sign(n: Expr) -> str:
    return SIGNS.get(n.op.name) or (n.op.name if n.args else unicode(n))


# ------------------------------------------------------------------------------------------------------- sparsity


def sparsity(D: Derivative) -> tuple[Markup, dict[str, int], int, int] | None:
    """Where the entries of a matrix are not zero, at sample sizes and random values; None for a vector or an array.

    Returns:
        The drawing, the sizes, how many entries are not zero, and how many there are.
    """
    import numpy as np

    from closedform.verification.interpreter import evaluate
    from closedform.verification.sample import sample_at

    if D.arrangement.axes or 1 in (d.value({n: 2 for n in d.names}) for d in D.expr.shape):
        return None
    sizes = sample_sizes([D.function.expr, *D.variables], SPARSE_SIZES if not D.is_array else (3, 4, 2))
    rows, columns = (d.value(sizes) for d in D.expr.shape)
    if max(rows, columns) > LARGEST_PATTERN:
        return None
    sample = sample_at([D.function.expr, *D.variables], sizes)
    values = np.abs(evaluate(D.expr, sample.env, sample.sizes)).max(axis=0)
    there = values > 1e-13 * values.max()
    cell = 6.0 if max(rows, columns) > 24 else UNIT
    drawn = [f'<rect class="frame" x="1" y="1" width="{columns * cell:.0f}" height="{rows * cell:.0f}"/>']
    drawn += [
        f'<rect x="{1.5 + j * cell:.1f}" y="{1.5 + i * cell:.1f}" width="{cell - 1:.1f}" height="{cell - 1:.1f}"/>'
        for i, j in np.argwhere(there)
    ]
    drawing = svg(columns * cell + 2, rows * cell + 2, drawn, f"{int(there.sum())} / {there.size}")
    return drawing, sizes, int(there.sum()), int(there.size)
