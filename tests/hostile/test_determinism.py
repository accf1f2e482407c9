"""The same question has the same answer, byte for byte: in every process, order and thread; and caches do not grow."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys

import pytest

from closedform.core import expr, shape
from tests.hostile.questions import answer, drawn, fixed
from tests.hostile.threads import different

ENVIRONMENTS = (
    ("0", "1", 0),
    ("1", "2", 1),
    ("4294967295", "2", 2),
)  #: the seed of hashes, threads of array libraries, the order of the questions


def in_process(seed: str, threads: str, order: int) -> dict[str, str]:
    env = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    command = [sys.executable, "-m", "tests.hostile.questions", "--order", str(order)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_sixty_questions_have_the_same_answers_in_every_process():
    first, *others = [in_process(*environment) for environment in ENVIRONMENTS]
    assert len(first) == len(fixed()) == 60
    for other in others:
        assert {q for q in first if first[q] != other[q]} == set()
    assert sum(found[:1] in "[{" for found in first.values()) > 45  # answers; the rest are refusals


@pytest.mark.parametrize("threads", [16])
def test_threads_give_the_answers_of_one_thread(threads):
    assert different(list(drawn(10)), threads) == []


def test_the_tables_of_expressions_and_sizes_do_not_grow_with_the_questions():
    sizes = []
    for start in (0, 60, 120):
        for q in list(drawn(start + 60))[start:]:
            answer(*q)
        gc.collect()
        sizes.append((len(expr._TABLE), len(shape._TABLE)))
    assert sizes[2][0] <= sizes[0][0] + 500 and sizes[2][1] <= sizes[0][1] + 50
