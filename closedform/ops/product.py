"""The matrix product, the transpose, and powers of a square matrix."""

from __future__ import annotations

from closedform.core.expr import Expr, number
from closedform.core.op import function, multilinear
from closedform.errors import NotSupported


@multilinear("(m,n) (n,p) -> (m,p)", associative=True, code=" @ ", latex=" ")
def matmul(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """A B ⋯ C.  Adjoint around the slot: ⟨Y, L dX R⟩ = ⟨Lᵀ Y Rᵀ, dX⟩."""
    for A in args[:slot]:
        Y = A.T @ Y
    for A in reversed(args[slot + 1 :]):
        Y = Y @ A.T
    return Y


@multilinear("(m,n) -> (n,m)", code="{0}.T", latex=r"{0}^{{\top}}")
def transpose(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """Aᵀ.  Adjoint: ⟨Y, dAᵀ⟩ = ⟨Yᵀ, dA⟩."""
    return Y.T


@function("(n,n) -> (n,n)", latex=r"{0}^{{-1}}", code="np.linalg.inv({0})", domain="det({0}) ≠ 0")
def inv(X: Expr, dX: Expr) -> Expr:
    """The inverse.  From X X⁻¹ = I:  dX⁻¹ = −X⁻¹ dX X⁻¹."""
    return -(inv(X) @ dX @ inv(X))


@function("(n,n) (1,1) -> (n,n)", latex=r"{0}^{{{1}}}", code="np.linalg.matrix_power({0}, {1})")
def matpow(X: Expr, k: Expr, dX: Expr | None, dk: Expr | None) -> Expr:
    """Xᵏ for an integer k.  d(Xᵏ) = Σᵢ Xⁱ dX Xᵏ⁻¹⁻ⁱ, i = 0 … k−1; for k < 0 that of X⁻¹ in its place."""
    if dk is not None:
        raise NotSupported("the exponent of a matrix power is an integer; there is no derivative by it")
    if dX is None or k.op.name != "number" or abs(k.data) > 64:
        raise NotSupported("the derivative of a matrix power with a symbolic or large exponent is a sum of that many terms")
    if k.data < 0:
        return matpow(inv(X), -k, -(inv(X) @ dX @ inv(X)), None)
    terms = [_powers(X, i, dX, int(k.data) - 1 - i) for i in range(int(k.data))]
    total = terms[0]
    for t in terms[1:]:
        total = total + t
    return total


def _powers(X: Expr, left: int, dX: Expr, right: int) -> Expr:
    before = [matpow(X, number(left))] if left else []
    after = [matpow(X, number(right))] if right else []
    factors = [*before, dX, *after]
    return matmul(*factors) if len(factors) > 1 else dX
