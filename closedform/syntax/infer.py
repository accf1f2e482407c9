"""Unknown dimensions: solved by unification, then named.

A size is an integer times rigid names and unknowns.  No unknown is ever 1: whether something is a scalar, a
column or a matrix is known from its declaration or its letter, so only lengths are inferred.  `Unify` is the
`core.signature.Unifier` by which the operations' own signatures infer shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from math import gcd, isqrt
from typing import TypeVar

from closedform.core.shape import LARGEST, ONE, Dim, Triangle, check_product, depth_over, dim, triangle, triangular
from closedform.core.signature import Signature
from closedform.errors import TooLarge

T = TypeVar("T")


class Unknown:
    """A dimension to be found; `owner` is the variable it belongs to, if one."""

    __slots__ = ("bound", "owner")

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        self.bound: Size | None = None


Atom = str | Unknown | Triangle["Size"]
Size = tuple[int, tuple[Atom, ...]]
Sizes = tuple[Size, Size]
UNIT: Size = (1, ())
SCALAR: Sizes = (UNIT, UNIT)
Names = dict[Unknown, str]


def size(d: Dim) -> Size:
    return d.count, tuple([f if isinstance(f, str) else Triangle(size(f.side), f.depth) for f in d.factors])


class Unify:
    """Equations between sizes.

    >>> u, rule = Unify().fresh(), Unify()
    >>> rule.same(u, (1, ("n",))), rule.same(u, (1, ("m",)))
    (True, False)
    """

    one = UNIT

    def __init__(self) -> None:
        self.trail: list[Unknown] = []
        self.pending: list[tuple[Size, Size, object]] = []
        self.pinned: Unknown | None = None  #: the unknown that the last failure would have made 1
        self.site: object = None  #: where in the expression we are; kept with equations that must wait

    def fresh(self, owner: str = "") -> Size:
        return 1, (Unknown(owner),)

    def times(self, a: Size, b: Size) -> Size:
        """The product of two sizes.

        Raises:
            TooLarge: it has too many factors.
        """
        count, atoms = a[0] * b[0], a[1] + b[1]
        check_product(count, len(atoms))
        return count, atoms

    def expand(self, given: Size) -> Size:
        """The size with everything known put in.

        Raises:
            TooLarge: it has too many factors.
        """
        count, atoms = given
        known: list[Atom] = []
        waiting = list(atoms[::-1])
        while waiting:
            a = waiting.pop()
            if isinstance(a, Unknown) and a.bound is not None:
                count *= a.bound[0]
                waiting += a.bound[1][::-1]
            elif isinstance(a, Triangle):
                more, made = self.triangle(a.side)
                count *= more
                known += made
            else:
                known.append(a)
            check_product(count, len(known))
        return count, tuple(known)

    def triangle(self, side: Size) -> Size:
        """The triangular number of a size.

        Raises:
            TooLarge: of a number that is too large, or of triangles within triangles.
        """
        count, atoms = self.expand(side)
        if not atoms and count <= LARGEST:
            return triangular(count), ()
        if not atoms:
            raise TooLarge(f"a matrix of {count} rows is too large here")
        return 1, (Triangle((count, tuple(sorted(atoms, key=_place))), depth_over(atoms)),)

    def same(self, a: Size, b: Size) -> bool:
        """Make two sizes equal; False when they cannot be.  What is undecided waits for `settle`."""
        a, b = _roots(*_cancel(self.expand(a), self.expand(b)))
        if a == b:
            return True
        for one, other in ((b, a), (a, b)):
            if one[0] == 1 and len(one[1]) == 1 and isinstance(one[1][0], Unknown):
                if other == UNIT or one[1][0] in unknowns((other, UNIT)):  # n = n(n+1)/2 only if it is 1
                    self.pinned = one[1][0]
                    return False
                one[1][0].bound = other
                self.trail.append(one[1][0])
                return True
        sides = _side(a), _side(b)
        if sides[0] is not None and sides[1] is not None:
            return self.same(sides[0], sides[1])
        if UNIT in (a, b) or not unknowns((a, b)):
            return False
        self.pending.append((a, b, self.site))
        return True

    def apply(self, signatures: Iterable[Signature], shapes: Sequence[Sizes]) -> Sizes | None:
        """The result's shape by the first signature that fits; None, and nothing learnt, when none does."""
        self.pinned = None
        for signature in signatures:
            mark = self.mark()
            found = signature.apply(shapes, self)
            if found is not None:
                return self.expand(found[0]), self.expand(found[1])
            self.undo(mark)
        return None

    def attempt(self, question: Callable[[], T]) -> T:
        """The answer to a question, with nothing learnt from it."""
        mark = self.mark()
        try:
            return question()
        finally:
            self.undo(mark)

    def mark(self) -> tuple[int, int]:
        return len(self.trail), len(self.pending)

    def undo(self, mark: tuple[int, int]) -> None:
        while len(self.trail) > mark[0]:
            self.trail.pop().bound = None
        del self.pending[mark[1] :]

    def settle(self) -> object:
        """Solve what had to wait; the site of an equation that cannot be solved, or None."""
        while self.pending:
            waiting, self.pending = self.pending, []
            for a, b, site in waiting:
                self.site = site
                if not self.same(a, b):
                    return site
            if len(self.pending) == len(waiting):
                return self.pending[0][2]
        return None


def _place(a: Atom) -> tuple[bool, str | int]:
    """Names and triangles by their text, then unknowns: one order for equal sizes."""
    return (True, id(a)) if isinstance(a, Unknown) else (False, str(a))


def _side(a: Size) -> Size | None:
    """The n of a size n(n+1)/2 that is no product."""
    count, atoms = a
    if not atoms:
        n = (isqrt(8 * count + 1) - 1) // 2
        return (n, ()) if triangular(n) == count and n > 1 else None
    alone = atoms[0] if count == 1 and len(atoms) == 1 else None
    return alone.side if isinstance(alone, Triangle) else None


def _cancel(a: Size, b: Size) -> tuple[Size, Size]:
    """Both sizes without their common factors."""
    divisor = gcd(a[0], b[0])
    left, right = [], list(b[1])
    for atom in a[1]:
        if atom in right:
            right.remove(atom)
        else:
            left.append(atom)
    return (a[0] // divisor, tuple(left)), (b[0] // divisor, tuple(right))


def _roots(a: Size, b: Size) -> tuple[Size, Size]:
    """For m·m = n·n the sizes m and n, as sizes are positive; anything else as it is."""
    square = all(count == 1 and len(atoms) == 2 and atoms[0] == atoms[1] for count, atoms in (a, b))
    return ((1, a[1][:1]), (1, b[1][:1])) if square else (a, b)


def unknowns(shape: Sizes) -> list[Unknown]:
    """The unknowns of an expanded shape, those of triangles among them."""
    found: list[Unknown] = []
    for _, atoms in shape:
        for a in atoms:
            found += [a] if isinstance(a, Unknown) else unknowns((a.side, UNIT)) if isinstance(a, Triangle) else []
    return found


def named(shapes: Sequence[Sizes], taken: Collection[str]) -> Names:
    """A name for every unknown: n for square matrices, m and n for the others, then further letters.

    Args:
        shapes: expanded shapes, in the order of the text.
        taken: names in use.
    """
    names: Names = {}
    used = set(taken)

    def give(u: Unknown, letters: str) -> None:
        if u not in names:
            names[u] = next(n for n in _candidates(letters) if n not in used)
            used.add(names[u])

    square = [s for s in shapes if s[0] == s[1]]
    wide = [s for s in shapes if s[0] != s[1] and UNIT not in s]
    for shape in square:
        for u in unknowns(shape):
            give(u, "nmpqk")
    for rows, columns in wide:
        for u in unknowns((rows, UNIT)):
            give(u, "mnpqk")
        for u in unknowns((columns, UNIT)):
            give(u, "nmpqk")
    for shape in shapes:
        for u in unknowns(shape):
            give(u, "nmpqk")
    return names


def _candidates(letters: str) -> Iterator[str]:
    yield from letters + "rsthdl"
    i = 1
    while True:
        yield f"n{i}"
        i += 1


def as_dim(given: Size, names: Names) -> Dim:
    """The dimension of an expanded size."""
    count, atoms = given
    result = dim(count) if count != 1 else ONE
    for a in atoms:
        result = result * (
            triangle(as_dim(a.side, names))
            if isinstance(a, Triangle)
            else dim(names[a] if isinstance(a, Unknown) else a)
        )
    return result
