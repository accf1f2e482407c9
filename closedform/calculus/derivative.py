"""The derivative of any order, as long as it has at most two indices.

The indices are those of the function and of all variables together: a scalar function of a matrix has
two, a vector function of a vector two, its second derivative three.
"""

from __future__ import annotations

from collections.abc import Sequence

from closedform.calculus.differential import differential_symbol, differentials
from closedform.calculus.jacobian import matrix_of
from closedform.calculus.structure import freed, replace, structure_of
from closedform.calculus.transpose import transpose
from closedform.compact.compact import compact
from closedform.core.expr import Expr, symbol, zeros
from closedform.core.normal import normal
from closedform.core.shape import ONE, Shape, show
from closedform.errors import NotSupported, ShapeError


def indices(shape: Shape) -> int:
    """How many indices an entry has: 0 for a scalar, 1 for a column or row, 2 for a matrix."""
    return sum(d is not ONE for d in shape)


def derive(f: Expr, variables: Sequence[Expr]) -> list[Expr]:
    """The derivative by the first variable, that one's by the second, and so on; compact, in normal form.

    Args:
        f: an expression of any shape.
        variables: symbols; two for a second derivative.

    Returns:
        One expression for each variable, the last is the answer.  For a scalar f by one variable the
        gradient, of the variable's shape; by two columns x, y the matrix ∂²f/∂xᵢ∂yⱼ.  For a column or row f
        by a column the Jacobian, rows counting the function.  By a scalar: of the shape of what was
        differentiated.  By a symmetric or diagonal matrix: projected on that structure.

    Raises:
        NotSupported: three or more indices, or an operation without a rule.
    """
    answers: list[Expr] = []
    for x in variables:
        f = compact(_within_structure(f, x))
        answers.append(f)
    return answers


def _within_structure(f: Expr, x: Expr) -> Expr:
    structure = structure_of(x)
    if structure is None:
        return _once(normal(f), x)
    free_f, free_x = freed(f, x)
    G = normal(replace(_once(normal(free_f), free_x), free_x, x))
    return structure.project(G)


def _once(f: Expr, x: Expr) -> Expr:
    if f.is_scalar:
        return gradients(f, [x])[0]
    if indices(f.shape) + indices(x.shape) > 2:
        raise NotSupported(
            f"the derivative of a {show(f.shape)} expression by {x.data.name}, {show(x.shape)}, has "
            f"{indices(f.shape) + indices(x.shape)} indices; this version answers up to two"
        )
    return _jacobian(f, x)


def gradients(f: Expr, variables: Sequence[Expr]) -> list[Expr]:
    """The gradients of a scalar by several variables, from one differential and one reverse sweep.

    Args:
        f: a scalar expression.
        variables: symbols of any shape.

    Returns:
        One expression for each variable, of its shape; not compacted.

    Raises:
        ShapeError: `f` is not a scalar.

    Cost: one visit per node of f and of df; shared parts stay shared.
    """
    if not f.is_scalar:
        raise ShapeError("a gradient is that of a scalar function; ask for the derivative", shapes={"f": show(f.shape)})
    f = normal(f)
    known = {x: differential_symbol(x) for x in variables}
    df = differentials(f, known).get(f)
    if df is None:
        return [zeros(x.shape) for x in variables]
    return transpose(df, list(known.values()))


def _jacobian(f: Expr, x: Expr) -> Expr:
    dx = differential_symbol(x)
    if x.shape[0] is ONE and not x.is_scalar:  # a row: solve for the column dx'
        dx = symbol(dx.data.name, x.shape[::-1], dx.data.properties)
    df = differentials(f, {x: dx if dx.shape == x.shape else normal(dx.T)}).get(f)
    if df is None:
        if x.is_scalar:
            return zeros(f.shape)
        return zeros((f.shape[0] * f.shape[1], x.shape[0] * x.shape[1]))
    return matrix_of(df, dx)
