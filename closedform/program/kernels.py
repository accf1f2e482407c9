"""Kernels: the parts of a program that are taken entry by entry, as loops that read and write every entry once.

A kernel computes a result of two and more axes, and takes in what nothing else needs: sums, products, diagonals,
products of vectors, other orders of the axes.  Not what BLAS goes on with: the threads of both would be in each
other's way.  Transcendental functions stay NumPy's, whose loops use vector instructions.  X' f(X w, …) is a kernel as
well, which reads X once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from textwrap import indent

from closedform.core.expr import topological
from closedform.core.shape import ONE
from closedform.program.languages.python import outer_words
from closedform.program.tensors import Part
from closedform.program.term import VIEWS, Term

MOST = 100  #: kernels of a program
TILE = 64  #: rows and columns that are taken at a time where a matrix is read both ways
SQUARES = (2, 3, -1)  #: exponents that are multiplications
ENTRYWISE = {
    "add": "({0} + {1})",
    "subtract": "({0} - {1})",
    "multiply": "({0} * {1})",
    "divide": "({0} / {1})",
    "negative": "(-{0})",
    "sqrt": "np.sqrt({0})",
    "abs": "abs({0})",
    "power": "({0} ** {1})",
}  #: operations of numbers that a compiler vectorises
FUNCTIONS = ENTRYWISE | {
    **{op: f"math.{op}({{0}})" for op in ("exp", "log", "tanh", "expm1", "log1p", "sin", "cos", "sinh", "cosh")},
    "sigmoid": "(1.0 / (1.0 + math.exp(-{0})))",
    "softplus": "(max({0}, 0.0) + math.log1p(math.exp(-abs({0}))))",
    "sech2": "((1.0 / math.cosh({0})) ** 2)",
}  #: those that are worth it for one number in each row of a matrix
MOVED = frozenset({"transpose", "column", "row", "permute"})
Users = Mapping[Term, set[Term]]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function made of loops.

    Attributes:
        name: in the code.
        source: of the function.
        operands: the code of what it is given, with places for the operands of the instruction.
    """

    name: str
    source: str
    operands: str


def with_kernels(roots: Sequence[Term]) -> list[Term]:
    """The same results, with kernels where there can be some."""
    roots = _taken_apart(roots)
    order, users = topological(roots), defaultdict[Term, set[Term]](set)
    for t in order:
        for a in t.args:
            users[a].add(t)
    inside = regions(order, users, roots)
    made, kernels = dict[Term, Term](), 0
    for t in order:
        loops: Loops | None = None
        if t in inside:
            loops = EntryByEntry(t, inside[t])
        elif t.op in ("matvec", "vecmat"):
            loops = row_pass(t, order, users, roots)
        body = loops.written() if loops is not None and kernels < MOST else None
        if loops is not None and body is not None:
            name = f"kernel{kernels}"
            head = f"{loops.decorator}\ndef {name}({', '.join([*loops.inputs.values(), *loops.new])}):\n"
            given = ", ".join([*[f"{{{n}}}" for n, _ in enumerate(loops.inputs)], *loops.new.values()])
            kernel = Kernel(name, head + indent(body, "    "), given)
            made[t] = Term("kernel", tuple(made[a] for a in loops.inputs), kernel, t.axes)
            kernels += 1
        else:
            args = tuple(made[a] for a in t.args)
            made[t] = t if args == t.args else replace(t, args=args)
    return [made[r] for r in roots]


def _taken_apart(roots: Sequence[Term]) -> list[Term]:
    """The same results, where diag(u) − u s' for a softmax s has the sums of the other entries of s as an operand."""
    made: dict[Term, Term] = {}
    for t in topological(roots):
        args = tuple(made[a] for a in t.args)
        if t.op == "softmaxslope":
            args = (*args, Term("complement", args[1:], axes=args[1].axes))
        made[t] = t if args == t.args else replace(t, args=args)
    return [made[r] for r in roots]


def regions(order: Sequence[Term], users: Users, roots: Sequence[Term]) -> dict[Term, set[Term]]:
    """The terms that begin a kernel, each with all that it takes in."""
    root: dict[Term, Term] = {}
    for t in reversed(order):
        if t.rank < 2 or not is_entrywise(t):
            continue
        takers = {root.get(u) if u.op != "plus_transpose" and u.rank == t.rank else None for u in users[t]}
        taker = takers.pop() if len(takers) == 1 and t not in roots else None
        if taker is not None:
            root[t] = taker
        elif t.op not in MOVED:
            root[t] = t
    found: dict[Term, set[Term]] = {}
    for t, r in root.items():
        found.setdefault(r, set()).add(t)
    results = {_seen(r) for r in roots}
    return {r: inside for r, inside in found.items() if r in results and _pays(r, inside)}


def _seen(t: Term) -> Term:
    """What a result is a view of."""
    while t.op in MOVED or t.op in VIEWS:
        t = t.args[0]
    return t


def _pays(root: Term, inside: set[Term]) -> bool:
    """Is there more than one operation, or one whose operands have places of their own?"""
    if root.op in ("plus_diagonal", "plus_outers") and _seen(root.args[0]) not in inside:
        return False  # NumPy adds to the few entries, and BLAS in place
    placed = root.op in PLACED or any(a.rank and (a.rank < root.rank or a.op in MOVED) for a in root.args)
    return placed or sum(t.op not in MOVED for t in inside) > 1


def is_entrywise(t: Term) -> bool:
    if t.op == "einsum":
        return bool(outer_words(t)[0])
    return is_in(ENTRYWISE, t) or t.op in MOVED or t.op in PLACED


def is_in(table: Mapping[str, str], t: Term) -> bool:
    """Has a table code for an operation?  Powers are few multiplications."""
    return t.op in table and (t.op != "power" or t.args[1].value in SQUARES)


class Loops:
    """The body of a kernel.

    Attributes:
        decorator: how it is compiled.
        inputs: the operands, with their names.
        new: the names of arrays that it fills, and the code that makes them, with places for the operands.
        lines: what is computed within one loop, two loops …
    """

    decorator = '@numba.njit(parallel=True, error_model="numpy")'

    def __init__(self) -> None:
        self.inputs: dict[Term, str] = {}
        self.new: dict[str, str] = {}
        self.lines = defaultdict[int, list[str]](list)
        self.known: dict[tuple[str, int], str] = {}
        self.failed = False

    def written(self) -> str | None:
        """The body; None if there is no kernel."""
        raise NotImplementedError

    def input(self, t: Term) -> str:
        return self.inputs.setdefault(t, f"a{len(self.inputs)}")

    def number(self, t: Term) -> tuple[str, int]:
        """A number, as it stands or as an operand."""
        if t.value is None:
            return self.input(t), 0
        if not isfinite(t.value):
            self.failed = True
        return f"({t.value!r})" if t.value < 0 else repr(t.value), 0

    def combined(self, template: str, operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
        """An operation; operands that fewer loops are needed for are computed there."""
        depth = max((d for _, d in operands), default=0)
        return template.format(*[code if d == depth else self.kept(code, d) for code, d in operands]), depth

    def kept(self, code: str, depth: int) -> str:
        """The name of a value that is computed within so many loops."""
        if depth == 0:
            return code
        found = self.known.get((code, depth))
        if found is None:
            found = self.known[code, depth] = f"v{len(self.known)}"
            self.lines[depth].append(f"{found} = {code}")
        return found


class EntryByEntry(Loops):
    """Loops over all entries of an array.

    Attributes:
        root: what it computes.
        inside: what it takes in.
        lengths: where the number of steps of each loop is seen: an operand, and the code of the axis.
        turned: whether a matrix is read along its columns.
    """

    def __init__(self, root: Term, inside: set[Term]) -> None:
        super().__init__()
        self.root, self.inside = root, inside
        self.letters = tuple(f"i{n}" for n in range(root.rank))
        self.lengths: dict[str, tuple[str, str]] = {}
        self.turned = False

    def written(self) -> str | None:
        code, _ = self.entry(self.root, self.letters)
        arrays = [name for t, name in self.inputs.items() if t.rank]
        if self.failed or not arrays or set(self.lengths) != set(self.letters):
            return None
        place = ", ".join(self.letters)
        self.lines[self.root.rank].append(f"out[{place}] = {code}")
        places = {name: f"{{{n}}}" for n, name in enumerate(self.inputs.values())}
        sizes = ", ".join(places[name] + axis for name, axis in (self.lengths[i] for i in self.letters))
        self.new["out"] = f"np.empty(({sizes}), {places[arrays[0]]}.dtype)"
        return "\n".join([*(self.tiles() if self.turned and self.root.rank == 2 else self.nest()), "return out"])

    def nest(self) -> list[str]:
        made = list[str]()
        for n, i in enumerate(self.letters):
            made.append("    " * n + f"for {i} in {'range' if n else 'numba.prange'}(out.shape[{n}]):")
            made += ["    " * (n + 1) + line for line in self.lines[n + 1]]
        return made

    def tiles(self) -> list[str]:
        """Two loops over the squares of a matrix, and two inside each."""
        i, j = self.letters
        return [
            "m, n = out.shape",
            f"for b0 in numba.prange((m + {TILE - 1}) // {TILE}):",
            f"    for b1 in range((n + {TILE - 1}) // {TILE}):",
            f"        for {i} in range({TILE} * b0, min({TILE} * b0 + {TILE}, m)):",
            *["            " + line for line in self.lines[1]],
            f"            for {j} in range({TILE} * b1, min({TILE} * b1 + {TILE}, n)):",
            *["                " + line for line in self.lines[2]],
        ]

    # entries

    def entry(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        """The code of an entry, and within how many loops it is known."""
        if not t.rank:
            return self.number(t)
        if t.op in MOVED:
            return self.entry(t.args[0], _before(t, at))
        if t not in self.inside:
            return self.read(t, at)
        if t.op in PLACED:
            return PLACED[t.op](self, t, at)
        return self.combined(ENTRYWISE[t.op], [self.entry(a, _aligned(a, t, at)) for a in t.args])

    def read(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        name, order = self.input(t), [self.letters.index(i) for i in at if i in self.letters]
        for axis, i in enumerate(at):
            if i in self.letters:
                self.lengths.setdefault(i, (name, f".shape[{axis}]"))
        self.turned |= order == [1, 0]
        return f"{name}[{', '.join(at)}]", 1 + max(order, default=-1)

    def of_outer(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        return self.combined("({0} * {1})", [self.entry(a, (i,)) for a, i in zip(t.args, at, strict=True)])

    def of_einsum(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        words, out = outer_words(t)
        place = dict(zip(out, at, strict=True))
        operands = zip(t.args, words, strict=True)
        return self.combined("({0} * {1})", [self.entry(a, tuple(place[c] for c in w)) for a, w in operands])

    def of_plus_transpose(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        return self.combined("({0} + {1})", [self.entry(t.args[0], at), self.entry(t.args[0], at[::-1])])

    def of_plus_diagonal(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        added = self.entry(t.args[1], at[:1] if t.args[1].rank else ())
        return self.combined("({0} + {1})", [self.entry(t.args[0], at), self.only(added, [at])])

    def of_softmaxslope(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        i, j = at
        (u, _), (s, _), (others, _) = (self.entry(a, (k,)) for a, k in zip(t.args, (i, j, i), strict=True))
        return f"({self.kept(f'{u} * {others}', 1)} if {i} == {j} else {self.kept(f'-{u}', 1)} * {s})", 2

    def of_plus_outers(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        half = (len(t.args) + 1) // 2
        total = self.entry(t.args[0], at)
        for u, v in zip(t.args[1:half], t.args[half:], strict=True):
            product = self.combined("({0} * {1})", [self.entry(u, at[:1]), self.entry(v, at[1:])])
            total = self.combined("({0} + {1})", [total, product])
        return total

    def of_assemble(self, t: Term, at: tuple[str, ...]) -> tuple[str, int]:
        """The sum of the products, each where the letters of its diagonal agree."""
        parts: tuple[Part, ...] = t.data  # type: ignore[assignment]
        operands, total = list(t.args), ("0.0", 0)
        for i, size in zip(at, t.args[len(t.args) - t.rank :], strict=True):
            self.lengths.setdefault(i, (self.input(size), ""))
        for part in parts:
            if set("".join(part.words)) - set(part.view):  # a sum is BLAS's
                self.failed = True
                return total
            place = dict(zip(reversed(part.view), reversed(at), strict=True))
            value = ("1.0", 0)
            for word, a in zip(part.words, operands, strict=False):
                factor = self.entry(a, tuple(place[c] for c in word))
                value = factor if value[0] == "1.0" else self.combined("({0} * {1})", [value, factor])
            operands = operands[len(part.words) :]
            together = [tuple(i for i, d in zip(at, part.view, strict=True) if d == c) for c in place]
            together = [same for same in together if len(same) > 1]
            sign = "-" if part.negative else "+"
            if part.replaces:
                total = self.only((f"({sign}{value[0]})", value[1]), together, total)
                continue
            value = self.only(value, together)
            total = (
                self.combined(f"({{0}} {sign} {{1}})", [total, value]) if total[0] != "0.0" or part.negative else value
            )
        return total

    def only(
        self, value: tuple[str, int], together: Sequence[tuple[str, ...]], otherwise: tuple[str, int] = ("0.0", 0)
    ) -> tuple[str, int]:
        """A value where some indices are the same, and 0 or another one elsewhere."""
        if not together:
            return value
        equal = " and ".join(f"{a} == {b}" for same in together for a, b in pairwise(same))
        depth = 1 + max(self.letters.index(i) for same in together for i in same)
        return self.combined("({0} if {1} else {2})", [value, (f"({equal})", depth), otherwise])


PLACED = {
    "outer": EntryByEntry.of_outer,
    "softmaxslope": EntryByEntry.of_softmaxslope,
    "einsum": EntryByEntry.of_einsum,
    "plus_transpose": EntryByEntry.of_plus_transpose,
    "plus_diagonal": EntryByEntry.of_plus_diagonal,
    "plus_outers": EntryByEntry.of_plus_outers,
    "assemble": EntryByEntry.of_assemble,
}  #: instructions whose operands have places of their own


def _before(t: Term, at: tuple[str, ...]) -> tuple[str, ...]:
    """Where an entry of a view stands in what it is a view of."""
    if t.op == "transpose":
        return at[::-1]
    if t.op == "permute":
        order: tuple[int, ...] = t.data  # type: ignore[assignment]
        return tuple(at[order.index(n)] for n in range(len(at)))
    return at[:-1] if t.op == "column" else at[1:]


def _aligned(a: Term, t: Term, at: tuple[str, ...]) -> tuple[str, ...]:
    """Where an operand is read for an entry of the result: along the last axes, and once where it has one entry."""
    last = zip(a.axes, t.axes[t.rank - a.rank :], at[t.rank - a.rank :], strict=True)
    return tuple("0" if d is ONE and e is not ONE else i for d, e, i in last)


# rows


class RowByRow(Loops):
    """X' s, where an entry of s is a number made of products of that row of X with vectors: one pass over X.

    Attributes:
        root: what it computes.
        A: X.
        inside: the vectors that are computed row by row.
        products: the names of the products with a row, by the name of the vector.
    """

    decorator = '@numba.njit(parallel=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"})'

    def __init__(self, root: Term, A: Term, inside: set[Term]) -> None:
        super().__init__()
        self.inside = inside
        self.root, self.A, self.products = root, A, dict[str, str]()

    def written(self) -> str | None:
        A, s = self.input(self.A), next(a for a in self.root.args if a.rank == 1)
        code, _ = self.entry(s)
        if self.failed or not self.products:
            return None
        sums = [f"{p} += {A}[i, j] * {w}[j]" for w, p in self.products.items()]
        return f"""{A} = np.ascontiguousarray({A})
m, n = {A}.shape
threads = numba.get_num_threads()
sums = np.empty((threads, n), {A}.dtype)
for c in numba.prange(threads):
    total = np.zeros(n, {A}.dtype)
    for i in range(c * m // threads, (c + 1) * m // threads):
        {" = ".join(self.products.values())} = 0.0
        for j in range(n):
            {(chr(10) + 12 * " ").join(sums)}
        {(chr(10) + 8 * " ").join([*self.lines[1], f"s = {code}"])}
        for j in range(n):
            total[j] += s * {A}[i, j]
    sums[c] = total
return sums.sum(axis=0)"""

    def entry(self, s: Term) -> tuple[str, int]:
        """The code of an entry of a vector."""
        if not s.rank:
            return self.number(s)
        if s not in self.inside:
            return f"{self.input(s)}[i]", 1
        if s.op in ("matvec", "vecmat"):
            w = self.input(next(a for a in s.args if a.rank == 1))
            return self.products.setdefault(w, f"p{len(self.products)}"), 1
        code, _ = self.combined(FUNCTIONS[s.op], [self.entry(a) for a in s.args])
        return self.kept(code, 1), 1


def row_pass(t: Term, order: Sequence[Term], users: Users, roots: Sequence[Term]) -> RowByRow | None:
    """The loops for X' s, as far as can be seen without writing them."""
    A = rows_of(t, turned=True)
    if A is None:
        return None
    inside = {t}
    for s in reversed(order[: order.index(t)]):
        by_rows = is_in(FUNCTIONS, s) or rows_of(s, turned=False) is A
        if by_rows and s.rank == 1 and s not in roots and users[s] <= inside:
            inside.add(s)
    return RowByRow(t, A, inside)


def rows_of(t: Term, *, turned: bool) -> Term | None:
    """The X of X w, or of X' s."""
    if t.op not in ("matvec", "vecmat"):
        return None
    A = next(a for a in t.args if a.rank == 2)
    if (A.op == "transpose") == ((t.op == "matvec") == turned):
        return A.args[0] if A.op == "transpose" else A
    return None
