"""The vech form: the derivative by the free entries of a symmetric matrix, those on and below its diagonal.

With d vec F = J d vec S for any dS, and vec(dS) = D(n) vech(dS) for symmetric dS, d vec F = J D(n) d vech S.
Source: Magnus & Neudecker, 3rd ed. (2019), ch. 3.8 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence

from closedform.calculus.derivative import Stage, gradients, stacked_derivative
from closedform.calculus.structure import SYMMETRIC, freed, replace
from closedform.compact.compact import compact
from closedform.core.expr import Expr, duplication
from closedform.core.normal import normal
from closedform.errors import NotSupported, RequestError
from closedform.ops.structure import vec, vech


def vech_forms(f: Expr, variables: Sequence[Expr]) -> tuple[str, ...]:
    """What the rows of a vech form may count: `vech`, and `vec` where that says more; none by other variables."""
    if not all(_is_symmetric(x) for x in variables):
        return ()
    return ("vech", "vec") if _has_symmetric_value(f) else ("vech",)


def vech_stages(f: Expr, variables: Sequence[Expr], rows: str) -> list[Stage]:
    """The derivative by the free entries of the first variable, that one's by those of the second, and so on.

    Args:
        f: an expression of any shape.
        variables: symmetric matrices.
        rows: of a symmetric F, whether rows count `vech` F or `vec` F; of another F they count vec F.

    Returns:
        For a scalar f the column D(n)'vec(G) of n(n+1)/2 entries, and by two variables the matrix D(n)'H D(n); for
        a column or matrix F the matrix J D(n), or L J D(n).

    Raises:
        RequestError: a variable is not a symmetric matrix.
        NotSupported: an operation without a rule.
    """
    stages: list[Stage] = []
    for x in variables:
        if not _is_symmetric(x):
            name = x.data.name
            raise RequestError(
                f"the vech form is that of a derivative by a symmetric matrix, and {name} is not declared symmetric",
                hint=f"declare {name}: symmetric" if x.shape[0] is x.shape[1] and not x.is_scalar else None,
            )
    f = normal(f)
    if rows == "vech" and _has_symmetric_value(f):
        f = normal(vech(f))
    for x in variables:
        answer = compact(_by_free_entries(f, x))
        stages.append(Stage(f, x, answer, True))
        f = answer
    return stages


def _by_free_entries(f: Expr, x: Expr) -> Expr:
    D = duplication(x.shape[0])
    free_f, free_x = freed(f, x)
    free_f = normal(free_f)
    if not f.is_scalar:
        return normal(replace(stacked_derivative(free_f, free_x), free_x, x) @ D)
    try:
        return normal(D.T @ vec(normal(replace(gradients(free_f, [free_x])[0], free_x, x))))
    except NotSupported:  # no gradient in matrix notation: through the row ∂f/∂(vec X)'
        return normal(D.T @ replace(stacked_derivative(free_f, free_x), free_x, x).T)


def _is_symmetric(x: Expr) -> bool:
    return not x.is_scalar and bool(SYMMETRIC.properties & x.data.properties) and "diagonal" not in x.data.properties


def _has_symmetric_value(f: Expr) -> bool:
    f = normal(f)
    return not f.is_scalar and f.shape[0] is f.shape[1] and normal(f.T) is f
