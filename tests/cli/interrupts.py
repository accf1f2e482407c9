"""Programs that are to be stopped by Ctrl-C."""

from __future__ import annotations

import signal


def heeds_interrupts() -> None:
    """Before a program starts: what a shell runs in the background, and all that it starts, does not hear Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
