"""Contractions with arrays that are symmetric in two axes: half of the products is computed.

Σ_m X_mi X_mk B_mj is the same for ik and ki.  The products of two columns of X, i ≤ k, are the rows of a matrix, which
is multiplied by B; what comes out is unpacked, as the symmetric matrix that a vech is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from closedform.core.shape import Dim, triangle
from closedform.program.lower import Lowering
from closedform.program.term import Plan, Term


@dataclass(frozen=True, slots=True)
class Half:
    """One operand of a contraction over a letter, as a matrix with a column for each of its places.

    Attributes:
        rows: the matrix.
        sides: the letters of the axes that its rows are places of; of two that are symmetric, i ≤ k only.
        dims: the sizes of these axes.
        weights: what its rows are multiplied by: numbers, and vectors with an entry for each row.
    """

    rows: Term
    sides: str
    dims: tuple[Dim, ...]
    weights: tuple[Term, ...] = ()


def halved(plan: Plan, t: Term, letters: str, c: str) -> Half | None:
    """s S_ik w_c X_ci X_ck, S being symmetric, as products of pairs; None if an array is nothing like that."""
    if len(letters) != 3:
        return None
    if t.op == "negative":
        return _scaled(plan, halved(plan, t.args[0], letters, c), plan.number(-1), "", c)
    if t.op == "permute":
        order: tuple[int, ...] = t.data  # type: ignore[assignment]
        return halved(plan, t.args[0], "".join(letters[order.index(n)] for n in range(3)), c)
    if t.op == "einsum" and len(t.args) == 2:
        spoken, out = str(t.data).split("->")
        words = spoken.translate(str.maketrans(out, letters)).split(",")
    elif t.op == "multiply":
        words = [letters[3 - a.rank :] for a in t.args]  # the last axes
    else:
        return None
    for (x, u), (y, v) in (pair := list(zip(t.args, words, strict=True)), pair[::-1]):
        if len(u) == 3:
            return _scaled(plan, halved(plan, x, u, c), y, v, c)
    return _pairs(plan, t.args, words, letters, c)


def _scaled(plan: Plan, half: Half | None, by: Term, word: str, c: str) -> Half | None:
    """Pairs times a number, a weight for each place of c, or a symmetric matrix over the two others."""
    if half is None:
        return None
    if word == c:
        return replace(half, rows=plan.each("multiply", by, half.rows))
    if word:
        if sorted(word) != sorted(half.sides) or not _is_symmetric(plan, by):
            return None
        places = plan.make("packed", (plan.make("rows", (by,), data=0),), half.rows.axes[:1])
        by = plan.take(plan.flat(by), places, 0)
    return replace(half, weights=(by, *half.weights))


def _is_symmetric(plan: Plan, S: Term) -> bool:
    return S in plan.symmetric or (S.op == "matmul" and plan.are_mirrored(*S.args))


def _pairs(plan: Plan, factors: Sequence[Term], words: Sequence[str], letters: str, c: str) -> Half | None:
    """w_c X_ci X_ck as products of pairs."""
    both = [_turned(plan, a, w, c) for a, w in zip(factors, words, strict=True)]
    if None in both:
        return None
    (X, u), (Y, v) = ((_weighted(plan, r)) for r in both if r is not None)
    if X is not Y or not all(isinstance(f, str) for f in X.axes[0].factors):
        return None
    made = plan.make("rowpairs", (X,), (triangle(X.axes[0]), X.axes[1]))
    weights = plan.product([*u, *v])
    half = Half(made, letters.replace(c, ""), X.axes[:1] * 2)
    return half if weights is None or weights.value == 1 else _scaled(plan, half, weights, c, c)


def _turned(plan: Plan, a: Term, word: str, c: str) -> Term | None:
    """A factor as a matrix with a column for each place of a letter."""
    if len(word) != 2 or c not in word or word[0] == word[1]:
        return None
    return a if word[1] == c else plan.transpose(a)


def _weighted(plan: Plan, a: Term) -> tuple[Term, list[Term]]:
    """A matrix without the numbers and the vectors that its columns are multiplied by, and these."""
    if a.op == "transpose" and a.args[0].op in ("multiply", "negative"):
        inner = a.args[0]
        turned = [plan.transpose(x) if x.rank == 2 and x.op != "column" else x for x in inner.args]
        turned = [x.args[0] if x.op == "column" else plan.column(x) if x.rank == 1 else x for x in turned]
        a = plan.each(inner.op, *turned)
    if a.op == "negative":
        X, weights = _weighted(plan, a.args[0])
        return X, [plan.number(-1), *weights]
    if a.op == "multiply":
        for x, w in (a.args, a.args[::-1]):
            if w.rank < 2 and x.rank == 2 and x.axes == a.axes:
                X, weights = _weighted(plan, x)
                return X, [w, *weights]
    return a, []


def multiplied(plan: Plan, left: Half, right: Half) -> Term:
    """The product of one matrix with the transpose of the other; numbers join the weights, if one has them."""
    numbers = [w for h in (left, right) for w in h.weights if not w.rank]
    known = prod(w.value for w in numbers if w.value is not None)
    numbers = [*([plan.number(known)] if known != 1 else []), *[w for w in numbers if w.value is None]]
    vectors = [[w for w in h.weights if w.rank] for h in (left, right)]
    vectors[bool(vectors[1]) and not vectors[0]][:0] = numbers
    a, b = (_weighted_rows(plan, h.rows, plan.product(v)) for h, v in zip((left, right), vectors, strict=True))
    return plan.matmul(a, plan.transpose(b))


def _weighted_rows(plan: Plan, rows: Term, weights: Term | None) -> Term:
    if weights is None:
        return rows
    if rows.op == "rowpairs" and weights.rank:
        return plan.make("rowpairs", (*rows.args, weights), rows.axes)
    return plan.each("multiply", plan.column(weights) if weights.rank else weights, rows)


def unpack(low: Lowering, A: Term, n: Dim, axis: int) -> Term:
    """Pairs along an axis as the places of a symmetric n×n matrix, row after row."""
    return low.plan.take(A, low.plan.make("unpacked", (low.size(n),), (n * n,)), axis)


def scaled(plan: Plan, s: Term, A: Term) -> Term:
    """A multiple; of pairs before they are unpacked."""
    if A.op == "reshape" and is_unpacked(A.args[0]):
        return plan.reshape(scaled(plan, s, A.args[0]), A.args[1:], A.axes)
    if is_unpacked(A):
        axis: int = A.data  # type: ignore[assignment]
        return plan.take(scaled(plan, s, A.args[0]), A.args[1], axis)
    return plan.each("multiply", s, A)


def is_unpacked(A: Term) -> bool:
    return A.op == "take" and A.args[1].op == "unpacked"
