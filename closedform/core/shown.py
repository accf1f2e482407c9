"""How an object is shown where HTML can be: the objects say that they are, the layer `notebook` says how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RENDERERS: dict[str, Callable[[Any], str | None]] = {}  #: entered by `closedform.notebook`


class Shown:
    """An object that Jupyter, VS Code, Colab and others show as HTML."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        """HTML; None where the libraries of the extra `web` are missing, and then the notebook shows LaTeX or text."""
        return RENDERERS["html"](self)


class Told(Shown):
    """An object of several lines, whose text in a notebook and in IPython is what `print` writes."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        cls._repr_pretty_ = Told._repr_pretty_  # type: ignore[method-assign]  # before the `__repr__` of a dataclass

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        first, *more = str(self).split("\n")
        printer.text(first)
        for line in more:
            printer.break_()
            printer.text(line)
