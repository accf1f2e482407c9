"""The first-order expansion: f(X + dX) − f(X) multiplied out, of which the terms of first order are df.

Products are multiplied out exactly; a function that is no product enters with its expansion of first order.
Source: the note "vector 미분" among the seeds, and any textbook on the differential.
"""

from __future__ import annotations

from itertools import product as combinations

from closedform.calculus.differential import is_trace_of_function
from closedform.core.expr import Expr, node, substitute, topological
from closedform.core.terms import is_zero
from closedform.derivation.formal import Differentials, put, worked_out
from closedform.derivation.neat import neat, total
from closedform.errors import TooLarge

MOST = 64  #: terms
Orders = dict[int, list[Expr]]  #: the terms of each order in dX


def increment(f: Expr, x: Expr, dx: Expr) -> Expr:
    """f(x + dx) − f(x), as it is written down."""
    return total([neat(substitute(f, {x: x + dx})), neat(-f)])


def multiplied_out(f: Expr, rules: Differentials) -> Orders:
    """The terms of f(x + dx) − f(x), by their order in dx.

    Raises:
        TooLarge: there are more than is worth reading.
    """
    found: dict[Expr, Orders] = {x: {0: [x], 1: [dx]} for x, dx in rules.known.items()}
    for e in _needed(f, found):
        found[e] = {0: [e]} if not rules.depends(e) else _multiplied(e, found, rules)
        if sum(map(len, found[e].values())) > MOST:
            raise TooLarge(
                f"multiplied out there are more than {MOST} terms", hint="ask for the steps by differentials"
            )
    return {order: terms for order, terms in found[f].items() if order}


def _needed(f: Expr, known: dict[Expr, Orders]) -> list[Expr]:
    """Every part that is expanded, operands first; not the f(X) of a tr f(X)."""
    order = topological([f], known)
    needed = {f}
    for e in reversed(order):
        if e in needed:
            needed.update(e.args[0].args if is_trace_of_function(e) else e.args)
    return [e for e in order if e in needed]


def _multiplied(e: Expr, found: dict[Expr, Orders], rules: Differentials) -> Orders:
    if e.op.kind != "multilinear" or is_trace_of_function(e):
        return {0: [e], 1: [_first_order(e, found, rules)]}
    if e.op.name == "add":
        merged: Orders = {}
        for a in e.args:
            for order, terms in found[a].items():
                merged.setdefault(order, []).extend(terms)
        return merged
    result: Orders = {}
    for chosen in combinations(*[[(k, t) for k, terms in found[a].items() for t in terms] for a in e.args]):
        term = neat(node(e.op, tuple(t for _, t in chosen)))
        if not is_zero(term):
            result.setdefault(sum(k for k, _ in chosen), []).append(term)
    return result


def _first_order(e: Expr, found: dict[Expr, Orders], rules: Differentials) -> Expr:
    """The differential of a function, with the terms of first order of its operands in it."""
    operands = e.args[0].args if is_trace_of_function(e) else e.args
    first = {rules.d(a): total(found[a].get(1) or [neat(0 * a)]) for a in operands if rules.depends(a)}
    return worked_out(put(rules.rule(e).result, first), rules)


def is_exact(f: Expr, rules: Differentials) -> bool:
    """Whether only products and sums are multiplied out, so that nothing is left out."""
    return all(
        e.op.kind == "multilinear" and not is_trace_of_function(e)
        for e in topological([f], rules.known)
        if rules.depends(e)
    )
