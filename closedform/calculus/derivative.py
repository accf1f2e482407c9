"""The derivative of any order.

With at most two indices it has the shape of a gradient or a Jacobian.  With more, a matrix by a vector or a
matrix by a matrix, it is the matrix of d vec F = J d vec X, and a further derivative that of vec(J).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from closedform.calculus.differential import differential_symbol, differentials
from closedform.calculus.jacobian import matrix_of
from closedform.calculus.structure import Structure, freed, replace, structure_of
from closedform.calculus.transpose import transpose
from closedform.calculus.vectorize import vec_matrix
from closedform.compact.compact import compact
from closedform.core.expr import Expr, symbol, zeros
from closedform.core.normal import normal
from closedform.core.shape import ONE, Shape, show
from closedform.errors import NotSupported, ShapeError


def indices(shape: Shape) -> int:
    """How many indices an entry has: 0 for a scalar, 1 for a column or row, 2 for a matrix."""
    return sum(d is not ONE for d in shape)


@dataclass(frozen=True, slots=True)
class Stage:
    """One differentiation.

    Attributes:
        function: what was differentiated.
        variable: by what.
        answer: the derivative, compact, in normal form.
        stacked: whether it is the matrix of d vec F = J d vec X, because it has more than two indices.
        structure: that of the variable, in which the derivative was taken.
    """

    function: Expr
    variable: Expr
    answer: Expr
    stacked: bool
    structure: Structure | None = None


def derive(f: Expr, variables: Sequence[Expr], *, by_entries: bool = False) -> list[Stage]:
    """The derivative by the first variable, that one's by the second, and so on; the last is the answer.

    Args:
        f: an expression of any shape.
        variables: symbols; two for a second derivative.
        by_entries: the convention for symmetric variables.

    Returns:
        For a scalar f by one variable the gradient, of the variable's shape; by two columns x, y the matrix
        ∂²f/∂xᵢ∂yⱼ.  For a column or row f by a column the Jacobian, rows counting the function.  By a scalar:
        of the shape of what was differentiated.  Beyond two indices: ∂vec F/∂(vec X)'.  By a symmetric or
        diagonal matrix: projected on that structure.

    Raises:
        NotSupported: an operation without a rule.
    """
    stages: list[Stage] = []
    for x in variables:
        stacked = bool(stages and stages[-1].stacked) or indices(f.shape) + indices(x.shape) > 2
        structure = structure_of(x, by_entries)
        try:
            G = _within_structure(f, x, stacked, structure)
        except NotSupported:  # no gradient in matrix notation, through vec and Kronecker products: a stacked row
            if stacked or not f.is_scalar:
                raise
            G, stacked = _within_structure(f, x, True, structure), True
        f, before = compact(G), f
        stages.append(Stage(before, x, f, stacked, structure))
    return stages


def _within_structure(f: Expr, x: Expr, stacked: bool, structure: Structure | None) -> Expr:
    if structure is None:
        return _once(normal(f), x, stacked)
    free_f, free_x = freed(f, x)
    G = normal(replace(_once(normal(free_f), free_x, stacked), free_x, x))
    return normal(G @ structure.on_vec(x.shape[0])) if stacked else structure.project(G)


def _once(f: Expr, x: Expr, stacked: bool) -> Expr:
    if stacked:
        return stacked_derivative(f, x)
    return gradients(f, [x])[0] if f.is_scalar else _jacobian(f, x)


def stacked_derivative(f: Expr, x: Expr) -> Expr:
    """J with d vec(f) = J d vec(x), in normal form."""
    dx = differential_symbol(x)
    f = normal(f)
    df = differentials(f, {x: dx}).get(f)
    if df is None:
        return zeros((f.shape[0] * f.shape[1], x.shape[0] * x.shape[1]))
    return vec_matrix(df, dx)


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
    try:
        return matrix_of(df, dx)
    except NotSupported:  # through vec and Kronecker products: vec(f) is f, so the other way gives the same matrix
        return vec_matrix(df, dx)
