"""What the languages that code is pasted into have in common: Julia, MATLAB, R and C++.

Their arrays have at most two axes, and a vector that meets a matrix entry by entry is said to be a row or a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from textwrap import dedent
from unicodedata import normalize

from closedform.core.shape import ONE
from closedform.errors import NotSupported, RequestError
from closedform.program.language import ATOM, Language, Spelling
from closedform.program.source import Program, Writer
from closedform.program.term import Axes, Term, axes_of
from closedform.syntax.latex.names import GREEK

FUNCTIONS = {
    **{f: f for f in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign", "sqrt", "expm1")},
    **{f: f for f in ("log1p", "sigmoid", "softplus", "erf", "erfc")},
    **{f: f for f in ("log1psq", "log1mexp", "smallexpm1", "logcosh", "sech2")},
    **{f"arc{f}": f"a{f}" for f in ("sin", "cos", "tan")},
}  #: of numbers and of every entry, by their usual names
WORDS = {letter: word for word, letter in reversed(GREEK.items())}  #: of Greek letters
SAME = Spelling("{0}", ATOM, ATOM)  #: what is nothing to do


def lies(a: Term, t: Term) -> str:
    """How an operand lies in a result taken entry by entry: as a number, a row, a column, or whole."""
    if not a.axes:
        return "number"
    if t.rank < 2 or a.axes == t.axes:
        return "whole"
    return "row" if a.rank == 1 or a.axes[0] is ONE else "column"


def otherwise(title: str) -> Callable[[Term], Spelling]:
    """What becomes of an instruction that a language has no spelling for."""

    def refuse(t: Term) -> Spelling:
        raise NotSupported(f"there is no {title} code for {t.op}")

    return refuse


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def is_name(code: str) -> bool:
    return re.fullmatch(r"\w+", code) is not None


def name_of(a: Term, writer: Writer) -> str:
    """The name of a term; it gets a line if it has none."""
    if not is_name(writer.shown[a][0]):
        writer.shown[a] = writer.assign(writer.shown[a][0], a), ATOM, 0
    return writer.shown[a][0]


def ascii_name(name: str) -> str:
    """The nearest identifier of ASCII letters, which starts with one.

    >>> ascii_name("λ"), ascii_name("Σ_hat"), ascii_name("x́1"), ascii_name("_"), ascii_name("가")
    ('lambda', 'Sigma_hat', 'x1', 'v_', 'v')
    """
    letters = "".join(WORDS.get(c, c) for c in normalize("NFKD", name))
    kept = re.sub(r"\W", "", letters, flags=re.ASCII)
    return kept if kept[:1].isalpha() else f"v{kept}"


def check_name(name: str, language: Language, title: str) -> None:
    """Refuse what cannot name a function.

    Raises:
        RequestError: it is no identifier, or a word of the language.
    """
    if language.spelled(name) != name or name in language.reserved:
        raise RequestError(f"{name[:40]!r} cannot name a {title} function")


def about(p: Program, mark: str) -> list[str]:
    """Comment lines: the formulas, the parameters, the results."""
    lines = [*p.outputs, ""]
    lines += [f"  {p.names[a.name]}: {in_words(axes_of(a.shape))}" for a in p.arguments]
    lines += [f"  {p.dims[n]}: the size {n}" for n in p.sizes]
    lines.append("  returns: " + "; ".join(map(in_words, p.axes)))
    return [f"{mark} {line}".rstrip() for line in lines]


def in_words(axes: Axes) -> str:
    """What kind of array it is.

    >>> from closedform.core.shape import dim
    >>> in_words(()), in_words((dim("n"),)), in_words((dim("m"), dim("n")))
    ('number', 'vector of n', 'matrix, m by n')
    """
    if not axes:
        return "number"
    return f"vector of {axes[0]}" if len(axes) == 1 else f"matrix, {axes[0]} by {axes[1]}"


def sources(text: str) -> Mapping[str, str]:
    """Helper functions by name: of each, the lines after `== name`."""
    parts = re.split(r"^== (\w+)\n", dedent(text).lstrip("\n"), flags=re.MULTILINE)[1:]
    return {name: code.rstrip("\n") for name, code in zip(parts[::2], parts[1::2], strict=True)}
