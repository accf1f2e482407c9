"""Arrays of symbols: what a traced function computes with.

An array has no, one or two axes and NumPy's rules; behind it stands an expression, whose shape is n×1 for an array of
one axis.  The meaning of operators and methods is entered in `OPERATORS` and `METHODS` by the modules beside this one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Rational
from typing import Any, NoReturn

from closedform.core.expr import OPS, Expr, Number, number, size_of
from closedform.core.shape import ONE, Dim, Shape, dim
from closedform.errors import ClosedFormError, NotSupported, ShapeError
from closedform.tracing.session import count, not_understood, refused

Dims = tuple[Dim, ...]
Meaning = Callable[..., Any]
OPERATORS: dict[str, Meaning] = {}
METHODS: dict[str, Meaning] = {}
WRITTEN = 9  #: digits of a decimal that somebody wrote; a longer one was computed
WHOLE_INDEX = "write [:, None] or [None, :] for an axis of length 1; entries and slices have no formula here"


def _operator(name: str) -> Callable[[Array, Any], Any]:
    return lambda self, other: perform(OPERATORS[name], self, other)


def _reflected(name: str) -> Callable[[Array, Any], Any]:
    return lambda self, other: perform(OPERATORS[name], other, self)


def _in_place(name: str) -> Callable[[Array, Any], Any]:
    """A new array under the name; the old one may no longer be used, for NumPy changes it and JAX does not."""

    def change(self: Array, other: Any) -> Any:
        made = perform(OPERATORS[name], self, other)
        if made.dims != self.dims:
            raise refused(ShapeError(f"an array of shape {told(self.dims)} cannot become {told(made.dims)} in place"))
        self.buffer.stale = True
        return made

    return change


def _comparison(sign: str) -> Callable[[Array, Any], bool]:
    def compare(self: Array, other: Any) -> bool:
        raise refused(
            NotSupported(
                f"the values are not known, so neither is a comparison with {sign}",
                hint="maximum(x, 0), relu, abs and clip are understood; fix what a branch depends on, and trace again",
            )
        )

    return compare


def _needs_number(what: str) -> Callable[[Array], Any]:
    def convert(self: Array) -> NoReturn:
        raise refused(NotSupported(f"{what} needs a number, and this is a symbol"))

    return convert


class Buffer:
    """The memory that an array and its views share.

    Attributes:
        stale: whether it was changed in place under another name.
    """

    __slots__ = ("stale",)

    def __init__(self) -> None:
        self.stale = False


class Array:
    """An array of symbols.

    Attributes:
        expr: its value; n×1 when there is one axis.
        dims: the length of every axis.
        buffer: shared with its views.
    """

    __slots__ = ("buffer", "dims", "expr")
    dtype = float
    __hash__ = object.__hash__

    def __init__(self, expr: Expr, dims: Dims, buffer: Buffer | None = None) -> None:
        self.expr, self.dims, self.buffer = expr, dims, buffer or Buffer()

    def __str__(self) -> str:
        return str(self.expr)

    def __repr__(self) -> str:
        return f"<array {told(self.dims)}: {self.expr!r}>"

    __add__, __radd__, __iadd__ = _operator("add"), _reflected("add"), _in_place("add")
    __sub__, __rsub__, __isub__ = _operator("subtract"), _reflected("subtract"), _in_place("subtract")
    __mul__, __rmul__, __imul__ = _operator("multiply"), _reflected("multiply"), _in_place("multiply")
    __truediv__, __rtruediv__, __itruediv__ = _operator("divide"), _reflected("divide"), _in_place("divide")
    __pow__, __rpow__, __ipow__ = _operator("power"), _reflected("power"), _in_place("power")
    __matmul__, __rmatmul__, __imatmul__ = _operator("matmul"), _reflected("matmul"), _in_place("matmul")
    __lt__, __le__, __gt__, __ge__ = _comparison("<"), _comparison("<="), _comparison(">"), _comparison(">=")
    __bool__ = _needs_number("if/and/or")
    __float__, __int__, __complex__ = _needs_number("float()"), _needs_number("int()"), _needs_number("complex()")
    __index__, __round__ = _needs_number("index/range"), _needs_number("round()")

    def __eq__(self, other: object) -> bool:
        return self is other or (other is not None and _comparison("==")(self, other))

    def __ne__(self, other: object) -> bool:
        return self is not other and (other is None or _comparison("!=")(self, other))

    def __neg__(self) -> Any:
        return perform(OPERATORS["negative"], self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return perform(OPERATORS["abs"], self)

    # shape

    @property
    def ndim(self) -> int:
        return len(self.dims)

    @property
    def shape(self) -> tuple[int | Size, ...]:
        return tuple(d.count if not d.names else Size(d) for d in self.dims)

    @property
    def size(self) -> Size:
        """The number of entries; called, as in PyTorch, the shape or the length of an axis."""
        return Extent(self)

    @property
    def T(self) -> Any:
        return perform(turned, self) if self.ndim == 2 else self

    @property
    def mT(self) -> Any:
        return perform(turned, self)

    # entries

    def __getitem__(self, index: Any) -> Any:
        return perform(indexed, self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise refused(NotSupported("an entry cannot be assigned in a traced function", hint=WHOLE_INDEX))

    def __iter__(self) -> Iterator[Any]:
        raise refused(
            NotSupported(
                "a loop over the entries of an array has no formula",
                hint="write it with sums, products and functions of whole arrays",
            )
        )

    def __len__(self) -> int:
        first = self.shape[0] if self.dims else 0
        return first if isinstance(first, int) else first.__index__()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in METHODS:
            raise not_understood(f"the attribute .{name} of an array")
        return lambda *args, **kwargs: perform(METHODS[name], self, *args, **kwargs)

    # protocols: NumPy, PyTorch and the array API ask the array; whoever asks for its numbers is refused

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        import numpy as np

        name = ("numpy." if getattr(np, ufunc.__name__, None) is ufunc else "scipy.special.") + ufunc.__name__
        if method != "__call__":
            raise not_understood(f"{name}.{method}")
        return DISPATCH[0](ufunc, name, args, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return DISPATCH[0](function, f"{function.__module__}.{function.__name__}", args, kwargs)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = sys.modules["torch"].overrides.resolve_name(function) or str(function)
        return DISPATCH[0](function, name.replace("torch.Tensor.", "torch."), args, kwargs or {})

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise refused(NotSupported("the values of an array are not known in a traced function"))

    def __array_namespace__(self, **kwargs: Any) -> Any:
        return NAMESPACES["numpy"]()


NAMESPACES: dict[str, Callable[[], Any]] = {}  #: entered by `rebind`
DISPATCH: list[Callable[..., Any]] = []  #: entered by `libraries`


def view(x: Array, expr: Expr, dims: Dims) -> Array:
    """Another array in the memory of x."""
    return Array(expr, dims, fresh(x).buffer)


class Size(Array):
    """The length of an axis, as a number: also where a shape is wanted.

    Attributes:
        dim: the dimension.
    """

    __slots__ = ("dim",)

    def __init__(self, dim: Dim) -> None:
        super().__init__(size_of(dim), ())
        self.dim = dim

    def __mul__(self, other: Any) -> Any:
        whole = isinstance(other, Size) or (isinstance(other, int) and other > 0)
        return Size(self.dim * as_dim(other)) if whole else super().__mul__(other)

    def __rmul__(self, other: Any) -> Any:
        return self * other if isinstance(other, int) else super().__rmul__(other)

    def __index__(self) -> int:
        if self.dim.names:
            raise refused(NotSupported(f"the number that {self.dim} stands for is not known",
                                       hint="declare the shape with a number to loop over an axis"))  # fmt: skip
        return self.dim.count

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int | Size):
            return other is not None and super().__eq__(other)
        if isinstance(other, int) and other < 1:
            return False
        d = as_dim(other)
        if d is not self.dim and (d.names or self.dim.names):
            raise refused(NotSupported(f"whether {self.dim} equals {d} is not known",
                                       hint="declare both with the same name, or as numbers"))  # fmt: skip
        return d is self.dim

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.dim)


class Extent(Size):
    """The number of entries of an array."""

    __slots__ = ("of",)

    def __init__(self, of: Array) -> None:
        entries = ONE
        for d in of.dims:
            entries = entries * d
        super().__init__(entries)
        self.of = of

    def __call__(self, axis: int | None = None) -> Any:
        return self.of.shape if axis is None else self.of.shape[axis]


# ------------------------------------------------------------------------------------------------------- values


def perform(meaning: Meaning, *args: Any, **kwargs: Any) -> Any:
    """An operation, counted; its error is remembered.

    Raises:
        ClosedFormError: what the operation raises.
    """
    count()
    try:
        return meaning(*args, **kwargs)
    except ClosedFormError as error:
        raise refused(error) from None


def fresh(x: Array) -> Array:
    """The array, unless it was changed in place under another name."""
    if x.buffer.stale:
        raise NotSupported("this array was changed in place under another name", hint="write x = x + y, not x += y")
    return x


def lift(value: Any) -> Array:
    """An array, or a number as an array without axes.

    Raises:
        NotSupported: an array of numbers, or something else.
    """
    if isinstance(value, Array):
        return fresh(value)
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Rational):
        return Array(number(Fraction(value)), ())
    if isinstance(value, float | Decimal) and isfinite(value):
        return Array(number(decimal(value)), ())
    if contains_array(value):
        raise NotSupported("a list of arrays has no formula here", hint="write a sum of products with the parts")
    if hasattr(value, "shape") or isinstance(value, list | tuple):
        raise NotSupported("an array of numbers has no name in the formula",
                           hint="make it a parameter or a global, and declare its shape")  # fmt: skip
    raise NotSupported(f"{str(value)[:40]} is neither an array nor a finite number")


def decimal(value: float | Decimal) -> Number:
    """The decimal that Python prints if it is short, 0.1 for one tenth; else the floating-point number.

    >>> decimal(0.1), decimal(1 / 3)
    (Fraction(1, 10), 0.3333333333333333)
    """
    written = Decimal(str(value))
    return Fraction(written) if len(written.as_tuple().digits) <= WRITTEN else float(value)


def told(dims: Dims) -> str:
    """A shape as NumPy prints it: `()`, `(n,)`, `(m, n)`."""
    return f"({', '.join(map(str, dims))}{',' if len(dims) == 1 else ''})"


def as_dim(value: Any) -> Dim:
    """A length: a whole number, a `Size`, or a product of them.

    Raises:
        NotSupported: another number.
    """
    if isinstance(value, Size):
        return value.dim
    if isinstance(value, int) and value > 0:
        return dim(value)
    raise NotSupported(f"{str(value)[:40]} is not a length: lengths are those of axes, positive numbers and products")


def matrix_shape(dims: Dims) -> Shape:
    """The shape of the expression of an array.

    Raises:
        NotSupported: it has more than two axes.
    """
    if len(dims) > 2:
        raise NotSupported(f"an array of {len(dims)} axes is not understood: there are scalars, vectors and matrices")
    first, second = (*dims, ONE, ONE)[:2]
    return first, second


def turned(x: Array) -> Array:
    """The transpose of a matrix.

    Raises:
        ShapeError: it is none.
    """
    if x.ndim != 2:
        raise ShapeError(f"an array of shape {told(x.dims)} is not a matrix, and has no transpose of one")
    return view(x, x.expr.T, x.dims[::-1])


def indexed(x: Array, index: Any) -> Array:
    """`x[:, None]`, `x[None, :]`, `x[:]` and `x[...]`: everything, with axes of length 1 put in.

    Raises:
        NotSupported: an entry, a slice or a mask.
    """
    dims: list[Dim] = []
    waiting = list(x.dims)
    for part in index if isinstance(index, tuple) else (index,):
        if part is None:
            dims.append(ONE)
        elif part is Ellipsis:
            dims, waiting = dims + waiting, []
        elif isinstance(part, slice) and part == slice(None) and waiting:
            dims.append(waiting.pop(0))
        else:
            raise NotSupported("this index is not understood in a traced function", hint=WHOLE_INDEX)
    return reshaped(x, (*dims, *waiting))


def reshaped(x: Array, dims: Dims) -> Array:
    """The same entries in the same order, with other axes; a view.

    Raises:
        ShapeError: another number of entries.
        NotSupported: more than two axes, or a matrix made from a vector.
    """
    rows, columns = matrix_shape(x.dims)
    shape = matrix_shape(dims)
    if shape == (rows, columns):
        return view(x, x.expr, dims)
    if shape[0] * shape[1] is not rows * columns:
        raise ShapeError(f"an array of shape {told(x.dims)} cannot have the shape {told(dims)}")
    if shape == (columns, rows) and ONE in shape:
        return view(x, x.expr.T, dims)
    if shape[1] is ONE or shape[0] is ONE:
        stacked = OPS["vec"](x.expr.T)
        return view(x, stacked if shape[1] is ONE else stacked.T, dims)
    raise NotSupported(f"to reshape {told(x.dims)} to {told(dims)} has no formula here")


def contains_array(values: Any, depth: int = 3) -> bool:
    """Whether there is an array of symbols among these, also in lists and tuples."""
    if isinstance(values, Array):
        return True
    if isinstance(values, Mapping):
        values = list(values.values())
    return depth > 0 and isinstance(values, list | tuple) and any(contains_array(v, depth - 1) for v in values)
