"""Lowering: from a linear map, written with matrices, to the tensor of its coefficients.

A differential dF linear in dX is walked once; where dX stands, its two indices are tied to the variable's by
deltas, which are summed over at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from closedform.calculus.differential import ByVariable, Differentials, differential_symbol
from closedform.core.abstract import AS_A_MAP, Abstract
from closedform.core.expr import Expr, elimination, eye, number, ones, topological
from closedform.core.normal import applied, normal
from closedform.core.shape import ONE
from closedform.errors import NotSupported, TooLarge
from closedform.index.tensor import Factor, Index, Product, Tensor, fresh, tidy
from closedform.ops.chain import product

MOST_VISITS = 20_000


def tensor_of(e: Expr) -> Tensor:
    """An expression as a tensor of its own."""
    free = fresh(e)
    if not free:
        return Tensor((), (0,), (Product(e, ()),))
    return Tensor(free, (len(free),), (Product(number(1), (Factor(e, free),)),))


def derivative_of(tensor: Tensor, x: Expr, by: Differentials | None = None) -> Tensor:
    """The derivative of every entry by every entry of x: the free indices, then those of x.

    Args:
        tensor: a sum of products of expressions of level 1.
        x: a symbol.
        by: what was differentiated by it so far.

    Raises:
        NotSupported: an operation in a factor has no differential, or its differential no index notation.
    """
    target = fresh(x)
    low = _Lowering(x, target, by or ByVariable()[x])
    terms: list[Product] = []
    for p in tensor.products:
        for d in low.differential(p.scalar, ()):
            terms.append(d.times(Product(number(1), p.factors)))
        for n, f in enumerate(p.factors):
            others = Product(p.scalar, p.factors[:n] + p.factors[n + 1 :])
            terms += [others.times(d) for d in low.differential(f.expr, f.indices)]
    return tidy(Tensor(tensor.free + target, (*tensor.groups, len(target)), tuple(terms)))


class _Lowering:
    """The derivatives of several expressions by one variable; what they share is differentiated once."""

    def __init__(self, x: Expr, target: tuple[Index, ...], by: Differentials) -> None:
        self.dx, self.target, self.by = differential_symbol(x), target, by
        self.depending: dict[Expr, bool] = {self.dx: True}
        self.visits = 0

    def differential(self, e: Expr, out: tuple[Index, ...]) -> list[Product]:
        """The products of the derivative of an entry of e."""
        self.visits = 0
        de = self.by.of(normal(e))
        return [] if de is None else self.lower(de, out)

    def depends(self, e: Expr) -> bool:
        if e not in self.depending:
            for n in topological([e], self.depending):
                self.depending[n] = any(self.depending[a] for a in n.args)
        return self.depending[e]

    def lower(self, e: Expr, out: tuple[Index, ...]) -> list[Product]:
        """The products of an entry of e.

        Raises:
            TooLarge: a graph with shared parts has too many products when it is written out.
        """
        self.visits += 1
        if self.visits > MOST_VISITS:
            raise TooLarge(
                f"the derivative has more than {MOST_VISITS:,} products in index notation",
                hint="ask for its map, or for products with it: jvp, vjp, hvp",
            )
        if e is self.dx:
            deltas = [Factor(eye(i.dim), (i, k)) for i, k in zip(out, self.target, strict=True)]
            return [Product(number(1), tuple(deltas))]
        rule = _RULES.get(e.op.name)
        if isinstance(e.op, Abstract):
            raise NotSupported(
                f"the derivative of {e.op.function} is an unknown linear map, and has no entries", hint=AS_A_MAP
            )
        if rule is None:
            raise NotSupported(f"the derivative through {e.op.name} has no index notation here")
        return rule(self, e, out)

    def linear(self, e: Expr) -> tuple[tuple[Expr, ...], Expr, tuple[Expr, ...]]:
        (i,) = [i for i, a in enumerate(e.args) if self.depends(a)]
        return e.args[:i], e.args[i], e.args[i + 1 :]


def _entry(e: Expr, indices: tuple[Index, ...]) -> Product:
    return Product(number(1), (Factor(e, indices),)) if indices else Product(e, ())


def _sum(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    return [p for a in e.args if low.depends(a) for p in low.lower(a, out)]


def _scale(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    s, M = e.args
    if low.depends(s):
        return [p.times(_entry(M, out)) for p in low.lower(s, ())]
    return [Product(s, ()).times(p) for p in low.lower(M, out)]


def _hadamard(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    before, inner, after = low.linear(e)
    others = before + after
    c = others[0] if len(others) == 1 else applied(e.op, others)
    return [_entry(c, out).times(p) for p in low.lower(inner, out)]


def _product(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    before, inner, after = low.linear(e)
    place = list(out)
    row = place.pop(0) if e.shape[0] is not ONE else None
    column = place.pop() if e.shape[1] is not ONE else None
    a = Index(inner.shape[0]) if before and inner.shape[0] is not ONE else None if before else row
    b = Index(inner.shape[1]) if after and inner.shape[1] is not ONE else None if after else column
    found = low.lower(inner, tuple(i for i in (a, b) if i is not None))
    if before:
        left = _entry(_chain(before), tuple(i for i in (row, a) if i is not None))
        found = [left.times(p) for p in found]
    if after:
        right = _entry(_chain(after), tuple(i for i in (b, column) if i is not None))
        found = [p.times(right) for p in found]
    return found


def _chain(factors: tuple[Expr, ...]) -> Expr:
    """The product of some factors in normal form, in normal form."""
    return reduce(product, factors)


def _transpose(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    return low.lower(e.args[0], out[::-1])


def _total(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    bound = fresh(e.args[0])
    every = tuple(Factor(ones((i.dim, ONE)), (i,)) for i in bound)
    return [p.times(Product(number(1), every)) for p in low.lower(e.args[0], bound)]


def _trace(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    i, j = fresh(e.args[0])
    return [p.times(Product(number(1), (Factor(eye(i.dim), (i, j)),))) for p in low.lower(e.args[0], (i, j))]


def _diag(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    i, j = out
    delta = Product(number(1), (Factor(eye(i.dim), (i, j)),))
    return [delta.times(p) for p in low.lower(e.args[0], (i,))]


def _diagonal(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    (i,) = out
    j = Index(i.dim)
    delta = Product(number(1), (Factor(eye(i.dim), (i, j)),))
    return [delta.times(p) for p in low.lower(e.args[0], (i, j))]


def _vec(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    """Entry (slow, fast) of vec(A) is A[fast, slow]: columns are stacked."""
    rows, columns = e.args[0].shape
    slow, fast = out[0].split(columns, rows)
    return low.lower(e.args[0], (fast, slow))


def _vech(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    """vech(A)[k] is the sum of L[k, (j, i)] A[i, j], for the elimination matrix L."""
    n = e.args[0].shape[0]
    stacked = Index(n * n)
    column, row = stacked.split(n, n)
    picked = Product(number(1), (Factor(elimination(n), (*out, stacked)),))
    return [picked.times(p) for p in low.lower(e.args[0], (row, column))]


def _kron(low: _Lowering, e: Expr, out: tuple[Index, ...]) -> list[Product]:
    """(A ⊗ B) at rows (i, p) and columns (j, q) is A[i,j] B[p,q]; the second of each pair is the fast one."""
    A, B = e.args[0], e.args[1] if len(e.args) == 2 else applied(e.op, e.args[1:])
    place = list(out)
    pairs: list[tuple[Index | None, Index | None]] = []
    for a, b in zip(A.shape, B.shape, strict=True):
        if a is ONE and b is ONE:
            pairs.append((None, None))
        elif a is ONE or b is ONE:
            pairs.append((None, place.pop(0)) if a is ONE else (place.pop(0), None))
        else:
            pairs.append(place.pop(0).split(a, b))
    of_A, of_B = (tuple(i for pair in pairs if (i := pair[n]) is not None) for n in (0, 1))
    if low.depends(A):
        return [p.times(_entry(B, of_B)) for p in low.lower(A, of_A)]
    return [_entry(A, of_A).times(p) for p in low.lower(B, of_B)]


_RULES: dict[str, Callable[[_Lowering, Expr, tuple[Index, ...]], list[Product]]] = {
    "add": _sum,
    "scale": _scale,
    "hadamard": _hadamard,
    "matmul": _product,
    "transpose": _transpose,
    "sum": _total,
    "tr": _trace,
    "diag": _diag,
    "diagonal": _diagonal,
    "vec": _vec,
    "vech": _vech,
    "kron": _kron,
}
