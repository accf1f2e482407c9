"""Everything about a question is in its link."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedform.errors import ClosedFormError, Malformed
from closedform.lang import LANGUAGES
from closedform.web.query import FIELDS, PAGES, Query

TEXTS = st.text(min_size=1, max_size=40)
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "f": TEXTS, "by": st.lists(TEXTS, min_size=1, max_size=3), "let": TEXTS, "tab": TEXTS,
        "layout": st.sampled_from(["numerator", "vec"]), "level": st.sampled_from(["brief", "full"]),
        "lang": st.sampled_from(LANGUAGES), "told": st.sampled_from(LANGUAGES),
    },
)  # fmt: skip


def read(link: str) -> Query:
    parts = urlsplit(link)
    pairs = parse_qsl(parts.query)
    fields: dict = {n: v for n, v in pairs if n != "by"}
    if any(n == "by" for n, _ in pairs):
        fields["by"] = [v for n, v in pairs if n == "by"]
    return Query.read(parts.path, fields)


@given(QUESTIONS)
def test_a_link_is_read_back_as_the_question_that_it_was_made_from(fields):
    q = Query.read("/", fields)
    assert read(q.link()) == q


@given(QUESTIONS)
def test_a_link_to_another_page_keeps_what_pages_share(fields):
    q = Query.read("/", fields)
    for path in PAGES:
        other = read(q.link(path))
        assert other.path == path and all(other[n] == q[n] for n in ("f", "by", "let", "lang") if n in PAGES[path])


def test_what_is_as_usual_is_not_in_a_link():
    assert Query.read("/", {"f": "x'*x", "level": "brief", "tab": "steps"}).link() == "/?f=x%27*x"


@pytest.mark.parametrize(
    "fields", [{"evil": "1"}, {"layout": "evil"}, {"by": ["x"] * 9}, {"lang": "tlh"}, {"level": "1"}]
)
def test_a_field_that_there_is_not_is_refused(fields):
    with pytest.raises(Malformed):
        Query.read("/", fields)


def test_a_long_field_is_refused():
    with pytest.raises(ClosedFormError, match="10000 characters"):
        Query.read("/", {"f": "x" * 10_001})


def test_every_field_of_a_page_is_known():
    assert all(set(names) <= FIELDS.keys() for names in PAGES.values())
