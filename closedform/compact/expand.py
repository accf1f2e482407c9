"""Expansion: products of sums as sums of products, so that terms can cancel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as cartesian
from math import prod

from closedform.core.expr import OPS, Expr, node, number
from closedform.core.normal import applied, normal

MOST_TERMS = 24  #: an expansion with more terms is not tried
TWO = number(2)
LINEAR = {"matmul", "hadamard", "scale"}
Terms = list[Expr] | None  #: None when there are too many
Known = dict[Expr, Terms]


def expand(e: Expr, known: Known) -> Expr | None:
    """The sum of products equal to e; None when that has too many terms or nothing to expand.

    Args:
        e: an expression in normal form.
        known: terms found so far; shared by the expansions of one answer.
    """
    terms = _terms(e, known)
    if terms is None or len(terms) == 1:
        return None
    return applied(OPS["add"], terms)


def _terms(e: Expr, known: Known) -> Terms:
    if e not in known:
        known[e] = _expanded(e, known)
    return known[e]


def _expanded(e: Expr, known: Known) -> Terms:
    name = e.op.name
    if name == "add":
        parts = [_terms(a, known) for a in e.args]
        found = [t for terms in parts if terms is not None for t in terms]
        return None if len(found) > MOST_TERMS or None in parts else found
    if name in LINEAR:
        return _distributed(e, [_terms(a, known) for a in e.args])
    if name == "power" and e.args[1] is TWO:
        base = e.args[0]
        if base.op.name == "add":
            return _terms(node(OPS["hadamard"], (base, base)), known)
        if base.op.name == "norm2" and base.args[0].op.name == "add" and len(base.args[0].args) ** 2 <= MOST_TERMS:
            return list(_square(base.args[0]))
    return [e]


def _distributed(e: Expr, choices: list[Terms]) -> Terms:
    """Every product of one term from each operand."""
    sums = [terms for terms in choices if terms is not None]
    if len(sums) < len(choices) or prod(map(len, sums)) > MOST_TERMS:
        return None
    if all(len(terms) == 1 for terms in sums):
        return [e]
    return [applied(e.op, picked) for picked in cartesian(*sums)]


def _square(total: Expr) -> Iterator[Expr]:
    """‖a + b‖² = ‖a‖² + 2⟨a, b⟩ + ‖b‖²."""
    for i, a in enumerate(total.args):
        yield normal(OPS["norm2"](a) ** 2)
        for b in total.args[:i]:
            yield normal(2 * OPS["sum"](a * b))
