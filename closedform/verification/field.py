"""A large prime field, and matrices over it that carry a bound of their degree.

Entries are Python integers modulo p in NumPy arrays of objects.  p is drawn at random from the primes of `BITS` bits
with p ≡ 5 mod 8, so that −1 is a square and square roots are powers, and with 3 and 5 prime to p − 1, so that every
element has one cube root and one fifth root.  It is drawn anew in every process: no input can be made for it.

A matrix of rational functions at a random point carries a `Bound`: each entry is N/D for one D, where N has at most
that degree, and the sum of the absolute values of its integer coefficients is at most 2^bits.  N ≠ 0 vanishes in the
field with a probability below degree/p + bits/(BITS − 1)/#primes: the first term by Schwartz and Zippel, the second
because each prime that divides all coefficients has more than BITS − 1 bits.
Sources: J. T. Schwartz, Fast probabilistic algorithms for verification of polynomial identities (1980); M. A.
Bennett, G. Martin, K. O'Bryant, A. Rechnitzer, Explicit bounds for primes in arithmetic progressions (2018).
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import count
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
BITS = 179  #: six digits of a Python integer
RESIDUES = [r for r in range(120) if r % 8 == 5 and r % 3 == 2 and r % 5 in (2, 3, 4)]
LOG_PRIMES = 167.0  #: at least 2^167 such primes: 3/32 of those between 2^178 and 2^179, which are more than 2^171
ROUNDS = 90  #: of Miller and Rabin's test: a composite number passes with a probability below 2^-180
ODD_ROOTS = (3, 5, 9, 15)  #: roots of this order exist once
_SIEVE = math.prod(q for q in range(7, 2000) if all(q % r for r in range(2, math.isqrt(q) + 1)))


class NoPoint(Exception):
    """A division by zero, or a root that is not in the field: another point may do."""


class NoRoot(NoPoint):
    """A root that is not in the field, as for every other number; a zero in a large field is hardly ever chance."""


class NoConstant(NoPoint):
    """A root of a constant that is not in the field: another field may do."""


class Factor(NamedTuple):
    """A polynomial in a denominator: which one, its degree, the size of its coefficients."""

    serial: int
    degree: int
    bits: float


_SERIAL = count()


@dataclass(frozen=True, slots=True)
class Bound:
    """Of a matrix N/D: the degree and size of N, and the factors of D with their exponents."""

    degree: int = 0
    bits: float = 0.0
    den: Mapping[Factor, int] = field(default_factory=dict)

    @property
    def den_degree(self) -> int:
        return sum(f.degree * e for f, e in self.den.items())

    @property
    def den_bits(self) -> float:
        return sum(f.bits * e for f, e in self.den.items())

    @property
    def whole(self) -> int:
        """The degree of numerator and denominator together."""
        return self.degree + self.den_degree

    @property
    def size(self) -> float:
        return self.bits + self.den_bits

    def times(self, other: Bound, terms: int = 1) -> Bound:
        """Of sums of that many products of entries."""
        bits = self.bits + other.bits + math.log2(max(terms, 1))
        if not other.den or not self.den:
            return Bound(self.degree + other.degree, bits, self.den or other.den)
        den = dict(self.den)
        for f, e in other.den.items():
            den[f] = den.get(f, 0) + e
        return Bound(self.degree + other.degree, bits, den)

    def terms(self, n: int) -> Bound:
        """Of sums of that many entries."""
        return Bound(self.degree, self.bits + math.log2(max(n, 1)), self.den)

    def inverse(self, n: int) -> Bound:
        """Of the inverse of an n×n matrix, D adj(N)/det(N); with n = 1 that of a reciprocal."""
        f = Factor(next(_SERIAL), n * self.degree, n * self.bits + math.log2(math.factorial(n)))
        minors = (n - 1) * self.bits + math.log2(math.factorial(n - 1))
        return Bound(self.den_degree + (n - 1) * self.degree, self.den_bits + minors, {f: 1})

    def reciprocals(self, entries: int) -> Bound:
        """Of the reciprocals of that many entries, over one denominator, their product."""
        f = Factor(next(_SERIAL), entries * self.degree, entries * self.bits)
        others = entries - 1
        return Bound(self.den_degree + others * self.degree, self.den_bits + others * self.bits, {f: 1})


def total_bound(bounds: Sequence[Bound]) -> Bound:
    """Of a sum, over the least common denominator."""
    den: dict[Factor, int] = {}
    for b in bounds:
        for f, e in b.den.items():
            den[f] = max(den.get(f, 0), e)
    degree, bits = sum(f.degree * e for f, e in den.items()), sum(f.bits * e for f, e in den.items())
    return Bound(
        max(b.degree + degree - b.den_degree for b in bounds),
        max(b.bits + bits - b.den_bits for b in bounds) + math.log2(len(bounds)),
        den,
    )


class Entries(NamedTuple):
    """A matrix over the field, and the bound of its entries."""

    values: Array
    bound: Bound


@dataclass(frozen=True, slots=True)
class Field:
    """The integers modulo p, and what is done with matrices of them."""

    p: int
    i: int  #: a square root of −1

    def random(self) -> int:
        return secrets.randbelow(self.p)

    def draw(self, rows: int, columns: int) -> Entries:
        """A matrix of independent random elements."""
        values = [[self.random() for _ in range(columns)] for _ in range(rows)]
        return Entries(matrix_of(values, rows, columns), Bound(1))

    def constant(self, value: Array | int) -> Entries:
        """A matrix of integers."""
        values = np.asarray(value).astype(object) if np.ndim(value) else np.array([[value]], dtype=object)
        largest = max((abs(v) for v in values.flat), default=0)
        return Entries(values % self.p, Bound(0, math.log2(largest) if largest > 1 else 0.0))

    def fraction(self, value: Fraction) -> Entries:
        top = self.constant(value.numerator)
        return top if value.denominator == 1 else self.times(top, self.reciprocal(self.constant(value.denominator)))

    def add(self, *terms: Entries) -> Entries:
        values = terms[0].values
        for t in terms[1:]:
            values = values + t.values
        return Entries(values % self.p, total_bound([t.bound for t in terms]))

    def times(self, a: Entries, b: Entries) -> Entries:
        """Entry by entry; a scalar times a matrix."""
        return Entries(a.values * b.values % self.p, a.bound.times(b.bound))

    def matmul(self, a: Entries, b: Entries) -> Entries:
        return Entries(a.values @ b.values % self.p, a.bound.times(b.bound, a.values.shape[1]))

    def kron(self, a: Entries, b: Entries) -> Entries:
        blocks = a.values[:, None, :, None] * b.values[None, :, None, :]
        rows, columns = (m * n for m, n in zip(a.values.shape, b.values.shape, strict=True))
        return Entries(blocks.reshape(rows, columns) % self.p, a.bound.times(b.bound))

    def moved(self, rearrange: Callable[[Array], Array], a: Entries) -> Entries:
        """Entries at other places."""
        return Entries(rearrange(a.values), a.bound)

    def summed(self, over: Callable[[Array], Any], a: Entries) -> Entries:
        """A sum over some entries, a scalar."""
        return Entries(np.array([[over(a.values) % self.p]], dtype=object), a.bound.terms(a.values.size))

    def reciprocal(self, a: Entries) -> Entries:
        """Entry by entry."""
        return Entries(self.each(self.inverse_of, a.values), a.bound.reciprocals(a.values.size))

    def each(self, function: Callable[[int], int], values: Array) -> Array:
        """A function of every entry."""
        return matrix_of([[function(v) for v in row] for row in values.tolist()], *values.shape)

    def inverse_of(self, u: int) -> int:
        """1/u.

        Raises:
            NoPoint: u = 0.
        """
        if not u:
            raise NoPoint("a division by zero")
        return pow(u, -1, self.p)

    def inverse(self, a: Entries) -> Entries:
        """The inverse matrix, by elimination.

        Raises:
            NoPoint: the matrix is singular.
        """
        p, n = self.p, len(a.values)
        rows = [list(row) + [int(i == j) for j in range(n)] for i, row in enumerate(a.values.tolist())]
        for c in range(n):
            pivot = next((r for r in range(c, n) if rows[r][c]), None)
            if pivot is None:
                raise NoPoint("a matrix is singular")
            rows[c], rows[pivot] = rows[pivot], rows[c]
            scale = pow(rows[c][c], -1, p)
            rows[c] = [x * scale % p for x in rows[c]]
            for r in range(n):
                if r != c and (factor := rows[r][c]):
                    rows[r] = [(x - factor * y) % p for x, y in zip(rows[r], rows[c], strict=True)]
        return Entries(matrix_of([row[n:] for row in rows], n, n), a.bound.inverse(n))

    def square_root(self, u: int) -> int:
        """One of the two square roots.

        Raises:
            NoRoot: there is none.
        """
        r = pow(u, (self.p + 3) // 8, self.p)
        for root in (r, r * self.i % self.p):
            if root * root % self.p == u:
                return root
        raise NoRoot("a number is no square in the field")

    def odd_root(self, u: int, q: int) -> int:
        """The one root of that order, one of `ODD_ROOTS`."""
        return pow(u, pow(q, -1, self.p - 1), self.p)

    def small(self, u: int, most: int = 1000) -> int | None:
        """The integer that u stands for, if it is small."""
        return u if u <= most else u - self.p if self.p - u <= most else None


def matrix_of(rows: Sequence[Sequence[int]], m: int, n: int) -> Array:
    """An m×n array of integers of any size."""
    values = np.empty((m, n), dtype=object)
    values[:] = rows
    return values


@cache
def field_number(k: int) -> Field:
    """The k-th field of this process, with a prime drawn when it is first asked for."""
    while True:
        block = secrets.randbelow(2 ** (BITS - 1) // 120) + 2 ** (BITS - 1) // 120 + 1
        p = 120 * block + secrets.choice(RESIDUES)
        if p.bit_length() == BITS and math.gcd(p, _SIEVE) == 1 and is_prime(p):
            return Field(p, pow(2, (p - 1) // 4, p))


def is_prime(n: int) -> bool:
    """Whether an odd number is prime, by Miller and Rabin's test with random bases."""
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    odd = (n - 1) >> twos
    for _ in range(ROUNDS):
        x = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
