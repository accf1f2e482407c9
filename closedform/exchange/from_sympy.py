"""From SymPy: matrix and scalar expressions to the function that `parse` returns.

The table is by the names of SymPy's classes, so that reading an expression imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any

from closedform.core.expr import OPS, Expr, eye, number, ones, size_of, symbol, times, zeros
from closedform.core.function import Function
from closedform.core.shape import ONE, Dim, dim
from closedform.errors import NotSupported, RequestError
from closedform.ops import elementwise as entry
from closedform.syntax.declare import Properties, check_fit, check_name, declared_properties

SIZED = ("MatrixSymbol", "Identity", "ZeroMatrix", "OneMatrix")  #: matrices that carry their sizes
LARGEST = 2000  #: operations in one expression
DEEPEST = 200  #: operations inside one another


def from_sympy(expression: Any, properties: Properties | None = None) -> Function:
    """Read an expression of SymPy.

    A `MatrixSymbol` is a variable, a `Symbol` a scalar variable, or a size if a shape has it.

    Args:
        expression: a scalar or a matrix expression.
        properties: name to properties, as for `parse`; SymPy's own assumptions are not read.

    Raises:
        NotSupported: it contains something that has no form here.
        RequestError: it is no expression of SymPy.
        DeclarationError: a name or property that cannot be.

    >>> from sympy import MatrixSymbol, Trace, symbols
    >>> from closedform import gradient
    >>> m, n = symbols("m n")
    >>> A, X = MatrixSymbol("A", n, m), MatrixSymbol("X", m, n)
    >>> print(gradient(from_sympy(Trace(A * X * A * X)), "X"))
    2*(A*X*A)'
    """
    if not hasattr(expression, "args") or not hasattr(expression, "free_symbols"):
        raise RequestError(f"from_sympy reads an expression of SymPy, not {type(expression).__name__}")
    reading = Reading(declared_properties(properties or {}))
    reading.sizes_of(expression)
    expr = reading.read(expression)
    return Function(expr, dict(sorted(reading.variables.items())), reading.dims)


@dataclass
class Reading:
    """What has been read so far.

    Attributes:
        properties: of variables.
        variables: met so far.
        dims: the sizes that have a name.
        made: the expression of every part that was read.
        bound: what the variables of functions applied entry by entry stand for.
        depth, count: of the parts.
    """

    properties: dict[str, frozenset[str]]
    variables: dict[str, Expr] = field(default_factory=dict)
    dims: dict[str, Dim] = field(default_factory=dict)
    made: dict[Any, Expr] = field(default_factory=dict)
    bound: dict[Any, Expr] = field(default_factory=dict)
    depth: int = 0
    count: int = 0

    def sizes_of(self, e: Any) -> None:
        """Find the names that are sizes, before a symbol of that name is read."""
        waiting, seen = [e], set()
        while waiting:
            part = waiting.pop()
            if part in seen:
                continue
            seen.add(part)
            waiting += part.args
            if type(part).__name__ in SIZED:
                self.size(part.rows)
                self.size(part.cols)

    def read(self, e: Any) -> Expr:
        """The expression of a part; the same part is read once.

        Raises:
            NotSupported: it has no form here, or is too large.
        """
        if e not in self.made:
            self.depth, self.count = self.depth + 1, self.count + 1
            if self.count > LARGEST or self.depth > DEEPEST:
                raise NotSupported("this SymPy expression is too large to be read")
            self.made[e] = _meaning(e)(self, e)
            self.depth -= 1
        return self.made[e]

    def within(self, bound: dict[Any, Expr], read: Callable[[], Expr]) -> Expr:
        """Read while some symbols stand for expressions; what was read outside may mean something else inside."""
        outside = self.bound, self.made
        self.bound, self.made = bound, dict(bound)
        found = read()
        self.bound, self.made = outside
        return found

    def all(self, e: Any) -> list[Expr]:
        return [self.read(a) for a in e.args]

    def size(self, n: Any) -> Dim:
        """A dimension: a name, a positive integer, or a product of them.

        Raises:
            NotSupported: another size.
        """
        if n.is_Symbol:
            self.dims[n.name] = dim(n.name)
            return self.dims[n.name]
        if n.is_Integer and n > 0:
            return dim(int(n))
        if n.is_Mul:
            return reduce(Dim.__mul__, map(self.size, n.args))
        raise NotSupported(f"the size {n} is not a name, a positive number or a product of them"[:200])

    def variable(self, name: str, shape: tuple[Dim, Dim]) -> Expr:
        """A variable.

        Raises:
            NotSupported: two variables of one name.
        """
        name = check_name(name)
        facts = self.properties.get(name, frozenset())
        check_fit(name, shape, facts)
        found = self.variables.setdefault(name, symbol(name, shape, facts))
        if found.shape != shape:
            raise NotSupported(f"two variables are named {name}, with different shapes")
        return found


def _meaning(e: Any) -> Callable[[Reading, Any], Expr]:
    for kind in type(e).__mro__:
        if kind.__name__ in MEANING:
            return MEANING[kind.__name__]
    hint = "write Trace(x.T*A*x) for the scalar, not (x.T*A*x)[0, 0]" if type(e).__name__ == "Sum" else None
    raise NotSupported(f"SymPy's {type(e).__name__} has no form here", hint=hint)


def _symbol(reading: Reading, e: Any) -> Expr:
    """A scalar variable; the size of that name, if a shape has it."""
    if e.name in reading.dims:
        return size_of(reading.dims[e.name])
    return reading.variable(e.name, (ONE, ONE))


def _matrix_symbol(reading: Reading, e: Any) -> Expr:
    return reading.variable(e.name, (reading.size(e.rows), reading.size(e.cols)))


def _shape(reading: Reading, e: Any) -> tuple[Dim, Dim]:
    return reading.size(e.rows), reading.size(e.cols)


def _element(reading: Reading, e: Any) -> Expr:
    """The one entry of a 1×1 matrix.

    Raises:
        NotSupported: an entry of a larger one.
    """
    made = reading.read(e.parent)
    if not made.is_scalar:
        raise NotSupported("an entry of a matrix has no form here, but for that of a 1×1 matrix")
    return made


def _sum(reading: Reading, e: Any) -> Expr:
    return reduce(_added, reading.all(e))


def _added(a: Expr, b: Expr) -> Expr:
    """A sum; a scalar beside a matrix, as in a function of every entry, stands for itself in every entry."""
    shape = b.shape if a.is_scalar else a.shape
    return _filled(a, shape) + _filled(b, shape)


def _filled(a: Expr, shape: tuple[Dim, Dim]) -> Expr:
    return times(a, ones(shape)) if a.shape != shape and a.is_scalar else a


def _matrix_product(reading: Reading, e: Any) -> Expr:
    return reduce(lambda a, b: a @ b, reading.all(e))


def _scalar_product(reading: Reading, e: Any) -> Expr:
    return reduce(times, reading.all(e))


def _power(reading: Reading, e: Any) -> Expr:
    return reading.read(e.args[0]) ** reading.read(e.args[1])


def _matrix_power(reading: Reading, e: Any) -> Expr:
    X, k = reading.all(e)
    if k.op.name == "number" and k.data == -1:
        return OPS["inv"](X)
    if k.op.name == "number" and k.data == Fraction(1, 2):
        return OPS["sqrtm"](X)
    if not (e.args[1].is_integer or "integer" in getattr(k.data, "properties", ())):
        raise NotSupported("a matrix power is understood with an integer exponent")
    return OPS["matpow"](X, k)


def _diagonal_matrix(reading: Reading, e: Any) -> Expr:
    X = reading.read(e.args[0])
    return OPS["diag"](X) if ONE in X.shape else times(X, eye(X.shape[0]))


def _apply(reading: Reading, e: Any) -> Expr:
    """A function of every entry: its body, with the matrix in the place of its variable."""
    X = reading.read(e.expr)
    function = e.function
    if hasattr(function, "variables"):
        (x,), body = function.variables, function.expr
        return reading.within({**reading.bound, x: X}, lambda: _filled(reading.read(body), X.shape))
    return _entrywise(getattr(function, "__name__", str(function)), X)


def _entrywise(name: str, X: Expr) -> Expr:
    if name not in ENTRYWISE:
        raise NotSupported(f"SymPy's {name} has no form here")
    return ENTRYWISE[name](X)


def _maximum(reading: Reading, e: Any) -> Expr:
    """max(0, x) is relu(x); max(x, y) is y + relu(x − y)."""
    return reduce(_larger, reading.all(e))


def _larger(a: Expr, b: Expr) -> Expr:
    for x, y in ((a, b), (b, a)):
        if x.op.name == "number" and x.data == 0:
            return entry.relu(y)
    return _added(b, entry.relu(_added(a, -b)))


def _of_one(name: str) -> Callable[[Reading, Any], Expr]:
    return lambda reading, e: OPS[name](reading.read(e.args[0]))


def _applied(function: Callable[[Expr], Expr]) -> Callable[[Reading, Any], Expr]:
    return lambda reading, e: function(reading.read(e.args[0]))


def _joined(name: str) -> Callable[[Reading, Any], Expr]:
    return lambda reading, e: reduce(OPS[name], reading.all(e))


ENTRYWISE: dict[str, Callable[[Expr], Expr]] = {
    "exp": entry.exp, "log": entry.log, "sin": entry.sin, "cos": entry.cos, "tan": entry.tan, "asin": entry.arcsin,
    "acos": entry.arccos, "atan": entry.arctan, "sinh": entry.sinh, "cosh": entry.cosh, "tanh": entry.tanh,
    "Abs": entry.abs, "sign": entry.sign, "erf": entry.erf,
}  # fmt: skip
MEANING: dict[str, Callable[[Reading, Any], Expr]] = {  #: by the class, or one that it derives from
    **{name: _applied(f) for name, f in ENTRYWISE.items()},
    "Symbol": _symbol, "MatrixSymbol": _matrix_symbol, "MatrixElement": _element,
    "Rational": lambda reading, e: number(Fraction(int(e.p), int(e.q))),
    "Float": lambda reading, e: number(Fraction(str(e))),
    "NumberSymbol": lambda reading, e: number(float(e)),
    "Add": _sum, "MatAdd": _sum, "Mul": _scalar_product, "MatMul": _matrix_product, "Pow": _power,
    "MatPow": _matrix_power, "Inverse": _of_one("inv"), "Transpose": _of_one("transpose"), "Trace": _of_one("tr"),
    "Determinant": _of_one("det"), "HadamardProduct": _joined("hadamard"), "HadamardPower": _power,
    "KroneckerProduct": _joined("kron"), "DiagMatrix": _diagonal_matrix, "DiagonalMatrix": _diagonal_matrix,
    "DiagonalOf": _of_one("diagonal"), "ElementwiseApplyFunction": _apply, "Max": _maximum,
    "Identity": lambda reading, e: eye(reading.size(e.rows)),
    "ZeroMatrix": lambda reading, e: zeros(_shape(reading, e)),
    "OneMatrix": lambda reading, e: ones(_shape(reading, e)),
}  # fmt: skip
