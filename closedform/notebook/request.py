"""What a user of `%matrixcalc` writes: the words of the line, then in a cell declarations and the function.

Words are separated by blanks and quoted by `"` alone: `'` is the transpose, and a backslash begins a name in LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from keyword import iskeyword

from closedform.errors import RequestError
from closedform.lang import LANGUAGES

OPTIONS = ("--let", "--layout", "--symmetric", "--steps", "--level", "--route", "--out")
INSTEAD = {  #: of options of the command line that print something else, or set what a notebook sets once
    "--code": "D.code()", "--latex": "D.latex()", "--json": "D.as_dict()", "--entries": "D.written_out()",
    "--cost": "D.cost(n=1000)", "--mine": "closedform.judge(f, x, answer)", "--lang": "%env CLOSEDFORM_LANG=ko",
}  # fmt: skip
WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
OPTION = re.compile(r"--[a-z]{2,}(?:=|$)")
SHELL_QUOTED = re.compile(r"(?:--[a-z]+=)?'")


@dataclass
class Request:
    """A question, as it was written.

    Attributes:
        function: its text.
        by: the names of the variables.
        let: declarations.
        given: the other options by name, each once; an empty text for `--steps` without a language.
    """

    function: str = ""
    by: list[str] = field(default_factory=list)
    let: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)


def request(line: str, cell: str | None = None) -> Request:
    """The question of a line, or of a cell with its first line.

    Args:
        line: `"x'*A*x" x --layout numerator`; before a cell without the function.
        cell: lines `let …`, lines that begin with #, and the function, which may take several lines.

    Raises:
        RequestError: an option that is unknown, twice, or without its value; no function; a quote that is not closed.

    >>> request("x'*A*x x x --steps")
    Request(function="x'*A*x", by=['x', 'x'], let=[], given={'--steps': ''})
    """
    asked, waiting = Request(), _words(line)
    arguments: list[str] = []
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if not OPTION.match(word):
            arguments.append(word)
            continue
        if name not in OPTIONS:
            raise _unknown(name)
        if not equals:
            value = _value(name, waiting)
        if name == "--let":
            asked.let.append(value)
        elif name in asked.given:
            raise RequestError(f"{name} is given twice")
        else:
            asked.given[name] = value
    if cell is not None:
        arguments.insert(0, "\n".join(_function(cell, asked.let)))
    asked.function, *asked.by = arguments or [""]
    if not asked.function.strip():
        raise RequestError("there is no function", hint='write it below %%matrixcalc, or %matrixcalc "x\'*A*x" x')
    _check_name(asked.given.get("--out", "D"))
    return asked


def _words(line: str) -> list[str]:
    """The words of a line, without their quotes."""
    if line.count('"') % 2:
        raise RequestError('a " is not closed', source=line, span=(line.rindex('"'), len(line)))
    found = []
    for m in WORD.finditer(line):
        if SHELL_QUOTED.match(m[0]):
            raise RequestError("' is the transpose, and does not quote", source=line, span=m.span(),
                               hint='quote with "…"')  # fmt: skip
        found.append(m[0].replace('"', ""))
    return found


def _value(name: str, waiting: list[str]) -> str:
    """The value of an option: the next word; `--steps` has one only if it is a language.

    Raises:
        RequestError: there is none.
    """
    if name == "--steps":
        return waiting.pop(0) if waiting and waiting[0] in LANGUAGES else ""
    if not waiting or OPTION.match(waiting[0]):
        raise RequestError(f"{name} needs a value")
    return waiting.pop(0)


def _unknown(name: str) -> RequestError:
    from closedform.syntax.names import closest

    if name in INSTEAD:
        return RequestError(f"{name} is for the command line", hint=f"in a notebook write {INSTEAD[name]}")
    return RequestError(f"no such option: {name[:40]}", hint=closest(name, OPTIONS) or "one of " + ", ".join(OPTIONS))


def _function(cell: str, let: list[str]) -> Iterator[str]:
    """The lines of the function; declarations go to the others."""
    for line in cell.splitlines():
        if line.startswith("let "):
            let.append(line[4:])
        elif line.strip() and not line.lstrip().startswith("#"):
            yield line


def _check_name(name: str) -> None:
    if not name.isidentifier() or iskeyword(name):
        raise RequestError(f"{name[:40]!r} cannot name a result")
