"""Moving dX out of a line, one rule at a time.

A line is a sum of terms, each a coefficient M in front of an expression E linear in one differential.  A move takes
one operation off E and puts it into M; a route says which moves there are and how a term is written: ⟨M', E⟩ for a
scalar df, M E for a column, M vec(E) for a matrix.  At the end every E is a differential.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from closedform.core.expr import Expr, topological
from closedform.derivation.neat import neat, total


@dataclass(frozen=True, slots=True)
class Term:
    """M in front of E."""

    M: Expr
    E: Expr


@dataclass(frozen=True, slots=True)
class Move:
    """The key of a rule, and what becomes of a term."""

    key: str
    terms: tuple[Term, ...]


class Route(ABC):
    """How terms are written and moved, for some differentials."""

    def __init__(self, differentials: Sequence[Expr]) -> None:
        self.differentials = tuple(differentials)
        self.depending: dict[Expr, bool] = dict.fromkeys(differentials, True)

    @abstractmethod
    def start(self, line: Expr) -> list[Term]:
        """The terms of a line."""

    @abstractmethod
    def write(self, term: Term) -> Expr:
        """A term as an expression."""

    @abstractmethod
    def move(self, term: Term) -> Move:
        """The next move of a term that is not done.

        Raises:
            NotSupported: an operation has none.
        """

    def done(self, term: Term) -> bool:
        return term.E in self.depending and term.E in self.differentials

    def matrix(self, term: Term) -> Expr:
        """The coefficient of a term that is done."""
        return term.M

    def line(self, terms: Sequence[Term]) -> Expr:
        return total([neat(self.write(t)) for t in terms])

    def depends(self, e: Expr) -> bool:
        if e not in self.depending:
            for n in topological([e], self.depending):
                self.depending[n] = any(self.depending[a] for a in n.args)
        return self.depending[e]

    def terms(self, line: Expr) -> list[Expr]:
        """The terms of a sum, without those that are zero because no differential is left in them."""
        return [t for t in (line.args if line.op.name == "add" else [line]) if self.depends(t)]

    def parted(self, e: Expr) -> tuple[tuple[Expr, ...], Expr, tuple[Expr, ...]]:
        """The operands before the one that depends on a differential, that one, and those after."""
        (i,) = [i for i, a in enumerate(e.args) if self.depends(a)]
        return e.args[:i], e.args[i], e.args[i + 1 :]


def moved(route: Route, terms: list[Term]) -> list[tuple[str, list[Term]]]:
    """The lines until every term is done, each with the key of the one rule that made it."""
    lines: list[tuple[str, list[Term]]] = []
    while waiting := [t for t in terms if not route.done(t)]:
        key = route.move(waiting[0]).key
        after: list[Term] = []
        for t in terms:
            step = None if route.done(t) else route.move(t)
            after += step.terms if step is not None and step.key == key else [t]
        terms = after
        lines.append((key, terms))
    return lines
