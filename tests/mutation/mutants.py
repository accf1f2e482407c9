"""Mutants: each rule of ours, broken in every way that it can be: the sign, a factor, a transpose, a missing term.

A mutant is broken in a process of its own, so that nothing that was remembered hides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import closedform.calculus.jacobian as jacobian
import closedform.calculus.vectorize as vectorize
from closedform.core.expr import OPS, Expr, node
from closedform.core.normal import normal
from closedform.core.rewrite import RULES, Rule, fitting
from closedform.core.shape import ONE
from closedform.rules import TABLES

Break = Callable[[Expr], Expr | None]


def _transposed(e: Expr) -> Expr | None:
    return e.T if e.shape[0] is e.shape[1] is not ONE else None


def _first_missing(e: Expr) -> Expr | None:
    if e.op.name != "add":
        return None
    return e.args[1] if len(e.args) == 2 else node(e.op, e.args[1:])


def _last_missing(e: Expr) -> Expr | None:
    if e.op.name != "add":
        return None
    return e.args[0] if len(e.args) == 2 else node(e.op, e.args[:-1])


BREAKS: dict[str, Break] = {
    "sign": lambda e: -e,
    "factor": lambda e: 2 * e if e.is_scalar else e + e,
    "transpose": _transposed,
    "first term missing": _first_missing,
    "last term missing": _last_missing,
}


@dataclass(frozen=True)
class Mutant:
    """One broken rule.

    Attributes:
        kind: `differential`, `trace`, `adjoint`, `column`, `vec` or `rewrite`.
        rule: its name.
        how: the key of `BREAKS`.
        put: breaks it, in the process that calls it.
    """

    kind: str
    rule: str
    how: str
    put: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.kind} {self.rule}: {self.how}"


BITES: set[str] = set()  #: in the process of a mutant, `bites` once it has changed a result


def broken(rule: Callable[..., Any], how: str) -> Callable[..., Any]:
    """The rule with every result broken; a result that cannot be broken so, or stays equal, is left alone."""

    def wrapped(*args: Any) -> Any:
        e = rule(*args)
        changed = None if e is None else BREAKS[how](e)
        if changed is None or normal(changed) is normal(e):
            return e
        BITES.add("bites")
        return changed

    return wrapped


def mutants() -> Iterator[Mutant]:
    """Every mutant of the tables of rules."""
    for op in OPS.values():
        for kind, field in (("differential", "differential"), ("trace", "on_trace"), ("adjoint", "adjoint")):
            if getattr(op, field) is not None:
                for how in BREAKS:
                    yield Mutant(kind, op.name, how, _setter(op, field, how))
    for kind, table in (("column", jacobian._COLUMN), ("vec", vectorize._RULES)):
        for name in table:
            for how in BREAKS:
                yield Mutant(kind, name, how, _entry(table, name, how))
    for rules in TABLES.values():
        for rule in rules:
            for how, change in BREAKS.items():
                right = change(rule.right)
                if right is not None and normal(right) is not normal(rule.right):
                    yield Mutant("rewrite", rule.name, how, _replaced(rule, right))


def _setter(op: Any, field: str, how: str) -> Callable[[], None]:
    return lambda: setattr(op, field, broken(getattr(op, field), how))


def _entry(table: dict[str, Any], name: str, how: str) -> Callable[[], None]:
    return lambda: table.update({name: broken(table[name], how)})


def _replaced(rule: Rule, right: Expr) -> Callable[[], None]:
    def put() -> None:
        BITES.add("bites")
        mutant = replace(rule, right=right)
        for rules in (*TABLES.values(), *RULES.values()):
            rules[:] = [mutant if r is rule else r for r in rules]
        fitting.cache_clear()

    return put
