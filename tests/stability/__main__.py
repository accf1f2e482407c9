"""`python -m tests.stability [--case TEXT]`: every case at every extreme point, as a table; exit code 1 if any fails.

`--case TEXT` takes the cases whose name contains TEXT, and prints every one of their points.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.corpus.cases import cases, in_scope
from tests.stability.bench import ALLOWED, Result, measured
from tests.stability.patterns import patterns

BOUNDS = (1.0, 10.0, ALLOWED)


def chosen(text: str) -> dict[str, list[Result]]:
    """The results of every case whose name contains a text."""
    rows = {**patterns(), **{name: case for name, case in cases().items() if in_scope(case)}}
    wanted = {name: case for name, case in rows.items() if text in name}
    bar = track(wanted.items(), description="cases", console=Console(stderr=True), transient=True)
    return {name: list(measured(case)) for name, case in bar}


def main(text: str) -> int:
    """Measure and print; the number of failures that are not known."""
    found = chosen(text)
    results = [r for rows in found.values() for r in rows]
    console = Console(width=140)
    if text:
        for r in results:
            factor = r.why if r.factor is None else f"{r.factor:.2g} {r.why}"
            console.print(f"{r.case}  {r.what}  {r.point}: {factor}", markup=False, highlight=False)
    console.print(summary(found, results))
    failed = [r for r in results if r.failed]
    table = Table("case", "", "point", "factor")
    for r in failed:
        table.add_row(r.case, r.what, r.point, f"{r.factor:.1e} {r.why}")
    if failed:
        console.print(table)
    return len(failed)


def summary(found: dict[str, list[Result]], results: list[Result]) -> Table:
    """How many points have which factor, and why others do not count."""
    counted = [r for r in results if r.factor is not None]
    table = Table("what", "number")
    table.add_row("cases", f"{len(found):,}")
    table.add_row("formulas: functions and derivatives", f"{len({(r.case, r.what) for r in results}):,}")
    table.add_row("points", f"{len(results):,}")
    for low, high in zip((-1.0, *BOUNDS), BOUNDS, strict=False):
        number = sum(low < r.factor <= high for r in counted)  # type: ignore[operator]
        table.add_row(f"  factor at most {high:g}" + (f", above {low:g}" if low > 0 else ""), f"{number:,}")
    table.add_row(f"  factor above {ALLOWED:g}", f"{sum(r.failed for r in counted):,}")
    reasons = Counter(_kind(r.why) for r in results if r.factor is None)
    for why, n in reasons.most_common():
        table.add_row(f"  do not count: {why}", f"{n:,}")
    table.add_row("cases with a factor above it", f"{len({r.case for r in counted if r.failed}):,}")
    return table


def _kind(why: str) -> str:
    return "a product or power out of range" if why.endswith("out of range") else why


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="", metavar="TEXT")
    sys.exit(1 if main(parser.parse_args().case) else 0)
