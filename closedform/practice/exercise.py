"""One exercise: its question, its hints, and the judgement on an answer."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from closedform.ask import derivative
from closedform.errors import RequestError
from closedform.practice.bank import LEVELS, PATTERNS, TOPICS, Pattern
from closedform.syntax.declare import declarations
from closedform.syntax.text import parse

if TYPE_CHECKING:
    from closedform.answer import Derivative
    from closedform.derivation.telling import Derivation
    from closedform.identity.mine import Judgement

#: letters that may be exchanged; those of a row stay of one kind
LETTERS = ({"A": "ABCM", "B": "BDHN", "C": "CEPQ", "W": "WRST", "X": "XYZU"}, {"a": "uvy", "b": "qrz", "x": "xwt"})


@dataclass(frozen=True)
class Exercise:
    """A question to practise on.

    Attributes:
        topic, level: where it belongs.
        function, wrt: what is to be differentiated by what.
        let: shapes of all names.
    """

    topic: str
    level: int
    function: str
    wrt: str
    let: str

    @cached_property
    def derivative(self) -> Derivative:
        """The answer, checked."""
        shapes, properties, functions = declarations([self.let])
        D = derivative(parse(self.function, shapes, properties, functions), *self.wrt.split())
        D.check()
        return D

    def hints(self, lang: str = "en") -> Derivation:
        """The steps, to be shown one at a time; the last one is the answer."""
        return self.derivative.steps(lang)

    def judge(self, answer: str) -> Judgement:
        """What is to be said of an answer.

        Raises:
            ClosedFormError: the answer is no formula in the variables of the exercise.
        """
        from closedform.identity.mine import judged

        return judged(self.derivative, answer)


def exercises(topic: str | None = None, level: int | None = None, seed: int | None = None) -> Iterator[Exercise]:
    """Exercises without end, in random order, none twice before all were posed.

    Args:
        topic: one of `TOPICS`; by default all.
        level: 1 to 3; by default all, easy ones first.
        seed: of the order and of the letters.

    Raises:
        RequestError: no such topic or level.

    >>> first = next(exercises("trace", 1, seed=1))
    >>> first.topic, first.level
    ('trace', 1)
    """
    if topic is not None and topic not in TOPICS:
        raise RequestError(f"no such topic: {topic[:40]!r}", hint="one of " + ", ".join(TOPICS))
    if level is not None and level not in LEVELS:
        raise RequestError(f"no such level: {level}", hint="1, 2 or 3")
    chosen = [p for p in PATTERNS if topic in (None, p.topic) and level in (None, p.level)]
    return _drawn(chosen, random.Random(seed))


def _drawn(patterns: list[Pattern], rng: random.Random) -> Iterator[Exercise]:
    while True:
        order = sorted(rng.sample(patterns, len(patterns)), key=lambda p: p.level)
        yield from (_lettered(p, rng) for p in order)


def _lettered(p: Pattern, rng: random.Random) -> Exercise:
    """The exercise in other letters: each name a new one of its kind."""
    names = re.findall(r"(\w+):", p.let)
    new: dict[str, str] = {}
    for name in names:
        choices = next(row[name] for row in LETTERS if name in row)
        new[name] = rng.choice([c for c in choices if c not in new.values()])
    let = "; ".join(f"{new[part.split(':')[0].strip()]}:{part.split(':')[1]}" for part in p.let.split(";"))
    return Exercise(p.topic, p.level, _changed(p.function, new), _changed(p.wrt, new), let)


def _changed(formula: str, new: Mapping[str, str]) -> str:
    """The formula with new names; a letter before a bracket is that of a function."""
    return re.sub(r"\b[A-Za-z]\b(?!\()", lambda m: new.get(m[0], m[0]), formula)
