"""How many operations on numbers each instruction takes: one row for each, a polynomial in the sizes.

A function of an entry counts as one operation, a product that is summed as two.  Factorisations are counted to their
highest order.  What iterates until it has converged is counted as it typically runs.
Source: Golub & Van Loan, Matrix Computations, 4th ed. (2013), tables 3.2.1, 5.5.1 and 8.6.1; Higham, Functions of
Matrices (2008), ch. 6, 10 and 11.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from closedform.core.expr import OPS
from closedform.core.shape import Dim, triangle
from closedform.errors import NotSupported
from closedform.program.polynomial import Polynomial, constant, entries, named, size
from closedform.program.term import VIEWS, Term

Count = Callable[[Term], Polynomial]
POWERS = 8  #: matrix products assumed for X^k where k is a variable: repeated squaring up to k of about 30


def flops(t: Term) -> Polynomial:
    """What one instruction takes.

    Raises:
        NotSupported: the instruction has no row.
    """
    count = FLOPS.get(t.op)
    if count is None:
        raise NotSupported(f"there is no count of the operations of {t.op}")
    return count(t)


def _none(t: Term) -> Polynomial:
    return constant(0)


def each(weight: int = 1) -> Count:
    """So many for every entry of the result."""
    return lambda t: entries(t.axes) * weight


def operand(weight: int = 1) -> Count:
    """So many for every entry of the first operand."""
    return lambda t: entries(t.args[0].axes) * weight


def cubic(c: Fraction | int) -> Count:
    """So many times n³ for the n×n operand."""
    return lambda t: _cube(t.args[0]) * c


def _cube(A: Term) -> Polynomial:
    n = size(A.axes[0])
    return n * n * n


def _singular_values(vectors: int) -> Count:
    """A singular value decomposition of m×n: 4mn² for the values, more for the vectors."""
    return lambda t: _wide(t.args[0]) * vectors


def _wide(A: Term) -> Polynomial:
    rows, columns = (size(d) for d in A.axes)
    return rows * columns * columns


def _matmul(t: Term) -> Polynomial:
    """2mkn; half of that for Z'Z."""
    A, B = t.args
    full = entries(A.axes) * size(B.axes[1]) * 2
    mirrored = (A.op == "transpose" and A.args[0] is B) or (B.op == "transpose" and B.args[0] is A)
    return full * Fraction(1, 2) if mirrored else full


def _gram(each_product: int) -> Count:
    """mn for diag(w) X, and mn² for every operation of a sum; Z'Z is computed by halves."""
    return lambda t: entries(t.args[0].axes) * (size(t.axes[0]) * each_product + constant(1))


def _pair_gram(t: Term) -> Polynomial:
    """2mns for the m and n pairs on both sides, and ms + ns to form them."""
    (p, s), (q, _) = (X.axes for X in t.args[:2])
    m, n = (size(triangle(d)) for d in (p, q))
    return size(s) * (m * n * 2 + m + n)


def _matmul_each(t: Term) -> Polynomial:
    """2mkn for every matrix of the batch."""
    return entries(t.axes) * size(t.args[0].axes[-1]) * 2


def _outers(t: Term) -> Polynomial:
    """A product of two thin matrices, with a column in each for every pair."""
    return entries(t.axes) * len(t.args)


def _solve(factor: Fraction) -> Count:
    """A factorisation of the n×n matrix, and 2n² for each column on the right."""
    return lambda t: _cube(t.args[0]) * factor + entries(t.args[1].axes) * size(t.args[0].axes[0]) * 2


def _einsum(t: Term) -> Polynomial:
    """One multiplication for every operand but the first, and an addition where something is summed."""
    words, out = str(t.data).split("->")
    dims: dict[str, Dim] = {}
    for word, a in zip(words.split(","), t.args, strict=True):
        dims.update(zip(word, a.axes, strict=True))
    each_entry = len(t.args) - 1 + (len(dims) > len(set(out)))
    return entries(dims.values()) * each_entry


def _tensordot(t: Term) -> Polynomial:
    a, b = t.args
    (_, right) = t.data  # type: ignore[misc]
    return entries(a.axes) * entries(d for n, d in enumerate(b.axes) if n not in right) * 2  # type: ignore[has-type]


def _assemble(t: Term) -> Polynomial:
    """Every product is added to its place; one given as two operands is multiplied as well."""
    total, operands = constant(0), list(t.args)
    for part in t.data:  # type: ignore[attr-defined]
        axes = dict(zip(part.view, t.axes, strict=True))
        total += entries(axes.values()) * (2 if len(part.words) == 2 else 1)
        operands = operands[len(part.words) :]
    return total


def _powersum(t: Term) -> Polynomial:
    """k steps of three products."""
    return times_taken(t.args[2]) * _cube(t.args[0]) * 6


def _matpow(t: Term) -> Polynomial:
    """Repeated squaring."""
    k = t.args[1].value
    products = POWERS if k is None else abs(int(k)).bit_length() + abs(int(k)).bit_count() - 2
    inverted = 2 if k is not None and k < 0 else 0
    return _cube(t.args[0]) * (2 * max(products, 0) + inverted)


def times_taken(k: Term) -> Polynomial:
    """An exponent as a polynomial, in its own name where it is a variable.

    Raises:
        NotSupported: it is computed from other things.
    """
    if k.value is not None:
        return constant(abs(int(k.value)))
    if k.op in ("variable", "size"):
        return named(str(k.data))
    if k.op in ("integer", "negative"):
        return times_taken(k.args[0])
    if k.op in ("add", "subtract"):  # k - 1 is counted as k + 1
        a, b = map(times_taken, k.args)
        return a + b
    if k.op == "multiply":
        a, b = map(times_taken, k.args)
        return a * b
    raise NotSupported("there is no count of operations where an exponent is neither a number nor a variable")


def _rows(names: str, count: Count) -> dict[str, Count]:
    return dict.fromkeys(names.split(), count)


def _quadratics(t: Term) -> Polynomial:
    """A triangular solve, and the squares of what it gives."""
    return entries(t.args[1].axes) * (size(t.args[0].axes[0]) + constant(2))


THIRD = Fraction(1, 3)
FLOPS: dict[str, Count] = {
    **{name: each() for name, op in OPS.items() if op.kind == "elementwise"},
    **dict.fromkeys(VIEWS, _none),
    **_rows("variable number size rows integer triangle ones zeros full eye diag diagonal first take permute", _none),
    **_rows("vec vech commuted packed unpacked stack", _none),
    **_rows("add subtract multiply divide negative power over sqrt expm1 log1p outer kron ismax", each()),
    **_rows("sum sum_over max norm1 added tr", operand()),
    **_rows("norm2 inner dot matvec rowdots columndots", operand(2)),
    **_rows(
        "hypot logaddexp larger smaller erfc log1psq log1mexp smallexpm1 logcosh sech2 softmaxslope centred rowcentred"
        " complement",
        each(),
    ),
    **_rows("rowmax", operand()),
    "distances": lambda t: entries(t.axes) * size(t.args[0].axes[1]) * 3,
    "vecmat": lambda t: entries(t.args[1].axes) * 2,
    **_rows("softmax logsumexp rootprod", operand(4)),
    "matmul_each": _matmul_each,
    "outers": _outers,
    "rowpairs": each(),
    "plus_outers": _outers,
    **_rows("softmaxtimes deflated rowslope", each(4)),
    "rowexp": each(3),
    "plus_transpose": each(),
    "plus_diagonal": lambda t: size(t.axes[0]),
    "matmul": _matmul,
    "weighted_gram": _gram(1),
    "signed_gram": _gram(2),
    "softmax_gram": lambda t: _gram(1)(t) + entries(t.args[0].axes) * 4,
    "pair_gram": _pair_gram,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "assemble": _assemble,
    "powersum": _powersum,
    "matpow": _matpow,
    **_rows("cholesky factor", cubic(THIRD)),
    **_rows("lu det logdet logdetpos", cubic(2 * THIRD)),
    "inverse": cubic(2),
    "cholesky_inverse": cubic(2 * THIRD),
    **_rows("lu_inverse factor_inverse", cubic(4 * THIRD)),
    **_rows("cholesky_logdet cholesky_logdetratio lu_logdet factor_logdet", lambda t: size(t.args[0].axes[0]) * 2),
    **_rows("solve solve_transposed", _solve(2 * THIRD)),
    **_rows("cholesky_solve lu_solve lu_solve_transposed factor_solve", _solve(Fraction(0))),
    **_rows("cholesky_quadratics cholesky_quadratic factor_quadratics factor_quadratic", _quadratics),
    "normnuc": _singular_values(4),
    **_rows("pinv polar", _singular_values(14)),
    "adj": cubic(22),
    "expm": cubic(20),
    "sqrtm": cubic(28),
    "logm": cubic(60),
}  #: instruction to count
