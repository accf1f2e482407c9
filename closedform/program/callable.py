"""The callable around generated code: arguments by name or in order, their shapes, the program for their sizes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from closedform.core.shape import ONE, Dim, Shape, show
from closedform.errors import RequestError, ShapeError
from closedform.program.lengths import rounded

if TYPE_CHECKING:
    from closedform.program.bound import Bound
    from closedform.program.into import Into

REMEMBERED = 1000  #: shapes that are looked at only once
MOST = 32  #: programs for other sizes
AWHILE = 0.05  #: seconds in which the memory of the machine is not looked at again


def _unseen(*values: Any) -> Any:
    raise AssertionError("shapes are looked at before they are computed with")


UNSEEN = -inf, _unseen  #: until when shapes are known to fit, and what runs at them


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of a compiled function: its name as the user wrote it, and its symbolic shape."""

    name: str
    shape: Shape

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The sizes of the array's axes."""
        rows, columns = self.shape
        if rows is ONE or columns is ONE:
            return () if rows is columns else (rows if columns is ONE else columns,)
        return self.shape


class Compiled:
    """A function of arrays: scalars are numbers, vectors 1-D, matrices 2-D; by keyword or in order.

    Attributes:
        source: the Python code that runs.
        arguments: the variables, in order.
        sizes: named dimensions that no variable shows; given by keyword.
        bound: the memory that a call may take.
        array: what a caller gives, as an array.
        batched: for each variable, whether an axis of points is in front of its own.
        fitting: shapes of arguments that were found to fit, and until when; for ever where they need little memory.
        into: writes the result into an array of the caller, where that is possible.
        again: compiles the same for other sizes; none where it is made for some.
        for_sizes: what it gave, by the sizes.
    """

    def __init__(
        self,
        run: Callable[..., Any],
        source: str,
        arguments: Sequence[Argument],
        sizes: Sequence[str],
        bound: Bound,
        array: Callable[[Any], Any],
        batched: Collection[str] = (),
        into: Into | None = None,
        again: Callable[..., Compiled] | None = None,
    ) -> None:
        self.run, self.source, self.arguments, self.sizes = run, source, tuple(arguments), tuple(sizes)
        self.bound, self.array, self.batched = bound, array, [a.name in batched for a in arguments]
        self.names = [a.name for a in arguments] + list(sizes)
        self.fitting: dict[tuple[Any, ...], tuple[float, Callable[..., Any]]] = {}
        self.into, self.again = into, again
        self.for_sizes: dict[tuple[tuple[str, int], ...], Compiled] = {}

    def __repr__(self) -> str:
        return f"<compiled function of {', '.join(self.names) or 'nothing'}>"

    def __call__(self, /, *args: Any, **named: Any) -> Any:
        """The value; written into the array `out`, if that is given.

        Raises:
            RequestError: an argument is missing, unknown or not numeric.
            ShapeError: the arrays do not fit the declared shapes.
            DomainError: a matrix that must be inverted is singular.
            TooLarge: it would take more memory than there is.
        """
        if "out" in named and "out" not in self.names:
            return self.stored(args, named)
        values = self.values(args, named)
        return self.at(values, self.shapes(values))

    def at(self, values: list[Any], shapes: tuple[Any, ...]) -> Any:
        """The value at arrays and sizes in order, which have these shapes; raises what a call raises."""
        until, run = self.fitting.get(shapes, UNSEEN)
        if until != inf and until < monotonic():
            known = self.fit(values)
            points = next((v.shape[0] for v, batched in zip(values, self.batched, strict=False) if batched), 1)
            fitted = self.fitted(known)
            settled, run = fitted.bound.admit(known, points), fitted.run
            if len(self.fitting) < REMEMBERED:
                self.fitting[shapes] = inf if settled else monotonic() + AWHILE, run
        return run(*values)

    def fitted(self, sizes: Mapping[str, int]) -> Compiled:
        """The function whose products are in an order that is cheap at these sizes of the dimensions."""
        near = rounded(sizes)
        if self.again is None or not near:
            return self
        if near not in self.for_sizes and len(self.for_sizes) < MOST:
            found = self.again(sizes=dict(near))
            self.for_sizes[near] = self if found.source == self.source else found
        return self.for_sizes.get(near, self)

    def stored(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The array `out`, with the value in it.

        Raises:
            RequestError: the value cannot be written there.
            ShapeError: it has another shape than the value.
        """
        out = named.pop("out")
        if out is None:
            return self(*args, **named)
        if self.into is None:
            raise RequestError("out takes one result that is an array, of NumPy, at one point")
        values = self.values(args, named)
        known = self.fit(values)
        fitted = self.fitted(known)
        fitted.bound.admit(known)
        into = fitted.into or self.into
        return into.run(values, known, out)

    def values(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> list[Any]:
        """The arrays and sizes in order.

        Raises:
            RequestError: an argument is missing, unknown or not numeric.
        """
        values = self.bind(args, named)
        for i, a in enumerate(values[: len(self.arguments)]):
            try:
                values[i] = self.array(a)
            except (TypeError, ValueError):
                raise RequestError(f"{self.names[i]} is not an array of real numbers") from None
        return values

    def shapes(self, values: list[Any]) -> tuple[Any, ...]:
        """The shapes of the arrays, and the sizes."""
        count = len(self.arguments)
        return tuple([v.shape for v in values[:count]] + [int(v) for v in values[count:]])

    def fit(self, values: list[Any]) -> dict[str, int]:
        """The size of every named dimension.

        Raises:
            ShapeError: the arrays do not fit the declared shapes.
        """
        known = {name: int(v) for name, v in zip(self.sizes, values[len(self.arguments) :], strict=True)}
        points: set[int] = set()
        for argument, a, batched in zip(self.arguments, values, self.batched, strict=False):
            dims, shape = argument.dims, tuple(a.shape)
            if batched:
                points.update(shape[:1])
                shape = shape[1:]
            if a.ndim != len(dims) + batched or len(points) > 1:
                raise misfit(argument, tuple(a.shape), known)
            for d, size in zip(dims, shape, strict=True):
                if d.name:
                    if known.setdefault(d.name, size) != size:
                        raise misfit(argument, shape, known)
                elif all(n in known for n in d.names) and d.value(known) != size:
                    raise misfit(argument, shape, known)
        return known

    def bind(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> list[Any]:
        """The values in order."""
        names = self.names
        if len(args) > len(names):
            raise RequestError(f"{len(args)} arguments given; it takes {', '.join(names)}")
        if not args and len(named) == len(names):
            try:
                return [named[name] for name in names]
            except KeyError:
                pass
        plain = {normalize("NFKC", name): name for name in names}  # as Python reads the names of keywords
        named = {name if name in names else plain.get(name, name): value for name, value in named.items()}
        unknown = [name for name in named if name not in names]
        if unknown:
            raise RequestError(f"unknown argument {unknown[0]}; it takes {', '.join(names) or 'none'}")
        twice = [name for name in names[: len(args)] if name in named]
        if twice:
            raise RequestError(f"{twice[0]} is given twice")
        missing = [name for name in names[len(args) :] if name not in named]
        if missing:
            raise RequestError(f"missing argument {missing[0]}; it takes {', '.join(names)}")
        return list(args) + [named[name] for name in names[len(args) :]]


def misfit(argument: Argument, given: tuple[int, ...], known: Mapping[str, int]) -> ShapeError:
    """The error for an array of the wrong shape."""
    name, wanted = argument.name, show(argument.shape)
    shape = "×".join(map(str, given)) if given else "a number"
    if len(given) != len(argument.dims):
        kind = ("a number", "a 1-D array", "a 2-D array")[len(argument.dims)]
        return ShapeError(f"{name} is {wanted}, so {kind}; the given value is {shape}")
    sizes = ", ".join(f"{n} = {known[n]}" for d in argument.dims for n in d.names if n in known)
    if sizes:
        return ShapeError(f"{name} is {wanted} with {sizes}; the given value is {shape}")
    return ShapeError(f"{name} is {wanted}; the given value is {shape}")
