"""The answer with a rectangle for every factor, as large as its matrix at sample sizes."""

from __future__ import annotations

from collections.abc import Iterator

from closedform import view
from closedform.answer import Derivative
from closedform.core.expr import Expr, topological
from closedform.core.shape import SCALAR, Shape
from closedform.drawing.svg import GAP, LINE, UNIT, rect, sample_sizes, svg, text, wide
from closedform.emit.shaped import shaped, words

WIDEST = 22  #: entries of a factor that is drawn to scale


def factors(D: Derivative) -> str | None:
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
        width = max(wide(said), wide(shape_said)) + GAP
        if shape is not None:
            rows, columns = (d.value(sizes) for d in shape)
            width = max(width, columns * UNIT)
            x, y = at + (width - columns * UNIT) / 2, LINE + (height - rows * UNIT) / 2
            drawn.append(rect(x, y, columns * UNIT, rows * UNIT))
            drawn.append(text(at + width / 2, height + 2 * LINE, said, "name"))
            drawn.append(text(at + width / 2, height + 3 * LINE, shape_said, "shape"))
        else:
            drawn.append(text(at + width / 2, LINE + height / 2 + GAP, said))
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
