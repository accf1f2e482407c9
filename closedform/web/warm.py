"""Importing this makes a process ready to answer at once: everything imported, tables built, templates compiled.

The process from which the others are forked imports it, so that they begin warm and share its memory.
"""

from __future__ import annotations

import gc
import json

from closedform.lang import LANGUAGES
from closedform.practice.bank import PATTERNS
from closedform.verification.exact import POINTS, POINTS_PER_PRIME
from closedform.verification.field import field_number
from closedform.web.tabs import TABS
from closedform.web.work import work

OF_TOPIC = {p.topic: p for p in PATTERNS}
STATEMENT = "d(x'*A*x)/dx = 2*A*x"


def _question(kind: str, **fields: object) -> bytes:
    return json.dumps({"kind": kind, "fields": fields}).encode()


def _questions() -> list[bytes]:
    """Of every kind, in every language."""
    asked = [{"f": p.function, "by": p.wrt.split(), "let": p.let} for p in OF_TOPIC.values()]
    found = [_question("page/", lang=lang, tab=tab, **asked[0]) for lang in LANGUAGES for tab in TABS]
    found += [_question("part/answer", **fields) for fields in asked]
    return [*found, _question("page/check", s=STATEMENT), _question("api/derivative", f="x'*x", by=["x"])]


FIRST = _question("page/", f="norm2(X*w - y)^2", by=["w"])


def answer(question: bytes) -> bytes:
    """What a process does with a question; the empty one is an example."""
    return work(question or FIRST)


for one in [FIRST, *_questions()]:
    work(one)
for k in range(POINTS // POINTS_PER_PRIME):
    field_number(k)  # a prime costs as much as an answer
gc.collect()
gc.freeze()  # what is here stays in memory that is shared
