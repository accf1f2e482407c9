"""From a question to its answer: the one record that the command line, Jupyter and JSON render."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from closedform.calculus.conditions import conditions
from closedform.calculus.derivative import derive, gradients
from closedform.calculus.differential import differential as _differential
from closedform.calculus.layout import LAYOUTS, layout_named
from closedform.calculus.structure import structure_of
from closedform.compact.compact import compact, compact_all
from closedform.compact.present import present
from closedform.core.expr import Expr, symbols, topological
from closedform.core.function import Function
from closedform.core.normal import normal
from closedform.core.shape import ONE, show
from closedform.emit.latex import latex
from closedform.emit.text import text
from closedform.emit.unicode import unicode
from closedform.errors import RequestError, ShapeError, UnknownName, VerificationError
from closedform.syntax.text import parse

if TYPE_CHECKING:
    from closedform.check.numeric import Report

Source = Function | Expr
BACKENDS = ("numpy",)


class Derivative:
    """A derivative, and everything one may ask about it.

    Attributes:
        function: what was differentiated.
        variables: the variables it was differentiated by, in order.
        layout: the name of the layout of `expr`, `text`, `latex()` and `unicode()`.
        expr: the answer, in normal form, in that layout.
    """

    def __init__(self, function: Function, variables: tuple[Expr, ...], answers: Sequence[Expr], layout: str) -> None:
        self.function, self.variables, self.layout = function, variables, layout
        self._answers = tuple(answers)  # by the first variable, by the first two, …
        self._answer = answers[-1]
        of_scalar = function.expr.is_scalar and len(variables) == 1
        self.expr = LAYOUTS[layout].arrange(self._answer, of_scalar)

    @cached_property
    def shown(self) -> Expr:
        """The answer as it is printed: equal to `expr`, not in normal form."""
        return present(self.expr)

    @cached_property
    def text(self) -> str:
        """The closed form in the text syntax; parses back to an equal expression."""
        return text(self.shown)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Derivative {self.text}>"

    def unicode(self) -> str:
        """The closed form as one reads it, in Unicode."""
        return unicode(self.shown)

    def latex(self) -> str:
        """The closed form in LaTeX."""
        return latex(self.shown)

    def _repr_latex_(self) -> str:
        return "$" + self.latex() + "$"

    @property
    def shape(self) -> tuple[str, str]:
        """Rows and columns of the answer in its layout."""
        rows, columns = self.expr.shape
        return str(rows), str(columns)

    @property
    def conventions(self) -> list[str]:
        """What was chosen where authors differ, one sentence each."""
        structured = [(x, structure_of(x)) for x in dict.fromkeys(self.variables)]
        return [s.doc.format(x.data.name) for x, s in structured if s is not None]

    @cached_property
    def conditions(self) -> list[str]:
        """Where the answer is valid, beyond what was declared."""
        return conditions(normal(self.function.expr), self._answer, lambda e: text(present(e)))

    def in_layout(self, name: str) -> Derivative:
        """The same derivative in another layout.

        Raises:
            RequestError: no layout has that name.
        """
        return Derivative(self.function, self.variables, self._answers, layout_named(name).name)

    @cached_property
    def _report(self) -> Report:
        from closedform.check.numeric import check, merged
        from closedform.check.sample import difference

        stages = zip((self.function.expr, *self._answers), self.variables, self._answers, strict=False)
        report = merged([check(f, x, answer) for f, x, answer in stages])
        error = difference(self._printed(), self.expr)
        if error > report.tolerance:
            raise VerificationError(
                f"the printed formula differs from the derivative (relative error {error:.1e}); "
                "this is a bug of closedform, please report it with the function and this message"
            )
        return report

    def _printed(self) -> Expr:
        """What the text says, read as a user would."""
        names = {s.data.name: s for s in symbols(self.expr)}
        leaves = [e for e in topological([self.function.expr]) if not e.args]
        sizes = {n for e in leaves for d in (*e.shape, *([e.data] if e.op.name == "dim" else [])) for n in d.names}
        read = parse(
            self.text,
            shapes={name: s.shape for name, s in names.items()},
            properties={name: sorted(s.data.properties) for name, s in names.items()},
            dims=sorted(sizes - names.keys()),
        )
        return read.expr

    def check(self) -> Report:
        """Compare with an independent evaluation of the function, at several sizes and points; read the text back.

        Raises:
            VerificationError: the answer is wrong; it is a bug of closedform.
            DomainError: no point was found where the function is defined.
        """
        return self._report

    def code(self, backend: str = "numpy") -> str:
        """Source of a function of the variables that returns the derivative.

        The value has the axes of the function, then those of the variables; vectors are 1-D.

        Raises:
            RequestError: no back-end has that name.
        """
        _known_backend(backend)
        from closedform.emit.numpy import code

        return code(self._answer, "derivative", self._arguments())

    def compile(self, backend: str = "numpy") -> Callable[..., Any]:
        """That function, callable on keyword arrays.

        Raises:
            RequestError: no back-end has that name.
        """
        _known_backend(backend)
        from closedform.emit.numpy import compile

        return compile(self._answer, self._arguments())

    def _arguments(self) -> list[Expr]:
        return list(self.function.variables.values())

    def as_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        return {
            "function": text(self.function.expr),
            "variables": [x.data.name for x in self.variables],
            "text": self.text,
            "unicode": self.unicode(),
            "latex": self.latex(),
            "shape": list(self.shape),
            "layout": self.layout,
            "conditions": self.conditions,
            "conventions": self.conventions,
            "inferred": list(self.function.notes),
            "code": {name: self.code(name) for name in BACKENDS},
            "check": self.check().as_dict(),
        }


def _known_backend(name: str) -> None:
    if name not in BACKENDS:
        raise RequestError(f"unknown back-end {name!r}"[:100], hint="one of " + ", ".join(BACKENDS))


def function_of(f: Source) -> Function:
    """A parsed function, or an expression built in Python with the symbols it contains."""
    if isinstance(f, Function):
        return f
    if isinstance(f, Expr):
        return Function(f, {s.data.name: s for s in symbols(f)})
    raise RequestError(f"a function is what closedform.parse returns, or an expression, not {type(f).__name__}")


def variable(f: Function, wrt: str | Expr) -> Expr:
    """The symbol that a request names.

    Raises:
        UnknownName: `f` has no such variable.
        RequestError: it is a dimension, an integer, a function's name, or no name at all.
    """
    if isinstance(wrt, Expr):
        if wrt.op.name != "symbol":
            raise RequestError("a derivative is by a variable, not by an expression")
        name = wrt.data.name
    else:
        name = wrt.strip() if isinstance(wrt, str) else ""
    if not name:
        raise RequestError("no variable to differentiate by", hint="name one of " + ", ".join(sorted(f.variables)))
    found = f.variables.get(name)
    if found is None and isinstance(wrt, Expr):
        return wrt
    if found is None:
        raise _unknown(f, name)
    if "integer" in found.data.properties:
        raise RequestError(f"{name} is declared integer; there is no derivative by an integer")
    return found


def _unknown(f: Function, name: str) -> RequestError | UnknownName:
    from closedform.core.expr import OPS

    if name in f.dims:
        return RequestError(f"{name} is a dimension; there is no derivative by a dimension")
    if name in OPS:
        return RequestError(f"{name} is a function; differentiate by a variable")
    return UnknownName(
        f"{name[:60]} is not a variable of the function", hint="it has " + ", ".join(sorted(f.variables))
    )


def derivative(f: Source, *wrt: str | Expr, layout: str = "gradient") -> Derivative:
    """The derivative of f by one variable, or by several in turn.

    Args:
        f: what `parse` returns, or an expression.
        wrt: names or symbols; two for a second derivative.
        layout: `gradient`, `numerator` or `denominator`.

    Returns:
        The derivative; its shape is in `.shape`.

    Raises:
        RequestError: no variable, or not one that can be differentiated by.
        NotSupported: the answer has more than two indices, or an operation has no rule yet.

    Source: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 5 and 9.

    >>> from closedform import parse
    >>> print(derivative(parse("x'*A*x"), "x"))
    (A + A')*x
    """
    function = function_of(f)
    if not wrt:
        raise RequestError(
            "no variable to differentiate by", hint="name one of " + ", ".join(sorted(function.variables))
        )
    variables = tuple(variable(function, w) for w in wrt)
    return Derivative(function, variables, derive(function.expr, variables), layout_named(layout).name)


def gradient(f: Source, wrt: str | Expr | Sequence[str | Expr]) -> Derivative | list[Derivative]:
    """The gradient G of a scalar f, for which df = tr(G'dX); of several variables, all from one sweep.

    Args:
        f: a scalar function.
        wrt: a variable, or a list of variables.

    Returns:
        One derivative, of the shape of the variable; a list of them for a list.

    Raises:
        ShapeError: f is not a scalar.

    >>> from closedform import parse
    >>> print(gradient(parse("logdet(X)"), "X"))
    inv(X)'
    """
    function = function_of(f)
    names = [wrt] if isinstance(wrt, str | Expr) else list(wrt)
    variables = [variable(function, w) for w in names]
    if any(structure_of(x) for x in variables):
        answers = [Derivative(function, (x,), derive(function.expr, [x]), "gradient") for x in variables]
    else:
        found = gradients(function.expr, variables)
        compacted = compact_all(found)
        answers = [Derivative(function, (x,), [G], "gradient") for x, G in zip(variables, compacted, strict=True)]
    return answers[0] if isinstance(wrt, str | Expr) else answers


def jacobian(f: Source, wrt: str | Expr) -> Derivative:
    """The Jacobian of a column or row f by a column: rows count the entries of f.

    Raises:
        ShapeError: f is a scalar or a matrix.

    >>> from closedform import parse
    >>> print(jacobian(parse("sin(A*x)"), "x"))
    diag(cos(A*x))*A
    """
    function = function_of(f)
    if sum(d is not ONE for d in function.expr.shape) != 1:
        raise ShapeError("a Jacobian is that of a vector function", shapes={"f": show(function.expr.shape)})
    return derivative(function, wrt, layout="numerator")


def hessian(f: Source, wrt: str | Expr) -> Derivative:
    """The matrix of second derivatives of a scalar f.

    Raises:
        ShapeError: f is not a scalar.

    >>> from closedform import parse
    >>> print(hessian(parse("norm2(A*x - b)^2", shapes={"A": ("m", "n"), "x": ["n"], "b": ["m"]}), "x"))
    2*A'*A
    """
    function = function_of(f)
    if not function.expr.is_scalar:
        raise ShapeError("a Hessian is that of a scalar function", shapes={"f": show(function.expr.shape)})
    return derivative(function, wrt, wrt)


def differential(f: Source, *wrt: str | Expr) -> Expr:
    """The differential df, linear in dX; by all variables when none is named.

    >>> from closedform import parse
    >>> print(differential(parse("tr(A*X)"), "X"))
    tr(A*dX)
    """
    function = function_of(f)
    variables = [variable(function, w) for w in wrt] or list(function.variables.values())
    return present(compact(_differential(function.expr, variables)))
