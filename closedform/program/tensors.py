"""Tensors as terms: each product by matrix products, broadcasting and contractions of two operands at most.

The order of contraction is chosen here, never at run time.  A delta between free indices is not formed: the instruction
`assemble` adds what it multiplies to a diagonal of the result.  Beyond the result itself nothing of its size is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import combinations

from closedform.core.expr import Expr, number, size_of
from closedform.core.normal import normal
from closedform.core.shape import Dim
from closedform.index.tensor import Index, Product, Tensor, atoms, letters
from closedform.program.chain import length
from closedform.program.lower import Lowering
from closedform.program.term import Term

MOST_EXACT = 8  #: up to so many factors the best order of contraction is found


@dataclass(slots=True)
class Leaf:
    """A factor: an expression, its letters, and the indices they spell."""

    letters: str
    expr: Expr
    indices: tuple[Index, ...]


@dataclass(slots=True)
class Pair:
    """Two operands to be multiplied and summed, to give these letters in any order."""

    letters: str
    left: Leaf | Pair
    right: Leaf | Pair


@dataclass(slots=True)
class Piece:
    """A product.

    Attributes:
        view: for every free index the letter of its class: two indices with a delta between them are one.
        root: how its factors are contracted; None if there are none.
        scalar: what stands in front; None if it is in a factor already.
        dims: the size of every letter.
    """

    view: str
    root: Leaf | Pair | None
    scalar: Expr | None
    dims: dict[str, Dim] = field(default_factory=dict)

    @property
    def dense(self) -> bool:
        """Does it fill the result, without repeating itself?"""
        return self.root is not None and sorted(self.view) == sorted(set(self.root.letters))

    def size(self, word: str) -> float:
        total = 1.0
        for c in set(word):
            total *= length(self.dims[c])
        return total

    def leaves(self) -> list[Leaf]:
        found, stack = [], [self.root] if self.root else []
        while stack:
            node = stack.pop()
            if isinstance(node, Pair):
                stack += [node.right, node.left]
            else:
                found.append(node)
        return found

    def expressions(self) -> list[Expr]:
        return ([self.scalar] if self.scalar is not None else []) + [f.expr for f in self.leaves()]


def pieces_of(t: Tensor) -> list[Piece]:
    """The products of a tensor, those that fill the result first."""
    return sorted((_piece(p, t) for p in t.products), key=lambda p: not p.dense)


def _piece(p: Product, t: Tensor) -> Piece:
    spelled, free = letters(p, t.free)
    words = list(zip([t.free, *[f.indices for f in p.factors]], [free, *spelled], strict=True))
    dims: dict[str, Dim] = {}
    for indices, word in words:
        dims.update(zip(word, [a.dim for a in atoms(indices)], strict=True))
    place = {c: n for n, c in enumerate(free)}
    one = {c: c for c in dims}  # the letter that stands for each
    scalar, leaves = p.scalar, list[Leaf]()
    for f, (_, word) in zip(p.factors, words[1:], strict=True):
        name, e, indices = f.expr.op.name, f.expr, f.indices
        half = len(word) // 2
        if not f.indices:
            scalar = normal(scalar * e)
            continue
        if name in ("eye", "diag") and [dims[c] for c in word[:half]] == [dims[c] for c in word[half:]]:
            for a, b in zip(word[:half], word[half:], strict=True):
                kept, gone = sorted((one[a], one[b]), key=lambda c: (place.get(c, 99), c))
                one = {c: kept if r == gone else r for c, r in one.items()}
            if name == "diag":
                leaves.append(Leaf(word[:half], e.args[0], indices[:1]))
        elif name != "ones":
            leaves.append(Leaf(word, e, indices))
    leaves = [replace(f, letters="".join(one[c] for c in f.letters)) for f in leaves]
    view = "".join(one[c] for c in free)
    seen = set(view).union(*[f.letters for f in leaves])
    for c in sorted(set(one.values()) - seen):  # ones or a delta, summed over
        scalar = normal(scalar * size_of(dims[c]))
    piece = Piece(view, None, scalar, dims)
    if leaves:
        piece.root = _ordered(leaves, set(view), piece.size)
    return _scaled(piece)


def _ordered(leaves: list[Leaf], keep: set[str], size: Callable[[str], float]) -> Leaf | Pair:
    """A cheap order of contraction: the best one of a few factors, pair by pair for many."""
    nodes: list[Leaf | Pair] = list(leaves)
    while len(nodes) > MOST_EXACT:
        best: tuple[float, int, int] | None = None
        for i, j in combinations(range(len(nodes)), 2):
            a, b = nodes[i].letters, nodes[j].letters
            out = _kept(a + b, keep, [n.letters for k, n in enumerate(nodes) if k not in (i, j)])
            cost = size(out) - size(a) - size(b) + 1e-6 * size(a + b)
            if best is None or cost < best[0]:
                best = cost, i, j
        assert best is not None
        _, i, j = best
        rest = [n for k, n in enumerate(nodes) if k not in (i, j)]
        out = _kept(nodes[i].letters + nodes[j].letters, keep, [n.letters for n in rest])
        nodes = [Pair(out, nodes[i], nodes[j]), *rest]
    return _best(nodes, keep, size)


def _best(nodes: list[Leaf | Pair], keep: set[str], size: Callable[[str], float]) -> Leaf | Pair:
    """Least multiplications and memory over all orders, subset by subset."""
    n = len(nodes)
    full = (1 << n) - 1
    found: dict[int, tuple[float, Leaf | Pair]] = {1 << k: (0.0, node) for k, node in enumerate(nodes)}
    for s in range(1, full + 1):
        if s in found:
            continue
        inside = [nodes[k] for k in range(n) if s >> k & 1]
        out = _kept("".join(f.letters for f in inside), keep, [nodes[k].letters for k in range(n) if not s >> k & 1])
        best: tuple[float, int] | None = None
        left = (s - 1) & s
        while left:
            right = s ^ left
            if left & -left == s & -s:  # the first factor is on the left
                step = size(found[left][1].letters + found[right][1].letters) + size(out)
                cost = found[left][0] + found[right][0] + step
                if best is None or cost < best[0]:
                    best = cost, left
            left = (left - 1) & s
        assert best is not None
        cost, left = best
        found[s] = cost, Pair(out, found[left][1], found[s ^ left][1])
    return found[full][1]


def _kept(word: str, keep: set[str], others: Iterable[str]) -> str:
    """The letters of a product that are needed after it."""
    needed = keep.union(*others)
    return "".join(c for c in dict.fromkeys(word) if c in needed)


def _scaled(p: Piece) -> Piece:
    """The scalar goes into the smaller of the last two operands, where that is a factor and less than the result."""
    root = p.root
    assert p.scalar is not None
    if p.scalar.op.name == "number" and p.scalar.data == 1 and root is not None:
        p.scalar = None
    elif isinstance(root, Leaf):
        p.root, p.scalar = _times(p.scalar, root), None
    elif isinstance(root, Pair) and p.size(root.letters) > max(p.size(root.left.letters), p.size(root.right.letters)):
        sides = [s for s in (root.left, root.right) if isinstance(s, Leaf)]
        if sides:
            chosen = min(sides, key=lambda s: p.size(s.letters))
            scaled = _times(p.scalar, chosen)
            left = root.left is chosen
            p.root = Pair(root.letters, scaled if left else root.left, root.right if left else scaled)
            p.scalar = None
    return p


def _times(scalar: Expr, f: Leaf) -> Leaf:
    return replace(f, expr=normal(scalar * f.expr))


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
    """

    view: str
    words: tuple[str, ...]
    negative: bool = False


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
        for n, p in enumerate(pieces):
            part, operands = self.part(p, first=n == 0)
            parts.append(part)
            terms += operands
        sizes = [self.low.size(d) for d in self.axes]
        return self.plan.make("assemble", (*terms, *sizes), self.axes, tuple(parts))

    def part(self, p: Piece, *, first: bool) -> tuple[Part, list[Term]]:
        """One product; one as large as the result, and not the first, as two operands."""
        root = p.root
        outer = isinstance(root, Pair) and p.size(root.letters) > max(
            p.size(root.left.letters), p.size(root.right.letters)
        )
        if p.dense and outer and not first and isinstance(root, Pair):
            ends = self.scaled_ends(p, root)
            return Part(p.view, tuple(e.letters for e in ends)), [e.term for e in ends]
        value = self.value(p, p.view if p.dense else None)
        term, negative = value.term, value.term.op == "negative"
        return Part(p.view, (value.letters,), negative), [term.args[0] if negative else term]

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
        if isinstance(root, Leaf):
            found = self.reduced(p, self.operand(p, root), set(p.view))
        else:
            ends = self.ends(p, root)
            n = 0 if p.size(ends[0].letters) <= p.size(ends[1].letters) else 1
            if scalar is not None and p.size(root.letters) > p.size(ends[1 - n].letters):
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
        return Operand(self.plan.each("multiply", self.low[s], a.term), a.letters)

    def permuted(self, a: Operand, want: str) -> Term:
        if len(want) == 2:
            return self.plan.transpose(a.term)
        order = tuple(a.letters.index(c) for c in want)
        return self.plan.make("permute", (a.term,), tuple(a.term.axes[n] for n in order), order)

    def operand(self, p: Piece, node: Leaf | Pair) -> Operand:
        if isinstance(node, Leaf):
            term = self.low[node.expr]
            if any(i.parts is not None for i in node.indices):
                axes = tuple(a.dim for a in atoms(node.indices))
                term = self.plan.reshape(term, [self.low.size(d) for d in axes], axes)
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
        out = want if want is not None else "".join(c for c in dict.fromkeys(a.letters + b.letters) if c in keep)
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

    def tensordot(self, p: Piece, a: Operand, b: Operand, summed: list[str]) -> Operand:
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
        return Operand(self.plan.each("multiply", a.term, other), a.letters)
