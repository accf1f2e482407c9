"""Arrays of symbols: what a traced function computes with.

An array has no, one or two axes and NumPy's rules; behind it stands an expression, whose shape is n×1 for an array of
one axis.  The meaning of operators and methods is entered in `OPERATORS` and `METHODS` by the modules beside this one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from closedform.core.expr import Expr, size_of
from closedform.core.shape import ONE, Dim, dim
from closedform.errors import ClosedFormError, NotSupported, ShapeError
from closedform.tracing.session import count, not_understood, refused

Dims = tuple[Dim, ...]
Meaning = Callable[..., Any]
OPERATORS: dict[str, Meaning] = {}
METHODS: dict[str, Meaning] = {}
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
        return _comparison("==")(self, other)

    def __ne__(self, other: object) -> bool:
        return _comparison("!=")(self, other)

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
        return perform(OPERATORS["turn"], self) if self.ndim == 2 else self

    @property
    def mT(self) -> Any:
        return perform(OPERATORS["turn"], self)

    # entries

    def __getitem__(self, index: Any) -> Any:
        return perform(OPERATORS["index"], self, index)

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
        if name == "weak_type":  # by which JAX knows its own arrays
            raise refused(
                NotSupported(
                    "a function of JAX that is reached through an object cannot be traced",
                    hint="trace the method itself, or call it in a plain function",
                )
            )
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
