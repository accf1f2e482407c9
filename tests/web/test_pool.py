"""Processes that answer: one that misbehaves is ended, and the others never notice."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from closedform.web.nursery import BELOW, NICER
from closedform.web.pool import Busy, Died, Expired, OneTooMany, Pool, Unanswered
from closedform.web.settings import Settings

WORK = "tests.web.hostile:answer"
SECONDS = 0.6


@asynccontextmanager
async def pool(work: str = WORK, **settings: float) -> AsyncIterator[Pool]:
    made = Pool(Settings(**{"workers": 3, "seconds": SECONDS, "megabytes": 128, **settings}), work)  # type: ignore[arg-type]
    await made.start()
    try:
        yield made
    finally:
        await made.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_an_answer_comes_back_as_bytes():
    async def test():
        async with pool() as p:
            assert await p.ask(b"say x\xcc\x82") == b"200 x\xcc\x82"

    run(test)


@pytest.mark.parametrize(("question", "error", "status"), [
    (b"spin", Expired, 504),
    (b"sleep 60", Expired, 504),
    (b"die", Died, 500),
    (b"raise oh", Died, 500),
])  # fmt: skip
def test_a_process_that_does_not_answer_is_replaced(question, error, status):
    async def test():
        async with pool(workers=1) as p:
            before = await p.ask(b"who")
            start = time.perf_counter()
            with pytest.raises(error) as caught:
                await p.ask(question)
            assert caught.value.status == status and time.perf_counter() - start < SECONDS + 1
            assert await p.ask(b"who") != before and p.killed == 1

    run(test)


def test_memory_is_bounded():
    async def test():
        async with pool(workers=1) as p:
            assert await p.ask(b"eat 64") == b"200 67108864"
            assert await p.ask(b"eat 512") == b"413 too much"

    run(test)


def test_others_stay_fast_beside_a_hostile_client():
    async def test():
        async with pool() as p:
            bombs = [asyncio.create_task(p.ask(b"spin", "hostile")) for _ in range(6)]
            await asyncio.sleep(0.05)
            times = []
            for _ in range(20):
                start = time.perf_counter()
                await p.ask(b"say hello", "friend")
                times.append(time.perf_counter() - start)
            assert max(times) < SECONDS
            ended = await asyncio.gather(*bombs, return_exceptions=True)
            assert {type(e) for e in ended} <= {Expired, OneTooMany} and isinstance(ended[0], Expired)

    run(test)


def test_a_client_waits_for_itself():
    """At most a third of the processes at a time."""

    async def test():
        async with pool(workers=2, seconds=5) as p:
            start = time.perf_counter()
            await asyncio.gather(*(p.ask(b"sleep 0.3", "one") for _ in range(2)))
            assert time.perf_counter() - start >= 0.6

    run(test)


def test_waiting_for_a_turn_and_for_a_process_share_one_patience():
    """Whatever a question waits for, it is answered or refused when its seconds are over."""

    async def test():
        async def ended(asked: Awaitable[bytes]) -> tuple[float, bytes | BaseException]:
            start = time.perf_counter()
            (found,) = await asyncio.gather(asked, return_exceptions=True)
            return time.perf_counter() - start, found

        async with pool(workers=1, patience=0.5) as p:
            asked = [(b"sleep 0.4", "one"), (b"spin", "two"), (b"say late", "one")]
            (_, first), (_, second), (waited, third) = await asyncio.gather(*(ended(p.ask(*a)) for a in asked))
            assert isinstance(second, Expired) and isinstance(third, Busy) and not isinstance(first, Unanswered)
            assert waited < SECONDS + 0.2

    run(test)


@pytest.mark.parametrize(("settings", "clients", "error"), [
    ({"waiting_of_one": 2}, ["one"] * 3, OneTooMany),
    ({"waiting": 2}, ["one", "two", "three"], Busy),
    ({"patience": 0.1}, ["one", "one"], OneTooMany),
    ({"patience": 0.1}, ["one", "two"], Busy),
])  # fmt: skip
def test_a_queue_is_bounded(settings, clients, error):
    async def test():
        async with pool(workers=1, **settings) as p:
            asked = [p.ask(b"sleep 0.2", client) for client in clients]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(a) for a in answers if isinstance(a, Unanswered)] == [error]
            assert p.waiting == 0 and not p.turns and not p.of_client

    run(test)


def test_a_process_is_replaced_after_many_questions():
    async def test():
        async with pool(workers=1, questions=3) as p:
            seen = [await p.ask(b"who") for _ in range(6)]
            assert len(set(seen)) == 2 and seen.count(seen[0]) == 3 and p.killed == 0

    run(test)


def test_a_process_that_computes_for_long_loses_priority_and_is_replaced():
    async def test():
        async with pool(workers=1, seconds=90) as p:
            usual, before = os.nice(0) + BELOW, await p.ask(b"who")
            assert int((await p.ask(b"compute 0.4")).split()[1]) >= usual + NICER
            assert await p.ask(b"who") != before and p.killed == 0
            assert await p.ask(b"compute 0") == b"200 %d" % usual

    run(test)


def test_who_answered_last_is_asked_next():
    """So that a tab finds the answer that it belongs to."""

    async def test():
        async with pool(workers=3) as p:
            assert len({await p.ask(b"who") for _ in range(5)}) == 1

    run(test)


def test_a_reader_who_goes_away_does_not_spoil_the_next_answer():
    """The answer of a cancelled question must never be given to another one."""

    async def test():
        async with pool(workers=1, seconds=5) as p:
            gone = asyncio.create_task(p.ask(b"sleep 0.2"))
            await asyncio.sleep(0.05)
            gone.cancel()
            assert await p.ask(b"say mine") == b"200 mine"

    run(test)


def test_a_new_process_is_forked_in_little_time():
    async def test():
        async with pool(workers=1) as p:
            start = time.perf_counter()
            for _ in range(5):
                with pytest.raises(Died):
                    await p.ask(b"die")
            await p.ask(b"who")
            assert (time.perf_counter() - start) / 5 < 0.2

    run(test)
