"""The differential: dF, linear in the differentials of the variables.

One rule per operation; an operation linear in each operand needs none, the differential is put in each
slot in turn.  One visit per node, so shared parts are differentiated once.
Source: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 8 and 9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from closedform.core.expr import OPS, Expr, symbol, topological, zeros
from closedform.core.normal import applied, normal
from closedform.core.terms import is_zero
from closedform.errors import NotSupported


def differential_symbol(x: Expr) -> Expr:
    """dX, a symbol of the shape of X that no variable of a user can be."""
    return symbol("d" + x.data.name, x.shape, ["differential"])


def differential(f: Expr, variables: Sequence[Expr]) -> Expr:
    """dF as an expression linear in the differentials of the variables.

    Args:
        f: an expression of any shape.
        variables: symbols.

    Returns:
        dF in normal form, of the shape of `f`; zeros when `f` does not depend on them.

    Raises:
        NotSupported: an operation in `f` has no rule.

    >>> from closedform.core.shape import dim
    >>> from closedform.core.expr import symbol
    >>> n = dim("n")
    >>> A, x = symbol("A", (n, n)), symbol("x", (n, dim(1)))
    >>> print(differential(A @ x, [x]))
    A*dx
    """
    f = normal(f)
    known = {x: differential_symbol(x) for x in variables}
    return Differentials(known).of(f) or zeros(f.shape)


class Differentials:
    """The differentials of several expressions, from one visit of every node they share.

    Args:
        known: those of some symbols.
    """

    def __init__(self, known: Mapping[Expr, Expr]) -> None:
        self.found = dict(known)
        self.visited = set(known)

    def of(self, f: Expr) -> Expr | None:
        """The differential of an expression in normal form, in normal form; None where it is zero.

        Raises:
            NotSupported: an operation has no rule.
        """
        d, visited = self.found, self.visited
        order = topological([f], visited)
        needed = {f}
        for e in reversed(order):
            if e in needed:
                needed.update(_differentiated(e))
        for e in order:
            if e in needed:
                if any([a in d for a in _differentiated(e)]):
                    de = normal(_rule(e, d))
                    if not is_zero(de):
                        d[e] = de
                visited.add(e)
        return d.get(f)


class ByVariable(dict[Expr, Differentials]):
    """What was differentiated so far by each variable."""

    def __missing__(self, x: Expr) -> Differentials:
        made = self[x] = Differentials({x: differential_symbol(x)})
        return made


def _differentiated(e: Expr) -> tuple[Expr, ...]:
    """The operands whose differentials that of e is made of."""
    return e.args[0].args if is_trace_of_function(e) else e.args


def is_trace_of_function(e: Expr) -> bool:
    """tr f(X), whose differential tr(f′(X) dX) is known when that of f(X) may not be."""
    return e.op.name == "tr" and e.args[0].op.on_trace is not None


def _rule(e: Expr, d: Mapping[Expr, Expr]) -> Expr:
    op = e.op
    if is_trace_of_function(e):
        inside = e.args[0]
        assert inside.op.on_trace is not None
        if inside.args[0] in d:
            return op(inside.op.on_trace(*inside.args) @ d[inside.args[0]])
    if op.name == "add":
        terms = [d[a] for a in e.args if a in d]
        return applied(op, terms) if len(terms) > 1 else terms[0]
    if op.kind == "multilinear":
        terms = [applied(op, (*e.args[:i], d[a], *e.args[i + 1 :])) for i, a in enumerate(e.args) if a in d]
        return reduce(lambda total, t: applied(OPS["add"], (total, t)), terms)
    if op.differential is None:
        raise NotSupported(f"the derivative of {op.name} is not known here yet")
    if op.kind == "elementwise":
        (x,) = e.args
        return op.differential(x, e) * d[x]
    if len(e.args) == 1:
        return op.differential(e.args[0], d[e.args[0]])
    return op.differential(*e.args, *[d.get(a) for a in e.args])
