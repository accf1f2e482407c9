"""The questions: is this statement true, is this answer right?

What decides them needs NumPy, and is imported when a question is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from closedform.syntax.declare import Functions, Properties, Shapes

if TYPE_CHECKING:
    from closedform.ask import Source
    from closedform.core.expr import Expr
    from closedform.identity.mine import Judgement
    from closedform.identity.verdict import Verdict
    from closedform.syntax.sides import Written


def check(
    statement: str | Written,
    shapes: Shapes | None = None,
    properties: Properties | None = None,
    functions: Functions | None = None,
    *,
    dims: Iterable[str] = (),
    infer: bool | None = None,
) -> Verdict:
    """Whether a statement is true, in which layouts, under which conditions; else why not, and what would be.

    Args:
        statement: `left = right`, a side an expression, a derivative such as `d(f)/dX`, or a differential `d(F)`; or
            the tree of one, in which case nothing else is given.
        shapes: of variables by name, as for `parse`; so are all that follow.
        properties: of variables by name.
        functions: abstract functions by name.
        dims: names that are sizes.
        infer: whether undeclared names are welcome; by default when no shapes are declared.

    Raises:
        SyntaxProblem, UnknownName, DeclarationError, ShapeError: it is no statement.
        DomainError: no point was found where both sides are defined.

    >>> print(check("d(tr(A*X))/dX = A'").verdict)
    true
    >>> v = check("d(x'*A*x)/dx = 2*A*x")
    >>> v.verdict, v.conditions, v.correction
    ('conditional', ['A is symmetric'], "(A + A')*x")
    """
    from closedform.identity.decide import decided
    from closedform.syntax.statement import written

    if isinstance(statement, str):
        statement = written(statement, shapes, properties, functions, dims=dims, infer=infer)
    return replace(decided(statement), asked=statement)


def judge(
    f: Source, wrt: str | Expr | Sequence[str | Expr], mine: str | Sequence[str], *, layout: str | None = None
) -> Judgement:
    """Whether an answer is the derivative; else what went wrong, and in which line.

    Args:
        f: what `parse` returns, or an expression.
        wrt: the variable, or two of them for a second derivative.
        mine: a formula, or lines that lead to one, separated by newlines or `;`; lines `df = …` are differentials.
        layout: the layout that is wanted, as for `derivative`.

    Raises:
        SyntaxProblem, UnknownName: a line that is no formula in the variables of f.
        RequestError: nothing to judge; or as for `derivative`.

    >>> from closedform import parse
    >>> f = parse("x'*A*x")
    >>> print(judge(f, "x", "x'*(A + A')"))
    ✓ right, but in the layouts numerator, vec, mml, seed-000, seed-003; gradient was asked for
    >>> print(judge(f, "x", "df = dx'*A*x; A*x"))
    ✗ line 1 is wrong: dx'*A*x
    the term x'*A*dx is missing
    right is dx'*A*x + x'*A*dx
    step 1 of the derivation, write the differential of the function: df = d(x'*A*x)
    """
    from closedform.ask import derivative
    from closedform.core.expr import Expr
    from closedform.identity.mine import judged

    variables = [wrt] if isinstance(wrt, str | Expr) else list(wrt)
    return judged(derivative(f, *variables, layout=layout), mine)
