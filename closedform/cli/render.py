"""What an answer and an error look like in a terminal, in a pipe, and as JSON.

Nothing that a user typed reaches a terminal raw: characters that do not print are replaced.  Formulas are never
cut or broken; the terminal wraps them, so that they copy as one line.
"""

from __future__ import annotations

import json as _json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

from closedform.calculus.layout import AS_IS
from closedform.core.shape import sizes_in_words
from closedform.errors import TooLarge

if TYPE_CHECKING:
    from rich.text import Text

    from closedform.answer import Derivative
    from closedform.errors import ClosedFormError

Line = tuple[str, str]  #: a style of rich, and what is printed in it
LABEL = 9  #: columns of the labels


def answer(D: Derivative, *, all_layouts: bool = False) -> None:
    """Print an answer that was checked: what was inferred, the formula, and what is known about it."""
    lines = [*_lines(D), *(_layouts(D) if all_layouts else [])]
    _write(sys.stdout, lines, {x.data.name for x in D.variables})


def _layouts(D: Derivative) -> Iterator[Line]:
    """The table of layouts: name, shape, formula, and below it who uses it."""
    rows = D.layouts()
    names, shapes = max(len(r.name) for r in rows), max(len(sizes_in_words(r.shape)) for r in rows)
    yield "", ""
    for r in rows:
        yield "", f"{r.name:{names}}  {sizes_in_words(r.shape):{shapes}}  {r.formula}"
        yield "dim", f"{'':{names}}  {'':{shapes}}  {r.users}"


def layouts_as_data(D: Derivative) -> dict[str, Any]:
    """The table of layouts for JSON."""
    return {
        "layouts": [
            {"name": r.name, "shape": list(r.shape), "formula": r.formula, "users": r.users} for r in D.layouts()
        ]
    }


def _lines(D: Derivative) -> Iterator[Line]:
    if D.function.notes:
        yield "dim", "inferred: " + "; ".join(D.function.notes)
    yield "", ""
    yield "formula", f"  J = {_symbol(D)},  {D.unicode()}" if D.arrangement.axes else f"  {_symbol(D)} = {D.unicode()}"
    yield "", ""
    yield "", f"{'text':{LABEL}}{D.text}"
    if D.is_array:
        yield "", f"{'map':{LABEL}}{D.operator()}"
        if not D.arrangement.axes:
            yield "", f"{'entries':{LABEL}}{_entries(D)}"
    yield "", f"{'shape':{LABEL}}{sizes_in_words(D.shape)}"
    yield "", f"{'layout':{LABEL}}{D.layout}"
    for convention in D.conventions:
        yield "", f"{'note':{LABEL}}{convention}"
    if D.conditions:
        yield "yellow", f"{'valid if':{LABEL}}{', '.join(D.conditions)}"
    yield "green", f"✓ {D.check()}"


def _entries(D: Derivative) -> str:
    """Index notation, or why there is none."""
    try:
        return D.index()
    except TooLarge as too_large:
        return too_large.message


def _symbol(D: Derivative) -> str:
    """`∂f/∂x` or `∂²f/∂x∂y`, with a name for the function that is none of its variables."""
    f = next((name for name in "fFgGφΦ" if name not in D.function.variables), "·")
    names = [x.data.name for x in D.variables]
    if D.is_array and D.arrangement is AS_IS and len(names) == 1:
        return f"∂vec {f}/∂(vec {names[0]})ᵀ"
    if len(names) == 1:
        return f"∂{f}/∂{names[0]}"
    order = "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(names)))
    same = len(set(names)) == 1
    return f"∂{order}{f}/" + (f"∂{names[0]}{order}" if same else "∂" + "∂".join(names))


def lines(shown: Iterable[Line]) -> None:
    """Print lines, each in its style."""
    _write(sys.stdout, list(shown), set())


def error(message: str, kind: str) -> None:
    """Print an error on stderr: `kind: message`, with its excerpt and hint."""
    _write(sys.stderr, [("error", f"{kind}: {message}")], set())


def error_fields(error: ClosedFormError) -> dict[str, Any]:
    """An error as data."""
    return {
        "type": type(error).__name__,
        "message": error.message,
        "span": list(error.span) if error.span else None,
        "source": error.source,
        "shapes": error.shapes,
        "hint": error.hint,
    }


def json(fields: dict[str, Any] | list[dict[str, Any]]) -> str:
    """JSON, readable, whose strings hold no character that would act on a terminal."""
    written = _json.dumps(fields, ensure_ascii=False, indent=2)
    return "".join(c if c.isprintable() or c == "\n" else _json.dumps(c)[1:-1] for c in written)


def printable(text: str) -> str:
    """The text with control characters, escapes and invisible marks replaced by a dot.

    >>> printable("x" + chr(27) + "[31m + y")
    'x·[31m + y'
    """
    return "".join(c if c.isprintable() or c == "\n" else "·" for c in text)


def _write(stream: TextIO, lines: list[Line], variables: set[str]) -> None:
    """Print lines, in colour on a terminal that wants it."""
    if not _coloured(stream):
        stream.write("".join(printable(text) + "\n" for _, text in lines))
        return
    from rich.console import Console

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for style, text in lines:
        console.print(_styled(style, printable(text), variables), soft_wrap=True)


def _coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _styled(style: str, text: str, variables: set[str]) -> Text:
    """A line in its style; in a formula the variables of the derivative stand out, in an error its first words do."""
    from rich.text import Text

    if style == "formula":
        shown = Text(text, "bold")
        shown.highlight_words(sorted(variables, key=len, reverse=True), "cyan")
        return shown
    if style == "error":
        kind, colon, rest = text.partition(":")
        return Text.assemble((kind + colon, "bold red"), rest)
    return Text(text, style)
