"""The process from which the processes of the pool are forked: warm, so that a new one costs milliseconds.

`python -m closedform.web.nursery FD MODULE:FUNCTION MEGABYTES`, started by the pool.  On the socket FD it is told what
to do, in messages of eight bytes: zero, with a descriptor, to fork a process that answers there, whose number is the
reply; or the number of a process, to end it.  When the socket is closed, all end.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

MESSAGE = 8  #: bytes
READY = b""  #: what a process says when it can be asked
BORN = bytes(MESSAGE)  #: the message that asks for a process
BELOW = 3  #: how much lower the priority is than that of the server, which reads, refuses and ends in between
LONG, NICER = 0.15, 5  #: every so many seconds of computing for one question lower the priority so much
MEMORY = Path("/proc/self/statm")

Work = Callable[[bytes], bytes]


def told(number: int) -> bytes:
    """A number as a message."""
    return number.to_bytes(MESSAGE, "big")


def main(descriptor: str, named: str, megabytes: str) -> None:
    """Fork and end processes until the socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the socket
    os.nice(BELOW)
    module, _, name = named.partition(":")
    work: Work = getattr(import_module(module), name)
    control = socket.socket(fileno=int(descriptor))
    living, dying = set[int](), set[int]()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 1)
        dying -= {pid for pid in dying if os.waitpid(pid, os.WNOHANG)[0]}
        if not message:
            break
        if message == BORN:
            living.add(_fork(control, descriptors[0], work, int(megabytes)))
        else:
            pid = int.from_bytes(message, "big")
            os.kill(pid, signal.SIGKILL)  # it keeps its number until it is waited for
            living.remove(pid)
            dying.add(pid)
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _fork(control: socket.socket, descriptor: int, work: Work, megabytes: int) -> int:
    pid = os.fork()
    if not pid:
        control.close()
        _bound(megabytes)
        with contextlib.suppress(EOFError, ConnectionError):  # the server is gone
            serve(Connection(descriptor), work)
        os._exit(0)
    os.close(descriptor)
    control.sendall(told(pid))
    return pid


def _bound(megabytes: int) -> None:
    """Allow so much memory more than there is now, where the system can tell."""
    if MEMORY.exists():
        most = int(MEMORY.read_text().split()[0]) * resource.getpagesize() + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def serve(pipe: Connection, work: Work) -> None:
    """Answer what comes through the pipe: the life of a process.

    First an empty question, with no one waiting, so that the memory which it shares becomes its own.  A question that
    computes for long is given less and less; there is no way back, so that the pool then wants another process.
    """
    signal.signal(signal.SIGPROF, lambda *_: os.nice(NICER))
    work(b"")
    pipe.send_bytes(READY)
    while True:
        question = pipe.recv_bytes()
        signal.setitimer(signal.ITIMER_PROF, LONG, LONG)
        answer = work(question)
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send_bytes(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
