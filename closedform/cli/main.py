"""The command line: parse, ask, check, print.

No mathematics here, and no option that skips the check: whatever is printed has passed it.
Exit codes: 0, an answer; 2, a mistake of the user, in one message on stderr; 70, a bug of ours, no answer shown.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedform import __version__
from closedform.cli import render
from closedform.cli.command import INTERNAL as INTERNAL
from closedform.cli.command import USAGE as USAGE
from closedform.cli.command import Command, Group, fail
from closedform.errors import ClosedFormError, RequestError
from closedform.lang import LANGUAGES

if TYPE_CHECKING:
    from closedform.answer import Derivative

ALL = "all"  #: the table of all layouts
OPTIONS = (
    "--let", "--layout", "--symmetric", "--steps", "--level", "--lang", "--code", "--latex", "--json", "--help",
)  # fmt: skip


class _Diff(Command):
    """`--steps` may stand alone, or before a language."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        following = [*args[1:], ""]
        alone = [a == "--steps" and b not in LANGUAGES for a, b in zip(args, following, strict=True)]
        return super().parse_args(ctx, ["--steps=" if bare else a for a, bare in zip(args, alone, strict=True)])


app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: it is faster
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"closedform {__version__}")
        raise typer.Exit


@app.callback()
def closedform(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Matrix calculus; the help of all commands and options is in the catalogues, section [help]."""


@app.command(cls=_Diff, context_settings={"ignore_unknown_options": True})  # "-x'*x" is a formula
def diff(
    ctx: typer.Context,
    function: Annotated[str, typer.Argument(show_default=False)],
    wrt: Annotated[list[str] | None, typer.Argument()] = None,
    let: Annotated[list[str] | None, typer.Option()] = None,
    layout: Annotated[str | None, typer.Option(show_default=False)] = None,
    symmetric: Annotated[str, typer.Option()] = "projected",
    steps: Annotated[str | None, typer.Option(show_default=False)] = None,
    level: Annotated[str, typer.Option()] = "brief",
    lang: Annotated[str | None, typer.Option(show_default=False)] = None,
    code: Annotated[str | None, typer.Option(show_default=False)] = None,
    latex: Annotated[bool, typer.Option("--latex")] = False,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Differentiate a function by variables."""
    spoken: str = ctx.obj  # set by Command
    try:
        names = wrt or []
        _refuse_options([function, *names])
        if (code is not None) + latex + json > 1:
            raise RequestError("--code, --latex and --json print one thing each; choose one")
        answer = _checked(function, names, let or [], layout, symmetric)
        told = None if steps is None else answer.steps(steps or spoken, level)
        if json:
            more = render.layouts_as_data(answer) if layout == ALL else {}
            typer.echo(render.json(answer.as_dict(lang=steps or spoken, level=level) | more))
        elif latex:
            typer.echo(answer.latex() if told is None else told.latex())
        elif code is not None:
            typer.echo(answer.code(code).rstrip("\n"))
        else:
            render.answer(answer, spoken, all_layouts=layout == ALL, derivation=told)
    except ClosedFormError as error:
        fail(error, spoken, as_json=json)


def _checked(function: str, names: list[str], let: list[str], layout: str | None, symmetric: str) -> Derivative:
    """The answer, after its check.

    Raises:
        VerificationError: it failed.
    """
    from closedform.ask import derivative
    from closedform.syntax.declare import declarations
    from closedform.syntax.text import parse

    answer = derivative(
        parse(function, *declarations(let), infer=True),
        *names,
        layout=None if layout == ALL else layout,
        symmetric=symmetric,
    )
    for shown in answer.in_layouts() if layout == ALL else [answer]:
        shown.check()
    return answer


def _refuse_options(arguments: list[str]) -> None:
    """A misspelt option is neither a formula nor a variable.

    Raises:
        RequestError: with the option that was meant.
    """
    from closedform.syntax.names import closest

    for i, argument in enumerate(arguments):
        if re.match(r"--[a-z]{2,}(-[a-z]+)*(=|$)" if i == 0 else "-", argument):
            name = argument.partition("=")[0]
            raise RequestError(f"no such option: {name[:40]}", hint=closest(name, OPTIONS))


def main() -> None:
    """The command `closedform`."""
    for stream in (sys.stdout, sys.stderr):
        if not (stream.encoding or "").lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that lacks ∂
    app()
