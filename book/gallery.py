"""The gallery: functions from the fields, differentiated when the site is built.  One file of TOML for each page."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from markdown.extensions.toc import slugify

FOLDER = Path(__file__).parent / "gallery"
FIELDS = (
    "linear",
    "networks",
    "statistics",
    "matrices",
    "optimisation",
    "control",
    "physics",
)  #: the order of the pages
LEAD = """\
{count} functions of machine learning, statistics, optimisation, control and physics, each with the derivative, often
the Hessian, the derivation and code. Nothing here was worked out by hand: the program made every formula when this page
was built, and checked it; a test of the project compares the compiled code with automatic differentiation."""


@dataclass(frozen=True)
class Entry:
    """A function of the gallery.

    Attributes:
        name: its heading.
        f: in the text syntax.
        by: the variable.
        about: a sentence or two.
        source: where it is from.
        let: declarations.
        hessian: whether the second derivative is shown.
        sample: how tests draw values of a variable, where a normal distribution will not do.
    """

    name: str
    f: str
    by: str
    about: str
    source: str
    let: str = ""
    hessian: bool = False
    sample: dict[str, str] = field(default_factory=dict)

    def markdown(self) -> str:
        """Its section of the page."""
        let = f"let: {self.let}\n" if self.let else ""
        show = "answer, hessian" if self.hessian else "answer"
        return (
            f"## {self.name}\n\n{self.about}\n\n{self.source}.\n{{: .source }}\n\n"
            f"```derive\n{self.f}\nby: {self.by}\n{let}show: {show}\nfold: steps, code numpy\n```\n"
        )


@dataclass(frozen=True)
class Field:
    """A page of the gallery."""

    title: str
    about: str
    entries: tuple[Entry, ...]

    def markdown(self) -> str:
        return "\n".join([f"# {self.title}\n\n{self.about}\n", *[e.markdown() for e in self.entries]])


@cache
def fields() -> dict[str, Field]:
    """Every page by the name of its file, in order."""
    return {name: _read(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))) for name in FIELDS}


def _read(data: dict[str, Any]) -> Field:
    return Field(data["title"], data["about"], tuple(Entry(**e) for e in data["function"]))


def pages() -> dict[str, Callable[[], str]]:
    """The names of the pages, and what writes them."""
    return {"gallery/index.md": _index} | {f"gallery/{name}.md": page.markdown for name, page in fields().items()}


def _index() -> str:
    count = sum(len(page.entries) for page in fields().values())
    lines = ["# The gallery", "", LEAD.format(count=count), "", "| Field | Functions |", "| --- | --- |"]
    for name, page in fields().items():
        links = " · ".join(f"[{e.name}]({name}.md#{slugify(e.name, '-')})" for e in page.entries)
        lines.append(f"| [{page.title}]({name}.md) | {links} |")
    return "\n".join(lines) + "\n"
