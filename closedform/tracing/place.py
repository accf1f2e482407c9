"""Where in the user's program an error happened."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType

from closedform.errors import ClosedFormError
from closedform.tracing.libraries import ROOTS

OURS = ROOTS | {"closedform", "jaxlib"}


Step = tuple[FrameType, int, int]  #: a frame, the place of its instruction, and its line


def running() -> Iterator[Step]:
    """What is running now, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame, frame.f_lasti, frame.f_lineno
        frame = frame.f_back


def raised(error: BaseException) -> Iterator[Step]:
    """What was running when an exception was raised, the innermost first."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lasti, trace.tb_lineno))
        trace = trace.tb_next
    return reversed(found)


def placed(error: ClosedFormError, steps: Iterable[Step], codes: set[CodeType]) -> ClosedFormError:
    """The error with the file, the line and the piece of the user's source that was running.

    Args:
        error: that is to be told.
        steps: the innermost first.
        codes: of the functions that are traced.
    """
    for frame, instruction, line in steps:
        code = frame.f_code
        if code in codes or str(frame.f_globals.get("__name__")).partition(".")[0] not in OURS:
            error.place = f"{Path(code.co_filename).name}:{line}, in {code.co_name}"
            source = linecache.getlines(code.co_filename, frame.f_globals)
            first, last, start, end = _position(code, instruction, line)
            return error.at("".join(source), _span(source, first, last, start, end)) if len(source) >= last else error
    return error


def _span(source: list[str], first: int, last: int, start: int | None, end: int | None) -> tuple[int, int]:
    """Characters from the beginning of the source; on the first line only."""
    line = source[first - 1]
    before = sum(map(len, source[: first - 1]))
    at = len(line) - len(line.lstrip()) if start is None else _characters(line, start)
    to = len(line.rstrip()) if end is None or last != first else _characters(line, end)
    return before + at, before + max(to, at + 1)


def _position(code: CodeType, instruction: int, line: int) -> tuple[int, int, int | None, int | None]:
    """First and last line, first and last byte of what an instruction was made from."""
    positions = list(code.co_positions())
    first, last, start, end = positions[instruction // 2]
    return first or line, last or line, start, end


def _characters(line: str, offset: int) -> int:
    """A position in bytes as one in characters."""
    return len(line.encode()[:offset].decode(errors="replace"))
