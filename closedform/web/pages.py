"""Whole pages, and the parts of them that the page's script asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from closedform.errors import ClosedFormError
from closedform.syntax.declare import declarations
from closedform.syntax.text import parse
from closedform.web.answers import answer, derivative_of, reading
from closedform.web.calls import CALLS, status_of
from closedform.web.examples import EXAMPLES
from closedform.web.judging import exercise, judgement, verdicts
from closedform.web.mathml import formula
from closedform.web.query import Query
from closedform.web.rendering import Shown, error, render
from closedform.web.tabs import open_tab


def tab(q: Query) -> str:
    """The open tab, rendered."""
    return open_tab(derivative_of(q), q)


def page(q: Query) -> tuple[int, str]:
    """A page and its status; a mistake of the reader is shown in its place."""
    status, shown = 200, dict[str, Any]({"error": None, "examples": None})
    try:
        shown |= CONTENT[q.path](q)
    except ClosedFormError as e:
        status = status_of(e)
        shown |= {"error": error(e, q), "content": None}
    name = q.path.strip("/") or "derivative"
    return status, render(f"{name}.html", q, {"name": name, "content": None} | shown)


def _derivative_page(q: Query) -> Shown:
    if not q["f"]:
        return {"reading": None, "answer": None, "tab": "", "examples": examples(q)}
    shown: Shown = {"reading": None, "answer": None, "tab": ""}
    try:
        shown["reading"] = reading(q)
        if q.by:
            shown["answer"] = answer(q)
            shown["tab"] = Markup(tab(q))
    except ClosedFormError as e:
        return shown | {"error": error(e, q), "failed": status_of(e)}
    return shown


@lru_cache(8)
def _typeset_examples() -> tuple[tuple[str, tuple[tuple[Any, Any], ...]], ...]:
    return tuple(
        (field, tuple((e, formula(parse(e.f, *declarations([e.let]), infer=True).expr)) for e in rows))
        for field, rows in EXAMPLES.items()
    )


def examples(q: Query) -> list[tuple[str, list[tuple[str, Any, str]]]]:
    """By field: the key of the name, the function typeset, the link."""
    blank = Query("/", q.fields | {"tab": None, "layout": None})
    return [
        (field, [(e.name, shown, blank.link(f=e.f, by=list(e.by), let=e.let)) for e, shown in rows])
        for field, rows in _typeset_examples()
    ]


def _check_page(q: Query) -> Shown:
    return {"content": verdicts(q) if q["s"] else None}


def _mine_page(q: Query) -> Shown:
    complete = q["f"] and q.by and q["mine"]
    return {"reading": reading(q) if q["f"] else None, "content": judgement(q) if complete else None}


def _practice_page(q: Query) -> Shown:
    shown = exercise(q)
    if q["mine"]:
        try:
            shown["content"] = judgement(Query("/", shown["own"].fields | {"mine": q["mine"]}))
        except ClosedFormError as e:
            shown["error"] = error(e, q)
    return shown


CONTENT: dict[str, Callable[[Query], Shown]] = {
    "/": _derivative_page,
    "/check": _check_page,
    "/mine": _mine_page,
    "/practice": _practice_page,
    "/api": lambda q: {"calls": CALLS},
}
PARTS: dict[str, Callable[[Query], str]] = {  #: what the page's script asks for, by name
    "preview": lambda q: render("preview.html", q, {"reading": reading(q)}),
    "answer": lambda q: render("answer.html", q, {"answer": answer(q)}),
    "tab": tab,
    "check": lambda q: render("verdicts.html", q, {"content": verdicts(q)}),
    "mine": lambda q: render("judgement.html", q, {"content": judgement(q)}),
}
