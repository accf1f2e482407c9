"""What commands have in common: the language they speak, their help, and how an error ends them."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from closedform.cli import render
from closedform.errors import ClosedFormError, VerificationError
from closedform.lang import LANGUAGES, language, say

USAGE, INTERNAL = 2, 70
PROGRAM = "closedform"
ENGLISH = LANGUAGES[0]
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
        typer.echo(render.json({"error": render.error_fields(error, lang)}))
    render.error(error, lang)
    raise typer.Exit(INTERNAL if isinstance(error, VerificationError) else USAGE) from None


def spoken(*wanted: str | None, as_json: bool = False) -> str:
    """The language: the first that is wanted, that of the environment, English; an unknown one ends the program."""
    try:
        return language(next((lang for lang in (*wanted, os.environ.get("CLOSEDFORM_LANG")) if lang), ENGLISH))
    except ClosedFormError as error:
        fail(error, ENGLISH, as_json)


class Command(TyperCommand):
    """A command whose context's object is the language, known before all else, and whose help is in [help]."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        ctx.obj = spoken(given.get("lang"), given.get("steps"), as_json="json" in given)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        explain(self, ctx, ctx.obj)
        super().format_help(ctx, headed(formatter, ctx.obj))


class Group(TyperGroup):
    """The program; its help is in the language of the environment."""

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
