"""The command `closedform diff`: parse, ask, check, print."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedform import view
from closedform.cli import render
from closedform.cli.command import Command, fail
from closedform.cli.mine import mine as judge
from closedform.errors import ClosedFormError, RequestError
from closedform.lang import LANGUAGES

if TYPE_CHECKING:
    from closedform.answer import Derivative
    from closedform.derivation.telling import Derivation

OPTIONS = (
    "--let", "--layout", "--symmetric", "--entries", "--steps", "--level", "--route", "--lang", "--code", "--latex",
    "--json", "--mine", "--cost", "--help",
)  # fmt: skip


class Diff(Command):
    """`--steps` may stand alone, or before a language."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        alone = [a == "--steps" and b not in LANGUAGES for a, b in zip(args, [*args[1:], ""], strict=False)]
        return super().parse_args(ctx, ["--steps=" if bare else a for a, bare in zip(args, alone, strict=True)])


def diff(
    ctx: typer.Context,
    function: Annotated[str, typer.Argument(show_default=False)],
    wrt: Annotated[list[str] | None, typer.Argument()] = None,
    let: Annotated[list[str] | None, typer.Option()] = None,
    layout: Annotated[str | None, typer.Option(show_default=False)] = None,
    symmetric: Annotated[str, typer.Option()] = "projected",
    entries: Annotated[str | None, typer.Option(show_default=False)] = None,
    steps: Annotated[str | None, typer.Option(show_default=False)] = None,
    level: Annotated[str, typer.Option()] = "brief",
    route: Annotated[str, typer.Option()] = "differentials",
    mine: Annotated[list[str] | None, typer.Option()] = None,
    lang: Annotated[str | None, typer.Option(show_default=False)] = None,
    code: Annotated[str | None, typer.Option(show_default=False)] = None,
    cost: Annotated[str | None, typer.Option(show_default=False)] = None,
    latex: Annotated[bool, typer.Option("--latex")] = False,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Differentiate a function by variables."""
    spoken: str = ctx.obj  # set by Command
    try:
        names = wrt or []
        _refuse_options([function, *names])
        _refuse_pairs(code, latex, json, entries, mine, layout)
        _refuse_cost(cost, code, latex, mine)
        if mine:
            judge(function, names, let or [], layout, mine, spoken, json)
            return
        chosen = None if entries is None else _sizes(entries)
        answer = view.answered(function, names, let or [], layout, symmetric)
        costs = None if cost is None else answer.cost(_named_sizes(cost))
        told = None
        if steps is not None:
            sizes = chosen[1] if chosen and route == "entries" else {}
            told = answer.steps(steps or spoken, level, route, **sizes)
        if json:
            typer.echo(render.json(_data(answer, steps or spoken, level, layout, chosen) | render.cost_as_data(costs)))
        elif latex:
            typer.echo(_latex(answer, told, chosen))
        elif code is not None:
            typer.echo(answer.code(code).rstrip("\n"))
        else:
            render.answer(answer, spoken, all_layouts=layout == view.ALL, derivation=told, entries=chosen, cost=costs)
    except ClosedFormError as error:
        fail(error, spoken, as_json=json)


def _data(
    answer: Derivative, lang: str, level: str, layout: str | None, entries: render.Chosen | None
) -> dict[str, Any]:
    """Every field, and what was asked for beside."""
    fields = answer.as_dict(lang=lang, level=level)
    fields |= view.layouts_as_data(answer) if layout == view.ALL else {}
    return fields | ({} if entries is None else view.entries_as_data(answer, *entries))


def _latex(answer: Derivative, derivation: Derivation | None, entries: render.Chosen | None) -> str:
    """The derivation, the entries at some sizes, or the answer."""
    if derivation is not None:
        return derivation.latex()
    return answer.latex() if entries is None else answer.written_out(entries[0], **entries[1]).latex()


def _refuse_pairs(
    code: str | None, latex: bool, json: bool, entries: str | None, mine: list[str] | None, layout: str | None
) -> None:
    """Options that do not go together."""
    if (code is not None) + latex + json > 1:
        raise RequestError("--code, --latex and --json print one thing each; choose one")
    if mine and (code is not None or latex or layout == view.ALL):
        raise RequestError("--mine judges an answer, and prints no other")
    if code is not None and entries is not None:
        raise RequestError("--code computes every entry; --entries goes with the answer, --latex or --json")


def _refuse_cost(cost: str | None, code: str | None, latex: bool, mine: list[str] | None) -> None:
    """The cost stands below the answer, or among the fields of JSON."""
    if cost is not None and (code is not None or latex or mine):
        raise RequestError("--cost goes with the answer, or --json")


def _named_sizes(text: str) -> dict[str, int]:
    """Sizes by name: `m=1000,n=500`.

    Raises:
        RequestError: it is something else.
    """
    sizes: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(\w+)\s*=\s*([0-9]{1,12})", part)
        if match is None or match[1] in sizes:
            raise RequestError(f"--cost takes sizes by name, not {part[:40]!r}", hint='write "m=1000,n=500"')
        sizes[match[1]] = int(match[2])
    return sizes


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
