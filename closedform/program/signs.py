"""Which expressions have no negative entry, so that their roots may be taken, which no positive one, and which matrices
are positive definite.
"""

from __future__ import annotations

from fractions import Fraction

from closedform.core.expr import OPS, Expr, number
from closedform.core.normal import normal

DEPTH = 8  #: how far down an expression is looked at
MATRICES = 4  #: how far down a matrix is looked at
#: operations that give no negative entry
POSITIVE = frozenset(
    {"exp", "abs", "relu", "sigmoid", "softplus", "softmax", "cosh", "ismax", "norm1", "norm2", "normnuc", "ones"}
    | {"zeros", "eye", "dim"}
)
#: operations that multiply and add up: of operands of one sign each, the result has the product of the signs
PRODUCTS = frozenset({"hadamard", "scale", "matmul", "kron"})
#: operations that keep the sign of their operand
KEEPING = frozenset({"sum", "tr", "transpose", "diag", "diagonal", "vec", "vech"} | {"tanh", "sinh", "erf"})
#: operations whose values are at most 1
BOUNDED = frozenset({"sigmoid", "softmax", "tanh", "sin", "cos", "erf", "ismax", "sign"})


def nonnegative(e: Expr) -> bool:
    """Is no entry known to be negative?  Where nothing is known the answer is no.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x = symbol("x", shape_of(["n"]))
    >>> slope = normal(1 - OPS["tanh"](x) ** 2)
    >>> nonnegative(OPS["exp"](x) * x**2), nonnegative(slope), nonnegative(x)
    (True, True, False)
    """
    return sign(e) == 1


def sign(e: Expr, depth: int = DEPTH) -> int:
    """1 if no entry is negative, −1 if none is positive, 0 if neither is known.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> s = OPS["sigmoid"](symbol("x", shape_of(["n"])))
    >>> [sign(normal(e)) for e in (s * (s - 1), -(s * (s - 1)), 2 * s - 1)]
    [-1, 1, 0]
    """
    name = e.op.name
    if name == "number":
        return 1 if e.data >= 0 else -1
    if name == "symbol":
        return int("positive" in e.data.properties)
    if name in POSITIVE:
        return 1
    if depth == 0:
        return 0
    if name == "power":
        return _sign_of_power(e, depth)
    if name in KEEPING:
        return int(_is_diagonal_of_square(e)) or sign(e.args[0], depth - 1)
    if name in PRODUCTS:
        return int(_is_square(e)) or _sign_of_product(e, depth)
    if name == "log":
        return int(_at_least_one(e.args[0], depth - 1))
    return _sign_of_sum(e, depth) if name == "add" else 0


def _sign_of_power(e: Expr, depth: int) -> int:
    """x² and √x have no negative entry, x³ has the sign of x."""
    base, exponent = sign(e.args[0], depth - 1), e.args[1]
    if exponent.op.name == "number" and isinstance(exponent.data, int | Fraction):
        p = Fraction(exponent.data)
        if p.numerator % 2 == 0 or p.denominator % 2 == 0:
            return 1
        return base if p.denominator == 1 else int(base == 1)
    return int(base == 1)


def _sign_of_product(e: Expr, depth: int) -> int:
    found = 1
    for a in e.args:
        found *= sign(a, depth - 1)
        if not found:
            break
    return found


def _sign_of_sum(e: Expr, depth: int) -> int:
    first = sign(e.args[0], depth - 1)
    if all(sign(a, depth - 1) == first for a in e.args[1:]):
        return first
    if len(e.args) != 2:
        return 0
    (c, a), (d, b) = ((number(1), a) if a.op.name != "scale" else a.args for a in e.args)
    for unit, f, u in ((a, b, c), (b, a, d)):
        other = d if u is c else c
        if unit.op.name in ("ones", "number") and u.op.name == other.op.name == "number":
            level = u.data * (unit.data if unit.op.name == "number" else 1)
            if abs(other.data) <= abs(level) and _bounded(f):
                return 1 if level > 0 else -1
    return 0


def _is_square(e: Expr) -> bool:
    """x'x, or x'M x with M positive definite or X'X."""
    return e.is_scalar and e.op.name == "matmul" and _mirrors(e)


def _is_diagonal_of_square(e: Expr) -> bool:
    """The diagonal, or the trace, of X'X, or of X'M X with M positive definite or X'X."""
    return e.op.name in ("diagonal", "tr") and is_semidefinite(e.args[0])


def _mirrors(e: Expr) -> bool:
    """Z'Z, or Z'M Z with M positive definite, or diagonal without a negative entry."""
    if e.op.name != "matmul":
        return False
    half = len(e.args) // 2
    ends = zip(e.args[:half], reversed(e.args[-half:]), strict=True)
    if any(normal(a.T) is not normal(b) for a, b in ends):
        return False
    if len(e.args) % 2 == 0:
        return True
    middle = e.args[half]
    if middle.op.name == "diag":
        return nonnegative(middle.args[0])
    return is_semidefinite(middle)


def is_definite(e: Expr, depth: int = MATRICES) -> bool:
    """Is a matrix evidently symmetric positive definite?

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> S, X = symbol("S", shape_of(["n", "n"]), ["spd"]), symbol("X", shape_of(["m", "n"]))
    >>> is_definite(S + X.T @ X), is_definite(X.T @ X), is_semidefinite(X.T @ X)
    (True, False, True)
    """
    name = e.op.name
    if name in ("symbol", "eye"):
        return name == "eye" or "spd" in e.data.properties
    if depth == 0:
        return False
    if name in ("inv", "transpose"):
        return is_definite(e.args[0], depth - 1)
    if name == "diag":
        return is_positive(e.args[0])
    if name == "add":
        some = any(is_definite(a, depth - 1) for a in e.args)
        return some and all(is_semidefinite(a, depth - 1) for a in e.args)
    return name == "scale" and is_positive(e.args[0]) and is_definite(e.args[1], depth - 1)


def is_semidefinite(e: Expr, depth: int = MATRICES) -> bool:
    """Is a matrix evidently symmetric positive semidefinite, as Z'Z is?"""
    name = e.op.name
    if is_definite(e, depth) or (name == "diag" and nonnegative(e.args[0])) or _mirrors(e):
        return True
    if depth == 0 or name not in ("add", "scale"):
        return False
    if name == "scale" and not nonnegative(e.args[0]):
        return False
    return all(is_semidefinite(a, depth - 1) for a in e.args[name == "scale" :])


def is_positive(e: Expr) -> bool:
    """Is every entry known to be above 0?"""
    name = e.op.name
    if name == "symbol":
        return "positive" in e.data.properties
    if name == "number":
        return bool(e.data > 0)
    if name in ("hadamard", "scale", "power"):
        return all(map(is_positive, e.args[: 1 if name == "power" else None]))
    if name == "add":
        return any(map(is_positive, e.args)) and all(map(nonnegative, e.args))
    return name in ("exp", "cosh", "ones", "dim")


def _at_least_one(e: Expr, depth: int) -> bool:
    """1 and terms that have no negative entry."""
    units = [a for a in e.args if a.op.name == "ones" or (a.op.name == "number" and a.data >= 1)]
    return e.op.name == "add" and bool(units) and all(sign(a, depth) == 1 for a in e.args)


def _bounded(e: Expr) -> bool:
    """Is no entry above 1 or below −1?"""
    if e.op.name in ("scale", "hadamard") and e.args[0].op.name == "number":
        return len(e.args) == 2 and abs(e.args[0].data) <= 1 and _bounded(e.args[1])
    if e.op.name == "power":
        return e.args[1].op.name == "number" and e.args[1].data > 0 and _bounded(e.args[0])
    return e.op.name in BOUNDED


def negated(e: Expr) -> Expr:
    """−e, the minus where it costs nothing: before a number, or within a sum.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x = symbol("x", shape_of(["n"]))
    >>> negated(normal(OPS["exp"](x) * (OPS["tanh"](x) - 1)))
    exp(x).*(ones(n) - tanh(x))
    """
    if e.op.name == "number":
        return number(-e.data)
    if e.op.name == "add":
        return OPS["add"](*map(negated, e.args))
    if e.op.name == "scale" and e.args[0].op.name == "number":
        return e.args[1] if e.args[0].data == -1 else OPS["scale"](number(-e.args[0].data), e.args[1])
    if e.op.name in ("hadamard", "scale"):
        n = next((n for n, a in enumerate(e.args) if sign(a) == -1), None)
        if n is not None:
            return e.op(*e.args[:n], negated(e.args[n]), *e.args[n + 1 :])
    return normal(-e)
