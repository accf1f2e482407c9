"""One question asked, and its answer compared with everything that does not depend on the engine.

An exception that is not one of ours is a finding too, and so is a question that takes very long.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

import closedform as cf
from closedform.errors import ClosedFormError, VerificationError
from tests.fuzz.comparisons import COMPARISONS, EVERYTHING, WRONG, Effort, Trial, named
from tests.fuzz.questions import Question

SECONDS = 60  #: of computing, for one question


@dataclass
class Finding:
    """What became of a question.

    Attributes:
        notes: what was compared, and what was refused; counted by name.
        failures: what went wrong: a kind, and what was found.
    """

    notes: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


class Hang(BaseException):
    """A question took `SECONDS`."""


def judged(q: Question, effort: Effort = EVERYTHING) -> Finding:
    """Ask and compare everything."""
    finding = Finding()
    signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        _ask(q, effort, finding)
    except (Exception, Hang) as error:
        finding.failures.append((f"crash: {type(error).__name__}", f"{error}"[:300]))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return finding


def _late(*_: object) -> None:
    raise Hang(f"{SECONDS} s of computing")


def _ask(q: Question, effort: Effort, finding: Finding) -> None:
    try:
        D = cf.derivative(q.function, *q.wrt)
    except VerificationError as error:
        finding.failures.append(("wrong", str(error)))
        return
    except ClosedFormError as error:
        finding.notes += ["refused", "refused: " + named(error)]
        return
    finding.notes.append("answered")
    trial = Trial(q, D, effort)
    for comparison in COMPARISONS:
        for kind, what in comparison(trial):
            if kind.startswith(WRONG):
                finding.failures.append((kind, what))
            else:
                finding.notes.append(kind)
