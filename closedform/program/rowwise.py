"""Softmaxes by rows as two instructions, for languages that take them in fewer passes over the matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.program.term import Found, Term, with_instructions


def with_rows(roots: Sequence[Term], *, exponentials: bool = False) -> list[Term]:
    """The same terms, with `rowslope` for E ⊙ (H − h 𝟏') and, if wanted, `rowexp` for exp(Z − rowmax(Z) 𝟏')."""

    def find(t: Term, uses: Mapping[Term, int]) -> Found | None:
        return _slope(t, uses) or (_exponential(t, uses) if exponentials else None)

    return with_instructions(roots, find)


def _slope(t: Term, uses: Mapping[Term, int]) -> Found | None:
    """H, E and r of E ⊙ (C − h 𝟏'), C being H centred by E, and h the row sums of E ⊙ C times r."""
    if t.op != "multiply" or t.args[1].op != "subtract" or t.args[1].args[1].op != "column":
        return None
    E, (C, column) = t.args[0], t.args[1].args
    (h,) = column.args
    if C.op != "rowcentred" or C.args[1] is not E or uses[C] != 2 or h.op != "multiply" or h.args[0].op != "sum_over":
        return None
    (product,) = h.args[0].args
    fits = product.op == "multiply" and product.args == (E, C) and h.args[0].data == 1
    return ("rowslope", (C.args[0], E, h.args[1])) if fits else None


def _exponential(t: Term, uses: Mapping[Term, int]) -> Found | None:
    if t.op != "exp" or t.args[0].op != "subtract" or t.args[0].args[1].op != "column" or uses[t.args[0]] != 1:
        return None
    Z, column = t.args[0].args
    (top,) = column.args
    fits = top.op == "rowmax" and top.args == (Z,) and uses[Z] == 2 and uses[top] == uses[column] == 1
    return ("rowexp", (Z,)) if fits else None
