"""Numerically stable code: sums and functions that must not be computed as they are written.

`1 − sigmoid(z)` is sigmoid(−z), `exp(x) − 1` is expm1(x), `log(1 + x)` is log1p(x), and so on: the left
sides cancel or overflow, the right sides do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from closedform.core.expr import Expr
from closedform.program.lower import RULES, Lowering, by_name, vector
from closedform.program.lower import power as plain_power
from closedform.program.products import added, broadcast, entries, scale, times
from closedform.program.term import Plan, Term

Coefficient = Fraction | float


def coefficient(e: Expr) -> tuple[Coefficient, Expr | None]:
    """An expression as number · rest; no rest when all its entries are that number."""
    if e.op.name == "number":
        return e.data, None
    if e.op.name == "ones":
        return 1, None
    if e.op.name == "scale" and e.args[0].op.name == "number":
        c, rest = coefficient(e.args[1]) if e.args[1].op.name in ("scale", "ones") else (1, e.args[1])
        return e.args[0].data * c, rest
    if e.op.name == "hadamard" and e.is_scalar and len(e.args) == 2:
        for i in (0, 1):
            if e.args[i].op.name == "number":
                other = e.args[1 - i]
                return (e.args[i].data * other.data, None) if other.op.name == "number" else (e.args[i].data, other)
    return 1, e


def add(low: Lowering, e: Expr) -> Term:
    """A sum: terms with plus first; numbers and u·ones' are broadcast."""
    return added(low.plan, terms_of(low, e.args))


def terms_of(low: Lowering, args: Sequence[Expr]) -> list[tuple[bool, Term]]:
    """The terms of a sum, True for minus."""
    plan = low.plan
    split = [(coefficient(a), a) for a in args]
    unit: Coefficient = Fraction(0)
    for (c, rest), _ in split:
        unit += c if rest is None else 0
    terms, filled = list[tuple[bool, Term]](), set[str]()
    for (c, rest), a in split:
        if rest is None:
            continue
        if unit and c == -unit and rest.op.name in CANCELLING:
            sign, make = CANCELLING[rest.op.name]
            terms.append(_signed(low, c * sign, make(plan, low[rest.args[0]])))
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


CANCELLING: dict[str, tuple[int, Callable[[Plan, Term], Term]]] = {
    "sigmoid": (-1, _reflected),
    "exp": (1, lambda plan, x: plan.each("expm1", x)),
}  #: c·f(z) − c, as c times: a sign, and another function


def log(low: Lowering, e: Expr) -> Term:
    plan, (inside,) = low.plan, e.args
    name = inside.op.name
    if name == "exp":
        return low[inside.args[0]]
    if name == "sigmoid":
        return plan.negative(plan.each("softplus", plan.negative(low[inside.args[0]])))
    if name == "softmax" and not inside.is_scalar:
        x = low[inside.args[0]]
        return plan.each("subtract", x, plan.make("logsumexp", (x,)))
    if name == "sum" and inside.args[0].op.name == "exp" and vector(inside.args[0]):
        return plan.make("logsumexp", (low[inside.args[0].args[0]],))
    if name == "add" and (rest := beside_one(inside)) is not None:
        if len(rest) == 1 and rest[0].op.name == "exp":
            return plan.each("softplus", low[rest[0].args[0]])
        terms = [signed(low, a) for a in rest]
        if all(spread == "full" for spread, _ in terms):
            return plan.each("log1p", added(plan, [t for _, t in terms]))
    return by_name(low, e)


def beside_one(e: Expr) -> list[Expr] | None:
    """The other terms of a sum with a term 1."""
    rest = [a for a in e.args if coefficient(a) != (1, None)]
    return rest if len(rest) == len(e.args) - 1 and all(coefficient(a)[1] is not None for a in rest) else None


def power(low: Lowering, e: Expr) -> Term:
    """1/(1 + exp(z)) is sigmoid(−z)."""
    base, exponent = e.args
    if exponent.op.name == "number" and exponent.data == -1 and base.op.name == "add":
        rest = beside_one(base)
        if rest is not None and len(rest) == 1 and rest[0].op.name == "exp":
            return _reflected(low.plan, low[rest[0].args[0]])
    return plain_power(low, e)


RULES.update({"log": log, "power": power})
