"""Sums, scalar multiples, entry-by-entry products and powers.

Entry by entry, scalars are the 1×1 case: `hadamard` and `power` serve both.
"""

from __future__ import annotations

from closedform.core.expr import Expr
from closedform.core.op import function, multilinear


@multilinear("(m,n) (m,n) -> (m,n)", associative=True, commutative=True, code=" + ", latex=" + ")
def add(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """A + B.  Adjoint in any slot: Y."""
    return Y


@multilinear("(1,1) (m,n) -> (m,n)", code=" * ", latex=r" \, ")
def scale(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """s A, a scalar times a matrix.  Adjoints: ⟨Y, ds A⟩ = ⟨Y, A⟩ ds and ⟨Y, s dA⟩ = ⟨s Y, dA⟩."""
    from closedform.ops.reductions import sum

    s, A = args
    return sum(Y * A) if slot == 0 else s * Y


@multilinear("(m,n) (m,n) -> (m,n)", associative=True, commutative=True, code=" * ", latex=r" \odot ")
def hadamard(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """A ⊙ B, entry by entry.  Adjoint in any slot: ⟨Y, A ⊙ dB⟩ = ⟨A ⊙ Y, dB⟩."""
    return hadamard(*args[:slot], *args[slot + 1 :], Y)


@function("(m,n) (1,1) -> (m,n) | (m,n) (m,n) -> (m,n)", code="{0} ** {1}", latex="{0}^{{{1}}}")
def power(x: Expr, p: Expr, dx: Expr | None, dp: Expr | None) -> Expr | None:
    """x^p, entry by entry.  d(x^p) = p x^(p−1) dx + x^p log(x) dp."""
    from closedform.ops.elementwise import log

    by_base = None if dx is None else p * x ** (p - 1) * dx
    by_exponent = None if dp is None else dp * (x**p * log(x))
    if by_base is None or by_exponent is None:
        return by_base if by_exponent is None else by_exponent
    return by_base + by_exponent
