"""Readings: what the same signs mean to other authors.  One row each, tried when the statement as written fails.

The text syntax has one meaning for each sign; a statement that is true only in another reading is ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from closedform.core.shape import ONE
from closedform.identity.changes import Change, Said, called, mapped, turned, with_sides
from closedform.syntax.sides import Written
from closedform.syntax.tokens import plain
from closedform.syntax.tree import Node


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of a function: its name, what is put in its place, the sentence."""

    function: str
    instead: str
    key: str


FUNCTIONS = (
    Reading("exp", "expm", "verdict.read_matrix_function"),
    Reading("log", "logm", "verdict.read_matrix_function"),
    Reading("sqrt", "sqrtm", "verdict.read_matrix_function"),
    Reading("expm", "exp", "verdict.read_entrywise"),
    Reading("logm", "log", "verdict.read_entrywise"),
    Reading("sqrtm", "sqrt", "verdict.read_entrywise"),
)
OPERATORS: Mapping[str, tuple[str, str]] = {  #: the rule of an operator, the rule and the sign instead
    "HAT": ("DOTHAT", ".^"),
    "DOTHAT": ("HAT", "^"),
}


def readings(w: Written) -> Iterator[Change]:
    """Every other reading of the statement that differs from it."""
    for r in FUNCTIONS:
        yield from _change(w, r.key, {"f": r.function, "g": r.instead}, _renamed(r.function, r.instead))
    for rule, (instead, sign) in OPERATORS.items():
        key = "verdict.read_entry_power" if instead == "DOTHAT" else "verdict.read_matrix_power"
        yield from _change(w, key, {}, _other_operator(rule, instead, sign))
    yield from _change(w, "verdict.read_diag_vec", {}, _diag_of_vec)
    yield from _change(w, "verdict.read_adjoint", {}, _adjoint)
    yield from _by_vec(w)


def _change(w: Written, key: str, facts: Mapping[str, str], change: Callable[[Node], Node]) -> Iterator[Change]:
    changed = mapped(w, change)
    if changed is not None:
        yield Change((Said(key, facts),), changed)


def _renamed(old: str, new: str) -> Callable[[Node], Node]:
    return lambda n: replace(n, text=new) if n.rule == "call" and n.text == old else n


def _other_operator(rule: str, instead: str, sign: str) -> Callable[[Node], Node]:
    return lambda n: replace(n, rule=instead, text=sign) if n.rule == rule else n


def _diag_of_vec(n: Node) -> Node:
    if n.rule == "call" and n.text == "diag" and len(n.operands) == 1:
        return called("diag", called("vec", n.operands[0]))
    return n


def _adjoint(n: Node) -> Node:
    return turned(n.operands[0]) if n.rule == "call" and n.text == "adj" and len(n.operands) == 1 else n


def _by_vec(w: Written) -> Iterator[Change]:
    """The derivative of a scalar by a matrix as the column of the derivatives by its stacked entries."""
    sides = list(w.root.operands)
    for k, side in enumerate(sides):
        if side.rule == "derivative" and len(side.operands) == 2 and side.operands[1].rule == "name":
            variable = side.operands[1]
            if ONE not in w.shapes.get(plain(variable.text), (ONE, ONE)):
                sides[k] = replace(side, operands=(side.operands[0], called("vec", variable)))
                facts = {"x": variable.text}
                yield Change((Said("verdict.read_by_vec", facts),), with_sides(w, sides[0], sides[1]))
