"""What an answer and an error look like in a terminal, in a pipe, and as JSON; in the language of the reader.

Nothing that a user typed reaches a terminal raw: characters that do not print are replaced.  Formulas are never
cut or broken; the terminal wraps them, so that they copy as one line.
"""

from __future__ import annotations

import json as _json
import os
import re
import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

from closedform.calculus.layout import AS_IS
from closedform.core.shape import sizes_in_words
from closedform.errors import TooLarge, VerificationError
from closedform.lang import catalogue, say
from closedform.lang.messages import translated

if TYPE_CHECKING:
    from rich.text import Text

    from closedform.answer import Derivative
    from closedform.derivation.telling import Derivation
    from closedform.errors import ClosedFormError

Line = tuple[str, str]  #: a style of rich, and what is printed in it
LABELS = ("text", "map", "entries", "shape", "layout", "note", "valid")


def answer(D: Derivative, lang: str, *, all_layouts: bool = False, derivation: Derivation | None = None) -> None:
    """Print an answer that was checked: what was inferred, the formula, what is known about it, how it is derived."""
    lines = [*_lines(D, lang), *(_steps(derivation) if derivation else []), *(_layouts(D, lang) if all_layouts else [])]
    _write(sys.stdout, lines, {x.data.name for x in D.variables})


def _steps(derivation: Derivation) -> Iterator[Line]:
    """A numbered sentence and the rule; the formula; the shapes of its factors."""
    yield "", ""
    for i, step in enumerate(derivation, 1):
        rule = ";  ".join(step.formulas)
        yield "dim", f"{i:>2}  {step.sentence}" + (f":  {rule}" if rule else "")
        formula, shapes = step.lines
        yield "formula", f"      {formula}"
        if shapes:
            yield "dim", f"      {shapes}"
    yield "green", f"✓ {derivation.verdict}"


def _layouts(D: Derivative, lang: str) -> Iterator[Line]:
    """The table of layouts: name, shape, formula, and below it who uses it."""
    rows = D.layouts()
    names, shapes = max(len(r.name) for r in rows), max(len(sizes_in_words(r.shape)) for r in rows)
    yield "", ""
    for r in rows:
        yield "", f"{r.name:{names}}  {sizes_in_words(r.shape):{shapes}}  {r.formula}"
        yield "dim", f"{'':{names}}  {'':{shapes}}  {translated(lang, r.users)}"


def layouts_as_data(D: Derivative) -> dict[str, Any]:
    """The table of layouts for JSON."""
    return {
        "layouts": [
            {"name": r.name, "shape": list(r.shape), "formula": r.formula, "users": r.users} for r in D.layouts()
        ]
    }


def _lines(D: Derivative, lang: str) -> Iterator[Line]:
    said = partial(translated, lang)
    label = _labels(lang)
    if D.function.notes:
        yield "dim", say(lang, "cli.inferred", notes=say(lang, "cli.semicolon").join(map(said, D.function.notes)))
    yield "", ""
    yield "formula", f"  J = {_symbol(D)},  {D.unicode()}" if D.arrangement.axes else f"  {_symbol(D)} = {D.unicode()}"
    yield "", ""
    yield "", label["text"] + D.text
    if D.is_array:
        yield "", label["map"] + D.operator()
        if not D.arrangement.axes:
            yield "", label["entries"] + said(_entries(D))
    yield "", label["shape"] + sizes_in_words(D.shape)
    yield "", label["layout"] + D.layout
    for convention in D.conventions:
        yield "", label["note"] + said(convention)
    if D.conditions:
        yield "yellow", label["valid"] + say(lang, "cli.comma").join(map(said, D.conditions))
    yield "green", f"✓ {said(str(D.check()))}"


def _labels(lang: str) -> dict[str, str]:
    """The labels, filled up to one width, and a blank."""
    labels = {key: say(lang, f"cli.{key}") for key in LABELS}
    widest = max(map(columns, labels.values()))
    return {key: label + " " * (widest + 1 - columns(label)) for key, label in labels.items()}


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


def error(error: ClosedFormError, lang: str) -> None:
    """Print an error on stderr, with its excerpt and hint; a failed check is said to be a mistake of ours."""
    key = "cli.internal" if isinstance(error, VerificationError) else "cli.error"
    shapes, hint = (catalogue(lang)[f"cli.{key}"] for key in ("shapes", "hint"))
    message = error.told(partial(translated, lang), shapes=shapes, comma=say(lang, "cli.comma"), hint=hint)
    _write(sys.stderr, [("error", say(lang, key, message=message))], set())


def error_fields(error: ClosedFormError, lang: str) -> dict[str, Any]:
    """An error as data, in English; in another language its message and hint once more."""
    fields: dict[str, Any] = {
        "type": type(error).__name__,
        "message": error.message,
        "span": list(error.span) if error.span else None,
        "source": error.source,
        "shapes": error.shapes,
        "hint": error.hint,
    }
    if lang != "en":
        hint = None if error.hint is None else translated(lang, error.hint)
        fields["translated"] = {"message": translated(lang, error.message), "hint": hint}
    return fields


def json(fields: dict[str, Any]) -> str:
    """One JSON object, readable, whose strings hold no character that would act on a terminal."""
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
