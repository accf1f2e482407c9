"""Notebooks: HTML of every object, the magic `%%matrixcalc`, the widget.

The HTML is that of the page, with what is for the page only left out.  Nothing here is imported before it is asked for.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from closedform.core.optional import not_installed
from closedform.core.shown import RENDERERS
from closedform.errors import RequestError

if TYPE_CHECKING:
    from closedform.answer import Derivative
    from closedform.notebook.panel import Widget

LIBRARIES = ("jinja2", "latex2mathml")  #: that make HTML


def html(shown: Any) -> str | None:
    """An object in HTML; None where a library is missing, and then a notebook shows LaTeX or text.

    >>> from closedform import parse
    >>> "<math" in html(parse("x'*A*x"))
    True
    """
    if not all(map(find_spec, LIBRARIES)):
        return None
    from closedform.notebook.parts import framed

    return framed(shown)


def widget(D: Derivative, **chosen: Any) -> Widget:
    """A derivative with switches, for a notebook: layout, form, language, code, and the steps one by one.

    Args:
        D: the derivative.
        chosen: what is chosen at first, by the names of the widget's traits: `layout_name="numerator"`, `lang="ko"`.

    Raises:
        RequestError: it is no derivative, there is no such trait or value, or a library is not installed.
    """
    from closedform.answer import Derivative

    if not isinstance(D, Derivative):
        raise RequestError(f"a widget shows a derivative, not {type(D).__name__}")
    try:
        from closedform.notebook.panel import Widget
    except ModuleNotFoundError as missing:
        raise not_installed(str(missing.name), "notebook") from None
    return Widget(D, **chosen)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext closedform`: the magics `%matrixcalc` and `%%matrixcalc`."""
    from closedform.notebook.magic import matrixcalc

    shell.register_magic_function(matrixcalc, "line_cell")


RENDERERS["html"] = html
