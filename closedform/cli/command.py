"""What commands have in common: the language they speak, their help, and how an error ends them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from closedform import view
from closedform.cli import render
from closedform.errors import ClosedFormError, RequestError, VerificationError
from closedform.lang import LANGUAGES, preferred, say

USAGE, INTERNAL = 2, 70
PROGRAM = "closedform"
ENGLISH = LANGUAGES[0]
UsageError: Any = typer.BadParameter.__base__  #: of every error that typer's parser finds in a command line
EXAMPLES = {
    "diff": """
closedform diff "x'*A*x" x
closedform diff "x'*A*x" x x --let "A: matrix(n,n) symmetric"
closedform diff "-logdet(S)" S --let "S: spd" --latex
closedform diff "A*X*B" X --layout all
closedform diff "norm2(X*w - y)^2" w --steps ko
closedform diff "A*X*B" X --entries "m=2,n=2"
closedform diff "x'*A*x" x --mine "2*A*x"
""",
    "check": """
closedform check "d(x'*A*x)/dx = 2*A*x"
closedform check "K(m,n)' = K(m,n)" "d(inv(X)) = -inv(X)*dX*inv(X)"
closedform check --file identities.txt --lang ko
""",
    "practice": """
closedform practice --topic trace --level 2
closedform practice --lang ko
""",
}


def fail(error: ClosedFormError, lang: str, as_json: bool = False) -> NoReturn:
    """One message on stderr, the same as data on stdout for `--json`; the exit code says whose mistake it is."""
    if as_json:
        typer.echo(render.json({"error": view.error_fields(error, lang)}))
    render.error(error, lang)
    raise typer.Exit(INTERNAL if isinstance(error, VerificationError) else USAGE) from None


def spoken(*wanted: str | None, as_json: bool = False) -> str:
    """The language: the first that is wanted, that of the environment, English; an unknown one ends the program."""
    try:
        return preferred(*wanted)
    except ClosedFormError as error:
        fail(error, ENGLISH, as_json)


def wished(args: Sequence[str]) -> str:
    """The language of a command line that cannot be read."""
    after = [b for a, b in pairwise(args) if a == "--lang"]
    return spoken(*after, *(a.partition("=")[2] for a in args if a.startswith("--lang=")))


def misuse(ctx: Any, error: Any, line: Sequence[str], rest: Sequence[str] = ()) -> NoReturn:
    """End the program as any mistake does, in the language asked for; where only help is wanted, raise the error again.

    Args:
        ctx: of the command.
        error: of typer's parser.
        line: the arguments of the command.
        rest: those that are too many.
    """
    from closedform.syntax.names import closest

    parameters = ctx.command.get_params(ctx)
    option = str(getattr(error, "option_name", ""))
    hint = f"see {' '.join([PROGRAM, ctx.command.name] if ctx.parent else [PROGRAM])} --help"
    match type(error).__name__:
        case "NoSuchOption":
            message = f"no such option: {option[:40]}"
            hint = closest(option, [name for p in parameters for name in p.opts]) or hint
        case "BadOptionUsage":
            flag = any(option in p.opts and getattr(p, "is_flag", False) for p in parameters)
            message = f"{option} takes no value" if flag else f"{option} needs a value"
        case "MissingParameter":
            message = f"missing argument {error.param.name.upper()}"
        case "BadParameter":
            message = f"{error.param.opts[0]} does not take this value"
        case "UsageError" if rest:
            message = f"unexpected argument {rest[0][:40]}"
        case _:
            raise error
    fail(RequestError(message, hint=hint), wished(line), "--json" in line)


class Command(TyperCommand):
    """A command whose context's object is the language, known before all else, and whose help is in [help]."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        line, rest = tuple(args), list[str]()
        try:
            given, rest, _ = self.make_parser(ctx).parse_args(list(args))
            ctx.obj = spoken(given.get("lang"), given.get("steps"), as_json="json" in given)
            return super().parse_args(ctx, args)
        except UsageError as error:
            misuse(ctx, error, line, rest)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        explain(self, ctx, ctx.obj)
        super().format_help(ctx, headed(formatter, ctx.obj))


class Group(TyperGroup):
    """The program; its help is in the language of the environment."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        line = tuple(args)
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            misuse(ctx, error, line)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        from closedform.syntax.names import closest

        hint = closest(args[0], self.commands) or "one of " + ", ".join(self.commands)
        fail(RequestError(f"no such command: {args[0][:40]}", hint=hint), wished(args), "--json" in args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        lang = spoken()
        for command in [self, *(c for c in self.commands.values() if isinstance(c, Command))]:
            explain(command, ctx, lang)
        super().format_help(ctx, headed(formatter, lang))


def explain(command: Any, ctx: Any, lang: str) -> None:
    """Give a command and its parameters their help in a language."""
    name = command.name or PROGRAM
    examples = f"\n\n\b{EXAMPLES[name]}" if name in EXAMPLES else ""  # \b keeps the lines that follow it
    command.help = say(lang, f"help.{name}") + examples
    for parameter in command.get_params(ctx):
        parameter.help = say(lang, f"help.{name}-{parameter.name}")


def headed(formatter: Any, lang: str) -> Any:
    """The formatter of a help text with its headings in a language."""
    write_heading = formatter.write_heading
    formatter.write_heading = lambda heading: write_heading(say(lang, f"help.{heading.lower()}"))
    formatter.write_usage = partial(formatter.write_usage, prefix=say(lang, "help.usage"))
    return formatter
