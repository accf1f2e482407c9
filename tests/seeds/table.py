"""The tables of docs/seeds.md, from the data: `python -m tests.seeds.table` writes them into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.seeds.items import DIFFERENTIALS, DIFFS, IDENTITIES, LINES, WRONG, Diff, Differential, Identity, Line, seed
from tests.seeds.reading import derivative, differential

DOCUMENT = Path(__file__).parents[2] / "docs" / "seeds.md"
PART = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def command(case: Diff) -> str:
    let = f' --let "{case.let}"' if case.let else ""
    return f'closedform diff "{case.function}" {case.wrt}{let} --layout {seed(case.item)}'


def code(case: Differential | Identity | Line) -> str:
    if isinstance(case, Line):
        return case.code
    let = f', let="{case.let}"' if case.let else ""
    if isinstance(case, Identity):
        return f'same("{case.left}", "{case.right}"{let})'
    names = ", ".join(f'"{x}"' for x in case.wrt.split())
    return f'differential("{case.function}", {names}{let})'


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Item, statement, command or line of Python, answer; in the order of the notes."""
    found = [(c.item, c.says, command(c), derivative(c).text) for c in DIFFS]
    found += [(c.item, c.says, code(c), differential(c).text) for c in DIFFERENTIALS]
    found += [(c.item, c.says, code(c), "True") for c in IDENTITIES]
    found += [(c.item, c.says, code(c), c.answer) for c in LINES]
    yield from sorted(found, key=lambda row: row[0])


def wrong() -> list[tuple[str, ...]]:
    """Error, item, what of, what is printed, what is right; once, if at several sizes."""
    found = [(c.error, c.item, f"∂({c.left})/∂{c.wrt}" if c.wrt else c.left, c.printed, c.correct) for c in WRONG]
    return list(dict.fromkeys(found))


def markdown(name: str) -> str:
    """One of the tables."""
    if name == "items":
        lines = ["| item | statement | command | answer |", "| --- | --- | --- | --- |"]
        lines += [_row(item, says, f"`{line}`", f"`{answer}`") for item, says, line, answer in rows()]
    else:
        lines = ["| error | item | | printed | right |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(error, item, *(f"`{e}`" for e in rest)) for error, item, *rest in wrong()]
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def updated(document: str) -> str:
    """The document with its tables made anew."""
    return PART.sub(lambda m: m[1] + "\n" + markdown(m[2]) + "\n" + m[3], document)


if __name__ == "__main__":
    DOCUMENT.write_text(updated(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
