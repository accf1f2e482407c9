"""Normal form: the driver.  What is canonical is stated by each operation, what is simpler by the rules.

`normal(e)` visits every node once, operands first, and remembers the result on the node, so a shared
part is worked on once however often it is used.
"""

from __future__ import annotations

from collections.abc import Callable

from closedform.core.expr import Expr, Op, node

REWRITERS: list[Callable[[Expr], Expr | None]] = []  #: what else makes a canonical node simpler; `core.rewrite` enters here


def normal(e: Expr) -> Expr:
    """The normal form of an expression: an equal expression in canonical shape, with no rule left to apply."""
    if e.normal is not None:
        return e.normal
    stack = [e]
    while stack:
        top = stack[-1]
        if top.normal is not None:
            stack.pop()
            continue
        waiting = [a for a in top.args if a.normal is None]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        top.normal = _canonical(top)
    assert e.normal is not None
    return e.normal


def _canonical(e: Expr) -> Expr:
    op = e.op
    if op.kind == "leaf":
        return e
    args = tuple([a.normal for a in e.args])  # known: operands were visited first
    if op.canonical is not None:
        return op.canonical(*args)
    return finish(op, args)


def finish(op: Op, args: tuple[Expr, ...]) -> Expr:
    """A node whose operands are canonical: apply the rules, and mark the outcome as normal.

    The last act of every `canonical` function.
    """
    e = node(op, args)
    if e.normal is None:
        e.normal = e
        for rewriter in REWRITERS:
            simpler = rewriter(e)
            if simpler is not None:
                e.normal = None
                e.normal = normal(simpler)
                break
    return e.normal
