"""One factorisation for every solve, inverse and determinant of a matrix.

Symmetric positive definite matrices are factored by Cholesky; Z'Z, symmetric ones that a diagonal was added to, and
others that are used twice, by Cholesky where that succeeds and by LU where it does not; the rest by LU.
"""

from __future__ import annotations

from collections.abc import Sequence

from closedform.core.expr import topological
from closedform.program.term import Plan, Term

FACTORED = ("solve", "solve_transposed", "inverse", "logdet")  #: instructions that factor their first operand


def share_factorisations(plan: Plan, roots: Sequence[Term]) -> list[Term]:
    """The same programs with every matrix factored once."""
    order = topological(roots)
    users: dict[Term, int] = {}
    for t in order:
        if t.op in FACTORED:
            users[t.args[0]] = users.get(t.args[0], 0) + 1
    kinds = {A: kind for A, n in users.items() if (kind := _kind(plan, A, n))}
    if not kinds:
        return list(roots)
    new: dict[Term, Term] = {}
    for t in order:
        args = tuple(new[a] for a in t.args)
        kind = kinds.get(t.args[0], "") if t.op in FACTORED else ""
        if not kind:
            new[t] = t if args == t.args else plan.make(t.op, args, t.axes, t.data)
        else:
            factor = plan.make(kind, args[:1], args[0].axes)
            new[t] = plan.make(f"{kind}_{t.op}", (factor, *args[1:]), t.axes)
    return [new[r] for r in roots]


def _kind(plan: Plan, A: Term, uses: int) -> str:
    """How a matrix is factored; empty where the library's own call does."""
    if A in plan.definite:
        return "cholesky"
    if A.op == "matmul" and plan.are_mirrored(*A.args):
        return "factor"
    shifted = A.op == "plus_diagonal" and A.args[0].op != "matmul"  # a product may be thin, and solved by its factors
    if uses == 1 and not (shifted and A in plan.symmetric):
        return ""
    return "factor" if A in plan.symmetric else "lu"
