"""A formula and everything one may ask of it: text, Unicode, LaTeX, code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from closedform.compact.present import present
from closedform.core.expr import Expr
from closedform.core.function import Function
from closedform.emit.latex import latex
from closedform.emit.text import text
from closedform.emit.unicode import unicode


class Formula:
    """A formula in closed form.

    Attributes:
        function: the function it belongs to; its variables are the parameters of the code.
        expr: the formula, in normal form.
    """

    def __init__(self, function: Function, expr: Expr) -> None:
        self.function, self.expr = function, expr

    @cached_property
    def shown(self) -> Expr:
        """The formula as it is printed: equal to `expr`, not in normal form."""
        return present(self.expr)

    @cached_property
    def text(self) -> str:
        """The closed form in the text syntax; parses back to an equal expression."""
        return text(self.shown)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text}>"

    def unicode(self) -> str:
        """The closed form as one reads it, in Unicode."""
        return unicode(self.shown)

    def latex(self) -> str:
        """The closed form in LaTeX."""
        return latex(self.shown)

    def _repr_latex_(self) -> str:
        return "$" + self.latex() + "$"

    @property
    def shape(self) -> tuple[str, ...]:
        """Rows and columns."""
        rows, columns = self.expr.shape
        return str(rows), str(columns)

    def code(self, backend: str = "numpy") -> str:
        """Source of a function of the variables that returns the value, in a language; vectors are vectors there.

        Args:
            backend: numpy, or of the languages that code is pasted into: julia, matlab, r, cpp.

        Raises:
            RequestError: there is no such language.
            NotSupported: an operation has no code in it.

        >>> from closedform import derivative, parse
        >>> print(derivative(parse("sum(exp(A*x))"), "x").code("matlab"), end="")
        function J = derivative(A, x)
        % A'*exp(A*x)
        %
        %   A: matrix, m by n
        %   x: vector of n
        %   returns: vector of n
            J = A' * exp(A * x);
        end
        """
        return self._code(backend)

    def compile(self, backend: str = "numpy") -> Callable[..., Any]:
        """That function, callable on keyword arrays.

        Raises:
            RequestError: there is no such language, or none that runs here.
        """
        return self._compile(backend)

    def _code(self, backend: str) -> str:
        from closedform.program.compile import code

        return code(self.expr, "formula", self._arguments(), backend)

    def _compile(self, backend: str) -> Callable[..., Any]:
        from closedform.program.compile import compile

        return compile(self.expr, self._arguments(), backend)

    def _arguments(self) -> list[Expr]:
        return list(self.function.variables.values())
