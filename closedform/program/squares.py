"""Differences of terms that nearly cancel, as a whole: x² − y², clipped values, squared distances."""

from __future__ import annotations

from fractions import Fraction

from closedform.core.expr import Expr, number
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.program.lower import Lowering
from closedform.program.lower import power as plain_power
from closedform.program.products import times
from closedform.program.summands import Coefficient, coefficient, is_square_of
from closedform.program.term import Term


def pairs(terms: list[tuple[Coefficient, Expr | None]]) -> list[tuple[int, int]]:
    """Terms c·P and −c·Q that are computed together."""
    found: list[tuple[int, int]] = []
    for i, (c, P) in enumerate(terms):
        for j, (d, Q) in enumerate(terms[i + 1 :], i + 1):
            free = c == -d and not {i, j} & {k for ij in found for k in ij}
            if free and P is not None and Q is not None and are_squares(P, Q):
                found.append((i, j))
    return found


def are_squares(P: Expr, Q: Expr) -> bool:
    """Are they x² and y², or ‖x‖² and ‖y‖²?"""
    both = is_square_of(P) and is_square_of(Q)
    return both and (P.args[0].op.name == "norm2") == (Q.args[0].op.name == "norm2")


def squares(low: Lowering, P: Expr, Q: Expr) -> Term:
    """x² − y² = (x − y)(x + y); of norms the sum of that."""
    plan, x, y = low.plan, P.args[0], Q.args[0]
    norms = x.op.name == "norm2"
    if norms:
        x, y = x.args[0], y.args[0]
        if x.shape != y.shape:
            return plan.each("subtract", plain_power(low, P), plain_power(low, Q))
    if (bound := excess(x, y)) is not None:
        z, w = bound
        size = plan.each("abs", low[z])
        less, more = plan.each("smaller", size, low.new(w)), plan.each("add", size, low[y])
    else:
        less, more = low.new(normal(x - y)), low.new(normal(x + y))
    return plan.dot(less, more) if norms else plan.each("multiply", less, more)


def excess(x: Expr, y: Expr) -> tuple[Expr, Expr] | None:
    """z and w, if |x| is |z| and y is relu(|z| − w)."""
    if y.op.name != "relu" or y.args[0].op.name != "add":
        return None
    (inside,) = y.args
    sizes = [a for a in inside.args if a.op.name == "abs" and a.args[0] in (x, normal(-x))]
    return (sizes[0].args[0], normal(sizes[0] - inside)) if len(sizes) == 1 else None


def clipped(low: Lowering, e: Expr) -> Term | None:
    """z − sign(z) relu(|z| − w) is sign(z) min(|z|, w)."""
    for a in e.args:
        c, rest = coefficient(a)
        if rest is None or rest.op.name != "hadamard" or abs(c) != 1 or len(rest.args) != 2:
            continue
        signs = [f for f in rest.args if f.op.name == "sign"]
        slack = [f for f in rest.args if f.op.name == "relu"]
        if len(signs) == len(slack) == 1 and (bound := excess(signs[0].args[0], slack[0])) is not None:
            z, w = bound
            if normal(e - a) is normal(-number(Fraction(c)) * signs[0].args[0]):
                plan = low.plan
                clip = plan.each("smaller", plan.each("abs", low[z]), low.new(w))
                made = plan.each("multiply", low[signs[0]], clip)
                return made if c < 0 else plan.negative(made)
    return None


def is_sum(e: tuple[Expr, ...]) -> bool:
    """Is it 𝟏 𝟏', which sums and repeats?"""
    return e[0].op.name == e[1].op.name == "ones" and e[0].shape[1] is ONE


def turned(e: Expr) -> Expr:
    """The transpose."""
    return e.args[0] if e.op.name == "transpose" else normal(e.T)


def distances(low: Lowering, e: Expr) -> Term | None:
    """‖xᵢ‖² + ‖yⱼ‖² − 2 xᵢ'yⱼ for the rows of X and Y is ‖xᵢ − yⱼ‖²."""
    if len(e.args) != 3 or e.shape[0] is ONE or e.shape[1] is ONE:
        return None
    terms: dict[str, tuple[Coefficient, Expr]] = {}
    for a in e.args:
        c, P = coefficient(a)
        args = P.args if P is not None and P.op.name == "matmul" else ()
        if len(args) == 3 and is_square_of(args[0]) and is_sum(args[1:]):
            terms["rows"] = c, args[0].args[0]
        elif len(args) == 3 and is_square_of(turned(args[2])) and is_sum(args[:2]):
            terms["columns"] = c, turned(args[2]).args[0]
        elif len(args) == 2:
            terms["both"] = c, args[0] @ args[1]
    if len(terms) != 3:
        return None
    (c, X), (d, Y), (k, XY) = (terms[name] for name in ("rows", "columns", "both"))
    if not c == d == -k / 2 or normal(XY) is not normal(X @ Y.T):
        return None
    made = low.plan.make("distances", (low[X], low[Y]), (X.shape[0], Y.shape[0]))
    return times(low.plan, None if c == 1 else low.number(c), made)
