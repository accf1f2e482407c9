"""How much memory a program holds at a time: arguments, live intermediate results, and what it gives back.

An array lives from its instruction to its last use, or to the end where the code gives it a name.  Views have no
memory of their own, and what NumPy writes over an operand that nobody else needs is not counted twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from closedform.core.expr import topological
from closedform.core.shape import triangle
from closedform.program.languages.inplace import UFUNCS
from closedform.program.polynomial import Polynomial, constant, entries
from closedform.program.source import Program
from closedform.program.term import VIEWS, Axes, Term

#: instructions whose result has no memory, or that of their first operand
SHARING = VIEWS | {"variable", "number", "size", "rows", "triangle", "integer", "permute", "first", "diagonal"}
#: functions of ours that write over their first operand if it is nobody else's
OVER_FIRST = frozenset({"plus_diagonal", "plus_outers", "deflated", "rowexp", "rowslope"})
#: operations that write over vectors too if they have no name, and how many operands they look at for that
OVERWRITING = {"add": 2, "multiply": 2, "subtract": 1, "divide": 1, "negative": 1}
#: how many arrays as large as its first operand an instruction needs for itself
WORK = {
    **dict.fromkeys(
        [
            "sigmoid",
            "softmax",
            "logsumexp",
            "norm1",
            "cholesky",
            "lu",
            "factor",
            "det",
            "logdet",
            "logdetpos",
            "commuted",
        ],
        1,
    ),
    **dict.fromkeys(["solve", "solve_transposed", "inverse", "lu_inverse", "factor_inverse", "normnuc"], 1),
    **dict.fromkeys(["smallexpm1", "rootprod", "complement"], 2),
    **dict.fromkeys(["log1psq", "log1mexp", "logcosh"], 4),
    **dict.fromkeys(["pinv", "polar", "matpow", "sqrtm", "unpacked", "vech"], 2),
    **dict.fromkeys(["adj", "powersum", "packed"], 4),
    **dict.fromkeys(["expm", "logm"], 8),
}
#: what an instruction needs for itself, or a part of its operands and result where that is large
IN_STRIPS: dict[str, Callable[[Term], tuple[Axes, ...]]] = {
    **dict.fromkeys(["weighted_gram", "signed_gram", "softmax_gram"], lambda t: (t.args[0].axes,)),
    "pair_gram": lambda t: tuple((triangle(X.axes[0]), X.axes[1]) for X in t.args[:2]),
}
LARGE, STRIP = 2**19, Fraction(1, 6)  #: numbers of which it is held whole, and the part where there are more


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction.

    Attributes:
        made: the axes of a new array; none where there is none.
        work: the axes of arrays that live during it only.
        freed: the axes of arrays that nobody needs after it.
        strips: the axes of arrays that live during it, in strips where they are large.
        whole: the axes of the operands and the result of which such strips are a part.
    """

    made: tuple[Axes, ...]
    work: tuple[Axes, ...]
    freed: tuple[Axes, ...]
    strips: tuple[Axes, ...] = ()
    whole: tuple[Axes, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """The arrays of a program, as the axes of each.

    Attributes:
        arguments: what it is given.
        results: what it gives back.
        steps: the instructions in order.
    """

    arguments: tuple[Axes, ...]
    results: tuple[Axes, ...]
    steps: tuple[Step, ...]

    @property
    def every(self) -> list[Axes]:
        """Every array."""
        return [*self.arguments, *self.results, *(a for s in self.steps for a in (*s.made, *s.work))]

    def result(self, sizes: Mapping[str, int]) -> int:
        """How many numbers are given back."""
        return sum(numbers(axes, sizes) for axes in self.results)

    def peak(self, sizes: Mapping[str, int]) -> int:
        """How many numbers are held at a time at most, arguments and results included."""
        known: dict[Axes, int] = {}

        def length(arrays: Iterable[Axes]) -> int:
            total = 0
            for axes in arrays:
                if axes not in known:
                    known[axes] = numbers(axes, sizes)
                total += known[axes]
            return total

        live = top = length(self.arguments)
        for step in self.steps:
            live += length(step.made)
            top = max(top, live + length(step.work) + in_strips(length(step.strips), length(step.whole)))
            live -= length(step.freed)
        return top

    @property
    def law(self) -> Polynomial:
        """The highest orders of the peak."""
        live = top = _together(self.arguments)
        for step in self.steps:
            live += _together(step.made)
            top = top.largest(live + _together(step.work) + _together(step.whole) * STRIP)
            live += _together(step.freed) * -1
        return top.leading


def numbers(axes: Axes, sizes: Mapping[str, int]) -> int:
    """How many numbers an array has."""
    total = 1
    for d in axes:
        total *= d.value(sizes)
    return total


def in_strips(count: int, whole: int) -> int:
    """How many of so many numbers are held at a time, where operands and result have those of `whole`."""
    return count if count < LARGE else LARGE // 16 + int(whole * STRIP)


def _together(arrays: Iterable[Axes]) -> Polynomial:
    total = constant(0)
    for axes in arrays:
        total += entries(axes)
    return total


def memory_of(p: Program) -> Memory:
    """The arrays that a program makes, in the order of its lines."""
    order = topological(p.roots)
    uses = Counter(a for t in order for a in t.args)
    uses.update(p.roots)
    owner: dict[Term, Term | None] = {}  # the term that made the array that a term is in
    for t in order:
        owner[t] = _owner(t, owner, p, uses)
    last = {o: t for t in order if t.op not in SHARING for a in t.args if (o := owner[a]) is not None}
    for t in order:
        if (o := owner[t]) is not None and (t in p.kept or t in p.roots or t.op == "assemble"):
            last.pop(o, None)
    freed: dict[Term, list[Axes]] = {}
    for o, t in last.items():
        freed.setdefault(t, []).append(o.axes)
    steps = [_step(t, owner[t] is t, freed.get(t, ())) for t in order]
    copies = tuple(r.axes for r in p.roots if owner[r] is None and r.axes)  # what is returned is nobody else's
    return Memory(tuple(a.dims for a in p.arguments), tuple(r.axes for r in p.roots), (*steps, Step(copies, (), ())))


def _step(t: Term, is_new: bool, freed: Iterable[Axes]) -> Step:
    made, strips = (t.axes,) if is_new else (), IN_STRIPS[t.op](t) if t.op in IN_STRIPS else ()
    return Step(made, _work(t), tuple(freed), strips, (t.axes, *(a.axes for a in t.args)) if strips else ())


def _owner(t: Term, owner: Mapping[Term, Term | None], p: Program, uses: Mapping[Term, int]) -> Term | None:
    if _shares(t):
        return owner[t.args[0]] if t.args else None
    if t.op == "assemble" and _begins(t, uses):
        return owner[t.args[0]]
    for a in _written_over(t):
        spare = uses[a] == 1 and (t.op in OVER_FIRST or a not in p.kept)
        if spare and a.axes == t.axes and not _shares(a) and a.op != "assemble":
            return owner[a]
    return t


def _written_over(t: Term) -> tuple[Term, ...]:
    """The operands of which one may be written over."""
    if t.op in UFUNCS and t.rank > 1:
        return t.args
    return t.args[: 1 if t.op in OVER_FIRST else OVERWRITING.get(t.op, 0)]


def _begins(t: Term, uses: Mapping[Term, int]) -> bool:
    """Are products added to the first of them, which fills the array and is nobody else's?"""
    first, a = next(iter(t.data), None), t.args[0]  # type: ignore[call-overload]
    if first is None or first.negative or first.words != (first.view,):
        return False
    while uses[a] == 1 and a.op in SHARING and a.args:
        a = a.args[0]
    return uses[a] == 1 and a.op not in SHARING


def _shares(t: Term) -> bool:
    """Is an array another one, seen differently?  Rows after rows of a transpose are a copy, columns are not."""
    if t.op in ("flat", "vec"):
        return (t.args[0].op == "transpose") == (t.op == "vec")
    return t.op in SHARING


def _work(t: Term) -> tuple[Axes, ...]:
    """What an instruction needs for itself."""
    if t.op == "assemble":
        return tuple(_row(part.view, t.axes) for part in t.data if len(part.words) == 2)  # type: ignore[attr-defined]
    if t.op == "tensordot":
        return tuple(x.axes for x in _turned(t) if x.rank > 2)
    if t.op.endswith(("_quadratics", "_quadratic")):
        return (t.args[1].axes,)
    if not t.args:
        return ()
    base = t.args[0] if t.args[0].rank else t
    return (base.axes,) * WORK.get(t.op, 0)


def _turned(t: Term) -> list[Term]:
    """The operands of a contraction whose axes are not in the order of a matrix product."""
    (a, b), (left, right) = t.args, t.data  # type: ignore[misc]
    in_order = (left == tuple(range(a.rank - len(left), a.rank)), right == tuple(range(len(right))))  # type: ignore[has-type]
    return [x for x, fits in zip((a, b), in_order, strict=True) if not fits]


def _row(view: str, axes: Axes) -> Axes:
    """A product of two operands is added to the result row by row."""
    return tuple(dict(zip(view[1:], axes[1:], strict=True)).values())
