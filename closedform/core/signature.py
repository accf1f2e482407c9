"""Signatures: the shapes an operation takes and gives, stated once and used twice.

`(m,n) (n,p) -> (m,p)` checks the operands of every expression that is built, and, with unknown
dimensions, infers the shapes that a user did not declare.  Dimensions are names, `1`, products, or `n*(n+1)/2`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from closedform.core.shape import ONE, Dim, Shape, triangle

D = TypeVar("D")


class Unifier(Protocol[D]):
    """How dimensions are compared, multiplied and made triangular when some are unknown."""

    one: D

    def same(self, a: D, b: D) -> bool: ...
    def times(self, a: D, b: D) -> D: ...
    def triangle(self, a: D) -> D: ...


class Signature:
    """One admissible pattern of shapes.

    >>> from closedform.core.shape import dim
    >>> product = Signature("(m,n) (n,p) -> (m,p)")
    >>> n, k = dim("n"), dim("k")
    >>> product.known([(k, n), (n, ONE)])
    (k, 1)
    >>> product.known([(k, n), (k, n)]) is None
    True
    """

    def __init__(self, text: str) -> None:
        self.text = text
        left, right = text.split("->")
        self.operands = [_pair(p) for p in _PAIR.findall(left)]
        (self.result,) = [_pair(p) for p in _PAIR.findall(right)]
        names = [name for pair in self.operands for name in pair]
        first = {name: names.index(name) for name in names}
        self._equal = [(first[name], i) for i, name in enumerate(names) if name != "1" and first[name] != i]
        self._ones = [i for i, name in enumerate(names) if name == "1"]
        entries = [_TRIANGULAR.sub(r"\1", entry) for entry in self.result]
        self._made = [[first[name] for name in entry.split("*") if name != "1"] for entry in entries]
        self._triangular = entries[0] != self.result[0]  # the rows of vech; nothing else is

    def __repr__(self) -> str:
        return self.text

    def known(self, shapes: Sequence[Shape]) -> Shape | None:
        """The result's shape, or None when the operands do not fit; all dimensions are known."""
        if len(shapes) != len(self.operands):
            return None
        sizes = [size for shape in shapes for size in shape]
        for i, j in self._equal:
            if sizes[i] is not sizes[j]:
                return None
        for i in self._ones:
            if sizes[i] is not ONE:
                return None
        rows, columns = self._made
        made = _times(rows, sizes), _times(columns, sizes)
        return (triangle(made[0]), made[1]) if self._triangular else made

    def apply(self, shapes: Sequence[tuple[D, D]], rule: Unifier[D]) -> tuple[D, D] | None:
        """The same for dimensions of any kind, compared and multiplied by `rule`."""
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


_PAIR = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_TRIANGULAR = re.compile(r"(\w+)\*\(\1\+1\)/2")


def _pair(text: str) -> tuple[str, str]:
    rows, columns = (t.strip() for t in text.split(","))
    return rows, columns


def _times(factors: list[int], sizes: list[Dim]) -> Dim:
    total = ONE
    for i in factors:
        total = sizes[i] if total is ONE else total * sizes[i]
    return total


def _evaluate(entry: str, bound: dict[str, D], rule: Unifier[D]) -> D:
    if "*" not in entry:
        return bound[entry]
    if side := _TRIANGULAR.fullmatch(entry):
        return rule.triangle(bound[side[1]])
    first, second = entry.split("*")
    return rule.times(bound[first], bound[second])


def known_shape(signatures: Sequence[Signature], shapes: Sequence[Shape]) -> Shape | None:
    """The result's shape by the first signature that fits."""
    for signature in signatures:
        found = signature.known(shapes)
        if found is not None:
            return found
    return None
