"""Writes the table of `docs/tracing.md`: what is understood, by library.

Run it as `python -m tests.tracing.page`; a test says when the page is out of date.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from closedform.tracing.array import METHODS
from closedform.tracing.libraries import LIBRARIES

PAGE = Path(__file__).parent.parent.parent / "docs" / "tracing.md"
BEGIN, END = "<!-- begin: written by python -m tests.tracing.page -->", "<!-- end -->"


def table() -> str:
    """One paragraph for every module."""
    listed = [(module, sorted(names)) for module, names in LIBRARIES.items()] + [("methods of arrays", sorted(METHODS))]
    return "\n\n".join(fill(f"**{module}**: {', '.join(names)}.", 118) for module, names in listed)


def page(text: str) -> str:
    """The page with a new table."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
