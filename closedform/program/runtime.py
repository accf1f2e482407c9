"""What generated NumPy code calls.

The source of a helper is copied into the code that uses it, so each stands alone: NumPy and SciPy only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg


def sigmoid(z, out=None):  # type: ignore[no-untyped-def]
    """1/(1 + exp(-z)): exact to rounding also where exp(-z) is infinite."""
    with np.errstate(over="ignore"):
        e = np.negative(z, out=out)
        if not e.ndim:
            return 1.0 / (1.0 + np.exp(e))
        np.exp(e, out=e)
        e += 1.0
        return np.divide(1.0, e, out=e)


def softplus(z, out=None):  # type: ignore[no-untyped-def]
    """log(1 + exp(z)), without overflow."""
    return np.logaddexp(0.0, z, out=out)


def logsumexp(x):  # type: ignore[no-untyped-def]
    """log(sum(exp(x))), shifted by the largest entry."""
    top = np.max(x)
    if not np.isfinite(top):
        return top
    return top + np.log(np.sum(np.exp(x - top)))


def softmax(x):  # type: ignore[no-untyped-def]
    """exp(x)/sum(exp(x)), shifted by the largest entry."""
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def norm(x):  # type: ignore[no-untyped-def]
    """The Euclidean norm, without overflow and underflow of squares."""
    n = np.linalg.norm(x)
    if 1e-150 < n < 1e150:
        return n
    top = np.max(np.abs(x), initial=0.0)
    return top * np.linalg.norm(x / top) if 0 < top < np.inf else top


def logdetpos(X):  # type: ignore[no-untyped-def]
    """log(det(X)), without overflow; nan where det(X) < 0."""
    sign, log = np.linalg.slogdet(X)
    return log if sign >= 0 else np.nan * log


def rootprod(x, n):  # type: ignore[no-untyped-def]
    """exp(sum(log(x))/n), the n-th root of the product; exponents of 2 are added apart, where none is rounded."""
    m, e = np.frexp(x)
    e = np.sum(e)
    k = e // n - 1
    return np.ldexp(np.exp2((np.sum(np.log2(m)) + (e - k * n).astype(m.dtype)) / n), k)


def log1psq(x):  # type: ignore[no-untyped-def]
    """log(1 + x**2), without overflow."""
    small = np.minimum(np.abs(x), 1.0)
    large = np.maximum(np.abs(x), 1.0)
    return np.log1p((small / large) ** 2) + 2.0 * np.log(large)


def log1mexp(z):  # type: ignore[no-untyped-def]
    """log(1 - exp(z)), without cancellation."""
    near, far = np.maximum(z, -0.7), np.minimum(z, -0.7)
    return np.where(z > -0.7, np.log(-np.expm1(near)), np.log1p(-np.exp(far)))


def smallexpm1(z):  # type: ignore[no-untyped-def]
    """(exp(z) - 1)/exp(max(z, 0)), without overflow."""
    return -np.sign(z) * np.expm1(-np.abs(z)) + 0.0


def logcosh(z):  # type: ignore[no-untyped-def]
    """log(cosh(z)), without overflow and cancellation."""
    a = np.abs(z)
    return np.where(a < 1, np.log1p(2.0 * np.sinh(np.minimum(a, 1.0) / 2) ** 2), a + np.log1p(np.expm1(-2.0 * a) / 2))


def sech2(z):  # type: ignore[no-untyped-def]
    """1 - tanh(z)**2, without cancellation; of a large array in parts that the cache holds."""
    if np.size(z) > 2**15 and (z.flags.c_contiguous or z.flags.f_contiguous):
        e = np.empty_like(z)
        parts, found = z.ravel("K"), e.ravel("K")
        for i in range(0, z.size, 2**14):
            found[i : i + 2**14] = sech2(parts[i : i + 2**14])
        return e
    e = np.exp(-2.0 * np.abs(z))
    total = 1.0 + e
    total *= total
    e *= 4.0
    e /= total
    return e


def softmaxslope(u, s, out=None):  # type: ignore[no-untyped-def]
    """diag(u) - u s' for an s of sum 1 and u a multiple of it: on the diagonal u times the sum of the other entries."""
    H = np.outer(-u, s, out)
    H.flat[:: len(s) + 1] = u * complement(s)
    return H


def centred(B, s):  # type: ignore[no-untyped-def]
    """The rows of B less the one where s is largest."""
    return B - B[np.argmax(s)]


def softmaxtimes(u, s, B):  # type: ignore[no-untyped-def]
    """(diag(u) - u s') B, in the memory of B: the rows of B less their mean s'B, times u."""
    B -= s @ B
    B *= u[:, None]
    return B


def deflated(H, w, u):  # type: ignore[no-untyped-def]
    """H with H w = 0 and w'H = 0, in its memory: by these its row and column where w u is largest."""
    k = np.argmax(np.abs(w * u))
    if w[k] != 0:
        H[k] -= w @ H / w[k]
        H[:, k] -= H @ w / w[k]
    return H


def rowcentred(G, Z):  # type: ignore[no-untyped-def]
    """The rows of G, each less its entry where the row of Z is largest."""
    return G - np.take_along_axis(G, np.argmax(Z, axis=1)[:, None], axis=1)


def complement(P, axis=None):  # type: ignore[no-untyped-def]
    """The sums of the other entries, of entries of sum 1: 1 less the entry, but added up for one above 1/2."""
    large, keep = P > 0.5, axis is not None
    others = np.sum(np.where(large, P, 0.0), axis, keepdims=keep) - P  # 0 but where signs are mixed
    others += np.sum(np.where(large, 0.0, P), axis, keepdims=keep)
    return np.where(large, others, 1.0 - P)


def rowexp(Z):  # type: ignore[no-untyped-def]
    """exp(Z) over the largest entry of each row, in the memory of Z."""
    step = max(1, 2**15 // max(1, Z.shape[1]))
    for i in range(0, len(Z), step):
        S = Z[i : i + step]
        S -= np.max(S, axis=1, keepdims=True)
        np.exp(S, out=S)
    return Z


def rowslope(H, E, r):  # type: ignore[no-untyped-def]
    """E * (H - h), h the row sums of E * H times r, in the memory of H.

    Twice, so that of an entry that dominates its row is left what it differs from h, and not the rounding of h.
    """
    step = max(1, 2**15 // max(1, H.shape[1]))
    for i in range(0, len(H), step):
        S, P, scale = H[i : i + step], E[i : i + step], r[i : i + step]
        for _ in range(2):
            S -= (np.einsum("ij,ij->i", S, P) * scale)[:, None]
        S *= P
    return H


def rowdots(A, B):  # type: ignore[no-untyped-def]
    """The row sums of A * B."""
    if isinstance(A, np.ndarray) and isinstance(B, np.ndarray):
        return np.einsum("ij,ij->i", A, B)
    return (A * B).sum(axis=1)


def columndots(A, B):  # type: ignore[no-untyped-def]
    """The column sums of A * B."""
    return rowdots(A.T, B.T)


def expm(X):  # type: ignore[no-untyped-def]
    """exp(X): of X/2ˢ whose powers are small, squared s times; SciPy's own s is too small where X is large."""
    fourth = np.linalg.matrix_power(X, 4)
    size = max(np.linalg.norm(fourth, 1) ** 0.25, np.linalg.norm(fourth @ X, 1) ** 0.2)
    s = int(np.ceil(np.log2(size / 2.0))) if 2 < size < np.inf else 0
    return np.linalg.matrix_power(scipy.linalg.expm(X / 2.0**s), 2**s)


def ismax(x):  # type: ignore[no-untyped-def]
    """1 at the largest entry, 0 elsewhere."""
    return (x == np.max(x)).astype(x.dtype)


def powersum(X, A, k):  # type: ignore[no-untyped-def]
    """The sum of X^i A X^(k-1-i), i = 0 … k-1; for k < 0 that of the inverse."""
    if k < 0:
        A, X, k = -np.linalg.solve(X, np.linalg.solve(X.T, A.T).T), np.linalg.inv(X), -k
    total, power = np.zeros_like(A), np.eye(len(X), dtype=X.dtype)
    for _ in range(int(k)):  # Horner: S <- S X + X^i A
        total, power = total @ X + power @ A, power @ X
    return total


def over(a, b):  # type: ignore[no-untyped-def]
    """a/b for a norm b; 0 where b is 0, because what it multiplies vanishes faster."""
    return a / b if b != 0 else 0.0 * a


def polar(M):  # type: ignore[no-untyped-def]
    """M (M'M)^(-1/2), the orthogonal factor of M; of one that is nearly singular as well."""
    U, _, Vt = np.linalg.svd(M, full_matrices=False)
    return U @ Vt


def adjugate(X):  # type: ignore[no-untyped-def]
    """The transposed matrix of cofactors, also of a singular X, by the singular value decomposition."""
    U, s, Vt = np.linalg.svd(X)
    one = np.ones_like(s[:1])
    below = np.concatenate((one, np.cumprod(s)[:-1]))
    above = np.concatenate((np.cumprod(s[::-1])[-2::-1], one))
    sign = np.linalg.det(U) * np.linalg.det(Vt)
    return np.round(sign) * (Vt.T * (below * above)) @ U.T


def plus_transpose(A, out=None):  # type: ignore[no-untyped-def]
    """A + A', by blocks that stay in the cache."""
    n, b = len(A), 64
    if n < 512:
        return np.add(A, A.T, out=out)
    S = np.empty((n, n), A.dtype) if out is None else out
    for i in range(0, n, b):
        for j in range(i, n, b):
            block = A[i : i + b, j : j + b] + A[j : j + b, i : i + b].T
            S[i : i + b, j : j + b] = block
            S[j : j + b, i : i + b] = block.T
    return S


def plus_diagonal(A, d):  # type: ignore[no-untyped-def]
    """A + diag(d), in the memory of A."""
    A.flat[:: len(A) + 1] += d
    return A


def plus_outers(A, columns, rows):  # type: ignore[no-untyped-def]
    """A + u v' for each column u and its row v, in the memory of A."""
    U, V = np.stack(columns), np.stack(rows)
    if A.size < 4096 or A.dtype.char not in "fd":
        A += U.T @ V
        return A
    (gemm,) = scipy.linalg.get_blas_funcs(("gemm",), (A,))
    if A.flags.f_contiguous:
        return gemm(1.0, U.T, V.T, 1.0, A, trans_b=True, overwrite_c=True)
    return gemm(1.0, V.T, U.T, 1.0, A.T, trans_b=True, overwrite_c=True).T


def lowrank_solve(d, U, V, B=None):  # type: ignore[no-untyped-def]
    """(diag(d) + U V)⁻¹ B or U, by the smaller I + V D⁻¹ U where U is thin and D well conditioned (Woodbury)."""
    size = np.abs(d)
    if 2 * U.shape[1] >= len(U) or not size.max() <= 1000 * size.min():
        return np.linalg.solve(plus_diagonal(U @ V, d), U if B is None else B)
    Z = (U.T / d).T
    inner = plus_diagonal(V @ Z, 1)
    if B is None:
        return np.linalg.solve(inner.T, Z.T).T
    X = (B.T / d).T
    return X - Z @ np.linalg.solve(inner, V @ X)


def cholesky(S):  # type: ignore[no-untyped-def]
    """The lower triangle L of S = L L'; what is above it is left as it is."""
    (potrf,) = scipy.linalg.get_lapack_funcs(("potrf",), (S,))
    L, failed = potrf(S.T, lower=True, clean=False)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    return L


def cholesky_solve(L, B):  # type: ignore[no-untyped-def]
    """(L L')⁻¹ B; of a B that lies row after row from the right, in its own layout."""
    if B.flags.c_contiguous and not B.flags.f_contiguous:
        (trsm,) = scipy.linalg.get_blas_funcs(("trsm",), (L, B))
        X = trsm(1.0, L, B.T, side=True, lower=True, trans_a=True)
        return trsm(1.0, L, X, side=True, lower=True, overwrite_b=True).T
    (potrs,) = scipy.linalg.get_lapack_funcs(("potrs",), (L, B))
    return potrs(L, B, lower=True)[0]


def cholesky_quadratics(L, B):  # type: ignore[no-untyped-def]
    """The x' (L L')⁻¹ x for the columns x of B: the squares of the columns of L⁻¹B."""
    (trsm,) = scipy.linalg.get_blas_funcs(("trsm",), (L, B))
    if B.flags.c_contiguous:
        Z = trsm(1.0, L, B.T, side=True, lower=True, trans_a=True).T
    else:
        Z = trsm(1.0, L, B, lower=True)
    return np.einsum("ij,ij->j", Z, Z)


def cholesky_quadratic(L, B):  # type: ignore[no-untyped-def]
    """The sum of x' (L L')⁻¹ x over the columns x of B."""
    return np.sum(cholesky_quadratics(L, B))


def cholesky_inverse(L):  # type: ignore[no-untyped-def]
    """(L L')⁻¹, its upper triangle filled in by blocks."""
    (potri,) = scipy.linalg.get_lapack_funcs(("potri",), (L,))
    P, b = potri(L, lower=True)[0].T, 256
    for i in range(0, len(P), b):
        block = P[i : i + b, i : i + b]
        block[...] = np.triu(block) + np.triu(block, 1).T
        P[i + b :, i : i + b] = P[i : i + b, i + b :].T
    return P


def cholesky_logdet(L):  # type: ignore[no-untyped-def]
    """log det (L L')."""
    return 2 * np.sum(np.log(np.diagonal(L)))


def cholesky_logdetratio(L, M):  # type: ignore[no-untyped-def]
    """log(det(L L')/det(M M'))."""
    return 2 * np.sum(np.log(np.diagonal(L) / np.diagonal(M)))


def lu(A):  # type: ignore[no-untyped-def]
    """The LU factorisation of A, and its row exchanges."""
    (getrf,) = scipy.linalg.get_lapack_funcs(("getrf",), (A,))
    return getrf(A)[:2]


def lu_solve(F, B, trans=0):  # type: ignore[no-untyped-def]
    """A⁻¹ B, or with trans=1 A'⁻¹ B."""
    if not np.all(np.diagonal(F[0])):
        raise np.linalg.LinAlgError("the matrix is singular")
    (getrs,) = scipy.linalg.get_lapack_funcs(("getrs",), (F[0], B))
    return getrs(*F, B, trans=trans)[0]


def lu_inverse(F):  # type: ignore[no-untyped-def]
    """A⁻¹."""
    (getri,) = scipy.linalg.get_lapack_funcs(("getri",), F[:1])
    inverse, singular = getri(*F)
    if singular:
        raise np.linalg.LinAlgError("the matrix is singular")
    return inverse


def lu_logdet(F):  # type: ignore[no-untyped-def]
    """log |det A|."""
    return np.sum(np.log(np.abs(np.diagonal(F[0]))))


def factor(S):  # type: ignore[no-untyped-def]
    """A factorisation of a symmetric S: Cholesky's where it is positive definite, else LU."""
    try:
        return cholesky(S)
    except np.linalg.LinAlgError:
        return lu(S)


def factor_solve(F, B):  # type: ignore[no-untyped-def]
    """S⁻¹ B."""
    return lu_solve(F, B) if isinstance(F, tuple) else cholesky_solve(F, B)


def factor_quadratics(F, B):  # type: ignore[no-untyped-def]
    """The x' S⁻¹ x for the columns x of B."""
    return np.einsum("ij,ij->j", B, lu_solve(F, B)) if isinstance(F, tuple) else cholesky_quadratics(F, B)


def factor_quadratic(F, B):  # type: ignore[no-untyped-def]
    """The sum of x' S⁻¹ x over the columns x of B."""
    return np.sum(factor_quadratics(F, B))


def factor_inverse(F):  # type: ignore[no-untyped-def]
    """S⁻¹."""
    return lu_inverse(F) if isinstance(F, tuple) else cholesky_inverse(F)


def factor_logdet(F):  # type: ignore[no-untyped-def]
    """log |det S|."""
    return lu_logdet(F) if isinstance(F, tuple) else cholesky_logdet(F)


def commuted(m, n):  # type: ignore[no-untyped-def]
    """The places in vec(A) of the entries of vec(A'), for A m×n: K(m,n) x is x[commuted(m, n)]."""
    return np.arange(m * n).reshape(n, m).T.ravel()


def packed(n):  # type: ignore[no-untyped-def]
    """The places in vec(A) of the entries of vech(A), for A n×n: L(n) x is x[packed(n)]."""
    return np.flatnonzero(np.triu(np.ones((n, n))))


def unpacked(n):  # type: ignore[no-untyped-def]
    """The places in vech(S) of the entries of vec(S), for symmetric S: D(n) x is x[unpacked(n)]."""
    i = np.arange(n)
    place = (i * n - i * (i + 1) // 2)[:, None] + i  # above the diagonal, and larger than that below
    return np.minimum(place, place.T).ravel()


def rowpairs(X, w=None):  # type: ignore[no-untyped-def]
    """The products of each two rows of X, i ≤ k, in the order of vech; times weights, if they are given."""
    i, k = np.nonzero(np.tri(len(X), dtype=bool).T)
    P = X[i]
    P *= X[k]
    if w is not None:
        P *= w[:, None]
    return P


def vech(X):  # type: ignore[no-untyped-def]
    """The entries on and below the diagonal, column by column."""
    return X.T[np.triu_indices(len(X))]


def added(X, rows, n):  # type: ignore[no-untyped-def]
    """M' X for the M with M y = y[rows], of n columns: each row of X is added to the place it belongs to."""
    total = np.zeros((n, *X.shape[1:]), X.dtype)
    np.add.at(total, rows, X)
    return total


HELPERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (sigmoid, softplus, logsumexp, softmax, norm, logdetpos, rootprod, log1psq, log1mexp, smallexpm1, logcosh,
              sech2, softmaxslope, softmaxtimes, centred, deflated, rowcentred, rowexp, rowslope,
              rowdots, columndots, complement,
              expm, ismax, powersum, over, polar,
              adjugate, commuted, packed, unpacked, rowpairs, vech, added, plus_transpose, plus_diagonal, plus_outers,
              lowrank_solve,
              cholesky, cholesky_solve, cholesky_quadratics, cholesky_quadratic,
              cholesky_inverse, cholesky_logdet, cholesky_logdetratio,
              lu, lu_solve, lu_inverse, lu_logdet, factor, factor_solve, factor_quadratics, factor_quadratic,
              factor_inverse, factor_logdet)
}  # fmt: skip
