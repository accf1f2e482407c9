"""The machine: what it is, and how busy others keep it."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.speed.libraries import cores

LIBRARIES = ("closedform", "numpy", "scipy", "jax", "torch", "tensorgrad", "numba")
TICK = os.sysconf("SC_CLK_TCK")
QUIET = 0.10  #: the share of the machine that others may take


def machine() -> dict[str, Any]:
    """CPU, cores, and the versions of the libraries that are installed."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {"cpu": cpu(), "cores": cores(), "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(), **versions}  # fmt: skip


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def busy() -> float:
    """CPU seconds that all processes have taken since the start of the machine."""
    ticks = [int(t) for t in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICK


def wait_for_quiet(patience: float) -> None:
    """Until others leave the machine alone, or so many seconds are over.

    Idle threads of a pool go to sleep meanwhile; OpenBLAS spins for 0.1 s.
    """
    end = time.monotonic() + patience
    while True:
        before, start = busy(), time.perf_counter()
        time.sleep(0.06)
        quiet = busy() - before <= max(QUIET * cores() * (time.perf_counter() - start), 1.5 / TICK)
        if quiet or time.monotonic() > end:
            return


def free_memory() -> int:
    """Bytes that can be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
