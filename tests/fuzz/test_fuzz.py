"""A slice of the random questions, the rows of earlier findings, and that the fuzzer would notice what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closedform.core.expr import OPS, topological
from closedform.ops import elementwise
from closedform.syntax.declare import PROPERTIES
from tests.fuzz.__main__ import asked
from tests.fuzz.comparisons import Effort
from tests.fuzz.judge import judged
from tests.fuzz.points import points
from tests.fuzz.questions import Question, numbered, of_row
from tests.fuzz.reduce import reduced
from tests.fuzz.reference import CONSTANTS, FUNCTIONS, jax_engine, slopes, torch_engine
from tests.strategies import WIDE

ROWS = [json.loads(line) for line in (Path(__file__).parent / "regressions.jsonl").read_text("utf-8").splitlines()]
SEED, FIRST, SECOND, SLICES = 7, 50, 12, 8
pytestmark = pytest.mark.filterwarnings("ignore")  # of JAX and PyTorch; what is compared is values


@pytest.mark.parametrize("part", range(SLICES))
def test_random_derivatives_are_those_of_jax_and_pytorch(part):
    for order, count in ((1, FIRST), (2, SECOND)):
        tally = asked(order, range(part * count, (part + 1) * count), SEED)
        assert tally.found == []
        assert tally.asked == tally.notes["answered"] + tally.notes["refused"] == count
        assert tally.notes["compared"] == tally.notes["answered"] > count / 2


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["function"][:60])
def test_what_was_found_once_is_right(row: dict[str, Any]):
    assert judged(of_row(row)).failures == []


def test_every_operation_property_and_order_is_drawn():
    drawn = [numbered(order, number, SEED) for order in (1, 2) for number in range(400)]
    nodes = [e for q in drawn for e in topological([q.f])]
    assert OPS.keys() - {e.op.name for e in nodes} == set()
    assert set(PROPERTIES) - {p for e in nodes if e.op.name == "symbol" for p in e.data.properties} == set()
    sizes = Counter(n for q in drawn for n in q.sizes.values())
    assert sizes[1] > 100 and max(sizes) == 4
    assert any(len(set(q.wrt)) == 2 for q in drawn) and any(q.wrt[0] is q.wrt[-1] for q in drawn if len(q.wrt) == 2)


@pytest.mark.parametrize("engine", [torch_engine, jax_engine])
def test_an_engine_evaluates_every_operation(engine):
    assert OPS.keys() == CONSTANTS.keys() | {"symbol"} | FUNCTIONS.keys() | engine().own.keys()


def test_a_question_is_the_same_whenever_it_is_asked_for():
    assert [numbered(1, k, SEED) for k in range(20)] == [numbered(1, k, SEED) for k in range(20)]
    assert len({numbered(1, k, SEED).f for k in range(50)}) > 45


def test_both_engines_give_the_same_derivative():
    q = of_row({"function": "logdet(S) + x'*S*x", "wrt": ["S", "x"], "shapes": {"S": ["n", "n"], "x": ["n"]},
                "properties": {"S": ["spd"]}})  # fmt: skip
    p = next(points(q.f, q.wrt, q.sizes, 1))
    found = [slopes(q.f, q.wrt, np.ones((1, 1)), p.env, p.sizes, e) for e in (torch_engine(), jax_engine())]
    x, n = p.env["x"], len(p.env["x"])
    expected = [[(i == k) * x[j, 0] + (j == k) * x[i, 0] for k in range(n)] for i in range(n) for j in range(n)]
    assert np.allclose(found[0], expected) and np.allclose(found[1], expected)


def test_a_wrong_rule_is_found_and_the_question_made_small(monkeypatch):
    """sin′ = cos, written without its minus at cos: found by PyTorch and by the check, in a question of few operations."""
    monkeypatch.setattr(OPS["cos"], "differential", lambda x, y: elementwise.sin(x))
    q = of_row({"function": "sum(A*cos(B*x + y)) + tr(C)*norm2(y)", "wrt": ["x"],
                "shapes": {"A": ["m", "n"], "B": ["n", "n"], "C": ["m", "m"], "x": ["n"], "y": ["n"]}})  # fmt: skip
    kinds = {kind for kind, _ in judged(q).failures}
    assert {"wrong: numpy code is not PyTorch's derivative", "wrong: the check refuses it"} <= kinds
    small = reduced(q, "wrong: the check refuses it", seconds=20)
    assert str(small.f) == "cos(x)"


def test_an_exception_that_is_not_ours_is_a_finding(monkeypatch):
    monkeypatch.setattr("closedform.compact.compact.compact", lambda e: 1 / 0)
    monkeypatch.setattr("closedform.calculus.derivative.compact", lambda e: 1 / 0)
    q = Question(WIDE.pool[WIDE.shapes[0]][0], (WIDE.pool[WIDE.shapes[0]][0],))
    assert judged(q, Effort()).failures == [("crash: ZeroDivisionError", "division by zero")]
