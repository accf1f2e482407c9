"""Plans: array code as a graph of small terms, before it becomes lines.

A term is a template over other terms; equal terms are one object, so whatever is used twice is computed
once.  How tightly each template binds is known here, and nowhere else are parentheses written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from closedform.core.expr import topological

ADD, MULTIPLY, NEGATE, POWER, ATOM = range(5)  #: Python's precedence, as far as it is needed
SYMBOLS = {"+": ADD, "-": ADD, "*": MULTIPLY, "/": MULTIPLY, "@": MULTIPLY, "**": POWER}


@dataclass(eq=False, slots=True)
class Term:
    """One piece of code.

    Attributes:
        template: code with `{0}`, `{1}` for the operands.
        args: the operands.
        level: how tightly the code binds.
        needs: how tightly each operand must bind to stand without parentheses.
        cheap: writing it twice costs nothing (a name, a number, a view).
        kind: `solve`, `solve_transposed`, `inverse`, `logdet` share a factorisation of their first operand.
    """

    template: str
    args: tuple[Term, ...] = ()
    level: int = ATOM
    needs: tuple[int, ...] = ()
    cheap: bool = False
    kind: str = ""


class Plan:
    """Makes terms, each once."""

    def __init__(self) -> None:
        self.table: dict[tuple[object, ...], Term] = {}
        self.definite: set[Term] = set()  #: terms known to be symmetric positive definite

    def make(
        self,
        template: str,
        args: tuple[Term, ...],
        level: int,
        needs: tuple[int, ...],
        *,
        cheap: bool = False,
        kind: str = "",
    ) -> Term:
        key = (template, *args)
        found = self.table.get(key)
        if found is None:
            found = self.table[key] = Term(template, args, level, needs, cheap, kind)
        return found

    def name(self, name: str) -> Term:
        """A variable."""
        return self.make(name, (), ATOM, (), cheap=True)

    def number(self, value: float) -> Term:
        """A constant; negative ones bind as a sign does."""
        return self.make(repr(value), (), NEGATE if value < 0 else ATOM, (), cheap=True)

    def call(self, template: str, *args: Term, kind: str = "") -> Term:
        """Operands stand between parentheses or commas of the template's own."""
        return self.make(template, args, ATOM, (ADD,) * len(args), kind=kind)

    def postfix(self, template: str, *args: Term, cheap: bool = False) -> Term:
        """The first operand stands bare before a dot or bracket: `{0}.T`."""
        return self.make(template, args, ATOM, (ATOM,) + (ADD,) * (len(args) - 1), cheap=cheap)

    def infix(self, symbol: str, left: Term, right: Term) -> Term:
        level = SYMBOLS[symbol]
        space = symbol if symbol == "**" else f" {symbol} "
        needs = (ATOM, ATOM) if symbol == "**" else (level, level + 1)
        return self.make("{0}" + space + "{1}", (left, right), level, needs)

    def negative(self, a: Term) -> Term:
        return self.make("-{0}", (a,), NEGATE, (POWER,))

    def transpose(self, a: Term) -> Term:
        return a.args[0] if a.template == "{0}.T" else self.postfix("{0}.T", a, cheap=True)

    def column(self, a: Term) -> Term:
        """A vector as a column that is repeated sideways."""
        return self.postfix("{0}[:, None]", a, cheap=True)

    def product(self, factors: Iterable[Term]) -> Term | None:
        """Entry by entry; None when there is no factor."""
        total: Term | None = None
        for f in factors:
            total = f if total is None else self.infix("*", total, f)
        return total

    def inner(self, x: Term, y: Term) -> Term:
        """x'y, the same term in both orders."""
        return self.table.get(("{0} @ {1}", y, x)) or self.infix("@", x, y)

    def times_vector(self, A: Term, x: Term) -> Term:
        """A x; the same term as x'A' if that is there."""
        known = self.table.get(("{0} @ {1}", x, self.transpose(A)))
        return known or self.infix("@", A, x)

    def vector_times(self, x: Term, A: Term) -> Term:
        """x'A; the same term as A'x if that is there."""
        known = self.table.get(("{0} @ {1}", self.transpose(A), x))
        return known or self.infix("@", x, A)


def share_factorisations(plan: Plan, root: Term) -> Term:
    """Where a matrix is used in several solves, inverses or determinants, factor it once.

    Symmetric positive definite matrices by Cholesky, others by LU.
    """
    order = topological([root])
    users: dict[Term, list[Term]] = {}
    for t in order:
        if t.kind:
            users.setdefault(t.args[0], []).append(t)
    if not any(len(u) > 1 or (a in plan.definite and u[0].kind.startswith("solve")) for a, u in users.items()):
        return root
    new: dict[Term, Term] = {}
    for t in order:
        args = tuple(new[a] for a in t.args)
        definite = bool(args) and t.kind != "" and t.args[0] in plan.definite
        if t.kind and (len(users[t.args[0]]) > 1 or (definite and t.kind.startswith("solve"))):
            new[t] = FACTORED[definite](plan, t.kind, args)
        else:
            new[t] = plan.make(t.template, args, t.level, t.needs, cheap=t.cheap, kind=t.kind)
    return new[root]


def by_cholesky(plan: Plan, kind: str, args: tuple[Term, ...]) -> Term:
    factor = plan.call("scipy.linalg.cho_factor({0}, check_finite=False)", args[0])
    if kind == "logdet":
        return plan.make("2 * np.sum(np.log(np.diagonal({0}[0])))", (factor,), MULTIPLY, (ATOM,))
    right = args[1] if len(args) > 1 else plan.call("np.eye(len({0}))", args[0])
    return plan.call("scipy.linalg.cho_solve({0}, {1}, check_finite=False)", factor, right)


def by_lu(plan: Plan, kind: str, args: tuple[Term, ...]) -> Term:
    factor = plan.call("scipy.linalg.lu_factor({0}, check_finite=False)", args[0])
    if kind == "logdet":
        return plan.make("np.sum(np.log(np.abs(np.diagonal({0}[0]))))", (factor,), ATOM, (ATOM,))
    right = args[1] if len(args) > 1 else plan.call("np.eye(len({0}))", args[0])
    trans = ", trans=1" if kind == "solve_transposed" else ""
    return plan.call("scipy.linalg.lu_solve({0}, {1}" + trans + ", check_finite=False)", factor, right)


FACTORED: dict[bool, Callable[[Plan, str, tuple[Term, ...]], Term]] = {True: by_cholesky, False: by_lu}
