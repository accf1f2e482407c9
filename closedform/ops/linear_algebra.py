"""Trace, determinants and the adjugate.

Source of the rules: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 8.
"""

from __future__ import annotations

from closedform.core.expr import OPS, Expr, eye, number, size_of
from closedform.core.normal import finish
from closedform.core.op import function, multilinear
from closedform.core.terms import join
from closedform.ops.arithmetic import canonical_power, canonical_product, canonical_scale, canonical_sum
from closedform.ops.chain import trace_of_chain
from closedform.ops.product import inv, upright


def canonical_trace(X: Expr) -> Expr:
    """Linear; cyclic; tr(diag u) = sum(u); tr(Aᵀ) = tr(A); through a narrow place a scalar product."""
    name = X.op.name
    if X.is_scalar:
        return X
    if name == "add":
        return canonical_sum(*map(canonical_trace, X.args))
    if name == "scale":
        return canonical_scale(X.args[0], canonical_trace(X.args[1]))
    if name in ("eye", "ones"):
        return size_of(X.shape[0])
    if name == "zeros":
        return number(0)
    if name == "diag":
        return OPS["sum"].canonical(X.args[0])
    if name == "matmul":
        return trace_of_chain(X.args)
    if name == "kron" and all(a.shape[0] is a.shape[1] for a in X.args):
        return canonical_product(*map(canonical_trace, X.args))
    t = upright(X)
    return finish(tr, (X if t is None else t,))


@multilinear("(n,n) -> (1,1)", canonical=canonical_trace, code="np.trace({0})", latex=r"\operatorname{{tr}}({0})")
def tr(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The trace.  Adjoint: ⟨y, tr dA⟩ = ⟨y I, dA⟩."""
    return Y * eye(args[0].shape[0])


def canonical_det(X: Expr) -> Expr:
    """det(cA) = cⁿ det A; of inverses and powers; of a transpose; of a Kronecker product."""
    name = X.op.name
    if X.is_scalar or name == "eye":
        return X if X.is_scalar else number(1)
    if name == "scale":
        return canonical_product(canonical_power(X.args[0], size_of(X.shape[0])), canonical_det(X.args[1]))
    if name == "inv":
        return canonical_power(canonical_det(X.args[0]), number(-1))
    if name == "matpow":
        return canonical_power(canonical_det(X.args[0]), X.args[1])
    if name == "kron" and (sizes := _square_sizes(X)):
        a, b = X.args
        return canonical_product(
            canonical_power(canonical_det(a), sizes[1]), canonical_power(canonical_det(b), sizes[0])
        )
    t = upright(X)
    return finish(det, (X if t is None else t,))


def _square_sizes(X: Expr) -> list[Expr]:
    """The sizes of both factors of a Kronecker product of square matrices."""
    square = len(X.args) == 2 and all(a.shape[0] is a.shape[1] for a in X.args)
    return [size_of(a.shape[0]) for a in X.args] if square else []


@function("(n,n) -> (1,1)", canonical=canonical_det, code="np.linalg.det({0})", latex=r"\det({0})")
def det(X: Expr, dX: Expr) -> Expr:
    """The determinant.  Jacobi: d det X = det(X) tr(X⁻¹ dX); X nonsingular."""
    return det(X) * tr(inv(X) @ dX)


def canonical_logdet(X: Expr) -> Expr:
    """log|det| of inverses, powers, transposes and Kronecker products."""
    name = X.op.name
    if X.is_scalar:
        return OPS["log"].canonical(OPS["abs"].canonical(X))
    if name == "eye":
        return number(0)
    if name == "inv":
        return join(-1, canonical_logdet(X.args[0]))
    if name == "matpow":
        return canonical_product(X.args[1], canonical_logdet(X.args[0]))
    if name == "kron" and (sizes := _square_sizes(X)):
        a, b = X.args
        return canonical_sum(
            canonical_product(sizes[1], canonical_logdet(a)), canonical_product(sizes[0], canonical_logdet(b))
        )
    t = upright(X)
    return finish(logdet, (X if t is None else t,))


@function(
    "(n,n) -> (1,1)",
    canonical=canonical_logdet,
    code="np.linalg.slogdet({0})[1]",
    latex=r"\log\left|\det({0})\right|",
    domain="det({0}) ≠ 0",
)
def logdet(X: Expr, dX: Expr) -> Expr:
    """log |det X|.  d log |det X| = tr(X⁻¹ dX)."""
    return tr(inv(X) @ dX)


def canonical_adj(X: Expr) -> Expr:
    """The adjugate of a transpose is the transpose of the adjugate; at 1×1 it is 1."""
    if X.is_scalar or X.op.name == "eye":
        return number(1) if X.is_scalar else X
    t = upright(X)
    return finish(adj, (X,)) if t is None else OPS["transpose"].canonical(canonical_adj(t))


@function(
    "(n,n) -> (n,n)",
    canonical=canonical_adj,
    turns=True,
    code="adjugate({0})",
    latex=r"\operatorname{{adj}}({0})",
    domain="det({0}) ≠ 0",
)
def adj(X: Expr, dX: Expr) -> Expr:
    """The adjugate, det(X) X⁻¹.  d adj X = det(X) (tr(X⁻¹ dX) X⁻¹ − X⁻¹ dX X⁻¹); X nonsingular."""
    return det(X) * (tr(inv(X) @ dX) * inv(X) - inv(X) @ dX @ inv(X))
