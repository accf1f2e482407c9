"""Truncated Taylor polynomials with matrix coefficients: values and derivatives along directions, by their rules.

A jet of order k is Σ Xₛ εˢ over the subsets s of {1, …, k}, with εⱼ² = 0: X at ∅ is the value, at {j} the derivative
along the j-th direction, at {1, 2} the second derivative along both.  With k = 1 these are the dual numbers.  A subset
is the number whose bits it is; a part that is None is 0.
Sources: W. K. Clifford, Preliminary sketch of biquaternions (1873); A. Griewank, A. Walther, Evaluating Derivatives
(2008).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from closedform.verification.field import Array, Entries, Field

Jet = tuple[Entries | None, ...]
Product = Callable[[Entries, Entries], Entries]


class Jets:
    """Arithmetic of jets over a field."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def linear(self, function: Callable[[Entries], Entries], X: Jet) -> Jet:
        return tuple([None if x is None else function(x) for x in X])

    def moved(self, rearrange: Callable[[Array], Array], X: Jet) -> Jet:
        return self.linear(lambda x: self.field.moved(rearrange, x), X)

    def add(self, *terms: Jet) -> Jet:
        return tuple([self._sum([p for p in parts if p is not None]) for parts in _aligned(terms)])

    def _sum(self, parts: list[Entries]) -> Entries | None:
        return None if not parts else parts[0] if len(parts) == 1 else self.field.add(*parts)

    def product(self, multiply: Product, X: Jet, Y: Jet) -> Jet:
        """A product of any kind: (X Y)ₛ = Σ Xₜ Yₛ₋ₜ."""
        found = []
        for s in range(max(len(X), len(Y))):
            terms = [multiply(x, y) for t, r in splits(s) if (x := part(X, t)) and (y := part(Y, r))]
            found.append(self._sum(terms))
        return tuple(found)

    def times(self, X: Jet, Y: Jet) -> Jet:
        """Entry by entry."""
        return self.product(self.field.times, X, Y)

    def matmul(self, X: Jet, Y: Jet) -> Jet:
        return self.product(self.field.matmul, X, Y)

    def scaled(self, c: Fraction | int, X: Jet) -> Jet:
        return self.times((self.field.fraction(Fraction(c)),), X)

    def minus(self, X: Jet, Y: Jet) -> Jet:
        return self.add(X, self.scaled(-1, Y))

    def shifted(self, c: int, X: Jet) -> Jet:
        """c + X, entry by entry."""
        return self.add(X, (self.field.constant(np.full(base(X).values.shape, c)),))

    def inverse(self, X: Jet) -> Jet:
        """The inverse matrix: (X⁻¹)ₛ = −X₀⁻¹ Σ Xₜ (X⁻¹)ₛ₋ₜ over t ≠ ∅."""
        return self._inverse(X, self.field.inverse(base(X)), self.field.matmul)

    def reciprocal(self, X: Jet) -> Jet:
        """Entry by entry."""
        return self._inverse(X, self.field.reciprocal(base(X)), self.field.times)

    def _inverse(self, X: Jet, first: Entries, multiply: Product) -> Jet:
        found: list[Entries | None] = [first]
        for s in range(1, len(X)):
            terms = [multiply(x, y) for t, r in splits(s) if t and (x := X[t]) and (y := found[r])]
            total = self._sum(terms)
            minus = self.field.constant(-1)
            found.append(None if total is None else self.field.times(minus, multiply(first, total)))
        return tuple(found)

    def power(self, X: Jet, k: int, multiply: Product) -> Jet:
        """X^k for k ≥ 1, by repeated squaring."""
        result: Jet | None = None
        while True:
            if k & 1:
                result = X if result is None else self.product(multiply, result, X)
            k >>= 1
            if not k:
                assert result is not None
                return result
            X = self.product(multiply, X, X)

    def taylor(self, X: Jet, coefficient: Callable[[int], Entries]) -> Jet:
        """f(X) entry by entry, with the coefficients f⁽ʲ⁾(X₀)/j! at hand."""
        nilpotent: Jet = (None, *X[1:])
        total: Jet = (coefficient(0), *[None] * (len(X) - 1))
        power = nilpotent
        for j in range(1, len(X).bit_length()):
            if not any(power):
                break
            total = self.add(total, self.times((coefficient(j),), power))
            power = self.times(power, nilpotent)
        return total

    def primitive(self, X: Jet, value: Entries, slope: Callable[[Jet], Jet]) -> Jet:
        """f(X) entry by entry, when f′ is known for jets: f(X)ₛ = Σ f′(X)ₜ Xₛ₋ₜ, the last of s not in t."""
        if len(X) == 1 or not any(X[1:]):
            return (value, *[None] * (len(X) - 1))
        half = len(X) // 2
        below = self.primitive(X[:half], value, slope)
        return (*below, *self.times(slope(X[:half]), X[half:]))


def base(X: Jet) -> Entries:
    """The value itself."""
    assert X[0] is not None
    return X[0]


def part(X: Jet, s: int) -> Entries | None:
    return X[s] if s < len(X) else None


def splits(s: int) -> Iterator[tuple[int, int]]:
    """Every way to split a set in two."""
    t = s
    while True:
        yield t, s ^ t
        if not t:
            return
        t = (t - 1) & s


def _aligned(terms: tuple[Jet, ...]) -> list[tuple[Entries | None, ...]]:
    return [tuple([part(t, s) for t in terms]) for s in range(max(map(len, terms)))]
