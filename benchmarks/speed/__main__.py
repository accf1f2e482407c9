"""Speed of derivatives beside hand-written code and autodiff, measured side by side; see docs/performance.md.

    python -m benchmarks.speed --only logreg_hess,quad_grad --arms np,cf,jax --rounds 3
    python -m benchmarks.speed table

Rows that the results already have are kept, so that a run may be taken up again; delete the file to begin anew.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed import driver, worker
from benchmarks.speed.arms import ARMS
from benchmarks.speed.machine import machine
from benchmarks.speed.plot import dots
from benchmarks.speed.problem import GROUPS, Problem, Size
from benchmarks.speed.problems import PROBLEMS
from benchmarks.speed.table import largest, misses, report, seconds
from benchmarks.speed.table import time as shown

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- speed: begin -->\n", "<!-- speed: end -->\n"


def words(text: str) -> list[str]:
    return text.split(",")


def chosen(p: Problem, which: str) -> list[Size]:
    """Sizes by index from 0, `first` or `last`; or `all`."""
    count = len(p.sizes)
    named = {"first": 0, "last": count - 1}
    wanted = range(count) if which == "all" else [named[i] if i in named else int(i) for i in words(which)]
    return [p.sizes[i] for i in dict.fromkeys(wanted) if i < count]


def run(options: argparse.Namespace) -> None:
    """Measure the rows that are not there yet, and save after each."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    results = loaded(options.out) if options.out.exists() else {"rows": [], "overhead": []}
    results |= {
        "machine": machine() | {"blas": driver.kernels()},
        "date": time.strftime("%Y-%m-%d"),
        "rounds": options.rounds,
    }
    there = {(row["problem"], *row["size"]) for row in results["rows"]}
    wanted = [(name, size) for name in options.only for size in chosen(PROBLEMS[name], options.sizes)]
    missing = [(name, size) for name, size in wanted if (name, *size) not in there]
    columns = TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns) as progress:
        task = progress.add_task("", total=len(missing) + 1)
        for name, size in missing:
            progress.update(task, description=f"{name} {'×'.join(map(str, size))}")
            row = driver.measure(name, size, options.arms, options.rounds, options.patience)
            results["rows"].append(row)
            save(options.out, results)
            progress.console.print(line(row), soft_wrap=True, highlight=False)
            progress.advance(task)
        progress.update(task, description="small arrays")
        results["overhead"] = driver.overheads()
        save(options.out, results)
        progress.advance(task)


def line(row: dict[str, Any]) -> str:
    """A row in one line: times, or the beginning of what is in their place."""
    cells = [f"{arm} {shown(seconds(row, arm)) if 'why' not in r else r['why'][:20]}" for arm, r in row["arms"].items()]
    return f"{row['problem']} {'×'.join(map(str, row['size']))}: " + ", ".join(cells)


def loaded(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def save(path: Path, results: dict[str, Any]) -> None:
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")


def tables(results: dict[str, Any], docs: Path) -> str:
    """Write the tables into performance.md, between its markers, and the plots beside it; the tables."""
    text = report(results)
    page = docs / "performance.md"
    before, after = page.read_text(encoding="utf-8").split(BEGIN)
    rest = after.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{rest}", encoding="utf-8")
    for group in GROUPS:
        rows = [row for row in largest(results["rows"]) if PROBLEMS[row["problem"]].group == group]
        if rows:
            picture = dots(rows, "time over that of the hand-written code, at the largest size")
            (docs / f"speed-{group}.svg").write_text(picture, encoding="utf-8")
    return text


def sources(results: dict[str, Any]) -> str:
    """The code of the rows that are slower than the hand-written code by more than the bar."""
    found = {row["problem"]: row for bar, row, _ in misses(largest(results["rows"])) if bar.what == "cf/np"}
    return "\n\n".join(f"# {name}\n{row['compiler'].get('source', '')}" for name, row in found.items())


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("mode", nargs="?", default="run", choices=["run", "table", "sources", "worker"])
    made.add_argument("engine", nargs="?", help=argparse.SUPPRESS)
    made.add_argument("--only", type=words, default=list(PROBLEMS), help="problems: " + ", ".join(PROBLEMS))
    made.add_argument("--arms", type=words, default=list(ARMS), help="arms: " + ", ".join(ARMS))
    made.add_argument("--sizes", default="all", help="all, or indices such as 0,2, and first, last")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--patience", type=float, default=1.0, help="seconds to wait for a quiet machine before a burst")
    made.add_argument("--out", type=Path, default=Path("results.json"))
    made.add_argument("--docs", type=Path, default=DOCS, help="where performance.md is")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    for given, known in ((options.only, PROBLEMS), (options.arms, ARMS)):
        if unknown := [name for name in given if name not in known]:
            parser().error(f"no such thing: {', '.join(unknown)}; there are {', '.join(known)}")
    if options.mode == "worker":
        worker.main(options.engine)
    elif options.mode == "run":
        run(options)
    else:
        results = loaded(options.out)
        print(tables(results, options.docs) if options.mode == "table" else sources(results))


if __name__ == "__main__":
    main()
