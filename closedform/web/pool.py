"""Processes that answer questions; one that takes too long or too much is killed, and the others never notice.

One client has at most a third of them at a time: whoever asks hard questions waits for himself.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from threading import Lock
from typing import TypeVar

from closedform.web.nursery import BORN, MESSAGE, told
from closedform.web.settings import Settings

T = TypeVar("T")
PAUSE = 0.1  #: seconds
SHARE = 3  #: one client has at most one of so many processes at a time
WORK = "closedform.web.warm:answer"  #: what a process does with a question
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  #: the matrices are small


class Unanswered(Exception):
    """There is no answer; `status` is what HTTP calls it."""

    status = 503


class Busy(Unanswered):
    """Too many questions wait already, or this one has waited too long."""


class OneTooMany(Unanswered):
    """The same, of this client."""

    status = 429


class Expired(Unanswered):
    """The time for the question is over."""

    status = 504


class Died(Unanswered):
    """The process ended before it answered: a mistake of ours, whose traceback is on stderr, or a lack of memory."""

    status = 500


async def until(end: float, awaited: Awaitable[T], late: type[Unanswered]) -> T:
    """What is awaited.

    Raises:
        Unanswered: of that kind, when it is not there at that time of the loop.
    """
    try:
        async with asyncio.timeout_at(end):
            return await awaited
    except TimeoutError:
        raise late from None


class Worker:
    """A process at the other end of a pipe."""

    def __init__(self, pid: int, pipe: Connection) -> None:
        self.pid, self.pipe, self.answered = pid, pipe, 0
        self.born = os.getpriority(os.PRIO_PROCESS, pid)

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

    @property
    def demoted(self) -> bool:
        """Whether a long question has cost it some of its priority."""
        return os.getpriority(os.PRIO_PROCESS, self.pid) > self.born


class Nursery:
    """The process from which workers are forked."""

    def __init__(self, work: str, megabytes: int) -> None:
        self.control, theirs = socket.socketpair()
        self.lock = Lock()
        command = [sys.executable, "-m", "closedform.web.nursery", str(theirs.fileno()), work, str(megabytes)]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env={**ONE_THREAD, **os.environ})
        theirs.close()

    def born(self) -> Worker:
        """A new worker that can be asked; blocks, the first time until the nursery is warm.

        Raises:
            Died: the nursery has ended.
            EOFError: the worker has.
        """
        ours, theirs = socket.socketpair()
        with self.lock, theirs:
            try:
                socket.send_fds(self.control, [BORN], [theirs.fileno()])
                reply = self.control.recv(MESSAGE, socket.MSG_WAITALL)
            except OSError:
                reply = b""
        if not reply:
            ours.close()
            raise Died
        worker = Worker(int.from_bytes(reply, "big"), Connection(ours.detach()))
        worker.pipe.recv_bytes()
        return worker

    def end(self, worker: Worker) -> None:
        with self.lock:
            self.control.sendall(told(worker.pid))

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End it and all that came from it."""
        self.control.close()
        self.process.wait()


class Pool:
    """Workers, and who has them."""

    def __init__(self, settings: Settings, work: str = WORK) -> None:
        self.settings, self.work = settings, work
        self.idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()  # who was asked last remembers the answer
        self.waiting = self.killed = 0
        self.of_client: Counter[str] = Counter()
        self.turns: dict[str, asyncio.Semaphore] = {}
        self.threads = ThreadPoolExecutor(2 * settings.workers + 1, "pipe")
        self.replacing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the processes, and wait until they are warm."""
        self.nursery = Nursery(self.work, self.settings.megabytes)
        for _ in range(self.settings.workers):
            await self._add()

    async def close(self) -> None:
        for task in self.replacing:
            task.cancel()
        self.nursery.close()
        self.threads.shutdown(cancel_futures=True)

    async def ask(self, question: bytes, client: str = "") -> bytes:
        """The answer of a process.

        Args:
            question: bytes that `work` understands.
            client: who asks.

        Raises:
            Busy, OneTooMany: too many wait, or it waited for too long; nothing was asked.
            Expired: it took longer than `settings.seconds`, waiting included; the process was killed.
            Died: the process ended, perhaps for lack of memory.
        """
        if self.waiting >= self.settings.waiting:
            raise Busy
        if self.of_client[client] >= self.settings.waiting_of_one:
            raise OneTooMany
        now = asyncio.get_running_loop().time()
        begin, end = now + self.settings.patience, now + self.settings.seconds
        turn = self.turns.setdefault(client, asyncio.Semaphore(max(1, self.settings.workers // SHARE)))
        self.waiting += 1
        self.of_client[client] += 1
        try:
            await until(begin, turn.acquire(), OneTooMany)
            try:
                return await self._answer(question, begin, end)
            finally:
                turn.release()
        finally:
            self.waiting -= 1
            self.of_client[client] -= 1
            if not self.of_client[client]:
                del self.of_client[client], self.turns[client]

    async def _answer(self, question: bytes, begin: float, end: float) -> bytes:
        worker = await until(begin, self.idle.get(), Busy)
        answered = False
        try:
            asked = asyncio.get_running_loop().run_in_executor(self.threads, worker.ask, question)
            answer = await until(end, asked, Expired)
            answered = True
            return answer
        except (EOFError, OSError):
            raise Died from None
        finally:
            if answered and worker.answered < self.settings.questions and not worker.demoted:
                self.idle.put_nowait(worker)
            else:
                self.killed += not answered
                task = asyncio.create_task(self._replace(worker))
                self.replacing.add(task)
                task.add_done_callback(self.replacing.discard)

    async def _replace(self, worker: Worker) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.nursery.end, worker)
        await self._add()

    async def _add(self) -> None:
        """One more process; one that ends before it can be asked is tried again."""
        while True:
            try:
                born = await asyncio.get_running_loop().run_in_executor(None, self.nursery.born)
            except EOFError:
                await asyncio.sleep(PAUSE)
            else:
                self.idle.put_nowait(born)
                return
