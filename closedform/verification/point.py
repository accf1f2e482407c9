"""A random point in a prime field: values of variables, each within the set that it is declared to be in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from closedform.core.expr import Expr
from closedform.verification.field import Entries, Field
from closedform.verification.jet import Jet, base
from closedform.verification.model import Model
from closedform.verification.oracle import Choices, Unsupported

Pairs = list[tuple[Entries, Entries]]
STRUCTURED = frozenset({"symmetric", "spd", "diagonal"})


class Point:
    """Values of the variables at one random point, and of expressions there."""

    def __init__(self, model: Model, variables: Sequence[Expr], roots: frozenset[Expr]) -> None:
        self.model, self.variables, self.drawn = model, variables, dict[str, Any]()
        self.integers: dict[str, int] = {}
        self.contractions: dict[object, Entries] = {}
        self.env: dict[str, Jet] = {}
        self.known: dict[Expr, Jet] = {}
        self.last: Choices | None = None  #: those of the last run; what was found without any stays
        for k, x in enumerate(variables):
            self.drawn[x.data.name] = self._draw(x, k, x in roots)
        self.restart()

    def restart(self) -> None:
        """For another sequence of choices, or another claim."""
        self.model.oracle.restart()
        self.model.oracle.choices.depth = 0
        if self.last is None or self.last.made:
            self.env = {name: (make(),) for name, make in self.drawn.items()}
            self.known = {}
        self.last = self.model.oracle.choices

    def value(self, e: Expr) -> Entries:
        """The value of an expression in the variables."""
        return base(self.model.value(e, self.env, self.known))

    def along(self, e: Expr, directions: Mapping[str, Jet]) -> Jet:
        """The jet of an expression when these variables are moved."""
        return self.model.value(e, {**self.env, **directions})

    def random(self, key: object, shape: tuple[int, int]) -> Entries:
        """A random matrix, the same in every run."""
        if key not in self.contractions:
            self.contractions[key] = self.model.field.draw(*shape)
        return self.contractions[key]

    def _draw(self, x: Expr, k: int, has_root: bool) -> Callable[[], Entries]:
        """A random value within the set the variable is in, the same in every run up to choices."""
        properties, (m, n), field = set(x.data.properties), self.model.shape(x), self.model.field
        if "integer" in properties:
            if m * n > 1:
                raise Unsupported("it has a matrix of integers")
            self.integers[x.data.name] = 2 + (k + sum(self.model.sizes.values())) % 3
            return partial(field.constant, self.integers[x.data.name])
        shaped = properties & (STRUCTURED | {"orthogonal", "triangular"})
        if len(shaped - {"spd", "symmetric"}) > 1 or (shaped and properties & {"positive"}):
            raise Unsupported("it has a variable with several structures")
        C = field.draw(m, n)
        if "orthogonal" in shaped and len(shaped) == 1 and m == n:
            return partial(self._orthogonal, _skew(C, field))
        if "orthogonal" in shaped:
            raise Unsupported("it has a variable with several structures")
        if "triangular" in shaped:
            C = field.moved(np.tril, C)
        value = projected(C, x, field, by_entries=True)
        if has_root:
            value = self.model.oracle.fourth_power(value)
        if "positive" in properties:
            self.model.oracle.plain_positive |= set(value.values.flat)
        return lambda: value

    def _orthogonal(self, S: Entries) -> Entries:
        """(I − S)(I + S)⁻¹ by Cayley for a skew S; with a column turned round where the determinant is to be −1."""
        field, n = self.model.field, len(S.values)
        minus = field.times(field.constant(-1), S)
        identity = field.constant(np.eye(n, dtype=int))
        Q = field.matmul(field.add(identity, minus), field.inverse(field.add(identity, S)))
        flip = np.ones((1, n), dtype=int)
        flip[0, 0] = (1, -1)[self.model.oracle.choices.choose(2, "det")]
        return field.times(Q, field.constant(flip))


def projected(C: Entries, x: Expr, field: Field, by_entries: bool = False) -> Entries:
    """A matrix within the set that x is in: the symmetric part, or the lower triangle copied to the upper one."""
    properties = x.data.properties
    if "diagonal" in properties:
        return field.moved(lambda X: X * np.eye(len(X), dtype=int).astype(object), C)
    if not properties & STRUCTURED:
        return C
    if by_entries:
        return field.moved(lambda X: np.tril(X) + np.tril(X, -1).T, C)
    return field.times(field.fraction(Fraction(1, 2)), field.add(C, field.moved(np.transpose, C)))


def _skew(C: Entries, field: Field) -> Entries:
    return Entries((np.tril(C.values, -1) - np.tril(C.values, -1).T) % field.p, C.bound)
