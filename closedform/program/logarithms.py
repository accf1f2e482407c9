"""Logarithms: log f(z) and log(1 + f(z)) by functions that neither overflow nor cancel, a table.

And roots of products that are written as exponentials of means of logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from operator import mul

from closedform.core.expr import OPS, Expr
from closedform.core.normal import normal
from closedform.core.terms import split
from closedform.program.lower import RULES, Lowering, by_name
from closedform.program.products import added, times
from closedform.program.signs import is_definite
from closedform.program.stable import each, signed
from closedform.program.summands import Coefficient, beside_one, coefficient, root_of
from closedform.program.term import Plan, Term


def log(low: Lowering, e: Expr) -> Term:
    (inside,) = e.args
    name = inside.op.name
    made = LOGARITHMS[name](low, inside) if name in LOGARITHMS else None
    if made is None and (one := beside_one(inside)) is not None:
        made = log_beside_one(low, one)
    return by_name(low, e) if made is None else made


def _log_of_exp(low: Lowering, e: Expr) -> Term:
    return low[e.args[0]]


def _log_of_sigmoid(low: Lowering, e: Expr) -> Term:
    return low.plan.negative(low.plan.each("softplus", low.plan.negative(low[e.args[0]])))


def _log_of_softmax(low: Lowering, e: Expr) -> Term | None:
    x = low[e.args[0]]
    return None if e.is_scalar else low.plan.each("subtract", x, low.plan.make("logsumexp", (x,)))


def _log_of_sum(low: Lowering, e: Expr) -> Term | None:
    (inside,) = e.args
    return low.plan.make("logsumexp", (low[inside.args[0]],)) if inside.op.name == "exp" else None


def _log_of_cosh(low: Lowering, e: Expr) -> Term:
    return low.plan.each("logcosh", low[e.args[0]])


def _log_of_det(low: Lowering, e: Expr) -> Term:
    (X,) = e.args
    return low.new(OPS["logdet"](X)) if is_definite(X) else low.plan.make("logdetpos", (low[X],))


def _log_of_abs(low: Lowering, e: Expr) -> Term | None:
    (inside,) = e.args
    return low.new(OPS["logdet"](inside.args[0])) if inside.op.name == "det" else None


def _log_of_power(low: Lowering, e: Expr) -> Term | None:
    base, p = e.args
    if base.op.name != "norm2" or p.op.name != "number":
        return None
    return times(low.plan, low.number(p.data), low.plan.each("log", low[base]))


def _log_of_add(low: Lowering, e: Expr) -> Term | None:
    """log(c exp(a) + d exp(b) + …) for positive numbers c, d, …; a number beside them is c exp(0)."""
    plan, terms = low.plan, [coefficient(a) for a in e.args]
    known = [rest for _, rest in terms if rest is not None]
    if not known or any(rest.op.name != "exp" for rest in known) or any(c <= 0 for c, _ in terms):
        return None
    if len(known) == 1 and (1, None) in terms:
        return None
    logs = []
    for c, rest in terms:
        shift = [(c < 1, plan.number(abs(math.log(c))))] if c != 1 or rest is None else []
        logs.append(added(plan, ([] if rest is None else [(False, low[rest.args[0]])]) + shift))
    return reduce(lambda s, t: plan.each("logaddexp", s, t), logs)


LOGARITHMS: dict[str, Callable[[Lowering, Expr], Term | None]] = {
    "exp": _log_of_exp,
    "sigmoid": _log_of_sigmoid,
    "softmax": _log_of_softmax,
    "sum": _log_of_sum,
    "cosh": _log_of_cosh,
    "det": _log_of_det,
    "abs": _log_of_abs,
    "power": _log_of_power,
    "add": _log_of_add,
}  #: log f(z), by the name of f


def log_beside_one(low: Lowering, rest: list[Expr]) -> Term | None:
    """log(1 + the sum of some terms)."""
    plan = low.plan
    if len(rest) == 1:
        c, core = coefficient(rest[0])
        assert core is not None
        if core.op.name in BESIDE_ONE and (made := BESIDE_ONE[core.op.name].get(c)) is not None:
            return made(plan, low[core.args[0]])
        if (root := root_of(rest[0])) is not None:
            return plan.each("log1psq", low.new(normal(root)))
    low.visit(rest)
    terms = [signed(low, a) for a in rest]
    if all(spread == "full" for spread, _ in terms):
        return plan.each("log1p", added(plan, [t for _, t in terms]))
    return None


BESIDE_ONE: dict[str, dict[Coefficient, Callable[[Plan, Term], Term]]] = {
    "exp": {1: each("softplus"), -1: each("log1mexp")},
    "sigmoid": {-1: lambda plan, z: plan.negative(plan.each("softplus", z))},
}  #: log(1 + c·f(z)), by the name of f and c


def exp(low: Lowering, e: Expr) -> Term:
    """exp(Σ log(x)/n) for a whole n, of either sign, is a root of a product: no large exponent is rounded."""
    (z,) = e.args
    factors = z.args if z.op.name == "hadamard" and z.is_scalar else ()
    sums = [f for f in factors if f.op.name == "sum" and low[f].op == "sum" and low[f].args[0].op == "log"]
    rest = [f for f in factors if f not in sums]
    if len(sums) == 1 and all(f.op.name in ("number", "power") and not isinstance(f.data, float) for f in rest):
        n = normal(reduce(mul, [f**-1 for f in rest]))
        if is_whole(n):
            size = low.plan.negative(low.new(normal(-n))) if split(n)[0] < 0 else low.new(n)
            return low.plan.make("rootprod", (low[sums[0]].args[0].args[0], size))
    return by_name(low, e)


def is_whole(n: Expr) -> bool:
    """Is it a product of sizes and whole numbers that are not large?"""
    whole = n.op.name == "number" and Fraction(n.data).denominator == 1 and abs(n.data) < 2**31
    return whole or n.op.name == "dim" or (n.op.name == "hadamard" and all(map(is_whole, n.args)))


RULES.update({"log": log, "exp": exp})
