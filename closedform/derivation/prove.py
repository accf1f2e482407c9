"""Every line of a derivation, in a prime field: the exact test beside the numerical check of `verify`.

The differential is that of the source along a random dX, by its jet; a line `df = …` has that value, and a derivative
has it when it is put together with dX.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from closedform.core.expr import Expr, substitute, symbol, topological
from closedform.derivation.derive import Line
from closedform.derivation.formal import FORMAL
from closedform.derivation.verify import INCREMENTS
from closedform.verification.exact import Claim
from closedform.verification.field import Entries
from closedform.verification.jet import Jet, base
from closedform.verification.model import stacked
from closedform.verification.point import Pairs, Point, projected


def claim_of_lines(f: Expr, x: Expr, told: Sequence[Line], by_entries: bool = False) -> Claim:
    """The claim that every line of the derivation of f by x is right.

    Args:
        f: the function as it was given.
        x: the variable.
        told: the lines.
        by_entries: the last line is the derivative by the entries on and below the diagonal.
    """

    def pairs(point: Point) -> Pairs:
        at = _Point(f, x, told, point)
        return [pair for line in told for pair in at.pairs(line, by_entries)]

    return Claim("a line of the derivation", (f, x), pairs, [line.expr for line in told])


class _Point:
    """A point, a direction dX, and everything that has a value there; as `verify._Point`, in a prime field."""

    def __init__(self, f: Expr, x: Expr, told: Sequence[Line], point: Point) -> None:
        self.f, self.x, self.point, self.field = f, x, point, point.model.field
        self.V = projected(point.random(("d", x), point.model.shape(x)), x, self.field)
        self.dx = "d" + x.data.name
        self.env: dict[str, Jet] = {**point.env, self.dx: (self.V,)}
        self.values: dict[Expr, Expr] = {}
        self.known: dict[Expr, Jet] = {}
        self.moved: dict[Expr, Jet] = {}  #: the same where x moves along dX
        for line in told:
            if line.name is not None:
                self._enter(line, line.name)
        self.true = self.slope(f)

    def _enter(self, line: Line, name: Expr) -> None:
        """The value of a name, and of its differential."""
        self.env[name.data.name] = (self._plain(line.expr),)
        if line.value is not None:
            self.values[name] = line.value
            self.env["d" + name.data.name] = (self.slope(line.value),)

    def _plain(self, e: Expr) -> Entries:
        return base(self.point.model.value(e, self.env, self.known))

    def slope(self, e: Expr) -> Entries:
        """The derivative of e, an expression in the variables, along dX."""
        name = self.x.data.name
        return self._along(e, {**self.point.env, name: (base(self.point.env[name]), self.V)}, self.moved)

    def _along(self, e: Expr, env: Mapping[str, Jet], known: dict[Expr, Jet] | None = None) -> Entries:
        F = self.point.model.value(e, env, known)
        found = F[1] if len(F) > 1 else None
        return found or self.field.constant(np.zeros(self.point.model.shape(e), dtype=int))

    def pairs(self, line: Line, by_entries: bool) -> Pairs:
        """What a line says, and what is true."""
        if line.kind == "name":
            if line.value is None or line.name is None:
                return []  # a coefficient: the lines in which it stands are compared
            return [(base(self.env[line.name.data.name]), self.point.value(line.value))]
        return [(self._value(line, by_entries), self._as(line))]

    def _as(self, line: Line) -> Entries:
        """The differential as the line has it: stacked, transposed, or as it is."""
        if line.kind == "transposed":
            return self.field.moved(np.transpose, self.true)
        return self.true if line.kind in ("differential", *INCREMENTS) else self.field.moved(stacked, self.true)

    def _value(self, line: Line, by_entries: bool) -> Entries:
        """What a line says that the differential is."""
        if line.kind in ("derivative", "free"):
            return self._contracted(self._plain(line.expr), by_entries and line.kind != "free")
        if line.kind in INCREMENTS:  # as a function of dX, at 0
            zero = self.field.constant(np.zeros(self.V.values.shape, dtype=int))
            return self._along(line.expr, {**self.env, self.dx: (zero, self.V)})
        formal = [n for n in topological([line.expr]) if n.op is FORMAL]
        given = {n: symbol(f"d{i}", n.shape, ["differential"]) for i, n in enumerate(formal)}
        slopes = {s.data.name: (self.slope(substitute(n.args[0], self.values)),) for n, s in given.items()}
        known = {} if given else self.known
        return base(self.point.model.value(substitute(line.expr, given), {**self.env, **slopes}, known))

    def _contracted(self, J: Entries, by_entries: bool) -> Entries:
        """The derivative put together with dX: vec(dF)."""
        if self.f.is_scalar and J.values.shape == self.V.values.shape:
            return self.field.summed(
                np.sum, self.field.times(self.field.moved(np.tril, J) if by_entries else J, self.V)
            )
        if self.x.is_scalar:
            return self.field.moved(stacked, self.field.times(J, self.V))
        return self.field.matmul(J, self.field.moved(stacked, self.V))
