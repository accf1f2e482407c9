"""The derivative of any order.

With at most two indices it has the shape of a gradient or a Jacobian.  With more, a matrix by a vector or a
matrix by a matrix, it is the matrix of d vec F = J d vec X, and a further derivative that of vec(J).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from closedform.calculus.differential import ByVariable, Differentials, differential_symbol
from closedform.calculus.jacobian import matrix_of
from closedform.calculus.structure import Structure, freed, replace, structure_of
from closedform.calculus.transpose import transpose
from closedform.calculus.vectorize import always_has_a_matrix, vec_matrix
from closedform.compact.compact import compact
from closedform.core.expr import Expr, symbol, zeros
from closedform.core.normal import normal
from closedform.core.shape import ONE, Shape, show
from closedform.errors import NotSupported, ShapeError


def indices(shape: Shape) -> int:
    """How many indices an entry has: 0 for a scalar, 1 for a column or row, 2 for a matrix."""
    return sum(d is not ONE for d in shape)


@dataclass(frozen=True)
class Stage:
    """One differentiation.

    Attributes:
        function: what was differentiated.
        variable: by what.
        found: the derivative, compact, in normal form; or what finds it, which cannot fail.
        stacked: whether it is the matrix of d vec F = J d vec X, because it has more than two indices.
        structure: that of the variable, in which the derivative was taken.
        known: what was differentiated on the way.
    """

    function: Expr
    variable: Expr
    found: Expr | Callable[[], Expr]
    stacked: bool
    structure: Structure | None = None
    known: ByVariable = field(default_factory=ByVariable, compare=False)

    @cached_property
    def answer(self) -> Expr:
        """The derivative, compact, in normal form."""
        return self.found if isinstance(self.found, Expr) else self.found()


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
        diagonal matrix: projected on that structure.  The matrix of a last stage of more than two indices is found
        when it is asked for, since code does without.

    Raises:
        NotSupported: an operation without a rule.
    """
    stages: list[Stage] = []
    known = ByVariable()
    for x in variables:
        f = stages[-1].answer if stages else f
        stacked = bool(stages and stages[-1].stacked) or indices(f.shape) + indices(x.shape) > 2
        structure = structure_of(x, by_entries)
        try:
            stage = _stage(f, x, stacked, structure, known)
        except NotSupported:  # no gradient in matrix notation, through vec and Kronecker products: a stacked row
            if stacked or not f.is_scalar:
                raise
            stage = _stage(f, x, True, structure, known)
        stages.append(stage)
    return stages


def _stage(f: Expr, x: Expr, stacked: bool, structure: Structure | None, known: ByVariable) -> Stage:
    free_f, free_x = (f, x) if structure is None else freed(f, x)
    g = normal(free_f)
    if not stacked:
        G = _gradient(g, free_x, known[free_x]) if g.is_scalar else _jacobian(g, free_x)
        answer = compact(G if structure is None else structure.project(normal(replace(G, free_x, x))))
        return Stage(f, x, answer, False, structure, known)
    df = known[free_x].of(g)
    find = partial(_stacked, g, df, x, free_x, structure)
    later = df is not None and always_has_a_matrix(df, differential_symbol(free_x))
    return Stage(f, x, find if later else find(), True, structure, known)


def _stacked(f: Expr, df: Expr | None, x: Expr, free_x: Expr, structure: Structure | None) -> Expr:
    """The matrix of d vec F = J d vec X, compact, within the structure of X."""
    J = _matrix(f, df, free_x)
    return compact(J if structure is None else normal(normal(replace(J, free_x, x)) @ structure.on_vec(x.shape[0])))


def stacked_derivative(f: Expr, x: Expr) -> Expr:
    """J with d vec(f) = J d vec(x), in normal form."""
    f = normal(f)
    return _matrix(f, ByVariable()[x].of(f), x)


def _matrix(f: Expr, df: Expr | None, x: Expr) -> Expr:
    if df is None:
        return zeros((f.shape[0] * f.shape[1], x.shape[0] * x.shape[1]))
    return vec_matrix(df, differential_symbol(x))


def _gradient(f: Expr, x: Expr, by: Differentials) -> Expr:
    df = by.of(f)
    return zeros(x.shape) if df is None else transpose(df, [differential_symbol(x)])[0]


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
    df = Differentials(known).of(f)
    if df is None:
        return [zeros(x.shape) for x in variables]
    return transpose(df, list(known.values()))


def _jacobian(f: Expr, x: Expr) -> Expr:
    dx = differential_symbol(x)
    if x.shape[0] is ONE and not x.is_scalar:  # a row: solve for the column dx'
        dx = symbol(dx.data.name, x.shape[::-1], dx.data.properties)
    df = Differentials({x: dx if dx.shape == x.shape else normal(dx.T)}).of(f)
    if df is None:
        if x.is_scalar:
            return zeros(f.shape)
        return zeros((f.shape[0] * f.shape[1], x.shape[0] * x.shape[1]))
    try:
        return matrix_of(df, dx)
    except NotSupported:  # through vec and Kronecker products: vec(f) is f, so the other way gives the same matrix
        return vec_matrix(df, dx)
