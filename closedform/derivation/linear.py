"""The routes of functions with more than one entry: dF = J dx for columns, d vec F = J d vec X for matrices.

Source: Magnus & Neudecker, 3rd ed. (2019), ch. 2, 3 and 9.
"""

from __future__ import annotations

from closedform.calculus.jacobian import matrix_of
from closedform.calculus.structure import replace
from closedform.calculus.vectorize import vec_matrix
from closedform.core.expr import OPS, Expr, eye, number, ones, symbol, symbols
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.derivation.moves import Move, Route, Term
from closedform.derivation.neat import entries, neat, product, turn
from closedform.errors import NotSupported


class Columns(Route):
    """Terms M E of a column or a scalar E; the variable is a column or, transposed, a row."""

    def start(self, line: Expr) -> list[Term]:
        return [Term(number(1), t) for t in self.terms(line)]

    def done(self, term: Term) -> bool:
        return super().done(term) or (term.E.op.name == "transpose" and term.E.args[0] in self.differentials)

    def write(self, term: Term) -> Expr:
        return product([term.M, term.E])

    def matrix(self, term: Term) -> Expr:
        """The coefficient; a number stands for that multiple of the identity."""
        return term.M * eye(term.E.shape[0]) if term.M.is_scalar else term.M

    def move(self, term: Term) -> Move:
        """One operation of E into M."""
        M, E = term.M, term.E
        name = E.op.name
        if name == "add":
            return Move("split", tuple(Term(M, a) for a in E.args if self.depends(a)))
        if name == "scale" or (name == "hadamard" and E.is_scalar):
            return self._scaled(M, E)
        if name == "matmul":
            return self._product(M, E)
        if name == "hadamard":
            left, f, right = self.parted(E)
            return Move("entries-diag", (Term(product([M, OPS["diag"](entries(left + right))]), f),))
        if name == "sum" and E.args[0].shape[1] is ONE:
            inner = E.args[0]
            if inner.op.name == "hadamard":
                left, f, right = self.parted(inner)
                return Move("sum-hadamard", (Term(product([M, turn(entries(left + right))]), f),))
            return Move("sum-ones", (Term(product([M, ones(inner.shape[::-1])]), inner),))
        if name == "transpose" and E.args[0].op.name in ("add", "hadamard"):
            return Move("associate", (Term(M, neat(E.args[0].op(*map(turn, E.args[0].args)))),))
        return self._whole(M, E)

    def _scaled(self, M: Expr, E: Expr) -> Move:
        """s v: the scalar that depends on dx stands last."""
        left, f, right = self.parted(E)
        key = "scalar-last" if f.is_scalar and not E.is_scalar else "associate"
        return Move(key, (Term(product([M, *left, *right]), f),))

    def _product(self, M: Expr, E: Expr) -> Move:
        """L f R with a column R, or none: L goes into M, and f R is taken apart."""
        left, f, right = self.parted(E)
        if not right or f.is_scalar:
            return Move("associate", (Term(product([M, *left, *right]), f),))
        v = product(right)
        if f.shape[0] is ONE:
            return Move("scalar-transpose", (Term(product([M, *left, turn(v)]), turn(f)),))
        if left:
            return Move("associate", (Term(product([M, *left]), product([f, v])),))
        if f.op.name == "add":
            return Move("split", tuple(Term(M, product([a, v])) for a in f.args if self.depends(a)))
        if f.op.name == "diag" and not v.is_scalar:
            u = f.args[0]
            return Move("diag-swap", (Term(product([M, OPS["diag"](v)]), turn(u) if u.shape[0] is ONE else u),))
        return self._whole(M, E)

    def _whole(self, M: Expr, E: Expr) -> Move:
        """The matrix of the whole map, where no rule takes it apart.

        Raises:
            NotSupported: it depends on several differentials at once.
        """
        within = symbols(E)
        found = [dx for dx in self.differentials if dx in within]
        if len(found) != 1:
            raise NotSupported(f"the derivative of {E.op.name} is not known here yet")
        (dx,) = found
        if dx.shape[1] is ONE:
            return Move("whole", (Term(product([M, matrix_of(normal(E), dx)]), dx),))
        column = symbol(dx.data.name, dx.shape[::-1], dx.data.properties)
        J = matrix_of(normal(replace(E, dx, turn(column))), column)
        return Move("whole", (Term(product([M, J]), turn(dx)),))


class Stacked(Route):
    """Terms M vec(E)."""

    def start(self, line: Expr) -> list[Term]:
        M = eye(line.shape[0] * line.shape[1])
        return [Term(M, t) for t in self.terms(line)]

    def write(self, term: Term) -> Expr:
        return product([term.M, vec(term.E)])

    def move(self, term: Term) -> Move:
        """vec of one operation as a matrix times vec of its operand."""
        M, E = term.M, term.E
        if E.op.name == "add":
            return Move("split", tuple(Term(M, a) for a in E.args if self.depends(a)))
        left, f, right = self.parted(E)
        slot = symbol("·", f.shape)
        J = vec_matrix(normal(E.op(*left, slot, *right)), slot)
        return Move(f"vec-{E.op.name}", (Term(product([M, J]), f),))


def vec(E: Expr) -> Expr:
    """vec(E); of a column the column."""
    return E if E.shape[1] is ONE else turn(E) if E.shape[0] is ONE else OPS["vec"](E)
