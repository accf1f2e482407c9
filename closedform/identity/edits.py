"""Slips: the small differences between what was written and what was meant.  One row each.

An edit changes one place of a formula's tree.  The correction of an identity and the diagnosis of an answer try them
in this order, by value; the sentence of a row says what was wrong in the formula before the edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from closedform.core.shape import ONE
from closedform.identity.changes import Said, each_place, source_of, turned
from closedform.syntax.sides import Written
from closedform.syntax.tokens import MATRICES, plain
from closedform.syntax.tree import Node

PRODUCTS = ("STAR", "juxtapose")
MOST = 300  #: edited formulas


@dataclass(frozen=True)
class Edit:
    """A slip.

    Attributes:
        name: the last part of its sentence's key.
        local: a node to those that may have been meant in its place.
    """

    name: str
    local: Callable[[Written, Node], Iterator[Node]]


def _transpose(w: Written, n: Node) -> Iterator[Node]:
    if n.rule in ("name", "call", "PRIME") and not _is_scalar(w, n):
        yield turned(n)


def _is_scalar(w: Written, n: Node) -> bool:
    return n.rule == "name" and w.shapes.get(plain(n.text)) == (ONE, ONE)


def _order(w: Written, n: Node) -> Iterator[Node]:
    if n.rule in PRODUCTS or n.rule == "KRON":
        yield replace(n, operands=n.operands[::-1])
        left, right = n.operands
        if left.rule in PRODUCTS:  # (a b) c: b and c
            yield replace(n, operands=(replace(left, operands=(left.operands[0], right)), left.operands[1]))
            yield _reversed(n)
    elif n.rule == "call" and n.text == "kron":
        yield replace(n, operands=n.operands[::-1])


def _reversed(n: Node) -> Node:
    """(a b) c … with all factors in the opposite order."""
    factors = []
    while n.rule in PRODUCTS:
        factors.append(n.operands[1])
        last, n = n, n.operands[0]
    result = factors[0]
    for f in (*factors[1:], n):
        result = replace(last, operands=(result, f))
    return result


def _sizes(w: Written, n: Node) -> Iterator[Node]:
    if n.rule == "call" and MATRICES.get(n.text) == 2 == len(n.operands):
        yield replace(n, operands=n.operands[::-1])


def _sign(w: Written, n: Node) -> Iterator[Node]:
    if n.rule in ("PLUS", "MINUS"):
        rule, text = ("MINUS", "-") if n.rule == "PLUS" else ("PLUS", "+")
        yield replace(n, rule=rule, text=text)
    elif n.rule == "negative":
        yield n.operands[0]


def _hadamard(w: Written, n: Node) -> Iterator[Node]:
    if n.rule == "DOTSTAR":
        yield replace(n, rule="STAR", text="*")


def _product(w: Written, n: Node) -> Iterator[Node]:
    if n.rule in PRODUCTS:
        yield replace(n, rule="DOTSTAR", text=".*")


def _extra_term(w: Written, n: Node) -> Iterator[Node]:
    if n.rule in ("PLUS", "MINUS"):
        yield n.operands[0]
        yield n.operands[1]


def _extra_factor(w: Written, n: Node) -> Iterator[Node]:
    if n.rule in (*PRODUCTS, "DOTSTAR"):
        yield from n.operands


def _name(w: Written, n: Node) -> Iterator[Node]:
    if n.rule == "name" and (name := plain(n.text)) in w.shapes:
        for other, shape in w.shapes.items():
            if other != name and shape == w.shapes[name]:
                yield replace(n, text=other)


def _number(w: Written, n: Node) -> Iterator[Node]:
    if n.rule == "literal":
        for value in ("1", "2", "0.5", "3", "4"):
            if value != n.text:
                yield replace(n, text=value)


EDITS = (
    Edit("sizes", _sizes),
    Edit("transpose", _transpose),
    Edit("order", _order),
    Edit("sign", _sign),
    Edit("hadamard", _hadamard),
    Edit("product", _product),
    Edit("number", _number),
    Edit("extra_term", _extra_term),
    Edit("extra_factor", _extra_factor),
    Edit("name", _name),
)


@dataclass(frozen=True)
class Edited:
    """A formula after an edit: its tree, and what is to be said of the slip."""

    tree: Node
    said: Said


def edited(w: Written, tree: Node) -> Iterator[Edited]:
    """The formula after every edit at every place, at most `MOST`."""
    count = 0
    for edit in EDITS:
        for whole, old, new in each_place(tree, w.source, lambda n, edit=edit: edit.local(w, n)):  # type: ignore[misc]
            count += 1
            if count > MOST:
                return
            was = source_of(w, old)
            yield Edited(whole, Said(f"mine.{edit.name}", {"was": was, "sign": new.text}))
