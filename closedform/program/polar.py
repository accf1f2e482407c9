"""M (M'M)^(-1/2), the orthogonal factor of M, in a product of matrices; it is the derivative of the nuclear norm.

By singular values it is U V': M is not multiplied by itself, which would lose half of the digits.
Source: Higham, Functions of Matrices (2008), 8.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from closedform.core.expr import Expr
from closedform.core.normal import normal


@dataclass(frozen=True, slots=True)
class Polar:
    """The orthogonal factor of a product, or its transpose.

    Attributes:
        of: the factors of M.
        turned: whether it is (M'M)^(-1/2) M'.
    """

    of: tuple[Expr, ...]
    turned: bool


def with_polar(args: Sequence[Expr]) -> list[Expr | Polar]:
    """The factors of a product, orthogonal ones found.

    >>> from closedform import derivative, parse
    >>> D = derivative(parse("normnuc(A*B)", shapes={"A": ("m", "k"), "B": ("k", "n")}), "A")
    >>> with_polar(D.expr.args)
    [Polar(of=(A, B), turned=False), B']
    """
    found, k = list[Expr | Polar](), 0
    while k < len(args):
        M = _rooted(args[k])
        n = len(M)
        if n and found[-n:] == M:
            found[-n:] = [Polar(tuple(M), False)]
        elif n and list(args[k + 1 : k + 1 + n]) == [_turned(f) for f in reversed(M)]:
            found.append(Polar(tuple(M), True))
            k += n
        else:
            found.append(args[k])
        k += 1
    return found


def _rooted(e: Expr) -> list[Expr]:
    """The factors of M, if this is (M'M)^(-1/2); else none."""
    for name in ("inv", "sqrtm", "matmul"):
        if e.op.name != name or e.is_scalar:
            return []
        args, e = e.args, e.args[0]
    half = len(args) // 2
    M = list(args[half:])
    return M if len(args) % 2 == 0 and [_turned(f) for f in reversed(M)] == list(args[:half]) else []


def _turned(e: Expr) -> Expr:
    return normal(e.T)
