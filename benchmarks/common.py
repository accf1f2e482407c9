"""What the benchmarks share: the calls that are timed, each named once, and how times are taken and shown."""

from __future__ import annotations

import gc
import signal
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import closedform as cf

Setup = Callable[[], Any]


def derive(f: Any, wrt: Sequence[str]) -> Any:
    """The derivative of a parsed function, simplified; not checked, not printed."""
    D = cf.derivative(f, *wrt)
    _ = D.expr  # of an array the matrix, which is found when it is asked for
    return D


def gradients(f: Any, names: Sequence[str]) -> Any:
    """All gradients of a scalar in one reverse sweep."""
    return cf.gradient(f, names)


def seconds(work: Callable[[Any], Any], argument: Any) -> float:
    """Wall time of one call, garbage collection off, on an argument made beforehand."""
    gc.disable()
    try:
        start = time.perf_counter()
        work(argument)
        return time.perf_counter() - start
    finally:
        gc.enable()


def interleaved(arms: dict[str, tuple[Setup, Callable[[Any], Any]]], repetitions: int) -> dict[str, float]:
    """The median seconds of every arm; repetitions alternate between arms, and each makes its argument anew.

    The argument is dropped, and collected (a node in normal form refers to itself), before the next is made:
    normal forms are kept on nodes, so that a surviving expression would be free to differentiate again.
    """
    times: dict[str, list[float]] = {name: [] for name in arms}
    gc.collect()
    gc.freeze()  # what is alive by now stays, and need not be looked at again
    for repetition in range(repetitions + 1):
        for name, (setup, work) in arms.items():
            argument = setup()
            taken = seconds(work, argument)
            del argument
            gc.collect()
            if repetition:  # the first only warms up
                times[name].append(taken)
    gc.unfreeze()
    return {name: statistics.median(taken) for name, taken in times.items()}


class TookTooLong(Exception):
    """The time for an answer is over."""


@contextmanager
def within(limit: float) -> Iterator[None]:
    """Interrupt what takes longer than `limit` seconds, and again every half second if it goes on all the same.

    Raises:
        TookTooLong: from wherever it is by then.
    """

    def stop(*_: Any) -> None:
        raise TookTooLong

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(value: float) -> str:
    return f"{value * 1e3:.3g} ms"


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*map(str, row))
    Console().print(table)
