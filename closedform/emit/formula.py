"""Formulas: an expression arranged for reading, before any notation is chosen.

A formula says what is a factor, a divisor, a sign or a term, and in which order they stand; a notation
(`text`, `unicode`, `latex`) only spells it.  Sizes are counted on the formula itself, so the order does
not depend on how an equal expression was built.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from closedform.core.abstract import Abstract
from closedform.core.shape import SCALAR, Dim, Shape

Number = Fraction | float
ONE = Fraction(1)


@dataclass(eq=False, slots=True, kw_only=True)
class Formula:
    """One part of a formula.

    Attributes:
        shape: its symbolic shape.
        size: operations in it, as written.
        text: it in the text syntax; breaks ties of order.
    """

    shape: Shape = SCALAR
    size: int = 0
    text: str = ""

    def parts(self) -> tuple[Formula, ...]:
        return ()


@dataclass(eq=False, slots=True)
class Name(Formula):
    """A variable."""

    name: str


@dataclass(eq=False, slots=True)
class Value(Formula):
    """A number, with its sign."""

    value: Number


@dataclass(eq=False, slots=True)
class Size(Formula):
    """A dimension used as a number."""

    dim: Dim


@dataclass(eq=False, slots=True)
class Constant(Formula):
    """`ones`, `eye`, or a matrix such as `commutation` that is written with sizes of its own."""

    op: str
    sizes: tuple[Dim, ...] = ()


@dataclass(eq=False, slots=True)
class Call(Formula):
    """A function by its name in the text syntax; an abstract one with its record."""

    name: str
    args: tuple[Formula, ...]
    abstract: Abstract | None = None

    def parts(self) -> tuple[Formula, ...]:
        return self.args


@dataclass(eq=False, slots=True)
class Transpose(Formula):
    """`base'`."""

    base: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.base,)


@dataclass(eq=False, slots=True)
class Power(Formula):
    """`base ^ exponent`; of a matrix, entry by entry or as a product."""

    base: Formula
    exponent: Formula
    entrywise: bool

    def parts(self) -> tuple[Formula, ...]:
        return (self.base, self.exponent)


@dataclass(eq=False, slots=True)
class Sum(Formula):
    """Terms with their signs; True is minus."""

    terms: tuple[tuple[bool, Formula], ...]

    def parts(self) -> tuple[Formula, ...]:
        return tuple(t for _, t in self.terms)


@dataclass(eq=False, slots=True)
class Product(Formula):
    """± coefficient · scalars · body ./ over / under.

    Attributes:
        negative: the sign.
        coefficient: its absolute value; an exact number.
        scalars: scalar factors.
        body: factors of a matrix product, or of an entry-by-entry product.
        entrywise: which of the two the body is.
        over: entry-by-entry divisors of the body.
        under: scalar divisors.
    """

    negative: bool = False
    coefficient: Fraction = ONE
    scalars: tuple[Formula, ...] = ()
    body: tuple[Formula, ...] = ()
    entrywise: bool = False
    over: tuple[Formula, ...] = ()
    under: tuple[Formula, ...] = ()

    def parts(self) -> tuple[Formula, ...]:
        return self.scalars + self.body + self.over + self.under

    def plain(self) -> bool:
        """Is it its body alone?"""
        return not (self.negative or self.coefficient != 1 or self.scalars or self.under)

    def is_zero(self) -> bool:
        """Is it 0 times ones: all entries 0?"""
        alone = len(self.parts()) == len(self.body) == 1
        return self.coefficient == 0 and alone and isinstance(self.body[0], Constant) and self.body[0].op == "ones"

    def number_on_top(self) -> tuple[Number | None, int]:
        """The coefficient as a leading number, if one is written, and as a number to divide by."""
        if decimal(self.coefficient) is not None:
            top, bottom = self.coefficient, 1
        else:
            top, bottom = Fraction(self.coefficient.numerator), self.coefficient.denominator
        written = top != 1 or not (self.scalars or self.body)
        return (top if written else None), bottom


def decimal(q: Number) -> str | None:
    """A number as digits, where that is exact and short; otherwise None.

    >>> decimal(Fraction(1, 2)), decimal(Fraction(1, 3)), decimal(Fraction(1, 128)), decimal(0.1)
    ('0.5', None, None, '0.1')
    """
    if isinstance(q, float):
        return repr(q)
    if q.denominator == 1:
        return str(q.numerator)
    short = 10**4 % q.denominator == 0
    if not short and max(abs(q.numerator), q.denominator) < 10**4:
        return None
    try:
        shown = repr(float(q))
    except OverflowError:
        return None
    if Fraction(shown) == q:
        return shown
    places = next((k for k in range(60) if 10**k % q.denominator == 0), None)
    return None if places is None else str(Decimal(int(q * 10**places)).scaleb(-places, Context(prec=2000)))


def size_of_product(p: Product) -> int:
    """Operations in a product as written; its sign is free."""
    top, bottom = p.number_on_top()
    factors = len(p.parts()) + (top is not None) + (bottom != 1)
    return sum(f.size for f in p.parts()) + max(factors, 1) - 1


def view(f: Formula) -> Product:
    """A formula seen as a product."""
    if isinstance(f, Product):
        return f
    if isinstance(f, Value) and isinstance(f.value, Fraction):
        return Product(f.value < 0, abs(f.value))
    return Product(scalars=(f,)) if f.shape == SCALAR else Product(body=(f,), shape=f.shape)


def is_constant(f: Formula) -> int:
    """2 for a number; 1 for a size, ones or eye, or a multiple of those; 0 for anything else."""
    if isinstance(f, Product):
        return int(all(isinstance(p, Value | Size | Constant) for p in f.body or f.parts()))
    return 2 if isinstance(f, Value) else int(isinstance(f, Size | Constant))


def reading_order(f: Formula) -> tuple[int, int, str]:
    """Numbers, then names, then the rest by size."""
    return (0 if isinstance(f, Value) else 1 if isinstance(f, Name | Size) else 2), f.size, tie(f)


def tie(f: Formula) -> str:
    """Alphabetical order, with A before A'."""
    return f.text.replace("'", "~")


def ordered(factors: Iterable[Formula]) -> tuple[Formula, ...]:
    return tuple(sorted(factors, key=reading_order))
