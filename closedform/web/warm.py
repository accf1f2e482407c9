"""Importing this makes a process ready to answer at once: everything imported, tables built, templates compiled.

The process from which the others are forked imports it, so that they begin warm and share its memory.
"""

from __future__ import annotations

import gc
import json

from closedform.lang import LANGUAGES
from closedform.practice.bank import PATTERNS
from closedform.web.work import work

QUESTIONS = {p.topic: p for p in PATTERNS}


def warm() -> None:
    """Answer a question of every kind."""
    for lang in LANGUAGES:
        for p in QUESTIONS.values():
            query = {"f": p.function, "by": p.wrt.split(), "let": p.let, "lang": lang}
            for kind in ("page/", "part/tab"):
                work(json.dumps({"kind": kind, "fields": query}).encode())
    gc.collect()
    gc.freeze()  # what is here stays in memory that is shared


warm()
