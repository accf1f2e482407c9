"""The chain rule: a long function is derived in blocks, each with a name for its value.

A block is a nonlinear operation with what is linear around it, such as a layer of a network.  Nothing is named in a
function that is short without it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from closedform.core.expr import Expr, node, symbol, symbols, topological
from closedform.core.shape import ONE, Shape
from closedform.derivation.formal import Differentials

LONG = 14  #: rules of differentials in a function that needs names
BLOCK = 3  #: rules in a block, at least
PREFIXES = {0: "tcq", 1: "hzv", 2: "HZV"}  #: of names, by the number of indices of the value


@dataclass(frozen=True, slots=True)
class Block:
    """An intermediate result.

    Attributes:
        name: its symbol.
        rule: its value by earlier names.
        value: its value by the variables.
    """

    name: Expr
    rule: Expr
    value: Expr


class Namer:
    """Names that do not occur yet: one letter for values of a kind, and a number."""

    def __init__(self, taken: Collection[str]) -> None:
        self.taken, self.counts = set(taken), dict[str, int]()

    def symbol(self, shape: Shape, prefixes: str) -> Expr:
        """A new symbol; its letter is the first whose numbered names are free."""
        free = [p for p in prefixes if not any(t.rstrip("0123456789") == p for t in self.taken)]
        prefix = free[0] if free else prefixes[0] * 2
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return symbol(f"{prefix}{self.counts[prefix]}", shape)


def blocks(f: Expr, x: Expr, rules: Differentials) -> tuple[list[Block], Expr]:
    """The intermediate results of a function, in order, and the function by their names."""
    order = [e for e in topological([f]) if rules.depends(e) and e.args]
    if not order or _rules_of(f, order) <= LONG:
        return [], f
    namer = Namer({s.data.name for s in symbols(f, x)} | {n for s in symbols(f) for d in s.shape for n in d.names})
    cost, rewritten, found = dict[Expr, int](), dict[Expr, Expr](), list[Block]()
    for e in order:
        own = 1 + sum(cost.get(a, 0) for a in dict.fromkeys(e.args))
        rule = node(e.op, tuple(rewritten.get(a, a) for a in e.args))
        if e is not f and own >= BLOCK and e.op.kind in ("elementwise", "function"):
            name = namer.symbol(e.shape, PREFIXES[sum(d is not ONE for d in e.shape)])
            found.append(Block(name, rule, e))
            own, rule = 0, name
        cost[e], rewritten[e] = own, rule
    return found, rewritten[f]


def _rules_of(f: Expr, order: list[Expr]) -> int:
    """How often a rule is applied, shared parts as often as they occur; no more than is worth counting."""
    cost: dict[Expr, int] = {}
    for e in order:
        cost[e] = min(1 + sum(cost.get(a, 0) for a in e.args), LONG + 1)
    return cost[f]
