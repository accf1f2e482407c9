"""Tensors as sums of indexed products: coefficient times factors such as A[i,k], summed over repeated indices.

A factor is an expression of level 1 with one index for each dimension that is not 1.  The identity matrix
stands for Kronecker's delta.  Two tensors are equal when their canonical forms are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from closedform.core.expr import OPS, Expr, eye, number, ones, size_of
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim
from closedform.core.terms import join, split
from closedform.errors import NotSupported, TooLarge

UNIT = number(1)  #: what most products have in front
MOST_ORDERS = 720  #: arrangements of equal factors that are tried for the canonical form


@dataclass(eq=False, slots=True)
class Index:
    """An index: two are the same only if they are the same object.

    Attributes:
        dim: the size it runs over.
        parts: for an index of stacked columns (vec, Kronecker product), the slow one and the fast one.
    """

    dim: Dim
    parts: tuple[Index, Index] | None = None

    def split(self, slow: Dim, fast: Dim) -> tuple[Index, Index]:
        """The pair of indices that this one stands for."""
        if self.parts is None:
            self.parts = Index(slow), Index(fast)
        if self.parts[0].dim is not slow or self.parts[1].dim is not fast:
            raise NotSupported("an index that is split in two ways has no index notation here")
        return self.parts


@dataclass(frozen=True, slots=True)
class Factor:
    """An expression and its indices, one for each dimension that is not 1."""

    expr: Expr
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A scalar expression times factors; an index that is not free is summed over."""

    scalar: Expr
    factors: tuple[Factor, ...]

    def times(self, other: Product) -> Product:
        s, t = self.scalar, other.scalar
        scalar = t if s is UNIT else s if t is UNIT else s * t
        return Product(normal(scalar), self.factors + other.factors)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A sum of products with the same free indices.

    Attributes:
        free: the indices of an entry, in order.
        groups: how many of them belong to the function, to the first variable, and so on.
        products: the terms; none for zero.
    """

    free: tuple[Index, ...]
    groups: tuple[int, ...]
    products: tuple[Product, ...]


def axes(e: Expr) -> tuple[Dim, ...]:
    """The dimensions of an expression that take an index."""
    return tuple(d for d in e.shape if d is not ONE)


def fresh(e: Expr) -> tuple[Index, ...]:
    """New indices for an expression."""
    return tuple(Index(d) for d in axes(e))


def tidy(tensor: Tensor) -> Tensor:
    """Deltas and ones summed over are resolved, transposes turned, like terms collected, in canonical order."""
    found: dict[tuple[object, ...], tuple[Expr, tuple[Factor, ...]]] = {}
    for p in tensor.products:
        scalar, left = contracted(p, set(atoms(tensor.free)))
        c, core = split(scalar)
        key, factors = canonical_factors(represented(left, tensor.free), tensor.free)
        before = found.get((core, *key))
        total = c if before is None else c + split(before[0])[0]
        found[core, *key] = (join(total, core) if total else number(0), factors)
    kept = [Product(s, f) for s, f in found.values() if not (s.op.name == "number" and s.data == 0)]
    return Tensor(tensor.free, tensor.groups, tuple(kept))


def atoms(indices: Iterable[Index]) -> list[Index]:
    """Split indices as their parts."""
    return [a for i in indices for a in (atoms(i.parts) if i.parts else (i,))]


def contracted(p: Product, free: set[Index]) -> tuple[Expr, list[Factor]]:
    """Sum over deltas and over ones until nothing changes."""
    scalar, factors = p.scalar, [_turned(f) for f in p.factors]
    n = 0
    while n < len(factors):
        rule = _SUMMED.get(factors[n].expr.op.name)
        outcome = None if rule is None else rule(factors[n], factors[:n] + factors[n + 1 :], free)
        if outcome is None:
            n += 1
            continue
        size, factors = outcome
        scalar, n = normal(scalar * size) if size is not None else scalar, 0
    return scalar, factors


Outcome = tuple[Expr | None, list[Factor]]


def _delta(f: Factor, rest: list[Factor], free: set[Index]) -> Outcome | None:
    """δ_ij with a bound j renames j; δ_ii is 1, and n when it is summed over."""
    i, j = f.indices
    if i is j:
        others = {k for g in rest for k in atoms(g.indices)}
        return (None if i in free or i in others else size_of(i.dim)), rest
    gone, stays = (i, j) if i not in free else (j, i)
    if gone in free or gone.parts is not None or stays.parts is not None:
        return None
    renamed = [Factor(g.expr, tuple(_renamed(k, gone, stays) for k in g.indices)) for g in rest]
    if not any(stays in atoms(g.indices) for g in renamed):
        renamed.append(Factor(ones((stays.dim, ONE)), (stays,)))
    return None, renamed


def _renamed(i: Index, gone: Index, stays: Index) -> Index:
    """An index with another in place of one, also among the parts of a split one."""
    if i is gone:
        return stays
    if i.parts is None or gone not in atoms(i.parts):
        return i
    slow, fast = (_renamed(p, gone, stays) for p in i.parts)
    return Index(i.dim, (slow, fast))


def _ones(f: Factor, rest: list[Factor], free: set[Index]) -> Outcome | None:
    """Ones beside a factor with the same indices say nothing; alone and summed over they count."""
    others = {k for g in rest for k in atoms(g.indices)}
    loose = [k for k in atoms(f.indices) if k not in others]
    if any(k in free for k in loose):
        return None
    size = number(1)
    for k in loose:
        size = normal(size * size_of(k.dim))
    return size, rest


_SUMMED = {"eye": _delta, "ones": _ones}


def chained(f: Factor, g: Factor, summed: Callable[[Index], bool]) -> Factor | None:
    """Two matrices that share an index that is summed over as their matrix product."""
    if len(f.indices) == len(g.indices) == 2:
        for A, (i, j) in ((f.expr, f.indices), (f.expr.T, f.indices[::-1])):
            for B, (k, l) in ((g.expr, g.indices), (g.expr.T, g.indices[::-1])):
                if j is k and summed(j):
                    return Factor(normal(A @ B), (i, l))
    return None


def represented(factors: list[Factor], free: Sequence[Index]) -> list[Factor]:
    """δ_ij A_j with free i and j is δ_ij A_i, and δ_ij δ_jk is δ_ij δ_ik."""
    place = {i: n for n, i in enumerate(atoms(free))}
    first = {i: i for i in place}
    deltas = [f for f in factors if f.expr.op.name == "eye" and all(i in place for i in f.indices)]
    for f in deltas:
        kept, gone = sorted((first[i] for i in f.indices), key=place.__getitem__)
        first = {i: kept if r is gone else r for i, r in first.items()}
    rest = [Factor(f.expr, tuple(first.get(i, i) for i in f.indices)) for f in factors if f not in deltas]
    return [Factor(eye(i.dim), (r, i)) for i, r in first.items() if r is not i] + rest


def _turned(f: Factor) -> Factor:
    """A'[i,j] is A[j,i], (X'S)[i,j] with S = S' is (S X)[j,i], and vec(A) at the split index (j, i) is A[i,j]."""
    if f.expr.op.name == "transpose":
        return Factor(f.expr.args[0], f.indices[::-1])
    if f.expr.op.name == "matmul" and len(f.indices) == 2:
        turned = normal(f.expr.T)
        return Factor(turned, f.indices[::-1]) if turned.size < f.expr.size else f
    if f.expr.op.name == "vec" and f.indices[0].parts is not None:
        slow, fast = f.indices[0].parts
        if (fast.dim, slow.dim) == f.expr.args[0].shape:
            return Factor(f.expr.args[0], (fast, slow))
    return f


def canonical_factors(
    factors: Sequence[Factor], free: Sequence[Index]
) -> tuple[tuple[object, ...], tuple[Factor, ...]]:
    """A key that equal products share, and the factors in the order that gives it."""
    fixed = {index: n for n, index in enumerate(atoms(free))}
    rows = [_Row(f, atoms(f.indices), _is_symmetric(f)) for f in factors]
    colours = _refined(rows, fixed)
    groups: dict[Signature, list[_Row]] = {}
    for signature, r in sorted([(r.signature(colours), r) for r in rows], key=_first):
        groups.setdefault(signature, []).append(r)
    count = 1
    for g in groups.values():
        for k in range(2, len(g) + 1):
            count *= k
    orders: Iterable[tuple[tuple[_Row, ...], ...]]
    orders = (
        product(*[permutations(g) for g in groups.values()])
        if count <= MOST_ORDERS
        else [tuple(map(tuple, groups.values()))]
    )
    best: tuple[list[tuple[int, ...]], tuple[_Row, ...]] | None = None
    for order in orders:
        flat = tuple(r for g in order for r in g)
        key = _key(flat, fixed)
        if best is None or key < best[0]:
            best = key, flat
    assert best is not None
    found = tuple([r.factor for r in best[1]])
    return (*[f.expr for f in found], *best[0]), found


Signature = tuple[tuple[int, int], tuple[int, ...]]


@dataclass(eq=False, slots=True)
class _Row:
    """A factor, its indices taken apart, and whether their order says nothing."""

    factor: Factor
    indices: list[Index]
    symmetric: bool

    def signature(self, colours: dict[Index, int]) -> Signature:
        """What tells it from others, whatever its bound indices are called."""
        row = [colours[i] for i in self.indices]
        return self.factor.expr.order, tuple(sorted(row) if self.symmetric else row)


def _first(pair: tuple[Signature, _Row]) -> Signature:
    return pair[0]


def _refined(rows: Sequence[_Row], fixed: dict[Index, int]) -> dict[Index, int]:
    """A colour for every index: two bound indices differ in it if anything near them tells them apart."""
    colours = {i: -1 for r in rows for i in r.indices} | fixed
    bound = [i for i in colours if i not in fixed]
    distinct = 0
    while bound:
        around: dict[Index, list[tuple[Signature, int]]] = {i: [] for i in bound}
        for r in rows:
            s = r.signature(colours)
            for n, i in enumerate(r.indices):
                if i in around:
                    around[i].append((s, 0 if r.symmetric else n))
        seen = {i: (colours[i], tuple(sorted(near))) for i, near in around.items()}
        ranks = {s: n for n, s in enumerate(sorted(set(seen.values())))}
        if len(ranks) == distinct:
            return colours
        distinct = len(ranks)
        colours |= {i: len(fixed) + ranks[s] for i, s in seen.items()}
        if distinct == len(bound):
            break
    return colours


def _is_symmetric(f: Factor) -> bool:
    if len(f.indices) != 2 or f.expr.shape[0] is not f.expr.shape[1]:
        return False
    e = normal(f.expr)
    return OPS["transpose"].canonical(e) is e


def _key(rows: Sequence[_Row], fixed: dict[Index, int]) -> list[tuple[int, ...]]:
    """Bound indices numbered as they appear; a symmetric matrix has the smaller index first."""
    names = dict(fixed)
    found = []
    for r in rows:
        row = [names.setdefault(i, len(names)) for i in r.indices]
        found.append(tuple(sorted(row) if r.symmetric else row))
    return found


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors with corresponding free indices are equal, decided by their canonical forms."""
    renamed = dict(zip(atoms(b.free), atoms(a.free), strict=True))

    def rename(i: Index) -> Index:
        if i.parts is not None:
            slow, fast = (rename(p) for p in i.parts)
            return Index(i.dim, (slow, fast))
        return renamed.get(i, i)

    minus = [
        Product(normal(-p.scalar), tuple(Factor(f.expr, tuple(map(rename, f.indices))) for f in p.factors))
        for p in b.products
    ]
    return not expanded(Tensor(a.free, a.groups, a.products + tuple(minus))).products


def expanded(tensor: Tensor) -> Tensor:
    """Matrix products and entry-by-entry products inside factors written out as factors of their own."""
    pieces: list[Product] = []
    for p in tensor.products:
        pieces += _spread(Product(p.scalar, ()), list(p.factors))
    return tidy(Tensor(tensor.free, tensor.groups, tuple(pieces)))


def _spread(done: Product, todo: list[Factor]) -> list[Product]:
    """Every product that comes of writing out the factors left to do."""
    if not todo:
        return [done]
    f, rest = _turned(todo[0]), todo[1:]
    rule = _EXPAND.get(f.expr.op.name)
    if rule is None:
        return _spread(Product(done.scalar, (*done.factors, f)), rest)
    return [
        q
        for scalar, factors in rule(f)
        for q in _spread(Product(normal(done.scalar * scalar), done.factors), [*factors, *rest])
    ]


def _expand_sum(f: Factor) -> list[tuple[Expr, list[Factor]]]:
    return [(number(1), [Factor(a, f.indices)]) for a in f.expr.args]


def _expand_scale(f: Factor) -> list[tuple[Expr, list[Factor]]]:
    return [(f.expr.args[0], [Factor(f.expr.args[1], f.indices)])]


def _expand_entries(f: Factor) -> list[tuple[Expr, list[Factor]]]:
    return [(number(1), [Factor(a, f.indices) for a in f.expr.args])]


def _expand_product(f: Factor) -> list[tuple[Expr, list[Factor]]]:
    indices = list(f.indices)
    first = indices.pop(0) if f.expr.shape[0] is not ONE else None
    last = indices.pop() if f.expr.shape[1] is not ONE else None
    edges = [first, *[Index(a.shape[1]) if a.shape[1] is not ONE else None for a in f.expr.args[:-1]], last]
    return [
        (number(1), [Factor(a, tuple(i for i in edges[n : n + 2] if i is not None)) for n, a in enumerate(f.expr.args)])
    ]


def _expand_diag(f: Factor) -> list[tuple[Expr, list[Factor]]]:
    i, _ = f.indices
    return [(number(1), [Factor(eye(f.expr.shape[0]), f.indices), Factor(f.expr.args[0], (i,))])]


_EXPAND: dict[str, Callable[[Factor], list[tuple[Expr, list[Factor]]]]] = {
    "add": _expand_sum,
    "scale": _expand_scale,
    "hadamard": _expand_entries,
    "matmul": _expand_product,
    "diag": _expand_diag,
}


def letters(p: Product, free: Sequence[Index]) -> tuple[list[str], str]:
    """Subscripts for an einsum: those of every factor, and those of the result, split indices as two letters."""
    names: dict[Index, str] = {}
    alphabet = iter("ijklmnopqrstuvwxyzabcdefghIJKLMNOPQRSTUVWXYZABCDEFGH")

    def spell(indices: Iterable[Index]) -> str:
        return "".join(names.setdefault(i, "") or _named(names, i, alphabet) for i in atoms(indices))

    result = spell(free)
    return [spell(f.indices) for f in p.factors], result


def _named(names: dict[Index, str], i: Index, alphabet: Iterator[str]) -> str:
    name = next(alphabet, "")
    if not name:
        raise TooLarge("a product with more than 52 indices")
    names[i] = name
    return name
