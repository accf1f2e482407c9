"""One engine's process: it makes calls, verifies nothing, and times what it is told to.

Commands come on standard input and answers go to a pipe of their own, one JSON object a line; a library that prints
cannot disturb them.  `python -m benchmarks.speed worker numpy` is started by `driver.py` only.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.arms import ARMS
from benchmarks.speed.compiler import derivation, overheads
from benchmarks.speed.libraries import cores
from benchmarks.speed.machine import busy
from benchmarks.speed.problems import PROBLEMS
from closedform.errors import ClosedFormError

Answer = dict[str, Any]
WARM_SECONDS, WARM_CALLS = 0.3, 200
LONG = 10.0  #: seconds of a first call after which no other warms up


class Worker:
    """The calls made so far, by arm."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.calls: dict[str, Callable[[], Any]] = {}

    def prepare(self, problem: str, size: list[int], arm: str, save: str) -> Answer:
        """Make the call and save its value, then warm it up; `once` estimates the seconds of one call."""
        p = PROBLEMS[problem]
        inputs = p.inputs(tuple(size))
        start = time.perf_counter()
        call, value = ARMS[arm].make(p, dict(inputs))
        made = time.perf_counter()
        result = call()
        first = time.perf_counter() - made
        np.save(save, value(result))
        sizes = {"result_bytes": held(result), "input_bytes": held(list(inputs.values()))}
        del result, value
        self.calls[arm] = call
        return {"make_s": made - start, "first_s": first, "once": first if first > LONG else warm(call), **sizes}

    def time(self, arm: str, count: int, first: bool) -> Answer:
        """Seconds of a call, over `count` of them, and the share of the machine that other processes had meanwhile.

        `first` makes one more call before them.
        """
        call = self.calls[arm]
        gc.collect()
        gc.disable()
        try:
            if first:
                call()
            before, own, start = busy(), time.process_time(), time.perf_counter()
            for _ in range(count):
                call()
            wall = time.perf_counter() - start
            others = max(0.0, busy() - before - (time.process_time() - own)) / (wall * cores())
            return {"seconds": wall / count, "others": others}
        finally:
            gc.enable()

    def memory(self, arm: str) -> Answer:
        """The highest extra memory during one call, in bytes: NumPy's own count, or the process's resident memory."""
        gc.collect()
        return {"peak_bytes": (traced if self.engine == "numpy" else resident)(self.calls[arm])}

    def derivation(self, problem: str) -> Answer:
        """How long it takes from text to a callable, and what that is like."""
        return derivation(PROBLEMS[problem])

    def kernels(self) -> Answer:
        """The processor that NumPy's BLAS takes this one for."""
        from threadpoolctl import threadpool_info

        found = {f"{p['internal_api']} {p['architecture']}" for p in threadpool_info() if p["user_api"] == "blas"}
        return {"kernels": ", ".join(sorted(found)) or "none"}

    def overheads(self) -> Answer:
        """What a compiled callable adds to a call."""
        return {"overheads": overheads()}


def held(result: Any) -> int:
    """Bytes of the arrays in a result."""
    if isinstance(result, tuple | list):
        return sum(map(held, result))
    return int(getattr(result, "nbytes", 8))


def warm(call: Callable[[], Any]) -> float:
    start, count = time.perf_counter(), 0
    while True:
        call()
        count += 1
        taken = time.perf_counter() - start
        if taken > WARM_SECONDS or count >= WARM_CALLS:
            return taken / count


def traced(call: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def resident(call: Callable[[], Any]) -> int:
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = status("VmRSS")
    call()
    return max(0, status("VmHWM") - before)


def status(field: str) -> int:
    """Bytes, from Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def answer(worker: Worker, command: dict[str, Any]) -> Answer:
    """What a command returns, or `why` it returns nothing."""
    try:
        return getattr(worker, command.pop("do"))(**command)
    except ClosedFormError as error:
        return {"why": "refused: " + str(error).replace("\n", "; ")[:300]}
    except ModuleNotFoundError as error:
        return {"why": f"{error.name} is not installed"}
    except Exception as error:  # a library may fail in any way; it is told, and the other arms go on
        return {"why": f"{type(error).__name__}: {error}".replace("\n", "; ")[:300]}


def main(engine: str, commands: Iterable[str] = sys.stdin) -> None:
    worker = Worker(engine)
    with os.fdopen(int(os.environ["SPEED_PIPE"]), "w") as out:
        for command in commands:
            print(json.dumps(answer(worker, json.loads(command))), file=out, flush=True)
