"""The server under load, on loopback: `python -m benchmarks.load --clients 200 --seconds 60 --questions distinct`.

Every client has an address of its own (127.1.x.y), keeps one connection, asks, reads the whole answer, thinks, and
asks again.  With `--hostile` another one sends expression bombs without pause over eight connections.  The clients run
on the machine that they measure; with `--questions same` there are 20 questions, so that most answers are kept ones.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.common import milliseconds, percentile, show
from closedform.practice.bank import PATTERNS

PORT = 8799
BOMB = {"f": "sum(tanh(A*x).*exp(B*x).*sigmoid(C*x))", "by": ["x"] * 8}
BOMBERS = 8
COMMAND = [sys.executable, "-c", "from closedform.cli.main import main; main()", "serve", "--port", str(PORT)]


def question(number: int) -> str:
    """A path: an exercise of the bank, the function multiplied by a number of its own."""
    p = PATTERNS[number % len(PATTERNS)]
    query = {"f": f"1.{number:07d}*({p.function})", "by": p.wrt.split(), "let": p.let}
    return "/part/answer?" + urlencode(query, doseq=True)


class Client:
    """One connection, from one address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> int:
        """The status of a path; a connection that the server has closed since is made anew, as a browser does."""
        if self.writer is not None:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                return await self._get(path)
        source = (self.address, 0)
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", PORT, local_addr=source)
        return await self._get(path)

    async def _get(self, path: str) -> int:
        assert self.writer is not None
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        await self.reader.readexactly(int(length[1]) if length else 0)
        return int(head.split(b" ", 2)[1])


async def visit(
    client: Client,
    end: float,
    think: float,
    paths: random.Random,
    distinct: bool,
    times: list[float],
    seen: Counter[int],
) -> None:
    """Ask until the end."""
    await asyncio.sleep(paths.random() * max(think, 0.5))
    while time.perf_counter() < end:
        path = question(paths.randrange(10**7) if distinct else paths.randrange(20))
        start = time.perf_counter()
        seen[await client.get(path)] += 1
        times.append(time.perf_counter() - start)
        if think:
            await asyncio.sleep(max(0.0, min(paths.expovariate(1 / think), end - time.perf_counter())))


async def bomb(end: float, seen: Counter[int], times: list[float]) -> None:
    """Expression bombs without pause."""
    client, number = Client("127.9.9.9"), 0
    while time.perf_counter() < end:
        number += 1
        start = time.perf_counter()
        asked = {**BOMB, "let": f"q{random.randrange(10**9)}: scalar"}
        seen[await client.get("/part/answer?" + urlencode(asked, doseq=True))] += 1
        times.append(time.perf_counter() - start)


def memory(pid: int) -> int:
    """Megabytes that are resident, of a process and of all that came from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return 0
    with suppress(FileNotFoundError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * 4096 // 2**20 + sum(memory(int(child)) for child in children.read_text().split())
    return 0


def computed(pid: int) -> float:
    """Seconds of computing of a process and of all that came from it, those that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(map(computed, map(int, children)))


async def watch(pid: int, end: float, most: list[int]) -> None:
    while time.perf_counter() < end:
        most.append(memory(pid))
        await asyncio.sleep(0.5)


async def load(options: argparse.Namespace, pid: int) -> None:
    times, seen = list[float](), Counter[int]()
    bombs, bombed, megabytes = list[float](), Counter[int](), list[int]()
    end = time.perf_counter() + options.seconds
    distinct = options.questions == "distinct"
    visitors = [
        visit(Client(f"127.1.{i // 250}.{i % 250 + 1}"), end, options.think, random.Random(i), distinct, times, seen)
        for i in range(options.clients)
    ]
    bombers = [bomb(end, bombed, bombs) for _ in range(BOMBERS if options.hostile else 0)]
    before = computed(pid)
    await asyncio.gather(*visitors, *bombers, watch(pid, end, megabytes))
    spent = computed(pid) - before
    rows = [("answers", sum(seen.values())), ("a second", f"{sum(seen.values()) / options.seconds:.0f}")]
    rows += [("statuses", dict(seen)), ("median", milliseconds(percentile(times, 0.5)))]
    rows += [(f"p{share:.0%}"[:-1], milliseconds(percentile(times, share))) for share in (0.95, 0.99)]
    rows += [("slowest", milliseconds(max(times))), ("memory at most", f"{max(megabytes)} MB")]
    rows += [("memory at the beginning, at the end", f"{megabytes[0]}, {megabytes[-1]} MB")]
    rows += [("the server computed for", f"{spent:.1f} s, {milliseconds(spent / sum(seen.values()))} an answer")]
    rows += [("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")]
    if options.hostile:
        rows += [("bombs", dict(bombed)), ("slowest bomb", milliseconds(max(bombs)))]
    title = f"{options.clients} clients, {options.questions} questions, {options.think} s to think, {options.seconds} s"
    show(title + (", a hostile one beside" if options.hostile else ""), ["", ""], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--questions", choices=("same", "distinct"), default="same")
    parser.add_argument("--think", type=float, default=0.0, help="seconds, on average")
    parser.add_argument("--hostile", action="store_true")
    options = parser.parse_args()
    server = subprocess.Popen(COMMAND, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with suppress(OSError):
                urlopen(f"http://127.0.0.1:{PORT}/healthz").close()
                break
            time.sleep(0.1)
        asyncio.run(load(options, server.pid))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
