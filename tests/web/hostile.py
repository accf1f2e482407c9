"""What a process of the pool does in its tests: what the question says, good or bad."""

from __future__ import annotations

import os
import time


def answer(question: bytes) -> bytes:
    what, _, rest = question.decode().partition(" ")
    match what:
        case "sleep":
            time.sleep(float(rest))
        case "spin":
            while True:
                pass
        case "compute":
            end = time.process_time() + float(rest)
            while time.process_time() < end:
                pass
            return f"200 {os.nice(0)}".encode()
        case "eat":
            try:
                return f"200 {len(bytearray(int(rest) * 2**20))}".encode()
            except MemoryError:
                return b"413 too much"
        case "die":
            os._exit(3)
        case "raise":
            raise ValueError(rest)
    return b"200 " + (rest or str(os.getpid())).encode()


def as_app(question: bytes) -> bytes:
    """For a server: a formula that says what to do."""
    if not question:
        return b""
    import json

    asked = json.loads(question)["fields"]
    return answer(asked.get("f", "").encode())
