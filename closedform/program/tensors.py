"""Tensors as terms: each product by matrix products, broadcasting and contractions of two operands at most.

The order of contraction is chosen here, never at run time.  A delta between free indices is not formed: the instruction
`assemble` adds what it multiplies to a diagonal of the result.  Beyond the result itself nothing of its size is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import mul

from closedform.core.expr import Expr, number
from closedform.index.tensor import Product, Tensor, atoms, letters
from closedform.program.contraction import Leaf, Merged, Node, Pair, Piece
from closedform.program.halves import Half, halved, multiplied, scaled, unpack
from closedform.program.lower import Lowering
from closedform.program.products import added
from closedform.program.term import Term


@dataclass(slots=True)
class Operand:
    """An array and the letters of its axes."""

    term: Term
    letters: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one product adds to the result of `assemble`.

    Attributes:
        view: for every axis of the result a letter; axes of one letter are a diagonal.
        words: the letters of one operand, which stands on that diagonal; or of two that are multiplied.
        negative: whether it is subtracted.
        replaces: whether it takes the place of what was added to its diagonal before.
    """

    view: str
    words: tuple[str, ...]
    negative: bool = False
    replaces: bool = False


def lower_tensor(t: Tensor, pieces: list[Piece], low: Lowering) -> Term:
    """The term of a tensor whose products are these pieces, their expressions being lowered."""
    return _Body(t, low).lower(pieces)


class _Body:
    """The terms of one tensor."""

    def __init__(self, t: Tensor, low: Lowering) -> None:
        self.t, self.low, self.plan = t, low, low.plan
        self.axes = tuple(a.dim for a in atoms(t.free))
        self.split = len(self.axes) > len(t.free)
        self.free = letters(Product(number(1), ()), t.free)[1]

    def lower(self, pieces: list[Piece]) -> Term:
        if not self.t.free:
            return self.number(pieces)
        if len(pieces) == 1 and pieces[0].dense:
            found = self.value(pieces[0], pieces[0].view).term
        else:
            found = self.assembled(pieces)
        if not self.split:
            return found
        sizes = [self.low.size(i.dim) for i in self.t.free]
        return self.plan.reshape(found, sizes, tuple(i.dim for i in self.t.free))

    def number(self, pieces: list[Piece]) -> Term:
        total: Term | None = None
        for p in pieces:
            value = self.value(p, "").term
            total = value if total is None else self.plan.each("add", total, value)
        return total or self.plan.number(0.0)

    def assembled(self, pieces: list[Piece]) -> Term:
        """The sum of the products, each on its diagonal of the result."""
        parts, terms = list[Part](), list[Term]()
        together = None if any(p.replaces for p in pieces) else self.of_low_rank(pieces)
        if together is not None:
            word, found, pieces = together
            if not pieces:
                return found
            parts, terms = [Part(word, (word,))], [found]
        outer = [p for p in pieces if self.is_outer(p)]
        rows_first = len(outer) > 1 and outer[0] is pieces[0] and not any(p.replaces for p in pieces)
        for p in pieces:
            part, operands = self.part(p, by_rows=rows_first or bool(parts))
            parts.append(part)
            terms += operands
        sizes = [self.low.size(d) for d in self.axes]
        return self.plan.make("assemble", (*terms, *sizes), self.axes, tuple(parts))

    def of_low_rank(self, pieces: list[Piece]) -> tuple[str, Term, list[Piece]] | None:
        """Products of two arrays over the same two sets of axes, as one batch of matrix products; and the others.

        One set are the axes that follow the first one of the result, the other the rest; either array may have the
        first one too.
        """
        groups: dict[str, list[Piece]] = {}
        for p in pieces:
            if word := _behind_first(p):
                groups.setdefault(word, []).append(p)
        word, group = max(groups.items(), key=lambda g: len(g[1]), default=("", []))
        if len(group) < 2:
            return None
        view, left, right = group[0].view, list[Operand](), list[Operand]()
        for p in group:
            assert isinstance(p.root, Pair)
            ends = self.scaled_ends(p, p.root)
            behind, rest = ends if set(ends[0].letters) - {view[0]} == set(word) else ends[::-1]
            left.append(behind)
            right.append(rest)
        made = self.rows_times_rows(
            self.stacked(left, view[0], word), self.stacked(right, view[0], view[1 + len(word) :])
        )
        if made.axes != self.axes:
            made = self.plan.reshape(made, [self.low.size(d) for d in self.axes], self.axes)
        return view, made, [p for p in pieces if p not in group]

    def stacked(self, arrays: list[Operand], first: str, word: str) -> Term:
        """Arrays beside each other, the axes of a word as one; for each place on the first axis, if one has that."""
        if not any(first in a.letters for a in arrays):
            return self.plan.stack([self.plan.flat(self.permuted(a, word)) for a in arrays])
        rows = []
        for a in arrays:
            if first in a.letters:
                rows.append(self.flat_rows(self.permuted(a, first + word)))
            else:
                once = self.plan.make("ones", (self.low.size(self.axes[0]),), self.axes[:1])
                rows.append(self.plan.outer(once, self.plan.flat(self.permuted(a, word))))
        return self.plan.stack(rows)

    def rows_times_rows(self, left: Term, right: Term) -> Term:
        """L'R for every place on the first axis: of `stacked` arrays L and R, of which one at least has that axis."""
        if right.rank == 2 == left.rank:  # one number for each place
            return self.plan.matmul(right, self.plan.transpose(left))
        if left.rank == 3:
            left = self.plan.make("permute", (left,), (left.axes[0], left.axes[2], left.axes[1]), (0, 2, 1))
        right = right if right.rank == 3 else self.plan.transpose(right)
        return self.plan.make("matmul_each", (left, right), (self.axes[0], left.axes[-2], right.axes[-1]))

    def flat_rows(self, a: Term) -> Term:
        """An array as a matrix with a row for each place on its first axis."""
        if a.rank <= 2:
            return a
        n = reduce(mul, a.axes[1:])
        return self.plan.reshape(a, [self.low.size(a.axes[0]), self.low.size(n)], (a.axes[0], n))

    def is_outer(self, p: Piece) -> bool:
        """Is a product as large as the result, and larger than its two operands?"""
        root = p.root
        return (
            p.dense
            and isinstance(root, Pair)
            and p.size(root.letters) > max(p.size(root.left.letters), p.size(root.right.letters))
        )

    def part(self, p: Piece, *, by_rows: bool) -> tuple[Part, list[Term]]:
        """One product; one as large as the result as two operands, if it is to be taken row by row."""
        root = p.root
        if by_rows and isinstance(root, Pair) and self.is_outer(p):
            ends = self.scaled_ends(p, root)
            return Part(p.view, tuple(e.letters for e in ends)), [e.term for e in ends]
        value = self.value(p, p.view if p.dense else None)
        term, negative = value.term, value.term.op == "negative"
        return Part(p.view, (value.letters,), negative, p.replaces), [term.args[0] if negative else term]

    def scaled_ends(self, p: Piece, root: Pair) -> list[Operand]:
        ends = self.ends(p, root)
        if p.scalar is not None:
            n = 0 if p.size(ends[0].letters) <= p.size(ends[1].letters) else 1
            ends[n] = self.multiplied(p.scalar, ends[n])
        return ends

    # values

    def value(self, p: Piece, want: str | None) -> Operand:
        """A product; its letters in the wanted order, if one is given."""
        if p.root is None:
            assert p.scalar is not None
            return Operand(self.low[p.scalar], "")
        scalar, root = p.scalar, p.root
        if not isinstance(root, Pair):
            found = self.reduced(p, self.operand(p, root), set(p.view))
        else:
            ends = self.ends(p, root)
            n = 0 if p.size(ends[0].letters) <= p.size(ends[1].letters) else 1
            other = n if len(root.letters) > 2 else 1 - n  # a matrix may be a product with its own transpose
            if scalar is not None and p.size(root.letters) > p.size(ends[other].letters):
                ends[n], scalar = self.multiplied(scalar, ends[n]), None
            found = self.contracted(p, ends[0], ends[1], set(root.letters), want)
        if scalar is not None:
            found = self.multiplied(scalar, found)
        if want is not None and found.letters != want:
            found = Operand(self.permuted(found, want), want)
        return found

    def multiplied(self, s: Expr, a: Operand) -> Operand:
        if s.op.name == "number" and s.data == -1:
            return Operand(self.plan.negative(a.term), a.letters)
        return Operand(scaled(self.plan, self.low[s], a.term), a.letters)

    def permuted(self, a: Operand, want: str) -> Term:
        if a.letters == want:
            return a.term
        if len(want) == 2:
            return self.plan.transpose(a.term)
        order = tuple(a.letters.index(c) for c in want)
        return self.plan.make("permute", (a.term,), tuple(a.term.axes[n] for n in order), order)

    def operand(self, p: Piece, node: Node) -> Operand:
        if isinstance(node, Merged):
            terms = [self.value(q, node.letters).term for q in node.pieces]
            signed = [(t.op == "negative", t.args[0] if t.op == "negative" else t) for t in terms]
            return Operand(added(self.plan, signed), node.letters)
        if isinstance(node, Leaf):
            term = self.low[node.expr]
            if any(i.parts is not None for i in node.indices):
                axes = tuple(a.dim for a in atoms(node.indices))
                term = self.plan.reshape(term, [self.low.size(d) for d in axes], axes)
            if term in self.plan.symmetric:
                return Operand(term, "".join(sorted(node.letters, key=self.place)))
            return Operand(term, node.letters)
        left, right = self.ends(p, node)
        return self.contracted(p, left, right, set(node.letters), None)

    def ends(self, p: Piece, node: Pair) -> list[Operand]:
        """The two operands, each without the letters that only it has and that are summed over."""
        sides = ((node.left, node.right), (node.right, node.left))
        return [self.reduced(p, self.operand(p, a), set(node.letters + b.letters)) for a, b in sides]

    def reduced(self, p: Piece, a: Operand, keep: set[str]) -> Operand:
        """Diagonals taken, and letters summed that nothing else has."""
        out = "".join(c for c in dict.fromkeys(a.letters) if c in keep)
        if out == a.letters:
            return a
        if len(set(a.letters)) == len(a.letters) <= 2:
            if not out:
                return Operand(self.plan.total(a.term), "")
            axis = next(n for n, c in enumerate(a.letters) if c != out)
            return Operand(self.plan.sum_over(a.term, axis), out)
        return Operand(self.einsum(p, (a,), out), out)

    def einsum(self, p: Piece, operands: tuple[Operand, ...], out: str) -> Term:
        spec = f"{','.join(a.letters for a in operands)}->{out}"
        return self.plan.make("einsum", tuple(a.term for a in operands), tuple(p.dims[c] for c in out), spec)

    def contracted(self, p: Piece, a: Operand, b: Operand, keep: set[str], want: str | None) -> Operand:
        """The sum over the letters that are not kept, of the product of two arrays."""
        shared = [c for c in a.letters if c in b.letters]
        summed = [c for c in shared if c not in keep]
        if summed and len(summed) == len(shared):
            if max(len(a.letters), len(b.letters)) <= 2:
                return self.multiplied_as_matrices(a, b, summed, want)
            return self.tensordot(p, a, b, summed)
        if not summed:
            found = self.by_broadcasting(a, b) or self.by_broadcasting(b, a)
            if found is not None and (want is None or found.letters == want):
                return found
        out = want or "".join(c for c in dict.fromkeys(a.letters + b.letters) if c in keep)
        if want is None and not summed:
            out = "".join(sorted(out, key=self.place))
        if out.startswith(b.letters[:1]) and not out.startswith(a.letters[:1]):
            a, b = b, a
        return Operand(self.einsum(p, (a, b), out), out)

    def multiplied_as_matrices(self, a: Operand, b: Operand, summed: list[str], want: str | None) -> Operand:
        plan = self.plan
        if len(summed) == 2:
            return Operand(plan.dot(a.term, b.term if a.letters == b.letters else plan.transpose(b.term)), "")
        (c,) = summed
        rows, columns = a.letters.replace(c, ""), b.letters.replace(c, "")
        transposed = (not a.letters.endswith(c)) + (not b.letters.startswith(c))  # one after the other as they are
        turned = (transposed, self.place(rows)) > (2 - transposed, self.place(columns))
        if rows and columns and (turned if want is None else want == columns + rows):
            a, b, rows, columns = b, a, columns, rows
        left = a.term if a.letters.endswith(c) else plan.transpose(a.term)
        right = b.term if b.letters.startswith(c) else plan.transpose(b.term)
        if rows and columns:
            made = plan.matmul(left, right)
        elif rows:
            made = plan.times_vector(left, right)
        else:
            made = plan.vector_times(left, right) if columns else plan.inner(left, right)
        return Operand(made, rows + columns)

    def by_halves(self, p: Piece, a: Operand, b: Operand, c: str) -> Operand | None:
        """The contraction over one letter with an array that is symmetric in its two others."""
        halves = [halved(self.plan, w.term, w.letters, c) for w in (a, b)]
        if halves == [None, None] or len(a.letters + b.letters) <= 4:
            return None
        sides = [h or self.as_rows(p, w, c) for h, w in zip(halves, (a, b), strict=True)]
        made = multiplied(self.plan, *sides)
        for axis, h in enumerate(halves):
            made = made if h is None else unpack(self.low, made, h.dims[0], axis)
        out = sides[0].sides + sides[1].sides
        axes = tuple(p.dims[x] for x in out)
        return Operand(self.plan.reshape(made, [self.low.size(d) for d in axes], axes), out)

    def as_rows(self, p: Piece, w: Operand, c: str) -> Half:
        """An array as a matrix with a column for each place of a letter."""
        sides = w.letters.replace(c, "")
        if not sides:
            return Half(self.plan.row(w.term), "", ())
        rows = self.flat_rows(self.permuted(w, c + sides))
        return Half(self.plan.transpose(rows), sides, tuple(p.dims[x] for x in sides))

    def tensordot(self, p: Piece, a: Operand, b: Operand, summed: list[str]) -> Operand:
        found = self.by_halves(p, a, b, summed[0]) if len(summed) == 1 else None
        if found is not None:
            return found
        out = "".join(c for c in a.letters + b.letters if c not in summed)
        axes = tuple(tuple(w.letters.index(c) for c in summed) for w in (a, b))
        made = self.plan.make("tensordot", (a.term, b.term), tuple(p.dims[c] for c in out), axes)
        return Operand(made, out)

    def place(self, letter: str) -> int:
        """Where a letter stands in the result; bound ones come last."""
        return self.free.find(letter) if letter in self.free else len(self.free)

    def by_broadcasting(self, a: Operand, b: Operand) -> Operand | None:
        """Entry by entry, where b has the last letters of a, or its first."""
        if a.letters.endswith(b.letters):
            other = b.term
        elif len(a.letters) == 2 and a.letters == b.letters[::-1]:
            other = self.plan.transpose(b.term)
        elif len(a.letters) == 2 and a.letters.startswith(b.letters):
            other = self.plan.column(b.term)
        else:
            return None
        return Operand(self.plan.times(a.term, other), a.letters)


def _behind_first(p: Piece) -> str:
    """The axes that follow the first of the result, if one of two arrays has these, and the other the rest."""
    if not p.dense or not isinstance(p.root, Pair) or len(set(p.view)) != len(p.view) or len(p.view) < 3:
        return ""
    first, others = p.view[0], p.view[1:]
    both = (p.root.left.letters, p.root.right.letters)
    ends = [w.replace(first, "") for w in both]
    if sorted("".join(ends)) != sorted(others):
        return ""
    for n, w in enumerate(ends):
        if w and set(others[: len(w)]) == set(w) and (first not in both[n] or len(w) < len(others)):
            return others[: len(w)]
    return ""
