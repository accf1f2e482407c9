"""What a sum is made of: coefficients, a term 1, squares, the slope of a softmax; and the powers of sums of squares.

√(x² + y²) is computed by hypot, which does not overflow where the squares do.
"""

from __future__ import annotations

from fractions import Fraction

from closedform.core.expr import OPS, Expr, number, ones
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.program.lower import Lowering, number_power
from closedform.program.term import Term

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


def diagonal_sum(e: Expr) -> Expr | None:
    """The w, if it is a sum of diagonal matrices that is diag(w): of diag(u), the identity, and their multiples."""
    w = _diagonal_of(e) if e.op.name == "add" and ONE not in e.shape else None
    return None if w is None else normal(w)


def _diagonal_of(e: Expr) -> Expr | None:
    if e.op.name == "diag":
        return e.args[0] if e.args[0].shape[1] is ONE else e.args[0].T
    if e.op.name == "eye":
        return ones((e.shape[0], ONE))
    if e.op.name == "scale":
        w = _diagonal_of(e.args[1])
        return None if w is None else OPS["scale"](e.args[0], w)
    if e.op.name != "add":
        return None
    parts = [_diagonal_of(a) for a in e.args]
    return None if None in parts else OPS["add"](*[p for p in parts if p is not None])


def beside_one(e: Expr) -> list[Expr] | None:
    """The other terms of a sum with a term 1."""
    c, core = coefficient(e)
    if c == -1 and core is not None and core.op.name == "add":
        e = OPS["add"](*[normal(-a) for a in core.args])
    if e.op.name != "add":
        return None
    rest = [a for a in e.args if coefficient(a) != (1, None)]
    return rest if len(rest) == len(e.args) - 1 and all(coefficient(a)[1] is not None for a in rest) else None


def is_square_of(e: Expr) -> bool:
    """Is it x², entry by entry?"""
    return e.op.name == "power" and e.args[1].op.name == "number" and e.args[1].data == 2


def root_of(e: Expr) -> Expr | None:
    """An x with x² = e, entry by entry, of half the exponents; None if e is no product of even powers."""
    if e.op.name == "number":
        return number(float(e.data) ** 0.5) if e.data >= 0 else None
    if e.op.name in ("hadamard", "scale"):
        roots = [root_of(a) for a in e.args]
        return None if None in roots else e.op(*[r for r in roots if r is not None])
    if e.op.name == "power" and e.args[1].op.name == "number" and e.args[1].data % 2 == 0:
        return e.args[0] if e.args[1].data == 2 else e.args[0] ** (Fraction(e.args[1].data) / 2)
    return e if e.op.name == "ones" else None


def slope_of(e: Expr) -> Expr | None:
    """The s, if it is a multiple of diag(s) − s s', the slope of s = softmax(x)."""
    if e.op.name != "add" or len(e.args) != 2:
        return None
    (c, P), (d, Q) = map(coefficient, e.args)
    if P is not None and P.op.name == "matmul":
        P, Q = Q, P
    if c != -d or P is None or Q is None or P.op.name != "diag" or Q.op.name != "matmul":
        return None
    (s,) = P.args
    return s if s.op.name == "softmax" and not s.is_scalar and Q.args == (s, OPS["transpose"](s)) else None


def deflated_by(e: Expr) -> tuple[Expr, Expr] | None:
    """w and M w, if this is a multiple of (w'M w) M − M w w'M, whose product with w is 0 on either side."""
    (_, total) = e.args if e.op.name == "scale" else (e, e)
    if total.op.name != "add" or len(total.args) != 2:
        return None
    for P, Q in (total.args, total.args[::-1]):
        (c, M), (d, outer) = (a.args if a.op.name == "scale" else (number(1), a) for a in (P, Q))
        args, inside = outer.args if outer.op.name == "matmul" else (), M.args if M.op.name == "matmul" else (M,)
        k = len(inside)
        if len(args) == 2 * k + 2 and args[:k] == args[k + 2 :] == inside and args[k].shape[1] is ONE:
            w = args[k]
            if args[k + 1] is normal(w.T) and normal(c + d * (w.T @ M @ w)) is number(0):
                return w, normal(M @ w)
    return None


def _everywhere(low: Lowering, a: Term, b: Term) -> Term:
    """A number instead of an array of nothing else, beside another array."""
    if b.op in ("ones", "full") or a.op not in ("ones", "full"):
        return a
    return low.plan.number(1.0) if a.op == "ones" else a.args[0]


def known_power(low: Lowering, base: Expr, p: Fraction | float) -> Term:
    """A power with a known exponent; of √(x² + y²) by hypot."""
    if base.op.name == "add" and len(base.args) == 2 and 2 * p % 2 == 1:
        roots = [root_of(a) for a in base.args]
        if None not in roots:
            x, y = (low.new(normal(r)) for r in roots if r is not None)
            x, y = (_everywhere(low, a, b) for a, b in ((x, y), (y, x)))
            return number_power(low, low.plan.each("hypot", x, y), 2 * p)
    return number_power(low, low[base], p)
