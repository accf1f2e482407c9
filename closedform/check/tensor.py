"""The value of a tensor: every factor by the interpreter, every product by einsum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from closedform.check.interpreter import Array, Env, Sizes, evaluate
from closedform.check.sample import samples
from closedform.core.expr import Expr
from closedform.core.shape import ONE

if TYPE_CHECKING:
    from closedform.index.tensor import Factor, Tensor


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


def _operand(f: Factor, env: Env, sizes: Sizes) -> Array:
    """A factor with one axis for each of its indices, two for a split one."""
    value = evaluate(f.expr, env, sizes)
    shape: list[int] = []
    for i in f.indices:
        shape += [p.dim.value(sizes) for p in i.parts] if i.parts else [i.dim.value(sizes)]
    kept = [n for n, d in zip(value.shape[-2:], f.expr.shape, strict=True) if d is not ONE]
    return value.reshape(kept).reshape(shape)
