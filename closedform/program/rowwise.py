"""What is taken row by row as one instruction, for languages that then take fewer passes over the matrix."""

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


def with_dots(roots: Sequence[Term]) -> list[Term]:
    """The same terms, with `rowdots` and `columndots` for the sums of A ⊙ B, or of squares, along an axis."""
    return with_instructions(roots, _dots)


def _dots(t: Term, uses: Mapping[Term, int]) -> Found | None:
    if t.op != "sum_over" or uses[t.args[0]] != 1:
        return None
    product = t.args[0]
    square = product.op == "power" and product.args[1].value == 2
    A, B = (product.args[0], product.args[0]) if square else product.args if product.op == "multiply" else (None, None)
    if A is None or B is None or not A.axes == B.axes == product.axes:
        return None
    across = A.op == B.op == "transpose"
    operands = (A.args[0], B.args[0]) if across else (A, B)
    return ("rowdots" if (t.data == 1) is not across else "columndots"), operands
