"""`python -m tests.mutation [--slice N]`: break every rule in turn, and print what noticed it.

`--slice N` takes N rules of each kind, with a sign or a factor.  Exit code 1 if nothing noticed one of them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.mutation.killers import tried
from tests.mutation.mutants import Mutant, mutants

ALWAYS = ("sign", "factor")  #: ways to break any rule that is reached and is not zero
REFUSED = {("differential", name) for name in ("expm", "logm", "sqrtm", "ismax", "sign")} | {
    ("adjoint", name) for name in ("kron", "vec", "vech")
}  #: rules that refuse, or whose result is zero


def is_refused(m: Mutant) -> bool:
    return (m.kind, m.rule) in REFUSED


def sliced(count: int) -> list[Mutant]:
    """That many mutants of each kind."""
    rng = random.Random(20240229)
    every = [m for m in mutants() if m.how in ALWAYS and not is_refused(m)]
    by_kind = [[m for m in every if m.kind == kind] for kind in dict.fromkeys(m.kind for m in every)]
    return [m for some in by_kind for m in rng.sample(some, min(count, len(some)))]


def main(chosen: list[Mutant]) -> int:
    """Try them, print the table and the survivors."""
    console = Console()
    counts: dict[str, Counter[str]] = {}
    survivors: list[Mutant] = []
    for m in track(chosen, description="mutants", console=Console(stderr=True), transient=True):
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
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--slice", type=int, help="how many of each kind; by default all")
    count = parser.parse_args().slice
    sys.exit(main(list(mutants()) if count is None else sliced(count)))
