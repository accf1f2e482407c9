"""Which expressions have no negative entry, so that their roots may be taken."""

from __future__ import annotations

from closedform.core.expr import Expr

DEPTH = 8  #: how far down an expression is looked at
#: operations that give no negative entry
POSITIVE = frozenset(
    {"exp", "abs", "relu", "sigmoid", "softplus", "softmax", "cosh", "ismax", "norm1", "norm2", "normnuc", "ones"}
    | {"zeros", "eye", "dim"}
)
#: operations that give none where their operands have none
MONOTONE = frozenset(
    {"hadamard", "scale", "matmul", "kron", "sum", "tr", "transpose", "diag", "diagonal", "vec", "vech", "add"}
)
#: operations whose values are at most 1
BOUNDED = frozenset({"sigmoid", "softmax", "tanh", "sin", "cos", "erf", "ismax", "sign"})


def nonnegative(e: Expr, depth: int = DEPTH) -> bool:
    """Is no entry known to be negative?  Where nothing is known the answer is no.

    >>> import closedform.ops
    >>> from closedform.core.expr import OPS, symbol
    >>> from closedform.core.normal import normal
    >>> from closedform.core.shape import shape_of
    >>> x = symbol("x", shape_of(["n"]))
    >>> slope = normal(1 - OPS["tanh"](x) ** 2)
    >>> nonnegative(OPS["exp"](x) * x**2), nonnegative(slope), nonnegative(x)
    (True, True, False)
    """
    name = e.op.name
    if name == "number":
        return bool(e.data >= 0)
    if name == "symbol":
        return "positive" in e.data.properties
    if name in POSITIVE:
        return True
    if depth == 0:
        return False
    if name == "power":
        even = e.args[1].op.name == "number" and e.args[1].data % 2 == 0
        return even or nonnegative(e.args[0], depth - 1)
    if name in MONOTONE and all(nonnegative(a, depth - 1) for a in e.args):
        return True
    return name == "add" and _one_minus_bounded(e)


def _one_minus_bounded(e: Expr) -> bool:
    """1 − f with |f| ≤ 1."""
    if len(e.args) != 2:
        return False
    one = [a for a in e.args if a.op.name == "ones" or (a.op.name == "number" and a.data == 1)]
    rest = [a for a in e.args if a not in one]
    return len(one) == len(rest) == 1 and _bounded(rest[0])


def _bounded(e: Expr) -> bool:
    if e.op.name in ("scale", "hadamard") and e.args[0].op.name == "number":
        return len(e.args) == 2 and abs(e.args[0].data) <= 1 and _bounded(e.args[1])
    if e.op.name == "power":
        return e.args[1].op.name == "number" and e.args[1].data > 0 and _bounded(e.args[0])
    return e.op.name in BOUNDED
