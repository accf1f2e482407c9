"""The command line: parse, ask, check, print.

No mathematics here, and no option that skips the check: whatever is printed has passed it.
Exit codes: 0, an answer; 2, a mistake of the user, in one message on stderr; 70, a bug of ours, no answer shown.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from closedform import __version__
from closedform.cli import render
from closedform.errors import ClosedFormError, RequestError, VerificationError
from closedform.lang import LANGUAGES, language, say

if TYPE_CHECKING:
    from closedform.answer import Derivative

USAGE, INTERNAL = 2, 70
PROGRAM = "closedform"
ALL = "all"  #: the table of all layouts
OPTIONS = (
    "--let", "--layout", "--symmetric", "--steps", "--level", "--lang", "--code", "--latex", "--json", "--help",
)  # fmt: skip

EXAMPLES = {
    "diff": """
closedform diff "x'*A*x" x
closedform diff "x'*A*x" x x --let "A: matrix(n,n) symmetric"
closedform diff "-logdet(S)" S --let "S: spd" --latex
closedform diff "A*X*B" X --layout all
closedform diff "norm2(X*w - y)^2" w --steps ko
"""
}


def spoken(*wanted: str | None) -> str:
    """The language: the first that is wanted, that of the environment, English.

    Raises:
        RequestError: there is no catalogue for it.
    """
    return language(next((lang for lang in (*wanted, os.environ.get("CLOSEDFORM_LANG")) if lang), LANGUAGES[0]))


def _explain(command: Any, ctx: Any, lang: str) -> None:
    """Give a command and its parameters their help in a language."""
    name = command.name or PROGRAM
    examples = EXAMPLES.get(name)
    command.help = say(lang, f"help.{name}") + (f"\n\n\b{examples}" if examples else "")
    for parameter in command.get_params(ctx):
        parameter.help = say(lang, f"help.{name}-{parameter.name}")


def _headed(formatter: Any, lang: str) -> Any:
    """The formatter with its headings in a language."""
    write_heading = formatter.write_heading
    formatter.write_heading = lambda heading: write_heading(say(lang, f"help.{heading.lower()}"))
    formatter.write_usage = partial(formatter.write_usage, prefix=say(lang, "help.usage"))
    return formatter


class _Group(TyperGroup):
    """Help in the language of the environment."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        try:
            lang = spoken()
        except ClosedFormError as error:
            _fail(error, LANGUAGES[0])
        for command in [self, *self.commands.values()]:
            _explain(command, ctx, lang)
        super().format_help(ctx, _headed(formatter, lang))


class _Diff(TyperCommand):
    """`--steps` may stand alone, or before a language.  The context's object is the language, known before all else."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        following = [*args[1:], ""]
        alone = [a == "--steps" and b not in LANGUAGES for a, b in zip(args, following, strict=True)]
        args = ["--steps=" if bare else a for a, bare in zip(args, alone, strict=True)]
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        try:
            ctx.obj = spoken(given.get("lang"), given.get("steps"))
        except ClosedFormError as error:
            _fail(error, LANGUAGES[0], as_json="json" in given)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _explain(self, ctx, ctx.obj)
        super().format_help(ctx, _headed(formatter, ctx.obj))


app = typer.Typer(
    cls=_Group,
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
    spoken: str = ctx.obj
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
        _fail(error, spoken, as_json=json)


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


def _fail(error: ClosedFormError, lang: str, as_json: bool = False) -> NoReturn:
    """One message on stderr, the same as data on stdout for `--json`; the exit code says whose mistake it is."""
    if as_json:
        typer.echo(render.json({"error": render.error_fields(error, lang)}))
    render.error(error, lang)
    raise typer.Exit(INTERNAL if isinstance(error, VerificationError) else USAGE) from None


def main() -> None:
    """The command `closedform`."""
    for stream in (sys.stdout, sys.stderr):
        if not (stream.encoding or "").lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that lacks ∂
    app()
