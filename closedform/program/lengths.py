"""The sizes of dimensions that a program is made for: its products are in an order that is cheap at these.

A program is first made for dimensions of one size.  At a call whose sizes differ much from each other it is made again,
for powers of two near them, and kept; what it computes is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from math import log2

from closedform.core.shape import Dim

TYPICAL = 100  #: the size of a dimension of which nothing is known
LITTLE = 32  #: where no dimension is larger, any order will do
PASS = 40  #: multiplications of a matrix product that take as long as to read an entry from memory, and to write one
APART = 4  #: by what factor sizes may differ before the order is chosen again


def _others_typical(sizes: Mapping[str, int]) -> Mapping[str, int]:
    return defaultdict(lambda: TYPICAL, sizes)


_assumed: ContextVar[Mapping[str, int]] = ContextVar("sizes", default=_others_typical({}))  # noqa: B039


def length(n: Dim) -> float:
    """The size that a dimension is assumed to have."""
    return float(n.value(_assumed.get()))


@contextmanager
def assuming(sizes: Mapping[str, int]) -> Iterator[None]:
    """What is made inside is made for dimensions of these sizes."""
    token = _assumed.set(_others_typical(sizes))
    try:
        yield
    finally:
        _assumed.reset(token)


def rounded(sizes: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The powers of two near some sizes; none where they are alike, or all little.

    >>> rounded({"m": 1000, "n": 20}), rounded({"m": 1000, "n": 300}), rounded({"m": 30, "n": 2})
    ((('m', 1024), ('n', 16)), (), ())
    """
    largest = max(sizes.values(), default=0)
    if largest <= LITTLE or largest <= APART * min(sizes.values()):
        return ()
    return tuple(sorted((name, 2 ** round(log2(max(n, 1)))) for name, n in sizes.items()))
