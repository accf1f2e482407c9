"""The command line: parse, ask, check, print.

No mathematics here, and no option that skips the check: whatever is printed has passed it.
Exit codes: 0, an answer; 2, a mistake of the user, in one message on stderr; 70, a bug of ours, no answer shown.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from closedform import __version__
from closedform.cli import render
from closedform.cli.check import check
from closedform.cli.mine import mine as judge
from closedform.errors import ClosedFormError, RequestError, VerificationError
from closedform.lang import LANGUAGES

if TYPE_CHECKING:
    from closedform.answer import Derivative
    from closedform.derivation.telling import Derivation

USAGE, INTERNAL = 2, 70
ALL = "all"  #: the table of all layouts
OPTIONS = (
    "--let", "--layout", "--symmetric", "--entries", "--steps", "--level", "--route", "--lang", "--code", "--latex",
    "--json", "--mine", "--help",
)  # fmt: skip

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


class _Diff(TyperCommand):
    """`--steps` may stand alone, or before a language."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        following = [*args[1:], ""]
        alone = [a == "--steps" and b not in LANGUAGES for a, b in zip(args, following, strict=False)]
        return super().parse_args(ctx, ["--steps=" if bare else a for a, bare in zip(args, alone, strict=True)])


@app.command(cls=_Diff, context_settings={"ignore_unknown_options": True})  # "-x'*x" is a formula
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
    entries: Annotated[
        str | None,
        typer.Option(help='Write out the entries at these sizes, e.g. "m=2,n=3", or 2 for all.', show_default=False),
    ] = None,
    steps: Annotated[
        str | None, typer.Option(help="Print the derivation too; with a language: en, ko, zh.", show_default=False)
    ] = None,
    level: Annotated[str, typer.Option(help="Of the derivation: brief, or full for a beginner.")] = "brief",
    route: Annotated[
        str, typer.Option(help="Of the derivation: differentials, expansion, or entries, at the sizes of --entries.")
    ] = "differentials",
    lang: Annotated[str, typer.Option(help="The language of the answer: en, ko, zh.")] = "en",
    code: Annotated[str | None, typer.Option(help="Print only source code: numpy.", show_default=False)] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print only LaTeX.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every field.")] = False,
    mine: Annotated[
        list[str] | None, typer.Option(help='Judge an answer, e.g. "2*A*x"; repeatable, a line each.')
    ] = None,
) -> None:
    """Differentiate FUNCTION by the variables WRT.

    Shapes are inferred, a–g scalars, h–z columns, A–Z matrices, unless declared with --let.

    \b
    closedform diff "x'*A*x" x
    closedform diff "x'*A*x" x x --let "A: matrix(n,n) symmetric"
    closedform diff "-logdet(S)" S --let "S: spd" --latex
    closedform diff "A*X*B" X --layout all
    closedform diff "norm2(X*w - y)^2" w --steps ko
    closedform diff "A*X*B" X --entries "m=2,n=2"
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
        if code is not None and entries is not None:
            raise RequestError("--code computes every entry; --entries goes with the answer, --latex or --json")
        size, sizes = _sizes(entries or "")
        answer = _checked(function, names, let or [], layout, symmetric)
        told = None if steps is None else _steps(answer, steps or lang, level, route, sizes)
        if json:
            more = render.layouts_as_data(answer) if layout == ALL else {}
            more |= {} if entries is None else render.entries_as_data(answer, size, sizes)
            typer.echo(render.json(answer.as_dict(lang=steps or lang, level=level) | more))
        elif latex:
            typer.echo(_latex(answer, told, None if entries is None else (size, sizes)))
        elif code is not None:
            typer.echo(answer.code(code).rstrip("\n"))
        else:
            chosen = None if entries is None else (size, sizes)
            render.answer(answer, all_layouts=layout == ALL, derivation=told, entries=chosen)
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


def _sizes(text: str) -> tuple[int, dict[str, int]]:
    """The size of every dimension that is not named, and of those that are: `2`, `m=2,n=3`, `3,m=2`.

    Raises:
        RequestError: it is something else.
    """
    size, sizes = 2, dict[str, int]()
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(?:(\w+)\s*=\s*)?([0-9]{1,6})", part)
        if match is None or match[1] in sizes:
            raise RequestError(f"--entries takes sizes, not {part[:40]!r}", hint='write "m=2,n=3", or 2 for all')
        if match[1]:
            sizes[match[1]] = int(match[2])
        else:
            size = int(match[2])
    return size, sizes


def _steps(answer: Derivative, lang: str, level: str, route: str, sizes: dict[str, int]) -> Derivation:
    return answer.steps(lang, level, route, **(sizes if route == "entries" else {}))


def _latex(answer: Derivative, derivation: Derivation | None, entries: render.Chosen | None) -> str:
    """The derivation, the entries at some sizes, or the answer."""
    if derivation is not None:
        return derivation.latex()
    return answer.latex() if entries is None else answer.written_out(entries[0], **entries[1]).latex()


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
