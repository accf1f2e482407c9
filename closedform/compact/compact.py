"""Compaction: the same value in fewer operations.

Operands first, every node once.  At each sum, and at each product of sums, several forms compete: as it
is, factored, expanded then factored, cleared of inner denominators; the smallest wins, the one at hand
when nothing is gained.
"""

from __future__ import annotations

from collections.abc import Sequence

from closedform.compact.expand import LINEAR, Known, expand
from closedform.compact.factor import cleared, factor, gathered
from closedform.core.expr import Expr, topological
from closedform.core.normal import applied, normal
from closedform.core.shape import ONE

SMALL = 150  #: sums larger than this are factored, not expanded
WORTH = 1  #: operations an expansion must save more than: at a tie the factored form reads better


def compact(e: Expr) -> Expr:
    """An equal expression in normal form with at most as many operations.

    Args:
        e: an expression in normal form.
    """
    return compact_all([e])[0]


def compact_all(expressions: Sequence[Expr]) -> list[Expr]:
    """The same for several expressions; what they share is worked on once."""
    work = _Compaction()
    return [work.of(e) for e in expressions]


class _Compaction:
    """The forms found so far, shared by all nodes of one answer."""

    def __init__(self) -> None:
        self.done: dict[Expr, Expr] = {}
        self.regrouped: dict[Expr, Expr] = {}
        self.terms: Known = {}

    def of(self, e: Expr) -> Expr:
        done = self.done
        if e in done:
            return done[e]
        for n in topological([e], done):
            if not n.args:
                done[n] = n
                continue
            args = [done[a] for a in n.args]
            here = n if tuple(args) == n.args else applied(n.op, args)
            best = done.get(here)
            if best is None:
                best = self.improve(here)
                done[here] = done[best] = best
            done[n] = best
        return done[e]

    def improve(self, e: Expr) -> Expr:
        """The best form of one sum, or of one product of sums, whose operands are compact."""
        name = e.op.name
        if name == "add" and e.shape[0] is ONE and not e.is_scalar:  # a row, as its column
            return normal(self.of(normal(e.T)).T)
        if name == "add":
            best = gathered(factor(e, self.of), self.of)
        elif name in LINEAR and _has_sum(e):
            best = cleared(e, self.of)
        else:
            return e
        if e.size <= SMALL and (name != "add" or _has_sum(e)):
            expanded = expand(e, self.terms)
            if expanded is not None and expanded is not e:
                other = self.factored(expanded)
                if other.size + WORTH < best.size:
                    best = other
        return best

    def factored(self, e: Expr) -> Expr:
        """An expanded sum factored again, without expanding."""
        if e.op.name != "add":
            return e
        if e not in self.regrouped:
            self.regrouped[e] = factor(e, self.factored)
        return self.regrouped[e]


def _has_sum(e: Expr) -> bool:
    """Whether a sum stands inside a product, at any depth of products and powers."""
    return any(a.op.name == "add" or (a.op.name in INSIDE and _has_sum(a)) for a in e.args)


INSIDE = LINEAR | {"power", "norm2"}
