"""The matrix of a linear map between matrices: from d vec F = J d vec X to J.

The differential is walked from the outside; every linear operation multiplies from the left.
Source: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 2, 3 and 9.
"""

from __future__ import annotations

from collections.abc import Callable

from closedform.calculus.transpose import transpose
from closedform.core.abstract import AS_A_MAP, Abstract
from closedform.core.expr import Expr, commutation, elimination, eye, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim
from closedform.errors import NotSupported
from closedform.ops.arithmetic import hadamard
from closedform.ops.structure import diag, kron, vec

FEW_FACTORS, SMALL = 8, 10**6  #: of a size: products of four such are not too large
FEW_DIGITS = 1000  #: in binary; numbers are too large from 2200


def vec_matrix(dF: Expr, dX: Expr) -> Expr:
    """J with vec(dF) = J vec(dX), for a dF linear in dX.

    Args:
        dF: an expression of any shape m×n, linear in `dX`, in normal form.
        dX: a symbol of any shape p×q.

    Returns:
        The matrix, mn×pq, in normal form.

    Raises:
        NotSupported: an operation has no such rule.
    """
    return _Map(dX).of(dF)


def by_columns(A: Expr, B: Expr) -> Expr:
    """The Khatri–Rao product, column by column A_j ⊗ B_j; for A m×n and B p×n it is mp×n.

    vec(L diag(v) R) = by_columns(R', L) v; with identities, vec(diag(v)) = S v and diagonal(A) = S' vec(A).
    """
    return kron(A, ones((B.shape[0], ONE))) * kron(ones((A.shape[0], ONE)), B)


def selection(n: Dim) -> Expr:
    """The S with vec(diag(v)) = S v."""
    return by_columns(eye(n), eye(n))


def always_has_a_matrix(dF: Expr, dX: Expr) -> bool:
    """Whether `vec_matrix` cannot refuse: every operation has a rule, and sizes and numbers are far from too large.

    Args:
        dF: an expression of any shape m×n, linear in `dX`, in normal form.
        dX: a symbol of any shape p×q.
    """
    depends = {dX}
    digits: dict[Expr, int] = {}  # of the numbers in an expression, written out
    for e in topological([dF]):
        if any([a in depends for a in e.args]):
            if e.op.name not in _RULES or isinstance(e.op, Abstract):
                return False
            depends.add(e)
        if any([len(d.factors) > FEW_FACTORS or d.count > SMALL for d in e.shape]):
            return False
        digits[e] = min(_digits(e) + sum([digits[a] for a in e.args]), FEW_DIGITS)
    return digits[dF] < FEW_DIGITS


def _digits(e: Expr) -> int:
    """How many binary digits more a product with this leaf may have."""
    if e.op.name != "number" or isinstance(e.data, float):
        return 0
    digits: int = e.data.numerator.bit_length() + e.data.denominator.bit_length() - 2
    return max(0, digits)


class _Map:
    def __init__(self, dX: Expr) -> None:
        self.dX = dX
        self.columns = dX.shape[0] * dX.shape[1]
        self.known: dict[Expr, Expr] = {dX: eye(self.columns)}
        self.depending: dict[Expr, bool] = {dX: True}

    def depends(self, e: Expr) -> bool:
        if e not in self.depending:
            for n in topological([e], self.depending):
                self.depending[n] = any(self.depending[a] for a in n.args)
        return self.depending[e]

    def of(self, e: Expr) -> Expr:
        found = self.known.get(e)
        if found is None:
            found = self.known[e] = normal(self._row(e) if e.is_scalar else self._matrix(e))
        return found

    def _row(self, e: Expr) -> Expr:
        """The row of a scalar: vec(G)' for its gradient G; by its own structure where there is no gradient."""
        try:
            return vec(transpose(e, [self.dX])[0]).T
        except NotSupported:
            return self._matrix(e)

    def _matrix(self, e: Expr) -> Expr:
        rule = _RULES.get(e.op.name)
        if isinstance(e.op, Abstract):
            raise NotSupported(
                f"the derivative of {e.op.function} is an unknown linear map, and has no matrix", hint=AS_A_MAP
            )
        if rule is None:
            raise NotSupported(f"the derivative through {e.op.name} is not known here as a matrix")
        return rule(self, e)

    def linear(self, e: Expr) -> tuple[tuple[Expr, ...], Expr, tuple[Expr, ...]]:
        """The operands before the one that depends on dX, that one, and those after."""
        (i,) = [i for i, a in enumerate(e.args) if self.depends(a)]
        return e.args[:i], e.args[i], e.args[i + 1 :]


def _sum(a: _Map, e: Expr) -> Expr:
    terms = [a.of(t) for t in e.args if a.depends(t)]
    total = terms[0]
    for t in terms[1:]:
        total = total + t
    return total


def _scale(a: _Map, e: Expr) -> Expr:
    s, M = e.args
    return vec(M) @ a.of(s) if a.depends(s) else s * a.of(M)


def _hadamard(a: _Map, e: Expr) -> Expr:
    """vec(C ⊙ E) = diag(vec C) vec(E)."""
    before, inner, after = a.linear(e)
    others = before + after
    C = others[0] if len(others) == 1 else hadamard(*others)
    return C * a.of(inner) if e.is_scalar else diag(vec(C)) @ a.of(inner)


def _product(a: _Map, e: Expr) -> Expr:
    """vec(L E R) = (R' ⊗ L) vec(E)."""
    before, inner, after = a.linear(e)
    left = _chain(before) if before else eye(inner.shape[0])
    right = _chain(after) if after else eye(inner.shape[1])
    if inner.op.name == "diag":
        return by_columns(normal(right.T), normal(left)) @ a.of(inner.args[0])
    return kron(normal(right.T), left) @ a.of(inner)


def _chain(factors: tuple[Expr, ...]) -> Expr:
    total = factors[0]
    for A in factors[1:]:
        total = total @ A
    return total


def _transpose(a: _Map, e: Expr) -> Expr:
    """vec(A') = K(m,n) vec(A)."""
    inner = e.args[0]
    return commutation(*inner.shape) @ a.of(inner)


def _diag(a: _Map, e: Expr) -> Expr:
    return selection(e.shape[0]) @ a.of(e.args[0])


def _diagonal(a: _Map, e: Expr) -> Expr:
    return selection(e.shape[0]).T @ a.of(e.args[0])


def _total(a: _Map, e: Expr) -> Expr:
    """sum(E) = 1' vec(E)."""
    inner = a.of(e.args[0])
    return ones((ONE, inner.shape[0])) @ inner


def _trace(a: _Map, e: Expr) -> Expr:
    """tr(E) = vec(I)' vec(E)."""
    return vec(eye(e.args[0].shape[0])).T @ a.of(e.args[0])


def _vec(a: _Map, e: Expr) -> Expr:
    return a.of(e.args[0])


def _vech(a: _Map, e: Expr) -> Expr:
    """vech(E) = L(n) vec(E)."""
    return elimination(e.args[0].shape[0]) @ a.of(e.args[0])


def _kron(a: _Map, e: Expr) -> Expr:
    """vec(A ⊗ B) = (I_n ⊗ K(q,m) ⊗ I_p) (vec A ⊗ vec B), for A m×n and B p×q."""
    A, B = e.args[0], e.args[1] if len(e.args) == 2 else normal(kron(*e.args[1:]))
    (m, n), (p, q) = A.shape, B.shape
    if n is ONE is q:
        return kron(a.of(A), B) if a.depends(A) else kron(A, a.of(B))
    shuffle = kron(eye(n), commutation(q, m), eye(p))
    if a.depends(A):
        return shuffle @ kron(eye(m * n), vec(B)) @ a.of(A)
    return shuffle @ kron(vec(A), eye(p * q)) @ a.of(B)


_RULES: dict[str, Callable[[_Map, Expr], Expr]] = {
    "add": _sum,
    "scale": _scale,
    "hadamard": _hadamard,
    "matmul": _product,
    "transpose": _transpose,
    "diag": _diag,
    "diagonal": _diagonal,
    "sum": _total,
    "tr": _trace,
    "vec": _vec,
    "vech": _vech,
    "kron": _kron,
}
