"""Processes that answer questions; one that takes too long or too much is killed, and the others never notice.

They are forked from a process in which the package is imported and warm (`warm.py`), so that a new one costs
milliseconds.  One client has at most half of them at a time: whoever asks hard questions waits for himself.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from closedform.web.settings import Settings

Work = Callable[[bytes], bytes]
WARM = "closedform.web.warm"


class Unanswered(Exception):
    """There is no answer; `status` is what HTTP calls it."""

    status = 503


class Busy(Unanswered):
    """Too many questions wait already."""


class OneTooMany(Unanswered):
    """Too many questions of this client wait already."""

    status = 429


class Expired(Unanswered):
    """The time for the question is over."""

    status = 504


class Died(Unanswered):
    """The process ended before it answered."""


class Worker:
    """A process at the other end of a pipe."""

    def __init__(self, work: Work, settings: Settings) -> None:
        context = multiprocessing.get_context("forkserver")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, work, settings.megabytes), daemon=True)
        self.process.start()
        theirs.close()
        self.answered = 0

    def ask(self, question: bytes) -> bytes:
        """The answer; blocks.

        Raises:
            EOFError, OSError: the process has ended.
        """
        try:
            self.pipe.send_bytes(question)
            answer = self.pipe.recv_bytes()
        except (EOFError, OSError):
            self.pipe.close()  # here, and not where it is killed: no other thread reads from it
            raise
        self.answered += 1
        return answer


def serve(pipe: Connection, work: Work, megabytes: int) -> None:
    """Answer what comes through the pipe until it is closed: the life of a process."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if os.path.exists("/proc/self/statm") else 0
    bound = pages * resource.getpagesize() + megabytes * 2**20
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its processes
    while True:
        try:
            question = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(work(question))


class Pool:
    """Workers, and who has them."""

    def __init__(self, work: Work, settings: Settings) -> None:
        self.work, self.settings = work, settings
        self.idle: asyncio.Queue[Worker] = asyncio.Queue()
        self.every: set[Worker] = set()
        self.waiting = 0
        self.of_client: Counter[str] = Counter()
        self.turns: dict[str, asyncio.Semaphore] = {}
        self.threads = ThreadPoolExecutor(settings.workers + 1, "pipe")
        self.replacing: set[asyncio.Task[None]] = set()
        self.killed = 0

    async def start(self) -> None:
        """Start the processes, and wait until they answer."""
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # the matrices are small; inherited by the processes
            os.environ.setdefault(name, "1")
        multiprocessing.get_context("forkserver").set_forkserver_preload(["__main__", WARM])
        await asyncio.gather(*(self._add() for _ in range(self.settings.workers)))

    async def close(self) -> None:
        for task in self.replacing:
            task.cancel()
        for worker in self.every:
            worker.process.kill()
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def ask(self, question: bytes, client: str = "") -> bytes:
        """The answer of a process.

        Args:
            question: bytes that `work` understands.
            client: who asks.

        Raises:
            Busy, OneTooMany: too many wait; nothing was asked.
            Expired: it took longer than `settings.seconds`; the process was killed.
            Died: the process ended, perhaps for lack of memory.
        """
        if self.waiting >= self.settings.waiting:
            raise Busy
        if self.of_client[client] >= self.settings.waiting_of_one:
            raise OneTooMany
        turn = self.turns.setdefault(client, asyncio.Semaphore(max(1, self.settings.workers // 2)))
        self.waiting += 1
        self.of_client[client] += 1
        try:
            async with turn:
                return await self._answer(question)
        finally:
            self.waiting -= 1
            self.of_client[client] -= 1
            if not self.of_client[client]:
                del self.of_client[client], self.turns[client]

    async def _answer(self, question: bytes) -> bytes:
        worker = await self.idle.get()
        answered = False
        try:
            asked = asyncio.get_running_loop().run_in_executor(self.threads, worker.ask, question)
            answer = await asyncio.wait_for(asked, self.settings.seconds)
            answered = True
            return answer
        except TimeoutError:
            raise Expired from None
        except (EOFError, OSError):
            raise Died from None
        finally:
            if answered and worker.answered < self.settings.questions:
                self.idle.put_nowait(worker)
            else:
                self._replace(worker, kill=not answered)

    def _replace(self, worker: Worker, kill: bool) -> None:
        """A new process for an old one, which ends when its pipe is closed, or is killed."""
        self.every.discard(worker)
        if kill:
            self.killed += 1
            worker.process.kill()
        else:
            worker.pipe.close()
        task = asyncio.create_task(self._add())
        self.replacing.add(task)
        task.add_done_callback(self.replacing.discard)

    async def _add(self) -> None:
        worker = await asyncio.get_running_loop().run_in_executor(None, Worker, self.work, self.settings)
        self.every.add(worker)
        self.idle.put_nowait(worker)
