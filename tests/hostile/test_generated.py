"""Generated hostile strings: a slice of the million, and a search by hypothesis for slow ones."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from closedform.errors import ClosedFormError
from tests.hostile.generate import ODD, PIECES, hostile
from tests.hostile.million import MEGABYTES, PARSERS, SECONDS, read_strings

SLICE = range(5_000_000, 5_002_500)  #: other strings than those of a run of the million


def test_a_slice_of_the_million_strings_is_read_or_refused():
    tally = read_strings(SLICE)
    assert tally.failures == []
    assert tally.megabytes < MEGABYTES
    for name in PARSERS:
        outcomes = {outcome for parser, outcome in tally.outcomes if parser == name}
        assert "read" in outcomes and len(outcomes) > 1, name


def test_a_string_is_the_same_whenever_it_is_made():
    assert [hostile(n) for n in range(50)] == [hostile(n) for n in range(50)]
    assert len({hostile(n) for n in range(500)}) > 450


@pytest.mark.parametrize("name", PARSERS)
@given(st.lists(st.sampled_from((*PIECES, *ODD)), max_size=40).map("".join), st.integers(1, 200))
@settings(max_examples=150, deadline=None)
def test_strings_that_take_long_are_looked_for_and_none_is_found(name, piece, times):
    text = (piece * times)[:12_000]
    started = process_time()
    try:
        PARSERS[name](text)
    except ClosedFormError as error:
        assert error.message
    seconds = process_time() - started
    target(seconds)
    assert seconds < SECONDS
