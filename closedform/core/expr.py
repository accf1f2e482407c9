"""Expressions: immutable, hash-consed nodes `(op, args, data, shape)`.

Two expressions built the same way are the same object, so equality is identity and shared parts are
stored once.  Operators build exactly what is written (`x.T @ A @ x`); `core.normal.normal` puts an
expression into normal form, and remembers it on the node.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from threading import Lock
from typing import Any, Final, Protocol, Self, TypeVar
from weakref import WeakValueDictionary
from zlib import crc32

from closedform.core.shape import ONE, SCALAR, Dim, Shape, show, triangle
from closedform.core.shown import Shown
from closedform.core.signature import Signature, known_shape
from closedform.errors import ShapeError, TooLarge

Number = int | Fraction | float  #: an integer is always an int
LARGE = 10**15  #: integers below need no look at their length
READABLE = 1000  #: operations of an expression whose `repr` is its formula
HUGE = 10**12  #: sizes saturate here, so that shared graphs do not produce astronomic integers


@dataclass(eq=False, slots=True, kw_only=True, weakref_slot=True)
class Op:
    """The record of one operation: every fact about it, stated once.

    Attributes:
        name: its name; for a function, the name in the text syntax.
        kind: `leaf`, `multilinear`, `elementwise` (entry by entry, of one operand) or `function`.
        signatures: admissible shapes; an associative operation's signature is that of two operands.
        differential: operands, then their differentials, to the differential (`function`); or
            x and y = f(x) to f'(x) (`elementwise`).
        adjoint: slot, operands and a cotangent Y to the cotangent of that slot (`multilinear`).
        on_trace: for a function of a square matrix, its derivative f′(X) with d tr f(X) = tr(f′(X) dX).
        canonical: operands in normal form to an expression in normal form.
        commutative, associative: how operands may be arranged.
        turns: whether f(Aᵀ) = f(A)ᵀ.
        weight: what it adds to the size of a printed formula.
        saved: operations that printing saves with these operands: `a + (-1)*b` is `a - b`, `a * b^-1` is `a/b`.
        domain: where it is defined or differentiable, `{0}` standing for the operand; empty if everywhere.
        latex, code: templates of the operand(s); `code` speaks NumPy.
        doc: the formula and why it holds.
    """

    name: str
    kind: str
    signatures: tuple[Signature, ...] = ()
    differential: Callable[..., Expr] | None = None
    adjoint: Callable[..., Expr | None] | None = None
    on_trace: Callable[..., Expr] | None = None
    canonical: Callable[..., Expr] = None  # type: ignore[assignment]
    commutative: bool = False
    associative: bool = False
    turns: bool = False
    weight: int = 1
    saved: Callable[[tuple[Expr, ...]], int] | None = None
    domain: str = ""
    latex: str = ""
    code: str = ""
    doc: str = ""
    digest: int = field(init=False)

    def __post_init__(self) -> None:
        self.digest = crc32(self.name.encode())
        self._register()

    def _register(self) -> None:
        if self.name in OPS:
            raise ValueError(f"operation {self.name} is defined twice")
        OPS[self.name] = self

    def __repr__(self) -> str:
        return self.name

    def __call__(self, *args: Expr) -> Expr:
        """The operation applied, exactly as written.

        Raises:
            ShapeError: the operands do not fit.
        """
        return node(self, args)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """The result's shape.

        Raises:
            ShapeError: the operands do not fit.
        """
        if self.associative and len(args) != 2:
            return self._fold(args)
        found = known_shape(self.signatures, [a.shape for a in args])
        if found is None:
            raise ShapeError(
                f"{self.name} does not take operands of these shapes, but {', '.join(map(str, self.signatures))}",
                shapes={f"operand {i}": show(a.shape) for i, a in enumerate(args, 1)},
            )
        return found

    def _fold(self, args: tuple[Expr, ...]) -> Shape:
        shape = args[0].shape
        for a in args[1:]:
            found = known_shape(self.signatures, [shape, a.shape])
            if found is None:
                raise ShapeError(
                    f"{self.name} does not take operands of these shapes",
                    shapes={f"operand {i}": show(b.shape) for i, b in enumerate(args, 1)},
                )
            shape = found
        return shape


OPS: dict[str, Op] = {}


class Expr(Shown):
    """One node.

    Attributes:
        op: the operation's record.
        args: the operands.
        data: what a leaf carries (a symbol's name and properties, a number's value).
        shape: `(rows, columns)`.
        size: operations in the formula when it is written out, as a tree.
        order: sorts commutative operands; the same in every process, and `(d, …)` with one d for an
            expression and its transpose, so that A − B and (A − B)ᵀ have the same leading term.
    """

    __slots__ = ("__weakref__", "args", "data", "is_normal", "normal", "op", "order", "shape", "size", "transposed")
    op: Op
    args: tuple[Expr, ...]
    data: Any
    shape: Shape
    size: int
    order: tuple[int, int]
    is_normal: bool
    normal: Expr | None  # the normal form, once known, when it is another node
    transposed: Expr | Turned | None  # the normal form of the transpose, once known

    @property
    def is_scalar(self) -> bool:
        return self.shape == SCALAR

    @property
    def T(self) -> Expr:
        return OPS["transpose"](self)

    def __repr__(self) -> str:
        return str(self) if self.size < READABLE else f"<{show(self.shape)} expression of {self.size} operations>"

    def __str__(self) -> str:
        return PRINTERS["text"](self)

    def _repr_latex_(self) -> str:
        return "$" + PRINTERS["latex"](self) + "$"

    def __add__(self, other: Operand) -> Expr:
        return OPS["add"](self, _like(other, self))

    def __radd__(self, other: Operand) -> Expr:
        return OPS["add"](_like(other, self), self)

    def __sub__(self, other: Operand) -> Expr:
        return OPS["add"](self, -_like(other, self))

    def __rsub__(self, other: Operand) -> Expr:
        return OPS["add"](_like(other, self), -self)

    def __neg__(self) -> Expr:
        return times(number(-1), self)

    def __mul__(self, other: Operand) -> Expr:
        return times(self, as_expr(other))

    def __rmul__(self, other: Operand) -> Expr:
        return times(as_expr(other), self)

    def __matmul__(self, other: Expr) -> Expr:
        if self.shape == SCALAR or other.shape == SCALAR:
            return times(self, other)
        return OPS["matmul"](self, other)

    def __truediv__(self, other: Operand) -> Expr:
        return times(self, as_expr(other) ** -1)

    def __rtruediv__(self, other: Operand) -> Expr:
        return times(as_expr(other), self**-1)

    def __pow__(self, other: Operand) -> Expr:
        return OPS["power"](self, as_expr(other))

    def __rpow__(self, other: Operand) -> Expr:
        return OPS["power"](as_expr(other), self)


PRINTERS: dict[str, Callable[[Expr], str]] = {}  #: notations, entered by `emit`


class Turned(Enum):
    """A transpose that need not be stored: the expression itself, or the transpose written around it."""

    SAME = 0
    OUTSIDE = 1


SAME: Final = Turned.SAME
OUTSIDE: Final = Turned.OUTSIDE
Operand = Expr | Number

_TABLE: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()
_LOCK = Lock()


def node(
    op: Op, args: tuple[Expr, ...], data: Any = None, shape: Shape | None = None, known: Shape | None = None
) -> Expr:
    """The one expression with this operation, operands, data and (for leaves) shape.

    Args:
        op: the operation.
        args: its operands.
        data: what a leaf carries.
        shape: of a leaf.
        known: the shape of another node, when the caller knows it: then it is not worked out.

    Raises:
        ShapeError: the operands do not fit.
    """
    key = (op, args, data, shape)
    found = _TABLE.get(key)
    if found is not None:
        return found
    made = Expr()
    made.op, made.args, made.data = op, args, data
    made.shape = shape or known or op.shape(args)
    size = op.weight + (len(args) - 2 if op.associative else 0)
    for a in args:
        size += a.size
    if op.saved is not None:
        size -= op.saved(args)
    made.size = size if size < HUGE else HUGE
    made.order = _order(made)
    made.is_normal, made.normal, made.transposed = False, None, None
    with _LOCK:
        return _TABLE.setdefault(key, made)


def _order(e: Expr) -> tuple[int, int]:
    op, args = e.op, e.args
    if not args:
        rows, columns = e.shape[0].digest, e.shape[1].digest
        own = hash_of(e.data)
        return hash((op.digest, own, min(rows, columns), max(rows, columns))), hash((op.digest, own, rows, columns))
    shared = [a.order[0] for a in args]
    exact = hash((op.digest, *[a.order[1] for a in args]))
    if op.name == "transpose":
        return shared[0], exact
    if op.associative:
        shared.sort()
    return hash((op.digest, *shared)), exact


def hash_of(data: Any) -> int:
    """A hash that does not depend on the process (Python's own is salted for text)."""
    if data is None:
        return 0
    digest = getattr(data, "digest", None)
    return digest if digest is not None else hash(data)


def number(value: Number) -> Expr:
    """A constant scalar; integers, decimals and fractions are exact."""
    if value.__class__ is not int or not -LARGE <= value <= LARGE:
        value = _exact(value)
    return node(OPS["number"], (), value, SCALAR)


def _exact(value: Number) -> Number:
    """A fraction that is an integer as one.

    Raises:
        TooLarge: a number of very many digits.
    """
    if isinstance(value, Fraction) or (isinstance(value, int) and abs(value) > LARGE):
        if value.denominator == 1:
            value = value.numerator
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > 2200:
            raise TooLarge("a number in the expression is out of range")
    return value


def as_expr(value: Operand) -> Expr:
    return value if isinstance(value, Expr) else number(value)


def _like(value: Operand, other: Expr) -> Expr:
    """A Python number beside a matrix means that number in every entry."""
    if isinstance(value, Expr) or other.shape == SCALAR:
        return as_expr(value)
    return times(number(value), node(OPS["ones"], (), None, other.shape))


def times(a: Expr, b: Expr) -> Expr:
    """Scalar times anything, or the entry-by-entry product of equal shapes."""
    if a.shape == b.shape:
        return OPS["hadamard"](a, b)
    if a.shape == SCALAR:
        return OPS["scale"](a, b)
    if b.shape == SCALAR:
        return OPS["scale"](b, a)
    raise ShapeError(
        "entry-by-entry product needs equal shapes", shapes={"operand 1": show(a.shape), "operand 2": show(b.shape)}
    )


class HasOperands(Protocol):
    """A node of a graph, such as an expression."""

    @property
    def args(self) -> tuple[Self, ...]:
        """Its operands."""


G = TypeVar("G", bound=HasOperands)


def topological(roots: Iterable[G], known: Container[G] = ()) -> list[G]:
    """Every node of the graph once, operands before the nodes that use them; not what is below known nodes."""
    order: list[G] = []
    seen: set[G] = set()
    stack: list[tuple[G, Iterator[G]]] = []
    for root in roots:
        if root not in seen and root not in known:
            seen.add(root)
            stack.append((root, iter(root.args)))
        while stack:
            e, operands = stack[-1]
            for a in operands:
                if a not in seen and a not in known:
                    seen.add(a)
                    stack.append((a, iter(a.args)))
                    break
            else:
                order.append(e)
                stack.pop()
    return order


def substitute(e: Expr, given: Mapping[Expr, Expr]) -> Expr:
    """The expression with others in the place of some of its parts, otherwise as it was built."""
    made = dict(given)
    for n in topological([e], made):
        made[n] = n if not n.args else node(n.op, tuple([made[a] for a in n.args]))
    return made[e]


def symbols(*roots: Expr) -> list[Expr]:
    """The symbols of an expression, by name."""
    return sorted((e for e in topological(roots) if e.op.name == "symbol"), key=lambda e: e.data.name)


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a variable's node carries.

    Attributes:
        name: as the user wrote it.
        properties: declared facts about its value, such as `symmetric`.
    """

    name: str
    properties: frozenset[str] = frozenset()

    @property
    def digest(self) -> int:
        return crc32(" ".join([self.name, *sorted(self.properties)]).encode())


def symbol(name: str, shape: Shape, properties: Iterable[str] = ()) -> Expr:
    """A variable."""
    return node(OPS["symbol"], (), Symbol(name, frozenset(properties)), shape)


def ones(shape: Shape) -> Expr:
    """All ones; the number 1 at 1×1."""
    return number(1) if shape == SCALAR else node(OPS["ones"], (), None, shape)


def eye(n: Dim) -> Expr:
    """The identity matrix of size n; the number 1 at 1×1."""
    return number(1) if n is ONE else node(OPS["eye"], (), None, (n, n))


def zeros(shape: Shape) -> Expr:
    """All zeros; the number 0 at 1×1."""
    return number(0) if shape == SCALAR else node(OPS["zeros"], (), None, shape)


def size_of(n: Dim) -> Expr:
    """A dimension used as a number."""
    return number(n.count) if not n.names else node(OPS["dim"], (), n, SCALAR)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The two sizes that a commutation matrix carries."""

    rows: Dim
    columns: Dim

    @property
    def digest(self) -> int:
        return crc32(f"{self.rows},{self.columns}".encode())


def leaf_sizes(e: Expr) -> tuple[Dim, ...]:
    """The sizes that a leaf is written with: m and n of K(m,n), n of D(n) and L(n); none of any other."""
    data = e.data
    return (data.rows, data.columns) if isinstance(data, Sizes) else (data,) if e.op.name in SIDED else ()


SIDED = ("duplication", "elimination")  #: leaves that carry the n of a square matrix


def commutation(m: Dim, n: Dim) -> Expr:
    """K(m,n), the permutation with K(m,n) vec(A) = vec(A') for every m×n matrix A.

    Source: Magnus & Neudecker, 3rd ed. (2019), ch. 3.
    """
    if m is ONE or n is ONE:
        return eye(m * n)
    return node(OPS["commutation"], (), Sizes(m, n), (m * n, m * n))


def duplication(n: Dim) -> Expr:
    """D(n), n² × n(n+1)/2, with D(n) vech(S) = vec(S) for every symmetric S of size n.

    Source: Magnus & Neudecker, 3rd ed. (2019), ch. 3.
    """
    return number(1) if n is ONE else node(OPS["duplication"], (), n, (n * n, triangle(n)))


def elimination(n: Dim) -> Expr:
    """L(n), n(n+1)/2 × n², with L(n) vec(A) = vech(A) for every A of size n.

    Source: Magnus & Neudecker, The elimination matrix: some lemmas and applications (1980).
    """
    return number(1) if n is ONE else node(OPS["elimination"], (), n, (triangle(n), n * n))
