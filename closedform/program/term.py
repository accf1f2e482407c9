"""Terms: a program as a graph of instructions, before any language spells it.

A term is an instruction over other terms, and the sizes of the array it gives; equal terms are one object, so
whatever is used twice is computed once.  An instruction has the name of an operation of closedform, or one of those
made here; `languages` says how each is written.  Arrays of different rank are broadcast along the last axes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul

from closedform.core.expr import topological
from closedform.core.shape import ONE, Dim, Shape, dim_of

Axes = tuple[Dim, ...]
VIEWS = frozenset({"transpose", "column", "row", "reshape", "flat"})  #: they share the memory of their operand
ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "negative", "power"})  #: entry by entry
CHEAP = VIEWS | {"variable", "number", "size", "rows", "triangle"}  #: writing them twice costs nothing


@dataclass(eq=False, slots=True)
class Term:
    """One instruction.

    Attributes:
        op: its name.
        args: the operands.
        data: what else it says: a name, a number, an axis, a pattern of letters.
        axes: the sizes of the array it gives; none for a number.
    """

    op: str
    args: tuple[Term, ...] = ()
    data: Hashable = None
    axes: Axes = ()

    @property
    def cheap(self) -> bool:
        """Whether it may be written twice."""
        return self.op in CHEAP and (self.op != "triangle" or self.args[0].cheap)

    @property
    def rank(self) -> int:
        return len(self.axes)

    @property
    def value(self) -> float | None:
        """The number, if it is one."""
        return self.data if self.op == "number" and isinstance(self.data, int | float) else None


def axes_of(shape: Shape) -> Axes:
    """The axes of an array: a scalar has none, a row or column one, a matrix two.

    >>> from closedform.core.shape import shape_of
    >>> axes_of(shape_of([])), axes_of(shape_of(["n"])), axes_of(shape_of(["m", "n"]))
    ((), (n,), (m, n))
    """
    rows, columns = shape
    if rows is ONE or columns is ONE:
        return () if rows is columns else (rows if columns is ONE else columns,)
    return shape


def broadcast(*operands: Term) -> Axes:
    """The axes of operands taken entry by entry."""
    longest = max((t.axes for t in operands), key=len)
    found = list(longest)
    for t in operands:
        for n, d in enumerate(reversed(t.axes), 1):
            if found[-n] is ONE:
                found[-n] = d
    return tuple(found)


def filled_axes(t: Term) -> int:
    """How many axes an array has that it is not repeated along."""
    return sum(d is not ONE for d in t.axes)


Found = tuple[str, tuple[Term, ...]]  #: an instruction and its operands


def with_instructions(roots: Sequence[Term], find: Callable[[Term, Mapping[Term, int]], Found | None]) -> list[Term]:
    """The same results, where a term may be another instruction: what `find` says, given how often each is used."""
    order, made = topological(roots), dict[Term, Term]()
    uses = Counter(a for t in order for a in t.args)
    uses.update(roots)
    for t in order:
        op, operands = find(t, uses) or (t.op, t.args)
        args = tuple(made[a] for a in operands)
        made[t] = t if (op, args) == (t.op, t.args) else Term(op, args, None if op != t.op else t.data, t.axes)
    return [made[r] for r in roots]


class Plan:
    """Makes terms, each once."""

    def __init__(self) -> None:
        self.table: dict[tuple[object, ...], Term] = {}
        self.definite: set[Term] = set()  #: terms known to be symmetric positive definite
        self.symmetric: set[Term] = set()  #: terms known to be symmetric
        self.positive: set[Term] = set()  #: numbers before a product that are known not to be negative

    def make(self, op: str, args: tuple[Term, ...] = (), axes: Axes = (), data: Hashable = None) -> Term:
        key = (op, data, *args)
        found = self.table.get(key)
        if found is None:
            found = self.table[key] = Term(op, args, data, axes)
        return found

    def find(self, op: str, *args: Term, data: Hashable = None) -> Term | None:
        """The term, if it has been made."""
        return self.table.get((op, data, *args))

    # numbers and names

    def variable(self, name: str, axes: Axes) -> Term:
        return self.make("variable", axes=axes, data=name)

    def number(self, value: float) -> Term:
        return self.table.setdefault(("number", repr(value)), Term("number", (), value))

    def size(self, name: str) -> Term:
        """A dimension."""
        return self.make("size", data=name)

    # entry by entry

    def each(self, op: str, *args: Term) -> Term:
        """A function taken entry by entry."""
        made = self.make(op, args, broadcast(*args))
        if made.rank == 2 and all(a in self.symmetric or not a.rank for a in args):
            self.symmetric.add(made)
        return made

    def negative(self, a: Term) -> Term:
        if a.value is not None:
            return self.number(-a.value)
        if a.op == "subtract":
            return self.each("subtract", *a.args[::-1])
        if a.op == "full":
            return self.make("full", (self.negative(a.args[0]), *a.args[1:]), a.axes)
        if a.op == "multiply" and min(filled := [filled_axes(x) for x in a.args]) < filled_axes(a):
            n = filled.index(min(filled))
            return self.each("multiply", *a.args[:n], self.negative(a.args[n]), *a.args[n + 1 :])
        if a.op in ("column", "row"):
            return self.make(a.op, (self.negative(a.args[0]),), a.axes)
        return a.args[0] if a.op == "negative" else self.each("negative", a)

    def unsigned(self, a: Term) -> Term:
        """What a sign stands before, also one before a vector that is repeated; itself if none does."""
        if a.op in ("column", "row") and a.args[0].op == "negative":
            return self.make(a.op, a.args[0].args, a.axes)
        return a.args[0] if a.op == "negative" else a

    def product(self, factors: Iterable[Term]) -> Term | None:
        """Entry by entry; None when there is no factor."""
        several = list(factors)
        return self.times(*several) if several else None

    def times(self, *factors: Term) -> Term:
        """The product entry by entry.  Signs are one, of what has fewer axes, or before all."""
        several = list(factors)
        if any(f.op != "outer" and filled_axes(f) == 2 for f in several):  # u v' is broadcast
            several = [self.column(f.args[0]) if f.op == "outer" else f for f in factors]
            several += [f.args[1] for f in factors if f.op == "outer"]
        minus = sum(f.value == -1 or self.unsigned(f) is not f for f in several) % 2 == 1
        plain = [self.unsigned(f) for f in several if f.value not in (1, -1)] or [self.number(1)]
        axes = [filled_axes(f) for f in plain]
        if minus and min(axes) < len(broadcast(*plain)):
            least = axes.index(min(axes))
            plain[least], minus = self.negative(plain[least]), False
        total, *others = self._with_slopes(plain)
        for f in others:
            if total.value is not None and f.value is not None:
                total = self.number(total.value * f.value)
            else:
                total = self.each("multiply", total, f)
        return self.negative(total) if minus else total

    def _with_slopes(self, factors: list[Term]) -> list[Term]:
        """Factors with each σ(z) σ(−z) as sech(z/2)²/4, which takes one exponential."""
        for n, f in enumerate(factors):
            other = self.find("sigmoid", self.negative(f.args[0])) if f.op == "sigmoid" else None
            if other in factors[n + 1 :]:
                z = other.args[0] if f.args[0].op == "negative" else f.args[0]
                slope = self.each("sech2", self.each("divide", z, self.number(2)))
                rest = list(factors[n + 1 :])
                rest.remove(other)
                return [*factors[:n], self.each("divide", slope, self.number(4)), *self._with_slopes(rest)]
        return factors

    # other ways of looking at an array

    def transpose(self, a: Term) -> Term:
        if a.rank < 2 or a in self.symmetric:
            return a
        return a.args[0] if a.op == "transpose" else self.make("transpose", (a,), a.axes[::-1])

    def are_mirrored(self, a: Term, b: Term) -> bool:
        """Are two arrays known to be each other's transpose?"""
        if a.rank < 2 and b.rank < 2:
            return a is b and not a.rank
        if b is self.transpose(a) or (a is b and a in self.symmetric):
            return True
        if {a.op, b.op} == {"column", a.op if a.rank == 1 else b.op}:
            return (a.args[0] is b) if a.op == "column" else (b.args[0] is a)
        alike = a.op == b.op in ARITHMETIC and a.data == b.data
        return alike and all(map(self.are_mirrored, a.args, b.args))

    def column(self, a: Term) -> Term:
        """A vector as a column that is repeated sideways."""
        return self.make("column", (a,), (*a.axes, ONE))

    def row(self, a: Term) -> Term:
        """A vector as a matrix of one row."""
        return self.make("row", (a,), (ONE, *a.axes))

    def reshape(self, a: Term, sizes: Iterable[Term], axes: Axes) -> Term:
        """Other sizes, row after row."""
        return self.make("reshape", (a, *sizes), axes)

    def flat(self, a: Term) -> Term:
        """All entries, row after row, as one vector."""
        return a if a.rank == 1 else self.make("flat", (a,), (reduce(mul, a.axes),))

    def stack(self, vectors: Iterable[Term]) -> Term:
        """Arrays of the same axes beside each other, along a second axis of their number."""
        args = tuple(vectors)
        return self.make("stack", args, (args[0].axes[0], dim_of(len(args)), *args[0].axes[1:]))

    def take(self, a: Term, places: Term, axis: int) -> Term:
        """Entries, rows or columns by their places."""
        axes = list(a.axes)
        axes[axis] = places.axes[0]
        return self.make("take", (a, places), tuple(axes), axis)

    # sums and products

    def total(self, a: Term) -> Term:
        return self.make("sum", (a,))

    def sum_over(self, a: Term, axis: int) -> Term:
        """The sum along an axis of a matrix."""
        return self.make("sum_over", (a,), (a.axes[1 - axis],), axis)

    def inner(self, x: Term, y: Term) -> Term:
        """x'y, the same term in both orders."""
        return self.find("inner", y, x) or self.make("inner", (x, y))

    def dot(self, A: Term, B: Term) -> Term:
        """The sum of the products of the entries."""
        return self.inner(A, B) if A.rank < 2 else self.find("dot", B, A) or self.make("dot", (A, B))

    def outer(self, x: Term, y: Term) -> Term:
        return self.make("outer", (x, y), (*x.axes, *y.axes))

    def times_vector(self, A: Term, x: Term) -> Term:
        """A x; the same term as x'A' if that is there."""
        known = self.find("vecmat", x, self.transpose(A))
        return known or self.make("matvec", (A, x), A.axes[:1])

    def vector_times(self, x: Term, A: Term) -> Term:
        """x'A; the same term as A'x if that is there, or if A is symmetric."""
        if A in self.symmetric:
            return self.times_vector(A, x)
        known = self.find("matvec", self.transpose(A), x)
        return known or self.make("vecmat", (x, A), A.axes[1:])

    def matmul(self, A: Term, B: Term) -> Term:
        """A B; the transpose of B'A' if that is there."""
        axes = (A.axes[0], B.axes[1])
        if self.find("matmul", A, B) is None:
            known = self.find("matmul", self.transpose(B), self.transpose(A))
            if known is not None:
                return self.transpose(known)
        return self.make("matmul", (A, B), axes)

    def solve(self, A: Term, right: Term, *, transposed: bool) -> Term:
        """A⁻¹ B, or A'⁻¹ B; of I + u v' the inverse, to which (A⁻¹ u) v' is added."""
        flipped = transposed and A not in self.symmetric
        if right.op == "negative":
            return self.negative(self.solve(A, right.args[0], transposed=transposed))
        sum_ = right.args[0] if right.op == "transpose" else right
        if sum_.op == "plus_outers" and self.unsigned(sum_.args[0]).op == "eye":
            unit, half = sum_.args[0], len(sum_.args) // 2 + 1
            columns, rows = sum_.args[1:half], sum_.args[half:]
            if right is not sum_:
                columns, rows = rows, columns
            inverse = self.transpose(self.inverse(A)) if flipped else self.inverse(A)
            solved = [self.solve(A, u, transposed=transposed) for u in columns]
            first = inverse if unit.op == "eye" else self.negative(inverse)
            return self.make("plus_outers", (first, *solved, *rows), right.axes)
        return self.make("solve_transposed" if flipped else "solve", (A, right), right.axes)

    def inverse(self, A: Term) -> Term:
        made = self.make("inverse", (A,), A.axes)
        if A in self.symmetric:
            self.symmetric.add(made)
        return made
