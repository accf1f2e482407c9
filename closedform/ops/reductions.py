"""Sums, norms, maximum, log-sum-exp and softmax: operations that look at all entries at once."""

from __future__ import annotations

from fractions import Fraction

from closedform.core.expr import OPS, Expr, number, ones, size_of
from closedform.core.normal import finish
from closedform.core.op import function, multilinear
from closedform.core.shape import ONE
from closedform.ops import elementwise as entry
from closedform.ops.arithmetic import canonical_power, canonical_product, canonical_scale, canonical_sum
from closedform.ops.chain import canonical_chain
from closedform.ops.product import upright


def canonical_total(X: Expr) -> Expr:
    """Linear; of a product a chain between columns of ones; of squares a norm; of a softmax 1."""
    name = X.op.name
    if X.is_scalar:
        return X
    if name == "add":
        return canonical_sum(*map(canonical_total, X.args))
    if name == "scale":
        return canonical_scale(X.args[0], canonical_total(X.args[1]))
    if name == "ones":
        return canonical_product(size_of(X.shape[0]), size_of(X.shape[1]))
    if name == "softmax":
        return number(1)
    if name in ("eye", "zeros"):
        return size_of(X.shape[0]) if name == "eye" else number(0)
    if name in ("diag", "vec"):
        return canonical_total(X.args[0])
    if name == "kron":
        return canonical_product(*map(canonical_total, X.args))
    if name == "matmul":
        return canonical_chain(ones((ONE, X.shape[0])), X, ones((X.shape[1], ONE)))
    if name == "power" and X.args[1].op.name == "number" and X.args[1].data == 2:
        return canonical_power(canonical_norm2(X.args[0]), number(2))
    if name == "hadamard" and len(X.args) == 2 and (chain := _product_of_columns(X)) is not None:
        return chain
    t = upright(X)
    return canonical_total(t) if t is not None and t.op is not sum else finish(sum, (X,))


def _product_of_columns(X: Expr) -> Expr | None:
    """sum(u ⊙ A x) = uᵀ A x, for columns of which one is a product."""
    u, v = X.args
    if X.shape[1] is not ONE:
        return None
    if u.op.name == "matmul":
        u, v = v, u
    return canonical_chain(OPS["transpose"].canonical(u), v) if v.op.name == "matmul" else None


@multilinear("(m,n) -> (1,1)", canonical=canonical_total, code="np.sum({0})", latex=r"\operatorname{{sum}}({0})")
def sum(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The sum of all entries.  Adjoint: ⟨y, sum dA⟩ = ⟨y 𝟏𝟏ᵀ, dA⟩."""
    return Y * ones(args[0].shape)


def canonical_norm1(X: Expr) -> Expr:
    """The sum of absolute values, written so."""
    return canonical_total(OPS["abs"].canonical(X))


@function(
    "(m,n) -> (1,1)",
    canonical=canonical_norm1,
    code="np.abs({0}).sum()",
    latex=r"\lVert {0} \rVert_1",
    domain="{0} ≠ 0 entry by entry",
)
def norm1(X: Expr, dX: Expr) -> Expr:
    """The sum of absolute values.  d‖X‖₁ = ⟨sign X, dX⟩."""
    return sum(entry.sign(X) * dX)


def canonical_norm2(X: Expr) -> Expr:
    """‖cX‖ = |c| ‖X‖; of a scalar the absolute value; of a transpose, of vec X and of diag u the same."""
    if X.is_scalar:
        return OPS["abs"].canonical(X)
    if X.op.name == "scale":
        return canonical_product(OPS["abs"].canonical(X.args[0]), canonical_norm2(X.args[1]))
    if X.op.name in ("vec", "diag", "transpose"):
        return canonical_norm2(X.args[0])
    if X.op.name == "kron":
        return canonical_product(*map(canonical_norm2, X.args))
    if X.op.name in ("ones", "eye", "zeros"):
        return canonical_power(canonical_total(X), number(Fraction(1, 2)))
    t = upright(X)
    return finish(norm2, (X if t is None else t,))


@function(
    "(m,n) -> (1,1)",
    canonical=canonical_norm2,
    code="norm({0})",
    latex=r"\lVert {0} \rVert",
    domain="{0} ≠ 0",
)
def norm2(X: Expr, dX: Expr) -> Expr:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix.  d‖X‖ = ⟨X, dX⟩/‖X‖."""
    return sum(X * dX) / norm2(X)


def canonical_logsumexp(x: Expr) -> Expr:
    """Of a row, that of the column."""
    t = upright(x)
    return finish(logsumexp, (x if t is None else t,))


@function(
    "(n,1) -> (1,1) | (1,n) -> (1,1)",
    canonical=canonical_logsumexp,
    code="logsumexp({0})",
    latex=r"\operatorname{{logsumexp}}({0})",
)
def logsumexp(x: Expr, dx: Expr) -> Expr:
    """log Σ exp xᵢ.  Its differential is ⟨softmax x, dx⟩."""
    return sum(softmax(x) * dx)


def canonical_softmax(x: Expr) -> Expr:
    """Of a row, the row of the column's."""
    t = upright(x)
    return finish(softmax, (x,)) if t is None else OPS["transpose"].canonical(canonical_softmax(t))


@function(
    "(n,1) -> (n,1) | (1,n) -> (1,n)",
    canonical=canonical_softmax,
    code="softmax({0})",
    latex=r"\operatorname{{softmax}}({0})",
)
def softmax(x: Expr, dx: Expr) -> Expr:
    """exp x / sum(exp x).  With s = softmax x: ds = s ⊙ dx − s ⟨s, dx⟩."""
    s = softmax(x)
    return s * dx - sum(s * dx) * s


@function(
    "(m,n) -> (m,n)",
    code="ismax({0})",
    turns=True,
    latex=r"\operatorname{{ismax}}({0})",
    domain="the largest entry of {0} is unique",
)
def ismax(X: Expr, dX: Expr) -> Expr:
    """1 at the largest entry and 0 elsewhere; constant wherever the largest entry is unique."""
    return 0 * dX


@function("(m,n) -> (1,1)", code="np.max({0})", latex=r"\max({0})", domain="the largest entry of {0} is unique")
def max(X: Expr, dX: Expr) -> Expr:
    """The largest entry, where it is unique: d max X = ⟨ismax X, dX⟩."""
    return sum(ismax(X) * dX)
