"""Linear systems with a compressed derivative, which is never formed.

In order: products of a row part and a column part are taken out (Woodbury); the rest is solved block by block, as a
Kronecker product factor by factor, or as a sum of two Kronecker products (Sylvester's equation); a symmetric derivative
that is none of these, by conjugate gradients.
Source: Golub & Van Loan, Matrix Computations, 4th ed. (2013), 2.1.4, 7.6.3, 11.3 and 12.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np
import scipy.linalg

from closedform.errors import DomainError, NotSupported
from closedform.program.compressed import Array, Compressed, Part, Shape, Sizes, add, contract

MOST_VECTORS = 64  #: thin parts that are taken out
MOST_STEPS = 10  #: of conjugate gradients, for every unknown
FILLING = 4  #: what is formed may have so many times the numbers that are held
RESIDUAL = 1e-6  #: of a direct solution, relative to the right side; more is a sign of a singular matrix
Solver = Callable[[Array], Array]  #: from right sides, along the last axis, to solutions
Shapes = tuple[Shape, ...]  #: of the parts of a derivative: what depends on nothing else is found once


@dataclass(frozen=True, slots=True)
class Direct:
    """A direct way to solve, and the product with what is solved, by which a solution is judged."""

    solve: Solver
    times: Solver


def solve(H: Compressed, B: Array, tolerance: float) -> Array:
    """The X with H X = B, for several right sides along the last axis.

    Raises:
        DomainError: H is singular; or not positive definite, where conjugate gradients are used.
        NotSupported: H is neither symmetric nor of a form that is solved directly.
    """
    whole = _whole(H.shapes, H.sizes, H.rows)
    try:
        X = _directly(H, B) if whole is None else _by_whole(H.parts[0].arrays[0], whole, B)
        if X is not None:
            return X
    except np.linalg.LinAlgError as error:
        raise DomainError(f"no value at this point: {error}") from None
    if not H.symmetric:
        raise NotSupported(
            "this derivative has no form that is solved directly, and it is not symmetric",
            hint="aslinearoperator() is for the iterative solvers of SciPy; dense() forms it",
        )
    columns = [conjugate_gradients(H, B[..., n], tolerance) for n in range(B.shape[-1])]
    return np.stack(columns, axis=-1)


def _directly(H: Compressed, B: Array) -> Array | None:
    """The solution without iterations; None if there is no way to it.

    Raises:
        LinAlgError: H is singular.
    """
    thin = [p for p, s in zip(H.parts, H.shapes, strict=True) if is_thin(s, H.rows)]
    base = _with_parts(H, [p for p in H.parts if p not in thin]) if thin else H
    way = direct(base) if base.parts and len(thin) <= MOST_VECTORS else None
    if way is None:
        return None
    X = _with_vectors(way.solve, H, thin, B)
    _check((H.times(X) if thin else way.times(X)) - B, B)
    return X


def _check(rest: Array, B: Array) -> None:
    """Raises LinAlgError where what is left of a right side shows that the matrix is singular."""
    if not np.vdot(rest, rest) <= RESIDUAL**2 * np.vdot(B, B):
        raise np.linalg.LinAlgError("the matrix is singular, or nearly so")


def direct(H: Compressed) -> Direct | None:
    """A direct way to solve; None if there is none that keeps within what is held."""
    order = _beside_rows(H.shapes, H.rows)
    if order == (*range(len(order)),):
        return _in_order(H)
    columns = tuple(H.rows + q for q in order)
    parts = [replace(p, view=p.view[: H.rows] + "".join(p.view[c] for c in columns)) for p in H.parts]
    turned = Compressed(parts, H.shape[0] + tuple(H.sizes[c] for c in columns), H.rows, H.symmetric)
    way, back = _in_order(turned), (*np.argsort(order), len(order))
    return None if way is None else Direct(lambda B: way.solve(B).transpose(back), H.times)


def _in_order(H: Compressed) -> Direct | None:
    """The same, where a row and its column on a diagonal are at the same place."""
    groups = groups_of(H.shapes)
    if len(H.parts) == 1 and len(groups) > 1:
        return _by_factors(H, groups)
    return _by_blocks(H) or _by_sylvester(H)


@lru_cache
def _beside_rows(shapes: Shapes, rows: int) -> tuple[int, ...]:
    """The columns in such an order that a diagonal of all parts has its row and its column at the same place."""
    views = [s.view for s in shapes]
    n = len(views[0]) - rows
    found: dict[int, int] = {}
    for k in range(min(rows, n)):
        q = next((q for q in range(n) if all(v[k] == v[rows + q] for v in views)), None)
        if q is not None and q not in found.values():
            found[k] = q
    rest = iter(q for q in range(n) if q not in found.values())
    return tuple(found[k] if k in found else next(rest) for k in range(n))


def _with_parts(H: Compressed, parts: Sequence[Part]) -> Compressed:
    return Compressed(parts, H.sizes, H.rows, H.symmetric)


@lru_cache
def is_thin(p: Shape, rows: int) -> bool:
    """Is it a product of an array over the rows and one over the columns?"""
    left, right = set(p.view[:rows]), set(p.view[rows:])
    return bool(left and right) and not left & right and not any(set(w) & left and set(w) & right for w in p.words)


def spread(p: Part, view: str, sizes: Sizes, *, scaled: bool) -> Array:
    """The factors of a part that stand on some of its axes, as one array; with its number, if `scaled`."""
    own = [(w, a) for w, a in zip(p.words, p.arrays, strict=True) if (set(w) & set(view) if w else scaled)]
    words, arrays = [w for w, _ in own], [a for _, a in own]
    word = "".join(c for c in dict.fromkeys(view) if any(c in w for w in words))
    total = np.zeros(sizes)
    add(total, view, word, contract(words, arrays, word))
    return total


def _with_vectors(solver: Solver, H: Compressed, thin: Sequence[Part], B: Array) -> Array:
    """(D + U V')⁻¹ B = X − Z (1 + V'Z)⁻¹ V'X with X = D⁻¹B and Z = D⁻¹U."""
    if not thin:
        return solver(B)
    n, (rows, columns) = H.rows, H.shape
    U = np.stack([spread(p, p.view[:n], rows, scaled=True) for p in thin], axis=-1)
    V = np.stack([spread(p, p.view[n:], columns, scaled=False).ravel() for p in thin])
    both = solver(np.concatenate([B, U], axis=-1)).reshape(V.shape[1], -1)
    X, Z = both[:, : B.shape[-1]], both[:, B.shape[-1] :]
    found: Array = X - Z @ np.linalg.solve(np.eye(len(V)) + V @ Z, V @ X)
    return found.reshape(*columns, -1)


@lru_cache
def groups_of(parts: Shapes, paired: int = 0) -> tuple[tuple[int, ...], ...]:
    """Axes that letters or arrays hold together in some part; with `paired` rows, each row with its column."""
    groups: list[set[int]] = []
    for p in parts:
        tied = [{n for n, c in enumerate(p.view) if c in w} for w in (*p.words, *p.view)]
        tied += [{k, paired + k} for k in range(paired)]
        for axes in tied:
            if axes:
                united = axes.union(*[g for g in groups if g & axes])
                groups = [*[g for g in groups if not g & axes], united]
    return tuple(sorted(tuple(sorted(g)) for g in groups))


# block by block


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where blocks lie.

    Attributes:
        used: diagonals that all parts share, along which some part changes.
        inner: the axes of the function that are no such diagonal.
        views: for each part its letters on the axes of the blocks.
        order: the axes of the function, then those of the right sides: blocks first, what is the same for all last.
        back: from that order.
    """

    used: tuple[int, ...]
    inner: tuple[int, ...]
    views: tuple[str, ...]
    order: tuple[int, ...]
    back: tuple[int, ...]


@lru_cache
def _blocks(parts: Shapes, r: int) -> Blocks:
    """The blocks of parts with r rows and as many columns."""
    on = [k for k in range(r) if all(p.view[k] == p.view[r + k] for p in parts)]
    inner = tuple(k for k in range(r) if k not in on)
    used = tuple(k for k in on if any(_occurs(p, k) for p in parts))
    kept = [*used, *inner, *[r + k for k in inner]]
    views = tuple("".join(p.view[k] for k in kept) for p in parts)
    order = (*used, *inner, *[k for k in on if k not in used], r)
    return Blocks(used, inner, views, order, tuple(order.index(k) for k in range(r + 1)))


@dataclass(frozen=True, slots=True)
class Whole:
    """Blocks that are one array as it stands, which is by far the most common form.

    Attributes:
        sizes: of the array, as a stack of square matrices.
        order, back: as of `Blocks`.
    """

    sizes: Sizes
    order: tuple[int, ...]
    back: tuple[int, ...]


@lru_cache
def _whole(shapes: Shapes, sizes: Sizes, r: int) -> Whole | None:
    """How one array is the blocks of a derivative; None if there is more to it."""
    alone = len(shapes) == 1 and not is_thin(shapes[0], r) and len(groups_of(shapes)) == 1
    if not alone or sizes[:r] != sizes[r:] or _beside_rows(shapes, r) != (*range(r),):
        return None
    at = _blocks(shapes, r)
    side = prod(sizes[k] for k in at.inner)
    if shapes[0].words != at.views or side == 1:
        return None
    return Whole((*[sizes[k] for k in at.used], side, side), at.order, at.back)


def _by_whole(blocks: Array, whole: Whole, B: Array) -> Array:
    """The solution, block by block; raises LinAlgError where one is singular."""
    M, turned = blocks.reshape(whole.sizes), B.transpose(whole.order)
    right = turned.reshape(*whole.sizes[:-1], -1)
    X: Array = np.linalg.solve(M, right)
    _check(M @ X - right, right)
    return X.reshape(turned.shape).transpose(whole.back)


def _by_blocks(H: Compressed) -> Direct | None:
    """Blocks on the diagonals that all parts share; one block for all where it is the same."""
    (rows, columns), r = H.shape, H.rows
    if rows != columns:
        return None
    at = _blocks(H.shapes, r)
    inner = tuple(rows[k] for k in at.inner)
    outer, side = tuple(rows[k] for k in at.used), prod(inner)
    if prod(outer) * side * side > FILLING * held(H.parts):
        return None
    M = _formed(H.parts, at.views, outer + inner + inner).reshape(*outer, side, side)

    def with_blocks(act: Solver) -> Solver:
        def acting(B: Array) -> Array:
            turned = B.transpose(at.order)
            return act(turned.reshape(*M.shape[:-1], -1)).reshape(turned.shape).transpose(at.back)

        return acting

    if side > 1:
        return Direct(with_blocks(lambda B: np.linalg.solve(M, B)), with_blocks(lambda X: M @ X))
    if not M.all():
        raise np.linalg.LinAlgError("the matrix is singular")
    return Direct(with_blocks(lambda B: B / M), with_blocks(lambda X: M * X))


def _formed(parts: Sequence[Part], views: Sequence[str], sizes: Sizes) -> Array:
    """The sum of some parts, each on the axes with its letters; not to be written to."""
    if len(parts) == 1 and parts[0].words == (*views,):
        return parts[0].arrays[0]
    total = np.zeros(sizes)
    for p, view in zip(parts, views, strict=True):
        word = "".join(c for c in dict.fromkeys(view) if any(c in w for w in p.words))
        add(total, view, word, contract(p.words, p.arrays, word))
    return total


def _occurs(p: Shape, k: int) -> bool:
    """Does a part change along a diagonal?"""
    c = p.view[k]
    return any(c in w for w in p.words) or p.view.count(c) > 2


def held(parts: Iterable[Part]) -> int:
    """How many numbers some parts have."""
    return sum(a.size for p in parts for a in p.arrays)


# factor by factor


def _by_factors(H: Compressed, groups: Sequence[tuple[int, ...]]) -> Direct | None:
    """(A ⊗ B)⁻¹ = A⁻¹ ⊗ B⁻¹, whatever axes the factors connect."""
    (p,) = H.parts
    number = prod(float(a) for w, a in zip(p.words, p.arrays, strict=True) if not w)
    steps = []
    for g in groups:
        rows, columns = [k for k in g if k < H.rows], [k for k in g if k >= H.rows]
        if prod(H.sizes[k] for k in rows) != prod(H.sizes[k] for k in columns):
            raise np.linalg.LinAlgError("the matrix is singular")
        solver = _factor(p, H.sizes, rows, columns)
        if solver is None:
            return None
        steps.append((rows, columns, solver))

    def solver_of_all(B: Array) -> Array:
        axes, X = list(range(H.rows)), B / number
        for rows, columns, solver in steps:
            rest = [k for k in axes if k not in rows]
            turned = X.transpose(*[axes.index(k) for k in (*rows, *rest)], len(axes))
            right = turned.reshape(*turned.shape[: len(rows)], -1)
            axes = [*columns, *rest]
            X = solver(right).reshape(*[H.sizes[k] for k in axes], -1)
        return X.transpose(*np.argsort(axes), len(axes))

    return Direct(solver_of_all, H.times)


def _factor(p: Part, sizes: Sizes, rows: Sequence[int], columns: Sequence[int]) -> Solver | None:
    """One factor: in blocks, or as the matrix that it is."""
    view = "".join(p.view[k] for k in (*rows, *columns))
    own = [(w, a) for w, a in zip(p.words, p.arrays, strict=True) if set(w) & set(view)]
    part = Part(view, tuple(w for w, _ in own) or ("",), tuple(a for _, a in own) or (np.ones(()),))
    H = Compressed([part], tuple(sizes[k] for k in (*rows, *columns)), len(rows), False)
    found = _by_blocks(H)
    if found is not None:
        return found.solve
    if prod(H.sizes) > FILLING * held(H.parts):
        return None
    M = H.dense().reshape(prod(H.shape[0]), -1)
    return lambda B: np.linalg.solve(M, B.reshape(len(M), -1)).reshape(*H.shape[1], -1)


# a sum of two Kronecker products


def _by_sylvester(H: Compressed) -> Direct | None:
    """A₁ X B₁' + A₂ X B₂' = C, as (A₂⁻¹A₁) X + X (B₂'B₁'⁻¹) = A₂⁻¹ C B₁'⁻¹."""
    rows, columns = H.shape
    groups = groups_of(H.shapes, paired=H.rows)
    if len(H.parts) != 2 or rows != columns or len(groups) != 2:
        return None
    first, second = ([k for k in g if k < H.rows] for g in groups)
    m, n = prod(rows[k] for k in first), prod(rows[k] for k in second)
    if m * m + n * n > FILLING * held(H.parts):
        return None
    pairs = [[_matrix(p, H, g, scaled=g is groups[0]) for g in groups] for p in H.parts]
    if _is_delta(H.parts[0], groups[0]) + _is_delta(H.parts[1], groups[1]) == 2:
        pairs.reverse()  # the two that are inverted are the identity
    (A1, B1), (A2, B2) = pairs
    left, right = np.linalg.solve(A2, A1), np.linalg.solve(B1, B2).T

    def solver(B: Array) -> Array:
        C = B.transpose(*first, *second, H.rows).reshape(m, n, -1)
        found = []
        for k in range(C.shape[-1]):
            E = np.linalg.solve(B1, np.linalg.solve(A2, C[..., k]).T).T
            found.append(scipy.linalg.solve_sylvester(left, right, E))
        X = np.stack(found, axis=-1).reshape(*[rows[k] for k in (*first, *second)], -1)
        return X.transpose(*np.argsort([*first, *second]), H.rows)

    return Direct(solver, H.times)


def _matrix(p: Part, H: Compressed, axes: Sequence[int], *, scaled: bool) -> Array:
    view, sizes = "".join(p.view[k] for k in axes), tuple(H.sizes[k] for k in axes)
    side = prod(sizes[: len(sizes) // 2])
    return spread(p, view, sizes, scaled=scaled).reshape(side, side)


def _is_delta(p: Part, axes: Sequence[int]) -> bool:
    return not any(p.view[k] in w for k in axes for w in p.words)


# conjugate gradients


def conjugate_gradients(H: Compressed, b: Array, tolerance: float) -> Array:
    """The x with H x = b for a symmetric positive definite H, to a relative residual; scaled by the diagonal.

    Raises:
        DomainError: a direction shows that H is not positive definite, or the residual does not get that small.
    """
    d = H.diagonal()
    d = np.where(d > 0, d, 1.0)
    x, r = np.zeros_like(b), b.copy()
    z = r / d
    p, before, enough = z, np.vdot(r, z), tolerance * np.linalg.norm(b)
    for _ in range(MOST_STEPS * b.size + 1):
        if np.linalg.norm(r) <= enough:
            return x
        Hp = H.matvec(p)
        curvature = np.vdot(p, Hp)
        if not curvature > 0:
            raise DomainError("conjugate gradients need a positive definite matrix; this one is not")
        step = before / curvature
        x, r = x + step * p, r - step * Hp
        z = r / d
        now = np.vdot(r, z)
        p, before = z + now / before * p, now
    raise DomainError(f"conjugate gradients do not reach a relative residual of {tolerance:g}")
