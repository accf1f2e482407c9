"""What an answer and an error look like in a terminal, in a pipe, and as JSON; in the language of the reader.

Nothing that a user typed reaches a terminal raw: characters that do not print are replaced.  Formulas are never
cut or broken; the terminal wraps them, so that they copy as one line.
"""

from __future__ import annotations

import json as _json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from closedform.core.shape import sizes_in_words
from closedform.errors import TooLarge, VerificationError
from closedform.lang import say
from closedform.lang.messages import told, translated
from closedform.view import heading

if TYPE_CHECKING:
    from rich.text import Text

    from closedform.answer import Derivative
    from closedform.derivation.telling import Derivation, Step
    from closedform.errors import ClosedFormError
    from closedform.program.cost import Cost

Line = tuple[str, str]  #: a style of rich, and what is printed in it
LABELS = ("text", "map", "entries", "shape", "layout", "note", "valid")
GAP, WIDEST = 6, 110  #: columns between two routes side by side, and of both together
Chosen = tuple[int, dict[str, int]]  #: the size of every dimension that is not named, and of those that are


def answer(
    D: Derivative,
    lang: str,
    *,
    all_layouts: bool = False,
    derivation: Derivation | None = None,
    entries: Chosen | None = None,
    cost: Cost | None = None,
) -> None:
    """Print an answer that was checked: what was inferred, the formula, and what is known about it.

    Args:
        D: the derivative.
        lang: the language.
        all_layouts: whether the table of layouts follows.
        derivation: the steps, if they follow.
        entries: the sizes at which the entries follow, written out.
        cost: of a call of its code, if that follows.
    """
    lines = [*_lines(D, lang), *(_steps(derivation) if derivation else []), *(_layouts(D, lang) if all_layouts else [])]
    lines += _written_out(D, lang, *entries) if entries else []
    lines += [("", line) for line in ("", *cost.told(lang).split("\n"))] if cost else []
    _write(sys.stdout, lines, {x.data.name for x in D.variables})


def _steps(derivation: Derivation) -> Iterator[Line]:
    yield "", ""
    for i, one in enumerate(derivation, 1):
        yield from step(i, one)
    yield "green", f"✓ {derivation.verdict}"


def step(number: int, step: Step) -> Iterator[Line]:
    """A numbered sentence and the rule; the formula; the shapes of its factors."""
    rule = ";  ".join(step.formulas)
    yield "dim", f"{number:>2}  {step.sentence}" + (f":  {rule}" if rule else "")
    formula, shapes = step.lines
    yield "formula", f"      {formula}"
    if shapes:
        yield "dim", f"      {shapes}"


def lines(shown: Iterable[Line]) -> None:
    """Print lines, each in its style."""
    _write(sys.stdout, list(shown), set())


def _layouts(D: Derivative, lang: str) -> Iterator[Line]:
    """The table of layouts: name, shape, formula, and below it who uses it."""
    rows = D.layouts()
    names, shapes = max(len(r.name) for r in rows), max(len(sizes_in_words(r.shape)) for r in rows)
    yield "", ""
    for r in rows:
        yield "", f"{r.name:{names}}  {sizes_in_words(r.shape):{shapes}}  {r.formula}"
        yield "dim", f"{'':{names}}  {'':{shapes}}  {translated(lang, r.users)}"


def _written_out(D: Derivative, lang: str, size: int, sizes: dict[str, int]) -> Iterator[Line]:
    """The entries at some sizes; of an array by both routes, side by side where the lines are short."""
    written = D.written_out(size, **sizes)
    at = ", ".join(f"{name} = {n}" for name, n in written.sizes.items())
    yield "", ""
    shape = "×".join(map(str, written.shape)) or "1×1"
    yield "", say(lang, "cli.written_out" if at else "cli.written_out_at_once", at=at, shape=shape)
    yield "", ""
    if written.slices is None or not D.has_routes:
        for line in written.unicode().split("\n"):
            yield "", f"  {line}".rstrip()
        return
    both = D.routes(size, at=None, **sizes)
    rows, width = both.flat.shape
    left = ["1  " + say(lang, "cli.by_partials", n=len(list(both.partials.blocks())), shape=shape), ""]
    right = ["2  " + say(lang, "cli.by_vec", rows=rows, columns=width, shape=shape), ""]
    left += both.partials.unicode().split("\n")
    right += both.jacobian.unicode().split("\n")
    for line in _beside(left, right):
        yield "", f"  {line}".rstrip()
    yield "", ""
    yield "green", f"✓ {translated(lang, both.says)}"


def _beside(left: list[str], right: list[str]) -> list[str]:
    """Two columns; one below the other when that is too wide."""
    width = max(map(columns, left)) + GAP
    if width + max(map(columns, right)) > WIDEST:
        return [*left, "", *right]
    return [(padded(a, width) if b else a) + b for a, b in zip_longest(left, right, fillvalue="")]


def cost_as_data(cost: Cost | None) -> dict[str, Any]:
    """The cost at the sizes that were given, for JSON."""
    return {} if cost is None else {"cost": cost.as_dict()}


def _lines(D: Derivative, lang: str) -> Iterator[Line]:
    said = partial(translated, lang)
    label = _labels(lang)
    if D.function.notes:
        yield "dim", say(lang, "cli.inferred", notes=say(lang, "cli.semicolon").join(map(said, D.function.notes)))
    yield "", ""
    yield "formula", f"  J = {heading(D)},  {D.unicode()}" if D.arrangement.axes else f"  {heading(D)} = {D.unicode()}"
    yield "", ""
    yield "", label["text"] + D.text
    if D.is_array and not D.free:
        yield "", label["map"] + D.operator()
        if not D.arrangement.axes:
            yield "", label["entries"] + said(_entries(D))
    yield "", label["shape"] + sizes_in_words(D.shape)
    yield "", label["layout"] + D.layout
    for convention in D.conventions:
        yield "", label["note"] + said(convention)
    if D.conditions:
        yield "yellow", label["valid"] + say(lang, "cli.comma").join(map(said, D.conditions))
    yield "green", f"✓ {'; '.join(map(said, D.check().sentences))}"


def _labels(lang: str) -> dict[str, str]:
    """The labels, filled up to one width, and a blank."""
    labels = {key: say(lang, f"cli.{key}") for key in LABELS}
    widest = max(map(columns, labels.values()))
    return {key: padded(label, widest + 1) for key, label in labels.items()}


def padded(label: str, width: int) -> str:
    """Filled up with blanks to a width in columns of a terminal, by one at least."""
    return label + " " * max(1, width - columns(label))


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Hangul and Chinese characters take two.

    >>> columns("shape"), columns("크기"), columns("形状")
    (5, 4, 4)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _entries(D: Derivative) -> str:
    """Index notation, or why there is none."""
    try:
        return D.index()
    except TooLarge as too_large:
        return too_large.message


def error(error: ClosedFormError, lang: str) -> None:
    """Print an error on stderr, with its excerpt and hint; a failed check is said to be a mistake of ours."""
    key = "cli.internal" if isinstance(error, VerificationError) else "cli.error"
    _write(sys.stderr, [("error", say(lang, key, message=told(error, lang)))], set())


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
        kind = re.split("(?<=[:：])", text, maxsplit=1)[0]
        return Text.assemble((kind, "bold red"), text[len(kind) :])
    return Text(text, style)
