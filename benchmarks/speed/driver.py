"""Rounds over all arms of a problem, each engine in its own process, and what is recorded of them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.arms import ARMS
from benchmarks.speed.machine import QUIET, free_memory, wait_for_quiet
from benchmarks.speed.problem import Problem, Size
from benchmarks.speed.problems import PROBLEMS

Record = dict[str, Any]
ROOT = Path(__file__).parents[2]
BURST = 0.08  #: seconds of calls between two looks at the clock
SLOW, SLOWEST = 0.4, 1.5  #: seconds of a call above which 3 rounds, or 1, have to do
PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
RESERVE = 2**31  #: bytes that are left to others
PREPARE, ANSWER = 240.0, 600.0  #: seconds until a process is given up


class GivenUp(Exception):
    """A process died, or took too long."""


class Process:
    """One engine.

    Idle OpenBLAS threads sleep at once: those of NumPy's copy would take a core from SciPy's.  OpenBLAS takes the
    kernels that it has for the processor, as MKL and XLA do: variables that pin it to others are not handed on.
    """

    def __init__(self, engine: str) -> None:
        reading, writing = os.pipe()
        env = {name: value for name, value in os.environ.items() if name not in PINNED}
        env |= {"SPEED_PIPE": str(writing), "PYTHONWARNINGS": "ignore"}
        env.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed", "worker", engine], stdin=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, pass_fds=(writing,), cwd=ROOT,
        )  # fmt: skip
        os.close(writing)
        self.answers = os.fdopen(reading)

    def ask(self, do: str, limit: float = ANSWER, **facts: Any) -> Record:
        """The answer to a command.

        Raises:
            GivenUp: there is none within the limit, or the machine's memory runs out.
        """
        try:
            print(json.dumps({"do": do} | facts), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise GivenUp("its process ended") from None
        end = time.monotonic() + limit
        while not select.select([self.answers], [], [], 0.25)[0]:
            if time.monotonic() > end:
                raise GivenUp(f"no answer within {limit:.0f} s")
            if free_memory() < RESERVE:
                raise GivenUp("out of memory")
        line = self.answers.readline()
        if not line:
            raise GivenUp("its process ended")
        return json.loads(line)

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.answers.close()


class Engines:
    """The processes by engine, started when first needed."""

    def __init__(self) -> None:
        self.running: dict[str, Process] = {}

    def ask(self, engine: str, do: str, limit: float = ANSWER, **facts: Any) -> Record:
        """An answer; a process that gives none is stopped, and its arms are lost."""
        process = self.running.get(engine) or self.running.setdefault(engine, Process(engine))
        try:
            return process.ask(do, limit, **facts)
        except GivenUp as error:
            self.running.pop(engine).stop()
            return {"why": str(error)}

    def stop(self) -> None:
        while self.running:
            self.running.popitem()[1].stop()


@contextmanager
def engines() -> Iterator[Engines]:
    """Processes, stopped in the end."""
    started = Engines()
    try:
        yield started
    finally:
        started.stop()


def measure(name: str, size: Size, arms: Sequence[str], rounds: int, patience: float) -> Record:
    """One row: every arm of a problem at a size, verified, then timed turn by turn."""
    p = PROBLEMS[name]
    with engines() as running, tempfile.TemporaryDirectory() as folder:
        found = prepare(running, p, size, arms, Path(folder) / "value.npy")
        alive = [arm for arm in found if "once" in found[arm]]
        for turn in range(rounds):
            for arm in alive if turn % 2 == 0 else alive[::-1]:
                if turn < turns(found[arm]["once"], rounds):
                    burst(running, arm, found[arm], patience)
        for arm in alive:
            if "why" not in found[arm]:
                found[arm] |= running.ask(ARMS[arm].engine, "memory", arm=arm)
        compiler = running.ask("compiler", "derivation", problem=name) if "cf" in arms else {}
    return {"problem": name, "size": list(size), "arms": found, "compiler": compiler}


def prepare(running: Engines, p: Problem, size: Size, arms: Sequence[str], path: Path) -> dict[str, Record]:
    """Every arm of the problem, made and compared with `np`; an arm that disagrees is not timed."""
    found: dict[str, Record] = {}
    reference = None
    for arm in ["np", *[arm for arm in arms if arm != "np" and ARMS[arm].has(arm, p)]]:
        question = {"problem": p.name, "size": list(size), "arm": arm, "save": str(path)}
        record = found[arm] = running.ask(ARMS[arm].engine, "prepare", PREPARE, **question)
        if "once" not in record:
            continue
        value = np.load(path)
        reference = value if arm == "np" else reference
        record["difference"] = difference(value, reference)
        if not record["difference"] <= p.tolerance:
            record["why"] = f"disagrees with np by {record['difference']:.1e}"
            del record["once"]
    return found


def difference(value: np.ndarray, reference: np.ndarray | None) -> float:
    """The largest, relative to the largest entry; infinite for another shape."""
    if reference is None or value.shape != reference.shape:
        return float("inf")
    return float(np.max(np.abs(value - reference)) / max(np.max(np.abs(reference)), 1e-300))


def turns(once: float, rounds: int) -> int:
    return rounds if once < SLOW else min(3, rounds) if once < SLOWEST else 1


def burst(running: Engines, arm: str, record: Record, patience: float) -> None:
    """Add the seconds of a call and the share that others had of the machine: the quietest of three tries."""
    best: tuple[float, float] | None = None
    once = record["once"]
    count, first = max(1, min(20000, int(BURST / once))), once < SLOWEST
    for _ in range(3 if first else 1):
        wait_for_quiet(patience)
        taken = running.ask(ARMS[arm].engine, "time", arm=arm, count=count, first=first)
        if "seconds" not in taken:
            record["why"] = taken["why"]
            return
        if best is None or taken["others"] < best[1]:
            best = taken["seconds"], taken["others"]
        if best[1] < QUIET:
            break
    assert best is not None
    record.setdefault("seconds", []).append(best[0])
    record.setdefault("others", []).append(round(best[1], 3))


def kernels() -> str:
    """The kernels that NumPy's BLAS has chosen."""
    with engines() as running:
        return running.ask("numpy", "kernels").get("kernels", "unknown")


def overheads() -> list[Record]:
    """Small arrays, where the call itself costs more than the work."""
    with engines() as running:
        found = running.ask("numpy", "overheads")
    return found.get("overheads", [])
