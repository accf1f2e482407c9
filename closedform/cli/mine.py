"""`closedform diff … --mine …`: the answer of a student, judged."""

from __future__ import annotations

import typer

from closedform.cli import render
from closedform.identity.questions import judge

WRONG = 1  #: the exit code
STYLES = {"right": "green", "layout": "yellow", "wrong": "red"}


def mine(
    function: str, wrt: list[str], let: list[str], layout: str | None, lines: list[str], lang: str, json: bool
) -> None:
    """Print the judgement; exit code 1 if the answer is wrong."""
    from closedform.syntax.declare import declarations
    from closedform.syntax.text import parse

    judgement = judge(parse(function, *declarations(let), infer=True), wrt, lines, layout=layout)
    if json:
        typer.echo(render.json(judgement.as_dict(lang)))
    else:
        first, *rest = judgement.lines(lang)
        render.lines([(STYLES[judgement.verdict], first), *(("", f"  {line}") for line in rest)])
    if judgement.verdict == "wrong":
        raise typer.Exit(WRONG)
