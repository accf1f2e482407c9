"""Random derivatives compared with JAX and PyTorch: `python -m tests.fuzz --first 100000 --second 20000 --seed 1`.

Every question is asked, answered or refused by name, and the answer compared with everything in `comparisons.py`; every
derivative with PyTorch's, every `JAX`th with JAX's too, every `CHECKED`th goes through the check with its certificate,
every `TOLD`th derivation is told.  What goes wrong is made small and printed as a row for `regressions.jsonl`.
The exit code says whether anything was found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, process_time

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from tests.fuzz.comparisons import Effort
from tests.fuzz.judge import judged
from tests.fuzz.questions import numbered
from tests.fuzz.reduce import reduced
from tests.fuzz.tally import Tally

JAX, CHECKED, TOLD = 200, 10, 500
LOGGED = 1000  #: questions between two lines of the log
SHOWN = 20  #: failures that are made small
FORGET = 20_000  #: questions after which JAX forgets what it compiled


def effort_of(number: int) -> Effort:
    return Effort(jax=number % JAX == 0, checked=number % CHECKED == 0, told=number % TOLD == 0)


def asked(
    order: int, numbers: Iterable[int], run: int, each: Callable[[Tally], None] = lambda t: None, until: float = 1e99
) -> Tally:
    """Ask the questions of these numbers; `each` sees the tally after every one, until that time."""
    tally = Tally()
    for number in numbers:
        if perf_counter() > until:
            break
        started = process_time()
        q = numbered(order, number, run)
        finding = judged(q, effort_of(number))
        tally.add(number, q, finding, process_time() - started)
        if number % FORGET == FORGET - 1:
            _forget()
        each(tally)
    return tally


def _forget() -> None:
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


def table(tallies: dict[str, Tally], run: int) -> Table:
    shown = Table(title=f"seed {run}")
    shown.add_column("")
    for name in tallies:
        shown.add_column(name, justify="right")
    columns = [dict(t.rows()) for t in tallies.values()]
    for name in dict.fromkeys(n for c in columns for n in c):
        shown.add_row(name, *(c.get(name, "0") for c in columns))
    return shown


def report(order: int, tally: Tally, run: int, console: Console) -> None:
    """The first failures of every kind, made small, as rows."""
    kinds: dict[str, int] = {}
    for number, kind, what, _ in tally.found:
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] > 3 or len(kinds) > SHOWN:
            continue
        small = reduced(numbered(order, number, run), kind)
        row = {**small.row(), "found": f"{kind} (seed {run}, order {order}, question {number})"}
        console.print(f"{kind}: {what}", soft_wrap=True, markup=False)
        console.print(json.dumps(row, ensure_ascii=False), soft_wrap=True, markup=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=2000, help="derivatives of first order")
    parser.add_argument("--second", type=int, default=400, help="derivatives of second order")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the number of the first question, to go on after a cut")
    parser.add_argument("--slice", type=float, default=1e9, metavar="SECONDS", help="stop after so long")
    parser.add_argument("--log", type=Path, help="a file that gets the counts now and then")
    chosen = parser.parse_args()
    until, tallies = perf_counter() + chosen.slice, {}
    console = Console()
    with Progress(*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(),
                  console=Console(stderr=True)) as bar:  # fmt: skip
        for order, count in ((1, chosen.first), (2, chosen.second)):
            name = {1: "first order", 2: "second order"}[order]
            task = bar.add_task(name, total=count)

            def each(t: Tally, name: str = name, task: object = task) -> None:
                bar.advance(task)  # type: ignore[arg-type]
                if chosen.log and t.asked % LOGGED == 0:
                    _write(chosen.log, {**tallies, name: t})

            tallies[name] = asked(order, range(chosen.start, chosen.start + count), chosen.seed, each, until)
    console.print(table(tallies, chosen.seed))
    for order, tally in enumerate(tallies.values(), 1):
        report(order, tally, chosen.seed, console)
    return 1 if any(t.found for t in tallies.values()) else 0


def _write(log: Path, tallies: dict[str, Tally]) -> None:
    lines = [f"{name}: {dict(t.rows())}" for name, t in tallies.items()]
    lines += [json.dumps(found, ensure_ascii=False) for t in tallies.values() for found in t.found]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
