"""Signs: `2 A'(A x − b)` rather than `−2 A'(b − A x)`.

In normal form the sign of a sum is fixed by an arbitrary order, and a minus it leaves stands in front.  Here
it is moved back into the first sum that can take it, for printing.
"""

from __future__ import annotations

from closedform.core.expr import Expr, Number, node, number, topological
from closedform.core.normal import normal
from closedform.ops.elementwise import ODD


def settle(e: Expr) -> Expr:
    """An equal expression in which no product has a minus in front that a sum inside could take.

    Args:
        e: an expression to be printed.
    """
    return _alike(_Settled().of(e, outermost=True))


EVEN = {"norm1", "norm2", "normnuc", "abs"}  #: f(−x) = f(x)


def _alike(e: Expr) -> Expr:
    """‖r‖ for ‖−r‖ where it is r that stands elsewhere: A'(A x − y)/‖A x − y‖."""
    order = topological([e])
    even = {n for n in order if n.op.name in EVEN and n.args[0].op.name == "add"}
    if not even:
        return e
    elsewhere = {a for n in order if n.op.name not in EVEN for a in n.args if a.op.name == "add"}
    sums = {normal(a): a for a in elsewhere}
    done: dict[Expr, Expr] = {}
    for n in order:
        args = tuple([done[a] for a in n.args])
        if n in even and normal(n.args[0]) not in sums:
            args = (sums.get(normal(-n.args[0]), args[0]),)
        done[n] = node(n.op, args) if n.args else n
    return done[e]


class _Settled:
    """What was made of every part, inside a sum (where a minus costs nothing) and elsewhere."""

    def __init__(self) -> None:
        self.known: dict[tuple[Expr, bool], Expr] = {}

    def of(self, e: Expr, outermost: bool) -> Expr:
        found = self.known.get((e, outermost))
        if found is None:
            found = self.known[e, outermost] = self._settle(e, outermost)
        return found

    def _settle(self, e: Expr, outermost: bool) -> Expr:
        if not e.args:
            return e
        c, core = _sign(e)
        if c is not None and (outermost or c == -1):
            turned = negated(core, ANY if c == -1 else NATURAL)
            if turned is not None:
                e = _times(-c, turned)
        if e.op.name == "add":
            return node(e.op, tuple([self._term(a) for a in e.args]))
        if e.op.name in ("matmul", "hadamard"):
            e = _in_pairs(e)
        return node(e.op, tuple([self.of(a, False) for a in e.args]))

    def _term(self, a: Expr) -> Expr:
        """A term of a sum: its own sign stays, what is inside settles."""
        c, core = _sign(a)
        if c is None or not core.args:
            return self.of(a, False) if c is None else a
        turned = negated(core, NATURAL)
        if turned is not None:
            return _times(-c, self.of(turned, False))
        return number(c) * self.of(core, False)


def _sign(e: Expr) -> tuple[Number | None, Expr]:
    """A negative number in front of a product, and the product without it."""
    if is_negative(e):
        return e.data, number(1)
    if e.op.name == "scale":
        s, M = e.args
        c, rest = _sign(s)
        if is_negative(s):
            return s.data, M
        return (None, e) if c is None else (c, rest * M)
    if e.op.name == "hadamard" and is_negative(e.args[0]):
        others = e.args[1:]
        return e.args[0].data, others[0] if len(others) == 1 else node(e.op, others)
    return None, e


def is_negative(e: Expr) -> bool:
    return e.op.name == "number" and e.data < 0


NATURAL, ANY = "natural", "any"  #: which sums may be turned: 1 − x reads better than x − 1, so only for a bare minus


def negated(e: Expr, which: str) -> Expr | None:
    """−e without a minus in front, by turning the signs of one sum inside; None when there is none."""
    if e.op.name == "add":
        return _sum(e, which)
    if e.op.name == "power":
        return _power(e)
    return _first(e, which) if e.op.name in LINEAR or e.op in ODD else None


def _in_pairs(e: Expr) -> Expr:
    """(a − b) ⊙ (1 − f(x)) for (b − a) ⊙ (f(x) − 1): two factors change their signs, and none becomes unnatural."""
    factors = list(e.args)
    waiting = [i for i, a in enumerate(factors) if _is_unnatural(a)]
    while waiting:
        i = waiting.pop(0)
        others = [*waiting, *(j for j in range(len(factors)) if j != i and j not in waiting)]
        for j in others:
            one, other = negated(factors[i], ANY), negated(factors[j], ANY if j in waiting else NATURAL)
            if one is not None and other is not None and not _is_unnatural(other):
                factors[i], factors[j] = one, other
                waiting = [k for k in waiting if k != j]
                break
    return node(e.op, tuple(factors))


def _is_unnatural(e: Expr) -> bool:
    """f(x) − 1, also inside a diagonal matrix or a transpose."""
    if e.op.name in ("diag", "transpose"):
        return _is_unnatural(e.args[0])
    if e.op.name != "add":
        return False
    parts = [_sign(a) for a in e.args]
    return _is_one_minus([core for c, core in parts if c is not None], [core for c, core in parts if c is None])


LINEAR = {"matmul", "hadamard", "scale", "transpose", "diag", "diagonal", "sum", "tr", "kron", "vec"}


def _sum(e: Expr, which: str) -> Expr | None:
    """b − a for a − b; a sum of positive terms only would get a minus in front."""
    parts = [_sign(a) for a in e.args]
    positive = [core for c, core in parts if c is None]
    if len(positive) == len(parts):
        return _every(e) if which == ANY else None
    if which == NATURAL and _is_one_minus(positive, [core for c, core in parts if c is not None]):
        return None
    return node(
        e.op, tuple([-a if c is None else _times(-c, core) for a, (c, core) in zip(e.args, parts, strict=True)])
    )


def _times(c: Number, core: Expr) -> Expr:
    return core if c == 1 else number(c) if core.op.name == "number" else number(c) * core


def _is_one_minus(positive: list[Expr], negative: list[Expr]) -> bool:
    """1 − f(x) reads better than f(x) − 1, while p − 2 reads better than 2 − p."""
    if any(core.op.name in ("ones", "eye") for core in positive):
        return all(core.op.name in ("ones", "eye") for core in positive)
    functions = [core.args[0] if core.op.name == "power" else core for core in negative]
    return all(core.op.name == "number" for core in positive) and all(f.op.kind == "elementwise" for f in functions)


def _every(e: Expr) -> Expr | None:
    """−(p + q) where every term can take the sign itself."""
    turned = [negated(a, ANY) for a in e.args]
    if any(t is None for t in turned):
        return None
    return node(e.op, tuple([t for t in turned if t is not None]))


def _first(e: Expr, which: str) -> Expr | None:
    """The first operand that can take the sign does, unless it occurs twice: (x−u)'M(x−u) stays as it is."""
    for i, a in enumerate(e.args):
        turned = negated(a, which)
        if turned is not None and not _twin(a, e.args[:i] + e.args[i + 1 :]):
            return node(e.op, (*e.args[:i], turned, *e.args[i + 1 :]))
    return None


def _twin(a: Expr, others: tuple[Expr, ...]) -> bool:
    pair = (normal(a), normal(a.T))
    return any(normal(b) in pair for b in others)


def _power(e: Expr) -> Expr | None:
    """(b − a)³ = −(a − b)³ for odd whole exponents."""
    base, p = e.args
    if p.op.name != "number" or p.data % 2 != 1:
        return None
    turned = negated(base, ANY)
    return None if turned is None else node(e.op, (turned, p))
