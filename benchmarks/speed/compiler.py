"""What the compiler itself costs: derivation and compilation, and what a compiled callable adds to a call."""

from __future__ import annotations

import gc
import re
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.speed.arms import used
from benchmarks.speed.problem import Problem
from benchmarks.speed.problems import PROBLEMS
from benchmarks.speed.questions import compiled, derived

REPETITIONS = 5
ENOUGH = 2.0  #: seconds after which there is no further repetition
SMALL = {
    "quad_grad": [(8,), (32,)],
    "logreg_grad": [(8,), (32,)],
    "sce_hess": [(8,), (32,)],
    "tanh_jac": [(8,), (32,)],
    "trace_grad": [(8,), (32,)],
}  #: problems of a few NumPy calls, and sizes where these take no time
CONVERSION = re.compile(r"^    (\w+) = np\.asarray\(\1.*\n", re.MULTILINE)


def derivation(p: Problem) -> dict[str, Any]:
    """Seconds from text to derivative and to a callable: the first time in a process, and the median of the next.

    Expressions are dropped in between, since normal forms are kept on them.
    """
    taken: list[tuple[float, float]] = []
    while len(taken) <= REPETITIONS and (len(taken) < 2 or sum(map(sum, taken)) < ENOUGH):
        gc.collect()
        start = time.perf_counter()
        answers = derived(p)
        middle = time.perf_counter()
        run = compiled(answers)
        taken.append((middle - start, time.perf_counter() - middle))
        operations = sum(a.expr.size for a in answers)
        source = getattr(run, "source", "")
        del answers, run
    derive, make = (statistics.median(column) for column in zip(*taken[1:], strict=True))
    return {"first_s": sum(taken[0]), "derive_s": derive, "compile_s": make, "operations": operations,
            "source": source}  # fmt: skip


def overheads() -> list[dict[str, Any]]:
    """Microseconds that a compiled callable takes, and the lines in it called bare, at sizes of at most 32."""
    return [overhead(PROBLEMS[name], size) for name, sizes in SMALL.items() for size in sizes]


def overhead(p: Problem, size: tuple[int, ...]) -> dict[str, Any]:
    run = compiled(derived(p))
    given = used(p, p.inputs(size))
    arms = {"callable": partial(run, **given), "bare": partial(bare(run.source), **given)}
    times: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(15):
        for name, call in arms.items():
            times[name].append(per_call(call))
    return {"problem": p.name, "size": list(size)} | {name: 1e6 * min(t) for name, t in times.items()}


def bare(source: str) -> Callable[..., Any]:
    """The function in a source, without the lines that convert its arguments."""
    space: dict[str, Any] = {}
    exec(CONVERSION.sub("", source), space)
    return space["derivative"]


def per_call(call: Callable[[], Any], count: int = 500) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count
