"""Engines: the array libraries that compiled functions run in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from closedform.core.optional import not_installed
from closedform.errors import DomainError, NotSupported, RequestError
from closedform.program.source import Program
from closedform.program.sparse import check_sparse
from closedform.program.term import Term

Function = Callable[..., Any]
Build = Callable[[Collection[str]], Function]  #: the function of a program that takes these variables as they come
DTYPES = ("float64", "float32", "longdouble")  #: what NumPy programs compute in
#: instructions that LAPACK serves, which has no extended precision
LAPACK = frozenset(
    {"solve", "solve_transposed", "inverse", "det", "logdet", "pinv", "adj", "normnuc", "expm", "logm", "sqrtm"}
    | {"logdetpos", "matpow", "powersum", "polar", "cholesky", "lu", "factor"}
)


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs a program.

    Attributes:
        array: what a caller gives, as an array of the library.
        prepared: the function of a program, ready to be called: which arguments are batched, and what makes it.
    """

    array: Callable[[Any], Any]
    prepared: Callable[[Program, Sequence[bool], Build], Function]


def engine_named(backend: str, dtype: str, p: Program) -> Engine:
    """The engine of a back-end.

    Raises:
        RequestError: no such precision, or the library is not installed.
        NotSupported: a factorisation in extended precision.
    """
    if dtype not in DTYPES:
        raise RequestError(f"unknown precision {dtype!r}"[:100], hint="one of " + ", ".join(DTYPES))
    if dtype == "longdouble":
        if backend != "numpy":
            raise RequestError(f"{backend} has no extended precision", hint="numpy has it")
        if any(t.op in LAPACK for t in p.order):
            raise NotSupported("there are no solves and factorisations in extended precision", hint="use float64")
    return ENGINES[backend](dtype)


def library(name: str) -> Any:
    """An array library, imported.

    Raises:
        RequestError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise not_installed(name, name.partition(".")[0]) from None


def numpy(dtype: str) -> Engine:
    kind = np.dtype(dtype)

    def array(a: Any) -> Any:
        if a.__class__ is np.ndarray and a.dtype is kind:
            return a
        if hasattr(a, "tocsr"):
            return library("scipy.sparse").csr_array(a, dtype=kind)
        return np.asarray(a, dtype=kind)

    return Engine(array, _guarded)


def numba(dtype: str) -> Engine:
    library("numba")
    return numpy(dtype)


def _guarded(p: Program, batched: Sequence[bool], build: Build) -> Function:
    """Without warnings, and with our own error where there is no value."""
    plain, for_sparse = build(()), dict[tuple[str, ...], Function]()
    if any(batched):
        plain = _one_by_one(plain, batched)
    names = [a.name for a in p.arguments]

    def chosen(values: tuple[Any, ...]) -> Function:
        """The function for the arguments that are sparse."""
        sparse = tuple(name for name, v in zip(names, values, strict=False) if not isinstance(v, np.ndarray))
        if sparse not in for_sparse:
            check_sparse(p, sparse)
            for_sparse[sparse] = build(sparse)
        return for_sparse[sparse]

    def guarded(*values: Any) -> Any:
        run = plain
        for v in values:
            if v.__class__ is not np.ndarray and not isinstance(v, np.ndarray | np.generic | int):
                run = chosen(values)
                break
        try:
            with np.errstate(all="ignore"):
                return run(*values)
        except (np.linalg.LinAlgError, ZeroDivisionError) as error:
            raise DomainError(f"no value at this point: {error}") from None

    return guarded


def _one_by_one(run: Function, batched: Sequence[bool]) -> Function:
    """One point after the other, into arrays with the axis of the points in front."""

    def every(*values: Any) -> Any:
        points = len(next(v for v, b in zip(values, batched, strict=False) if b))
        results: list[Any] = []
        several = False
        for n in range(points):
            found = run(*[v[n] if b else v for v, b in zip(values, batched, strict=True)])
            several = isinstance(found, tuple)
            parts = found if several else (found,)
            if not results:
                results = [np.empty((points, *np.shape(f)), dtype=np.asarray(f).dtype) for f in parts]
            for whole, f in zip(results, parts, strict=True):
                whole[n] = f
        return tuple(results) if several else results[0]

    return every


def _counts(t: Term) -> bool:
    """Does the value of a variable decide how often something is multiplied?"""
    return t.op == "integer" or (t.op == "powersum" and t.args[2].value is None)


def jax(dtype: str) -> Engine:
    jax_, jnp = library("jax"), library("jax.numpy")
    given = {} if dtype == "float64" else {"dtype": dtype}

    def prepared(p: Program, batched: Sequence[bool], build: Build) -> Function:
        run = build(())
        if any(batched):
            run = jax_.vmap(run, in_axes=tuple(0 if b else None for b in batched))
        if any(map(_counts, p.order)):
            return run
        return jax_.jit(run, static_argnums=tuple(range(len(p.arguments), len(p.parameters))))  # type: ignore[no-any-return]

    return Engine(lambda a: jnp.asarray(a, **given), prepared)


def torch(dtype: str) -> Engine:
    torch_ = library("torch")
    kind = getattr(torch_, dtype)

    def array(a: Any) -> Any:
        if torch_.is_tensor(a) and dtype == "float64":
            return a
        return torch_.as_tensor(a, dtype=kind)

    def prepared(p: Program, batched: Sequence[bool], build: Build) -> Function:
        run = build(())
        if any(batched):
            run = torch_.vmap(run, in_dims=tuple(0 if b else None for b in batched))

        def guarded(*values: Any) -> Any:
            try:
                return run(*values)
            except RuntimeError as error:  # torch has no class of its own for all that linear algebra cannot do
                if not str(error).startswith(("linalg.", "torch.linalg.")):
                    raise
                raise DomainError(f"no value at this point: {error}") from None

        return guarded

    return Engine(array, prepared)


def dask(dtype: str) -> Engine:
    da, plain = library("dask.array"), np.dtype(dtype)

    def array(a: Any) -> Any:
        return a.astype(plain) if isinstance(a, da.Array) else da.from_array(np.asarray(a, dtype=plain))

    def prepared(p: Program, batched: Sequence[bool], build: Build) -> Function:
        if any(batched):
            raise RequestError("dask takes one point at a time", hint="jax and torch take many")
        return build(())

    return Engine(array, prepared)


ENGINES: dict[str, Callable[[str], Engine]] = {"numpy": numpy, "numba": numba, "jax": jax, "torch": torch, "dask": dask}
