"""From formulas to source code and to functions of arrays."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from closedform.core.expr import Expr
from closedform.errors import RequestError
from closedform.program.bound import Bound
from closedform.program.callable import Compiled
from closedform.program.engines import Engine, engine_named
from closedform.program.into import Into
from closedform.program.language import Language
from closedform.program.languages import COMPILED, language_named
from closedform.program.languages.into import INTO
from closedform.program.lengths import assuming
from closedform.program.memory import Memory, memory_of
from closedform.program.source import Output, Program, lower, write


def code(
    outputs: Output | Sequence[Output],
    name: str = "derivative",
    variables: Sequence[Expr] | None = None,
    backend: str = "numpy",
    said: str = "",
) -> str:
    """A self-contained source that defines one function of arrays.

    Args:
        outputs: an expression or tensor; or several, which it gives back as a tuple.
        name: the function's name.
        variables: its parameters, in order; by default the symbols by name.
        backend: the name of a language.
        said: what stands before the formula in the comment.

    Raises:
        RequestError: `name` is not an identifier, two variables have the same name, or there is no such language.

    Cost: one visit per node of the graph.
    """
    language = language_named(backend)
    p = program(outputs, variables, language)
    return language.write(replace(p, outputs=(said + p.outputs[0], *p.outputs[1:])), name)


def program(
    outputs: Output | Sequence[Output],
    variables: Sequence[Expr] | None,
    language: Language,
    sizes: Mapping[str, int] | None = None,
) -> Program:
    """The lines that compute some results, in a language; cheaply at these sizes."""
    several = isinstance(outputs, Sequence)
    listed = outputs if isinstance(outputs, Sequence) else [outputs]
    with assuming(sizes or {}):
        return write(lower(listed, variables, several=several), language)


def compile(
    outputs: Output | Sequence[Output],
    variables: Sequence[Expr] | None = None,
    backend: str = "numpy",
    *,
    limit: int | None = None,
    what: str = "value",
    dtype: str = "float64",
    batch: Collection[str] = (),
    sizes: Mapping[str, int] | None = None,
) -> Compiled:
    """The same as a function of arrays, by keyword or in the order of `variables`.

    Args:
        outputs: an expression or tensor; or several, which it gives back as a tuple.
        variables: its parameters, in order; by default the symbols by name.
        backend: the name of a language that functions run in.
        limit: bytes that a call may take beside its arguments; by default what the machine has left.
        what: the result in a word, for the error of a call that would take more.
        dtype: the precision: `float64`, `float32`, or, in NumPy, `longdouble`.
        batch: variables that come with one more axis in front, for many points at once.
        sizes: of the dimensions, at which it is to be cheap; by default those of each call.

    Raises:
        RequestError: no such back-end, precision or variable, or its library is not installed.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x = symbol("x", shape_of(["n"]))
    >>> compile(x.T @ x)(x=[3, 4])
    25.0
    """
    language = language_named(backend, COMPILED)
    p = program(outputs, variables, language if dtype == "float64" else language.typed(dtype), sizes)
    engine = engine_named(backend, dtype, p)
    unknown = sorted(set(batch) - {a.name for a in p.arguments})
    if unknown:
        raise RequestError(f"{unknown[0]} is not a variable of the function"[:100])
    source = p.language.write(p, "derivative")
    batched = [a.name in batch for a in p.arguments] + [False] * len(p.sizes)
    run = engine.prepared(p, batched, partial(_function, p, source))
    if backend == "dask" and limit is not None:
        raise RequestError("dask holds as much as its chunks take: there is no limit to give")
    memory = memory_of(p) if backend != "dask" else Memory((), (), ())
    bound = Bound(memory, limit, what, dtype)
    into = None
    if backend == "numpy" and not batch and not p.several and p.roots[0].axes:
        build = partial(_storing, engine, outputs, variables, p.language, sizes)
        into = Into(p.roots[0].axes, dtype, [a.name for a in p.arguments], build)
    again = None
    if sizes is None and backend != "dask":
        again = partial(compile, outputs, variables, backend, limit=limit, what=what, dtype=dtype, batch=batch)
    return Compiled(run, source, p.arguments, p.sizes, bound, engine.array, batch, into, again)


def _storing(
    engine: Engine,
    outputs: Output | Sequence[Output],
    variables: Sequence[Expr] | None,
    language: Language,
    sizes: Mapping[str, int] | None,
) -> Callable[..., Any]:
    """A function of one result, as one that writes it into an array."""
    p = program(outputs, variables, replace(INTO, dtype=language.dtype), sizes)
    return engine.prepared(p, [False], partial(_function, p, p.language.write(p, "derivative")))


def _function(p: Program, source: str, as_they_come: Collection[str]) -> Callable[..., Any]:
    """A program, whose source is at hand, as a function that does not make arrays of some variables."""
    if as_they_come:
        source = p.language.write(replace(p, as_they_come=frozenset(as_they_come)), "derivative")
    space: dict[str, Any] = {}
    exec(bytecode(source), space)
    return space["derivative"]  # type: ignore[no-any-return]


def bytecode(source: str) -> Any:
    """Bytecode of our own source: it holds only names made by `identifier` and spellings of this package."""
    return builtins.compile(source, "<closedform>", "exec")
