"""The numbers x' S⁻¹ x for the columns x of a matrix, and their sum, as one instruction: by one triangular solve.

With S = L L' each is the square of L⁻¹x.  For languages that call functions of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.program.grams import are_turned
from closedform.program.term import Found, Term, with_instructions

SOLVES = ("cholesky_solve", "factor_solve")  #: of symmetric matrices


def with_quadratics(roots: Sequence[Term]) -> list[Term]:
    """The same terms, with `…_quadratics` for the diagonal of B' S⁻¹ B, and `…_quadratic` for its trace.

    What has another use than these stays what it is.
    """
    return with_instructions(roots, _quadratic)


def _quadratic(t: Term, uses: Mapping[Term, int]) -> Found | None:
    """The instruction that a sum of products is, with the factorisation and B."""
    if t.op == "dot":
        product, axes = t, {0, 1}
    elif t.op == "sum_over" and t.args[0].op == "multiply" and uses[t.args[0]] == 1:
        product, axes = t.args[0], {int(t.data == 1)}
    else:
        return None
    for x, y in (product.args, product.args[::-1]):
        solved = y.args[0] if y.op == "transpose" else y
        if solved.op not in SOLVES or solved.rank < 2 or uses[y] != 1 or uses[solved] != 1:
            continue
        F, B = solved.args
        if (0 in axes and y is solved and x is B) or (1 in axes and y is not solved and are_turned(x, B)):
            return solved.op.replace("solve", "quadratic" if t.op == "dot" else "quadratics"), (F, B)
    return None
