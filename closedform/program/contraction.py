"""Contractions: in which order the factors of an indexed product are multiplied and summed.

Deltas between free indices become views of the result; products that share factors are added up before what they share
is multiplied; the order is the best one by multiplications and memory for few factors, greedy for many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product

from closedform.core.expr import OPS, Expr, size_of
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim
from closedform.index.tensor import Index, Product, Tensor, atoms, letters
from closedform.ops.product import upright
from closedform.program.lengths import length

MOST_HALVED = 6  #: factors of an outer product for which the best halves are looked for
MOST_EXACT = 8  #: up to so many factors the best order of contraction is found


@dataclass(eq=False, slots=True)
class Leaf:
    """A factor: an expression, its letters, and the indices they spell."""

    letters: str
    expr: Expr
    indices: tuple[Index, ...]


@dataclass(eq=False, slots=True)
class Pair:
    """Two operands to be multiplied and summed, to give these letters in any order."""

    letters: str
    left: Node
    right: Node


@dataclass(eq=False, slots=True)
class Merged:
    """A sum of products that the others of a product multiply."""

    letters: str
    pieces: list[Piece]


Node = Leaf | Pair | Merged


@dataclass(slots=True)
class Piece:
    """A product.

    Attributes:
        view: for every free index the letter of its class: two indices with a delta between them are one.
        root: how its factors are contracted; None if there are none.
        scalar: what stands in front; None if it is in a factor already.
        dims: the size of every letter.
        known: the sizes of words that have been asked for.
        replaces: whether it takes the place of the products before it where two indices of its view agree.
    """

    view: str
    root: Node | None
    scalar: Expr | None
    dims: dict[str, Dim] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
    replaces: bool = False

    @property
    def dense(self) -> bool:
        """Does it fill the result, without repeating itself?"""
        return self.root is not None and sorted(self.view) == sorted(set(self.root.letters))

    def size(self, word: str) -> float:
        """The typical number of entries of an array with these letters."""
        found = self.known.get(word)
        if found is None:
            found = 1.0
            for c in set(word):
                found *= length(self.dims[c])
            self.known[word] = found
        return found

    def expressions(self) -> list[Expr]:
        """The expressions in it, from left to right."""
        found, stack = [self.scalar] if self.scalar is not None else [], [self.root] if self.root else []
        while stack:
            node = stack.pop()
            if isinstance(node, Pair):
                stack += [node.right, node.left]
            elif isinstance(node, Merged):
                found += [e for p in node.pieces for e in p.expressions()]
            else:
                found.append(node.expr)
        return found


@dataclass(slots=True)
class Sketch:
    """A product before the order of contraction is chosen."""

    view: str
    scalar: Expr
    leaves: list[Leaf | Merged]
    dims: dict[str, Dim]

    def planned(self) -> Piece:
        if len(self.leaves) > MOST_EXACT:
            self.leaves = [f for same in self.components().values() for g in same for f in self.as_matrix(g)]
        self.leaves = _squared(self.leaves)
        piece, keep = Piece(self.view, None, self.scalar, self.dims), set(self.view)
        halves = self.halves(piece.size)
        if halves is not None:
            left, right = (_ordered(half, keep, piece.size) for half in halves)
            piece.root = Pair(_kept(left.letters + right.letters, keep, []), left, right)
        elif self.leaves:
            piece.root = _ordered(self.leaves, keep, piece.size)
        return _scaled(piece)

    def as_matrix(self, group: list[Leaf | Merged]) -> list[Leaf | Merged]:
        """Many factors A_ij d_j B_jk as one matrix A diag(d) B with its algebra, or A diag(d) b; others as they are."""
        ends = [c for c in dict.fromkeys(self.view) if any(c in f.letters for f in group)]
        at: dict[str, list[Leaf]] = {}
        for f in group:
            if isinstance(f, Merged) or len(set(f.letters)) != len(f.indices):
                return group
            for c in f.letters:
                at.setdefault(c, []).append(f)
        if len(group) <= MOST_EXACT or not 1 <= len(ends) <= 2 or any(len(at[c]) > 1 for c in ends):
            return group
        (before,) = at[ends[0]]
        chain, found, c = [before], [_upright(before, ends[0])], _other(before, ends[0])
        while c not in ends:
            vectors = [f for f in at[c] if len(f.letters) == 1]
            after = [f for f in at[c] if len(f.letters) == 2 and f is not before]
            if len(after) > 1 or (not vectors and not after):
                return group
            last = [] if after else [vectors[-1]]
            chain += [*vectors, *after]
            found += [OPS["diag"](_upright(d, c)) for d in vectors if d not in last]
            found += [_upright(f, c) for f in (*after, *last)]
            if last:
                break
            before, c = after[0], _other(after[0], c)
        if len(chain) < len(group):
            return group
        indices = tuple(f.indices[f.letters.index(e)] for f, e in zip((chain[0], chain[-1]), ends, strict=False))
        return [Leaf("".join(ends), normal(OPS["matmul"](*found)), indices)]

    def halves(self, size: Callable[[str], float]) -> list[list[Leaf | Merged]] | None:
        """Of three and more factors that are multiplied without a sum, which two products come first.

        The last axes of the result belong to one of the two, as many as possible: they are written in one run.
        """
        groups = [group for same in self.components().values() for group in same]
        words = [_kept("".join(f.letters for f in g), set(self.view), []) for g in groups]
        if not 3 <= len(groups) <= MOST_HALVED or len(set(self.view)) < len(self.view):
            return None
        best: tuple[float, float, int] | None = None
        for chosen in range(1, 2 ** (len(groups) - 1)):
            sides = ["".join(w for n, w in enumerate(words) if (chosen >> n & 1) == side) for side in (0, 1)]
            if set(sides[0]) & set(sides[1]):
                continue
            run = max(size(_last(self.view, side)) for side in sides)
            cost = max(size(side) for side in sides)
            if best is None or (-run, cost) < best[:2]:
                best = -run, cost, chosen
        if best is None:
            return None
        return [[f for n, g in enumerate(groups) if (best[2] >> n & 1) == side for f in g] for side in (0, 1)]

    def components(self) -> dict[Key, list[list[Leaf | Merged]]]:
        """The factors that letters which are summed over hold together, by what they are."""
        groups: list[tuple[set[str], list[Leaf | Merged]]] = []
        for f in self.leaves:
            bound, inside = set(f.letters) - set(self.view), [f]
            apart = []
            for letters_, group in groups:
                if letters_ & bound:
                    bound, inside = bound | letters_, [*group, *inside]
                else:
                    apart.append((letters_, group))
            groups = [*apart, (bound, inside)]
        found: dict[Key, list[list[Leaf | Merged]]] = {}
        for _, group in groups:
            found.setdefault(_key(group, self.view), []).append(group)
        return found


def _squared(leaves: list[Leaf | Merged]) -> list[Leaf | Merged]:
    """V_im V_km u_i u_k as (u V)_im (u V)_km: a matrix twice, so that half of the products will do."""
    of_two = [f for f in leaves if isinstance(f, Leaf) and len(f.letters) == 2]
    for a, b in combinations(of_two, 2):
        apart = [n for n in (0, 1) if a.letters[n] != b.letters[n]]
        if a.expr is not b.expr or len(apart) != 1:
            continue
        n = apart[0]
        before, after = ([f for f in leaves if isinstance(f, Leaf) and f.letters == x.letters[n]] for x in (a, b))
        for u, v in product(before, after):
            if u.expr is v.expr:
                d = OPS["diag"](u.expr.T if u.expr.shape[0] is ONE else u.expr)
                both = normal(a.expr @ d if n else d @ a.expr)
                rest = [f for f in leaves if not any(f is x for x in (a, b, u, v))]
                return _squared([*rest, replace(a, expr=both), replace(b, expr=both)])
    return leaves


def _upright(f: Leaf, first: str) -> Expr:
    """A factor as a matrix whose rows have a letter, or as a column."""
    return f.expr if f.letters[0] == first and f.expr.shape[0] is not ONE else f.expr.T


def _other(f: Leaf, c: str) -> str:
    return f.letters.replace(c, "")


def _last(view: str, side: str) -> str:
    """The last letters of a word that are all among some others."""
    n = len(view)
    while n and view[n - 1] in side:
        n -= 1
    return view[n:]


Key = tuple[tuple[object, str], ...]


def _key(group: Iterable[Leaf | Merged], view: str) -> Key:
    """Some factors, their letters that are summed over numbered as they come."""
    names = {c: c for c in view}
    shown = []
    for f in sorted(group, key=lambda f: (f.expr.order if isinstance(f, Leaf) else (0, id(f)), f.letters)):
        word = "".join(names.setdefault(c, str(len(names))) for c in f.letters)
        shown.append((f.expr if isinstance(f, Leaf) else f, word))
    return tuple(shown)


def sketch_of(p: Product, t: Tensor) -> Sketch:
    """A product without its deltas and ones: a letter for every free index, its factors, what stands in front."""
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
            leaves.append(_leaf(word, e, indices))
    leaves = [replace(f, letters="".join(one[c] for c in f.letters)) for f in leaves]
    view = "".join(one[c] for c in free)
    seen = set(view).union(*[f.letters for f in leaves])
    for c in sorted(set(one.values()) - seen):  # ones or a delta, summed over
        scalar = normal(scalar * size_of(dims[c]))
    return Sketch(view, scalar, list(leaves), dims)


def _leaf(word: str, e: Expr, indices: tuple[Index, ...]) -> Leaf:
    """A factor; a matrix stands upright, so that A and A' are the same factor."""
    t = upright(e) if len(word) == len(indices) == 2 else None
    return Leaf(word, e, indices) if t is None else Leaf(word[::-1], t, indices[::-1])


def _ordered(leaves: Sequence[Node], keep: set[str], size: Callable[[str], float]) -> Node:
    """A cheap order of contraction: the best one of a few factors, pair by pair for many."""
    nodes, sets = list(leaves), _Sets([f.letters for f in leaves], size)
    masks, kept = [sets.mask(f.letters) for f in nodes], sets.mask("".join(c for c in keep if c in sets.bits))
    while len(nodes) > MOST_EXACT:
        pairs = [(i, j) for i, j in combinations(range(len(nodes)), 2) if masks[i] & masks[j]]
        once, twice = sets.counted(masks)
        best: tuple[float, int, int, int] | None = None
        for i, j in pairs or combinations(range(len(nodes)), 2):
            a, b = masks[i], masks[j]
            out = (a | b) & (kept | ~((a ^ b) & once | a & b & twice))
            cost = sets[out] - sets[a] - sets[b] + 1e-6 * sets[a | b]
            if best is None or cost < best[0]:
                best = cost, i, j, out
        assert best is not None
        _, i, j, out = best
        rest = [k for k in range(len(nodes)) if k not in (i, j)]
        word = sets.word(nodes[i].letters + nodes[j].letters, out)
        nodes, masks = [Pair(word, nodes[i], nodes[j]), *[nodes[k] for k in rest]], [out, *[masks[k] for k in rest]]
    return _best(nodes, masks, kept, sets)


class _Sets(dict[int, float]):
    """Sets of letters as bits of a number, and the typical number of entries of an array that has them."""

    def __init__(self, words: Iterable[str], size: Callable[[str], float]) -> None:
        self.bits = {c: 1 << n for n, c in enumerate(dict.fromkeys("".join(words)))}
        self.size = size

    def __missing__(self, mask: int) -> float:
        found = self[mask] = self.size("".join(c for c, bit in self.bits.items() if mask & bit))
        return found

    def mask(self, word: str) -> int:
        found = 0
        for c in word:
            found |= self.bits[c]
        return found

    def word(self, word: str, mask: int) -> str:
        """The letters of a word that are in a set, each once."""
        return "".join(c for c in dict.fromkeys(word) if self.bits[c] & mask)

    def counted(self, masks: Iterable[int]) -> tuple[int, int]:
        """The letters that occur in one, and those that occur in two of the sets."""
        one = two = three = 0
        for m in masks:
            three |= two & m
            two |= one & m
            one |= m
        return one & ~two, two & ~three


def _best(nodes: list[Node], masks: list[int], kept: int, sets: _Sets) -> Node:
    """Least multiplications and memory over all orders, subset by subset."""
    n = len(nodes)
    full = (1 << n) - 1
    outs, costs, splits = [0] * (full + 1), [0.0] * (full + 1), [0] * (full + 1)
    by_halves = kept.bit_count() > 2  # a matrix is V'V, which is one product of matrices
    squares = [False] * (full + 1)  # V_mj V_ml, and that times what has no other letters: half of it will do
    for s in range(1, full + 1):
        inside = outside = 0
        for k in range(n):
            if s >> k & 1:
                inside |= masks[k]
            else:
                outside |= masks[k]
        outs[s] = inside & (outside | kept) if s & (s - 1) else inside
        if not s & (s - 1):
            continue
        first, best, out = s & -s, float("inf"), sets[outs[s]]
        others = part = s ^ first
        while part:
            part = (part - 1) & others
            left, right = first | part, others ^ part
            step = sets[outs[left] | outs[right]] + out
            pair = not (part or right & (right - 1))
            square = by_halves and pair and _alike(nodes[left.bit_length() - 1], nodes[right.bit_length() - 1])
            square = square or any(squares[side] and outs[side] == outs[s] for side in (left, right))
            if square:
                step /= 2
            elif outs[s] != outs[left] | outs[right]:
                step /= (1 + squares[left]) * (1 + squares[right])
            cost = costs[left] + costs[right] + step
            if cost < best:
                best, splits[s], costs[s], squares[s] = cost, left, cost, square

    def built(s: int) -> Node:
        if not s & (s - 1):
            return nodes[s.bit_length() - 1]
        a, b = built(splits[s]), built(s ^ splits[s])
        return Pair(sets.word("".join(nodes[k].letters for k in range(n) if s >> k & 1), outs[s]), a, b)

    return built(full)


def _alike(a: Node, b: Node) -> bool:
    """Are two factors the same expression?"""
    return isinstance(a, Leaf) and isinstance(b, Leaf) and a.expr is b.expr


def _kept(word: str, keep: set[str], others: Iterable[str]) -> str:
    """The letters of a product that are needed after it."""
    needed = keep.union(*others)
    return "".join(c for c in dict.fromkeys(word) if c in needed)


def _scaled(p: Piece) -> Piece:
    """The scalar goes into the smaller of the last two operands, where that is a factor and less than the result."""
    root = p.root
    assert p.scalar is not None
    if is_one(p.scalar) and root is not None:
        p.scalar = None
    elif isinstance(root, Pair) and (weighed := _with_weights(p.scalar, root, p.size(root.letters), p.size)):
        p.root, p.scalar = weighed, None
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


def _with_weights(scalar: Expr, root: Node, most: float, size: Callable[[str], float]) -> Node | None:
    """The same contraction with a scalar in a vector that it has once, and that is shorter than what comes out."""
    if isinstance(root, Leaf) and len(root.letters) == 1 and size(root.letters) < most:
        return _times(scalar, root)
    if not isinstance(root, Pair) or _alike(root.left, root.right):
        return None
    for left, right in ((root.left, root.right), (root.right, root.left)):
        if (found := _with_weights(scalar, left, most, size)) is not None:
            return Pair(root.letters, *((found, right) if left is root.left else (right, found)))
    return None


def is_one(e: Expr) -> bool:
    return e.op.name == "number" and e.data == 1


def _times(scalar: Expr, f: Leaf) -> Leaf:
    scaled = scalar * f.expr
    return replace(f, expr=normal(scaled) if f.expr.is_normal else scaled)
