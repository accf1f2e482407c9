"""The command `closedform practice`: pose exercises, give hints one step at a time, judge answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from closedform.cli import render
from closedform.cli.command import fail
from closedform.errors import ClosedFormError, NotSupported
from closedform.lang import say
from closedform.lang.messages import told

if TYPE_CHECKING:
    from closedform.practice.exercise import Exercise

HINT, SOLUTION, NEXT, QUIT = "?", "!", "n", "q"  #: what may be typed in the place of an answer


def practice(
    ctx: typer.Context,
    topic: Annotated[str | None, typer.Option(show_default=False)] = None,
    level: Annotated[int | None, typer.Option(show_default=False)] = None,
    count: Annotated[int, typer.Option(min=1, max=1000)] = 5,
    seed: Annotated[int | None, typer.Option(show_default=False)] = None,
    lang: Annotated[str | None, typer.Option(show_default=False)] = None,
) -> None:
    """Find derivatives, with hints on demand."""
    spoken: str = ctx.obj  # set by Command
    from closedform.practice.exercise import exercises

    try:
        chosen = list(islice(exercises(topic, level, seed), count))
    except ClosedFormError as error:
        fail(error, spoken)
    right = 0
    for number, exercise in enumerate(chosen, 1):
        outcome = _pose(exercise, number, len(chosen), spoken)
        if outcome is None:
            break
        right += outcome
    render.lines([("bold", say(spoken, "practice.score", right=right, count=len(chosen)))])


def _pose(exercise: Exercise, number: int, count: int, lang: str) -> bool | None:
    """Whether it was answered rightly without all the steps; None when the user stops."""
    D = exercise.derivative
    question = say(lang, "practice.question", wrt=", ".join(exercise.wrt.split()), function=exercise.function)
    render.lines(
        [
            ("", ""),
            ("bold", f"{number}/{count}  {question}"),
            ("dim", "     " + say(lang, "practice.given", let=exercise.let, shape="×".join(D.shape), layout=D.layout)),
        ]
    )
    hints = _hints(exercise, lang)
    while True:
        answer = _asked(lang)
        if answer is None or answer == QUIT:
            return None
        if answer == NEXT:
            return False
        if answer == SOLUTION:
            for hint in hints:
                render.lines(hint)
            return False
        if answer == HINT:
            render.lines(next(hints, [("dim", say(lang, "practice.no_more"))]))
        elif answer and _is_right(exercise, answer, lang):
            return True


def _asked(lang: str) -> str | None:
    """A line of the user; None at the end of the input."""
    sys.stdout.write(say(lang, "practice.prompt") + " ")
    sys.stdout.flush()
    line = sys.stdin.readline(10_000)
    if not sys.stdin.isatty():
        sys.stdout.write(render.printable(line.rstrip("\n")) + "\n")  # so that a transcript can be read
    return line.strip() if line else None


def _is_right(exercise: Exercise, answer: str, lang: str) -> bool:
    """Judge an answer; one that cannot be read is told so, and may be written again."""
    try:
        judgement = exercise.judge(answer)
    except ClosedFormError as error:
        render.lines([("red", told(error, lang))])
        return False
    style = "red" if judgement.verdict == "wrong" else "green"
    said = list(judgement.lines(lang))
    render.lines([(style, line) for line in (said[:-1] if style == "red" else said)])
    return style == "green"


def _hints(exercise: Exercise, lang: str) -> Iterator[list[tuple[str, str]]]:
    """One step after the other; where there is no derivation, the answer."""
    try:
        steps = exercise.hints(lang)
    except NotSupported:
        yield [("formula", exercise.derivative.unicode())]
        return
    for number, step in enumerate(steps, 1):
        yield list(render.step(number, step))
