"""The command `closedform practice`: questions, hints, judgements, the score."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from closedform.cli.main import app
from closedform.practice.exercise import exercises

ASK = ["practice", "--topic", "trace", "--level", "1", "--seed", "1", "--count", "1"]
FIRST = next(exercises("trace", 1, 1))


def run(typed: str, *more: str):
    return CliRunner().invoke(app, [*ASK, *more], input=typed)


def test_a_right_answer_scores():
    result = run(f"{FIRST.derivative.text}\n")
    assert result.exit_code == 0
    assert f"1/1  Differentiate by {FIRST.wrt}:  {FIRST.function}" in result.output
    assert "✓ right" in result.output and result.output.endswith("1 of 1 answered rightly\n")


def test_a_wrong_answer_is_told_what_is_wrong_and_may_be_written_again():
    result = run(f"-({FIRST.derivative.text})\n{FIRST.derivative.text}\n")
    assert "the sign of the whole is wrong" in result.output and "right is" not in result.output
    assert result.output.endswith("1 of 1 answered rightly\n")


def test_a_question_mark_shows_one_step_and_a_mark_of_exclamation_all():
    one, every = run("?\nq\n").output, run("!\n").output
    assert " 1  write the differential" in one and "read off" not in one
    assert "read off the gradient" in every and every.endswith("0 of 1 answered rightly\n")


def test_after_the_last_step_there_is_none():
    steps = len(FIRST.hints())
    assert "that was the last step" in run("?\n" * (steps + 1)).output


@pytest.mark.parametrize("typed", ["", "q\n"])
def test_the_end_of_the_input_ends_the_session(typed):
    result = run(typed)
    assert result.exit_code == 0 and result.output.endswith("0 of 1 answered rightly\n")


def test_a_formula_that_cannot_be_read_is_shown_with_its_place():
    result = run("A'*)\nq\n")
    assert "this bracket closes nothing" in result.output and result.exit_code == 0


def test_it_speaks_korean_and_chinese():
    assert "미분하시오" in run("q\n", "--lang", "ko").output
    assert "求导" in run("q\n", "--lang", "zh").output


def test_an_unknown_topic_is_refused():
    result = CliRunner().invoke(app, ["practice", "--topic", "integrals"])
    assert result.exit_code == 2 and "no such topic: 'integrals'" in result.stderr
