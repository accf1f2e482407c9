"""The transpose of a linear map: from df = ⟨G, dX⟩ to G, in one reverse sweep.

Each linear operation states its adjoint; cotangents of shared parts are added up before they flow on.
Source: the first identification theorem, Magnus & Neudecker, 3rd ed. (2019), ch. 5 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence

from closedform.core.expr import OPS, Expr, number, topological, zeros
from closedform.core.normal import applied, normal
from closedform.errors import NotSupported


def transpose(df: Expr, differentials: Sequence[Expr], seed: Expr | None = None) -> list[Expr]:
    """The cotangent of every differential.

    Args:
        df: an expression linear in `differentials`.
        differentials: symbols dX, dY, …
        seed: the cotangent of `df`, of its shape; 1 for a scalar.

    Returns:
        For each dX the expression G, of its shape, with ⟨seed, df⟩ = Σ ⟨G, dX⟩.

    Raises:
        NotSupported: an operation between has no adjoint in matrix notation.
    """
    order = topological([df])
    depends = set(differentials)
    for e in order:
        if any(a in depends for a in e.args):
            depends.add(e)
    arriving: dict[Expr, list[Expr]] = {df: [seed if seed is not None else number(1)]}
    for e in reversed(order):
        if e not in depends or e not in arriving or not e.args:
            continue
        Y = _total(arriving.pop(e))
        if e.op.adjoint is None:
            raise NotSupported(f"the derivative of {e.op.name} has no transpose in matrix notation")
        for slot, a in enumerate(e.args):
            if a in depends:
                back = e.op.adjoint(slot, e.args, Y)
                assert back is not None  # the operand depends on the variable
                arriving.setdefault(a, []).append(normal(back))
    return [_total(arriving[d]) if d in arriving else zeros(d.shape) for d in differentials]


def _total(terms: list[Expr]) -> Expr:
    return terms[0] if len(terms) == 1 else applied(OPS["add"], terms)
