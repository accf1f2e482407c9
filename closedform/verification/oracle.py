"""Functions that are not rational, on elements of a prime field: random values that keep true relations.

The model.  Every value f(u) of a function that is not rational stands for a new variable, and the derivative of f is a
rational function of such variables: exp′ = exp, log′u = 1/u, r′ = u′/(2r) for r² = u.  A table gives equal arguments
equal values.  An expression then is a rational function of the entries of its variables and of these new variables; the
point is random, and what is 0 there is 0 as a function of all of them, up to the stated probability.

Why a pass proves something.  Whatever relation is put into the tables holds between the real functions, where they are
defined: exp(a + b) = exp(a) exp(b) and exp(−a) = 1/exp(a) among arguments that were met and their small multiples, the
links between exp, log and roots, sin and cos by exp(i a) with i² = −1, and what is defined by exp (tanh, sigmoid, …).
So a difference that vanishes as a function of the new variables vanishes as a real function.  No claim is made about
relations that are not in the tables: nothing depends on exp(a) and exp(b) being independent.

Choices.  The sign of u in |u|, sign(u), relu(u), the entry that is the largest, the sign of a square root, the sign of
the determinant of an orthogonal matrix are choices; the test runs once for each of them, and has to pass every time.
A run in which log u or sqrt(u) meets a u that was chosen to be negative says nothing: there is no such real point.
What holds for all real arguments is kept between runs; what follows from a choice or a domain is forgotten.

Why a failure proves nothing.  A relation that is not in the tables, such as sqrt(u v) = sqrt(u) sqrt(v), is not kept;
and choices that no real point makes are tried too.  So a right answer may fail, and then the numerical check stands.

Probabilities.  Two arguments that differ may agree by chance: `comparisons` counts them.  A root r of u is a random
root of an equation: the norm of a difference D(x, r) has a degree of at most q (1 + deg u) times that of D.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import gcd
from typing import NamedTuple

from closedform.verification.field import (
    ODD_ROOTS,
    Bound,
    Entries,
    Factor,
    Field,
    NoConstant,
    NoPoint,
    NoRoot,
    matrix_of,
    total_bound,
)

SQUARES = [(a, b) for a in range(1, 9) for b in range(1, 9) if gcd(a, b) == 1]
HALF = Bound(0, 0.0, {Factor(-1, 0, 1.0): 1})  #: of the number 1/2
MOST_CHOICES = 6  #: in one run
MOST_ROOTS = 3  #: square roots in all the runs at a point
MOST_PAIRS = 400  #: known arguments among which a sum of two is looked for


class Unsupported(Exception):
    """There is no sound treatment, for the reason that it says."""


class TooManyBranches(Exception):
    """More choices than are tried; at smaller sizes there may be fewer."""


class Vacuous(Exception):
    """No real point makes these choices: a logarithm or a square root of what was chosen to be negative."""


class Changed(Exception):
    """A table grew, and a choice is no longer met: start again."""


class Choices:
    """Every sequence of choices, depth first."""

    def __init__(self) -> None:
        self.path: list[tuple[int, int, object]] = []  #: what was chosen, of how many, about what
        self.depth = 0
        self.made = False  #: whether there was any

    def choose(self, count: int, about: object) -> int:
        """A number below `count`; the next run chooses another one.

        Raises:
            TooManyBranches: in one run.
            Changed: the last run had another choice here.
        """
        self.made = True
        if self.depth == len(self.path):
            if len(self.path) == MOST_CHOICES:
                raise TooManyBranches("it has too many branches")
            self.path.append((0, count, about))
        self.depth += 1
        chosen, of, before = self.path[self.depth - 1]
        if (of, before) != (count, about):
            raise Changed
        return chosen

    def advance(self) -> bool:
        """Go to the next sequence; false when there is none."""
        self.depth = 0
        while self.path and self.path[-1][0] + 1 == self.path[-1][1]:
            self.path.pop()
        if not self.path:
            return False
        chosen, of, about = self.path.pop()
        self.path.append((chosen + 1, of, about))
        return True


class Known(NamedTuple):
    """A value and its bound."""

    value: int
    bound: Bound


class Oracle:
    """The tables of one random point; `restart` forgets what depends on choices."""

    def __init__(self, field: Field) -> None:
        self.field, self.choices = field, Choices()
        one = Known(1, Bound())
        self.plain_powers = {0: one}  #: u to exp u
        self.logs = {1: Known(0, Bound())}  #: u to log |u|; in a look-up −u is u
        self.magnitudes: dict[int, Known] = {}  #: log |u| to u, when only |u| is known
        self.found: dict[int, int] = {}  #: a square root in the field, before its sign is chosen
        self.plain_roots = {1: one}  #: square roots whose sign is known
        self.plain_positive = {1}
        self.tables: dict[tuple[str, int], int] = {}
        self.arrays: dict[tuple[object, ...], tuple[int, ...]] = {}
        self.comparisons, self.degree, self.bits = 0, 1, 0.0
        self.restart()

    def restart(self) -> None:
        self.powers = dict(self.plain_powers)
        self.roots = dict(self.plain_roots)
        self.positive = set(self.plain_positive)  #: known to be, or chosen to be
        self.largest: dict[tuple[int, ...], int] = {}
        self.growth = 1.0  #: of degrees, when the roots of this run are eliminated

    @property
    def facts(self) -> tuple[int, int]:
        """How much is known for good; when it grows in a run, choices were made about what is known."""
        return len(self.plain_roots), len(self.plain_positive)

    def met(self, bound: Bound, comparisons: int) -> None:
        """Arguments of that degree are compared with others."""
        self.degree, self.bits = max(self.degree, bound.whole), max(self.bits, bound.size)
        self.comparisons += comparisons

    def _each(self, function: Callable[[int], int], X: Entries, known: int, bound: Bound) -> Entries:
        """A function of every entry, whose arguments are compared with as many known ones."""
        self.met(X.bound, X.values.size * (known + X.values.size))
        return Entries(self.field.each(function, X.values), bound)

    def _each_known(self, function: Callable[[int], Known], X: Entries, known: int) -> Entries:
        """The same, when the bounds are found on the way."""
        bounds: list[Bound] = []

        def value(u: int) -> int:
            found = function(u)
            bounds.append(found.bound)
            return found.value

        done = self._each(value, X, known, Bound())
        return Entries(done.values, total_bound(list({id(b): b for b in bounds}.values())))

    # exp and log

    def exp(self, X: Entries, real: bool = True) -> Entries:
        """exp of every entry; of i times a real number with `real` false."""
        pairs = (len(self.powers) + 6 * X.values.size) ** 2
        return self._each_known(lambda u: self._exp(Known(u, X.bound), real), X, pairs)

    def _exp(self, u: Known, real: bool) -> Known:
        if u.value in self.magnitudes and u.value not in self.powers:
            value, bound = self.magnitudes[u.value]
            self.met(bound, 2 * len(self.positive))
            return Known(value * self._sign(value) % self.field.p, bound)
        if u.value not in self.powers:
            known = self._from_sum(u.value)
            if known is None:
                g = Known(self.field.random() or 1, Bound(1))
                self._enter(u, self._power(g, 2))
                self._enter_halves(u, g, real)
            else:
                self.powers[u.value] = known
        return self.powers[u.value]

    def _power(self, base: Known, k: int) -> Known:
        """base^k for a base that is not 0."""
        if k < 0:
            base, k = Known(pow(base.value, -1, self.field.p), base.bound.inverse(1)), -k
        return Known(pow(base.value, k, self.field.p), reduce(Bound.times, [base.bound] * k))

    def _from_sum(self, u: int) -> Known | None:
        """exp(a) exp(b) for u = a + b."""
        for v, power in self.powers.items() if len(self.powers) < MOST_PAIRS else ():
            other = self.powers.get((u - v) % self.field.p)
            if other is not None:
                return Known(power.value * other.value % self.field.p, power.bound.times(other.bound))
        return None

    def _enter(self, argument: Known, power: Known) -> None:
        """exp(u) = power in this run, and what follows for small multiples of u."""
        for k in (1, -1, 2, -2):
            self.powers.setdefault(k * argument.value % self.field.p, self._power(power, k))

    def _enter_halves(self, argument: Known, root: Known, real: bool) -> None:
        """exp(u/2) = root, a new variable: for good, with what follows for logarithms, roots and signs."""
        p, (u, bound) = self.field.p, argument
        for k in (1, -1):
            half, whole = self._power(root, k), self.powers[k * u % p]
            self.powers.setdefault(k * u * (p + 1) // 2 % p, half)
            if real:
                self.logs[whole.value] = Known(k * u % p, bound)
                self.plain_roots[whole.value] = self.roots[whole.value] = half
                self.plain_positive |= {whole.value, half.value}
        self.plain_powers |= {m * u * (p + 1) // 2 % p: self._power(root, m) for m in (1, -1, 2, -2, 4, -4)}
        self.positive |= self.plain_positive

    def log(self, X: Entries, magnitude: bool = False) -> Entries:
        """log of every entry; log |u| with `magnitude`."""
        pairs = 2 * (len(self.logs) + 2 * X.values.size) ** 2
        return self._each_known(lambda u: self._log(Known(u, X.bound), magnitude), X, pairs)

    def _log(self, u: Known, magnitude: bool) -> Known:
        if not u.value:
            raise NoPoint("log of 0")
        value = self._magnitude(u)
        if not magnitude:
            self._is_positive(u.value)
            self._enter(value, u)
        return value

    def _is_positive(self, u: int) -> None:
        """What is undefined for u < 0 occurs.

        Raises:
            Vacuous: u was chosen to be negative.
        """
        if self.field.p - u in self.positive:
            raise Vacuous
        self.positive.add(u)

    def _magnitude(self, u: Known) -> Known:
        """log |u|, for good."""
        p = self.field.p
        for v in (u.value, p - u.value):
            if v in self.logs:
                return self.logs[v]
        square = u.value * u.value % p
        if square in self.logs:
            twice = self.logs[square]
            return Known(twice.value * (p + 1) // 2 % p, twice.bound.times(HALF))
        value = self._from_product(u.value) or Known(self.field.random(), Bound(1))
        inverse = self._power(u, -1)
        minus = Known(-value.value % p, value.bound)
        self.logs |= {u.value: value, inverse.value: minus}
        self.magnitudes |= {value.value: u, minus.value: inverse}
        return value

    def _from_product(self, u: int) -> Known | None:
        """log v + log w for u = ± v w."""
        p = self.field.p
        for v, log in self.logs.items() if len(self.logs) < MOST_PAIRS else ():
            rest = u * pow(v, -1, p) % p
            for w in (rest, p - rest):
                if w in self.logs:
                    other = self.logs[w]
                    return Known((log.value + other.value) % p, total_bound([log.bound, other.bound]))
        return None

    # roots

    def root(self, X: Entries, q: int) -> Entries:
        """The positive square root of every entry for q = 2, or the root of an order in `ODD_ROOTS`."""
        if q == 2:
            known = len(SQUARES) * (len(self.roots) + 2 * X.values.size)
            return self._each_known(lambda u: self._square_root(Known(u, X.bound)), X, known)
        if q not in ODD_ROOTS:
            raise Unsupported(f"it has a root of order {q}")
        self._grow(q, X.bound, X.values.size)
        return self._each(lambda u: self.field.odd_root(u, q), X, 0, Bound(1))

    def _grow(self, q: int, radicand: Bound, roots: int = 1) -> None:
        self.growth *= float(q * (1 + radicand.whole + radicand.size)) ** roots

    def _square_root(self, u: Known) -> Known:
        p = self.field.p
        if not u.value:
            raise NoPoint("a root of 0")
        if u.value in self.roots:
            return self.roots[u.value]
        self._is_positive(u.value)
        known = self._from_square(u.value)
        if known is None:
            if u.value not in self.found:
                self.found[u.value] = self._root_in_field(u)
            r = self.found[u.value]
            known = Known(r if self.choices.choose(2, ("root", u.value)) == 0 else p - r, Bound(1))
            self._grow(2, u.bound)
        inverse = self._power(known, -1)
        self.roots |= {u.value: known, pow(u.value, -1, p): inverse}
        self.positive |= {known.value, inverse.value}
        return known

    def _root_in_field(self, u: Known) -> int:
        """One of the two roots.

        Raises:
            TooManyBranches: so many roots are in the field for few points only.
            NoRoot, NoConstant: there is none, which is so for half of all numbers.
        """
        if len(self.found) == MOST_ROOTS:
            raise TooManyBranches("it has too many branches")
        try:
            return self.field.square_root(u.value)
        except NoRoot:
            if u.bound.whole:
                raise
            raise NoConstant("a number is no square in the field") from None

    def _from_square(self, u: int) -> Known | None:
        """(a/b) sqrt(v) for u = (a/b)² v with small a and b."""
        p = self.field.p
        for a, b in SQUARES:
            r = self.roots.get(u * b * b * pow(a * a, -1, p) % p)
            if r is not None:
                ratio = Known(b, Bound(0, 4.0))
                return Known(
                    r.value * a * pow(b, -1, p) % p, r.bound.times(Bound(0, 4.0)).times(self._power(ratio, -1).bound)
                )
        return None

    def fourth_power(self, X: Entries) -> Entries:
        """X⁴ entry by entry, with square roots that are known: for variables that are positive."""
        p = self.field.p
        for h in X.values.flat:
            square, fourth = h * h % p, pow(h, 4, p)
            self.plain_roots |= {fourth: Known(square, Bound(2)), square: Known(h, Bound(1))}
            self.plain_positive |= {h, square, fourth}
        self.restart()
        return Entries(X.values**4 % p, Bound(4))

    # choices

    def sign(self, X: Entries) -> Entries:
        """A sign for every entry, opposite for opposite entries."""
        return self._each(self._sign, X, 2 * len(self.positive), Bound())

    def _sign(self, u: int) -> int:
        p = self.field.p
        if not u:
            raise NoPoint("the sign of 0")
        if u not in self.positive and p - u not in self.positive:
            self.positive.add(u if self.choices.choose(2, ("sign", u)) == 0 else p - u)
        return 1 if u in self.positive else p - 1

    def is_largest(self, X: Entries) -> Entries:
        """1 for the entry that is the largest, 0 for the others."""
        key = tuple(X.values.flat)
        self.met(X.bound, len(key) * (len(key) + len(self.largest)))
        if len(set(key)) < len(key):
            raise Unsupported("it has the largest of equal entries")
        if key not in self.largest:
            self.largest[key] = self.choices.choose(len(key), key)
        chosen = key[self.largest[key]]
        return Entries(self.field.each(lambda u: int(u == chosen), X.values), Bound())

    # functions of which only the derivative is used

    def odd(self, name: str, X: Entries) -> Entries:
        """A function with f(−u) = −f(u), of every entry."""
        return self._each(lambda u: self._odd(name, u), X, 2 * len(self.tables), Bound(1))

    def _odd(self, name: str, u: int) -> int:
        if u and (name, u) not in self.tables:
            value = self.field.random()
            self.tables |= {(name, u): value, (name, self.field.p - u): -value % self.field.p}
        return self.tables[name, u] if u else 0

    def entrywise(self, name: str, X: Entries) -> Entries:
        """A function of which nothing is known, of every entry."""
        return self._each(lambda u: self._any(name, u), X, len(self.tables), Bound(1))

    def _any(self, name: str, u: int) -> int:
        return self.tables.setdefault((name, u), self.field.random())

    def array(self, name: str, X: Entries, rows: int, columns: int) -> Entries:
        """A matrix that depends on a whole matrix, in a way of which nothing is known."""
        self.met(X.bound, X.values.size * (1 + len(self.arrays)))
        random = tuple(self.field.random() for _ in range(rows * columns))
        flat = self.arrays.setdefault((name, X.values.shape, *X.values.flat), random)
        return Entries(matrix_of([flat[i * columns : (i + 1) * columns] for i in range(rows)], rows, columns), Bound(1))
