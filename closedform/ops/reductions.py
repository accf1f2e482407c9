"""Sums, norms, maximum, log-sum-exp and softmax: operations that look at all entries at once."""

from __future__ import annotations

from closedform.core.expr import Expr, ones
from closedform.core.op import function, multilinear
from closedform.ops import elementwise as entry


@multilinear("(m,n) -> (1,1)", code="np.sum({0})", latex=r"\operatorname{{sum}}({0})")
def sum(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The sum of all entries.  Adjoint: ⟨y, sum dA⟩ = ⟨y 𝟏𝟏ᵀ, dA⟩."""
    return Y * ones(args[0].shape)


@function("(m,n) -> (1,1)", code="np.abs({0}).sum()", latex=r"\lVert {0} \rVert_1", domain="{0} ≠ 0 entry by entry")
def norm1(X: Expr, dX: Expr) -> Expr:
    """The sum of absolute values.  d‖X‖₁ = ⟨sign X, dX⟩."""
    return sum(entry.sign(X) * dX)


@function("(m,n) -> (1,1)", code="np.linalg.norm({0})", latex=r"\lVert {0} \rVert", domain="{0} ≠ 0")
def norm2(X: Expr, dX: Expr) -> Expr:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix.  d‖X‖ = ⟨X, dX⟩/‖X‖."""
    return sum(X * dX) / norm2(X)


@function("(n,1) -> (1,1) | (1,n) -> (1,1)", code="logsumexp({0})", latex=r"\operatorname{{logsumexp}}({0})")
def logsumexp(x: Expr, dx: Expr) -> Expr:
    """log Σ exp xᵢ.  Its differential is ⟨softmax x, dx⟩."""
    return sum(softmax(x) * dx)


@function("(n,1) -> (n,1) | (1,n) -> (1,n)", code="softmax({0})", latex=r"\operatorname{{softmax}}({0})")
def softmax(x: Expr, dx: Expr) -> Expr:
    """exp x / sum(exp x).  With s = softmax x: ds = s ⊙ dx − s ⟨s, dx⟩."""
    s = softmax(x)
    return s * dx - sum(s * dx) * s


@function("(m,n) -> (1,1)", code="np.max({0})", latex=r"\max({0})", domain="the largest entry of {0} is unique")
def max(X: Expr, dX: Expr) -> Expr:
    """The largest entry, where it is unique: d max X = ⟨E, dX⟩, E the 0/1 matrix 1 + sign(X − max X)."""
    return sum((1 + entry.sign(X - max(X) * ones(X.shape))) * dX)
