"""Arms that tensorgrad derives and compiles to PyTorch.  It is AGPL and optional: nothing here imports it.

Its named axes are read from the words in `named(…)`; an arm is skipped, with the reason, where it is not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.speed.problem import Arm


def named(out: str, build: Callable[[Symbols], Any], prepare: Callable[..., Any] | None = None, **axes: str) -> Arm:
    """An arm.

    Args:
        out: the axes of the derivative, in the order of the other arms'.
        build: the derivative, or several, from the symbols.
        prepare: other inputs from the given ones, not timed.
        axes: those of every input that the derivative or its sizes need.
    """

    def make(**inputs: Any) -> Callable[[], Any]:
        if prepare is not None:
            inputs = prepare(**inputs)
        return Symbols().program(build, {name: (inputs[name], words.split()) for name, words in axes.items()})

    return Arm(make, lambda result, **inputs: values(result, out.split()))


def values(result: Any, out: list[str]) -> Any:
    if isinstance(result, tuple | list):
        return np.concatenate([np.ravel(values(r, out)) for r in result])
    return (result.align_to(*out) if out else result).rename(None).detach().numpy()


class Symbols:
    """Variables and dimensions by name."""

    def __init__(self) -> None:
        from benchmarks.speed import libraries

        name_tensors(libraries.torch())
        import sympy
        import tensorgrad
        import tensorgrad.functions
        from tensorgrad.compiler import compile_to_callable

        self.F, self.delta, self.compile = tensorgrad.functions, tensorgrad.Delta, compile_to_callable
        self._variable, self._symbol = tensorgrad.Variable, sympy.Symbol
        self.variables: dict[str, Any] = {}

    def dim(self, name: str) -> Any:
        return self._symbol(name)

    def variable(self, name: str, axes: str = "", **dims: str) -> Any:
        """A variable, the same for the same name; an axis has the name of its dimension unless that is given."""
        if name not in self.variables:
            dims = {axis: axis for axis in axes.split()} | dims
            self.variables[name] = self._variable(name, **{axis: self.dim(d) for axis, d in dims.items()})
        return self.variables[name]

    def derivative(self, f: Any, x: Any, *axes: str) -> Any:
        """By the vector x, once for every axis, which that derivative gets."""
        for axis in axes:
            f = f.grad(x, {"n": axis})
        return f

    def program(self, build: Callable[[Symbols], Any], feeds: dict[str, tuple[Any, list[str]]]) -> Callable[[], Any]:
        import torch

        found = build(self)
        run = self.compile(*(found if isinstance(found, tuple) else (found,)))
        given, sizes = {}, {}
        for name, (array, axes) in feeds.items():
            tensor = torch.from_numpy(np.array(array, dtype=float, order="C"))
            if name in self.variables:
                variable = self.variables[name]
                given[variable] = tensor.rename(*axes) if axes else tensor
                sizes |= {variable.shape[axis]: n for axis, n in zip(axes, tensor.shape, strict=True)}

        def call() -> Any:
            with torch.no_grad():
                return run(given, sizes)

        return call


def name_tensors(torch: Any) -> None:
    """Named tensors as tensorgrad 0.3.0 needs them at the ends of a program; torch 2.13 has none any more."""
    if hasattr(torch.Tensor, "align_to"):
        return

    def name(t: Any, names: Any) -> Any:
        view = t.view(t.shape) if t.is_contiguous() else t.permute(*range(t.dim()))
        view._axes = tuple(names)
        return view

    torch.Tensor.names = property(lambda t: getattr(t, "_axes", (None,) * t.dim()))
    torch.Tensor.rename = lambda t, *names: t if names == (None,) else name(t, names)
    torch.Tensor.refine_names = lambda t, *names: name(t, names)
    torch.Tensor.align_to = lambda t, *names: name(t.permute([t._axes.index(n) for n in names]), names)
