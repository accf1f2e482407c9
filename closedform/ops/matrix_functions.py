"""Functions of a matrix as a whole.  `expm`, `logm` and `sqrtm` have closed forms under a trace, and `expm`
where the matrix commutes with its differential; elsewhere they are refused by name.

Source: N. J. Higham, Functions of Matrices (2008), ch. 3; G. H. Golub and V. Pereyra, The Differentiation of
Pseudo-Inverses (1973).
"""

from __future__ import annotations

from collections.abc import Callable

from closedform.core.expr import OPS, Expr, eye
from closedform.core.normal import finish, normal
from closedform.core.op import function
from closedform.errors import NotSupported
from closedform.ops.product import canonical_transpose, inv, upright
from closedform.ops.reductions import sum


def _upright(name: str) -> Callable[[Expr], Expr]:
    """f(Aᵀ) = f(A)ᵀ: the operand that stands upright is the canonical one."""

    def canonical(X: Expr) -> Expr:
        t = upright(X)
        return finish(OPS[name], (X,)) if t is None else canonical_transpose(canonical(t))

    return canonical


def _refuse(name: str) -> NotSupported:
    return NotSupported(
        f"the derivative of {name} is known here under a trace only, as in tr({name}(X))",
        hint="its general derivative is an integral; it will come with the Fréchet derivative",
    )


@function(
    "(n,n) -> (n,n)",
    latex=r"\operatorname{{expm}}({0})",
    code="scipy.linalg.expm({0})",
    on_trace=lambda X: OPS["expm"](X),
    turns=True,
    canonical=_upright("expm"),
)
def expm(X: Expr, dX: Expr) -> Expr:
    """The matrix exponential.  d tr eˣ = tr(eˣ dX); deˣ = dX eˣ where X and dX commute, as in X = t A."""
    if normal(X @ dX) is normal(dX @ X):
        return dX @ expm(X)
    raise _refuse("expm")


@function(
    "(n,n) -> (n,n)",
    latex=r"\operatorname{{logm}}({0})",
    code="scipy.linalg.logm({0})",
    domain="no eigenvalue of {0} on (-∞, 0]",
    on_trace=lambda X: inv(X),
    turns=True,
    canonical=_upright("logm"),
)
def logm(X: Expr, dX: Expr) -> Expr:
    """The principal matrix logarithm.  d tr log X = tr(X⁻¹ dX)."""
    raise _refuse("logm")


@function(
    "(n,n) -> (n,n)",
    latex=r"{0}^{{1/2}}",
    code="scipy.linalg.sqrtm({0})",
    domain="no eigenvalue of {0} on (-∞, 0]",
    on_trace=lambda X: inv(OPS["sqrtm"](X)) / 2,
    turns=True,
    canonical=_upright("sqrtm"),
)
def sqrtm(X: Expr, dX: Expr) -> Expr:
    """The principal matrix square root.  d tr X^½ = tr(X^(−½) dX)/2."""
    raise _refuse("sqrtm")


@function(
    "(m,n) -> (n,m)",
    latex=r"{0}^{{+}}",
    code="np.linalg.pinv({0})",
    domain="the rank of {0} does not change",
    turns=True,
    canonical=_upright("pinv"),
)
def pinv(A: Expr, dA: Expr) -> Expr:
    """The Moore–Penrose inverse.  dA⁺ = −A⁺ dA A⁺ + A⁺A⁺ᵀ dAᵀ (I − A A⁺) + (I − A⁺A) dAᵀ A⁺ᵀA⁺."""
    P, m, n = pinv(A), A.shape[0], A.shape[1]
    return P @ P.T @ dA.T @ (eye(m) - A @ P) + (eye(n) - P @ A) @ dA.T @ P.T @ P - P @ dA @ P


@function(
    "(m,n) -> (1,1)", latex=r"\lVert {0} \rVert_*", code="np.linalg.norm({0}, 'nuc')", domain="{0} has full column rank"
)
def normnuc(X: Expr, dX: Expr) -> Expr:
    """The sum of the singular values.  d‖X‖_* = ⟨X (XᵀX)^(−½), dX⟩ for X of full column rank."""
    return sum((X @ inv(sqrtm(X.T @ X))) * dX)
