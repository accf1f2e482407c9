"""Where in the user's program an error happened."""

from __future__ import annotations

import linecache
from pathlib import Path
from types import CodeType, TracebackType

from closedform.errors import ClosedFormError
from closedform.tracing.libraries import ROOTS

OURS = ROOTS | {"closedform", "jaxlib"}


def placed(error: ClosedFormError, raised: BaseException, codes: set[CodeType]) -> ClosedFormError:
    """The error with the file, the line and the piece of source in which it was raised.

    Args:
        error: that is to be told.
        raised: what was raised, with its traceback.
        codes: of the functions that were traced.
    """
    step = _innermost(raised.__traceback__, codes)
    if step is None:
        return error
    code = step.tb_frame.f_code
    error.place = f"{Path(code.co_filename).name}:{step.tb_lineno}, in {code.co_name}"
    lines = linecache.getlines(code.co_filename, step.tb_frame.f_globals)
    if len(lines) < step.tb_lineno:
        return error
    first, last, start, end = _position(code, step.tb_lasti, step.tb_lineno)
    line = lines[first - 1]
    before = sum(map(len, lines[: first - 1]))
    indent = len(line) - len(line.lstrip())
    at = indent if start is None else _characters(line, start)
    to = len(line.rstrip()) if end is None or last != first else _characters(line, end)
    return error.at("".join(lines), (before + at, before + max(to, at + 1)))


def _innermost(trace: TracebackType | None, codes: set[CodeType]) -> TracebackType | None:
    """The last step that is in the user's program."""
    found = None
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if trace.tb_frame.f_code in codes or module not in OURS:
            found = trace
        trace = trace.tb_next
    return found


def _position(code: CodeType, instruction: int, line: int) -> tuple[int, int, int | None, int | None]:
    """First and last line, first and last byte of what an instruction was made from."""
    positions = list(code.co_positions())
    first, last, start, end = positions[instruction // 2]
    return first or line, last or line, start, end


def _characters(line: str, offset: int) -> int:
    """A position in bytes as one in characters."""
    return len(line.encode()[:offset].decode(errors="replace"))
