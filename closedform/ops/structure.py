"""Rearrangements: diagonals, Kronecker products, vec."""

from __future__ import annotations

from closedform.core.expr import Expr
from closedform.core.op import multilinear
from closedform.errors import NotSupported


@multilinear("(n,1) -> (n,n) | (1,n) -> (n,n)", code="np.diag({0})", latex=r"\operatorname{{diag}}({0})")
def diag(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The diagonal matrix of a vector.  Adjoint: ⟨Y, diag(da)⟩ = ⟨diagonal Y, da⟩."""
    column = diagonal(Y)
    return column if column.shape == args[0].shape else column.T


@multilinear("(n,n) -> (n,1)", code="np.diagonal({0})", latex=r"\operatorname{{diag}}({0})")
def diagonal(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The diagonal of a square matrix, as a column.  Adjoint: ⟨y, diagonal dA⟩ = ⟨diag y, dA⟩."""
    return diag(Y)


@multilinear("(m,n) (p,q) -> (m*p,n*q)", associative=True, code="np.kron({0}, {1})", latex=r" \otimes ")
def kron(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The Kronecker product A ⊗ B, blocks aᵢⱼ B."""
    raise NotSupported("the gradient of a Kronecker product needs index notation, which this version does not have")


@multilinear("(m,n) -> (m*n,1)", code="np.ravel({0}, order='F')", latex=r"\operatorname{{vec}}({0})")
def vec(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The columns stacked."""
    raise NotSupported("the gradient through vec needs index notation, which this version does not have")
