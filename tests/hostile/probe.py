"""Run entry points on hostile texts in this process, and say what became of each: `python -m tests.hostile.probe`.

Prints one line of JSON per text: entry, kind, name, seconds, what was raised, megabytes at the peak above the base.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
from collections.abc import Callable
from time import process_time

from closedform.errors import ClosedFormError
from tests.hostile.entries import ENTRIES
from tests.hostile.inputs import INPUTS

DEADLINE = 20  #: seconds of computing after which a text is given up


class Hang(BaseException):
    """The deadline has passed; no `except Exception` can swallow it."""


def peak() -> float:
    """Megabytes, the most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tried(ask: Callable[[str], None], text: str) -> tuple[str, float, str]:
    """What was raised, after how many seconds, and the message."""

    def late(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, DEADLINE)
    started = process_time()
    try:
        ask(text)
        raised, message = "", ""
    except ClosedFormError as error:
        raised, message = type(error).__name__, str(error)
    except (Exception, Hang) as error:
        raised, message = f"!{type(error).__name__}", str(error)[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return raised, process_time() - started, message


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", nargs="*", default=list(ENTRIES))
    parser.add_argument("--kinds", nargs="*", default=list(INPUTS))
    parser.add_argument("--slow", type=float, default=0.0, help="print only what took longer, or crashed")
    chosen = parser.parse_args()
    for entry in chosen.entries:
        tried(ENTRIES[entry], "d(x'*A*x)/dx = A*x + A'*x")
        tried(ENTRIES[entry], "x'*A*x")
        base = peak()
        for kind in chosen.kinds:
            for name, text in INPUTS[kind].items():
                raised, seconds, message = tried(ENTRIES[entry], text)
                row = {"entry": entry, "kind": kind, "name": name, "raised": raised, "seconds": round(seconds, 3),
                       "megabytes": round(peak() - base, 1), "message": len(message)}  # fmt: skip
                if seconds >= chosen.slow or raised.startswith("!"):
                    if raised.startswith("!"):
                        row["said"] = message
                    sys.stdout.write(json.dumps(row) + "\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
