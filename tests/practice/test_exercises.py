"""Exercises: every one has an answer that the judge calls right, and hints that end in it."""

from __future__ import annotations

from itertools import islice
from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.errors import RequestError, UnknownName
from closedform.practice.bank import LEVELS, PATTERNS, TOPICS, Pattern
from closedform.practice.exercise import Exercise, _lettered, exercises

PLAIN = {ord(c): "x" if c.islower() else "X" for c in ascii_letters}  #: one letter for all


def as_it_is(p: Pattern) -> Exercise:
    return Exercise(p.topic, p.level, p.function, p.wrt, p.let)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: f"{p.topic}-{p.level}-{p.function}")
def test_the_answer_of_an_exercise_is_judged_right_and_its_double_is_not(pattern):
    exercise = as_it_is(pattern)
    answer = exercise.derivative.text
    assert exercise.judge(answer).verdict == "right"
    wrong = exercise.judge(f"2*({answer})")
    assert wrong.verdict == "wrong" and wrong.correct == answer


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: f"{p.topic}-{p.level}-{p.function}")
def test_the_hints_end_in_the_answer(pattern):
    exercise = as_it_is(pattern)
    hints = exercise.hints("ko")
    assert len(hints) >= 2 and hints[-1].after == exercise.derivative.text


@given(pattern=st.sampled_from(PATTERNS), rng=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_other_letters_change_nothing_but_names(pattern, rng):
    other = _lettered(pattern, rng)
    assert other.derivative.shape == as_it_is(pattern).derivative.shape
    assert len(other.derivative.text) == len(as_it_is(pattern).derivative.text)


def test_every_topic_has_exercises_of_every_level():
    assert {(p.topic, p.level) for p in PATTERNS} == {(t, k) for t in TOPICS for k in LEVELS}


def test_no_exercise_is_posed_twice_before_all_were():
    trace = [p for p in PATTERNS if p.topic == "trace"]
    shapes = [e.derivative.text.translate(PLAIN) for e in islice(exercises("trace", seed=5), len(trace))]
    assert len(set(shapes)) == len({as_it_is(p).derivative.text.translate(PLAIN) for p in trace}) == len(trace)


def test_a_seed_gives_the_same_exercises_again():
    assert list(islice(exercises(seed=7), 9)) == list(islice(exercises(seed=7), 9))
    assert list(islice(exercises(seed=7), 9)) != list(islice(exercises(seed=8), 9))


@pytest.mark.parametrize(
    ("options", "said"), [({"topic": "integrals"}, "no such topic: 'integrals'"), ({"level": 9}, "no such level: 9")]
)
def test_what_there_is_not_is_refused_by_name(options, said):
    with pytest.raises(RequestError, match=said):
        exercises(**options)


def test_an_answer_in_other_variables_is_refused():
    with pytest.raises(UnknownName, match="q"):
        as_it_is(PATTERNS[0]).judge("q")
