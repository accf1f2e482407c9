"""The matrix of a linear map: from dF = J dx to J, for columns and rows F of a column x.

`matrix(e)` is the J of a column e; a product is walked from the outside, so that the answer is a product
of matrices with `diag(c)` where an entry-by-entry factor c stands, never a Kronecker product.
"""

from __future__ import annotations

from collections.abc import Callable

from closedform.calculus.transpose import transpose
from closedform.core.expr import Expr, eye, number, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.errors import NotSupported
from closedform.ops.arithmetic import hadamard
from closedform.ops.structure import diag, diagonal, kron


def matrix_of(dF: Expr, dx: Expr) -> Expr:
    """J with dF = J dx (or dFᵀ = J dx for a row dF).

    Args:
        dF: a scalar, column or row, linear in `dx`, in normal form.
        dx: a scalar or column symbol.

    Returns:
        The matrix, m×n; for a scalar `dx` the coefficient, of the shape of dF.

    Raises:
        NotSupported: the map has no form in matrix notation that we know.
    """
    if dx.is_scalar:
        return _Linear(dx).substitute(dF)
    if dF.shape[0] is ONE and not dF.is_scalar:
        dF = normal(dF.T)
    return _Linear(dx).matrix(dF)


class _Linear:
    """Everything about one differential: which nodes depend on it, and the matrices found so far."""

    def __init__(self, dx: Expr) -> None:
        self.dx = dx
        self.known: dict[Expr, Expr] = {}
        self.depending: dict[Expr, bool] = {dx: True}

    def depends(self, e: Expr) -> bool:
        found = self.depending.get(e)
        if found is None:
            for node in topological([e]):
                if node not in self.depending:
                    self.depending[node] = any(self.depending[a] for a in node.args)
            found = self.depending[e]
        return found

    def substitute(self, e: Expr) -> Expr:
        """The coefficient of a scalar differential: put 1 in its place."""
        done: dict[Expr, Expr] = {self.dx: number(1)}
        for node in topological([e]):
            if node not in done:
                if self.depends(node):
                    args = tuple(done[a] for a in node.args)
                    done[node] = node.op.canonical(*args) if node.op.canonical is not None else normal(node.op(*args))
                else:
                    done[node] = node
        return done[e]

    def row(self, e: Expr) -> Expr:
        """The row r of a scalar e = r dx."""
        return normal(transpose(e, [self.dx])[0].T)

    def matrix(self, e: Expr) -> Expr:
        """The matrix of a column (or of a scalar, its row)."""
        if e not in self.known:
            self.known[e] = normal(self._matrix(e))
        return self.known[e]

    def _matrix(self, e: Expr) -> Expr:
        if e is self.dx:
            return eye(e.shape[0])
        if e.is_scalar:
            return self.row(e)
        rule = _COLUMN.get(e.op.name)
        if rule is None:
            raise _refuse(e.op.name)
        return rule(self, e)

    def factor(self, e: Expr) -> int:
        """The position of the one operand that depends on dx."""
        (position,) = [i for i, a in enumerate(e.args) if self.depends(a)]
        return position


def _sum(linear: _Linear, e: Expr) -> Expr:
    return _total([linear.matrix(a) for a in e.args if linear.depends(a)])


def _scaled(linear: _Linear, e: Expr) -> Expr:
    """d(s v): s J_v, or v times the row of s."""
    s, v = e.args
    return v @ linear.row(s) if linear.depends(s) else s * linear.matrix(v)


def _entrywise(linear: _Linear, e: Expr) -> Expr:
    """c ⊙ e = diag(c) e."""
    c, inner = _mask(linear, e)
    return diag(c) @ linear.matrix(inner)


def _product(linear: _Linear, e: Expr) -> Expr:
    """L E v: the map of E v, then L."""
    i = linear.factor(e)
    return _led(e.args[:i], _applied(linear, e.args[i], _chain(e.args[i + 1 :])))


def _led(before: tuple[Expr, ...], J: Expr) -> Expr:
    for A in reversed(before):
        J = A @ J
    return J


def _chain(factors: tuple[Expr, ...]) -> Expr:
    """The product of constant factors; the number 1 of none."""
    if not factors:
        return number(1)
    v = factors[-1]
    for A in reversed(factors[:-1]):
        v = A @ v
    return normal(v)


def _applied(linear: _Linear, E: Expr, v: Expr) -> Expr:
    """The matrix of E v, for E that depends on dx and a column (or, behind a column, a scalar) v that does not."""
    if E.shape[1] is ONE:
        return linear.matrix(E) @ v
    if E.shape[0] is ONE:  # a row: E v = v' E'
        return v.T @ linear.matrix(normal(E.T))
    name = E.op.name
    if name == "add":
        return _total([_applied(linear, a, v) for a in E.args if linear.depends(a)])
    if name == "diag":
        return diag(v) @ linear.matrix(E.args[0])
    if name == "scale":
        s, A = E.args
        return (A @ v) @ linear.row(s) if linear.depends(s) else s * _applied(linear, A, v)
    if name == "hadamard":
        H, inner = _mask(linear, E)
        return _under_mask(linear, H, inner, v)
    if name == "matmul":
        i = linear.factor(E)
        return _led(E.args[:i], _applied(linear, E.args[i], _chain((*E.args[i + 1 :], v))))
    raise _refuse(name)


def _total(terms: list[Expr]) -> Expr:
    total = terms[0]
    for t in terms[1:]:
        total = total + t
    return total


def _refuse(name: str) -> NotSupported:
    return NotSupported(f"the Jacobian through {name} needs index notation, which this version does not have")


def _mask(linear: _Linear, E: Expr) -> tuple[Expr, Expr]:
    """H ⊙ E as the constant factor and the one that depends on dx."""
    i = linear.factor(E)
    others = E.args[:i] + E.args[i + 1 :]
    return normal(hadamard(*others)) if len(others) > 1 else others[0], E.args[i]


def _under_mask(linear: _Linear, H: Expr, E: Expr, v: Expr) -> Expr:
    """(H ⊙ E) v, by the structure of E: e wᵀ, w eᵀ, A diag(e) B, a sum of these."""
    name = E.op.name
    if name == "add":
        return _total([_under_mask(linear, H, a, v) for a in E.args if linear.depends(a)])
    if name == "scale":
        s, A = E.args
        return ((H * A) @ v) @ linear.row(s) if linear.depends(s) else s * _under_mask(linear, H, A, v)
    if name == "hadamard":
        C, inner = _mask(linear, E)
        return _under_mask(linear, normal(H * C), inner, v)
    if name == "diag":
        return diag(diagonal(H) * v) @ linear.matrix(E.args[0])
    if name == "matmul":
        return _under_mask_product(linear, H, E, v)
    raise _refuse(f"{name} inside an entry-by-entry product")


def _under_mask_product(linear: _Linear, H: Expr, E: Expr, v: Expr) -> Expr:
    """H ⊙ (L e R) v for the places where e may stand."""
    i = linear.factor(E)
    for cut in range(len(E.args) - 1):
        if E.args[cut].shape[1] is ONE:  # E = u wᵀ
            u, w = _run(E.args[: cut + 1]), normal(_run(E.args[cut + 1 :]).T)
            if i <= cut:
                return diag(H @ (w * v)) @ linear.matrix(u)
            return diag(u) @ H @ diag(v) @ linear.matrix(w)
    middle = E.args[i]
    left = _run(E.args[:i]) if i else None
    right = _run(E.args[i + 1 :]) if i + 1 < len(E.args) else None
    if middle.op.name == "diag":  # E = A diag(e) B:  (A ⊙ (H diag(v) Bᵀ)) e;  E = diag(e) B:  diag((H ⊙ B) v) e
        inside = linear.matrix(middle.args[0])
        if left is None:
            B = _run(E.args[1:])
            return diag(diagonal(B) * v if H.op.name == "eye" else (H * B) @ v) @ inside
        return (left * (H @ diag(v) if right is None else H @ diag(v) @ right.T)) @ inside
    if middle.op.name in ("hadamard", "add", "scale"):
        return _under_mask(linear, H, _spread(linear, left, middle, right), v)
    raise _refuse(f"{middle.op.name} inside an entry-by-entry product")


def _spread(linear: _Linear, left: Expr | None, middle: Expr, right: Expr | None) -> Expr:
    """L (P + Q) R as a sum, L (C ⊙ u wᵀ) R as L diag(u) C diag(w) R: one of the forms that have a rule."""

    def wrap(e: Expr) -> Expr:
        e = e if left is None else left @ e
        return normal(e if right is None else e @ right)

    if middle.op.name == "add":
        return normal(_total([wrap(a) for a in middle.args if linear.depends(a)]))
    if middle.op.name == "hadamard":
        C, E = _mask(linear, middle)
        if E.op.name == "matmul":
            for cut in range(len(E.args) - 1):
                if E.args[cut].shape[1] is ONE:
                    u, w = _run(E.args[: cut + 1]), normal(_run(E.args[cut + 1 :]).T)
                    return wrap(diag(u) @ C @ diag(w))
    raise _refuse("an entry-by-entry product inside another")


def _run(factors: tuple[Expr, ...]) -> Expr:
    product = factors[0]
    for A in factors[1:]:
        product = product @ A
    return normal(product)


def _diagonal(linear: _Linear, e: Expr) -> Expr:
    """diagonal(E) = (I ⊙ E) 1."""
    n = e.shape[0]
    return _under_mask(linear, eye(n), e.args[0], ones((n, ONE)))


def _kronecker(linear: _Linear, e: Expr) -> Expr:
    """b ⊗ e = (b ⊗ I) e and e ⊗ b = (I ⊗ b) e, for columns."""
    i = linear.factor(e)
    if any(a.shape[1] is not ONE for a in e.args):
        raise _refuse("a Kronecker product of matrices")
    return kron(*e.args[:i], linear.matrix(e.args[i]), *e.args[i + 1 :])


_COLUMN: dict[str, Callable[[_Linear, Expr], Expr]] = {
    "add": _sum,
    "scale": _scaled,
    "hadamard": _entrywise,
    "matmul": _product,
    "diagonal": _diagonal,
    "kron": _kronecker,
}
