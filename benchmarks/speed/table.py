"""From results to Markdown: a table is a list of columns, a bar is a column that has to stay below a number."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.speed.arms import ARMS
from benchmarks.speed.machine import QUIET
from benchmarks.speed.problem import GROUPS
from benchmarks.speed.problems import PROBLEMS

Row = dict[str, Any]
NONE = "–"
ARRAYS = ("hessian", "jacobian")  #: questions whose answer may be large
#: bytes of a result below which its memory does not show: beside NumPy's own buffers, or in the resident memory
VISIBLE = {"numpy": 1e6} | dict.fromkeys(("jax", "torch", "tensorgrad"), 16e6)


def seconds(row: Row, arm: str) -> float | None:
    taken = row["arms"].get(arm, {}).get("seconds")
    return statistics.median(taken) if taken else None


def ratios(row: Row, above: str, below: str) -> list[float]:
    """Turn by turn, so that what slows both does not count."""
    found = [row["arms"].get(arm, {}).get("seconds", []) for arm in (above, below)]
    return [a / b for a, b in zip(*found, strict=False)]


def ratio(above: str, below: str) -> Callable[[Row], float | None]:
    def value(row: Row) -> float | None:
        found = ratios(row, above, below)
        return statistics.median(found) if found else None

    return value


def peak(arm: str) -> Callable[[Row], float | None]:
    """Inputs and the highest extra memory, over inputs and result."""

    def value(row: Row) -> float | None:
        record = row["arms"].get(arm, {})
        if "peak_bytes" not in record or PROBLEMS[row["problem"]].question not in ARRAYS:
            return None
        whole = row["arms"]["np" if arm != "cf_comp" else arm]["result_bytes"]
        if whole < VISIBLE[ARMS[arm].engine]:
            return None
        return (record["input_bytes"] + record["peak_bytes"]) / (record["input_bytes"] + whole)

    return value


def hessian(value: Callable[[Row], float | None]) -> Callable[[Row], float | None]:
    """The same of Hessians only."""
    return lambda row: value(row) if PROBLEMS[row["problem"]].question == "hessian" else None


def compiler(*fields: str, scale: float = 1.0) -> Callable[[Row], float | None]:
    def value(row: Row) -> float | None:
        found = row["compiler"]
        return scale * sum(found[f] for f in fields) if fields[0] in found else None

    return value


def first_call(arm: str) -> Callable[[Row], float | None]:
    """Milliseconds until the first result, compilation included."""

    def value(row: Row) -> float | None:
        record = row["arms"].get(arm, {})
        return 1e3 * (record["make_s"] + record["first_s"]) if "make_s" in record else None

    return value


def number(x: float | None) -> str:
    return NONE if x is None else f"{x:.0f}" if x >= 100 else f"{x:.3g}" if x >= 10 else f"{x:.2f}"


def time(x: float | None) -> str:
    if x is None:
        return NONE
    unit, scale = next(u for u in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)) if x * u[1] >= 1 or u[0] == "µs")
    return f"{x * scale:.3g} {unit}"


def spread(above: str, below: str) -> Callable[[Row], str]:
    """The median ratio, with the smallest and the largest."""

    def cell(row: Row) -> str:
        found = ratios(row, above, below)
        if not found:
            return NONE
        return f"{number(statistics.median(found))} ({number(min(found))}…{number(max(found))})"

    return cell


def factor(row: Row) -> str:
    """JAX over closedform, with that over the hand-written code of the other machine behind it."""
    aimed = PROBLEMS[row["problem"]].factors.get(tuple(row["size"]))
    now = number(ratio("jax", "cf")(row))
    return now if aimed is None else f"{now} [{aimed:g}]"


def measured(
    value: Callable[[Row], float | None], show: Callable[[float | None], str] = number
) -> Callable[[Row], str]:
    return lambda row: show(value(row))


def of(arm: str) -> Callable[[Row], str]:
    return measured(lambda row: seconds(row, arm), time)


Columns = dict[str, Callable[[Row], str]]
ROW: Columns = {
    "problem": lambda row: row["problem"],
    "size": lambda row: "×".join(map(str, row["size"])),
}
SPEED: Columns = ROW | {
    "`np`": of("np"),
    "`cf`": of("cf"),
    "cf/np": spread("cf", "np"),
    "naive/cf": measured(ratio("naive", "cf")),
    "jax/cf [aim]": factor,
    "jax_x/cf": measured(ratio("jax_x", "cf")),
    "torch/cf": measured(ratio("torch", "cf")),
    "tg/cf": measured(ratio("tg", "cf")),
    "cf_jax/jax": spread("cf_jax", "jax"),
    "cf_torch/torch": spread("cf_torch", "torch"),
}
COMPRESSED: Columns = ROW | {
    "`cf`": of("cf"),
    "`comp`": of("comp"),
    "`cf_comp`": of("cf_comp"),
    "jax/cf_comp": measured(ratio("jax", "cf_comp")),
    "jax/comp": measured(ratio("jax", "comp")),
}
KERNELS: Columns = ROW | {
    "`np`": of("np"),
    "`cf`": of("cf"),
    "`nb`": of("nb"),
    "`cf_nb`": of("cf_nb"),
    "cf_nb/nb": measured(ratio("cf_nb", "nb")),
    "cf/cf_nb": measured(ratio("cf", "cf_nb")),
}
MEMORY: Columns = ROW | {
    "result": lambda row: f"{row['arms']['np']['result_bytes'] / 1e6:.3g} MB",
    **{f"`{arm}`": measured(peak(arm)) for arm in ("cf", "np", "jax", "torch", "cf_jax", "cf_torch", "cf_comp")},
}
COMPILER: Columns = ROW | {
    "operations": measured(compiler("operations"), lambda x: NONE if x is None else f"{x:.0f}"),
    "derive, ms": measured(compiler("derive_s", scale=1e3)),
    "compile, ms": measured(compiler("compile_s", scale=1e3)),
    "the first in a process, ms": measured(compiler("first_s", scale=1e3)),
    "`jax`, first call, ms": measured(first_call("jax")),
}
OVERHEAD: Columns = ROW | {
    "compiled, µs": lambda row: f"{row['callable']:.1f}",
    "bare NumPy, µs": lambda row: f"{row['bare']:.1f}",
    "overhead, µs": lambda row: f"{row['callable'] - row['bare']:.1f}",
}


@dataclass(frozen=True)
class Bar:
    """What a row has to stay below."""

    what: str
    value: Callable[[Row], float | None]
    limit: float


BARS = (
    Bar("cf/np", ratio("cf", "np"), 1.15),
    Bar("cf_nb/nb", ratio("cf_nb", "nb"), 1.15),
    Bar("cf/jax", ratio("cf", "jax"), 1.0),
    Bar("cf/torch", ratio("cf", "torch"), 1.0),
    Bar("cf/tg", ratio("cf", "tg"), 1.0),
    Bar("cf_jax/jax", ratio("cf_jax", "jax"), 1.05),
    Bar("cf_torch/torch", ratio("cf_torch", "torch"), 1.0),
    Bar("derive and compile, ms", compiler("derive_s", "compile_s", scale=1e3), 20.0),
    Bar("peak memory over inputs and result", hessian(peak("cf")), 1.2),
)


def misses(rows: Sequence[Row]) -> Iterator[tuple[Bar, Row, float]]:
    """Rows above a bar, the worst of each bar first."""
    for bar in BARS:
        found = [(value, row) for row in rows if (value := bar.value(row)) is not None and value > bar.limit]
        for value, row in sorted(found, key=lambda pair: -pair[0]):
            yield bar, row, value


def silent(rows: Sequence[Row]) -> dict[tuple[str, str], list[str]]:
    """Arms without a time: the rows for each arm and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for arm, record in row["arms"].items():
            if "why" in record:
                found.setdefault((arm, record["why"]), []).append(f"{row['problem']} {ROW['size'](row)}")
    return found


def markdown(columns: Columns, rows: Iterable[Row]) -> str:
    """A table; a column that is empty in every row is left out."""
    cells = [[cell(row) for cell in columns.values()] for row in rows]
    kept = [i for i, _ in enumerate(columns) if i < len(ROW) or any(row[i] != NONE for row in cells)]
    lines = [[list(columns)[i] for i in kept], ["---"] * len(kept), *[[row[i] for i in kept] for row in cells]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def ordered(rows: Iterable[Row]) -> list[Row]:
    names = list(PROBLEMS)
    return sorted(rows, key=lambda row: (names.index(row["problem"]), row["size"]))


def largest(rows: Sequence[Row]) -> list[Row]:
    """The largest size of every problem."""
    return list({row["problem"]: row for row in ordered(rows)}.values())


def missed(rows: Sequence[Row]) -> str:
    lines = [f"- {bar.what} is {number(value)}, above {bar.limit:g}: {row['problem']} {ROW['size'](row)}"
             for bar, row, value in misses(rows)]  # fmt: skip
    return "\n".join(lines) or "None."


def unmeasured(rows: Sequence[Row]) -> str:
    """A line for each arm and reason, and where."""
    every = len(rows)
    lines = [
        f"- `{arm}`: {why} ({'every row' if len(places) == every else ', '.join(places)})"
        for (arm, why), places in silent(rows).items()
    ]
    return "\n".join(lines) or "None."


def machine(results: dict[str, Any]) -> str:
    """The line that says where and when."""
    facts = results["machine"]
    versions = ", ".join(f"{name} {facts[name]}" for name in facts if name not in ("cpu", "cores", "system"))
    others = [share for row in results["rows"] for r in row["arms"].values() for share in r.get("others", [])]
    disturbed = sum(share > QUIET for share in others) / max(1, len(others))
    return (
        f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}; {versions}; {results['date']}, "
        f"{results['rounds']} rounds; in {disturbed:.0%} of the bursts others had more than {QUIET:.0%} of the machine."
    )


def report(results: dict[str, Any]) -> str:
    """All tables, as they stand in docs/performance.md."""
    rows = ordered(results["rows"])
    grouped = {group: [row for row in rows if PROBLEMS[row["problem"]].group == group] for group in GROUPS}
    sections = {
        **{GROUPS[group]: markdown(SPEED, found) for group, found in grouped.items() if found},
        "Compressed": markdown(COMPRESSED, [r for r in rows if {"comp", "cf_comp"} & r["arms"].keys() and tried(r)]),
        "Numba": markdown(KERNELS, [row for row in rows if "seconds" in row["arms"].get("cf_nb", {})]),
        "Peak memory over inputs and result": markdown(MEMORY, [row for row in rows if peak("np")(row) is not None]),
        "Deriving and compiling": markdown(COMPILER, [row for row in largest(rows) if row["compiler"]]),
        "Small arrays": markdown(OVERHEAD, results["overhead"]),
        "Rows that miss a bar": missed(rows),
        "Arms without a time": unmeasured(rows),
    }
    return "\n\n".join([machine(results), *[f"### {title}\n\n{body}" for title, body in sections.items()]])


def tried(row: Row) -> bool:
    """Whether a compressed derivative was timed."""
    return any("seconds" in row["arms"].get(arm, {}) for arm in ("comp", "cf_comp"))
