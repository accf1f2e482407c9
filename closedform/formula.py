"""A formula and everything one may ask of it: text, Unicode, LaTeX, code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from closedform.compact.present import present
from closedform.core.expr import Expr
from closedform.core.function import Function
from closedform.core.shown import Shown
from closedform.emit.latex import latex
from closedform.emit.text import text
from closedform.emit.unicode import unicode

if TYPE_CHECKING:
    from closedform.program.cost import Cost, Growth
    from closedform.program.source import Output


class Formula(Shown):
    """A formula in closed form.

    Attributes:
        function: the function it belongs to; its variables are the parameters of the code.
        found: the formula, or what finds it when it is asked for, which cannot fail.
    """

    def __init__(self, function: Function, found: Expr | Callable[[], Expr]) -> None:
        self.function, self.found = function, found

    @cached_property
    def expr(self) -> Expr:
        """The formula, in normal form."""
        return self.found if isinstance(self.found, Expr) else self.found()

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
            backend: numpy, jax, torch, or a language that code is pasted into: julia, matlab, r, cpp.

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
        from closedform.program.compile import code

        return code(self.output, self._name, self.arguments, backend)

    def compile(
        self,
        backend: str = "numpy",
        *,
        limit: int | None = None,
        dtype: str = "float64",
        batch: Collection[str] = (),
    ) -> Callable[..., Any]:
        """That function, callable on keyword arrays.

        Args:
            backend: what it runs on: numpy, jax, torch or dask.
            limit: bytes that a call may take beside its arguments; by default what the machine has left.
            dtype: the precision: float64, float32, or, in NumPy, longdouble.
            batch: variables that come with one more axis in front, for many points at once.

        Raises:
            RequestError: no such back-end, precision or variable, or the back-end's library is not installed.
        """
        from closedform.program.compile import compile

        return compile(self.output, self.arguments, backend, limit=limit, what=self._what, dtype=dtype, batch=batch)

    def cost(
        self, sizes: Mapping[str, int] | None = None, /, *, dtype: str = "float64", backend: str = "numpy", **named: int
    ) -> Cost:
        """What a call of that function costs, before it is run: operations, memory, and how they grow.

        Args:
            sizes: of every dimension, by name; and of an integer variable that is an exponent.
            dtype: float64, float32 or longdouble.
            backend: what it runs on.
            named: more sizes.

        Raises:
            RequestError: a size is missing, unknown or not a positive integer; no such dtype or back-end.
            NotSupported: an instruction has no count.
        """
        from closedform.program.lengths import rounded

        given = {**(sizes or {}), **named}
        cost, near = self.growth(backend).at(given, dtype), rounded(given)
        return self.growth(backend, dict(near)).at(given, dtype) if near else cost

    def cost_depends_on(self, backend: str = "numpy") -> list[str]:
        """The sizes that `cost` asks for.

        Raises:
            RequestError: no such back-end.
            NotSupported: an instruction has no count.
        """
        return self.growth(backend).names

    def growth(self, backend: str = "numpy", near: Mapping[str, int] | None = None) -> Growth:
        """What a call costs at any sizes, counted once.

        Args:
            backend: what it runs on.
            near: sizes near which its products are in a cheap order; by default where all are alike.

        Raises:
            RequestError: no such back-end.
            NotSupported: an instruction has no count.

        >>> from closedform import derivative, parse
        >>> g = derivative(parse("x'*A*x"), "x").growth()
        >>> print(g.names, g.flops, [g.at({"n": n}).peak for n in (10, 100)])
        ['n'] 4*n^2 + n [1040, 82400]
        """
        from closedform.program.cost import growth
        from closedform.program.languages import language_named

        return growth(self.output, self.arguments, language_named(backend), near)

    _name = "formula"  #: of the function in code

    @property
    def _what(self) -> str:
        """What the code gives back, in a word."""
        return "value"

    @property
    def output(self) -> Output:
        """What the code computes."""
        return self.expr

    @property
    def arguments(self) -> list[Expr]:
        """The parameters of the code: the variables of the function, in order."""
        return list(self.function.variables.values())
