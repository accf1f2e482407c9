"""Layout conventions: one record each, applied once, at the end.

Rules and engines never ask which layout is wanted.  The engine's own arrangement is: gradients have the
shape of their variable, the rows of a Jacobian or Hessian count the function.
"""

from __future__ import annotations

from dataclasses import dataclass

from closedform.core.expr import Expr
from closedform.core.normal import normal
from closedform.errors import RequestError


@dataclass(frozen=True, slots=True)
class Layout:
    """How a derivative with at most two indices is laid out.

    Attributes:
        name: what `--layout` takes.
        gradient: whether the derivative of a scalar function is transposed.
        jacobian: whether that of a vector function, or a second derivative, is transposed.
        doc: one sentence.
    """

    name: str
    gradient: bool
    jacobian: bool
    doc: str

    def arrange(self, answer: Expr, of_scalar: bool) -> Expr:
        """The engine's answer in this layout."""
        return normal(answer.T) if (self.gradient if of_scalar else self.jacobian) else answer


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("gradient", False, False, "a gradient has the shape of its variable; Jacobian rows count the function"),
        Layout("numerator", True, False, "rows count the function: the derivative of a scalar by a column is a row"),
        Layout(
            "denominator", False, True, "rows count the variable: the Jacobian is transposed, gradients are columns"
        ),
    )
}


def layout_named(name: str) -> Layout:
    """The record of a layout.

    Raises:
        RequestError: there is none of that name.
    """
    if name not in LAYOUTS:
        raise RequestError(f"unknown layout {name!r}"[:100], hint="one of " + ", ".join(LAYOUTS))
    return LAYOUTS[name]
