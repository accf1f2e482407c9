"""The formal differential: d(E) written down, not yet worked out.

A line of a derivation is an expression in which `d(E)` may occur.  When the line is checked, it has the value of what
it stands for: the slope of E along dX.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from closedform.calculus.differential import is_trace_of_function
from closedform.core.abstract import Abstract
from closedform.core.expr import OPS, Expr, node, substitute, topological
from closedform.core.shape import ONE
from closedform.derivation.neat import neat, product, total, turn
from closedform.errors import NotSupported

FORMAL = Abstract(name="d", kind="elementwise", function="d", values=None, doc="d(E), of the shape of E.")


def is_formal(e: Expr) -> bool:
    return e.op is FORMAL


@dataclass(frozen=True, slots=True)
class Rule:
    """How one formal differential is replaced: the key of the rule, and what stands in its place."""

    key: str
    result: Expr


class Differentials:
    """The rules of differentials for some variables.

    Args:
        known: variables, and named expressions, to their differentials.
    """

    def __init__(self, known: Mapping[Expr, Expr]) -> None:
        self.known = dict(known)
        self.names: dict[Expr, Expr] = {}  #: what is written for a result that has a name
        self.depending: dict[Expr, bool] = dict.fromkeys(known, True)

    def depends(self, e: Expr) -> bool:
        """Whether a variable occurs in it."""
        if e not in self.depending:
            for n in topological([e], self.depending):
                self.depending[n] = any(self.depending[a] for a in n.args)
        return self.depending[e]

    def d(self, e: Expr) -> Expr:
        """dX of a variable, (dE)' of a transpose; of anything else the formal differential."""
        if e.op.name == "transpose":
            return turn(self.d(e.args[0]))
        return self.known[e] if e in self.known else node(FORMAL, (e,))

    def rule(self, e: Expr) -> Rule:
        """The rule for d(e), of an e that depends on a variable and is not one.

        Raises:
            NotSupported: an operation has none.
        """
        op = e.op
        if is_trace_of_function(e):
            on_trace = e.args[0].op.on_trace
            assert on_trace is not None
            X, *rest = e.args[0].args
            return Rule("trace-function", neat(node(op, (product([neat(on_trace(X, *rest)), self.d(X)]),))))
        if op.kind == "multilinear":
            return self._multilinear(e)
        if op.differential is None:
            raise NotSupported(f"the derivative of {op.name} is not known here yet")
        if op.kind == "elementwise":
            (x,) = e.args
            slope = neat(substitute(op.differential(x, e), self.names))
            key = "abstract-entrywise" if isinstance(op, Abstract) else f"d-{op.name}"
            return Rule(key, neat(slope * self.d(x)))
        return Rule(
            "abstract" if isinstance(op, Abstract) else f"d-{op.name}",
            neat(substitute(self._of_function(e), self.names)),
        )

    def _of_function(self, e: Expr) -> Expr:
        """The differential that the operation states; some have one for certain dX only."""
        differential = e.op.differential
        assert differential is not None
        try:
            return differential(*e.args, *[self.d(a) if self.depends(a) else None for a in e.args])
        except NotSupported:
            worked = [worked_out(self.d(a), self) if self.depends(a) else None for a in e.args]
            return differential(*e.args, *worked)

    def _multilinear(self, e: Expr) -> Rule:
        slots = [i for i, a in enumerate(e.args) if self.depends(a)]
        if e.op.name == "add":
            return Rule("sum", total([self.d(e.args[i]) for i in slots]))
        terms = [self._with(e, i) for i in slots]
        key = f"d-{e.op.name}" if len(e.args) == 1 else "product" if len(slots) > 1 else "constant-factor"
        return Rule(key, total(terms))

    def _with(self, e: Expr, i: int) -> Expr:
        args = (*e.args[:i], self.d(e.args[i]), *e.args[i + 1 :])
        return product(args) if e.op.name == "matmul" else neat(node(e.op, args))


def waiting(line: Expr) -> list[Expr]:
    """The outermost formal differentials of a line, from left to right."""
    found: list[Expr] = []
    stack, seen = [line], set[Expr]()
    while stack:
        e = stack.pop()
        if e in seen:
            continue
        seen.add(e)
        if is_formal(e):
            found.append(e)
        else:
            stack += reversed(e.args)
    return found


def put(line: Expr, given: Mapping[Expr, Expr]) -> Expr:
    """The line with other expressions in the place of some, tidied."""
    done: dict[Expr, Expr] = dict(given)
    for n in topological([line], done):
        done[n] = n if not n.args or is_formal(n) else node(n.op, tuple(done[a] for a in n.args))
    return neat(done[line])


def expanded(line: Expr, rules: Differentials) -> list[tuple[str, Expr]]:
    """Each line after the given one, with the key of its rule: one rule at a time, wherever it applies."""
    lines: list[tuple[str, Expr]] = []
    while found := waiting(line):
        first = rules.rule(found[0].args[0])
        given = {found[0]: first.result}
        for other in found[1:]:
            step = rules.rule(other.args[0])
            if step.key == first.key:
                given[other] = step.result
        line = put(line, given)
        lines.append((first.key, line))
    return lines


def worked_out(line: Expr, rules: Differentials) -> Expr:
    """The line with no formal differential left."""
    lines = expanded(line, rules)
    return lines[-1][1] if lines else line


def _square_of_norm(e: Expr) -> Expr | None:
    """‖v‖² = v'v, ‖X‖² = tr(X'X)."""
    if e.op.name != "power" or e.args[0].op.name != "norm2" or e.args[1].op.name != "number" or e.args[1].data != 2:
        return None
    (X,) = e.args[0].args
    if X.shape[0] is ONE:
        return product([X, turn(X)])
    square = product([turn(X), X])
    return square if square.is_scalar else OPS["tr"](square)


def written_out(f: Expr) -> Expr:
    """The function as a derivation starts from it: tidied, and squares of norms as products."""
    done: dict[Expr, Expr] = {}
    f = neat(f)
    for n in topological([f]):
        here = n if not n.args else node(n.op, tuple(done[a] for a in n.args))
        done[n] = _square_of_norm(here) or here
    return neat(done[f])
