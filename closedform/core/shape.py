"""Dimensions and shapes: products of an integer, names and triangular numbers, compared by identity.

A shape is a pair (rows, columns).  A scalar is 1×1, a column n×1, a row 1×n.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary
from zlib import crc32

from closedform.errors import DeclarationError, TooLarge

D = TypeVar("D")
LARGEST = 10**9  #: the largest size that is a number, as side of a triangle
DEEPEST = 2  #: triangles within triangles
MOST_FACTORS = 64  #: of a size


@dataclass(frozen=True, slots=True)
class Triangle(Generic[D]):
    """A factor of a size: the triangular number n(n+1)/2 of entries on and below the diagonal of an n×n matrix.

    Attributes:
        side: n.
        depth: 1, or one more than that of a triangle in n.
    """

    side: D
    depth: int = 1

    def __str__(self) -> str:
        return f"{self.side}*({self.side}+1)/2"


class Dim:
    """A dimension such as `3`, `n`, `m*p` or `n*(n+1)/2`: an integer times sizes.  Interned: compare with `is`.

    Attributes:
        count: the integer.
        factors: what it is multiplied by: names, and triangular numbers.
        names: every name in it.
        name: the whole of it, when it is one name; else empty.

    >>> dim("n") * dim("m") is dim("m") * dim("n"), dim(2) * dim("n")
    (True, 2*n)
    """

    __slots__ = ("__weakref__", "count", "digest", "factors", "name", "names", "text")
    count: int
    factors: tuple[str | Triangle[Dim], ...]
    names: tuple[str, ...]
    name: str
    text: str
    digest: int

    def __mul__(self, other: Dim) -> Dim:
        """The product.

        Raises:
            TooLarge: of very many factors, or of large numbers.
        """
        if self is ONE:
            return other
        if other is ONE:
            return self
        count, factors = self.count * other.count, self.factors + other.factors
        check_product(count, len(factors))
        return _intern(count, tuple(sorted(factors, key=str)))

    def __repr__(self) -> str:
        return self.text

    def over(self, other: Dim) -> Dim | None:
        """This dimension without the factors of another; None when it does not have them."""
        rest = list(self.factors)
        for f in other.factors:
            if f not in rest:
                return None
            rest.remove(f)
        return None if self.count % other.count else _intern(self.count // other.count, tuple(rest))

    def value(self, sizes: Mapping[str, int]) -> int:
        """The number this dimension stands for, given the size of every name in it."""
        product = self.count
        for f in self.factors:
            product *= sizes[f] if isinstance(f, str) else triangular(f.side.value(sizes))
        return product


Shape = tuple[Dim, Dim]

_TABLE: WeakValueDictionary[tuple[int, tuple[str | Triangle[Dim], ...]], Dim] = WeakValueDictionary()
_LOCK = Lock()


def _intern(count: int, factors: tuple[str | Triangle[Dim], ...]) -> Dim:
    with _LOCK:
        found = _TABLE.get((count, factors))
        if found is None:
            found = Dim()
            found.count, found.factors = count, factors
            found.names = tuple([n for f in factors for n in ((f,) if isinstance(f, str) else f.side.names)])
            found.text = "*".join(([str(count)] if count != 1 or not factors else []) + [str(f) for f in factors])
            found.name = found.text if found.names == factors and len(factors) == count == 1 else ""
            found.digest = crc32(found.text.encode())
            _TABLE[count, factors] = found
        return found


def check_product(count: int, factors: int) -> None:
    """Whether a number times so many factors can be a size.

    Raises:
        TooLarge: it has too many factors; vec of diag of vec of diag … squares a size again and again.
    """
    if factors > MOST_FACTORS or count > LARGEST**4:
        raise TooLarge(f"a size is a product of more than {MOST_FACTORS} factors, or a number that is too large")


def triangular(n: int) -> int:
    """The number n(n+1)/2.

    >>> triangular(4)
    10
    """
    return n * (n + 1) // 2


def triangle(n: Dim) -> Dim:
    """The dimension n(n+1)/2: how many entries of an n×n matrix are on and below its diagonal.

    Raises:
        TooLarge: of triangles within triangles.

    >>> triangle(dim("n")), triangle(dim(4)), triangle(dim("m") * dim(2))
    (n*(n+1)/2, 10, 2*m*(2*m+1)/2)
    """
    if not n.factors:
        if n.count > LARGEST:
            raise TooLarge(f"a matrix of {n.count} rows is too large here")
        return dim_of(triangular(n.count))
    return _intern(1, (Triangle(n, depth_over(n.factors)),))


def depth_over(factors: Iterable[object]) -> int:
    """The depth of a triangle whose side has these factors.

    Raises:
        TooLarge: it is more than `DEEPEST`.
    """
    found = 1 + max((f.depth for f in factors if isinstance(f, Triangle)), default=0)
    if found > DEEPEST:
        raise TooLarge(f"sizes n(n+1)/2 of sizes n(n+1)/2 go no deeper than {DEEPEST} here")
    return found


def dim_of(count: int) -> Dim:
    """The dimension that is this positive number."""
    return _intern(count, ())


def dim(size: int | str | Dim) -> Dim:
    """The dimension of that size.

    Raises:
        DeclarationError: not a positive integer, nor a name.
    """
    if isinstance(size, Dim):
        return size
    if isinstance(size, int) and not isinstance(size, bool) and 0 < size < 10**9:
        return _intern(size, ())
    if isinstance(size, str) and size.isidentifier():
        return _intern(1, (size,))
    if isinstance(size, str) and size.isdecimal() and size.isascii() and len(size) < 10:
        return dim(int(size))
    if isinstance(size, str) and (match := _TRIANGLE.match(size)):
        return triangle(dim(match[1]))
    raise DeclarationError(f"a dimension is a positive integer or a name, not {size!r}"[:200])


_TRIANGLE = re.compile(r"\s*(\w{1,100})\s*\*\s*\(\s*\1\s*\+\s*1\s*\)\s*/\s*2\s*$")  #: n*(n+1)/2
ONE = dim(1)
SCALAR: Shape = (ONE, ONE)


def shape_of(sizes: Iterable[int | str | Dim]) -> Shape:
    """The shape of a declaration: `()` scalar, `("n",)` column vector, `("m", "n")` matrix.

    >>> shape_of(["n"]), shape_of(["m", 3])
    ((n, 1), (m, 3))
    """
    dims = tuple(dim(s) for s in sizes)
    if len(dims) > 2:
        raise DeclarationError(f"a variable has at most two dimensions, not {len(dims)}")
    return (dims[0], dims[1] if len(dims) == 2 else ONE) if dims else SCALAR


def show(shape: Shape) -> str:
    """A shape in words: `scalar`, `n×1`, `m×n`."""
    return "scalar" if shape == SCALAR else sizes_in_words(map(str, shape))


def sizes_in_words(sizes: Iterable[str]) -> str:
    """Sizes with × between them: `m×n`, `(m*p)×n`."""
    return "×".join(f"({s})" if "*" in s else s for s in sizes)
