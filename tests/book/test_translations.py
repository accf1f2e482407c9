"""The Korean and the Chinese book follow the English one: the same pages, formulas and sections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page.relative_to(DOCS) for page in [DOCS / "tour.md", *(DOCS / "theory").glob("*.md")])
FENCE = re.compile(r"^```[^\n]*\n.*?^```$", re.MULTILINE | re.DOTALL)


def asked(text: str) -> list[str]:
    """The blocks of a page; of a session on the command line the questions, without their language."""
    found = FENCE.findall(text)
    return [
        re.sub(r" --lang \w+|(?<=--steps) \w+", "", "\n".join(re.findall(r"^\$ .*", b, re.MULTILINE)))
        if b.startswith("```console")
        else b
        for b in found
    ]


@pytest.mark.parametrize("language", ["ko", "zh"])
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_translation_has_the_formulas_and_sections_of_the_english_page(page: Path, language: str) -> None:
    here, there = ((DOCS / folder / page).read_text(encoding="utf-8") for folder in ("", language))
    assert asked(here) == asked(there)
    headings = [re.findall(r"^(#+) ", FENCE.sub("", text), re.MULTILINE) for text in (here, there)]
    assert headings[0] == headings[1]
    assert here.count("<details") == there.count("<details")
