"""The questions: derivative, gradient, Jacobian, Hessian, differential, and products with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from closedform.answer import Derivative
from closedform.calculus.derivative import Stage, derive, gradients, indices
from closedform.calculus.differential import differential as differential_of
from closedform.calculus.differential import differential_symbol
from closedform.calculus.layout import layout_named
from closedform.calculus.structure import replace, structure_of
from closedform.calculus.transpose import transpose
from closedform.compact.compact import compact, compact_all
from closedform.core.expr import OPS, Expr, symbol, symbols, topological
from closedform.core.function import Function
from closedform.core.normal import normal
from closedform.core.shape import ONE, show
from closedform.errors import RequestError, ShapeError, TooLarge, UnknownName
from closedform.formula import Formula
from closedform.index.derivative import derive_tensor
from closedform.index.raising import raised

DEEPEST = 200  #: operations inside one another, of an expression built in Python
Source = Function | Expr


def function_of(f: Source) -> Function:
    """A parsed function, or an expression built in Python with the symbols it contains.

    Raises:
        RequestError: it is neither.
        TooLarge: an expression has more than `DEEPEST` operations inside one another.
    """
    if isinstance(f, Function):
        return f
    if isinstance(f, Expr):
        if _depth(f) > DEEPEST:
            raise TooLarge(f"more than {DEEPEST} operations inside one another")
        return Function(f, {s.data.name: s for s in symbols(f)})
    raise RequestError(f"a function is what closedform.parse returns, or an expression, not {type(f).__name__}")


def _depth(e: Expr) -> int:
    """How many operations are inside one another; the terms of a sum and the factors of a product are side by side."""
    found: dict[Expr, int] = {}
    for node in topological([e]):
        own = [found[a] - (a.op is node.op and node.op.associative) for a in node.args]
        found[node] = 1 + max(own) if own else 0
    return found[e]


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
    found = f.variables.get(name if name in f.variables else _known_as(f, name))
    if found is None and isinstance(wrt, Expr):
        return wrt
    if found is None:
        raise _unknown(f, name)
    if "integer" in found.data.properties:
        raise RequestError(f"{name} is declared integer; there is no derivative by an integer")
    return found


def _asked(f: Source, wrt: Iterable[str | Expr]) -> tuple[Function, list[Expr]]:
    """The function and the variables that are named, each as it is differentiated."""
    function = function_of(f)
    return _free(function, [variable(function, w) for w in wrt])


def _free(function: Function, variables: list[Expr]) -> tuple[Function, list[Expr]]:
    """The same question with any matrix in the place of an orthogonal one.

    Q'Q = I would else be put in before the derivative is taken, and the next one be taken of what is left.

    Raises:
        RequestError: a variable has the name of a differential.
    """
    for name in (x.data.name for x in variables):
        if f"d{name}" in function.variables:
            raise RequestError(
                f"d{name} is a variable here, and the differential of {name} too",
                hint=f"rename it; write the function alone if d{name} is not meant to be a variable",
            )
    expr, known, notes = function.expr, dict(function.variables), list(function.notes)
    for x in dict.fromkeys(variables):
        if "orthogonal" in x.data.properties:
            free = symbol(x.data.name, x.shape, x.data.properties - {"orthogonal"})
            notes.append(f"{x.data.name} is differentiated as any matrix, not within the orthogonal ones")
            expr, known[x.data.name] = replace(expr, x, free), free
            variables = [free if y is x else y for y in variables]
    return Function(expr, known, function.dims, tuple(notes), function.source), variables


def _known_as(f: Function, name: str) -> str:
    """The variable that a name in LaTeX, or a Greek one in letters, stands for."""
    from closedform.syntax.latex.names import plain_name

    return plain_name(name, f.variables)


def _unknown(f: Function, name: str) -> RequestError | UnknownName:
    if name in f.dims:
        return RequestError(f"{name} is a dimension; there is no derivative by a dimension")
    if name in OPS:
        return RequestError(f"{name} is a function; differentiate by a variable")
    return UnknownName(
        f"{name[:60]} is not a variable of the function", hint="it has " + ", ".join(sorted(f.variables))
    )


def derivative(f: Source, *wrt: str | Expr, layout: str | None = None, symmetric: str = "projected") -> Derivative:
    """The derivative of f by one variable, or by several in turn.

    Args:
        f: what `parse` returns, or an expression.
        wrt: names or symbols; two for a second derivative.
        layout: the name of a layout; by default `gradient`, and `vec` for more than two indices.
        symmetric: by a symmetric matrix the symmetric part sym(G) of the gradient, or G + G' - diag(G).

    Returns:
        The derivative; its shape is in `.shape`.

    Raises:
        RequestError: no variable, or not one that can be differentiated by; no such layout.
        NotSupported: an operation has no rule yet.

    Source: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 5 and 9.

    >>> from closedform import parse
    >>> print(derivative(parse("x'*A*x"), "x"))
    (A + A')*x
    >>> print(derivative(parse("A*X*B"), "X"))
    kron(B', A)
    """
    function = function_of(f)
    if not wrt:
        raise RequestError(
            "no variable to differentiate by", hint="name one of " + ", ".join(sorted(function.variables))
        )
    if layout is not None:
        layout_named(layout)
    if symmetric not in ("projected", "entries"):
        raise RequestError(f"symmetric is projected or entries, not {symmetric!r}"[:100])
    function, variables = _asked(function, wrt)
    stages = _unstacked(derive(function.expr, variables, by_entries=symmetric == "entries"))
    return Derivative(function, stages, layout or ("vec" if stages[-1].stacked else "gradient"))


def _unstacked(stages: list[Stage]) -> list[Stage]:
    """A stacked row that has at most two indices as a gradient, where index notation leads back to matrices."""
    last = stages[-1]
    if len(stages) > 1 or not last.stacked or not last.function.is_scalar:
        return stages
    found = raised(derive_tensor(last.function, [last.variable], [last.structure], last.known))
    if found is None:
        return stages
    column = found.T if last.variable.shape[0] is ONE else found
    return [Stage(last.function, last.variable, compact(normal(column)), False, last.structure)]


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
    _scalar(function, "a gradient")
    names = [wrt] if isinstance(wrt, str | Expr) else list(wrt)
    function, variables = _asked(function, names)
    if any(structure_of(x) for x in variables):
        answers = [Derivative(function, derive(function.expr, [x]), "gradient") for x in variables]
    else:
        compacted = compact_all(gradients(function.expr, variables))
        stages = [Stage(function.expr, x, G, False) for x, G in zip(variables, compacted, strict=True)]
        answers = [Derivative(function, [stage], "gradient") for stage in stages]
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
    if indices(function.expr.shape) != 1:
        raise ShapeError("a Jacobian is that of a vector function", shapes={"f": show(function.expr.shape)})
    return derivative(function, wrt)


def hessian(f: Source, wrt: str | Expr) -> Derivative:
    """The matrix of second derivatives of a scalar f, by a matrix ∂²f/∂vec X ∂(vec X)'.

    Raises:
        ShapeError: f is not a scalar.

    >>> from closedform import parse
    >>> print(hessian(parse("norm2(A*x - b)^2", shapes={"A": ("m", "n"), "x": ["n"], "b": ["m"]}), "x"))
    2*A'*A
    """
    function = function_of(f)
    _scalar(function, "a Hessian")
    return derivative(function, wrt, wrt)


def hessian_diagonal(f: Source, wrt: str | Expr) -> Formula:
    """The diagonal of the Hessian of a scalar f, without the Hessian.

    Raises:
        ShapeError: f is not a scalar.

    >>> from closedform import parse
    >>> print(hessian_diagonal(parse("sum(exp(A*x))"), "x"))
    (A.^2)'*exp(A*x)
    """
    function = function_of(f)
    _scalar(function, "a Hessian")
    function, (x,) = _asked(function, [wrt])
    H = derive(function.expr, [x, x])[-1].answer
    return Formula(function, compact(normal(OPS["diagonal"](H)) if not H.is_scalar else H))


def differential(f: Source, *wrt: str | Expr) -> Formula:
    """The differential df, linear in dX; by all variables when none is named.

    >>> from closedform import parse
    >>> print(differential(parse("tr(A*X)"), "X"))
    tr(A*dX)
    """
    function = function_of(f)
    function, variables = _asked(function, wrt) if wrt else _free(function, list(function.variables.values()))
    return _formula(function, differential_of(function.expr, variables))


def jvp(f: Source, wrt: str | Expr, direction: str = "V") -> Formula:
    """The derivative of f in a direction: dF at dX = V, for f of any shape; the large array is never built.

    Args:
        f: a function of any shape.
        wrt: the variable X.
        direction: the name of V, of the shape of X.

    >>> from closedform import parse
    >>> print(jvp(parse("inv(X)"), "X"))
    -inv(X)*V*inv(X)
    """
    function, (x,) = _asked(f, [wrt])
    V = _named(function, direction, x)
    return _formula(function, replace(differential_of(function.expr, [x]), differential_symbol(x), V))


def vjp(f: Source, wrt: str | Expr, cotangent: str = "Y") -> Formula:
    """The transpose of the derivative applied to Y: the G with ⟨Y, dF⟩ = ⟨G, dX⟩.

    Args:
        f: a function of any shape.
        wrt: the variable X; the answer has its shape.
        cotangent: the name of Y, of the shape of f.

    >>> from closedform import parse
    >>> print(vjp(parse("inv(X)"), "X"))
    -inv(X)'*Y*inv(X)'
    """
    function, (x,) = _asked(f, [wrt])
    Y = _named(function, cotangent, normal(function.expr))
    return _formula(function, transpose(differential_of(function.expr, [x]), [differential_symbol(x)], Y)[0])


def hvp(f: Source, wrt: str | Expr, direction: str = "V") -> Formula:
    """The Hessian of a scalar f applied to a direction, without the Hessian.

    Args:
        f: a scalar function.
        wrt: the variable X, of any shape; the answer has its shape.
        direction: the name of V, of the shape of X.

    Raises:
        ShapeError: f is not a scalar.

    >>> from closedform import parse
    >>> print(hvp(parse("tr(inv(X))"), "X"))
    (inv(X)*V*inv(X)^2 + inv(X)^2*V*inv(X))'
    """
    function = function_of(f)
    _scalar(function, "a Hessian")
    function, (x,) = _asked(function, [wrt])
    G = gradients(function.expr, [x])[0]
    V = _named(function, direction, x)
    return _formula(function, replace(differential_of(G, [x]), differential_symbol(x), V))


def _scalar(function: Function, what: str) -> None:
    if not function.expr.is_scalar:
        raise ShapeError(f"{what} is that of a scalar function", shapes={"f": show(function.expr.shape)})


def _named(function: Function, name: str, like: Expr) -> Expr:
    """A new symbol of the shape of another expression.

    Raises:
        RequestError: the function has a variable of that name.
    """
    if not name.isidentifier() or name in function.variables:
        raise RequestError(f"{name[:60]} cannot name a direction: it is a variable of the function, or no name")
    return symbol(name, like.shape)


def _formula(function: Function, e: Expr) -> Formula:
    """A compact formula whose parameters are those of the function and the new symbols in it."""
    found = compact(normal(e))
    new = {s.data.name: s for s in symbols(found) if s.data.name not in function.variables}
    return Formula(Function(function.expr, {**function.variables, **new}, function.dims), found)


def compile(
    *results: Source | Formula,
    backend: str = "numpy",
    limit: int | None = None,
    dtype: str = "float64",
    batch: Collection[str] = (),
) -> Callable[..., Any]:
    """Several functions, derivatives and products with them as one program; what they share is computed once.

    Args:
        results: what is to be computed; it is given back as a tuple, in this order.
        backend: what it runs on: numpy, numba, jax, torch or dask.
        limit: bytes that a call may take beside its arguments; by default what the machine has left.
        dtype: the precision: float64, float32, or, in NumPy, longdouble.
        batch: variables that come with one more axis in front, for many points at once.

    Raises:
        RequestError: nothing to compute; two different variables of one name; no such back-end or precision.

    >>> from closedform import derivative, parse
    >>> f = parse("logdet(S) + x'*inv(S)*x", properties={"S": ["spd"]}, shapes={"S": ("n", "n"), "x": ("n",)})
    >>> values = compile(f, derivative(f, "S"), derivative(f, "x"))
    >>> value, by_S, by_x = values(S=[[2, 0], [0, 2]], x=[2, 0])
    >>> round(value, 4), by_x
    (3.3863, array([2., 0.]))
    """
    from closedform.program.compile import compile

    if not results:
        raise RequestError("nothing to compute", hint="name functions and derivatives")
    outputs, variables = list[Any](), dict[str, Expr]()
    for r in results:
        if not isinstance(r, Formula):
            r = Formula(function_of(r), normal(function_of(r).expr))
        outputs.append(r.output)
        for x in r.arguments:
            variables.setdefault(x.data.name, x)
    return compile(outputs, list(variables.values()), backend, limit=limit, dtype=dtype, batch=batch)
