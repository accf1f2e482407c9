"""The languages that programs can be written in, by name."""

from __future__ import annotations

from importlib import import_module

from closedform.errors import RequestError
from closedform.program.language import Language

RUNNING = ("numpy", "jax", "torch")  #: those that run in Python
COMPILED = (*RUNNING, "numba", "dask")  #: those that compiled functions run in
LANGUAGES = (*RUNNING, "julia", "matlab", "r", "cpp")  #: all that code can be had in


def language_named(name: str, among: tuple[str, ...] = LANGUAGES) -> Language:
    """The language of that name; its module is loaded when it is asked for.

    Raises:
        RequestError: there is none.
    """
    if name not in among:
        raise RequestError(f"unknown back-end {name!r}"[:100], hint="one of " + ", ".join(among))
    found = getattr(import_module(f"closedform.program.languages.{name}"), name.upper())
    assert isinstance(found, Language)
    return found
