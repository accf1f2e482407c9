"""NumPy code of tensors: each product by `@`, broadcasting and `np.einsum` of two operands at most.

The order of contraction is chosen here, never at run time.  A delta between free indices is not formed: what it
multiplies is added to a diagonal view of the result, `np.einsum('ijkj->ijk', J)[...] += …`.  Beyond the result
itself nothing of its size is held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

from closedform.core.expr import Expr, number, size_of
from closedform.core.normal import normal
from closedform.core.shape import Dim
from closedform.emit.chain import length
from closedform.emit.index import index_text
from closedform.emit.lower import Lowering
from closedform.emit.numpy import NUMPY, SHORT, Program, Writer, compiled, identifier, is_view, source, written
from closedform.emit.plan import ADD, ATOM, Term, share_factorisations
from closedform.errors import TooLarge
from closedform.index.tensor import Index, Product, Tensor, atoms, letters

if TYPE_CHECKING:
    from closedform.emit.runtime import Compiled

MOST_EXACT = 8  #: up to so many factors the best order of contraction is found


def tensor_code(
    t: Tensor,
    name: str = "derivative",
    variables: Sequence[Expr] | None = None,
    show: Callable[[Expr], Expr] = lambda e: e,
) -> str:
    """A self-contained Python source that defines one function of arrays.

    Args:
        t: a sum of indexed products; its free indices are the axes of the result, a split one as one axis.
        name: the function's name.
        variables: its parameters, in order; by default the symbols of `t` by name.
        show: how a factor is to be presented in the docstring.

    Raises:
        RequestError: `name` is not an identifier, or two variables have the same name.
    """
    return source(tensor_program(t, variables, show), name, NUMPY)


def tensor_compile(t: Tensor, variables: Sequence[Expr] | None = None) -> Compiled:
    """The tensor as a function of arrays, by keyword or in the order of `variables`."""
    return compiled(tensor_program(t, variables))


def tensor_program(t: Tensor, variables: Sequence[Expr] | None, show: Callable[[Expr], Expr] = lambda e: e) -> Program:
    """The lines that compute a tensor, and the names in them."""
    pieces = sorted((_piece(p, t) for p in t.products), key=lambda p: not p.dense)
    roots = [e for p in pieces for e in p.expressions()]
    dims = [a.dim for i in [*t.free, *(i for p in pieces for i in p.indices())] for a in (i, *atoms([i]))]
    try:
        size = sum(e.size for e in roots) + len(roots)
        formula = index_text(t, show=show) if size < SHORT else f"A tensor of {size:,} operations."
    except TooLarge:
        formula = "A tensor too long to write down."
    shape = "×".join(map(str, (i.dim for i in t.free)))
    returns = f"{shape}, a {len(t.free)}-D array" if t.free else "a number"
    return written(roots, variables, lambda low, writer: _Body(t, low, writer).write(pieces), formula, returns, dims)


# ------------------------------------------------------------------------------------------------------ plans


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
        lengths: a typical size of every letter.
    """

    view: str
    root: Leaf | Pair | None
    scalar: Expr | None
    lengths: dict[str, float] = field(default_factory=dict)

    @property
    def dense(self) -> bool:
        """Does it fill the result, without repeating itself?"""
        return self.root is not None and sorted(self.view) == sorted(set(self.root.letters))

    def size(self, word: str) -> float:
        total = 1.0
        for c in set(word):
            total *= self.lengths[c]
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

    def indices(self) -> list[Index]:
        return [i for f in self.leaves() for i in f.indices if i.parts is not None]


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
    piece = Piece(view, None, scalar, {c: length(d) for c, d in dims.items()})
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


# ------------------------------------------------------------------------------------------------------- code


@dataclass(slots=True)
class Operand:
    """An array and the letters of its axes; `fresh` if nobody else holds it."""

    term: Term
    letters: str
    fresh: bool = True


@dataclass(slots=True)
class Statement:
    """Lines over some terms.

    Attributes:
        names: the terms are indexed in the lines, so they must be names or the like.
        begins: for the line that makes the result, whether its term is fresh.
    """

    lines: tuple[str, ...]
    terms: tuple[Term, ...]
    names: bool = False
    begins: bool | None = None


def borrows(t: Term) -> bool:
    """May an array be a view of its operand?"""
    unary = t.template.startswith("np.einsum") and len(t.args) == 1
    return t.cheap or unary or t.template.startswith(("np.transpose", "{0}.reshape"))


class _Body:
    """The lines of one tensor."""

    def __init__(self, t: Tensor, low: Lowering, writer: Writer) -> None:
        self.t, self.low, self.plan, self.writer = t, low, low.plan, writer
        self.axes = [a.dim for a in atoms(t.free)]
        self.split = len(self.axes) > len(t.free)
        self.J = ""
        self.free = letters(Product(number(1), ()), t.free)[1]

    def write(self, pieces: list[Piece]) -> str:
        self.low.visit([e for p in pieces for e in p.expressions()])
        if not self.t.free:
            return f"float({self.number(pieces)})"
        if len(pieces) == 1 and pieces[0].dense and not self.split:
            return self.alone(self.value(pieces[0], pieces[0].view))
        self.J = identifier("J", self.writer.taken)
        statements: list[Statement] = []
        for n, p in enumerate(pieces):
            statements += self.added(p, first=n == 0)
        if not statements:
            statements.append(self.empty())
        if len(statements) == 1 and not self.split:
            return self.alone(Operand(statements[0].terms[0], ""))
        sizes = [self.low.size(i.dim) for i in self.t.free] if self.split else []
        self.run(statements, sizes)
        if not self.split:
            return self.J
        return f"{self.J}.reshape({', '.join(self.writer.value(s) for s in sizes)})"

    def number(self, pieces: list[Piece]) -> str:
        total: Term | None = None
        for p in pieces:
            value = self.value(p, "").term
            total = value if total is None else self.plan.infix("+", total, value)
        return self.writer.write(share_factorisations(self.plan, total or self.plan.number(0.0)))

    def alone(self, value: Operand) -> str:
        root = share_factorisations(self.plan, value.term)
        last = self.writer.write(root)
        held = is_view(root) or (not value.fresh and borrows(root))
        return f"np.array({last})" if held else last

    def run(self, statements: list[Statement], sizes: list[Term]) -> None:
        """Write the statements, sharing what their terms share."""
        terms = [t for s in statements for t in s.terms] + sizes
        whole = self.plan.make("", tuple(terms), ATOM, (ADD,) * len(terms))
        whole = share_factorisations(self.plan, whole)
        self.writer.expect(whole)
        shared = iter(whole.args)
        for s in statements:
            codes = []
            for t in [next(shared) for _ in s.terms]:
                code = self.writer.value(t)
                if s.names and not re.fullmatch(r"\w+(\.T)?", code):
                    code = self.writer.assign(code)
                    self.writer.shown[t] = code, ATOM, 0
                if s.begins is not None and (not s.begins or self.shared(t)):
                    code = f"np.array({code})"
                codes.append(code)
            self.writer.lines += [line.format(*codes) for line in s.lines]
        sizes[:] = list(shared)

    def shared(self, t: Term) -> bool:
        """Is an array used again, itself or through a view?"""
        while self.writer.uses[t] < 2 and t.args and borrows(t):
            t = t.args[0]
        return self.writer.uses[t] > 1 or not t.args

    def empty(self) -> Statement:
        """The result, all zeros."""
        sizes = tuple(self.low.size(d) for d in self.axes)
        inside = ", ".join(f"{{{n}}}" for n in range(len(sizes)))
        zeros = self.plan.call(f"np.zeros(({inside}))" if len(sizes) > 1 else "np.zeros({0})", *sizes)
        return Statement((f"{self.J} = {{0}}",), (zeros,))

    def added(self, p: Piece, *, first: bool) -> list[Statement]:
        """One product more in the result."""
        J, root = self.J, p.root
        if p.dense and first:
            value = self.value(p, p.view)
            return [Statement((f"{J} = {{0}}",), (value.term,), begins=value.fresh)]
        begin = [self.empty()] if first else []
        outer = isinstance(root, Pair) and p.size(root.letters) > max(
            p.size(root.left.letters), p.size(root.right.letters)
        )
        if p.dense and outer and isinstance(root, Pair):
            return [*begin, self.row_by_row(p, root)]
        value = self.value(p, p.view if p.dense else None)
        missing = "".join(c for c in dict.fromkeys(p.view) if c not in value.letters)
        target = missing + value.letters
        place = J if target == p.view else f"np.einsum('{p.view}->{target}', {J})[...]"
        term, sign = value.term, "+"
        if term.template == "-{0}":
            term, sign = term.args[0], "-"
        return [*begin, Statement((f"{place} {sign}= {{0}}",), (term,))]

    def row_by_row(self, p: Piece, root: Pair) -> Statement:
        """A product as large as the result is added without a second array of that size."""
        i = identifier("i", self.writer.taken)
        c = p.view[0]
        self.writer.taken.discard(i)
        ends = self.ends(root)
        if p.scalar is not None:
            n = 0 if p.size(ends[0].letters) <= p.size(ends[1].letters) else 1
            ends[n] = self.multiplied(p.scalar, ends[n])
        words, codes = [], []
        for n, end in enumerate(ends):
            at = end.letters.find(c)
            words.append(end.letters.replace(c, ""))
            codes.append(f"{{{n}}}" + ("" if at < 0 else "[" + ":, " * at + i + "]"))
        if words[1] and p.view[1:].startswith(words[1]):
            words, codes = words[::-1], codes[::-1]
        line = f"    {self.J}[{i}] += np.einsum('{','.join(words)}->{p.view[1:]}', {', '.join(codes)})"
        return Statement((f"for {i} in range(len({self.J})):", line), (ends[0].term, ends[1].term), names=True)

    # values

    def value(self, p: Piece, want: str | None) -> Operand:
        """A product; its letters in the wanted order, if one is given."""
        if p.root is None:
            assert p.scalar is not None
            return Operand(self.low[p.scalar], "")
        scalar, root = p.scalar, p.root
        if isinstance(root, Leaf):
            found = self.reduced(self.operand(root), set(p.view))
        else:
            ends = self.ends(root)
            n = 0 if p.size(ends[0].letters) <= p.size(ends[1].letters) else 1
            if scalar is not None and p.size(root.letters) > p.size(ends[1 - n].letters):
                ends[n], scalar = self.multiplied(scalar, ends[n]), None
            found = self.contracted(ends[0], ends[1], set(root.letters), want)
        if scalar is not None:
            found = self.multiplied(scalar, found)
        if want is not None and found.letters != want:
            found = replace(found, term=self.permuted(found, want), letters=want)
        return found

    def multiplied(self, s: Expr, a: Operand) -> Operand:
        if s.op.name == "number" and s.data == -1:
            return Operand(self.plan.negative(a.term), a.letters)
        return Operand(self.plan.infix("*", self.low[s], a.term), a.letters)

    def permuted(self, a: Operand, want: str) -> Term:
        if len(want) == 2:
            return self.plan.transpose(a.term)
        order = ", ".join(str(a.letters.index(c)) for c in want)
        return self.plan.call(f"np.transpose({{0}}, ({order}))", a.term)

    def operand(self, node: Leaf | Pair) -> Operand:
        if isinstance(node, Leaf):
            term = self.low[node.expr]
            if any(i.parts is not None for i in node.indices):
                sizes = [self.low.size(a.dim) for a in atoms(node.indices)]
                inside = ", ".join(f"{{{n}}}" for n in range(1, len(sizes) + 1))
                term = self.plan.postfix(f"{{0}}.reshape({inside})", term, *sizes)
            return Operand(term, node.letters, fresh=False)
        left, right = self.ends(node)
        return self.contracted(left, right, set(node.letters), None)

    def ends(self, node: Pair) -> list[Operand]:
        """The two operands, each without the letters that only it has and that are summed over."""
        sides = ((node.left, node.right), (node.right, node.left))
        return [self.reduced(self.operand(a), set(node.letters + b.letters)) for a, b in sides]

    def reduced(self, a: Operand, keep: set[str]) -> Operand:
        """Diagonals taken, and letters summed that nothing else has."""
        out = "".join(c for c in dict.fromkeys(a.letters) if c in keep)
        if out == a.letters:
            return a
        if len(set(a.letters)) == len(a.letters) <= 2:
            if not out:
                return Operand(self.plan.call("np.sum({0})", a.term), "")
            axis = next(n for n, c in enumerate(a.letters) if c != out)
            return Operand(self.plan.postfix(f"{{0}}.sum(axis={axis})", a.term), out)
        return Operand(self.plan.call(f"np.einsum('{a.letters}->{out}', {{0}})", a.term), out, fresh=False)

    def contracted(self, a: Operand, b: Operand, keep: set[str], want: str | None) -> Operand:
        """The sum over the letters that are not kept, of the product of two arrays."""
        shared = [c for c in a.letters if c in b.letters]
        summed = [c for c in shared if c not in keep]
        if summed and len(summed) == len(shared):
            if max(len(a.letters), len(b.letters)) <= 2:
                return self.multiplied_as_matrices(a, b, summed, want)
            return self.tensordot(a, b, summed)
        if not summed:
            found = self.by_broadcasting(a, b) or self.by_broadcasting(b, a)
            if found is not None and (want is None or found.letters == want):
                return found
        out = want if want is not None else "".join(c for c in dict.fromkeys(a.letters + b.letters) if c in keep)
        if out.startswith(b.letters[:1]) and not out.startswith(a.letters[:1]):
            a, b = b, a
        order = ", order='C'" if self.split else ""
        template = f"np.einsum('{a.letters},{b.letters}->{out}', {{0}}, {{1}}{order})"
        return Operand(self.plan.call(template, a.term, b.term), out)

    def multiplied_as_matrices(self, a: Operand, b: Operand, summed: list[str], want: str | None) -> Operand:
        plan = self.plan
        if len(summed) == 2:
            right = b.term if a.letters == b.letters else plan.transpose(b.term)
            return Operand(plan.call("np.vdot({0}, {1})", a.term, right), "")
        (c,) = summed
        rows, columns = a.letters.replace(c, ""), b.letters.replace(c, "")
        transposed = (not a.letters.endswith(c)) + (not b.letters.startswith(c))  # one after the other as they are
        turned = (transposed, self.place(rows)) > (2 - transposed, self.place(columns))
        if rows and columns and (turned if want is None else want == columns + rows):
            a, b, rows, columns = b, a, columns, rows
        left = a.term if a.letters.endswith(c) else plan.transpose(a.term)
        right = b.term if b.letters.startswith(c) else plan.transpose(b.term)
        if rows and columns:
            made = plan.infix("@", left, right)
        elif rows:
            made = plan.times_vector(left, right)
        else:
            made = plan.vector_times(left, right) if columns else plan.inner(left, right)
        return Operand(made, rows + columns)

    def tensordot(self, a: Operand, b: Operand, summed: list[str]) -> Operand:
        out = "".join(c for c in a.letters + b.letters if c not in summed)
        axes = ", ".join(str([w.letters.index(c) for c in summed]) for w in (a, b))
        return Operand(self.plan.call(f"np.tensordot({{0}}, {{1}}, ({axes}))", a.term, b.term), out)

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
        return Operand(self.plan.infix("*", a.term, other), a.letters)
