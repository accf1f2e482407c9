"""Entry points: wherever a text of a stranger is read.  Each takes the text and answers, or raises our error."""

from __future__ import annotations

import json
from collections.abc import Callable

import closedform as cf
from closedform import view
from closedform.cli import render
from closedform.errors import ClosedFormError
from closedform.lang import LANGUAGES, say
from closedform.lang.messages import translated
from closedform.syntax.declare import declarations

POINT = {"x": ("n",), "A": ("n", "n")}


def text(s: str) -> None:
    cf.parse(s, syntax="text")


def latex(s: str) -> None:
    cf.parse(s, syntax="latex")


def declared(s: str) -> None:
    """With shapes, so that nothing is inferred."""
    cf.parse(s, POINT)


def declaration(s: str) -> None:
    cf.parse("x'*x", *declarations([s]), infer=True)


def shape(s: str) -> None:
    """The names of a variable, a size, a property, a function, a named size."""
    given = [
        {"shapes": {s: ("n",)}},
        {"shapes": {"x": (s,)}},
        {"shapes": {"x": ()}, "properties": {"x": [s]}},
        {"shapes": {"x": ()}, "functions": {s: "entrywise"}},
        {"shapes": {"x": ()}, "functions": {"f": s}},
        {"shapes": {"x": ()}, "dims": [s]},
    ]
    refusals = [answered(lambda g=g: cf.parse("x", **g)) for g in given]
    if all(refusals):
        raise refusals[0]


def answered(ask: Callable[[], object]) -> ClosedFormError | None:
    try:
        ask()
    except ClosedFormError as error:
        return error
    return None


def request(s: str) -> None:
    """The variable, the layout, the language of a request, the name of a direction."""
    f = cf.parse("x'*A*x")
    D = cf.derivative(f, "x")
    asked = [
        lambda: cf.derivative(f, s),
        lambda: cf.derivative(f, "x", layout=s),
        lambda: cf.derivative(f, "x", symmetric=s),
        lambda: cf.jvp(f, "x", s),
        lambda: cf.vjp(f, "x", s),
        lambda: cf.hvp(f, "x", s),
        lambda: D.code(s),
        lambda: D.steps(s),
        lambda: D.steps("en", s),
        lambda: D.steps("en", "brief", s),
    ]
    refusals = [answered(a) for a in asked]
    if all(refusals):
        raise refusals[0]


def first(f: cf.Function) -> str:
    """The variable that occurs first by name; x or X if there is one."""
    return next((n for n in ("x", "X", *sorted(f.variables)) if n in f.variables), "x")


def derivative(s: str) -> None:
    """The derivative, its check, and every notation."""
    D = cf.derivative(f := cf.parse(s), first(f))
    D.check()
    for show in (lambda: D.text, D.unicode, D.latex, D.code, D.operator, D.layouts, D.as_dict):
        answered(show)


def steps(s: str) -> None:
    cf.derivative(f := cf.parse(s), first(f)).steps("en", "full")


def second(s: str) -> None:
    D = cf.derivative(f := cf.parse(s), first(f), first(f))
    D.check()
    answered(lambda: D.text)


def entries(s: str) -> None:
    cf.derivative(f := cf.parse(s), first(f)).written_out(2)


def statement(s: str) -> None:
    """A statement, or one of whose sides is the text."""
    cf.check(s if "=" in s else f"d(x'*A*x)/dx = {s}")


def left(s: str) -> None:
    cf.check(s if "=" in s else f"d({s})/dx = x")


def answer(s: str) -> None:
    cf.judge(cf.parse("x'*A*x"), "x", s)


def differential(s: str) -> None:
    cf.judge(cf.parse("x'*A*x"), "x", f"df = {s}; 2*A*x")


def told(s: str) -> None:
    """In messages of every language, and in JSON."""
    errors = [ClosedFormError(f"unknown function {s}", source=s, span=(0, len(s)), hint=s, shapes={s: s})]
    if (error := answered(lambda: cf.parse(s))) is not None:
        errors.append(error)
    for lang in LANGUAGES:
        translated(lang, s)
        say(lang, "cli.error", message=s)
        for error in errors:
            json.loads(render.json(view.error_fields(error, lang)))
            render.told(error, lang)


ENTRIES: dict[str, Callable[[str], None]] = {
    f.__name__: f
    for f in (
        text, latex, declared, declaration, shape, request, derivative, steps, second, entries, statement, left,
        answer, differential, told,
    )
}  # fmt: skip
