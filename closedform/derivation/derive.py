"""A derivation: the lines from d(f) to the derivative, each by named rules, each checked.

The route is the reader's: differentials one rule at a time, dX moved to its place, the derivative read off, then the
conventions.  The engine goes another way (one reverse sweep, or one fold), and the last line has to be its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from closedform.calculus.derivative import Stage
from closedform.calculus.differential import differential_symbol
from closedform.calculus.jacobian import matrix_of
from closedform.compact.compact import compact
from closedform.compact.present import present
from closedform.core.expr import Expr, node, symbols, topological, zeros
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.derivation.chain import Block, Namer, blocks
from closedform.derivation.expansion import increment, is_exact, multiplied_out
from closedform.derivation.formal import FORMAL, Differentials, expanded, written_out
from closedform.derivation.linear import Columns, Stacked
from closedform.derivation.moves import Route, Term, moved
from closedform.derivation.neat import neat, total, turn
from closedform.derivation.trace import Trace
from closedform.errors import NotSupported

SHORT = 60  #: operations of an answer that is printed in full after one with names


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        kind: what stands on the left: `differential`, `transposed` or `stacked`, df, df' or d vec F; `derivative`;
            `free`, the derivative before a convention for symmetric and diagonal variables was applied; `name`;
            `increment`, f(X + dX) − f(X), and `approximate`, that up to terms of higher order.
        expr: what stands on the right.
        keys: of the rules that lead here from the line before.
        name: the symbol that stands for it from here on.
        value: what that symbol stands for, by the variables; None for a coefficient of a differential.
        about: the name of the intermediate result that a rule is about.
    """

    kind: str
    expr: Expr
    keys: tuple[str, ...]
    name: Expr | None = None
    value: Expr | None = None
    about: str = ""


def lines(stage: Stage, route: str = "differentials") -> list[Line]:
    """The derivation of one derivative of a function.

    Args:
        stage: the function, the variable, the answer.
        route: how df is found: `differentials`, by their rules, or `expansion`, from f(X + dX) − f(X).

    Raises:
        NotSupported: an operation has no rule for a derivation.
        TooLarge: an expansion has too many terms.
    """
    f, x = stage.function, stage.variable
    f = written_out(present(f) if f.is_normal else f)
    rules = Differentials({x: differential_symbol(x)})
    if not rules.depends(f):
        start = Line("differential", zeros(f.shape), ("start",))
        return [start, Line("derivative", present(stage.answer), ("constant",))]
    if route == "expansion":
        told = _by_expansion(f, x, rules)
        return [*told, *_Telling(stage, rules, []).from_differential(told[-1].expr)]
    found, F = ([], f) if x.is_scalar else blocks(f, x, rules)
    rules.known |= {b.name: differential_symbol(b.name) for b in found}
    rules.depending |= dict.fromkeys(rules.known, True)
    rules.names |= {b.rule: b.name for b in found}
    named = [Line("name", b.rule, ("name",), b.name, b.value) for b in found]
    start = Line("differential", rules.d(F), ("start",))
    return [*named, start, *_Telling(stage, rules, found).from_differential(start.expr)]


def _by_expansion(f: Expr, x: Expr, rules: Differentials) -> list[Line]:
    """The increment, multiplied out, and its terms of first order."""
    orders, nothing = multiplied_out(f, rules), [zeros(f.shape)]
    every = [term for order in sorted(orders) for term in orders[order]] or nothing
    return [
        Line("increment", increment(f, x, rules.known[x]), ("increment",)),
        Line("increment" if is_exact(f, rules) else "approximate", total(every), ("multiply-out",)),
        Line("differential", total(orders.get(1) or nothing), ("first-order",)),
    ]


class _Telling:
    """One derivation on its way: the route and the blocks that have not been put in yet."""

    def __init__(self, stage: Stage, rules: Differentials, blocks: Sequence[Block]) -> None:
        self.stage, self.rules, self.blocks = stage, rules, tuple(blocks)
        self.namer = Namer({s.data.name for s in symbols(stage.function, stage.variable, *rules.known)})

    def from_differential(self, start: Expr) -> list[Line]:
        """The lines after df = d(f)."""
        told = [Line("differential", e, (key,)) for key, e in expanded(start, self.rules)]
        df, dx = told[-1].expr if told else start, self.rules.known[self.stage.variable]
        linear = set(self.rules.known.values())
        if not any(e in linear for e in topological([df])):
            return [*told, Line("derivative", present(self.stage.answer), ("constant",))]
        if dx.is_scalar and not self.stage.stacked:
            return [*told, *self._by_scalar(df, dx)]
        return [*told, *self._read_off(df)]

    def _read_off(self, df: Expr) -> list[Line]:
        """Differentials moved to their places, and what stands before dX."""
        linear = tuple(self.rules.known.values())
        if self.stage.stacked:
            return self._along(Stacked(linear), "stacked", df)
        try:
            if self.stage.function.is_scalar:
                return self._along(Trace(linear), "differential", df)
            if df.shape[0] is ONE:
                turned = Line("transposed", turn(df), ("transpose-row",))
                return [turned, *self._along(Columns(linear), "transposed", turned.expr)]
            return self._along(Columns(linear), "differential", df)
        except NotSupported:  # as the engine: what has no adjoint and no matrix goes through vec
            return self._along(Stacked(linear), "stacked", df)

    def _along(self, route: Route, kind: str, df: Expr) -> list[Line]:
        """One block after the other, last to first; then the derivative."""
        first = route.start(df)
        told = [Line(kind, route.line(first), ("vec-both" if kind == "stacked" else "associate",))]
        gathered = self._gather(route, kind, first, told)
        for block in reversed(self.blocks):
            dh, rule = self.rules.known[block.name], node(FORMAL, (block.rule,))
            if dh not in gathered:  # a row stands transposed before a column
                dh, rule = turn(dh), turn(rule)
            if dh not in gathered:
                continue
            named = self._coefficient(route, gathered.pop(dh), block)
            told.append(named)
            assert named.name is not None
            M = turn(named.name) if isinstance(route, Trace) else named.name
            terms = [Term(M, rule), *(Term(present(N), E) for E, N in gathered.items())]
            told.append(Line(kind, neat(route.line(terms)), ("chain",), about=block.name.data.name))
            told += [Line(kind, e, (key,)) for key, e in expanded(told[-1].expr, self.rules)]
            gathered = self._gather(route, kind, route.start(told[-1].expr), told)
        (M,) = gathered.values()
        return [*told, *self._conclusion(route, kind, M)]

    def _gather(self, route: Route, kind: str, terms: list[Term], told: list[Line]) -> dict[Expr, Expr]:
        """Every differential in its place; what stands before each."""
        for key, after in moved(route, terms):
            terms = after
            told.append(Line(kind, route.line(terms), (key,)))
        found: dict[Expr, list[Expr]] = {}
        for t in terms:
            found.setdefault(t.E, []).append(route.matrix(t))
        gathered = {E: compact(normal(_sum(Ms))) for E, Ms in found.items()}
        shown = route.line([Term(present(M), E) for E, M in gathered.items()])
        told.append(Line(kind, neat(shown), ("collect",)))
        return gathered

    def _coefficient(self, route: Route, M: Expr, block: Block) -> Line:
        """A name for what stands before dh: the gradient by h, or a matrix."""
        about = block.name.data.name
        if isinstance(route, Trace):
            name = self.namer.symbol(block.name.shape, "gpk" if ONE in block.name.shape else "GPQ")
            return Line("name", present(compact(normal(turn(M)))), ("coefficient",), name, about=about)
        return Line("name", present(M), ("coefficient",), self.namer.symbol(M.shape, "PQR"), about=about)

    def _by_scalar(self, df: Expr, dx: Expr) -> list[Line]:
        """dF = J dx with a number dx, which may stand anywhere."""
        J = compact(matrix_of(normal(df), dx))
        moved_last = Line("differential", neat(present(J) * dx), ("scalar-variable",))
        return [moved_last, *self._concluded(J, "read-off-jacobian")]

    def _conclusion(self, route: Route, kind: str, M: Expr) -> list[Line]:
        if kind == "stacked" and not self.stage.stacked and self.stage.function.is_scalar:
            return [Line("derivative", present(self.stage.answer), ("unstack",))]
        if isinstance(route, Trace):
            key = "read-off-vector" if ONE in self.stage.variable.shape else "read-off-gradient"
            return self._concluded(compact(normal(turn(M))), key)
        return self._concluded(M, "read-off-stacked" if kind == "stacked" else "read-off-jacobian")

    def _concluded(self, found: Expr, key: str) -> list[Line]:
        """The derivative, then what the conventions make of it."""
        answer, structure = self.stage.answer, self.stage.structure
        if normal(found) is normal(answer):
            return [Line("derivative", present(answer), (key,))]
        if structure is not None:
            return [Line("free", present(found), (key,)), Line("derivative", present(answer), ("structure",))]
        told = [Line("derivative", present(found), (key,))]
        if self.blocks and answer.size > SHORT:
            return told
        return [*told, Line("derivative", present(answer), ("put-back" if self.blocks else "simplify",))]


def _sum(found: list[Expr]) -> Expr:
    total = found[0]
    for e in found[1:]:
        total = total + e
    return total
