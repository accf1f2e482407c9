"""Tensors from text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import closedform.ops  # noqa: F401
from closedform.core.expr import Expr, symbols
from closedform.index.lowering import derivative_of, tensor_of
from closedform.index.tensor import Tensor
from closedform.syntax.text import parse


def tensor(
    source: str, by: Sequence[str], *, square: bool = False, shapes: Mapping[str, Any] | None = None, **properties: Any
) -> tuple[Tensor, list[Expr]]:
    """The derivative of a text by each of some variables, and the variables of the text."""
    if square:
        shapes = {c: ("n",) if c.islower() else ("n", "n") for c in source if c in "ABCXYxyw"}
    f = parse(source, shapes=shapes, properties=properties or None)
    found = {s.data.name: s for s in symbols(f.expr)}
    t = tensor_of(f.expr)
    for name in by:
        t = derivative_of(t, found[name])
    return t, list(found.values())
