"""The fenced blocks of a page that the program answers: `derive` and `identity`.

A block is a formula, on one line or several, then lines `key: value`.  Whatever is wrong with one names page and line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mkdocs.exceptions import PluginError

PARTS = ("answer", "hessian", "steps", "layouts", "index", "code", "written")  #: of an answer, in `show` and `fold`
FIELDS = {  #: of each kind of block
    "derive": ("by", "let", "order", "layout", "symmetric", "show", "fold", "level", "route", "sizes", "check",
               "language"),
    "identity": ("let", "expect", "language"),
    "operations": (),
    "cookbook": (),
}  # fmt: skip
NEEDED = {"derive": ("by",), "identity": ("expect",), "operations": (), "cookbook": ()}
VERDICTS = ("true", "conditional", "ambiguous", "false")
FENCE = re.compile(r"^(?P<fence>```+|~~~+)(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"([a-z]+):(?:\s+(.*))?$")


class BookError(PluginError):
    """A block that cannot be answered; the build stops."""


@dataclass(frozen=True)
class Block:
    """A block as written.

    Attributes:
        kind: `derive` or `identity`.
        formula: the function, or the statement.
        fields: what stands below it, by name.
        page: the file, relative to the documents.
        line: of the page, where the block begins.
    """

    kind: str
    formula: str
    fields: dict[str, str] = field(default_factory=dict)
    page: str = ""
    line: int = 0

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def language(self) -> str:
        """As the block says; else that of the folder of its page."""
        folder = self.page.partition("/")[0]
        return self["language"] or (folder if folder in ("ko", "zh") else "en")

    def parts(self, name: str) -> list[tuple[str, str]]:
        """The parts that `show` or `fold` lists, and for code its language.

        Raises:
            BookError: no part has that name.
        """
        found = []
        for listed in filter(None, (p.strip() for p in self[name].split(","))):
            part, _, language = listed.partition(" ")
            if part not in PARTS or bool(language) != (part == "code"):
                raise self.error(
                    f"{name} lists answer, hessian, steps, layouts, index, code LANGUAGE or written, not {listed!r}"
                )
            found.append((part, language.strip()))
        return found

    def sizes(self) -> dict[str, int]:
        """Sizes by name, `m=2, n=3`, for entries written out.

        Raises:
            BookError: they are something else.
        """
        given = [re.fullmatch(r"\s*(\w+)\s*=\s*(\d{1,3})\s*", part) for part in self["sizes"].split(",") if part]
        if None in given:
            raise self.error(f"sizes are written m=2, n=3, not {self['sizes']!r}")
        return {m[1]: int(m[2]) for m in given if m}

    def error(self, message: str) -> BookError:
        return BookError(f"{self.page}:{self.line}: {message}\n  in the block `{self.kind}`: {self.formula}")


def blocks_replaced(markdown: str, page: str, answer: Callable[[Block], str], first_line: int = 1) -> str:
    """The text of a page with every block replaced by its answer.

    Args:
        markdown: the text.
        page: its name, for messages.
        answer: from a block to what stands in its place.
        first_line: of the text in its file.

    Raises:
        BookError: a block is malformed, or has no answer.
    """

    def replaced(match: re.Match[str]) -> str:
        kind = match["info"].strip()
        if kind not in FIELDS:
            return match[0]
        line = first_line + markdown.count("\n", 0, match.start())
        return answer(block(kind, match["body"], page, line))

    return FENCE.sub(replaced, markdown)


def block(kind: str, body: str, page: str, line: int) -> Block:
    """A block from its text.

    Raises:
        BookError: there is no formula, a field is unknown, twice there, empty or missing.
    """
    formula: list[str] = []
    found = Block(kind, "", {}, page, line)
    for text in filter(None, (t.strip() for t in body.splitlines())):
        match = _LINE.match(text)
        if match is None and found.fields:
            raise found.error(f"{text!r} stands below the fields, and is none")
        if match is None:
            formula.append(text)
        else:
            _add(found, match[1], (match[2] or "").strip())
    found = Block(kind, " ".join(formula), found.fields, page, line)
    if not formula:
        raise found.error("there is no formula")
    for name in NEEDED[kind]:
        if name not in found.fields:
            raise found.error(f"a line `{name}: …` is missing")
    return _known(found)


def _add(found: Block, name: str, value: str) -> None:
    if name not in FIELDS[found.kind]:
        raise found.error(f"no field is called {name}; there are {', '.join(FIELDS[found.kind])}")
    if name in found.fields or not value:
        raise found.error(f"the field {name} is there twice" if value else f"the field {name} is empty")
    found.fields[name] = value


def _known(found: Block) -> Block:
    """The block, if what has few values has one of them."""
    allowed = {"check": ("ok",), "expect": VERDICTS, "language": ("en", "ko", "zh"), "order": ("1", "2")}
    for name, values in allowed.items():
        if name in found.fields and found[name] not in values:
            raise found.error(f"{name} is {' or '.join(values)}, not {found[name]!r}")
    if found["order"] and " " in found["by"]:
        raise found.error("order goes with one variable; by: w v is the second derivative")
    return found
