"""What a server is told: where to listen, and how much it gives to one question, one client, and all together."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def _processes() -> int:
    """Two for each processor and two more: one client may hold a third of them with long questions."""
    return 2 * (os.cpu_count() or 1) + 2


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a server.

    Attributes:
        workers: processes that answer.
        seconds: for one question, from when it comes until it is answered or given up.
        megabytes: of memory for one question, beyond what a process has at rest.
        questions: after so many a process is replaced.
        patience: seconds of these that it may wait for its turn and for a process; the rest is left for computing.
        waiting: questions that may wait, of all clients.
        waiting_of_one: questions that may wait, of one client.
        rate: questions a second that one client may ask for long; 0 for no limit.
        burst: questions that one client may ask at once.
        body: bytes of a request.
        link: bytes of a path with its query.
        cached_bytes: of answers that are kept; 0 for none.
    """

    workers: int = field(default_factory=_processes)
    seconds: float = 2.6
    megabytes: int = 512
    questions: int = 500
    patience: float = 1.8
    waiting: int = 400
    waiting_of_one: int = 32
    rate: float = 0.0
    burst: int = 60
    body: int = 64 * 1024
    link: int = 16 * 1024
    cached_bytes: int = 16 * 1024 * 1024
