"""A derivation: the lines from d(f) to the derivative, each by named rules, each checked.

The route is the reader's: differentials one rule at a time, dX moved to its place, the derivative read off, then the
conventions.  The engine goes another way (one reverse sweep, or one fold), and the last line has to be its answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from closedform.calculus.derivative import Stage
from closedform.calculus.differential import differential_symbol
from closedform.calculus.jacobian import matrix_of
from closedform.compact.compact import compact
from closedform.compact.present import present
from closedform.core.expr import Expr, zeros
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.core.terms import is_zero
from closedform.derivation.formal import Differentials, expanded, written_out
from closedform.derivation.linear import Columns, Stacked
from closedform.derivation.moves import Route, Term, moved
from closedform.derivation.neat import neat, turn
from closedform.derivation.trace import Trace
from closedform.errors import NotSupported


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        kind: what stands on the left: `differential`, df or d vec F; `derivative`; `free`, the derivative before a
            convention for symmetric and diagonal variables was applied.
        expr: what stands on the right.
        keys: of the rules that lead here from the line before.
    """

    kind: str
    expr: Expr
    keys: tuple[str, ...]


def lines(stage: Stage) -> list[Line]:
    """The derivation of one derivative of a function.

    Raises:
        NotSupported: an operation has no rule for a derivation.
    """
    f, x = stage.function, stage.variable
    f = written_out(present(f) if f.is_normal else f)
    dx = differential_symbol(x)
    rules = Differentials({x: dx})
    if not rules.depends(f):
        return [
            Line("differential", zeros(f.shape), ("constant",)),
            Line("derivative", present(stage.answer), ("constant",)),
        ]
    start = rules.d(f)
    told = [Line("differential", start, ("start",))]
    told += [Line("differential", e, (key,)) for key, e in expanded(start, rules)]
    if is_zero(told[-1].expr):
        return [*told, Line("derivative", present(stage.answer), ("constant",))]
    return [*told, *_read_off(stage, told[-1].expr, dx)]


def _read_off(stage: Stage, df: Expr, dx: Expr) -> list[Line]:
    """dX moved to its place, and what stands before it."""
    if dx.is_scalar and not stage.stacked:
        return _by_scalar(stage, df, dx)
    if stage.stacked:
        return _along(Stacked([dx]), "stacked", stage, df)
    try:
        if stage.function.is_scalar:
            return _along(Trace([dx]), "differential", stage, df)
        if df.shape[0] is ONE:
            turned = turn(df)
            return [Line("transposed", turned, ("transpose-row",)), *_along(Columns([dx]), "transposed", stage, turned)]
        return _along(Columns([dx]), "differential", stage, df)
    except NotSupported:  # as the engine: what has no adjoint and no matrix goes through vec
        return _along(Stacked([dx]), "stacked", stage, df)


def _along(route: Route, kind: str, stage: Stage, df: Expr) -> list[Line]:
    terms = route.start(df)
    lines = [Line(kind, route.line(terms), ("vec-both" if kind == "stacked" else "associate",))]
    for key, after in moved(route, terms):
        terms = after
        lines.append(Line(kind, route.line(terms), (key,)))
    E = terms[-1].E
    M = compact(normal(_sum([route.matrix(t) for t in terms])))
    lines.append(Line(kind, neat(route.write(Term(present(M), E))), ("collect",)))
    if kind == "stacked" and not stage.stacked and stage.function.is_scalar:
        return [*lines, Line("derivative", present(stage.answer), ("unstack",))]
    if isinstance(route, Trace):
        return [*lines, *_conclusion(stage, compact(normal(turn(M))), "read-off-gradient")]
    return [*lines, *_conclusion(stage, M, "read-off-stacked" if kind == "stacked" else "read-off-jacobian")]


def _sum(found: list[Expr]) -> Expr:
    total = found[0]
    for e in found[1:]:
        total = total + e
    return total


def _by_scalar(stage: Stage, df: Expr, dx: Expr) -> list[Line]:
    """dF = J dx with a number dx, which may stand anywhere."""
    J = compact(matrix_of(normal(df), dx))
    return [
        Line("differential", neat(present(J) * dx), ("scalar-variable",)),
        *_conclusion(stage, J, "read-off-jacobian"),
    ]


def _conclusion(stage: Stage, found: Expr, key: str) -> list[Line]:
    """The derivative, then what the conventions make of it."""
    answer = stage.answer
    if normal(found) is normal(answer):
        found = answer
    if stage.structure is not None and found is not answer:
        return [Line("free", present(found), (key,)), Line("derivative", present(answer), ("structure",))]
    told = [Line("derivative", present(found), (key,))]
    return told if found is answer else [*told, Line("derivative", present(answer), ("simplify",))]
