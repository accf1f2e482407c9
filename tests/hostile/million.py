"""A million hostile strings through the parsers: `python -m tests.hostile.million --count 1000000`.

Worker processes read strings of `generate.hostile` as text, as LaTeX, as a statement and as a declaration, one after
the other.  What is raised must be ours; no string may take longer than `SECONDS` of computing, no worker more than
`MEGABYTES` above its base.  The exit code says whether that was so.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from time import process_time

from closedform.errors import ClosedFormError
from closedform.syntax.declare import declarations
from closedform.syntax.statement import read_statement
from closedform.syntax.text import parse
from tests.hostile.generate import hostile

SECONDS, MEGABYTES, HANG = 2.0, 200, 20
BATCH = 500  #: strings that a worker reads at once
PARSERS: dict[str, Callable[[str], object]] = {
    "text": lambda s: parse(s, syntax="text"),
    "latex": lambda s: parse(s, syntax="latex"),
    "statement": read_statement,
    "declaration": lambda s: declarations([s]),
}


@dataclass
class Tally:
    """What became of some strings.

    Attributes:
        outcomes: (parser, what was raised or `read`) to how often.
        failures: (number, parser, what went wrong).
        slowest: seconds, number and parser.
        megabytes: the largest peak of a worker above its base.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    slowest: tuple[float, int, str] = (0.0, -1, "")
    megabytes: float = 0.0

    def add(self, other: Tally) -> None:
        self.outcomes += other.outcomes
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)
        self.megabytes = max(self.megabytes, other.megabytes)


class Hang(BaseException):
    """A string took `HANG` seconds."""


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_base: list[float] = []  # of this worker, measured at its first batch


def _ready() -> float:
    """Megabytes of this process once every parser has read something."""
    if not _base:
        for read in PARSERS.values():
            for text in ("x'*A*x", "d(x'*A*x)/dx = 2*A*x", "x: vector(n)", r"\frac{1}{2} x^{\top} A x"):
                _outcome(read, text)
        _base.append(_peak())
    return _base[0]


def _late(*_: object) -> None:
    raise Hang


def _outcome(read: Callable[[str], object], text: str) -> str:
    signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        read(text)
        return "read"
    except ClosedFormError as error:
        return type(error).__name__ if str(error) else "!an error without a message"
    except (Exception, Hang) as error:
        return f"!{type(error).__name__}: {error}"[:200]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def read_strings(numbers: range) -> Tally:
    """Every parser on the strings of these numbers, in this process."""
    tally, base = Tally(), _ready()
    for number in numbers:
        text = hostile(number)
        for name, read in PARSERS.items():
            started = process_time()
            outcome = _outcome(read, text)
            seconds = process_time() - started
            tally.slowest = max(tally.slowest, (seconds, number, name))
            if outcome.startswith("!") or seconds > SECONDS:
                tally.failures.append((number, name, outcome if outcome.startswith("!") else f"{seconds:.1f} s"))
                outcome = outcome.partition(":")[0]
            tally.outcomes[name, outcome] += 1
    tally.megabytes = _peak() - base
    return tally


def batches(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, BATCH):
        yield range(start, min(start + BATCH, first + count))


def table(tally: Tally) -> Iterator[str]:
    """How many were read and refused by class, the slowest, the peak, and what went wrong."""
    kinds = sorted({outcome for _, outcome in tally.outcomes}, key=lambda k: (k != "read", k))
    width = max(map(len, kinds))
    yield f"{'':{width}}" + "".join(f"{name:>14}" for name in PARSERS)
    for kind in kinds:
        yield f"{kind:{width}}" + "".join(f"{tally.outcomes[name, kind]:>14,}" for name in PARSERS)
    seconds, number, name = tally.slowest
    yield f"slowest: {seconds:.2f} s of computing, string {number}, {name}"
    yield f"memory: {tally.megabytes:.0f} MB above the base of a worker at most"
    yield f"failures: {len(tally.failures)}"
    for number, name, what in tally.failures[:20]:
        yield f"  string {number}, {name}: {what}: {hostile(number)[:60]!r}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first string")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    from rich.console import Console
    from rich.progress import Progress

    total = Tally()
    with Progress(console=Console(stderr=True)) as bar, ProcessPoolExecutor(chosen.workers) as pool:
        task = bar.add_task("strings", total=chosen.count)
        for done in pool.map(read_strings, batches(chosen.first, chosen.count)):
            total.add(done)
            bar.advance(task, BATCH)
    print("\n".join(table(total)))
    return 1 if total.failures or total.megabytes > MEGABYTES else 0


if __name__ == "__main__":
    sys.exit(main())
