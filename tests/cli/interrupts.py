"""Programs that are to be stopped by Ctrl-C."""

from __future__ import annotations

from collections.abc import Sequence

HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "


def hearing(command: Sequence[str]) -> list[str]:
    """`python -c …` that hears Ctrl-C also where a shell's background job, and all that it starts, does not."""
    python, option, code, *rest = command
    return [python, option, HEARS + code, *rest]
