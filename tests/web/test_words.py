"""The words of the page: every one that is asked for is there, and none is left over."""

from __future__ import annotations

import re
from pathlib import Path

import closedform.web
from closedform.lang import sections
from closedform.practice.bank import TOPICS
from closedform.syntax.declare import PROPERTIES
from closedform.web.calls import ROUTES
from closedform.web.examples import EXAMPLES
from closedform.web.query import PAGES
from closedform.web.tabs import TABS

HOME = Path(closedform.web.__file__).parent
NAMES = [path.strip("/") or "derivative" for path in PAGES]
TABLES = {  #: words whose names are made from a table
    "page_": NAMES, "nav_": [n for n in NAMES if n != "api"], "tab_": TABS, "property_": PROPERTIES,
    "topic_": ["all", *TOPICS], "level_": ["brief", "full"], "route_": ROUTES[:2], "field_": EXAMPLES,
    "example_": [e.name for rows in EXAMPLES.values() for e in rows], "form_": ["vec", "operator", "index"],
    "figure_": ["operations", "memory", "network", "factors", "graph", "pattern"],
    "status_": ["400", "404", "405", "413", "429", "500", "503", "504"],
}  # fmt: skip


def asked_for() -> set[str]:
    sources = "".join(f.read_text(encoding="utf-8") for f in [*HOME.rglob("*.html"), *HOME.rglob("*.py")])
    sources += (HOME.parent / "cli" / "serve.py").read_text(encoding="utf-8")
    plain = set(re.findall(r"""\bt\(['"](\w+)['"][,)]""", sources)) | set(re.findall(r'"web\.(\w+)"', sources))
    return plain | {prefix + name for prefix, names in TABLES.items() for name in names}


def test_every_word_is_there_and_none_is_left_over():
    assert asked_for() == set(sections("en")["web"])
