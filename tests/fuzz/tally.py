"""What became of many questions: counts by name, and what was found, made small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.judge import Finding
from tests.fuzz.questions import Question


@dataclass
class Tally:
    """Counts of the questions of one order.

    Attributes:
        asked: how many.
        notes: what was compared and what was refused, to how often.
        found: what went wrong: the number of the question, the kind, what was seen, and the question as a row.
        seconds: of computing.
    """

    asked: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    found: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, number: int, q: Question, finding: Finding, seconds: float) -> None:
        self.asked += 1
        self.seconds += seconds
        self.notes.update(set(finding.notes))
        self.found += [(number, kind, what, q.row()) for kind, what in finding.failures]

    @property
    def wrong(self) -> int:
        return len({number for number, kind, *_ in self.found if kind.startswith("wrong")})

    @property
    def crashed(self) -> int:
        return len({number for number, kind, *_ in self.found if not kind.startswith("wrong")})

    def rows(self) -> Iterator[tuple[str, str]]:
        """The lines of a table."""
        yield "asked", f"{self.asked:,}"
        for name in MAIN:
            yield name, f"{self.notes[name]:,}"
        yield "wrong", f"{self.wrong:,}"
        yield "crashed", f"{self.crashed:,}"
        yield "seconds", f"{self.seconds:,.0f}"
        for name, count in sorted(self.notes.items(), key=lambda item: (-item[1], item[0])):
            if name not in MAIN:
                yield name, f"{count:,}"


#: counted in every table, also where it is 0
MAIN = ("answered", "refused", "compared", "PyTorch", "JAX", "proved", "numeric only")
