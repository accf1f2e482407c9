"""A copy of a function whose names of libraries mean operations on symbols.

NumPy and PyTorch ask an array what to do with it, JAX and the rest of SciPy do not, and no library can make `ones(n)`
of an unknown n.  So the function runs as a copy, with the same code and other globals: modules and functions of
libraries are replaced by stand-ins, functions that it uses are copied in turn, and names that were declared are arrays.
Nothing is compiled or evaluated, and no module is changed.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from closedform.tracing.array import NAMESPACES, Array
from closedform.tracing.libraries import ROOTS, called, full_name, meaning_of


class Call:
    """A function of a library, applied to symbols by its meaning."""

    def __init__(self, name: str, real: Callable[..., Any] | None) -> None:
        self.name, self.real = name, real

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return called(self.name, self.real, args, kwargs)

    def __getattr__(self, attribute: str) -> Any:
        return member(f"{self.name}.{attribute}", getattr(self.real, attribute))


class Namespace:
    """A module of a library, or one of the user's."""

    def __init__(self, name: str, module: ModuleType, value: Callable[[Any], Any]) -> None:
        self._name, self._module, self._value = name, module, value

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._module, attribute)
        if _root(self._name) not in ROOTS:
            return self._value(found)
        return member(f"{self._name}.{attribute}", found)


def member(name: str, value: Any) -> Any:
    """What a name of a library stands for: a module, a function, or a class or constant as it is."""
    if isinstance(value, ModuleType):
        return Namespace(name, value, lambda v: v)
    if callable(value) and (meaning_of(name) or not isinstance(value, type)):
        return Call(name if meaning_of(name) else full_name(value) or name, value)
    return value


def _root(name: object) -> str:
    return str(name).partition(".")[0]


class Copies:
    """The copies of all functions that take part in one run.

    Args:
        target: the function, or method, that is traced.
        given: what its globals, and variables of the functions around it, stand for.
    """

    def __init__(self, target: Any, given: dict[str, Any]) -> None:
        self.home, self.given = target.__globals__, given
        self.functions: dict[FunctionType, FunctionType] = {}
        self.globals: dict[int, dict[str, Any]] = {}
        self.codes: set[CodeType] = set()
        self.used: set[str] = set()
        self.builtins = {**vars(builtins), "len": length, "sum": added, "__import__": self.imported}

    def value(self, value: Any) -> Any:
        """What the copy sees in the place of a value."""
        if isinstance(value, ModuleType):
            return Namespace(value.__name__, value, self.value)
        name = full_name(value)
        if name is not None:
            return Call(name, value)
        if isinstance(value, partial):
            return partial(self.value(value.func), *value.args, **value.keywords)
        if isinstance(value, MethodType):
            return MethodType(self.value(value.__func__), value.__self__)
        if isinstance(value, type) or not callable(value):
            return value
        if _root(getattr(value, "__module__", None)) in ROOTS and not hasattr(value, "__wrapped__"):
            return Call(f"{value.__module__}.{getattr(value, '__name__', '')}", value)
        return self._function(value)

    def _function(self, value: Any) -> Any:
        while not isinstance(value, FunctionType) and hasattr(value, "__wrapped__"):
            value = value.__wrapped__  # a jitted or cached function
        if not isinstance(value, FunctionType):
            return value
        return self.functions.get(value) or self._copy(value)

    def _copy(self, f: FunctionType) -> FunctionType:
        """The function with the same code, other globals and other cells; entered before they are filled."""
        names = self._globals_of(f)
        cells = tuple(CellType() for _ in f.__closure__ or ())
        copy = self.functions[f] = FunctionType(f.__code__, names, f.__name__, None, cells)
        given = self.given if f.__globals__ is self.home else {}
        for code in codes(f.__code__):
            self.codes.add(code)
            for name in code.co_names:
                if name in given and (name in f.__globals__ or name not in self.builtins):
                    self.used.add(name)
                    names[name] = given[name]
                elif name in f.__globals__ and name not in names:
                    names[name] = self.value(f.__globals__[name])
        for name, cell, old in zip(f.__code__.co_freevars, cells, f.__closure__ or (), strict=True):
            self._fill(name, cell, old, given)
        copy.__defaults__ = None if f.__defaults__ is None else tuple(map(self.value, f.__defaults__))
        copy.__dict__.update(f.__dict__)
        copy.__kwdefaults__ = f.__kwdefaults__ and {n: self.value(v) for n, v in f.__kwdefaults__.items()}
        return copy

    def _globals_of(self, f: FunctionType) -> dict[str, Any]:
        """One dictionary for all functions of a module, so that they still share it."""
        module = f.__globals__.get("__name__", "")
        return self.globals.setdefault(id(f.__globals__), {"__name__": module, "__builtins__": self.builtins})

    def _fill(self, name: str, cell: CellType, old: CellType, given: dict[str, Any]) -> None:
        if name in given:
            self.used.add(name)
            cell.cell_contents = given[name]
            return
        try:
            value = old.cell_contents
        except ValueError:  # not assigned yet, in the function around
            return
        cell.cell_contents = self.value(value)

    def imported(self, *args: Any, **kwargs: Any) -> Any:
        """`import` inside the function."""
        return self.value(builtins.__import__(*args, **kwargs))


def codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function and of those inside it."""
    waiting = [code]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [c for c in found.co_consts if isinstance(c, CodeType)]


def length(x: Any) -> Any:
    """`len`: of an array the length of its first axis, which may be a symbol."""
    return x.shape[0] if isinstance(x, Array) and x.dims else len(x)


def added(values: Any, start: Any = 0) -> Any:
    """`sum`: of a vector the sum of its entries."""
    if isinstance(values, Array):
        return values.sum(axis=0) + start
    return sum(values, start)


def _numpy() -> Namespace:
    import numpy as np

    return Namespace("numpy", np, lambda v: v)


NAMESPACES["numpy"] = _numpy
