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
from closedform.web.judging import exercise, judged, judgement, verdicts
from closedform.web.mathml import formula
from closedform.web.query import Query
from closedform.web.rendering import Shown, error, render
from closedform.web.tabs import open_tab


def tab(q: Query) -> str:
    """The open tab, rendered."""
    return open_tab(derivative_of(q), q)


def page(q: Query) -> tuple[int, str]:
    """A page and its status; a mistake of the reader is shown below what could be made of the question."""
    status = 200
    shown: Shown = dict.fromkeys(("error", "examples", "reading", "answer", "own", "content")) | {"tab": ""}
    try:
        CONTENT[q.path](q, shown)
    except ClosedFormError as e:
        status, shown["error"] = status_of(e), error(e, q)
    return status, render(f"{q.path.strip('/') or 'derivative'}.html", q, shown)


def _derivative_page(q: Query, shown: Shown) -> None:
    if not q["f"]:
        shown["examples"] = examples(q)
        return
    shown["reading"] = reading(q)
    if q.by:
        shown["answer"] = answer(derivative_of(q), q)
        shown["tab"] = Markup(tab(q))


@lru_cache(1)
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


def _check_page(q: Query, shown: Shown) -> None:
    if q["s"]:
        shown["content"] = verdicts(q)


def _mine_page(q: Query, shown: Shown) -> None:
    if q["f"]:
        shown["reading"] = reading(q)
    if q["f"] and q.by and q["mine"]:
        shown["content"] = judgement(judged(q), q)


def _practice_page(q: Query, shown: Shown) -> None:
    shown |= exercise(q)
    if q["mine"]:
        own = Query("/", shown["own"].fields | {"mine": q["mine"]})
        shown["content"] = judgement(judged(own), own)


def _api_page(q: Query, shown: Shown) -> None:
    shown["calls"] = CALLS


CONTENT: dict[str, Callable[[Query, Shown], None]] = {
    "/": _derivative_page,
    "/check": _check_page,
    "/mine": _mine_page,
    "/practice": _practice_page,
    "/api": _api_page,
}
PARTS: dict[str, Callable[[Query], str]] = {  #: what the page's script asks for, by name
    "preview": lambda q: render("preview.html", q, {"reading": reading(q)}),
    "answer": lambda q: render("answer.html", q, {"answer": answer(derivative_of(q), q)}),
    "tab": tab,
    "check": lambda q: render("verdicts.html", q, {"content": verdicts(q)}),
    "mine": lambda q: render("judgement.html", q, {"content": judgement(judged(q), q)}),
}
