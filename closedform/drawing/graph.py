"""The expression as a graph in which equal parts are one node."""

from __future__ import annotations

from itertools import groupby

from closedform.core.expr import Expr, topological
from closedform.core.shape import SCALAR
from closedform.drawing.svg import line, svg, text
from closedform.emit.shaped import words
from closedform.emit.unicode import unicode

LARGEST, ROW, COLUMN = 40, 66, 72  #: nodes; between the rows, between the columns
SIGNS = {
    "add": "+", "scale": "×", "matmul": "×", "hadamard": "⊙", "transpose": "ᵀ", "power": "^", "matpow": "^",
    "kron": "⊗", "inv": "⁻¹",
}  # fmt: skip


def graph(e: Expr) -> str | None:
    """The expression as a graph in which equal parts are one node, leaves below; None when it is large."""
    nodes = topological([e])
    if len(nodes) > LARGEST:
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
            drawn.append(line(x, height - y + 13, u, height - v - 23))
    for n in nodes:
        x, y = place[n]
        drawn.append(text(x, height - y - 8, _sign(n), "name" if n.op.name == "symbol" else "sign"))
        drawn.append(text(x, height - y + 7, words(n.shape) if n.shape != SCALAR else "", "shape"))
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
