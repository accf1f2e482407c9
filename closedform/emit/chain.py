"""Matrix products: in which order, and how each product of two is computed.

The order comes from the classic dynamic programme over flops.  Diagonal matrices, columns of ones and
inverses stay what they are until something meets them: a diagonal scales rows, ones sum rows, an inverse solves,
a commutation, duplication or elimination matrix moves rows.  A Kronecker product is not formed when it meets a vector.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce

from closedform.core.shape import ONE, Dim, Shape
from closedform.emit.plan import ADD, ATOM, Plan, Term

KRON, EYE = "np.kron({0}, {1})", "np.eye({0})"
LONGEST = 24  #: beyond this many factors the order is taken from the ends
LIGHT = ("diag", "moved", "moved_t")  #: kinds that multiply without a matrix product
TYPICAL: defaultdict[str, int] = defaultdict(lambda: 100)  #: the size assumed for every named dimension


@dataclass(eq=False, slots=True)
class Factor:
    """An operand of a product.

    Attributes:
        kind: `full`, `diag` (the term is its vector), `ones` (a column or row), `inv` or `inv_t`
            (the term is the matrix to solve with, or its transpose is), `moved` (the term is where the rows of
            M x come from in x, for a matrix M of one 1 in each row) or `moved_t` (the transpose of such an M).
    """

    kind: str
    shape: Shape
    term: Term | None = None

    @property
    def column(self) -> bool:
        return self.shape[1] is ONE

    @property
    def row(self) -> bool:
        return self.shape[0] is ONE


def length(n: Dim) -> float:
    return float(n.value(TYPICAL))


class Chain:
    """Multiplies factors; `size` gives the code for a dimension."""

    def __init__(self, plan: Plan, size: dict[Dim, Term]) -> None:
        self.plan, self.size = plan, size

    def multiply(self, factors: list[Factor]) -> Factor:
        """The product of a list of factors, in a cheap order."""
        if len(factors) > LONGEST:
            if factors[-1].column or not factors[0].row:
                return reduce(lambda right, left: self.times(left, right), reversed(factors))
            return reduce(self.times, factors)
        return self._build(factors, self.splits(factors)[1], 0, len(factors) - 1)

    def splits(self, factors: list[Factor]) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], int]]:
        """The least cost of every run of factors, and where it is split."""
        n = len(factors)
        cost: dict[tuple[int, int], float] = {(i, i): 0.0 for i in range(n)}
        split: dict[tuple[int, int], int] = {}
        plain = ["full" if f.kind in ("inv", "inv_t") else f.kind for f in factors]
        for span in range(1, n):
            for i in range(n - span):
                j = i + span
                best = float("inf")
                for k in range(i, j):
                    c = cost[i, k] + cost[k + 1, j] + self._flops(factors, plain, i, k, j)
                    if c < best * (1 - 1e-9):
                        best, split[i, j] = c, k
                cost[i, j] = best
        return cost, split

    def _flops(self, factors: list[Factor], plain: list[str], i: int, k: int, j: int) -> float:
        rows, middle, columns = length(factors[i].shape[0]), length(factors[k].shape[1]), length(factors[j].shape[1])
        left = plain[i] if i == k else "diag" if all(p == "diag" for p in plain[i : k + 1]) else "full"
        right = plain[j] if j == k + 1 else "diag" if all(p == "diag" for p in plain[k + 1 : j + 1]) else "full"
        flops = rows * columns if left in LIGHT or right in LIGHT else rows * middle * columns
        if left == right == "diag":
            return rows
        materialised = [
            m
            for m, f, other in ((i, factors[i], right), (j, factors[j], left))
            if f.kind.startswith("inv") and other in LIGHT and (m == i == k or m == j == k + 1)
        ]
        return flops + sum(2 * length(factors[m].shape[0]) ** 3 for m in materialised)

    def _build(self, factors: list[Factor], split: dict[tuple[int, int], int], i: int, j: int) -> Factor:
        if i == j:
            return factors[i]
        k = split[i, j]
        return self.times(self._build(factors, split, i, k), self._build(factors, split, k + 1, j))

    # two factors

    def times(self, a: Factor, b: Factor) -> Factor:
        plan, shape = self.plan, (a.shape[0], b.shape[1])
        if (a.row and a.column) or (b.row and b.column):  # a number that came out in between
            number, array = (a, b) if a.row and a.column else (b, a)
            made = plan.infix("*", self.term(number), self.term(array))
        elif a.kind.startswith("moved") or b.kind.startswith("moved"):
            return self._moved(a, b, shape)
        elif a.kind == "ones" or b.kind == "ones":
            made = self._with_ones(a, b)
        elif a.kind == "diag" or b.kind == "diag":
            return self._with_diagonal(a, b, shape)
        elif a.kind.startswith("inv") or b.kind.startswith("inv"):
            made = self._solve(a, b)
        else:
            x, y = self.term(a), self.term(b)
            if a.row and b.column:
                made = plan.inner(x, y)
            elif a.column and b.row:
                made = plan.call("np.outer({0}, {1})", x, y)
            elif b.column:
                made = self._kron_times(x, y) or plan.times_vector(x, y)
            elif a.row:
                made = self._kron_times(plan.transpose(y), x) or plan.vector_times(x, y)
            else:
                made = plan.infix("@", x, y)
        return Factor("full", shape, made)

    def _moved(self, a: Factor, b: Factor, shape: Shape) -> Factor:
        """M B takes rows of B, A M' columns of A; M' B and A M add them up.  Ones that are moved stay ones."""
        plan = self.plan
        first = a.kind.startswith("moved")
        M, other = (a, b) if first else (b, a)
        rows, taken = self.vector(M), first == (M.kind == "moved")
        if not taken and len(rows.args) == 2:  # a permutation: its transpose takes rows as well
            rows, taken = plan.call(rows.template, *rows.args[::-1]), True
        if other.kind == "ones" and taken:
            return Factor("ones", shape)
        B = self.term(other)
        if taken:
            made = plan.postfix("{0}[{1}]" if first or a.row else "{0}[:, {1}]", B, rows)
        else:
            added = plan.call("added({0}, {1}, {2})", B if first or a.row else plan.transpose(B), rows,
                              self.size[M.shape[0 if first else 1]])  # fmt: skip
            made = added if first or a.row else plan.transpose(added)
        return Factor("full", shape, made)

    def moves(self, shape: Shape, rows: Term) -> Term:
        """The matrix that takes these rows of what it multiplies."""
        return self.plan.call("np.eye({0})[{1}]", self.size[shape[1]], rows)

    def _kron_times(self, K: Term, x: Term) -> Term | None:
        """(A ⊗ B) x is A M B', row after row, where x is M row after row; None if K is no product of two matrices."""
        plan, turned = self.plan, K.template == "{0}.T"
        product = K.args[0] if turned else K
        if product.template != KRON or any("None" in t.template for t in product.args):  # a vector made 2-D
            return None
        A, B = (plan.transpose(t) if turned and t.template != EYE else t for t in product.args)
        made = plan.postfix("{0}.reshape({1}, {2})", x, self._columns(A), self._columns(B), cheap=True)
        if A.template != EYE:
            made = plan.infix("@", A, made)
        if B.template != EYE:
            made = plan.infix("@", made, plan.transpose(B))
        return plan.postfix("{0}.ravel()", made)

    def _columns(self, A: Term) -> Term:
        """How many columns a matrix has."""
        if A.template == EYE:
            return A.args[0]
        if A.template == "{0}.T":
            return self.plan.postfix("{0}.shape[0]", A.args[0], cheap=True)
        return self.plan.postfix("{0}.shape[1]", A, cheap=True)

    def _with_diagonal(self, a: Factor, b: Factor, shape: Shape) -> Factor:
        plan = self.plan
        if a.kind == b.kind == "diag":
            return Factor("diag", shape, plan.infix("*", self.vector(a), self.vector(b)))
        if a.kind == "diag":
            v, B = self.vector(a), self.term(b)
            made = plan.infix("*", v if b.column else plan.column(v), B)
        else:
            made = plan.infix("*", self.term(a), self.vector(b))
        return Factor("full", shape, made)

    def _with_ones(self, a: Factor, b: Factor) -> Term:
        """Ones sum the rows or columns of what they meet, or repeat it."""
        plan = self.plan
        if a.kind == b.kind == "ones" and a.row and b.column:
            return self.size[a.shape[1]]
        if a.column and b.row:
            return plan.call("np.outer({0}, {1})", self.term(a), self.term(b))
        other, axis = (b, 0) if a.kind == "ones" else (a, 1)
        if other.kind == "diag":
            return self.vector(other)
        if other.row or other.column:
            return plan.call("np.sum({0})", self.term(other))
        return plan.postfix(f"{{0}}.sum(axis={axis})", self.term(other))

    def _solve(self, a: Factor, b: Factor) -> Term:
        """A⁻¹ B, or A B⁻¹ by the transposed system; one of two inverses is formed."""
        plan = self.plan
        if a.kind.startswith("inv"):
            return self.solve(self.vector(a), self.term(b), transposed=a.kind == "inv_t")
        right = self.term(a) if a.row else plan.transpose(self.term(a))
        solved = self.solve(self.vector(b), right, transposed=b.kind == "inv")
        return solved if a.row else plan.transpose(solved)

    def solve(self, A: Term, right: Term, *, transposed: bool) -> Term:
        plan = self.plan
        if not transposed or A in plan.definite:
            return plan.call("np.linalg.solve({0}, {1})", A, right, kind="solve")
        return plan.make("np.linalg.solve({0}.T, {1})", (A, right), ATOM, (ATOM, ADD), kind="solve_transposed")

    def inverse(self, A: Term) -> Term:
        return self.plan.call("np.linalg.inv({0})", A, kind="inverse")

    def vector(self, f: Factor) -> Term:
        assert f.term is not None
        return f.term

    def term(self, f: Factor) -> Term:
        """A factor as an array."""
        plan = self.plan
        if f.kind == "diag":
            return plan.call("np.diag({0})", self.vector(f))
        if f.kind == "ones":
            return plan.call("np.ones({0})", self.size[f.shape[0] if f.column else f.shape[1]])
        if f.kind == "moved":
            return self.moves(f.shape, self.vector(f))
        if f.kind == "moved_t":
            return plan.transpose(self.moves(f.shape[::-1], self.vector(f)))
        if f.kind == "inv":
            return self.inverse(self.vector(f))
        return plan.transpose(self.inverse(self.vector(f))) if f.kind == "inv_t" else self.vector(f)
