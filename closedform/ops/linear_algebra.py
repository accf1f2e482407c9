"""Trace, determinants and the adjugate.

Source of the rules: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 8.
"""

from __future__ import annotations

from closedform.core.expr import Expr, eye
from closedform.core.op import function, multilinear
from closedform.ops.product import inv


@multilinear("(n,n) -> (1,1)", code="np.trace({0})", latex=r"\operatorname{{tr}}({0})")
def tr(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The trace.  Adjoint: ⟨y, tr dA⟩ = ⟨y I, dA⟩."""
    return Y * eye(args[0].shape[0])


@function("(n,n) -> (1,1)", code="np.linalg.det({0})", latex=r"\det({0})", domain="det({0}) ≠ 0")
def det(X: Expr, dX: Expr) -> Expr:
    """The determinant.  Jacobi: d det X = det(X) tr(X⁻¹ dX); X nonsingular."""
    return det(X) * tr(inv(X) @ dX)


@function("(n,n) -> (1,1)", code="np.linalg.slogdet({0})[1]", latex=r"\log\left|\det({0})\right|", domain="det({0}) ≠ 0")
def logdet(X: Expr, dX: Expr) -> Expr:
    """log |det X|.  d log |det X| = tr(X⁻¹ dX)."""
    return tr(inv(X) @ dX)


@function("(n,n) -> (n,n)", code="adjugate({0})", latex=r"\operatorname{{adj}}({0})", domain="det({0}) ≠ 0")
def adj(X: Expr, dX: Expr) -> Expr:
    """The adjugate, det(X) X⁻¹.  d adj X = tr(X⁻¹ dX) adj X − X⁻¹ dX adj X; X nonsingular."""
    return tr(inv(X) @ dX) * adj(X) - inv(X) @ dX @ adj(X)
