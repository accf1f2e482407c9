"""The query of a page: everything about a question is in its link, and every link is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from closedform.calculus.layout import LAYOUTS
from closedform.errors import Malformed
from closedform.lang import LANGUAGES
from closedform.practice.bank import LEVELS as DIFFICULTIES
from closedform.practice.bank import TOPICS
from closedform.web.calls import BY, LET, LEVEL, ROUTE, ROUTES, SYMMETRIC, Field, Fields

BEGIN = "steps"  #: the tab that is open first


def _optional(doc: str, choices: Sequence[str] = ()) -> Field:
    return Field(doc, choices=tuple(choices), optional=True)


FIELDS = {  #: of every page; one that a page has no use for is kept in the links to the others
    "f": _optional("the function"),
    "by": Field(BY.doc, many=True, optional=True),
    "let": LET,
    "layout": _optional("the layout", tuple(LAYOUTS)),
    "symmetric": SYMMETRIC,
    "tab": Field("what is shown below the answer", BEGIN),
    "told": _optional("the language of the derivation", LANGUAGES),
    "level": LEVEL,
    "route": Field(ROUTE.doc, ROUTES[0], ROUTES),
    "s": _optional("statements, one a line"),
    "mine": _optional("an answer, perhaps of several lines"),
    "topic": _optional("of exercises", TOPICS),
    "difficulty": _optional("of exercises", tuple(map(str, DIFFICULTIES))),
    "seed": _optional("of the order of exercises"),
    "n": Field("the number of the exercise", "0"),
    "lang": _optional("of the page", LANGUAGES),
}
SHARED = ("f", "by", "let", "lang")  #: what goes with the reader from page to page
PAGES = {  #: the fields that a page's own links have, by the page's path
    "/": ("f", "by", "let", "layout", "symmetric", "tab", "told", "level", "route", "lang"),
    "/check": ("s", "let", "lang"),
    "/mine": ("f", "by", "let", "layout", "mine", "lang"),
    "/practice": ("topic", "difficulty", "seed", "n", "mine", "lang"),
    "/api": ("lang",),
}


@dataclass(frozen=True)
class Query:
    """A page and what it is asked."""

    path: str
    fields: Fields

    @classmethod
    def read(cls, path: str, given: Mapping[str, Any]) -> Query:
        """The query of a page.

        Raises:
            Malformed: no such field, or no such value.
        """
        unknown = sorted(given.keys() - FIELDS.keys())
        if unknown:
            raise Malformed(f"no such field: {unknown[0][:40]!r}", hint="the fields are " + ", ".join(FIELDS))
        return cls(path, {n: f.default if not given.get(n) else f.taken(n, given[n]) for n, f in FIELDS.items()})

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    @property
    def lang(self) -> str:
        return self["lang"] or LANGUAGES[0]

    @property
    def by(self) -> list[str]:
        return self["by"] or []

    @property
    def unusual(self) -> dict[str, Any]:
        """The fields of this page that are not as usual, without those that have a place of their own in its form."""
        own = set(PAGES[self.path]) - {"f", "by", "let", "s", "mine"}
        return {n: v for n, v in self.fields.items() if n in own and v and v != FIELDS[n].default}

    def link(self, path: str | None = None, /, **changes: Any) -> str:
        """The link to this question with some fields changed; what is as usual is not in it.

        >>> Query.read("/", {"f": "x'*x", "by": ["x"]}).link(layout="numerator")
        '/?f=x%27*x&by=x&layout=numerator'
        """
        path = path or self.path
        kept = [n for n in PAGES[path] if path == self.path or n in SHARED]
        fields = {n: self.fields[n] for n in kept} | changes
        given = [(n, fields[n]) for n in FIELDS if n in fields and fields[n] and fields[n] != FIELDS[n].default]
        query = urlencode(given, doseq=True, safe="*().,;:^/")
        return f"{path}?{query}" if query else path
