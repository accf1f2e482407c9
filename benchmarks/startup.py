"""Import time and the wall time of one command, each in a fresh process: `python -m benchmarks.startup`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import milliseconds, show

REPETITIONS = 10
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import closedform": ["-c", "import closedform"],
    "import numpy": ["-c", "import numpy"],
    """closedform diff "x'*A*x" x""": [str(Path(sys.executable).with_name("closedform")), "diff", "x'*A*x", "x"],
}


def wall(arguments: list[str]) -> float:
    """Seconds of `python arguments`; the command must be installed (pip install -e .)."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(REPETITIONS):
        for name, arguments in COMMANDS.items():
            times[name].append(wall(arguments))
    empty = min(times["python -c pass"])
    rows = [
        (name, milliseconds(min(t)), milliseconds(sorted(t)[len(t) // 2]), milliseconds(max(0, min(t) - empty)))
        for name, t in times.items()
    ]
    show(f"fresh processes, {REPETITIONS} of each in turn", ["", "best", "median", "best, less Python's own"], rows)


if __name__ == "__main__":
    main()
