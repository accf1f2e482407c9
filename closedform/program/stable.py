"""Numerically stable code: sums and functions that must not be computed as they are written.

`1 − sigmoid(z)` is sigmoid(−z), `exp(x) − 1` is expm1(x), `log(1 + x)` is log1p(x), and so on: the left
sides cancel or overflow, the right sides do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from closedform.core.expr import Expr
from closedform.program.lower import RULES, Lowering
from closedform.program.lower import power as plain_power
from closedform.program.products import added, broadcast, entries, scale, times
from closedform.program.squares import clipped, distances, pairs, squares
from closedform.program.summands import Coefficient, beside_one, coefficient, known_power
from closedform.program.term import Plan, Term


def add(low: Lowering, e: Expr) -> Term:
    """A sum: terms with plus first; numbers and u·ones' are broadcast."""
    return clipped(low, e) or distances(low, e) or added(low.plan, terms_of(low, e.args))


def terms_of(low: Lowering, args: Sequence[Expr]) -> list[tuple[bool, Term]]:
    """The terms of a sum, True for minus."""
    plan = low.plan
    split = [(coefficient(a), a) for a in args]
    unit: Coefficient = Fraction(0)
    for (c, rest), _ in split:
        unit += c if rest is None else 0
    terms, filled = list[tuple[bool, Term]](), set[str]()
    for i, j in pairs([s for s, _ in split]):
        (c, P), (_, Q) = split[i][0], split[j][0]
        assert P is not None and Q is not None
        terms.append(_signed(low, c, squares(low, P, Q)))
        split[i] = split[j] = (0, None), split[i][1]
        filled.add("full")
    for (c, rest), a in split:
        if rest is None:
            continue
        if unit and (found := cancelling(rest, Fraction(c) / Fraction(unit))) is not None:
            factor, make, z = found
            terms.append(_signed(low, c * factor, make(plan, low[z])))
            unit, spread = 0, "full"
        else:
            spread, term = signed(low, a)
            terms.append(term)
        filled.add(spread)
    if unit:
        terms.append((unit < 0, low.number(-unit if unit < 0 else unit)))
    if args and not args[0].is_scalar and "full" not in filled and not {"rows", "columns"} <= filled:
        terms = [signed(low, a, whole=True)[1] for a in args]
    return terms


def signed(low: Lowering, e: Expr, *, whole: bool = False) -> tuple[str, tuple[bool, Term]]:
    """The axes a term fills, its sign, and its code without it."""
    c, rest = coefficient(e)
    if whole or rest is None:
        return "full", (False, low[e])
    if rest is e or c in (1, -1):
        spread, code = broadcast(low, rest)
        if spread == "number" and _negative(rest):
            c, code = -c, entries(low, rest.args[0], -1)
        if spread != "full" or c == -1:
            return spread, (c < 0, code)
    if low.uses[e] > 1:
        return "full", (False, low[e])
    if c < 0 or _negative(e):
        return "full", (True, scale(low, e, -1) if e.op.name == "scale" else entries(low, e, -1))
    return "full", (False, low[e])


def _negative(e: Expr) -> bool:
    """Does a product start with a negative number?"""
    s = e.args[0] if e.op.name == "scale" else e
    if e.op.name not in ("scale", "hadamard") or not s.is_scalar:
        return False
    numbers = [a for a in (s.args if s.op.name == "hadamard" else [s]) if a.op.name == "number"]
    return bool(sum(a.data < 0 for a in numbers) % 2)


def _signed(low: Lowering, c: Coefficient, t: Term) -> tuple[bool, Term]:
    return c < 0, times(low.plan, None if abs(c) == 1 else low.number(-c if c < 0 else c), t)


def _reflected(plan: Plan, z: Term) -> Term:
    return plan.each("sigmoid", plan.negative(z))


def each(op: str) -> Callable[[Plan, Term], Term]:
    return lambda plan, z: plan.each(op, z)


def _of_half(op: str) -> Callable[[Plan, Term], Term]:
    return lambda plan, z: plan.each(op, plan.each("divide", z, plan.number(2)))


def _squared(make: Callable[[Plan, Term], Term]) -> Callable[[Plan, Term], Term]:
    return lambda plan, z: plan.each("power", make(plan, z), plan.number(2))


CANCELLING: dict[tuple[str, Fraction], tuple[Fraction, Callable[[Plan, Term], Term]]] = {
    ("sigmoid", Fraction(-1)): (Fraction(-1), _reflected),
    ("sigmoid", Fraction(-2)): (Fraction(1, 2), _of_half("tanh")),
    ("exp", Fraction(-1)): (Fraction(1), each("expm1")),
    ("cos", Fraction(-1)): (Fraction(-2), _squared(_of_half("sin"))),
    ("cosh", Fraction(-1)): (Fraction(2), _squared(_of_half("sinh"))),
    ("erf", Fraction(-1)): (Fraction(-1), each("erfc")),
    ("tanh^2", Fraction(-1)): (Fraction(-1), each("sech2")),
}  #: c·f(z) + u by the name of f and c/u, as c times: a number, and another function


def cancelling(e: Expr, ratio: Fraction) -> tuple[Fraction, Callable[[Plan, Term], Term], Expr] | None:
    """How the sum of a term and a number is computed, when the term is `ratio` times as large where they cancel."""
    name, z = e.op.name, e
    if name == "power" and e.args[1].op.name == "number" and e.args[1].data == 2:
        z = e.args[0]
        name = z.op.name + "^2"
    found = CANCELLING.get((name, ratio))
    return None if found is None else (*found, z.args[0])


def power(low: Lowering, e: Expr) -> Term:
    """1/(1 + exp(z)) is sigmoid(−z)."""
    base, exponent = e.args
    if exponent.op.name == "number" and exponent.data == -1 and base.op.name == "add":
        rest = beside_one(base)
        if rest is not None and len(rest) == 1 and rest[0].op.name == "exp":
            return _reflected(low.plan, low[rest[0].args[0]])
    if exponent.op.name == "number":
        return known_power(low, base, exponent.data)
    return plain_power(low, e)


RULES["power"] = power
