"""Sparse matrices: which programs take them, so that they stay sparse.

A program multiplies, scales, adds, transposes and sums a sparse matrix; what would fill it up is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from closedform.errors import NotSupported
from closedform.program.source import Program
from closedform.program.term import Term

Kinds = list[bool]  #: for each operand, whether it is sparse


def _scaled(t: Term, kinds: Kinds) -> bool | None:
    return True if not kinds[1] and t.args[1].rank == 0 else None


def _powered(t: Term, kinds: Kinds) -> bool | None:
    exponent = t.args[1].value
    return True if exponent is not None and exponent >= 1 else None


#: instructions that take sparse matrices, and whether the result is sparse; None where it cannot be had
RULES: dict[str, Callable[[Term, Kinds], bool | None]] = {
    **dict.fromkeys(["transpose", "negative", "multiply"], lambda t, kinds: True),
    **dict.fromkeys(["add", "subtract", "matmul"], lambda t, kinds: all(kinds)),
    **dict.fromkeys(["matvec", "vecmat", "sum", "sum_over", "rowdots", "columndots", "rows"], lambda t, kinds: False),
    "take": lambda t, kinds: True,
    **dict.fromkeys(["weighted_gram", "signed_gram"], lambda t, kinds: True if kinds == [True, False] else None),
    "divide": _scaled,
    "power": _powered,
}


def check_sparse(p: Program, names: Collection[str]) -> None:
    """Whether a program takes these variables as sparse matrices.

    Raises:
        NotSupported: an instruction needs one of them, or what is made of it, as a dense array.
    """
    sparse: dict[Term, bool] = {}
    for t in p.order:
        kinds = [sparse[a] for a in t.args]
        found: bool | None = t.op == "variable" and t.data in names
        if any(kinds):
            found = RULES[t.op](t, kinds) if t.op in RULES else None
        if found is None:
            raise NotSupported(
                f"{t.op} of a sparse matrix would fill it up, or has no code",
                hint="give it as a dense array: X.toarray()",
            )
        sparse[t] = found
