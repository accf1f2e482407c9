"""How operations are written down: decorators that turn one short rule into an operation's record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from closedform.core.expr import Expr, Op
from closedform.core.signature import Signature

Rule = Callable[..., Any]


def _signatures(text: str) -> tuple[Signature, ...]:
    return tuple(Signature(t) for t in text.split("|"))


def leaf(name: str, doc: str, *, latex: str = "", code: str = "", weight: int = 0) -> Op:
    """An operation without operands."""
    return Op(name=name, kind="leaf", doc=doc, latex=latex, code=code, weight=weight)


def multilinear(shapes: str, **facts: Any) -> Callable[[Rule], Op]:
    """An operation linear in each operand; the rule is its adjoint, `(slot, args, Y) -> cotangent`.

    Its differential needs no rule: the engine puts the differential in each slot in turn.
    """

    def record(rule: Rule) -> Op:
        return Op(
            name=rule.__name__,
            kind="multilinear",
            signatures=_signatures(shapes),
            adjoint=rule,
            doc=rule.__doc__ or "",
            **facts,
        )

    return record


def function(shapes: str, **facts: Any) -> Callable[[Rule], Op]:
    """A nonlinear operation; the rule is its differential, `(X, dX) -> dF`."""

    def record(rule: Rule) -> Op:
        return Op(
            name=rule.__name__,
            kind="function",
            signatures=_signatures(shapes),
            differential=rule,
            doc=rule.__doc__ or "",
            **facts,
        )

    return record


def elementwise(name: str, derivative: Callable[[Expr, Expr], Expr], doc: str, **facts: Any) -> Op:
    """A function applied entry by entry; `derivative(x, y)` is f'(x), with y = f(x) at hand."""
    return Op(
        name=name,
        kind="elementwise",
        signatures=_signatures("(m,n) -> (m,n)"),
        differential=derivative,
        turns=True,
        doc=doc,
        **facts,
    )
