"""Where an answer is valid: the domains of the operations in the function and in its derivative."""

from __future__ import annotations

from collections.abc import Callable

from closedform.core.expr import Expr, topological
from closedform.core.terms import split
from closedform.ops.arithmetic import is_positive

Show = Callable[[Expr], str]


def conditions(f: Expr, answer: Expr, show: Show) -> list[str]:
    """What must hold, in the text syntax, such as `det(X) ≠ 0`; without repetition, in order of appearance.

    Args:
        f: the function, in normal form.
        answer: its derivative, in normal form.
        show: how an operand is written.
    """
    found: dict[str, None] = {}
    for e in topological([f, answer]):
        condition = _of(e, show)
        if condition is not None:
            found[condition] = None
    return [c for c in found if c.replace("≠", ">") == c or c.replace("≠", ">") not in found]  # x > 0 says x ≠ 0


def _of(e: Expr, show: Show) -> str | None:
    if e.op.name == "power":
        x, p = e.args
        return _of_power(x, p, show)
    if not e.op.domain or e.op.name in ("norm1", "norm2") or _is_implied(e):
        return None
    by_entry = "" if e.op.kind != "elementwise" else _entries(e.args[0])
    return e.op.domain.format(show(e.args[0])) + by_entry


def _of_power(x: Expr, p: Expr, show: Show) -> str | None:
    """x ≠ 0 for negative whole exponents, x > 0 for those that are not whole."""
    c, core = split(p)
    whole = core.op.name == "number" and c == int(c)
    if x.op.name == "norm2" and (not whole or c < 0):
        return None if core.op.name == "number" and c > 0 else f"{show(x.args[0])} ≠ 0"
    if (whole and c > 0) or (is_positive(x) and x.op.name != "abs") or x.op.name == "number":
        return None
    return f"{show(x)} {'≠' if whole else '>'} 0" + _entries(x)


def _is_implied(e: Expr) -> bool:
    """A declared property says it already."""
    operand = e.args[0]
    if "det" in e.op.domain:
        return operand.op.name == "symbol" and bool(operand.data.properties & {"spd", "orthogonal"})
    return is_positive(operand)


def _entries(e: Expr) -> str:
    return "" if e.is_scalar else " (every entry)"
