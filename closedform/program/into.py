"""Results written into an array of the caller: `f(x=…, out=buffer)`, without a new array for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from closedform.errors import RequestError, ShapeError
from closedform.program.term import Axes


@dataclass(frozen=True)
class Into:
    """What is written to.

    Attributes:
        axes: of the result.
        dtype: its precision.
        names: the parameters of the function.
        build: makes the function, whose last parameter is the array; it is called once, when it is needed.
    """

    axes: Axes
    dtype: str
    names: Sequence[str]
    build: Callable[[], Callable[..., Any]]

    @cached_property
    def function(self) -> Callable[..., Any]:
        return self.build()

    def run(self, values: Sequence[Any], sizes: Mapping[str, int], out: Any) -> Any:
        """The array, with the result in it.

        Raises:
            RequestError: it is no array of the right precision that may be written to, or one of the arguments is it.
            ShapeError: it has another shape than the result.
        """
        if not isinstance(out, np.ndarray):
            raise RequestError("out is not a NumPy array", hint="np.empty makes one")
        shape = tuple(d.value(sizes) for d in self.axes)
        if out.shape != shape:
            wanted, given = ("×".join(map(str, s)) or "a number" for s in (shape, out.shape))
            raise ShapeError(f"out is {wanted}; the given value is {given}")
        if out.dtype != np.dtype(self.dtype):
            raise RequestError(f"out holds {out.dtype}; the result is {self.dtype}")
        if not out.flags.writeable:
            raise RequestError("out is read-only")
        for name, v in zip(self.names, values, strict=False):
            if hasattr(v, "tocsr"):
                raise RequestError(f"out cannot be given where {name} is sparse")
            if isinstance(v, np.ndarray) and np.may_share_memory(out, v):
                raise RequestError(f"out shares memory with {name}", hint="give an array of its own")
        return self.function(*values, out)
