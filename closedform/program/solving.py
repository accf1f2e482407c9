"""Linear systems with a compressed derivative, which is never formed.

In order: products of a row part and a column part are taken out (Woodbury); the rest is solved block by block, as a
Kronecker product factor by factor, or as a sum of two Kronecker products (Sylvester's equation); a symmetric derivative
that is none of these, by conjugate gradients.
Source: Golub & Van Loan, Matrix Computations, 4th ed. (2013), 2.1.4, 7.6.3, 11.3 and 12.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import prod

import numpy as np
import scipy.linalg

from closedform.errors import DomainError, NotSupported
from closedform.program.compressed import Array, Compressed, Part, Sizes, add, contract

MOST_VECTORS = 64  #: thin parts that are taken out
MOST_STEPS = 10  #: of conjugate gradients, for every unknown
FILLING = 4  #: what is formed may have so many times the numbers that are held
RESIDUAL = 1e-6  #: of a direct solution, relative to the right side; more is a sign of a singular matrix
Solver = Callable[[Array], Array]  #: from right sides, along the last axis, to solutions


def solve(H: Compressed, B: Array, tolerance: float) -> Array:
    """The X with H X = B, for several right sides along the last axis.

    Raises:
        DomainError: H is singular; or not positive definite, where conjugate gradients are used.
        NotSupported: H is neither symmetric nor of a form that is solved directly.
    """
    thin = [p for p in H.parts if is_thin(p, H.rows)]
    base = _with_parts(H, [p for p in H.parts if not is_thin(p, H.rows)])
    try:
        solver = direct(base) if base.parts and len(thin) <= MOST_VECTORS else None
        if solver is not None:
            X = _with_vectors(solver, H, thin, B)
            if np.linalg.norm(H.times(X) - B) <= RESIDUAL * np.linalg.norm(B):
                return X
            raise np.linalg.LinAlgError("the matrix is singular, or nearly so")
    except np.linalg.LinAlgError as error:
        raise DomainError(f"no value at this point: {error}") from None
    if not H.symmetric:
        raise NotSupported(
            "this derivative has no form that is solved directly, and it is not symmetric",
            hint="aslinearoperator() is for the iterative solvers of SciPy; dense() forms it",
        )
    columns = [conjugate_gradients(H, B[..., n], tolerance) for n in range(B.shape[-1])]
    return np.stack(columns, axis=-1)


def direct(H: Compressed) -> Solver | None:
    """A direct way to solve; None if there is none that keeps within what is held."""
    order = _beside_rows(H)
    columns = tuple(H.rows + q for q in order)
    parts = [replace(p, view=p.view[: H.rows] + "".join(p.view[c] for c in columns)) for p in H.parts]
    turned = Compressed(parts, H.shape[0] + tuple(H.sizes[c] for c in columns), H.rows, H.symmetric)
    groups = groups_of(parts)
    if len(parts) == 1 and len(groups) > 1:
        solver = _by_factors(turned, groups)
    else:
        solver = _by_blocks(turned) or _by_sylvester(turned)
    back = (*np.argsort(order), len(order))
    return None if solver is None else lambda B: solver(B).transpose(back)


def _beside_rows(H: Compressed) -> list[int]:
    """The columns in such an order that a diagonal of all parts has its row and its column at the same place."""
    n = len(H.sizes) - H.rows
    found: dict[int, int] = {}
    for k in range(min(H.rows, n)):
        q = next((q for q in range(n) if all(p.view[k] == p.view[H.rows + q] for p in H.parts)), None)
        if q is not None and q not in found.values():
            found[k] = q
    rest = iter(q for q in range(n) if q not in found.values())
    return [found[k] if k in found else next(rest) for k in range(n)]


def _with_parts(H: Compressed, parts: Sequence[Part]) -> Compressed:
    return Compressed(parts, H.sizes, H.rows, H.symmetric)


def is_thin(p: Part, rows: int) -> bool:
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


def groups_of(parts: Iterable[Part], paired: int = 0) -> list[tuple[int, ...]]:
    """Axes that letters or arrays hold together in some part; with `paired` rows, each row with its column."""
    groups: list[set[int]] = []
    for p in parts:
        tied = [{n for n, c in enumerate(p.view) if c in w} for w in (*p.words, *p.view)]
        tied += [{k, paired + k} for k in range(paired)]
        for axes in tied:
            if axes:
                united = axes.union(*[g for g in groups if g & axes])
                groups = [*[g for g in groups if not g & axes], united]
    return sorted(tuple(sorted(g)) for g in groups)


# block by block


def _by_blocks(H: Compressed) -> Solver | None:
    """Blocks on the diagonals that all parts share; one block for all where it is the same."""
    (rows, columns), r = H.shape, H.rows
    if rows != columns:
        return None
    on = [k for k in range(r) if all(p.view[k] == p.view[r + k] for p in H.parts)]
    inner = [k for k in range(r) if k not in on]
    used = [k for k in on if any(_occurs(p, k) for p in H.parts)]
    kept = [*used, *inner, *[r + k for k in inner]]
    sizes = tuple(H.sizes[k] for k in kept)
    if prod(sizes) > FILLING * held(H.parts):
        return None
    blocks = np.zeros(sizes)
    for p in H.parts:
        view = "".join(p.view[k] for k in kept)
        word = "".join(c for c in dict.fromkeys(view) if any(c in w for w in p.words))
        add(blocks, view, word, contract(p.words, p.arrays, word))
    side = prod(rows[k] for k in inner)
    order = [*used, *inner, *[k for k in on if k not in used]]
    M = blocks.reshape(*[rows[k] for k in used], side, side)

    def solver(B: Array) -> Array:
        turned = B.transpose(*order, r)
        right = turned.reshape(*M.shape[:-1], -1)
        if side == 1 and not M.all():
            raise np.linalg.LinAlgError("the matrix is singular")
        X = right / M if side == 1 else np.linalg.solve(M, right)
        return X.reshape(turned.shape).transpose(*np.argsort([*order, r]))

    return solver


def _occurs(p: Part, k: int) -> bool:
    """Does a part change along a diagonal?"""
    c = p.view[k]
    return any(c in w for w in p.words) or p.view.count(c) > 2


def held(parts: Iterable[Part]) -> int:
    """How many numbers some parts have."""
    return sum(a.size for p in parts for a in p.arrays)


# factor by factor


def _by_factors(H: Compressed, groups: Sequence[tuple[int, ...]]) -> Solver | None:
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

    return solver_of_all


def _factor(p: Part, sizes: Sizes, rows: Sequence[int], columns: Sequence[int]) -> Solver | None:
    """One factor: in blocks, or as the matrix that it is."""
    view = "".join(p.view[k] for k in (*rows, *columns))
    own = [(w, a) for w, a in zip(p.words, p.arrays, strict=True) if set(w) & set(view)]
    part = Part(view, tuple(w for w, _ in own) or ("",), tuple(a for _, a in own) or (np.ones(()),))
    H = Compressed([part], tuple(sizes[k] for k in (*rows, *columns)), len(rows), False)
    found = _by_blocks(H)
    if found is not None or prod(H.sizes) > FILLING * held(H.parts):
        return found
    M = H.dense().reshape(prod(H.shape[0]), -1)
    return lambda B: np.linalg.solve(M, B.reshape(len(M), -1)).reshape(*H.shape[1], -1)


# a sum of two Kronecker products


def _by_sylvester(H: Compressed) -> Solver | None:
    """A₁ X B₁' + A₂ X B₂' = C, as (A₂⁻¹A₁) X + X (B₂'B₁'⁻¹) = A₂⁻¹ C B₁'⁻¹."""
    rows, columns = H.shape
    groups = groups_of(H.parts, paired=H.rows)
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

    return solver


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
