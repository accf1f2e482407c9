"""From a function written in Python to the function that `parse` returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any

from closedform.core.expr import Expr, symbol
from closedform.core.function import Function
from closedform.core.shape import dim
from closedform.errors import ClosedFormError, DeclarationError, NotSupported, RequestError, TooLarge, UnknownName
from closedform.syntax.declare import Properties, check_fit, check_name, declared_properties, declared_shapes
from closedform.syntax.names import closest
from closedform.tracing.array import Array
from closedform.tracing.place import placed, raised, running
from closedform.tracing.rebind import Copies
from closedform.tracing.session import SESSION, Session
from closedform.tracing.values import lift

Arguments = tuple[list[Any], dict[str, Any]]


def trace(
    function: Callable[..., Any],
    /,
    shapes: Mapping[str, Any] | None = None,
    properties: Properties | None = None,
    **given: Any,
) -> Function:
    """Read a function from a Python function, written with NumPy, SciPy, JAX or PyTorch.

    The function is run once, on arrays of symbols.  Its branches are those of that run, and may depend on no value.

    Args:
        function: its parameters, and the globals that it uses, are variables when they have a shape.
        shapes: name to dimensions: `()` a scalar, `"n"` or `("n",)` an array of one axis, `("m", "n")` of two;
            anything else, such as a number, is the value of that parameter.
        properties: name to properties, as for `parse`.
        given: the same as `shapes`.

    Returns:
        The function as written, not simplified.

    Raises:
        NotSupported: an operation that is not understood, or a branch on a value; with the line in the program.
        ShapeError: arrays that do not fit.
        DeclarationError: a shape or property that cannot be, or a parameter without one.
        UnknownName: a shape for a name that the function does not use.
        RequestError: not a function written in Python.
        TooLarge: it performs too many operations.

    >>> import numpy as np
    >>> from closedform import gradient
    >>> def loss(w, X, y, c=0.5):
    ...     residual = X @ w - y
    ...     return np.mean(residual**2) + c * np.sum(w**2)
    >>> f = trace(loss, w="n", X=("m", "n"), y="m")
    >>> print(f.expr)
    sum((X*w - y).^2)/m + 0.5*sum(w.^2)
    >>> print(gradient(f, "w"))
    2*X'*(X*w - y)/m + w
    """
    target = _python_function(function)
    variables, values = _declared({**(shapes or {}), **given}, properties or {})
    everything: dict[str, Any] = {**variables, **values}
    parameters = inspect.signature(target).parameters
    copies = Copies(target, {n: v for n, v in everything.items() if n not in parameters})
    copy = copies.value(target)
    arguments = _arguments(target.__name__, parameters, everything, copies)
    expr = _run(copy, arguments, copies, target.__name__)
    order = sorted(variables, key=lambda n: list(parameters).index(n) if n in parameters else len(parameters))
    dims = {name: dim(name) for x in variables.values() for d in x.dims for name in d.names}
    return Function(expr, {x.expr.data.name: x.expr for x in map(variables.__getitem__, order)}, dims)


def _python_function(function: Any) -> Any:
    """What has Python code: the function itself, inside decorators.

    Raises:
        RequestError: nothing has.
    """
    target = inspect.unwrap(function) if callable(function) else function
    if not inspect.isfunction(target) and not inspect.ismethod(target):
        raise RequestError(f"trace reads a function written in Python, not {type(function).__name__}")
    if inspect.isgeneratorfunction(target) or inspect.iscoroutinefunction(target):
        raise RequestError("trace reads a function that returns its value, not a generator or a coroutine")
    return target


def _declared(given: Mapping[str, Any], properties: Properties) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays for the names that have a shape; the other values."""
    shapes = {name: (v,) if isinstance(v, str) else v for name, v in given.items() if isinstance(v, str | tuple | list)}
    declared, facts = declared_shapes(shapes), declared_properties(properties)
    found = {}
    for written, sizes in shapes.items():
        name = check_name(written)
        shape = declared[name]
        check_fit(name, shape, facts.get(name, ()))
        found[written] = Array(symbol(name, shape, facts.get(name, ())), tuple(dim(s) for s in sizes))
    unused = facts.keys() - declared.keys()
    if unused:
        raise DeclarationError(f"{min(unused)} has properties, but no shape was declared for it")
    both = found.keys() & {n for x in found.values() for d in x.dims for n in d.names}
    if both:
        raise DeclarationError(f"{min(both)} is a variable and a dimension")
    return found, {name: v for name, v in given.items() if name not in shapes}


def _arguments(
    function: str, parameters: Mapping[str, Parameter], given: Mapping[str, Any], copies: Copies
) -> Arguments:
    """What the function is called with.

    Raises:
        UnknownName: a name that is neither a parameter nor a global that it uses.
        DeclarationError: a parameter has neither a shape nor a value.
    """
    for name in given:
        if name not in parameters and name not in copies.used:
            raise UnknownName(f"{function} has no parameter {name[:60]} and uses no global of that name",
                              hint=closest(name, parameters) or "it has " + ", ".join(parameters))  # fmt: skip
    positional, named = [], {}
    for name, p in parameters.items():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or (name not in given and p.default is not p.empty):
            continue
        if name not in given:
            raise DeclarationError(
                f"the parameter {name} of {function} has no shape", hint=f'give it one, {name}="n", or a number'
            )
        if p.kind is p.POSITIONAL_ONLY:
            positional.append(copies.value(given[name]))
        else:
            named[name] = copies.value(given[name])
    return positional, named


def _run(copy: Callable[..., Any], arguments: Arguments, copies: Copies, name: str) -> Expr:
    """The value of the copy.

    Raises:
        ClosedFormError: something in it is refused, or raised an exception.
    """
    session = Session(lambda error: placed(error, running(), copies.codes))
    token = SESSION.set(session)
    try:
        result = lifted(copy(*arguments[0], **arguments[1]), name)
    except ClosedFormError as error:
        raise session.refusal or placed(error, raised(error), copies.codes) from None
    except RecursionError as error:
        raise placed(TooLarge(f"{name} calls itself too often"), raised(error), copies.codes) from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:300]
        told = NotSupported(f"{name} raised an exception on arrays of symbols ({said})")
        raise session.refusal or placed(told, raised(error), copies.codes) from error
    finally:
        SESSION.reset(token)
    if session.refusal is not None:
        raise session.refusal
    return result


def lifted(result: Any, name: str) -> Expr:
    """The expression that is returned.

    Raises:
        NotSupported: it is neither an array nor a number.
    """
    if isinstance(result, tuple | list | dict | str) or result is None:
        raise NotSupported(f"{name} returns {type(result).__name__}, and not one array or number",
                           hint="trace a function that returns the one you want")  # fmt: skip
    return lift(result).expr
