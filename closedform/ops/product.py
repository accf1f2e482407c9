"""The matrix product, the transpose, and powers of a square matrix."""

from __future__ import annotations

from closedform.core.expr import OUTSIDE, SAME, Expr, commutation, eye, number, ones, zeros
from closedform.core.normal import finish
from closedform.core.op import function, multilinear
from closedform.core.shape import ONE
from closedform.core.terms import is_number, join, split
from closedform.errors import NotSupported
from closedform.ops.arithmetic import canonical_power, canonical_product, canonical_scale, canonical_sum
from closedform.ops.chain import canonical_chain

LARGEST_POWER = 64  #: a derivative of Xᵏ has k terms


@multilinear("(m,n) (n,p) -> (m,p)", associative=True, canonical=canonical_chain, code=" @ ", latex=" ")
def matmul(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """A B ⋯ C.  Adjoint around the slot: ⟨Y, L dX R⟩ = ⟨Lᵀ Y Rᵀ, dX⟩."""
    for A in args[:slot]:
        Y = A.T @ Y
    for A in reversed(args[slot + 1 :]):
        Y = Y @ A.T
    return Y


def canonical_transpose(x: Expr) -> Expr:
    """Transposes move inwards through sums and products, and stop at symbols and functions."""
    if x.op is transpose:
        return x.args[0]
    known = x.transposed
    if known is None:
        t = _transposed(x)
        # a node never refers to one that contains it, so that what is dropped is freed at once
        x.transposed = SAME if t is x else OUTSIDE if t.op is transpose else t
        return t
    if known is SAME:
        return x
    return finish(transpose, (x,), x.shape[::-1]) if known is OUTSIDE else known


def _transposed(x: Expr) -> Expr:
    name = x.op.name
    if x.is_scalar or name in ("eye", "diag"):
        return x
    if name == "symbol":
        return x if x.data.properties & {"symmetric", "spd", "diagonal"} else finish(transpose, (x,), x.shape[::-1])
    if name == "commutation":
        return commutation(x.data.columns, x.data.rows)
    if name == "ones":
        return ones(x.shape[::-1])
    if name == "zeros":
        return zeros(x.shape[::-1])
    if name == "add":
        return canonical_sum(*map(canonical_transpose, x.args))
    if name == "scale":
        return canonical_scale(x.args[0], canonical_transpose(x.args[1]))
    if name == "hadamard":
        return canonical_product(*map(canonical_transpose, x.args))
    if name == "matmul":
        return canonical_chain(*map(canonical_transpose, reversed(x.args)))
    if name == "kron":
        return x.op.canonical(*map(canonical_transpose, x.args))
    if x.op.turns:
        return _transposed_function(x)
    return finish(transpose, (x,), x.shape[::-1])


def _transposed_function(x: Expr) -> Expr:
    """f(A)ᵀ = f(Aᵀ): itself when A is symmetric."""
    square = x.shape[0] is x.shape[1]
    symmetric = square and all(canonical_transpose(a) is a for a in x.args)
    return x if symmetric else finish(transpose, (x,), x.shape[::-1])


def upright(x: Expr) -> Expr | None:
    """The transpose of x when x is the one that lies on its side: rows, and the larger of A and Aᵀ.

    f(x) and f(xᵀ)ᵀ are the same; the operand that stands upright is the canonical one.  Signs do not count,
    except that of −(A − Aᵀ) and A − Aᵀ the second stands upright.
    """
    if x.is_scalar or x.shape[1] is ONE:
        return None
    t = canonical_transpose(x)
    if t is x or x.shape[0] is ONE:
        return None if t is x else t
    a, b = _unsigned(x), _unsigned(t)
    lies = a is not x if a is b else (b.size, b.order) < (a.size, a.order)
    return t if lies else None


def _unsigned(x: Expr) -> Expr:
    c, core = split(x)
    return join(-c, core) if c < 0 else x


@multilinear("(m,n) -> (n,m)", canonical=canonical_transpose, code="{0}.T", latex=r"{0}^{{\top}}")
def transpose(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """Aᵀ.  Adjoint: ⟨Y, dAᵀ⟩ = ⟨Yᵀ, dA⟩."""
    return Y.T


def canonical_inv(X: Expr) -> Expr:
    """Inverses of scalars, multiples, diagonal and orthogonal matrices, powers and inverses."""
    name = X.op.name
    if X.is_scalar:
        return canonical_power(X, number(-1))
    if name == "eye":
        return X
    if name == "inv":
        return X.args[0]
    if name == "scale":
        return canonical_scale(canonical_power(X.args[0], number(-1)), canonical_inv(X.args[1]))
    if name == "diag":
        return X.op.canonical(canonical_power(X.args[0], number(-1)))
    if name == "matpow":
        return canonical_matpow(X.args[0], canonical_scale(number(-1), X.args[1]))
    if name == "symbol" and "orthogonal" in X.data.properties:
        return canonical_transpose(X)
    if name == "kron" and all(a.shape[0] is a.shape[1] for a in X.args):
        return X.op.canonical(*map(canonical_inv, X.args))
    t = upright(X)
    return finish(inv, (X,)) if t is None else canonical_transpose(canonical_inv(t))


@function(
    "(n,n) -> (n,n)",
    canonical=canonical_inv,
    turns=True,
    latex=r"{0}^{{-1}}",
    code="np.linalg.inv({0})",
    domain="det({0}) ≠ 0",
)
def inv(X: Expr, dX: Expr) -> Expr:
    """The inverse.  From X X⁻¹ = I:  dX⁻¹ = −X⁻¹ dX X⁻¹."""
    return -(inv(X) @ dX @ inv(X))


def canonical_matpow(X: Expr, k: Expr) -> Expr:
    """Xᵏ for k ≥ 2 or symbolic; negative powers are powers of the inverse."""
    if X.is_scalar:
        return canonical_power(X, k)
    if is_number(k, 0) or X.op.name == "eye":
        return eye(X.shape[0])
    if is_number(k, 1):
        return X
    if is_number(k, -1):
        return canonical_inv(X)
    c, core = split(k)
    if c < 0 and core.op.name != "add":  # X^(k−1) asks for no inverse
        return canonical_matpow(canonical_inv(X), canonical_scale(number(-1), k))
    if X.op.name == "matpow":
        return canonical_matpow(X.args[0], canonical_product(X.args[1], k))
    if X.op.name == "scale":
        return canonical_scale(canonical_power(X.args[0], k), canonical_matpow(X.args[1], k))
    if X.op.name == "diag":
        return X.op.canonical(canonical_power(X.args[0], k))
    t = upright(X)
    return finish(matpow, (X, k)) if t is None else canonical_transpose(canonical_matpow(t, k))


def _powersum_adjoint(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """⟨Y, Σ Xⁱ dA Xᵏ⁻¹⁻ⁱ⟩ = ⟨Σ (Xᵀ)ⁱ Y (Xᵀ)ᵏ⁻¹⁻ⁱ, dA⟩."""
    X, _, k = args
    return powersum(X.T, Y, k)


@function(
    "(n,n) (n,n) (1,1) -> (n,n)",
    adjoint=_powersum_adjoint,
    latex=r"\operatorname{{powersum}}({0}, {1}, {2})",
    code="powersum({0}, {1}, {2})",
)
def powersum(X: Expr, A: Expr, k: Expr, dX: Expr | None, dA: Expr | None, dk: Expr | None) -> Expr:
    """Σᵢ Xⁱ A Xᵏ⁻¹⁻ⁱ, i = 0 … k−1, the differential of Xᵏ in the direction A; linear in A.  For k < 0 that of X⁻¹."""
    if dX is not None or dk is not None or dA is None:
        raise NotSupported("the second derivative of a matrix power with a symbolic exponent is not known here")
    return powersum(X, dA, k)


def _power_rule(X: Expr, k: Expr) -> Expr:
    return k * matpow(X, k - 1)


@function(
    "(n,n) (1,1) -> (n,n)",
    canonical=canonical_matpow,
    on_trace=_power_rule,
    turns=True,
    latex=r"{0}^{{{1}}}",
    code="np.linalg.matrix_power({0}, {1})",
)
def matpow(X: Expr, k: Expr, dX: Expr | None, dk: Expr | None) -> Expr:
    """Xᵏ for an integer k.

    d tr Xᵏ = k tr(Xᵏ⁻¹ dX);  d(Xᵏ) = Σᵢ Xⁱ dX Xᵏ⁻¹⁻ⁱ, i = 0 … k−1; for k < 0 that of X⁻¹ in its place.
    """
    if dk is not None:
        raise NotSupported("the exponent of a matrix power is an integer; there is no derivative by it")
    assert dX is not None
    if k.op.name != "number":
        return powersum(X, dX, k)
    if k.data > LARGEST_POWER:
        raise NotSupported(f"the derivative of X^{k.data} has {k.data} terms; the limit is {LARGEST_POWER}")
    total = _between(X, 0, dX, int(k.data) - 1)
    for i in range(1, int(k.data)):
        total = total + _between(X, i, dX, int(k.data) - 1 - i)
    return total


def _between(X: Expr, left: int, dX: Expr, right: int) -> Expr:
    """Xˡ dX Xʳ."""
    before = matpow(X, number(left)) @ dX if left else dX
    return before @ matpow(X, number(right)) if right else before
