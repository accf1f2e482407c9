"""Compressed forms: a derivative of many axes as a sum of products of small arrays.

Each product of the tensor falls into components, the factors that summed indices hold together; each is contracted to
one array.  Deltas between free indices stay deltas.  Products that share components are added where they differ:
M_ik x_j x_l − t_i t_k x_j x_l is (M − t t')_ik x_j x_l.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product as choices

from closedform.compact.present import present
from closedform.core.expr import OPS, Expr, eye, number, size_of
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim, dim
from closedform.core.shown import Told
from closedform.emit.index import index_text
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, canonical_factors, fresh, letters
from closedform.program.compile import compile
from closedform.program.compressed import CompressedFunction, Shape
from closedform.program.contraction import Leaf, Sketch, sketch_of
from closedform.program.cost import check_sizes
from closedform.program.lengths import length
from closedform.program.memory import numbers
from closedform.program.steady import without_overflow

UNIT = number(1)
MOST = 200  #: products that are compared with each other


@dataclass(frozen=True, slots=True)
class Component:
    """One array: its letters, and the products that add up to it."""

    word: str
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class Summand:
    """A scalar times a product of components; axes of one letter are a diagonal."""

    view: str
    components: tuple[Component, ...]
    scalar: Expr = UNIT


@dataclass(frozen=True, slots=True)
class Form(Told):
    """A compressed derivative before any size is known.

    Attributes:
        tensor: the derivative.
        summands: the products it is the sum of.
        indices: of every letter of a view.
        rows: how many axes count the function; and all variables but the last.
        symmetric: whether it is a second derivative of a number by one variable.
    """

    tensor: Tensor
    summands: tuple[Summand, ...]
    indices: Mapping[str, Index]
    rows: int
    symmetric: bool

    @property
    def axes(self) -> tuple[Dim, ...]:
        return tuple(i.dim for i in atoms(self.tensor.free))

    def numbers(self, sizes: Mapping[str, int]) -> int:
        """How many numbers the small arrays have."""
        total = 0
        for s in self.summands:
            for c in s.components:
                count = 1
                for letter in c.word:
                    count *= self.indices[letter].dim.value(sizes)
                total += count
        return total

    def __str__(self) -> str:
        return index_text(self.tensor, show=present)

    def describe(self, sizes: Mapping[str, int] | None = None, /, **named: int) -> str:
        """The derivative in index notation, and how many numbers are kept of it at these sizes.

        Raises:
            RequestError: a size is missing, unknown or not a positive integer.
        """
        at = {**(sizes or {}), **named}
        check_sizes(at, sorted({n for d in self.axes for n in d.names}))
        return f"{self}: {self.numbers(at):,} numbers instead of {numbers(self.axes, at):,}"

    def function(self, variables: Sequence[Expr], limit: int | None = None) -> CompressedFunction:
        """As a function of arrays."""
        shown = {d for x in variables for d in x.shape}
        hidden = [d for d in dict.fromkeys(self.axes) if d not in shown and not shown.issuperset(map(dim, d.names))]
        arrays = [self.array(c) for s in self.summands for c in s.components]
        run = compile([*arrays, *map(size_of, hidden)], variables, limit=limit, what="compressed form")
        shapes = [Shape(s.view, tuple(c.word for c in s.components)) for s in self.summands]
        return CompressedFunction(run, shapes, self.axes, hidden, self.rows, self.symmetric)

    def array(self, c: Component) -> Tensor:
        """A component as a tensor of its own."""
        free = tuple(self.indices[letter] for letter in c.word)
        return Tensor(free, (len(free),), c.products)


def form(t: Tensor, *, symmetric: bool) -> Form:
    """The compressed form of a tensor; the tensor as one part where that is not smaller.

    Raises:
        TooLarge: a product has more than 52 indices.
    """
    word = letters(Product(UNIT, ()), t.free)[1]
    indices = dict(zip(word, atoms(t.free), strict=True))
    rows = len(atoms(t.free[: len(t.free) - t.groups[-1]]))
    products = without_overflow(t).products
    found = _merged([_summand(sketch_of(p, t), indices) for p in products], indices)
    summands = [_scaled(s, indices) for s in found]
    held = sum(_length(c.word, indices) for s in summands for c in s.components)
    if summands and held >= _length(word, indices):
        summands = [Summand(word, (Component(word, products),))]
    return Form(t, tuple(summands), indices, rows, symmetric)


def _length(word: str, indices: Mapping[str, Index]) -> float:
    total = 1.0
    for c in word:
        total *= length(indices[c].dim)
    return total


def _summand(s: Sketch, indices: Mapping[str, Index]) -> Summand:
    """A product as components; one whose letters another one has is multiplied into that."""
    own = {c: Index(d) for c, d in s.dims.items()} | {c: indices[c] for c in s.view}
    found: list[Component] = []
    groups = [g for same in s.components().values() for g in same]
    for group in groups:
        leaves = [f for f in group if isinstance(f, Leaf)]
        word = "".join(c for c in dict.fromkeys(s.view) if any(c in f.letters for f in leaves))
        found.append(Component(word, (Product(UNIT, tuple(_factor(f, own) for f in leaves)),)))
    kept: list[Component] = []
    for c in sorted(found, key=lambda c: -len(c.word)):
        place = next((n for n, k in enumerate(kept) if set(c.word) <= set(k.word)), None)
        if place is None:
            kept.append(c)
        else:
            kept[place] = _times(kept[place].word, kept[place], c)
    return Summand(s.view, tuple(kept), s.scalar)


def _scaled(s: Summand, indices: Mapping[str, Index]) -> Summand:
    """The scalar goes into the smallest component."""
    front, components = Component("", (Product(s.scalar, ()),)), list(s.components)
    if not components:
        return Summand(s.view, (front,))
    n = min(range(len(components)), key=lambda n: _length(components[n].word, indices))
    components[n] = _times(components[n].word, front, components[n])
    return Summand(s.view, tuple(components))


def _factor(f: Leaf, own: Mapping[str, Index]) -> Factor:
    """A factor with the indices of its letters."""
    spelled = iter(f.letters)

    def renamed(i: Index) -> Index:
        if i.parts is None:
            return own[next(spelled)]
        slow, fast = (renamed(p) for p in i.parts)
        return Index(i.dim, (slow, fast))

    return Factor(f.expr, tuple(map(renamed, f.indices)))


def _times(word: str, *components: Component) -> Component:
    made = []
    for picked in choices(*[c.products for c in components]):
        total = picked[0]
        for p in picked[1:]:
            total = total.times(p)
        made.append(total)
    return Component(word, tuple(made))


# products that share components


def _merged(summands: Sequence[Summand], indices: Mapping[str, Index]) -> list[Summand]:
    """Pairs are added until none can be; very many are left as they are."""
    if len(summands) > MOST:
        return list(summands)
    done, todo, keys = list[Summand](), list(summands), _Keys(indices)
    while todo:
        s = todo.pop(0)
        for n, other in enumerate(done):
            both = _added(other, s, keys) or _added(s, other, keys)
            if both is not None:
                del done[n]
                todo.insert(0, both)
                break
        else:
            done.append(s)
    return done


class _Keys:
    """What equal components share, found once for each."""

    def __init__(self, indices: Mapping[str, Index]) -> None:
        self.indices, self.free = indices, list(indices.values())
        self.found: dict[int, tuple[Component, object]] = {}  # the component too, so that its id stays its own

    def __getitem__(self, c: Component) -> object:
        if id(c) not in self.found:
            products = frozenset((p.scalar, canonical_factors(p.factors, self.free)[0]) for p in c.products)
            self.found[id(c)] = c, (c.word, products)
        return self.found[id(c)][1]


def _added(a: Summand, b: Summand, keys: _Keys) -> Summand | None:
    """Two products as one: all but one component of the first are in the second, and the rest has the same letters.

    What is a diagonal in the second only becomes a delta among its factors.
    """
    deltas = _extra(a.view, b.view)
    if deltas is None:
        return None
    rest, different = list(b.components), list[Component]()
    for c in a.components:
        same = next((d for d in rest if keys[d] == keys[c]), None)
        if same is None:
            different.append(c)
        else:
            rest.remove(same)
    if len(different) != 1 or set("".join([*deltas, *[d.word for d in rest]])) != set(different[0].word):
        return None
    (c,) = different
    unit = [Component(w, (Product(UNIT, (_delta(*(keys.indices[x] for x in w)),)),)) for w in deltas]
    first = _times(c.word, Component("", (Product(a.scalar, ()),)), c)
    second = _times(c.word, Component("", (Product(b.scalar, ()),)), *unit, *rest)
    total = Component(c.word, first.products + second.products)
    return Summand(a.view, tuple(total if d is c else d for d in a.components))


def _delta(i: Index, j: Index) -> Factor:
    return Factor(eye(i.dim), (i, j))


def _extra(a: str, b: str) -> list[str] | None:
    """The pairs of letters of the first view that are one letter in the second; None if it is no coarser view."""
    if a == b:
        return []
    names: dict[str, str] = {}
    for x, y in zip(a, b, strict=True):
        if names.setdefault(x, y) != y:
            return None
    return [y + x for x, y in names.items() if x != y]


# matrices


def tensor_of_matrix(e: Expr, columns: int) -> Tensor:
    """A matrix, vector or number as a sum of diagonals, products of a column and a row, and what is neither.

    Args:
        e: the derivative as the code gives it.
        columns: how many of its axes count the last variable.
    """
    free = fresh(e)
    return Tensor(free, (len(free) - columns, columns), tuple(_term(c, a, free) for c, a in _terms(UNIT, e)))


def _terms(scalar: Expr, e: Expr) -> list[tuple[Expr, Expr]]:
    """The terms of a sum, each after the scalar before it; a factor before the whole sum goes to each."""
    if e.is_scalar:
        return [(normal(scalar * e), UNIT)]
    if e.op.name == "scale":
        return _terms(normal(scalar * e.args[0]), e.args[1])
    if e.op.name == "add":
        return [term for a in e.args for term in _terms(scalar, a)]
    return [(scalar, e)]


def _term(scalar: Expr, e: Expr, free: tuple[Index, ...]) -> Product:
    if not free:
        return Product(scalar, ())
    if e.op.name == "matmul" and len(free) == 2:
        for n in range(1, len(e.args)):
            if e.args[n - 1].shape[1] is ONE:
                u, v = (_chain(half) for half in (e.args[:n], e.args[n:]))
                return Product(scalar, (Factor(u, free[:1]), Factor(v, free[1:])))
    return Product(scalar, (Factor(e, free),))


def _chain(factors: Sequence[Expr]) -> Expr:
    return factors[0] if len(factors) == 1 else normal(OPS["matmul"](*factors))
