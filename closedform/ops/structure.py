"""Rearrangements: diagonals, Kronecker products, vec and vech."""

from __future__ import annotations

from closedform.core.expr import OPS, Expr, eye, ones, zeros
from closedform.core.normal import finish
from closedform.core.op import multilinear
from closedform.core.shape import ONE, triangle
from closedform.errors import NotSupported
from closedform.ops.arithmetic import canonical_product, canonical_scale, canonical_sum
from closedform.ops.chain import canonical_chain, upright_column


def canonical_diag(u: Expr) -> Expr:
    """The identity of ones; multiples in front; of the column, never of the row."""
    if u.is_scalar:
        return u
    if u.shape[0] is ONE:
        return canonical_diag(OPS["transpose"].canonical(u))
    if u.op.name == "ones":
        return eye(u.shape[0])
    if u.op.name == "zeros":
        return canonical_chain(u, OPS["transpose"].canonical(u))
    if u.op.name == "scale":
        return canonical_scale(u.args[0], canonical_diag(u.args[1]))
    return finish(diag, (u,))


@multilinear(
    "(n,1) -> (n,n) | (1,n) -> (n,n)",
    canonical=canonical_diag,
    code="np.diag({0})",
    latex=r"\operatorname{{diag}}({0})",
)
def diag(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The diagonal matrix of a vector.  Adjoint: ⟨Y, diag(da)⟩ = ⟨diagonal Y, da⟩."""
    column = diagonal(Y)
    return column if column.shape == args[0].shape else column.T


def canonical_diagonal(X: Expr) -> Expr:
    """Linear; entry by entry; of an outer product and of A diag(v) B an entry-by-entry product."""
    name = X.op.name
    column = (X.shape[0], ONE)
    if X.is_scalar:
        return X
    if name == "add":
        return canonical_sum(*map(canonical_diagonal, X.args))
    if name == "scale":
        return canonical_scale(X.args[0], canonical_diagonal(X.args[1]))
    if name == "hadamard":
        return canonical_product(*map(canonical_diagonal, X.args))
    if name == "transpose":
        return canonical_diagonal(X.args[0])
    if name == "diag":
        return upright_column(X)
    if name in ("ones", "eye"):
        return ones(column)
    if name == "zeros":
        return canonical_chain(X, ones(column))
    if name == "power" and X.args[1].is_scalar:
        return OPS["power"].canonical(canonical_diagonal(X.args[0]), X.args[1])
    if X.op.kind == "elementwise":
        return X.op.canonical(canonical_diagonal(X.args[0]))
    if name == "matmul":
        return _diagonal_of_chain(X)
    return finish(diagonal, (X,))


def _diagonal_of_chain(X: Expr) -> Expr:
    turn = OPS["transpose"].canonical
    factors = X.args
    for i, f in enumerate(factors[:-1]):
        if f.shape[1] is ONE:
            left, right = (_run(part) for part in (factors[: i + 1], factors[i + 1 :]))
            return canonical_product(left, turn(right))
    for i, f in enumerate(factors):
        if f.op.name == "diag":
            left = _run(factors[:i]) if i else eye(X.shape[0])
            right = _run(factors[i + 1 :]) if i + 1 < len(factors) else eye(X.shape[0])
            return canonical_chain(canonical_product(left, turn(right)), upright_column(f))
    t = turn(X)
    if (t.size, t.order) < (X.size, X.order):
        X = t
    return finish(diagonal, (X,))


def _run(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else canonical_chain(*factors)


@multilinear(
    "(n,n) -> (n,1)", canonical=canonical_diagonal, code="np.diagonal({0})", latex=r"\operatorname{{diag}}({0})"
)
def diagonal(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The diagonal of a square matrix, as a column.  Adjoint: ⟨y, diagonal dA⟩ = ⟨diag y, dA⟩."""
    return diag(Y)


def canonical_kron(*args: Expr) -> Expr:
    """Scalars in front; identities merge; a column times a row is their product."""
    scalars = [a for a in args if a.is_scalar] + [a.args[0] for a in args if a.op.name == "scale"]
    factors: list[Expr] = []
    for a in args:
        core = a.args[1] if a.op.name == "scale" else a
        if core.op.name == "zeros":
            return zeros(kron.shape(args))
        if not core.is_scalar:
            factors += core.args if core.op is kron else [core]
    merged: list[Expr] = []
    for f in factors:
        if merged and merged[-1].op.name == f.op.name == "eye":
            merged[-1] = eye(merged[-1].shape[0] * f.shape[0])
        elif merged and merged[-1].op.name == f.op.name == "ones":
            merged[-1] = ones((merged[-1].shape[0] * f.shape[0], merged[-1].shape[1] * f.shape[1]))
        elif merged and (merged[-1].shape[1] is ONE and f.shape[0] is ONE):
            merged[-1] = canonical_chain(merged[-1], f)
        elif merged and (merged[-1].shape[0] is ONE and f.shape[1] is ONE):
            merged[-1] = canonical_chain(f, merged[-1])
        else:
            merged.append(f)
    core = canonical_product(*scalars) if not merged else merged[0] if len(merged) == 1 else finish(kron, tuple(merged))
    return canonical_scale(canonical_product(*scalars), core) if scalars and merged else core


@multilinear(
    "(m,n) (p,q) -> (m*p,n*q)", associative=True, canonical=canonical_kron, code="np.kron({0}, {1})", latex=r" \otimes "
)
def kron(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The Kronecker product A ⊗ B, blocks aᵢⱼ B."""
    raise NotSupported("a Kronecker product has no adjoint in matrix notation")


def canonical_vec(X: Expr) -> Expr:
    """Linear; of a column the column; of an outer product a Kronecker product of vectors."""
    if X.shape[1] is ONE:
        return X
    if X.shape[0] is ONE:
        return OPS["transpose"].canonical(X)
    if X.op.name == "add":
        return canonical_sum(*map(canonical_vec, X.args))
    if X.op.name == "scale":
        return canonical_scale(X.args[0], canonical_vec(X.args[1]))
    if X.op.name == "matmul":
        for i, f in enumerate(X.args[:-1]):
            if f.shape[1] is ONE:  # vec(a b') = b ⊗ a
                return canonical_kron(OPS["transpose"].canonical(_run(X.args[i + 1 :])), _run(X.args[: i + 1]))
    column = (X.shape[0] * X.shape[1], ONE)
    if X.op.name in ("ones", "zeros"):
        return ones(column) if X.op.name == "ones" else zeros(column)
    return finish(vec, (X,))


@multilinear(
    "(m,n) -> (m*n,1)", canonical=canonical_vec, code="np.ravel({0}, order='F')", latex=r"\operatorname{{vec}}({0})"
)
def vec(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The columns stacked."""
    raise NotSupported("vec has no adjoint in matrix notation")


def canonical_vech(X: Expr) -> Expr:
    """Linear; of ones all ones; of a transpose that of the matrix only if it is symmetric."""
    if X.is_scalar:
        return X
    if X.op.name == "add":
        return canonical_sum(*map(canonical_vech, X.args))
    if X.op.name == "scale":
        return canonical_scale(X.args[0], canonical_vech(X.args[1]))
    column = (triangle(X.shape[0]), ONE)
    if X.op.name in ("ones", "zeros"):
        return ones(column) if X.op.name == "ones" else zeros(column)
    return finish(vech, (X,))


@multilinear("(n,n) -> (n*(n+1)/2,1)", canonical=canonical_vech, code="vech({0})", latex=r"\operatorname{{vech}}({0})")
def vech(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """The lower triangle with the diagonal, stacked column by column: L(n) vec(A)."""
    raise NotSupported("vech has no adjoint in matrix notation")
