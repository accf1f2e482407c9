"""Which way matrices lie in memory: an array and its transpose are worked on once, in the order that is read.

Operations entry by entry, their matrices and those that products give are tied to each other: f(A', B') is f(A, B)'
and A'B' is (BA)'.  What is tied is turned, as a whole, where fewer transposes are read after that; so the residual
of two gradients, of which one needs the transpose, is one array.  A vector that a product with ones repeats is
broadcast where something fills the other axis.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from closedform.core.expr import OPS, topological
from closedform.program.term import ARITHMETIC, Plan, Term, broadcast, filled_axes

EACH = ARITHMETIC | {name for name, op in OPS.items() if op.kind == "elementwise"}
EACH |= {"sqrt", "expm1", "log1p", "erfc", "log1psq", "log1mexp", "smallexpm1", "logcosh", "sech2"}
EACH |= {"over", "hypot", "logaddexp", "larger", "smaller"}  #: entry by entry
ROWWISE = frozenset({"rowmax", "rowcentred"})  #: they read their operands row by row


def laid_out(plan: Plan, roots: Sequence[Term]) -> list[Term]:
    """The same results, of terms that lie as they are read."""
    roots = rebuilt(plan, roots, frozenset())
    roots = rebuilt(plan, roots, twins(plan, roots))
    turned = frozenset(t for group in groups(plan, roots) for t in group.turned())
    return rebuilt(plan, roots, turned) if turned else roots


def twins(plan: Plan, roots: Sequence[Term]) -> frozenset[Term]:
    """What is worked on entry by entry across, and is the transpose of what another term is."""
    order = topological(roots)
    known, found = set(order), set[Term]()
    for t in order:
        if is_each(t) and any(a.op == "transpose" for a in t.args):
            other = plan.find(t.op, *across(plan, t.op, t.args))
            if other in known and other is not t:
                found.add(t)
    return frozenset(found)


def rebuilt(plan: Plan, roots: Sequence[Term], turned: frozenset[Term]) -> list[Term]:
    """The same results, some terms of which are computed as their transposes."""
    made: dict[Term, Term] = {}
    for t in topological(roots):
        args = tuple(made[a] for a in t.args)
        new = _turned(plan, t, args) if t in turned else _made(plan, t, args)
        for known in (plan.symmetric, plan.definite):
            if t in known:
                known.add(new)
        made[t] = new
    return [made[r] for r in roots]


def _turned(plan: Plan, t: Term, args: tuple[Term, ...]) -> Term:
    if t.op == "matmul":
        return plan.transpose(plan.make("matmul", (flipped(plan, args[1]), flipped(plan, args[0])), t.axes[::-1]))
    again = across(plan, t.op, args)
    return plan.dot(*again) if t.op == "dot" else plan.transpose(_each(plan, t.op, again))


def across(plan: Plan, op: str, args: tuple[Term, ...]) -> tuple[Term, ...]:
    """The transposes of operands; a diagonal stands before the matrix whose rows it scales, else behind it."""
    again = tuple(flipped(plan, a) for a in args)
    scaled = op == "multiply" and {a.rank == 2 and a.op not in ("column", "row") for a in args} == {True, False}
    return again[::-1] if scaled and all(a.rank for a in args) else again


def flipped(plan: Plan, a: Term) -> Term:
    """The transpose of an operand that is broadcast."""
    if a.rank == 1:
        return plan.column(a)
    if a.op in ("column", "row"):
        return a.args[0] if a.op == "column" else plan.column(a.args[0])
    return a if a in plan.symmetric else plan.transpose(a)


def _made(plan: Plan, t: Term, args: tuple[Term, ...]) -> Term:
    """An instruction of new operands; what sums up a transpose sums up the matrix."""
    if t.op == "transpose":
        return plan.transpose(args[0])
    if is_each(t):
        return _each(plan, t.op, args)
    if t.op == "plus_outers" and len(args) == 3 and args[2].op == "ones":
        minus = args[1].op == "negative"
        u = plan.column(args[1].args[0] if minus else args[1])
        return _each(plan, "subtract" if minus else "add", (args[0], u))
    bare = [a.args[0] for a in args if a.op == "transpose"]
    if bare and t.op == "sum_over":
        return plan.sum_over(bare[0], int(t.data == 0))
    if bare and t.op == "sum":
        return plan.total(bare[0])
    return t if args == t.args else plan.make(t.op, args, t.axes, t.data)


# vectors that ones repeat


def _each(plan: Plan, op: str, args: tuple[Term, ...]) -> Term:
    """An operation entry by entry: u 𝟏' is a column beside what is as wide, and stays u 𝟏' beside numbers."""
    axes = {axis for a in args if (axis := repeated(a)) is not None}
    if axes:
        narrow = tuple(a if repeated(a) is None else _vector(plan, a) for a in args)
        if broadcast(*narrow) == broadcast(*args):
            return plan.each(op, *narrow)
        if len(axes) == 1 and all(repeated(a) is not None or not a.rank for a in args):
            (axis,), first = axes, next(a for a in args if a.rank)
            vector = plan.each(op, *(a.args[1 - axis] if a.rank else a for a in args))
            return plan.outer(*((vector, first.args[1]) if axis else (first.args[0], vector)))
    return plan.each(op, *args)


def repeated(a: Term) -> int | None:
    """The axis along which a matrix is the same everywhere: 1 of u 𝟏', 0 of 𝟏 v'."""
    return next((n for n in (1, 0) if a.op == "outer" and a.args[n].op == "ones"), None)


def _vector(plan: Plan, a: Term) -> Term:
    """u 𝟏' or 𝟏 v' as an array that is broadcast."""
    return plan.column(a.args[0]) if repeated(a) else a.args[1]


# what is turned together


@dataclass(frozen=True, slots=True)
class Read:
    """A matrix that is read.

    Attributes:
        matrix: without the transpose.
        by: the term that goes as it lies; none where it is read row by row.
        across: whether it is its transpose that is read.
    """

    matrix: Term
    by: Term | None
    across: bool


def read(a: Term, by: Term | None = None) -> Read:
    return Read(a.args[0], by, True) if a.op == "transpose" else Read(a, by, False)


@dataclass(slots=True)
class Group:
    """Terms that are turned together.

    Attributes:
        ways: of those that may be turned, whether they lie the other way round than the first.
        reads: where they, and what they are tied to, are read.
    """

    ways: dict[Term, bool] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)

    def turned(self) -> list[Term]:
        """Those that had better be turned: fewer matrices are read across, and the fewer are turned for that."""
        before = sum(r.across for r in self.reads)
        plain, other = ({t: way ^ turn for t, way in self.ways.items()} for turn in (False, True))
        best = min(plain, other, key=lambda ways: (self._across(ways), sum(ways.values())))
        return [t for t, way in best.items() if way] if self._across(best) < before else []

    def _across(self, ways: Mapping[Term, bool]) -> int:
        """How many matrices are read across."""
        return sum(r.across ^ ways.get(r.matrix, False) ^ (r.by is not None and ways[r.by]) for r in self.reads)


def groups(plan: Plan, roots: Sequence[Term]) -> list[Group]:
    """The terms of a program that are tied to each other, where matrices are read across."""
    order = topological(roots)
    free = [t for t in order if t.rank == 2 and t not in plan.symmetric and (t.op == "matmul" or is_each(t))]
    free += [t for t in order if t.op == "dot"]
    takers = [t for t in free if t.op != "matmul"]
    reads = [read(a, t) for t in takers for a in t.args if is_whole(plan, a)]
    reads += [read(a) for t in order if t.op in ROWWISE for a in t.args if is_whole(plan, a)]
    reads += [read(r) for r in roots if is_whole(plan, r)]
    up: dict[Term, tuple[Term, bool]] = {}  # the term that it is tied to, and whether it lies the other way round

    def top(t: Term) -> tuple[Term, bool]:
        way = False
        while t in up:
            t, other = up[t]
            way ^= other
        return t, way

    for r in reads:
        if r.by is not None:
            (a, way), (b, other) = top(r.matrix), top(r.by)
            if a is not b:
                up[a] = b, way ^ other ^ r.across
    several = Counter(r.by for r in reads)  # one matrix alone is read as it lies
    found = defaultdict[Term, Group](Group)
    for t in free:
        first, way = top(t)
        found[first].ways[t] = way
    for r in reads:
        if r.by is None or several[r.by] > 1:
            found[top(r.matrix)[0]].reads.append(r)
    return [g for g in found.values() if g.ways and any(r.across for r in g.reads)]


def is_each(t: Term) -> bool:
    """Is it taken entry by entry, and repeated along no axis?"""
    return t.op in EACH and t.rank == filled_axes(t) == 2 and all(a.rank <= 2 for a in t.args)


def is_whole(plan: Plan, a: Term) -> bool:
    """Is it a matrix of which it matters how it lies?"""
    return a.rank == filled_axes(a) == 2 and a not in plan.symmetric
