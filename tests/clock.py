"""A bound on the seconds that something computes itself."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where the block takes more seconds of this thread's processor: without the time that others had the machine
    for, and without collecting the garbage of the tests before it, which takes above a second after ten thousand."""
    gc.disable()
    try:
        started = time.thread_time()
        yield
        taken = time.thread_time() - started
    finally:
        gc.enable()
    assert taken < seconds
