"""The command line: parse, ask, check, print.

No mathematics here, and no option that skips the check: whatever is printed has passed it.
Exit codes: 0, an answer; 2, a mistake of the user, in one message on stderr; 70, a bug of ours, no answer shown.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from closedform import __version__
from closedform.cli import render
from closedform.cli.check import check
from closedform.cli.mine import mine as judge
from closedform.errors import ClosedFormError, RequestError, VerificationError

if TYPE_CHECKING:
    from closedform.answer import Derivative

USAGE, INTERNAL = 2, 70
ALL = "all"  #: the table of all layouts
OPTIONS = ("--let", "--layout", "--symmetric", "--code", "--latex", "--json", "--mine", "--lang", "--help")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: it is faster
)


app.command(context_settings={"ignore_unknown_options": True})(check)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"closedform {__version__}")
        raise typer.Exit


@app.callback()
def closedform(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Matrix calculus: derivatives in closed matrix notation, checked before they are shown."""


@app.command(context_settings={"ignore_unknown_options": True})  # "-x'*x" is a formula
def diff(
    function: Annotated[str, typer.Argument(help='The function, e.g. "x\'*A*x".', show_default=False)],
    wrt: Annotated[list[str] | None, typer.Argument(help="The variable; a second one for a second derivative.")] = None,
    let: Annotated[list[str] | None, typer.Option(help='Declare, e.g. "A: matrix(n,n) symmetric"; repeatable.')] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="numerator, denominator, vec, tensor, …; `all` for the table.", show_default=False),
    ] = None,
    symmetric: Annotated[
        str, typer.Option(help="By a symmetric matrix: projected, sym(G), or entries, G + G' - diag(G).")
    ] = "projected",
    code: Annotated[str | None, typer.Option(help="Print only source code: numpy.", show_default=False)] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print only LaTeX.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every field.")] = False,
    mine: Annotated[
        list[str] | None, typer.Option(help='Judge an answer, e.g. "2*A*x"; repeatable, a line each.')
    ] = None,
    lang: Annotated[str, typer.Option(help="The language of the judgement: en, ko, zh.")] = "en",
) -> None:
    """Differentiate FUNCTION by the variables WRT.

    Shapes are inferred, a–g scalars, h–z columns, A–Z matrices, unless declared with --let.

    \b
    closedform diff "x'*A*x" x
    closedform diff "x'*A*x" x x --let "A: matrix(n,n) symmetric"
    closedform diff "-logdet(S)" S --let "S: spd" --latex
    closedform diff "A*X*B" X --layout all
    closedform diff "x'*A*x" x --mine "2*A*x"
    """  # noqa: D301  (\\b keeps the lines that follow it)
    try:
        names = wrt or []
        _refuse_options([function, *names])
        if (code is not None) + latex + json > 1:
            raise RequestError("--code, --latex and --json print one thing each; choose one")
        if mine:
            if code is not None or latex or layout == ALL:
                raise RequestError("--mine judges an answer, and prints no other")
            judge(function, names, let or [], layout, mine, lang, json)
            return
        answer = _checked(function, names, let or [], layout, symmetric)
        if json:
            typer.echo(render.json(answer.as_dict() | (render.layouts_as_data(answer) if layout == ALL else {})))
        elif latex:
            typer.echo(answer.latex())
        elif code is not None:
            typer.echo(answer.code(code).rstrip("\n"))
        else:
            render.answer(answer, all_layouts=layout == ALL)
    except ClosedFormError as error:
        _fail(error, as_json=json)


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


def _fail(error: ClosedFormError, as_json: bool) -> NoReturn:
    """One message on stderr, the same as data on stdout for `--json`; the exit code says whose mistake it is."""
    if as_json:
        typer.echo(render.json({"error": render.error_fields(error)}))
    ours = isinstance(error, VerificationError)
    render.error(str(error), "internal error: the answer failed its check and is not shown" if ours else "error")
    raise typer.Exit(INTERNAL if ours else USAGE) from None


def main() -> None:
    """The command `closedform`."""
    for stream in (sys.stdout, sys.stderr):
        if not (stream.encoding or "").lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that lacks ∂
    app()
