"""Expansion: products of sums as sums of products, so that terms can cancel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from itertools import product as cartesian

from closedform.core.expr import OPS, Expr, node, number
from closedform.core.normal import normal

MOST_TERMS = 24  #: an expansion with more terms is not tried
TWO = number(2)
LINEAR = {"matmul", "hadamard", "scale"}


def expand(e: Expr) -> Expr | None:
    """The sum of products equal to e; None when that has too many terms or nothing to expand."""
    terms = list(_terms(e))
    if len(terms) == 1 or len(terms) > MOST_TERMS:
        return None
    return normal(node(OPS["add"], tuple(terms)))


def _terms(e: Expr) -> Iterator[Expr]:
    """The terms of e, at most one more than the limit."""
    yield from islice(_all_terms(e), MOST_TERMS + 1)


def _all_terms(e: Expr) -> Iterator[Expr]:
    name = e.op.name
    if name == "add":
        for a in e.args:
            yield from _terms(a)
    elif name in LINEAR:
        choices = [list(_terms(a)) for a in e.args]
        if all(len(c) == 1 for c in choices):
            yield e
        else:
            for picked in cartesian(*choices):
                yield _combine(e, picked)
    elif name == "power" and e.args[1].op.name == "number" and e.args[1].data == 2 and e.args[0].op.name == "add":
        base = e.args[0]
        yield from _terms(node(OPS["hadamard"], (base, base)))
    elif name == "power" and e.args[0].op.name == "norm2" and e.args[1] is TWO and e.args[0].args[0].op.name == "add":
        yield from _square(e.args[0].args[0])
    else:
        yield e


def _square(total: Expr) -> Iterator[Expr]:
    """‖a + b‖² = ‖a‖² + 2⟨a, b⟩ + ‖b‖²."""
    for i, a in enumerate(total.args):
        yield normal(OPS["norm2"](a) ** 2)
        for b in total.args[:i]:
            yield normal(2 * OPS["sum"](a * b))


def _combine(e: Expr, picked: tuple[Expr, ...]) -> Expr:
    return e if picked == e.args else normal(node(e.op, picked))
