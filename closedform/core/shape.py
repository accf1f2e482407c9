"""Dimensions and shapes: products of an integer and symbols, compared by identity.

A shape is a pair (rows, columns).  A scalar is 1×1, a column n×1, a row 1×n.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from weakref import WeakValueDictionary
from zlib import crc32

from closedform.errors import DeclarationError


class Dim:
    """A dimension such as `3`, `n` or `m*p`: an integer times named sizes.  Interned: compare with `is`.

    >>> dim("n") * dim("m") is dim("m") * dim("n"), dim(2) * dim("n")
    (True, 2*n)
    """

    __slots__ = ("__weakref__", "count", "digest", "names", "text")
    count: int
    names: tuple[str, ...]
    text: str
    digest: int

    def __mul__(self, other: Dim) -> Dim:
        if self is ONE:
            return other
        if other is ONE:
            return self
        return _intern(self.count * other.count, tuple(sorted(self.names + other.names)))

    def __repr__(self) -> str:
        return self.text

    def value(self, sizes: Mapping[str, int]) -> int:
        """The number this dimension stands for, given the size of every name in it."""
        product = self.count
        for name in self.names:
            product *= sizes[name]
        return product


Shape = tuple[Dim, Dim]

_TABLE: WeakValueDictionary[tuple[int, tuple[str, ...]], Dim] = WeakValueDictionary()
_LOCK = Lock()


def _intern(count: int, names: tuple[str, ...]) -> Dim:
    with _LOCK:
        found = _TABLE.get((count, names))
        if found is None:
            found = Dim()
            found.count, found.names = count, names
            found.text = "*".join(([str(count)] if count != 1 or not names else []) + list(names))
            found.digest = crc32(found.text.encode())
            _TABLE[count, names] = found
        return found


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
    raise DeclarationError(f"a dimension is a positive integer or a name, not {size!r}"[:200])


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
