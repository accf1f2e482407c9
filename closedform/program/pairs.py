"""Σ_s C_ik,s D_jl,s of pairs of rows as one instruction, for languages that compute it in strips.

`halves.py` makes it of two matrices with a row for each pair, unpacked on both axes.  What stands on the diagonal i = k
or j = l of the result, and has the other pairs as a factor, is added to its own pairs before they are multiplied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from closedform.core.expr import topological
from closedform.program.halves import is_unpacked
from closedform.program.tensors import Part
from closedform.program.term import Axes, Term, broadcast

OPERANDS = "cdvwefgh"  #: what `pair_gram` may be given besides its two matrices, by turns for each of them


@dataclass(frozen=True, slots=True)
class Side:
    """The matrix of the rows c v_ik X_i X_k + δ_ik e_i.

    Attributes:
        X: the matrix.
        c: what its columns are multiplied by, a vector or a number.
        v: what the pairs are multiplied by.
        e: what is added where i = k.
        g: what stands there in place of the pair.
    """

    X: Term
    c: Term | None = None
    v: Term | None = None
    e: Term | None = None
    g: Term | None = None


@dataclass(frozen=True, slots=True)
class PairGram:
    """The products of two sides.

    Attributes:
        sides: the two.
        places: for each axis of the array, the side that it belongs to.
    """

    sides: tuple[Side, Side]
    places: tuple[int, ...]

    def term(self, axes: Axes) -> Term:
        """The instruction; its own axes belong to the sides by turns."""
        a, b = self.sides if self.places[0] == 0 else self.sides[::-1]
        given = {k: t for k, t in zip(OPERANDS, (a.c, b.c, a.v, b.v, a.e, b.e, a.g, b.g), strict=True) if t is not None}
        p, q = a.X.axes[0], b.X.axes[0]
        made = Term("pair_gram", (a.X, b.X, *given.values()), "".join(given), (p, q, p, q))
        places = [n != self.places[0] for n in self.places]
        order = tuple(places[n] + 2 * places[:n].count(places[n]) for n in range(4))
        return made if order == (0, 1, 2, 3) else Term("permute", (made,), order, axes)


def with_pairs(roots: Sequence[Term]) -> list[Term]:
    """The same terms, with `pair_gram` where a product of pairs of rows is unpacked on both axes."""
    order, made = topological(roots), dict[Term, Term]()
    uses = Counter(a for t in order for a in t.args)
    uses.update(roots)
    for t in order:
        found = _gram(t, uses)
        new = found.term(t.axes) if found else _assembled(t, uses)
        made[t] = _renewed(new, made) if new is not t else _rebuilt(t, made)
    return [made[r] for r in roots]


def _rebuilt(t: Term, made: Mapping[Term, Term]) -> Term:
    args = tuple(_renewed(a, made) for a in t.args)
    return t if args == t.args else Term(t.op, args, t.data, t.axes)


def _renewed(t: Term, made: Mapping[Term, Term]) -> Term:
    """A term whose operands at some depth have been made."""
    return made[t] if t in made else _rebuilt(t, made)


def _gram(t: Term, uses: Mapping[Term, int]) -> PairGram | None:
    """The array as products of pairs on both sides."""
    if t.op == "permute":
        inner, order = _gram(t.args[0], uses) if uses[t.args[0]] == 1 else None, t.data
        return inner and replace(inner, places=tuple(inner.places[n] for n in order))  # type: ignore[attr-defined]
    chain = [t]
    while len(chain) < 4 and chain[-1].args:
        chain.append(chain[-1].args[0])
    reshaped, *taken, product = chain if len(chain) == 4 else [t] * 4
    if reshaped.op != "reshape" or product.op != "matmul" or any(uses[x] > 1 for x in chain[1:]):
        return None
    if not all(map(is_unpacked, taken)) or taken[0].data == taken[1].data or t.rank != 4:
        return None
    a, b = _side(product.args[0]), _side(_turned(product.args[1]))
    return PairGram((a, b), (0, 0, 1, 1)) if a and b else None


def _side(rows: Term) -> Side | None:
    """A matrix as pairs of rows with weights."""
    if rows.op == "rowpairs":
        return Side(rows.args[0], v=rows.args[1] if len(rows.args) > 1 else None)
    if rows.op != "multiply":
        return None
    for weight, inner in (rows.args, rows.args[::-1]):
        side = _side(inner) if inner.axes == rows.axes and (weight.rank < 2 or weight.op == "column") else None
        if side:
            if weight.op == "column":
                return replace(side, v=_product(weight.args[0], side.v))
            return replace(side, c=_product(weight, side.c))
    return None


def _product(*factors: Term | None) -> Term | None:
    """Entry by entry, of those that there are."""
    total: Term | None = None
    for f in factors:
        if f is not None:
            total = f if total is None else Term("multiply", (total, f), None, broadcast(total, f))
    return total


def _turned(a: Term) -> Term:
    return a.args[0] if a.op == "transpose" else Term("transpose", (a,), None, a.axes[::-1])


def _assembled(t: Term, uses: Mapping[Term, int]) -> Term:
    """The sum of products on diagonals, those that fit among the pairs of the first."""
    if t.op != "assemble":
        return t
    parts: tuple[Part, ...] = t.data  # type: ignore[assignment]
    gram = _gram(t.args[0], uses) if uses[t.args[0]] == 1 else None
    if gram is None or parts[0].negative or parts[0].words != (parts[0].view,):
        return t
    kept, operands, rest = [parts[0]], [t.args[0]], list(t.args[1:])
    for part in parts[1:]:
        terms, rest = rest[: len(part.words)], rest[len(part.words) :]
        more = None if any(p.replaces for p in kept) else _on_diagonal(gram, part, terms[0])
        if more is None:
            kept.append(part)
            operands += terms
        gram = more or gram
    whole = gram.term(t.axes)
    return whole if len(kept) == 1 else Term("assemble", (whole, *operands[1:], *rest), tuple(kept), t.axes)


def _on_diagonal(gram: PairGram, part: Part, value: Term) -> PairGram | None:
    """The products with Σ_s e_is X_js X_ls where i = k among them."""
    twice = [c for c in dict.fromkeys(part.view) if part.view.count(c) == 2]
    if len(twice) != 1 or len(part.words) != 1 or len(part.words[0]) != 3 or value.op != "reshape":
        return None
    (c,), (word,), taken = twice, part.words, value.args[0]
    at = {gram.places[n] for n, letter in enumerate(part.view) if letter == c}
    if len(at) != 1 or not is_unpacked(taken) or word.index(c) != (2 if taken.data == 0 else 0):
        return None
    (n,), e, factor = at, taken.args[0], None
    while e.op == "multiply" and not e.args[0].rank:
        factor, e = _product(factor, e.args[0]), e.args[1]
    if e.op != "matmul":
        return None
    rows, e = e.args if taken.data == 0 else (_turned(e.args[1]), _turned(e.args[0]))
    side, own, other = _side(rows), gram.sides[n], gram.sides[1 - n]
    if side is None or side.X is not other.X or side.v is not other.v or other.e or other.g:
        return None
    if part.replaces and (own.e or own.g):
        return None
    e = _product(Term("number", (), -1.0) if part.negative else None, factor, side.c, _turned(e)) or e
    mine, its = replace(own, c=_product(own.c, other.c)), replace(other, c=None)
    if part.replaces:
        mine = replace(mine, g=e)
    else:
        mine = replace(mine, e=e if own.e is None else Term("add", (own.e, e), None, e.axes))
    return PairGram((its, mine) if n else (mine, its), gram.places)
