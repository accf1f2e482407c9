"""What a process of the pool does: one question in, one answer out, both as bytes.

A question is JSON: its kind (`api/…`, `part/…`, `page/…`) and its fields.  An answer is a status, a blank and a body:
JSON for `api`, HTML for the others.
"""

from __future__ import annotations

import json
from typing import Any

from closedform import view
from closedform.errors import ClosedFormError, TooLarge
from closedform.lang import LANGUAGES
from closedform.web.calls import CALLS, status_of
from closedform.web.pages import PARTS, page
from closedform.web.query import Query
from closedform.web.rendering import error, render


def work(question: bytes) -> bytes:
    """The answer to a question; a mistake of the user is answered, a mistake of ours ends the process."""
    asked = json.loads(question)
    family, _, name = asked["kind"].partition("/")
    try:
        status, body = FAMILIES[family](name, asked["fields"])
    except MemoryError:
        status, body = _failed(family, asked["fields"])
    return f"{status} {body}".encode(errors="replace")  # half a pair of surrogates is no character


def _api(name: str, fields: Any) -> tuple[int, str]:
    try:
        call = CALLS[name]
        return 200, json.dumps(call.answer(call.read(fields)), ensure_ascii=False)
    except ClosedFormError as e:
        return _told(e, fields)


def _told(e: ClosedFormError, fields: Any) -> tuple[int, str]:
    status = status_of(e)
    told = view.error_fields(e, _language(fields)) | {"status": status}
    return status, json.dumps({"error": told}, ensure_ascii=False)


def _language(fields: Any) -> str:
    """The language of a request that may be anything."""
    lang = fields.get("lang") if isinstance(fields, dict) else None
    return lang if isinstance(lang, str) and lang in LANGUAGES else LANGUAGES[0]


def _empty(path: str, fields: Any) -> Query:
    """A query of which only the language is known."""
    return Query.read(path, {"lang": _language(fields)})


def _part(name: str, fields: Any) -> tuple[int, str]:
    path = "/check" if name == "check" else "/"
    q = _empty(path, fields)
    try:
        q = Query.read(path, fields)
        return 200, PARTS[name](q)
    except ClosedFormError as e:
        return status_of(e), render("error.html", q, {"error": error(e, q)})


def _page(name: str, fields: Any) -> tuple[int, str]:
    try:
        return page(Query.read(f"/{name}", fields))
    except ClosedFormError as e:  # the query itself cannot be read
        q = _empty(f"/{name}", fields)
        return status_of(e), render("refused.html", q, {"error": error(e, q)})


def _failed(family: str, fields: Any) -> tuple[int, str]:
    """Not enough memory for this question."""
    too_large = TooLarge("this takes more memory than one question may have")
    if family == "api":
        return _told(too_large, fields)
    q = _empty("/", fields)
    return status_of(too_large), render("error.html", q, {"error": error(too_large, q)})


FAMILIES = {"api": _api, "part": _part, "page": _page}
