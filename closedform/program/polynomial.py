"""Polynomials in the sizes: what an instruction costs, before any size is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from closedform.core.shape import Dim

Monomial = tuple[str, ...]  #: names of sizes in order, each as often as its power
HIGH = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A sum of coefficients times products of sizes.

    Attributes:
        terms: the coefficient of each product; none for 0.

    >>> from closedform.core.shape import dim
    >>> m, n = size(dim("m")), size(dim("n"))
    >>> p = m * n * n * 2 + n * n
    >>> print(p, p.order, p.value({"m": 10, "n": 3}))
    2*m*n^2 + n^2 O(m*n²) 189
    """

    terms: Mapping[Monomial, Fraction]

    def __add__(self, other: Polynomial) -> Polynomial:
        found = dict(self.terms)
        for monomial, c in other.terms.items():
            found[monomial] = found.get(monomial, Fraction(0)) + c
        return Polynomial({monomial: c for monomial, c in found.items() if c})

    def __mul__(self, other: Polynomial | Fraction | int) -> Polynomial:
        if not isinstance(other, Polynomial):
            return Polynomial({monomial: c * other for monomial, c in self.terms.items() if other})
        found: dict[Monomial, Fraction] = {}
        for a, c in self.terms.items():
            for b, d in other.terms.items():
                monomial = tuple(sorted(a + b))
                found[monomial] = found.get(monomial, Fraction(0)) + c * d
        return Polynomial({monomial: c for monomial, c in found.items() if c})

    def value(self, sizes: Mapping[str, int]) -> int:
        total = Fraction(0)
        for monomial, c in self.terms.items():
            for name in monomial:
                c *= sizes[name]
            total += c
        return round(total)

    @property
    def names(self) -> set[str]:
        return {name for monomial in self.terms for name in monomial}

    def largest(self, other: Polynomial) -> Polynomial:
        """For every product of sizes the larger of two coefficients."""
        both = {m: max(self.terms.get(m, Fraction(0)), other.terms.get(m, Fraction(0))) for m in self.terms}
        return Polynomial({**other.terms, **both})

    @property
    def leading(self) -> Polynomial:
        """The products that divide no other one: the rest is of a lower order whatever the sizes are."""
        kept = [a for a in self.terms if not any(a != b and _divides(a, b) for b in self.terms)]
        return Polynomial({a: self.terms[a] for a in sorted(kept, key=lambda a: (-len(a), a))})

    def degree(self, name: str) -> int:
        """Its highest power of one size."""
        return max((monomial.count(name) for monomial in self.terms), default=0)

    @property
    def order(self) -> str:
        """How it grows, such as `O(m*n² + n³)`."""
        return f"O({' + '.join(_power(a, '', True) or '1' for a in self.leading.terms) or '1'})"

    def __str__(self) -> str:
        shown = sorted(self.terms.items(), key=lambda item: (-len(item[0]), item[0]))
        return " + ".join(_term(monomial, c) for monomial, c in shown) or "0"


def _divides(a: Monomial, b: Monomial) -> bool:
    return all(a.count(name) <= b.count(name) for name in a)


def _term(monomial: Monomial, c: Fraction) -> str:
    body = _power(monomial, "^", False)
    top = body if c.numerator == 1 and body else f"{c.numerator}*{body}" if body else str(c.numerator)
    return top if c.denominator == 1 else f"{top}/{c.denominator}"


def _power(monomial: Monomial, mark: str, raised: bool) -> str:
    shown = []
    for name in dict.fromkeys(monomial):
        k = monomial.count(name)
        power = str(k).translate(HIGH) if raised else f"{mark}{k}"
        shown.append(name + (power if k > 1 else ""))
    return "*".join(shown)


def constant(c: Fraction | int) -> Polynomial:
    return Polynomial({(): Fraction(c)} if c else {})


def named(name: str) -> Polynomial:
    return Polynomial({(name,): Fraction(1)})


@lru_cache(maxsize=1024)
def size(d: Dim) -> Polynomial:
    """A dimension; n(n+1)/2 is multiplied out.

    >>> from closedform.core.shape import dim, triangle
    >>> print(size(triangle(dim("n"))))
    n^2/2 + n/2
    """
    total = constant(d.count)
    for f in d.factors:
        if isinstance(f, str):
            total = total * named(f)
        else:
            side = size(f.side)
            total = total * ((side * side + side) * Fraction(1, 2))
    return total


def entries(axes: Iterable[Dim]) -> Polynomial:
    """How many numbers an array has."""
    total = constant(1)
    for d in axes:
        total = total * size(d)
    return total
