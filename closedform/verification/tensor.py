"""The value of a tensor: every factor by the interpreter, every product by einsum."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from closedform.core.expr import Expr
from closedform.core.shape import ONE
from closedform.verification.exact import Claim
from closedform.verification.field import Entries
from closedform.verification.interpreter import Array, Env, Sizes, evaluate
from closedform.verification.oracle import Unsupported
from closedform.verification.point import Pairs, Point
from closedform.verification.sample import samples

LARGEST = 2 * 10**5  #: terms of a sum over all indices that are added exactly

if TYPE_CHECKING:
    from closedform.index.tensor import Factor, Index, Product, Tensor


def tensor_value(tensor: Tensor, env: Env, sizes: Sizes) -> Array:
    """The array of all entries, one axis for each free index.

    Args:
        tensor: a sum of indexed products.
        env: 2-D values of the symbols.
        sizes: the named dimensions.
    """
    from closedform.index.tensor import letters

    shape = [i.dim.value(sizes) for i in tensor.free]
    total = np.zeros(shape)
    for p in tensor.products:
        subscripts, result = letters(p, tensor.free)
        operands = [_operand(f, env, sizes) for f in p.factors]
        value = np.einsum(",".join(subscripts) + "->" + result, *operands) if operands else np.ones(())
        total = total + evaluate(p.scalar, env, sizes)[..., 0, 0] * value.reshape(shape)
    return total


def tensor_difference(tensor: Tensor, stacked: Expr) -> float:
    """The largest difference between a tensor and the matrix ∂vec F/∂(vec X)' of the same derivative, relative."""
    worst = 0.0
    used = [e for p in tensor.products for e in (p.scalar, *(f.expr for f in p.factors))]
    for sample in samples([stacked, *used], count=2):
        env = {name: value[0] for name, value in sample.env.items()}
        matrix = evaluate(stacked, env, sample.sizes)
        array = tensor_value(tensor, env, sample.sizes).reshape(matrix.shape, order="F")
        size = max(np.abs(matrix).max(), 1e-6 * sample.scale.max(), np.finfo(float).tiny)
        worst = max(worst, float(np.abs(array - matrix).max() / size))
    return worst


def tensor_claim(tensor: Tensor, stacked: Expr) -> Claim:
    """The claim that a tensor and the matrix ∂vec F/∂(vec X)' are the same derivative."""
    used = [e for p in tensor.products for e in (p.scalar, *(f.expr for f in p.factors))]

    def pairs(point: Point) -> Pairs:
        matrix, field = point.value(stacked), point.model.field
        terms = [_product(p, tensor.free, point) for p in tensor.products]
        array = field.add(*terms) if terms else field.constant(np.zeros(_axes(tensor, point.model.sizes), dtype=int))
        return [(matrix, field.moved(lambda a: a.reshape(matrix.values.shape, order="F"), array))]

    return Claim("the array", (stacked, *used), pairs)


def _axes(tensor: Tensor, sizes: Sizes) -> list[int]:
    return [i.dim.value(sizes) for i in tensor.free]


def _product(p: Product, free: Sequence[Index], point: Point) -> Entries:
    """One term of a tensor, over a prime field."""
    from closedform.index.tensor import letters

    field, sizes = point.model.field, point.model.sizes
    subscripts, result = letters(p, free)
    scalar = point.value(p.scalar)
    values, bound = np.array(scalar.values.flat[0], dtype=object), scalar.bound
    for f in p.factors:
        bound = bound.times(point.value(f.expr).bound)
    operands = [_arranged(f, point.value(f.expr).values, sizes) for f in p.factors]
    sides = {c: n for s, o in zip(subscripts, operands, strict=True) for c, n in zip(s, o.shape, strict=True)}
    if prod(sides.values()) > LARGEST:
        raise Unsupported("its index notation has too many terms")
    if operands:
        values = values * np.einsum(",".join(subscripts) + "->" + result, *operands) % field.p
    summed = prod(n for c, n in sides.items() if c not in result)
    return Entries(np.asarray(values).reshape([i.dim.value(sizes) for i in free]), bound.terms(summed))


def _operand(f: Factor, env: Env, sizes: Sizes) -> Array:
    """A factor with one axis for each of its indices, one for each part of a split one."""
    return _arranged(f, evaluate(f.expr, env, sizes), sizes)


def _arranged(f: Factor, value: Array, sizes: Sizes) -> Array:
    from closedform.index.tensor import atoms

    kept = [n for n, d in zip(value.shape[-2:], f.expr.shape, strict=True) if d is not ONE]
    return value.reshape(kept).reshape([i.dim.value(sizes) for i in atoms(f.indices)])
