"""Factoring: common scalars, common factors on the left and on the right, common entry-by-entry factors.

A greedy search: of all factors that at least two terms share, the one that saves most is taken out, and
the search goes on in what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from closedform.core.expr import OPS, Expr, Number, eye, node, number, ones
from closedform.core.normal import applied, normal
from closedform.core.shape import ONE
from closedform.core.terms import split
from closedform.ops.arithmetic import is_positive
from closedform.ops.chain import product

MOST_TERMS = 40
TRIED = 2  #: of the factors that save most, how many are followed further
NEAR = 4  #: a factor that costs this much may still pay when what remains inside simplifies


GATHERED = ("vec", "vech", "diagonal", "sum")  #: the normal form takes them into a sum
ONCE = number(1)


def _times(factor: Expr, rest: Expr) -> Expr:
    """A scalar or entry-by-entry product in normal form."""
    return OPS["hadamard"].canonical(factor, rest) if factor.shape == rest.shape else product(factor, rest)


JOIN: dict[str, Callable[[Expr, Expr], Expr]] = {  #: factor and quotient put together again, in normal form
    "scalar": _times,
    "entry": _times,
    "left": product,
    "right": lambda factor, rest: product(rest, factor),
    "before": OPS["kron"].canonical,
    "after": lambda factor, rest: OPS["kron"].canonical(rest, factor),
}


class Part(NamedTuple):
    """One way to read a term as factor times rest.

    Attributes:
        side: where the factor stands: `scalar`, `left`, `right`, `entry`, or on one side of ⊗, `before` or `after`.
        base: what is common; for scalars and entry-by-entry factors the base of a power.
        exponent: its exponent in this term; 1 for a matrix factor.
        rest: the quotient of the term by the whole power.
    """

    side: str
    base: Expr
    exponent: Expr
    rest: Callable[[], Expr]


def factor(e: Expr, improve: Callable[[Expr], Expr]) -> Expr:
    """The sum with common factors taken out, as long as that saves operations.

    Args:
        e: an expression in normal form; anything but a sum is returned as it is.
        improve: what to do with the smaller sum that remains inside.
    """
    while e.op.name == "add" and len(e.args) <= MOST_TERMS:
        found = [taken for members in _shared(e) if (taken := _take_out(e, members)) is not None]
        found.sort(key=_size)
        best = min(
            (t.improved(improve) for t in found[:TRIED] if t.whole.size < e.size + NEAR), key=_of_size, default=e
        )
        if best.size >= e.size:
            break
        e = best
    return e


@dataclass(frozen=True, slots=True)
class Taken:
    """A sum with one factor taken out of some terms.

    Attributes:
        whole: the sum rewritten.
        inner: the sum that remained inside.
        rebuild: the whole again, with something better inside.
    """

    whole: Expr
    inner: Expr
    rebuild: Callable[[Expr], Expr]

    def improved(self, improve: Callable[[Expr], Expr]) -> Expr:
        better = improve(self.inner)
        return self.whole if better is self.inner else self.rebuild(better)


def _size(taken: Taken) -> int:
    return taken.whole.size


def _of_size(e: Expr) -> int:
    return e.size


def _shared(e: Expr) -> Iterator[list[tuple[int, Part]]]:
    """The terms that share a factor, for every factor that two terms or more have."""
    found: dict[tuple[str, Expr], list[tuple[int, Part]]] = {}
    for i, term in enumerate(e.args):
        for part in parts(term):
            members = found.setdefault((part.side, part.base), [])
            if not members or members[-1][0] != i:
                members.append((i, part))
    for members in found.values():
        if len(members) > 1:
            yield members


def _take_out(e: Expr, members: list[tuple[int, Part]]) -> Taken | None:
    """The sum with one common factor taken out of these terms; None when it is not common to them."""
    side, base = members[0][1].side, members[0][1].base
    exponents = [part.exponent for _, part in members]
    lowest = _lowest(exponents)
    others = tuple([t for i, t in enumerate(e.args) if i not in {i for i, _ in members}])
    if lowest is None or (others and any(p is not lowest for p in exponents)):
        return None
    power = OPS["power"].canonical
    quotients = []
    for _, part in members:
        rest = part.rest()
        quotients.append(
            rest if part.exponent is lowest else normal(power(base, normal(part.exponent - lowest)) * rest)
        )
    common = power(base, lowest) if side in ("scalar", "entry") else base

    def rebuild(inner: Expr) -> Expr:
        whole = JOIN[side](common, inner)
        return applied(OPS["add"], (whole, *others)) if others else whole

    inner = applied(OPS["add"], quotients)
    return Taken(rebuild(inner), inner, rebuild) if inner.size < e.size else None


def _lowest(exponents: list[Expr]) -> Expr | None:
    """The exponent that all others exceed by a number; None when there is none."""
    low = exponents[0]
    for p in exponents[1:]:
        if p is low:
            continue
        difference = normal(p - low)
        if difference.op.name != "number":
            return None
        if difference.data < 0:
            low = p
    return low


def parts(term: Expr) -> Iterator[Part]:
    """Every factor that can be taken out of a term."""
    c, core = split(term)
    if core.is_scalar:
        yield from _scalar_parts(c, core, None)
        if core.op.name == "matmul":
            yield from _chain_parts(number(c), core)
        return
    s, matrix = core.args if core.op.name == "scale" else (None, core)
    if s is not None:
        yield from _scalar_parts(c, s, matrix)
    scalar = number(c) if s is None else OPS["hadamard"].canonical(number(c), s)
    if matrix.op.name == "matmul":
        yield from _chain_parts(scalar, matrix)
    else:
        if matrix.op.name == "kron":
            yield from _kron_parts(scalar, matrix)
        yield from _ends(scalar, matrix)
        yield from _entry_parts(scalar, matrix)


def _base(f: Expr) -> tuple[Expr, Expr]:
    return (f.args[0], f.args[1]) if f.op.name == "power" and f.args[1].is_scalar else (f, ONCE)


def _scalar_parts(c: Number, s: Expr, matrix: Expr | None) -> Iterator[Part]:
    """Each scalar factor of a term."""
    factors = s.args if s.op.name == "hadamard" else (s,)
    for i, f in enumerate(factors):
        if f.op.name == "number":
            continue
        others = (number(c), *factors[:i], *factors[i + 1 :])

        def rest(others: tuple[Expr, ...] = others) -> Expr:
            product = OPS["hadamard"].canonical(*others)
            return product if matrix is None else OPS["scale"].canonical(product, matrix)

        yield Part("scalar", *_base(f), rest)


def _chain_parts(scalar: Expr, chain: Expr) -> Iterator[Part]:
    """The first factor and the last factor of a chain."""
    factors = chain.args
    for side, base, others in (("left", factors[0], factors[1:]), ("right", factors[-1], factors[:-1])):

        def rest(others: tuple[Expr, ...] = others) -> Expr:
            product = others[0] if len(others) == 1 else applied(OPS["matmul"], others)
            return applied(OPS["scale"], (scalar, product))

        yield Part(side, base, ONCE, rest)


def _kron_parts(scalar: Expr, matrix: Expr) -> Iterator[Part]:
    """A in A ⊗ B, and B."""
    factors = matrix.args
    for side, base, others in (("before", factors[0], factors[1:]), ("after", factors[-1], factors[:-1])):

        def rest(others: tuple[Expr, ...] = others) -> Expr:
            return normal(scalar * (others[0] if len(others) == 1 else node(OPS["kron"], others)))

        yield Part(side, base, ONCE, rest)


def _ends(scalar: Expr, matrix: Expr) -> Iterator[Part]:
    """A matrix is itself times the identity, on either side."""
    rows, columns = matrix.shape
    if columns is not ONE:
        yield Part("left", matrix, ONCE, lambda: normal(scalar * eye(columns)))
    if rows is not ONE:
        yield Part("right", matrix, ONCE, lambda: normal(scalar * eye(rows)))


def _entry_parts(scalar: Expr, matrix: Expr) -> Iterator[Part]:
    """Each factor of an entry-by-entry product."""
    factors = matrix.args if matrix.op.name == "hadamard" else (matrix,)
    if len(factors) == 1 and ONE not in matrix.shape:
        return  # a matrix of ones would be left
    for i, f in enumerate(factors):
        others = factors[:i] + factors[i + 1 :]

        def rest(others: tuple[Expr, ...] = others) -> Expr:
            return OPS["scale"].canonical(scalar, OPS["hadamard"].canonical(*others, ones(matrix.shape)))

        yield Part("entry", *_base(f), rest)


def gathered(e: Expr, improve: Callable[[Expr], Expr]) -> Expr:
    """vec(A∘C) + 2 vec(B∘C) = vec((A + 2B)∘C): linear functions of what has a common factor are one."""
    groups: dict[tuple[str, object], list[Expr]] = {}
    for t in e.args if e.op.name == "add" else ():
        f = split(t)[1]
        if f.op.name in GATHERED:
            groups.setdefault((f.op.name, f.args[0].shape), []).append(t)
    for (name, _), terms in groups.items():
        if 1 < len(terms) <= MOST_TERMS:
            inner = improve(applied(OPS["add"], [normal(number(c) * f.args[0]) for c, f in map(split, terms)]))
            made = applied(OPS["add"], [applied(OPS[name], (inner,)), *(t for t in e.args if t not in terms)])
            e = made if made.size < e.size else e
    return e


def cleared(e: Expr, improve: Callable[[Expr], Expr]) -> Expr:
    """b⁻¹ (a²/b² + 1)⁻¹ = b (a² + b²)⁻¹: denominators inside a power multiplied out, when that saves operations.

    Out of a root comes |b|, for a b that may be negative: √(1 − 1/b²) = √(b² − 1)/|b|.
    """
    best = e
    if e.op.name == "matmul":
        return e
    for f in e.args if e.op.name != "scale" else (*_factors(e.args[0]), *_factors(e.args[1])):
        if f.op.name != "power" or f.args[0].op.name != "add" or f.args[1].op.name != "number":
            continue
        p = f.args[1].data
        for base, lowest in _denominators(f.args[0]).items():
            rooted = p % 1 != 0 and not is_positive(base)
            if rooted and lowest % 2:
                continue
            inside = [OPS["hadamard"].canonical(t, _power(base, -lowest, t)) for t in f.args[0].args]
            total = improve(applied(OPS["add"], inside))
            outside = _power(OPS["abs"].canonical(base) if rooted else base, lowest * p, f)
            made = normal(e * (f**-1 * outside * total ** f.args[1]))
            if made.size < best.size:
                best = made
    return best


def _factors(e: Expr) -> tuple[Expr, ...]:
    return e.args if e.op.name == "hadamard" else (e,)


def _power(base: Expr, p: Number, like: Expr) -> Expr:
    """base^p in the shape of `like`."""
    raised = OPS["power"].canonical(base, number(p))
    return raised if raised.shape == like.shape else OPS["scale"].canonical(raised, ones(like.shape))


def _denominators(total: Expr) -> dict[Expr, Number]:
    """The scalar bases that occur with a negative number as exponent, with the lowest."""
    found: dict[Expr, Number] = {}
    for term in total.args:
        s = term.args[0] if term.op.name == "scale" else term
        for f in _factors(s):
            if f.op.name == "power" and f.args[1].op.name == "number" and f.args[1].data < 0 and f.is_scalar:
                found[f.args[0]] = min(f.args[1].data, found.get(f.args[0], 0))
    return found
