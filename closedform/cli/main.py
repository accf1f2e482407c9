"""The command line: one file for each command.

No mathematics here, and no option that skips a check: whatever is printed has passed it.
Exit codes: 0, an answer; 1, a statement or an answer of the user is false; 2, a mistake of the user, in one message on
stderr; 70, a bug of ours, no answer shown.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from closedform import __version__
from closedform.cli.check import check
from closedform.cli.command import INTERNAL as INTERNAL
from closedform.cli.command import USAGE as USAGE
from closedform.cli.command import Command, Group
from closedform.cli.diff import Diff, diff
from closedform.cli.practice import practice
from closedform.cli.serve import mcp, serve

FORMULAS = {"ignore_unknown_options": True}  #: "-x'*x" is a formula

app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: it is faster
)
app.command(cls=Diff, context_settings=FORMULAS)(diff)
app.command(cls=Command, context_settings=FORMULAS)(check)
app.command(cls=Command)(practice)
app.command(cls=Command)(serve)
app.command(cls=Command)(mcp)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"closedform {__version__}")
        raise typer.Exit


@app.callback()
def closedform(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Matrix calculus; the help of all commands and options is in the catalogues, section [help]."""


def main() -> None:
    """The command `closedform`."""
    for stream in (sys.stdout, sys.stderr):
        if not (stream.encoding or "").lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that lacks ∂
    app()
