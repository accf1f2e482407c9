"""Normal form: the driver.  What is canonical is stated by each operation, what is simpler by the rules.

`normal(e)` visits every node once, operands first, and remembers the result on the node, so a shared
part is worked on once however often it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from closedform.core.expr import Expr, Op, node
from closedform.core.shape import Shape

REWRITERS: list[Callable[[Expr], Expr | None]] = []  #: what makes canonical nodes simpler; `core.rewrite` enters here


def normal(e: Expr) -> Expr:
    """The normal form of an expression: an equal expression in canonical shape, with no rule left to apply."""
    if e.is_normal:
        return e
    stack = [e]
    while stack:
        top = stack[-1]
        if top.is_normal or top.normal is not None:
            stack.pop()
            continue
        waiting = [a for a in top.args if not a.is_normal and a.normal is None]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        found = _canonical(top)
        if found is not top:
            top.normal = found
    return e if e.normal is None else e.normal


def _canonical(e: Expr) -> Expr:
    op = e.op
    if op.kind == "leaf":
        e.is_normal = True
        return e
    return applied(op, [a if a.normal is None else a.normal for a in e.args])


def applied(op: Op, args: Sequence[Expr]) -> Expr:
    """The normal form of an operation on operands in normal form, without a node of what is written."""
    return op.canonical(*args) if op.canonical is not None else finish(op, tuple(args))


def finish(op: Op, args: tuple[Expr, ...], shape: Shape | None = None) -> Expr:
    """A node whose operands are canonical: apply the rules, and mark the outcome as normal.

    The last act of every `canonical` function; one that knows the shape says so.
    """
    e = node(op, args, known=shape)
    if e.is_normal:
        return e
    if e.normal is None:
        for rewriter in REWRITERS:
            simpler = rewriter(e)
            if simpler is not None:
                e.normal = normal(simpler)
                return e.normal
        e.is_normal = True
        return e
    return e.normal
