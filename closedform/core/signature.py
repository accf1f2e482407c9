"""Signatures: the shapes an operation takes and gives, stated once and used twice.

`(m,n) (n,p) -> (m,p)` checks the operands of every expression that is built, and, with unknown
dimensions, infers the shapes that a user did not declare.  Dimensions are names, `1`, or products.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from closedform.core.shape import ONE, Dim, Shape, dim

D = TypeVar("D")


class Unifier(Protocol[D]):
    """How dimensions are compared and multiplied; plain dimensions here, unknown ones in inference."""

    one: D

    def same(self, a: D, b: D) -> bool: ...
    def times(self, a: D, b: D) -> D: ...


class Known:
    """Dimensions that are all known: the same or not."""

    one = ONE

    def same(self, a: Dim, b: Dim) -> bool:
        return a is b

    def times(self, a: Dim, b: Dim) -> Dim:
        return a * b


KNOWN = Known()


class Signature:
    """One admissible pattern of shapes.

    >>> product = Signature("(m,n) (n,p) -> (m,p)")
    >>> n, k = dim("n"), dim("k")
    >>> product.apply([(k, n), (n, ONE)], KNOWN)
    (k, 1)
    >>> product.apply([(k, n), (k, n)], KNOWN) is None
    True
    """

    def __init__(self, text: str) -> None:
        self.text = text
        left, right = text.split("->")
        self.operands = [_pair(p) for p in re.findall(r"\(([^)]*)\)", left)]
        (self.result,) = [_pair(p) for p in re.findall(r"\(([^)]*)\)", right)]

    def __repr__(self) -> str:
        return self.text

    def apply(self, shapes: Sequence[tuple[D, D]], rule: Unifier[D]) -> tuple[D, D] | None:
        """The result's shape, or None when the operands do not fit."""
        if len(shapes) != len(self.operands):
            return None
        bound: dict[str, D] = {"1": rule.one}
        for pattern, given in zip(self.operands, shapes, strict=True):
            for name, size in zip(pattern, given, strict=True):
                if name not in bound:
                    bound[name] = size
                elif not rule.same(bound[name], size):
                    return None
        rows, columns = (_evaluate(entry, bound, rule) for entry in self.result)
        return rows, columns


def _pair(text: str) -> tuple[str, str]:
    rows, columns = (t.strip() for t in text.split(","))
    return rows, columns


def _evaluate(entry: str, bound: dict[str, D], rule: Unifier[D]) -> D:
    if "*" not in entry:
        return bound[entry]
    first, second = entry.split("*")
    return rule.times(bound[first], bound[second])


def known_shape(signatures: Sequence[Signature], shapes: Sequence[Shape]) -> Shape | None:
    """The result's shape by the first signature that fits."""
    for signature in signatures:
        found = signature.apply(shapes, KNOWN)
        if found is not None:
            return found
    return None
