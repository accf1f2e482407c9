"""The route of a scalar function: df = tr(M dX), by the rules of the trace.

Source: Magnus & Neudecker, 3rd ed. (2019), ch. 9; the trace trick of the seed notes.
"""

from __future__ import annotations

from closedform.core.abstract import Abstract
from closedform.core.expr import OPS, Expr, eye, number, ones
from closedform.core.shape import ONE
from closedform.derivation.moves import Move, Route, Term
from closedform.derivation.neat import entries, neat, product, pulled, scaled, turn
from closedform.errors import NotSupported


class Trace(Route):
    """Terms ⟨M', E⟩: tr(M E) of a matrix, M E of a column, E M of a row, a product of scalars."""

    def start(self, line: Expr) -> list[Term]:
        return [self._scalar(number(1), t) for t in self.terms(line)]

    def write(self, term: Term) -> Expr:
        M, E = term.M, term.E
        if E.is_scalar:
            return scaled([M], E)
        if E.shape[0] is ONE:
            return product([E, M])
        return product([M, E]) if E.shape[1] is ONE else OPS["tr"](product([M, E]))

    def move(self, term: Term) -> Move:
        """One operation of E into M."""
        E, M = term.E, term.M
        if E.op.name == "add":
            return Move("split", tuple(Term(M, a) for a in E.args if self.depends(a)))
        if E.is_scalar:
            return self._of_scalar(M, E)
        return self._of_matrix(M, E)

    def _scalar(self, M: Expr, e: Expr) -> Term:
        """A scalar with its constant scalar factors in the coefficient."""
        factors, _ = pulled(e)
        (inner,) = [f for f in factors if self.depends(f)]
        return Term(scaled([M, *[f for f in factors if f is not inner]], number(1)), inner)

    def _of_scalar(self, M: Expr, E: Expr) -> Move:
        name = E.op.name
        if name == "hadamard":
            return Move("associate", (self._scalar(M, E),))
        if name == "matmul":
            left, f, right = self.parted(E)
            around = product([M, *right, *left])
            if f.is_scalar:
                return Move("associate", (Term(around, f),))
            if f.shape[1] is ONE:
                return Move("associate", (Term(product([M, *left]), f),))
            if f.shape[0] is ONE:
                return Move("associate", (Term(product([M, *right]), f),))
            return Move("scalar-trace", (Term(around, f),))
        inner = E.args[-1]
        if name == "tr":
            if inner.op.name == "matmul":
                left, f, right = self.parted(inner)
                return Move("cyclic" if right else "associate", (Term(product([M, *right, *left]), f),))
            return Move("associate", (Term(product([M, eye(inner.shape[0])]), inner),))
        if name == "sum":
            if inner.op.name == "hadamard":
                left, f, right = self.parted(inner)
                return Move("sum-hadamard", (Term(scaled([M], turn(entries(left + right))), f),))
            return Move("sum-ones", (Term(scaled([M], ones(inner.shape[::-1])), inner),))
        return self._by_adjoint(M, E)

    def _of_matrix(self, M: Expr, E: Expr) -> Move:
        name = E.op.name
        if name == "scale":
            s, A = E.args
            if self.depends(s):
                return Move("scalar-out", (Term(neat(self.write(Term(M, A))), s),))
            return Move("associate", (Term(scaled([s], M), A),))
        if name == "matmul":
            left, f, right = self.parted(E)
            if f.is_scalar:
                return Move("associate", (Term(product([M, *left, *right]), f),))
            key = "associate" if not right or E.shape[0] is ONE else "cyclic"
            if key == "cyclic" and E.shape[1] is ONE:
                key = "scalar-trace"
            return Move(key, (Term(product([*right, M, *left]), f),))
        if name == "hadamard":
            left, f, right = self.parted(E)
            return Move("trace-hadamard", (Term(neat(M * turn(entries(left + right))), f),))
        if name == "transpose":
            key = "scalar-transpose" if ONE in E.shape else "trace-transpose"
            return Move(key, (Term(turn(M), E.args[0]),))
        return self._by_adjoint(M, E)

    def _by_adjoint(self, M: Expr, E: Expr) -> Move:
        """By the transpose that the operation states."""
        if E.op.adjoint is None:
            raise NotSupported(f"a derivation through {E.op.name} is not known here yet")
        (slot,) = [i for i, a in enumerate(E.args) if self.depends(a)]
        Y = E.op.adjoint(slot, E.args, turn(M))
        assert Y is not None  # the operand depends on a differential
        key = "adjoint-abstract" if isinstance(E.op, Abstract) else f"adjoint-{E.op.name}"
        return Move(key, (Term(turn(neat(Y)), E.args[slot]),))
