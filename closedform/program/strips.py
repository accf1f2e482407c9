"""Products with their own transpose, in strips: what NumPy code calls to hold little more than operands and result.

Each is computed whole where that takes less than 2**19 numbers more, because it is as fast there; else the strips are
at most about a sixth of operands and result.  As in `runtime`, their source is copied into the code that uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from closedform.program.runtime import centred, rowpairs, softmaxtimes, unpacked


def weighted_gram(X, w, out=None):  # type: ignore[no-untyped-def]
    """X' diag(w) X for w ≥ 0."""
    if isinstance(X, np.ndarray) and len(X) > 256 and X.size >= 2**19:
        return gram_in_strips(X, w, out)
    Z = X * np.sqrt(w)[:, None]
    return Z.T @ Z if out is None else np.matmul(Z.T, Z, out=out)


def signed_gram(X, w, out=None):  # type: ignore[no-untyped-def]
    """X' diag(w) X."""
    if np.all(w >= 0):
        return weighted_gram(X, w, out)
    if isinstance(X, np.ndarray) and len(X) > 256 and X.size >= 2**19:
        return gram_in_strips(X, w, out)
    Z = X * w[:, None]
    return X.T @ Z if out is None else np.matmul(X.T, Z, out=out)


def gram_in_strips(X, w, out=None):  # type: ignore[no-untyped-def]
    """X' diag(w) X, of strips of rows: the products of those of w ≥ 0 less those of the others."""
    (m, n), H = X.shape, gram_of_zeros(X, out)
    b = max(1, 2**17 // (n + 2) // 192) * 192
    Z = np.empty((min(b, m), n), X.dtype)
    for i in range(0, m, b):
        v = w[i : i + b]
        strip, below = np.multiply(X[i : i + b], np.sqrt(np.abs(v))[:, None], out=Z[: len(v)]), v < 0
        if np.any(below):
            plus_gram(H, strip[below], -1.0)
            strip = strip[~below]
        plus_gram(H, strip)
    return placed(mirrored(H), out)


def gram_of_zeros(X, out):  # type: ignore[no-untyped-def]
    """What `plus_gram` is to add to: `out` where its rows lie one after the other, else a new matrix."""
    new = out is None or not out.flags.c_contiguous
    H = np.empty((X.shape[1], X.shape[1]), X.dtype) if new else out
    H.fill(0)  # np.zeros has its memory in small pages
    return H


def plus_gram(H, Z, c=1.0):  # type: ignore[no-untyped-def]
    """H + c Z'Z on and above the diagonal, in the memory of H."""
    if H.dtype.char not in "fd":
        H += c * (Z.T @ Z)
    elif len(Z):
        (syrk,) = scipy.linalg.get_blas_funcs(("syrk",), (H,))
        syrk(c, Z.T, 1.0, H.T, lower=True, overwrite_c=True)


def mirrored(H):  # type: ignore[no-untyped-def]
    """The symmetric matrix of which H has what is on and above the diagonal, in the memory of H."""
    below = np.tri(32, k=-1, dtype=bool)
    for i in range(0, len(H), 32):
        block = H[i : i + 32, i : i + 32]
        np.copyto(block, block.T.copy(), where=below[: len(block), : len(block)])
        H[i + 32 :, i : i + 32] = H[i : i + 32, i + 32 :].T
    return H


def placed(H, out):  # type: ignore[no-untyped-def]
    """The array, in `out` where it is given."""
    if out is None or out is H:
        return H
    out[...] = H
    return out


def softmax_gram(A, s, out=None):  # type: ignore[no-untyped-def]
    """A' (diag(s) - s s') A for an s of sum 1: Z'Z, where Z is the root of s times the rows of A less their mean."""
    if len(A) > 256 and A.size >= 2**19:
        return softmax_gram_in_strips(A, s, out)
    Z = softmaxtimes(np.sqrt(s), s, centred(A, s))
    return Z.T @ Z if out is None else np.matmul(Z.T, Z, out=out)


def softmax_gram_in_strips(A, s, out=None):  # type: ignore[no-untyped-def]
    """The same, of strips of rows, less the product of the mean that rounding has left in them with itself."""
    (m, n), H, mean = A.shape, gram_of_zeros(A, out), s @ A
    left, b = np.zeros((1, n), A.dtype), max(1, 2**17 // (n + 2) // 192) * 192
    Z = np.empty((min(b, m), n), A.dtype)
    for i in range(0, m, b):
        v = s[i : i + b]
        strip = np.subtract(A[i : i + b], mean, out=Z[: len(v)])
        left += v @ strip
        strip *= np.sqrt(v)[:, None]
        plus_gram(H, strip)
    plus_gram(H, left, -1.0)
    return placed(mirrored(H), out)


def pair_gram(A, B, c=None, d=None, v=None, w=None, e=None, f=None, g=None, h=None, out=None):  # type: ignore[no-untyped-def]
    """H_ijkl = Σ_s (c_s v_ik A_is A_ks + δ_ik e_is) (d_s w_jl B_js B_ls + δ_jl f_js), of v and w i ≤ k and j ≤ l.

    Where they are given, g_is stands for c_s v_ii A_is², and h_js for d_s w_jj B_js².
    """
    (p, s), q = A.shape, len(B)
    m, n = p * (p + 1) // 2, q * (q + 1) // 2
    if s * (m + n) + p * p * n >= 2**19 or max(p, q) > 8 * min(p, q):
        return pair_gram_in_strips((A, c, v, e, g), (B, d, w, f, h), out)
    C = (pairs(A, c, v, e, g) @ pairs(B, d, w, f, h).T)[unpacked(p)]
    H = C[:, unpacked(q)].reshape(p, p, q, q).transpose(0, 2, 1, 3)
    return placed(H, out)


def pairs(X, c, v, e, g):  # type: ignore[no-untyped-def]
    """The rows c v_ik X_i X_k + δ_ik e_i, i ≤ k, or for i = k g_i + e_i."""
    P, i = rowpairs(X, v), np.arange(len(X))
    if c is not None:
        P *= c
    if g is not None:
        P[i * len(X) - i * (i - 1) // 2] = g
    if e is not None:
        P[i * len(X) - i * (i - 1) // 2] += e
    return P


def pair_gram_in_strips(left, right, out=None):  # type: ignore[no-untyped-def]
    """The same, of strips of pairs: their products are first packed in front in the memory of H.

    Where few of all pairs fit into memory, and where one matrix has far fewer rows, it is of Kronecker products.
    """
    (A, c, *more), (B, d, *others) = left, right
    (p, s), q = A.shape, len(B)
    m, n = p * (p + 1) // 2, q * (q + 1) // 2
    H = out if out is not None and out.flags.c_contiguous else np.empty((p, q, p, q), A.dtype)
    packed, room = H.reshape(-1)[: m * n].reshape(m, n), max((p * s + q * s + H.size) // 9, 2**16)
    fit = min(s, 64) * (m + n) <= room
    if all(x is None for x in (*more, *others)) and (not fit or max(p, q) > 8 * min(p, q)):
        set_kroneckers(H, A, B, np.ones(s, A.dtype) * (1 if c is None else c) * (1 if d is None else d), room)
        return placed(H, out)
    if fit:
        set_by_samples(packed, left, right, min(256, room // (m + n)))
    else:
        set_by_pairs(packed, left, right, room)
    unpack_pairs(H, packed)
    return placed(H, out)


def set_kroneckers(H, A, B, w, room):  # type: ignore[no-untyped-def]
    """H_ijkl = Σ_s w_s A_is B_js A_ks B_ls, of strips of the rows A_s' ⊗ B_s': twice the products, and no unpacking."""
    p, q = H.shape[:2]
    H = H.reshape(p * q, p * q)
    H.fill(0)
    b = max(1, min(A.shape[1], max(96, 2**16 // (p * q)), room // ((p + 2) * (q + 2))))
    rows, below = np.empty((b, p, q), A.dtype), w < 0
    for sign, chosen in ((1.0, np.flatnonzero(~below)), (-1.0, np.flatnonzero(below))):
        for i in range(0, len(chosen), b):
            at = chosen[i : i + b]
            Z = A.T[at] * np.sqrt(np.abs(w[at]))[:, None]
            Z = np.multiply(Z[:, :, None], B.T[at][:, None, :], out=rows[: len(at)])
            plus_gram(H, Z.reshape(len(at), p * q), sign)
    mirrored(H)


def set_by_samples(packed, left, right, b):  # type: ignore[no-untyped-def]
    """The products of pairs, of b columns of all of them at a time."""
    packed.fill(0)
    (m, n), s = packed.shape, left[0].shape[1]
    b = -(-s // -(-s // b)) if s else 1  # parts of one length
    rooms = np.empty(m * b, packed.dtype), np.empty(n * b, packed.dtype)
    for t in range(0, s, b):
        part, k = slice(t, t + b), min(b, s - t)
        ((_, L),) = pair_strips(left, part, rooms[0][: m * k].reshape(m, k))
        ((_, R),) = pair_strips(right, part, rooms[1][: n * k].reshape(n, k))
        plus_product(packed, L, R)


def plus_product(H, L, R):  # type: ignore[no-untyped-def]
    """H + L R', in the memory of H."""
    if H.dtype.char not in "fd":
        H += L @ R.T
    else:
        (gemm,) = scipy.linalg.get_blas_funcs(("gemm",), (H,))
        gemm(1.0, R.T, L.T, 1.0, H.T, trans_a=True, overwrite_c=True)


def set_by_pairs(packed, left, right, room):  # type: ignore[no-untyped-def]
    """The products of pairs, of as many of them at a time as there is room for."""
    (p, s), q, n = left[0].shape, len(right[0]), packed.shape[1]
    b = max(1, min(s, max(512, 2**16 // (p + q)), room // (p + q + min(n, 64) + 128)))
    b = -(-s // -(-s // b)) if s else 1  # parts of one length
    copied = sum(len(X) * ((b < s or not X.flags.c_contiguous) + (c is not None)) for X, c, *_ in (left, right))
    columns = max(q, min(n, 2 * (room // b - copied) // 3))
    rows = max(p, min(256, (room - b * (copied + columns)) // (b + columns * (b < s))))
    rooms = np.empty((rows, b), packed.dtype), np.empty((columns, b), packed.dtype)
    for t in range(0, max(s, 1), b):
        for j, R in pair_strips(right, slice(t, t + b), rooms[1]):
            for i, L in pair_strips(left, slice(t, t + b), rooms[0]):
                place = packed[i : i + len(L), j : j + len(R)]
                if t:
                    place += L @ R.T
                else:
                    np.matmul(L, R.T, out=place)


def pair_strips(side, part, room):  # type: ignore[no-untyped-def]
    """Some of the rows of `pairs` at a time, as many as there is room for, of a part of their columns; and which."""
    X, c, v, e, g = side
    X = np.ascontiguousarray(X[:, part])
    Z = X if c is None else X * (c[part] if np.ndim(c) else c)
    p, b = X.shape
    i = start = 0
    while i < p:
        first, places, stop = i, [], 0
        while i < p and stop + p - i <= len(room):
            np.multiply(Z[i], X[i:], out=room[stop : stop + p - i, :b])
            places.append(stop)
            stop, i = stop + p - i, i + 1
        strip = room[:stop, :b]
        if v is not None:
            strip *= v[start : start + stop, None]
        if g is not None:
            strip[places] = g[first:i, part]
        if e is not None:
            strip[places] += e[first:i, part]
        yield start, strip
        start += stop


def unpack_pairs(H, packed):  # type: ignore[no-untyped-def]
    """H_ijkl of pairs i ≤ k and j ≤ l that are packed in front, in the memory of H."""
    p, q = H.shape[:2]
    places, block = unpacked(q), np.empty((p, q * q), H.dtype)
    start = len(packed)
    for i in range(p - 1, -1, -1):  # from the last one, whose place is behind all that are still packed
        start -= p - i
        np.take(packed[start : start + p - i], places, axis=1, out=block[i:], mode="clip")
        found = block[i:].reshape(p - i, q, q)
        H[i, :, i:] = found.transpose(1, 0, 2)
        H[i + 1 :, :, i] = found[1:]


HELPERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (weighted_gram, signed_gram, gram_in_strips, gram_of_zeros, plus_gram, mirrored, placed, softmax_gram,
              softmax_gram_in_strips, pair_gram, pairs, pair_gram_in_strips, set_kroneckers, set_by_samples,
              plus_product, set_by_pairs, pair_strips, unpack_pairs)
}  # fmt: skip
