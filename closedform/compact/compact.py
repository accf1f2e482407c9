"""Compaction: the same value in fewer operations.

Operands first, every node once.  At each sum, and at each product of sums, three forms compete: as it
is, factored, and expanded then factored; the smallest wins, the one at hand when nothing is gained.
"""

from __future__ import annotations

from closedform.compact.expand import LINEAR, expand
from closedform.compact.factor import factor
from closedform.core.expr import Expr, node, topological
from closedform.core.normal import normal

SMALL = 400  #: sums larger than this are factored, not expanded


def compact(e: Expr) -> Expr:
    """An equal expression in normal form with at most as many operations.

    Args:
        e: an expression in normal form.
    """
    done: dict[Expr, Expr] = {}
    for n in topological([e]):
        if not n.args:
            done[n] = n
            continue
        args = tuple([done[a] for a in n.args])
        here = n if args == n.args else normal(node(n.op, args))
        done[n] = improve(here)
    return done[e]


def improve(e: Expr) -> Expr:
    """The best form of one sum, or of one product of sums."""
    name = e.op.name
    if name == "add":
        best = factor(e, _inner)
    elif name in LINEAR and _has_sum(e):
        best = e
    else:
        return e
    if e.size <= SMALL:
        expanded = expand(e)
        if expanded is not None and expanded is not e:
            other = factor(expanded, _factored)
            if other.size < best.size:
                best = other
    return best


def _inner(e: Expr) -> Expr:
    return improve(e) if e.op.name == "add" else e


def _factored(e: Expr) -> Expr:
    return factor(e, _factored) if e.op.name == "add" else e


def _has_sum(e: Expr) -> bool:
    return any(a.op.name == "add" or (a.op.name in LINEAR and _has_sum(a)) for a in e.args)
