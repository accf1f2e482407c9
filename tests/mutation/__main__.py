"""`python -m tests.mutation`: break every rule in turn, and print what noticed it.  Exit code 1 if nothing did."""

from __future__ import annotations

import sys
from collections import Counter

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.mutation.killers import tried
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.test_mutants import ALWAYS, is_refused


def main() -> int:
    console = Console()
    counts: dict[str, Counter[str]] = {}
    survivors: list[Mutant] = []
    for m in track(list(mutants()), description="mutants", console=Console(stderr=True), transient=True):
        noticed = tried(m)
        counts.setdefault(m.kind, Counter())[noticed] += 1
        if (
            noticed == "survived"
            or noticed.startswith("error")
            or (noticed == "idle" and m.how in ALWAYS and not is_refused(m))
        ):
            survivors.append(m)
    table = Table("kind", "mutants", "noticed by its own test", "by a checked answer", "out of time", "survived")
    for kind, found in counts.items():
        own, answer, idle = found[f"its own test ({kind})"], found["a checked answer"], found["idle"]
        late = found["out of time"]
        table.add_row(
            kind, *map(str, (found.total() - idle, own, answer, late, found.total() - idle - own - answer - late))
        )
    console.print(table)
    for m in survivors:
        console.print(f"survived, is not reached, or the test fails: {m}", markup=False)
    console.print(f"{sum(c.total() - c['idle'] for c in counts.values())} mutants, {len(survivors)} survived")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
