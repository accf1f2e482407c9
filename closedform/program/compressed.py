"""A derivative that is not formed: a sum of products of small arrays, which multiplies and solves as it is.

Every part has a letter for each axis of the derivative.  Axes with the same letter are a diagonal; an array has letters
of its own axes, and stands for 1 along all others.  So δ_ik B_jl is view `ijil` with one array of letters `jl`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from math import prod
from typing import Any, NamedTuple

import numpy as np

from closedform.core.shape import Dim
from closedform.core.shown import Shown
from closedform.errors import RequestError, ShapeError, TooLarge
from closedform.program.callable import REMEMBERED, Compiled
from closedform.program.room import available, in_words

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]
TOLERANCE = 1e-10  #: of the relative residual of conjugate gradients
ALPHABET = "ijklmnopqrstuvwxyzabcdefghIJKLMNOPQRSTUVWXYZABCDEFGH"


class Shape(NamedTuple):
    """The form of a part: its letters, and which of the computed arrays are its own."""

    view: str
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A product of arrays on a diagonal.

    Attributes:
        view: a letter for every axis of the derivative.
        words: the letters of the axes of each array.
        arrays: the arrays.
    """

    view: str
    words: tuple[str, ...]
    arrays: tuple[Array, ...]

    @property
    def shape(self) -> Shape:
        """Its letters alone."""
        return Shape(self.view, self.words)

    def renamed(self, letters: dict[str, str]) -> Part:
        """With other letters."""
        table = str.maketrans(letters)
        return replace(self, view=self.view.translate(table), words=tuple(w.translate(table) for w in self.words))


class Compressed(Shown):
    """A derivative as a sum of products of small arrays; rows are the axes of the function.

    Attributes:
        parts: the products.
        sizes: of every axis: those of the function, then those of the variable.
        rows: how many belong to the function; by several variables, those of all variables but the last as well.
        symmetric: whether it is a second derivative of a number by one variable.
        shapes: the forms of the parts.
    """

    def __init__(
        self, parts: Sequence[Part], sizes: Sizes, rows: int, symmetric: bool, shapes: tuple[Shape, ...] = ()
    ) -> None:
        self.parts, self.sizes, self.rows, self.symmetric = tuple(parts), sizes, rows, symmetric
        self.shapes = shapes or tuple(p.shape for p in parts)

    @property
    def shape(self) -> tuple[Sizes, Sizes]:
        """The axes of the function, and those of the variable."""
        return self.sizes[: self.rows], self.sizes[self.rows :]

    @property
    def nbytes(self) -> int:
        """The memory of its arrays."""
        return sum({id(a): a.nbytes for p in self.parts for a in p.arrays}.values())

    def __repr__(self) -> str:
        rows, columns = ("×".join(map(str, axes)) or "1" for axes in self.shape)
        whole = in_words(8 * prod(self.sizes))
        return f"<derivative of {rows} by {columns} in {len(self.parts)} parts: {in_words(self.nbytes)} for {whole}>"

    @property
    def T(self) -> Compressed:
        """With rows and columns exchanged."""
        n = self.rows
        parts = [replace(p, view=p.view[n:] + p.view[:n]) for p in self.parts]
        return Compressed(parts, self.sizes[n:] + self.sizes[:n], len(self.sizes) - n, self.symmetric)

    def dense(self) -> Array:
        """Every entry, in one array.

        Raises:
            TooLarge: it takes more memory than there is.
        """
        need, room = 8 * prod(self.sizes), available()
        if need > room:
            raise TooLarge(
                f"the derivative would take {in_words(need)}; a call may take {in_words(room)}",
                hint="multiply and solve with it as it is: matvec, rmatvec, solve",
            )
        return self.summed(lambda view: view, self.sizes)

    def diagonal(self) -> Array:
        """The entries on the diagonal, shaped like the variable.

        Raises:
            ShapeError: it is not square.
        """
        self.check_square()
        return self.summed(lambda view: view[: self.rows], self.sizes[: self.rows], _on_diagonal)

    def summed(self, kept: Callable[[str], str], sizes: Sizes, looked: Callable[[Part], Part] = lambda p: p) -> Array:
        """The sum of the parts as an array with the axes that are kept."""
        total = np.zeros(sizes)
        for p in map(looked, self.parts):
            view = kept(p.view)
            word = "".join(c for c in dict.fromkeys(view) if any(c in w for w in p.words))
            add(total, view, word, contract(p.words, p.arrays, word))
        return total

    # products

    def matvec(self, v: Any) -> Array:
        """The product with a direction that is shaped like the variable, or flat.

        Raises:
            ShapeError: it is not.
        """
        return self.times(self._shaped(v, self.shape[1])[..., None])[..., 0]

    def rmatvec(self, v: Any) -> Array:
        """The product of the transpose with an array that is shaped like the function, or flat."""
        return self.T.matvec(v)

    __matmul__ = matvec

    def times(self, V: Array) -> Array:
        """The product with several directions, along the last axis."""
        total = np.zeros((*self.shape[0], V.shape[-1]))
        for p in self.parts:
            rows, columns = p.view[: self.rows], p.view[self.rows :]
            several = next(c for c in ALPHABET if c not in p.view)
            inner = "".join(dict.fromkeys(columns)) + several
            words, arrays = (inner, *p.words), (np.einsum(f"{columns}{several}->{inner}", V), *p.arrays)
            word = "".join(c for c in dict.fromkeys(rows + several) if any(c in w for w in words))
            add(total, rows + several, word, contract(words, arrays, word))
        return total

    def aslinearoperator(self) -> Any:
        """For SciPy: a matrix whose rows and columns count the entries of function and variable, row after row."""
        from scipy.sparse.linalg import LinearOperator

        rows, columns = map(prod, self.shape)

        def product(H: Compressed) -> Callable[[Any], Array]:
            return lambda V: H.times(np.asarray(V).reshape(*H.shape[1], -1)).reshape(prod(H.shape[0]), -1)

        forth, back = product(self), product(self.T)
        return LinearOperator(
            (rows, columns), lambda v: forth(v)[:, 0], lambda v: back(v)[:, 0], forth, dtype=np.float64, rmatmat=back
        )

    def solve(self, b: Any, tol: float = TOLERANCE) -> Array:
        """The X that it multiplies to b, shaped like the variable.

        Diagonals, blocks, Kronecker products, sums of two of them, and vectors added to those are solved directly; a
        symmetric rest by conjugate gradients.

        Args:
            b: shaped like the function, or flat.
            tol: where conjugate gradients end, a relative residual.

        Raises:
            ShapeError: it is not square, or b does not fit.
            DomainError: it is singular; or not positive definite, where that is needed.
            NotSupported: it is neither symmetric nor of a form that is solved directly.
        """
        from closedform.program.solving import solve

        self.check_square(same=False)
        return solve(self, self._shaped(b, self.shape[0])[..., None], tol)[..., 0]

    def check_square(self, *, same: bool = True) -> None:
        """Raises:
        ShapeError: the function has not as many entries as the variable, or they are not shaped the `same`.
        """
        rows, columns = self.shape
        if prod(rows) != prod(columns) or (same and rows != columns):
            raise ShapeError(f"a derivative of {_by(rows)} by {_by(columns)} is not square")

    @staticmethod
    def _shaped(v: Any, sizes: Sizes) -> Array:
        try:
            found = np.asarray(v, dtype=float)
        except (TypeError, ValueError):
            raise RequestError("a direction is an array of real numbers") from None
        if found.shape not in (sizes, (prod(sizes),)):
            raise ShapeError(f"a direction here is {_by(sizes)}, or flat; the given one is {_by(found.shape)}")
        return found.reshape(sizes)


def _by(sizes: Sizes) -> str:
    return "×".join(map(str, sizes)) if sizes else "a number"


def _on_diagonal(p: Part) -> Part:
    """With one letter for a row and its column."""
    half = len(p.view) // 2
    for k in range(half):
        p = p.renamed({p.view[half + k]: p.view[k]})
    return p


def add(total: Array, view: str, word: str, value: Array) -> None:
    """Add an array to a diagonal of another one; it is repeated along letters that it has not."""
    target = "".join(c for c in dict.fromkeys(view) if c not in word) + word
    place = total if target == view else np.einsum(f"{view}->{target}", total)
    place[...] += value


def contract(words: Sequence[str], arrays: Sequence[Array], out: str) -> Array:
    """The product of arrays, summed over the letters that are not in the result; in an order that is found once."""
    if not words:
        return np.ones(())
    spec = f"{','.join(words)}->{out}"
    found: Array = np.einsum(spec, *arrays, optimize=_path(spec, tuple(a.shape for a in arrays)))
    return found


@lru_cache(maxsize=512)
def _path(spec: str, shapes: tuple[Sizes, ...]) -> list[Any]:
    """A cheap order of contraction."""
    stand_ins = [np.broadcast_to(0.0, s) for s in shapes]
    return np.einsum_path(spec, *stand_ins, optimize="optimal" if len(shapes) < 7 else "greedy")[0]


class CompressedFunction:
    """A function of arrays that gives a compressed derivative; it takes what the compiled derivative takes.

    Attributes:
        run: computes the small arrays, and then the sizes that no variable shows.
        forms: of the parts.
        axes: of the derivative.
        hidden: those whose sizes no variable shows.
        sizes: of the axes, by the shapes of the arguments.
    """

    def __init__(
        self,
        run: Compiled,
        forms: Sequence[Shape],
        axes: Sequence[Dim],
        hidden: Sequence[Dim],
        rows: int,
        symmetric: bool,
    ) -> None:
        self.run, self.forms, self.axes, self.hidden = run, tuple(forms), tuple(axes), tuple(hidden)
        self.rows, self.symmetric, self.source = rows, symmetric, run.source
        self.sizes: dict[tuple[Any, ...], Sizes] = {}

    def __repr__(self) -> str:
        return f"<compressed derivative as a function of {', '.join(self.names) or 'nothing'}>"

    @property
    def names(self) -> list[str]:
        """The names of the parameters, in order."""
        return self.run.names

    def __call__(self, /, *args: Any, **named: Any) -> Compressed:
        """The derivative at some values; raises what a compiled derivative raises."""
        values = self.run.values(args, named)
        shapes = self.run.shapes(values)
        results = self.run.at(values, shapes) if self.forms or self.hidden else ()
        first = len(results) - len(self.hidden)
        sizes = self.sizes.get(shapes)
        if sizes is None:
            sizes = self._sizes(values, results[first:])
            if len(self.sizes) < REMEMBERED:
                self.sizes[shapes] = sizes
        arrays = map(np.asarray, results[:first])
        parts = [Part(f.view, f.words, tuple(islice(arrays, len(f.words)))) for f in self.forms]
        return Compressed(parts, sizes, self.rows, self.symmetric, self.forms)

    def _sizes(self, values: list[Any], hidden: Sequence[Any]) -> Sizes:
        """Of every axis of the derivative."""
        known = self.run.fit(values)
        sizes = {d: int(n) for d, n in zip(self.hidden, hidden, strict=True)}
        for a, v in zip(self.run.arguments, values, strict=False):
            sizes |= zip(a.dims, v.shape, strict=True)
        return tuple(sizes[d] if d in sizes else d.value(known) for d in self.axes)
