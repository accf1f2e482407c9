"""16 threads × 1,000 questions give the answers of one thread: `python -m tests.hostile.threads`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from threading import Barrier, Thread

from tests.hostile.questions import answer, drawn


def in_threads(questions: Sequence[tuple[str, ...]], threads: int, advance: Callable[[], None]) -> list[list[str]]:
    """The answers of every thread to all questions; each thread begins at another one, so that they mix."""
    found = [[""] * len(questions) for _ in range(threads)]
    together = Barrier(threads)

    def work(k: int) -> None:
        together.wait()
        for i in range(len(questions)):
            at = (i + k * len(questions) // threads) % len(questions)
            found[k][at] = answer(*questions[at])
            advance()

    running = [Thread(target=work, args=(k,)) for k in range(threads)]
    for t in running:
        t.start()
    for t in running:
        t.join()
    return found


def different(
    questions: Sequence[tuple[str, ...]], threads: int, advance: Callable[[], None] = lambda: None
) -> list[str]:
    """The questions that some thread answered in another way than one thread alone."""
    alone = [answer(*q) for q in questions]
    answers = in_threads(questions, threads, advance)
    return [str(q) for i, q in enumerate(questions) if any(found[i] != alone[i] for found in answers)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--count", type=int, default=1000)
    chosen = parser.parse_args()
    from rich.console import Console
    from rich.progress import Progress

    questions = list(drawn(chosen.count))
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("questions", total=chosen.threads * chosen.count)
        bad = different(questions, chosen.threads, lambda: bar.advance(task))
    print(f"{chosen.threads} threads × {chosen.count} questions: {len(bad)} with another answer than in one thread")
    print("\n".join(bad[:20]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
