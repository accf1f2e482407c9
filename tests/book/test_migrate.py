"""The tables of the pages for those who come from elsewhere: what they say is written here, is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import closedform as cf

PAGES = sorted((Path(__file__).parents[2] / "docs" / "migrate").glob("*.md"))
SPAN = re.compile(r"`([^`]+)`")


def spellings() -> Iterator[object]:
    """Every formula of the second column of a table whose header says that it is ours."""
    for page in PAGES:
        ours = False
        for line in page.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
            ours = (ours or cells[1:2] == ["here"]) and bool(cells)
            for formula in SPAN.findall(cells[1]) if ours else []:
                yield pytest.param(formula, id=f"{page.stem}: {formula}")


@pytest.mark.parametrize("formula", list(spellings()))
def test_a_spelling_of_the_tables_is_read(formula):
    assert cf.parse(formula)


def test_every_page_has_a_table():
    assert {spelling.id.partition(":")[0] for spelling in spellings()} == {page.stem for page in PAGES}
