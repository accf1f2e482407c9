"""Derivatives of tensors, also within a structure of the variable."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from closedform.calculus.differential import ByVariable
from closedform.calculus.structure import BY_ENTRIES, Structure, freed, replace
from closedform.core.expr import Expr, eye, number
from closedform.core.normal import normal
from closedform.index.lowering import derivative_of, tensor_of
from closedform.index.merging import merged
from closedform.index.tensor import Factor, Index, Product, Tensor, tidy


def derive_tensor(
    f: Expr,
    variables: Sequence[Expr],
    structures: Sequence[Structure | None],
    known: ByVariable | None = None,
) -> Tensor:
    """The array of derivatives: axes of f, then of each variable.

    Args:
        f: an expression of any shape.
        variables: symbols.
        structures: of each variable, the one in which the derivative is taken.
        known: what was differentiated so far.

    Raises:
        NotSupported: an operation has no rule.
    """
    known = ByVariable() if known is None else known
    tensor = tensor_of(normal(f))
    for x, structure in zip(variables, structures, strict=True):
        if structure is None:
            tensor = derivative_of(tensor, x, known[x])
            continue
        free = freed(x, x)[1]
        moved = derivative_of(_replaced(tensor, x, free), free, known[free])
        tensor = _projected(_replaced(moved, free, x), structure)
    return merged(tensor)


def _replaced(tensor: Tensor, old: Expr, new: Expr) -> Tensor:
    products = [
        Product(
            normal(replace(p.scalar, old, new)),
            tuple(Factor(normal(replace(f.expr, old, new)), f.indices) for f in p.factors),
        )
        for p in tensor.products
    ]
    return tidy(Tensor(tensor.free, tensor.groups, tuple(products)))


def _projected(tensor: Tensor, structure: Structure) -> Tensor:
    """The last two indices, those of the variable, projected on its structure."""
    k, l = tensor.free[-2:]
    if structure.name == "diagonal":
        delta = Product(number(1), (Factor(eye(k.dim), (k, l)),))
        return tidy(Tensor(tensor.free, tensor.groups, tuple(p.times(delta) for p in tensor.products)))
    swap = {k: l, l: k}
    turned = [
        Product(p.scalar, tuple(Factor(f.expr, tuple(_swapped(i, swap) for i in f.indices)) for f in p.factors))
        for p in tensor.products
    ]
    both = [*tensor.products, *turned]
    if structure is BY_ENTRIES:
        minus = Product(number(-1), (Factor(eye(k.dim), (k, l)),))
        both += [p.times(minus) for p in tensor.products]
    else:
        both = [Product(normal(number(Fraction(1, 2)) * p.scalar), p.factors) for p in both]
    return tidy(Tensor(tensor.free, tensor.groups, tuple(both)))


def _swapped(i: Index, swap: dict[Index, Index]) -> Index:
    """An index, or the parts of a split one, with some exchanged."""
    if i.parts is None:
        return swap.get(i, i)
    slow, fast = (_swapped(part, swap) for part in i.parts)
    return i if (slow, fast) == i.parts else Index(i.dim, (slow, fast))
