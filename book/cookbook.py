"""The derivative chapter of the Matrix Cookbook: every formula judged when the site is built, findings named.

Source: K. B. Petersen and M. S. Pedersen, The Matrix Cookbook, version of November 15, 2012, chapter 2.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from book.environment import ENVIRONMENT
from closedform.errors import VerificationError
from closedform.identity.questions import check
from closedform.identity.verdict import Verdict
from closedform.syntax.declare import declarations
from closedform.web.judging import typeset

FILE = Path(__file__).parent / "cookbook.toml"
LAYOUT = "matrix-cookbook"
FINDINGS = {  #: what a formula that is not simply true is called
    "error": "Errors",
    "condition": "Conditions that are missing",
    "reading": "Readings",
    "convention": "Not a gradient",
}
LEAD = """\
*The Matrix Cookbook* of Kaare Brandt Petersen and Michael Syskind Pedersen (version of November 15, 2012) is where most
people look a derivative up. Its chapter 2 is restated here in the [text syntax](syntax.md), as `closedform check` takes
it, and judged when this page is built: {count} statements, {true} of them true as printed. A test of the project
compares each with JAX besides. Numbers are those of the Cookbook; a formula whose number is not known for certain has
none. Derivatives are in the layout of the Cookbook, `{layout}`: the derivative of a scalar has the shape of the
variable, the rows of a Jacobian count the function. A formula for one entry of an array is restated for all entries at
once, by `vec` or as a differential, and the remark says so."""
CONVENTION = """\
139, 140 and 141 differentiate by the independent entries of a symmetric matrix, G + G' − diag(G). They are true in that
convention, and the verdict says which it is. Such a matrix is not a gradient: df = tr(G' dX) holds with the symmetric
part of G only, which is what `closedform diff` gives unless it is asked otherwise."""


@dataclass(frozen=True)
class Line:
    """A formula of the Cookbook.

    Attributes:
        says: the statement.
        let: declarations.
        number: of the equation, 0 where it is not certain.
        expect: the verdict.
        right: what is true instead.
        kind: of what was found, a key of `FINDINGS`.
        note: a remark.
    """

    says: str
    let: str
    number: int = 0
    expect: str = "true"
    right: str = ""
    kind: str = ""
    note: str = ""


@cache
def data() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def sections() -> dict[str, list[Line]]:
    """The formulas by section, in the order of the Cookbook."""
    return {s["title"]: [Line(**({"let": s["let"]} | f)) for f in s["formulas"]] for s in data()["section"]}


def verdict(line: Line, says: str, expect: str) -> Verdict:
    """The verdict on a statement, if it is the expected one, in the layout of the Cookbook or in one of its own.

    Raises:
        VerificationError: it is another one.
    """
    v = check(says, *declarations([line.let]), infer=True)
    in_layout = LAYOUT in v.layouts or not v.layouts or "vec(X)" in says
    if v.verdict != expect or not in_layout:
        raise VerificationError(f"the verdict on {says} is {v.verdict}, not {expect}: {v}")
    return v


def page() -> str:
    """The page, whose tables are blocks."""
    lines = [line for section in sections().values() for line in section]
    counted = Counter(line.expect for line in lines)
    lead = LEAD.format(count=len(lines), true=counted["true"], layout=LAYOUT)
    parts = ["# The Matrix Cookbook, checked", lead, "## What was found", *_findings(lines)]
    for title in sections():
        parts += [f"## {title}", f"```cookbook\n{title}\n```"]
    unstated = [f"- {u['what']}: {u['why']}." for u in data()["unstated"]]
    return "\n\n".join([*parts, "## What is not in the tables", "\n".join(unstated)]) + "\n"


def _findings(lines: list[Line]) -> list[str]:
    found = []
    for kind, title in FINDINGS.items():
        found.append(f"### {title}")
        if kind == "convention":
            found.append(CONVENTION)
        found += [f"**{n.number}.** {n.note}\n\n{_block(n)}" for n in lines if n.kind == kind and n.note]
    return found


def _block(line: Line) -> str:
    """What the program says of a formula that is not true, and of the right one."""
    blocks = [(line.says, line.expect)] + ([(line.right, "true")] if line.right else [])
    return "\n\n".join(f"```identity\n{says}\nlet: {line.let}\nexpect: {expect}\n```" for says, expect in blocks)


def table(title: str) -> str:
    """The table of one section, in HTML."""
    rows = [_shown(line) for line in sections()[title]]
    return ENVIRONMENT.get_template("cookbook.html").render(rows=rows, title=title)


def _shown(line: Line) -> dict[str, Any]:
    v = verdict(line, line.says, line.expect)
    if line.right:
        verdict(line, line.right, "true")
    math, _ = typeset(v)
    sign, _, words = next(v.lines())[1].removesuffix(line.says).strip().partition(" ")
    note = "" if line.kind in ("error", "reading", "condition") else line.note
    convention = v.convention.text("en") if v.convention else ""
    return {
        "number": line.number,
        "math": math,
        "text": line.says,
        "let": line.let,
        "verdict": v.verdict,
        "sign": sign,
        "words": words,
        "remarks": [r for r in (note, convention, *(f"valid if {d}" for d in v.domain)) if r],
        "found": bool(line.kind) and line.kind != "convention",
    }
