"""A failing question made small: subtrees give way to their operands, to variables and to constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

from closedform.core.expr import OPS, Expr, number, ones, substitute, symbol, symbols, topological
from closedform.core.shape import SCALAR
from closedform.errors import ShapeError
from tests.fuzz.comparisons import Effort
from tests.fuzz.judge import judged
from tests.fuzz.questions import Question

SECONDS = 30.0  #: for one failure


def reduced(q: Question, kind: str, seconds: float = SECONDS) -> Question:
    """The smallest question found that fails in the same way."""
    end, tried = perf_counter() + seconds, set()
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(q):
            if perf_counter() > end:
                return q
            if smaller.f not in tried and fails(smaller, kind):
                q, progress = smaller, True
                break
            tried.add(smaller.f)
    return q


def fails(q: Question, kind: str) -> bool:
    """Whether the question still fails in that way."""
    return any(k == kind for k, _ in judged(q, Effort()).failures)


def _smaller(q: Question) -> Iterator[Question]:
    """Questions with a smaller function, boldest first, that still have the variables."""
    for f in _functions(q.f):
        if _weight(f) < _weight(q.f) and {x.data.name for x in q.wrt} <= {s.data.name for s in symbols(f)}:
            yield replace(q, f=f)


def _weight(f: Expr) -> tuple[int, int, int]:
    nodes = topological([f])
    return len(nodes), f.size, sum(e.op.name == "symbol" for e in nodes)


def _functions(f: Expr) -> Iterator[Expr]:
    nodes = sorted(topological([f])[:-1], key=lambda e: e.size)
    yield from nodes
    for e in reversed(nodes):
        for other in _instead(e, nodes):
            try:
                yield substitute(f, {e: other})
            except (ShapeError, AssertionError):
                continue
    for e in (f, *reversed(nodes)):
        if e.op.associative and len(e.args) > 2:
            for k in range(len(e.args)):
                try:
                    yield substitute(f, {e: OPS[e.op.name](*e.args[:k], *e.args[k + 1 :])})
                except ShapeError:
                    continue


def _instead(e: Expr, nodes: list[Expr]) -> Iterator[Expr]:
    """Simpler expressions of the same shape."""
    if not e.args:
        return
    yield from (a for a in e.args if a.shape == e.shape)
    yield number(2) if e.shape == SCALAR else ones(e.shape)
    yield from (s for s in nodes if s.op.name == "symbol" and s.shape == e.shape)
    yield symbol("V", e.shape)
