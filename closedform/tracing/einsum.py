"""Einstein summation of vectors and matrices: factors are multiplied one after the other.

Every index of an intermediate product is needed later; there are at most two of them.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from closedform.core.expr import Expr, number
from closedform.errors import NotSupported, ShapeError
from closedform.ops import structure
from closedform.tracing.algebra import trace
from closedform.tracing.arithmetic import multiply
from closedform.tracing.array import Array, told, view
from closedform.tracing.reductions import total
from closedform.tracing.values import lift, reshaped

_PATTERN = re.compile(r"([A-Za-z,]*)->([A-Za-z]*)")


class Indexed(NamedTuple):
    """A factor: an array, and a letter for each of its axes."""

    array: Array
    letters: str


def einsum(pattern: str, /, *factors: Any) -> Array:
    """The sum over all letters that are not behind the arrow.

    Raises:
        NotSupported: an ellipsis, or a product with more than two indices on the way.
        ShapeError: letters that do not fit the arrays.
    """
    match = _PATTERN.fullmatch(_explicit(pattern))
    inputs = match[1].split(",") if match else []
    if match is None or len(inputs) != len(factors):
        raise NotSupported(f"einsum is understood with a pattern such as 'ij,j->i', not {pattern!r}"[:200])
    waiting = [_indexed(lift(x), letters) for x, letters in zip(factors, inputs, strict=True)]
    made = Indexed(Array(number(1), ()), "")
    while waiting:
        factor = waiting.pop(0)
        needed = {*match[2], *(c for w in waiting for c in w.letters)}
        made = _product(_summed(made, needed | {*factor.letters}), _summed(factor, needed | {*made.letters}), needed)
    found = _ordered(made, match[2]).array
    return view(lift(factors[0]), found.expr, found.dims) if len(factors) == 1 else found


def _explicit(pattern: Any) -> str:
    """The pattern with its arrow: without one, the letters that occur once are kept, in alphabetical order."""
    text = "".join(str(pattern).split())
    once = sorted(c for c in set(text) if c.isalpha() and text.count(c) == 1)
    return text if "->" in text else f"{text}->{''.join(once)}"


def _indexed(x: Array, letters: str) -> Indexed:
    """A factor without repeated letters: `ii` is the diagonal."""
    if len(letters) != x.ndim:
        raise ShapeError(f"the letters {letters} do not fit an array of shape {told(x.dims)}")
    if len(letters) == 2 and letters[0] == letters[1]:
        trace(x)  # square
        return Indexed(Array(structure.diagonal(x.expr), x.dims[:1]), letters[0])
    return Indexed(x, letters)


def _summed(factor: Indexed, needed: set[str]) -> Indexed:
    """Summed over the letters that nothing else needs."""
    over = tuple(i for i, c in enumerate(factor.letters) if c not in needed)
    if not over:
        return factor
    return Indexed(total(factor.array, over), "".join(c for c in factor.letters if c in needed))


def _product(a: Indexed, b: Indexed, needed: set[str]) -> Indexed:
    """The product of two factors, summed over the letters that nothing else needs."""
    for c in set(a.letters) & set(b.letters):
        p, q = a.array.dims[a.letters.index(c)], b.array.dims[b.letters.index(c)]
        if p is not q:
            raise ShapeError(f"the index {c} runs over {p} and over {q}")
    inner = [c for c in a.letters if c in b.letters and c not in needed]
    if len(inner) == 1 and not set(a.letters) & set(b.letters) & needed:
        return _contracted(a, b, inner[0])
    union = a.letters + "".join(c for c in b.letters if c not in a.letters)
    if len(union) > 2:
        raise NotSupported("einsum with a product of three indices is not understood")
    return _summed(Indexed(multiply(_aligned(a, union), _aligned(b, union)), union), needed)


def _contracted(a: Indexed, b: Indexed, c: str) -> Indexed:
    """A matrix product: the last index of a is the first of b."""
    left, right = _matrix(a, c).T, _matrix(b, c)
    letters = a.letters.replace(c, "") + b.letters.replace(c, "")
    dims = tuple(x.array.dims[x.letters.index(d)] for x in (a, b) for d in x.letters if d != c)
    made = left @ right
    return Indexed(Array(made if len(a.letters) == 2 else made.T, dims), letters)


def _matrix(x: Indexed, first: str) -> Expr:
    """The expression with that letter for its rows."""
    return x.array.expr if x.letters[0] == first else x.array.expr.T


def _aligned(x: Indexed, letters: str) -> Array:
    """With the axes that these letters name, of length 1 where it has none."""
    turned = _ordered(x, "".join(c for c in letters if c in x.letters)).array
    return (
        turned if x.letters != letters[:1] or len(letters) < 2 else reshaped(turned, (*turned.dims, number(1).shape[0]))
    )


def _ordered(x: Indexed, letters: str) -> Indexed:
    """With its axes in another order."""
    if set(letters) != set(x.letters) or len(set(letters)) != len(letters):
        raise NotSupported("einsum is understood with every letter behind the arrow once, and before it")
    return x if x.letters == letters else Indexed(x.array.T, letters)
