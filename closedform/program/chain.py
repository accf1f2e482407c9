"""Matrix products: in which order, and how each product of two is computed.

The order comes from the classic dynamic programme over flops; a run of factors that occurs in several products is
paid for once.  Diagonal matrices, columns of ones, sums and inverses stay what they are until something meets them: a
diagonal scales rows, ones sum rows, a sum that meets a vector is multiplied term by term, an inverse solves, a
commutation, duplication or elimination matrix moves rows.  A product Z'Z, or Z'DZ with D ≥ 0, is computed by halves.
A Kronecker product is not formed when it meets a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

from closedform.core.expr import Expr
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim, Shape
from closedform.program.lengths import PASS, length
from closedform.program.term import Plan, Term, axes_of

LONGEST = 24  #: beyond this many factors the order is taken from the ends
SHARED = 4  #: the longest run of factors that is looked for in several products
SMALL = 256  #: rows of a product with its own transpose by which half of the multiplications is not half of the time
LIGHT = ("diag", "moved", "moved_t")  #: kinds that multiply without a matrix product


@dataclass(eq=False, slots=True)
class Factor:
    """An operand of a product.

    Attributes:
        kind: `full`, `diag` (the term is its vector), `ones` (a column or row), `sum` (the term is the sum),
            `inv` or `inv_t` (the term is the matrix to solve with, or its transpose is), `moved` (the term is where
            the rows of M x come from in x, for a matrix M of one 1 in each row) or `moved_t` (its transpose).
        expr: the node it stands for, if it is one.
        by_parts: of a sum, its product with a vector, which stands behind it or not.
        positive: of a diagonal, whether no entry is negative.
        weights: of a diagonal, the vector that stands there.
    """

    kind: str
    shape: Shape
    term: Term | None = None
    expr: Expr | None = None
    by_parts: Callable[[Factor, bool], Term] | None = None
    positive: bool = False
    weights: Expr | None = None

    @property
    def column(self) -> bool:
        return self.shape[1] is ONE

    @property
    def row(self) -> bool:
        return self.shape[0] is ONE


class Chain:
    """Multiplies factors.

    Attributes:
        size: the term of a dimension.
        runs: how often a run of factors occurs, as it is or transposed.
        turned: the transposes of factors.
        made: the products of runs that occur more than once.
    """

    def __init__(self, plan: Plan, size: dict[Dim, Term]) -> None:
        self.plan, self.size = plan, size
        self.runs: Counter[tuple[Expr, ...]] = Counter()
        self.turned: dict[Expr, Expr] = {}
        self.made: dict[tuple[Expr, ...], Factor] = {}

    def count_runs(self, nodes: Iterable[Expr]) -> None:
        """Count the runs of two factors and more in the matrix products among some nodes."""
        chains = [e.args for e in nodes if e.op.name == "matmul"]
        if len(chains) < 2:
            return
        for args in chains:
            free: dict[tuple[Expr, ...], int] = {}  # where a run may begin that does not overlap with the last
            for i in range(len(args) - 1):
                for j in range(i + 2, min(i + SHARED, len(args)) + 1):
                    run = self._run(args[i:j])
                    if i >= free.get(run, 0):
                        free[run] = j
                        self.runs[run] += 1
                for a, b in _multiplied_out(*args[i : i + 2]):
                    run = self._run((a, b))
                    self.runs[run] += self.turned[a] is not b

    def multiply(self, factors: list[Factor]) -> Factor:
        """The product of a list of factors, in a cheap order."""
        if len(factors) > LONGEST:
            return self._from_an_end(factors)
        return self._build(factors, self.splits(factors)[1], 0, len(factors) - 1)

    def _from_an_end(self, factors: list[Factor]) -> Factor:
        """The product of many factors, one by one; the longest run that mirrors itself is computed by halves."""
        if factors[0].row and not factors[-1].column:
            return reduce(self.times, factors)
        if not factors[-1].column:
            i, j = max((self._mirror(factors, centre) for centre in range(1, 2 * len(factors) - 2)), key=_span)
            if i < j:
                whole = self._gram(factors[i : j + 1], self.multiply(factors[(i + j) // 2 + 1 : j + 1]))
                factors = [*factors[:i], whole, *factors[j + 1 :]]
        return reduce(lambda right, left: self.times(left, right), reversed(factors))

    def _mirror(self, factors: list[Factor], centre: int) -> tuple[int, int]:
        """The longest run about a place, counted in halves, that is Z'Z, or Z'DZ with D ≥ 0; empty if there is none."""
        i, j = (centre + 1) // 2, centre // 2
        while i and j + 1 < len(factors) and self.is_mirrored(factors, i - 1, j + 1):
            i, j = i - 1, j + 1
        return i, j

    def splits(self, factors: list[Factor]) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], int]]:
        """The least cost of every run of factors, and where it is split: -1 where it is computed by halves."""
        n = len(factors)
        cost: dict[tuple[int, int], float] = {(i, i): 0.0 for i in range(n)}
        split: dict[tuple[int, int], int] = {}
        flops = _Flops(factors)
        for span in range(1, n):
            for i in range(n - span):
                j = i + span
                best = float("inf")
                for k in reversed(range(i, j)) if self._is_turned(factors[i], factors[j]) else range(i, j):
                    c = cost[i, k] + cost[k + 1, j] + flops(i, k, j)
                    if c < best * (1 - 1e-9):
                        best, split[i, j] = c, k
                if self.is_mirrored(factors, i, j):
                    half = i + (span + 1) // 2
                    side, inner = flops.sides[j + 1], flops.sides[half]
                    halves = 1 if self._is_signed(factors, i, j) else 1 + side / (side + SMALL)
                    c = cost[half, j] + side**2 * (inner / halves + PASS) + PASS * side * inner
                    if c < best:
                        best, split[i, j] = c, -1
                cost[i, j] = best / self._times_shared(factors[i : j + 1])
        return cost, split

    def _is_turned(self, first: Factor, last: Factor) -> bool:
        """Does a product between two diagonals begin with the later one, as in the transpose of one that does not?"""
        u, v = first.weights, last.weights
        return u is not None and v is not None and v.order < u.order

    def _times_shared(self, run: Sequence[Factor]) -> int:
        if not self.runs or len(run) > SHARED:
            return 1
        nodes = [f.expr for f in run if f.expr is not None]
        return max(1, self.runs[self._run(nodes)]) if len(nodes) == len(run) else 1

    def _run(self, factors: Sequence[Expr]) -> tuple[Expr, ...]:
        """A run of factors, or its transpose: the one that comes first."""
        for e in factors:
            if e not in self.turned:
                self.turned[e] = normal(e.T)
        plain, turned = tuple(factors), tuple([self.turned[e] for e in reversed(factors)])
        return min(plain, turned, key=_orders)

    def is_mirrored(self, factors: list[Factor], i: int, j: int) -> bool:
        """Is a run of factors Z'Z, or Z'DZ with D ≥ 0, or with any D and a Z that is a product?"""
        middle = factors[(i + j) // 2]
        if (j - i) % 2 == 0 and (middle.kind != "diag" or (j - i == 2 and not middle.positive)):
            return False
        for a, b in zip(range(i, j), range(j, i, -1), strict=True):
            if a >= b:
                break
            x, y = factors[a], factors[b]
            if x.row or x.column or not self._are_mirrored(x, y):
                return False
        return True

    def _is_signed(self, factors: list[Factor], i: int, j: int) -> bool:
        """Is what stands in the middle of a run a diagonal that may have negative entries?"""
        return (j - i) % 2 == 0 and not factors[(i + j) // 2].positive

    def _are_mirrored(self, x: Factor, y: Factor) -> bool:
        kinds, plan = {x.kind, y.kind}, self.plan
        if kinds <= {"full", "sum"}:
            return plan.are_mirrored(self.vector(x), self.vector(y))
        if kinds == {"diag"}:
            return x.term is y.term
        if not kinds <= {"inv", "inv_t"} or x.term is not y.term:
            return False
        return len(kinds) == 2 or x.term in plan.symmetric

    def _build(self, factors: list[Factor], split: dict[tuple[int, int], int], i: int, j: int) -> Factor:
        if i == j:
            return factors[i]
        run = factors[i : j + 1]
        nodes = tuple([f.expr for f in run if f.expr is not None]) if self._times_shared(run) > 1 else ()
        if nodes and (known := self._known(nodes)) is not None:
            return known
        k = split[i, j]
        if k == -1:
            made = self._gram(factors[i : j + 1], self._build(factors, split, (i + j) // 2 + 1, j))
        else:
            made = self.times(self._build(factors, split, i, k), self._build(factors, split, k + 1, j))
        if nodes and made.kind == "full":
            self.made[nodes] = made
        return made

    def _known(self, nodes: tuple[Expr, ...]) -> Factor | None:
        """A run of factors that was multiplied before, as it is or transposed: in whichever order that was."""
        turned = tuple([self.turned[e] for e in reversed(nodes)])
        if nodes in self.made or turned not in self.made:
            return self.made.get(nodes)
        other = self.made[turned]
        return Factor("full", other.shape[::-1], self.plan.transpose(self.term(other)))

    def _gram(self, run: list[Factor], half: Factor) -> Factor:
        """A run of factors whose second half is Z: Z'Z, or Z'DZ, for D ≥ 0 as Y'Y with Y = √D Z."""
        if len(run) % 2:
            d = run[len(run) // 2]
            if not d.positive:
                left = Factor("full", half.shape[::-1], self.plan.transpose(self.term(half)))
                return self.times(left, self.times(d, half))
            half = self.times(Factor("diag", d.shape, self.plan.each("sqrt", self.vector(d))), half)
        Y = self.term(half)
        return Factor("full", (run[0].shape[0], run[-1].shape[1]), self.plan.matmul(self.plan.transpose(Y), Y))

    # two factors

    def times(self, a: Factor, b: Factor) -> Factor:
        plan, shape = self.plan, (a.shape[0], b.shape[1])
        if (a.row and a.column) or (b.row and b.column):  # a number that came out in between
            number, array = (a, b) if a.row and a.column else (b, a)
            made = plan.each("multiply", self.term(number), self.term(array))
        elif a.by_parts is not None and b.column:
            made = a.by_parts(b, True)
        elif b.by_parts is not None and a.row:
            made = b.by_parts(a, False)
        elif a.kind.startswith("moved") or b.kind.startswith("moved"):
            return self._moved(a, b, shape)
        elif a.kind == "ones" or b.kind == "ones":
            made = self._with_ones(a, b)
        elif a.kind == "diag" or b.kind == "diag":
            return self._with_diagonal(a, b, shape)
        elif a.kind.startswith("inv") or b.kind.startswith("inv"):
            made = self._solve(a, b)
        else:
            made = self._product(a, b)
        return Factor("full", shape, made)

    def _product(self, a: Factor, b: Factor) -> Term:
        """The product of two arrays; a sign of theirs stands before it, if it has not far more entries."""
        operands, size, minus = [self.term(a), self.term(b)], length(a.shape[0]) * length(b.shape[1]), False
        for n, t in enumerate(operands):
            if t.op == "negative" and size <= 2 * prod(map(length, t.axes)):
                operands[n], minus = t.args[0], not minus
        made = self._unsigned(a, b, *operands)
        return self.plan.negative(made) if minus else made

    def _unsigned(self, a: Factor, b: Factor, x: Term, y: Term) -> Term:
        plan = self.plan
        if a.row and b.column:
            return plan.inner(x, y)
        if a.column and b.row:
            return plan.outer(x, y)
        if b.column:
            return self._kron_times(x, y) or plan.times_vector(x, y)
        if a.row:
            return self._kron_times(plan.transpose(y), x) or plan.vector_times(x, y)
        return plan.matmul(x, y)

    def _moved(self, a: Factor, b: Factor, shape: Shape) -> Factor:
        """M B takes rows of B, A M' columns of A; M' B and A M add them up.  Ones that are moved stay ones."""
        plan = self.plan
        first = a.kind.startswith("moved")
        M, other = (a, b) if first else (b, a)
        rows, taken = self.vector(M), first == (M.kind == "moved")
        if not taken and len(rows.args) == 2:  # a permutation: its transpose takes rows as well
            rows, taken = plan.make(rows.op, rows.args[::-1], rows.axes), True
        if other.kind == "ones" and taken:
            return Factor("ones", shape)
        B = self.term(other)
        along_rows = first or a.row
        if taken:
            made = plan.take(B, rows, 0 if along_rows else 1)
        else:
            n = M.shape[0 if first else 1]
            upright = B if along_rows else plan.transpose(B)
            added = plan.make("added", (upright, rows, self.size[n]), (n, *upright.axes[1:]))
            made = added if along_rows else plan.transpose(added)
        return Factor("full", shape, made)

    def moves(self, shape: Shape, rows: Term) -> Term:
        """The matrix that takes these rows of what it multiplies."""
        return self.plan.take(self.eye(shape[1]), rows, 0)

    def eye(self, n: Dim) -> Term:
        return self.plan.make("eye", (self.size[n],), (n, n))

    def kron(self, A: Term, B: Term) -> Term:
        axes = tuple(a * b for a, b in zip(A.axes, B.axes, strict=True))
        return self.plan.make("kron", (A, B), axes)

    def _kron_times(self, K: Term, x: Term) -> Term | None:
        """(A ⊗ B) x is A M B', row after row, where x is M row after row; None if K is no product of two matrices."""
        plan, turned = self.plan, K.op == "transpose"
        product = K.args[0] if turned else K
        if product.op != "kron" or any(t.op in ("column", "row") for t in product.args):
            return None
        A, B = (plan.transpose(t) if turned and t.op != "eye" else t for t in product.args)
        made = plan.reshape(x, (self._columns(A), self._columns(B)), (A.axes[1], B.axes[1]))
        if A.op != "eye":
            made = plan.matmul(A, made)
        if B.op != "eye":
            made = plan.matmul(made, plan.transpose(B))
        return plan.flat(made)

    def _columns(self, A: Term) -> Term:
        """How many columns a matrix has."""
        if A.op == "eye":
            return A.args[0]
        if A.op == "transpose":
            return self.plan.make("rows", A.args, data=0)
        return self.plan.make("rows", (A,), data=1)

    def _with_diagonal(self, a: Factor, b: Factor, shape: Shape) -> Factor:
        plan = self.plan
        if a.kind == b.kind == "diag":
            made = plan.each("multiply", self.vector(a), self.vector(b))
            return Factor("diag", shape, made, positive=a.positive and b.positive)
        if a.kind == "diag":
            v, B = self.vector(a), self.term(b)
            return Factor("full", shape, plan.times(v if b.column else plan.column(v), B))
        return Factor("full", shape, plan.times(self.term(a), self.vector(b)))

    def _with_ones(self, a: Factor, b: Factor) -> Term:
        """Ones sum the rows or columns of what they meet, or repeat it."""
        plan = self.plan
        if a.kind == b.kind == "ones" and a.row and b.column:
            return self.size[a.shape[1]]
        if a.column and b.row:
            return plan.outer(self.term(a), self.term(b))
        other, axis = (b, 0) if a.kind == "ones" else (a, 1)
        if other.kind == "diag":
            return self.vector(other)
        if other.row or other.column:
            return plan.total(self.term(other))
        return plan.sum_over(self.term(other), axis)

    def _solve(self, a: Factor, b: Factor) -> Term:
        """A⁻¹ B, or A B⁻¹ by the transposed system; one of two inverses is formed."""
        plan = self.plan
        if a.kind.startswith("inv"):
            return plan.solve(self.vector(a), self.term(b), transposed=a.kind == "inv_t")
        right = self.term(a) if a.row else plan.transpose(self.term(a))
        solved = plan.solve(self.vector(b), right, transposed=b.kind == "inv")
        return solved if a.row else plan.transpose(solved)

    def vector(self, f: Factor) -> Term:
        assert f.term is not None
        return f.term

    def term(self, f: Factor) -> Term:
        """A factor as an array."""
        plan = self.plan
        if f.kind == "diag":
            return plan.make("diag", (self.vector(f),), axes_of(f.shape))
        if f.kind == "ones":
            n = f.shape[0] if f.column else f.shape[1]
            return plan.make("ones", (self.size[n],), (n,))
        if f.kind == "moved":
            return self.moves(f.shape, self.vector(f))
        if f.kind == "moved_t":
            return plan.transpose(self.moves(f.shape[::-1], self.vector(f)))
        if f.kind == "inv":
            return plan.inverse(self.vector(f))
        return plan.transpose(plan.inverse(self.vector(f))) if f.kind == "inv_t" else self.vector(f)


class _Flops:
    """What the product of two runs of factors takes, by where they begin and end.

    Attributes:
        sides: the rows of every factor, and the columns of the last.
    """

    def __init__(self, factors: Sequence[Factor]) -> None:
        self.sides = [*[length(f.shape[0]) for f in factors], length(factors[-1].shape[1])]
        self.inverse = [f.kind in ("inv", "inv_t") for f in factors]
        self.kinds = ["full" if f.kind in ("inv", "inv_t") else f.kind for f in factors]
        self.diagonal = list(range(1, len(factors) + 1))  # the end of the run of diagonals that begins at a factor
        for n in reversed(range(len(factors) - 1)):
            if self.kinds[n] == self.kinds[n + 1] == "diag":
                self.diagonal[n] = self.diagonal[n + 1]

    def __call__(self, i: int, k: int, j: int) -> float:
        """Of the factors i to k, and those up to j."""
        left, right, rows = self.kind(i, k), self.kind(k + 1, j), self.sides[i]
        if left == right == "diag":
            return rows
        flops = rows * self.sides[j + 1]
        if left not in LIGHT and right not in LIGHT:
            inner = self.sides[k + 1]
            flops = flops * (inner + PASS) + PASS * inner * (rows + self.sides[j + 1])
        if i == k and self.inverse[i] and right in LIGHT:
            flops += 2 * rows**3
        if j == k + 1 and self.inverse[j] and left in LIGHT:
            flops += 2 * self.sides[j] ** 3
        return flops

    def kind(self, i: int, j: int) -> str:
        """What a run of factors is, multiplied."""
        return self.kinds[i] if i == j else "diag" if self.kinds[i] == "diag" and self.diagonal[i] > j else "full"


def _multiplied_out(a: Expr, b: Expr) -> list[tuple[Expr, Expr]]:
    """The products of a few matrices, of which one of two factors is the sum, with the other."""
    for sum_, other in ((a, b), (b, a)):
        if sum_.op.name == "add" and len(sum_.args) <= SHARED and other.op.name != "add":
            terms = [t.args[1] if t.op.name == "scale" else t for t in sum_.args]
            return [(t, other) if sum_ is a else (other, t) for t in terms if t.op.name == "symbol"]
    return []


def _orders(run: tuple[Expr, ...]) -> list[object]:
    return [e.order for e in run]


def _span(ends: tuple[int, int]) -> int:
    return ends[1] - ends[0]
