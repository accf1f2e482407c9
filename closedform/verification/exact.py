"""The exact test of a derivative: source and answer in a prime field, at a random point, along a random direction.

The source is evaluated over jets, so that its derivative along a direction comes with its value; the answer is
evaluated at the same point and contracted with the direction; the two are compared exactly.  What is proved, up to
the stated probability, is that they agree as functions at the sizes that were used: `field.py` has the bound for
rational functions, `oracle.py` the model for those that are not.  Nothing here knows a rule of rewriting, and the
rules of differentiation are those of `jet.py`.

A difference is a proof that the answer is wrong only where every true relation is kept (`COMPLETE`).  Elsewhere it
means that there is no certificate, and the numerical check decides alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from closedform.core.abstract import Abstract
from closedform.core.expr import Expr, symbols, topological
from closedform.errors import VerificationError
from closedform.verification.field import (
    BITS,
    LOG_PRIMES,
    Array,
    Bound,
    Entries,
    Field,
    NoConstant,
    NoPoint,
    NoRoot,
    field_number,
    total_bound,
)
from closedform.verification.jet import Jet, base
from closedform.verification.model import COMPLETE, Model, stacked
from closedform.verification.numeric import REPORT_IT
from closedform.verification.oracle import Changed, Choices, TooManyBranches, Unsupported, Vacuous
from closedform.verification.point import STRUCTURED, Pairs, Point, projected
from closedform.verification.sample import names_of_dims

POINTS = 64  #: more than are tried on average until every root exists, which are 2^`MOST_ROOTS`
POINTS_PER_PRIME, PRIMES = 4, 48
TRIED = {NoPoint: 8, NoConstant: PRIMES, NoRoot: 256}  #: points where a value is missing, after which it is no chance
RUNS = 64  #: sequences of choices
RESTARTS = 8  #: when tables grow between runs
SIZES = 2  #: assignments that are tested
EFFORT = 3 * 10**6  #: multiplications, about, in all evaluations: twice what any case of the corpus needs
PER_NODE = 150  #: what an operation costs beside those of its entries
ENOUGH = -100.0  #: log₂ of the largest error probability that is claimed


@dataclass(frozen=True, slots=True)
class Certificate:
    """An exact test that was passed.

    Attributes:
        sizes: where: the assignments of sizes, and the values of integer variables.
        log2_error: the logarithm of a bound of the probability that what is wrong passes.
    """

    sizes: tuple[Mapping[str, int], ...]
    log2_error: float
    proved: ClassVar[bool] = True

    def __str__(self) -> str:
        sizes = f"{len(self.sizes)} size{'' if len(self.sizes) == 1 else 's'}"
        return f"proved at {sizes}: exact test, error probability < 2^{self.log2}"

    @property
    def log2(self) -> int:
        """The logarithm, rounded up."""
        return math.ceil(self.log2_error)

    def as_dict(self) -> dict[str, Any]:
        return {"proved": True, "sizes": [dict(s) for s in self.sizes], "log2_error": self.log2}


@dataclass(frozen=True, slots=True)
class NoTest:
    """Why there is no certificate."""

    reason: str
    proved: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"no exact test: {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        return {"proved": False, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Different:
    """The two sides of a claim differ in the test; a proof that they do, when `proved`."""

    what: str
    proved: bool
    sizes: Mapping[str, int]

    def __str__(self) -> str:
        return f"different at {dict(self.sizes)}" if self.proved else "not settled by the exact test"


Outcome = Certificate | NoTest | Different


# ------------------------------------------------------------------------------------------------------- running


@dataclass(frozen=True, slots=True)
class Claim:
    """Something to prove.

    Attributes:
        what: in words.
        roots: expressions in which every variable, size and operation of it occurs.
        pairs: what has to be equal at a point; called once for every sequence of choices.
        further: expressions in further variables that `pairs` evaluates.
    """

    what: str
    roots: tuple[Expr, ...]
    pairs: Callable[[Point], Pairs]
    further: Sequence[Expr] = ()


def prove(*claims: Claim) -> Outcome:
    """Test claims at the same random points, at a few sizes."""
    roots = [e for c in claims for e in c.roots]
    done: list[Mapping[str, int]] = []
    effort = Effort()
    worst, reason = -math.inf, "no point was found in the field"
    try:
        for sizes in _assignments(roots):
            outcome = _prove_at(claims, roots, sizes, effort)
            if isinstance(outcome, Different):
                return outcome
            if isinstance(outcome, NoTest):
                reason = outcome.reason
                continue
            done += outcome.sizes
            worst = max(worst, outcome.log2_error)
            if len(done) == SIZES:
                break
    except Unsupported as why:
        return NoTest(str(why))
    except OverflowError:
        return NoTest("its degree is too high")
    if not done:
        return NoTest(reason)
    return Certificate(tuple(done), worst) if worst < ENOUGH else NoTest("its degree is too high")


def _assignments(roots: Sequence[Expr]) -> Iterator[dict[str, int]]:
    """Small sizes, different for different names, in two orders; then smaller ones."""
    names = names_of_dims(roots)
    up, down = range(2, 2 + len(names)), range(1 + max(2, len(names)), 1, -1)
    tried = [up, down, [1 + k % 2 for k in range(len(names))], [2 - k % 2 for k in range(len(names))]]
    for values in dict.fromkeys(map(tuple, tried)):
        yield dict(zip(names, values, strict=False))


class Effort:
    """How much computing is left.  Chance has no say: a root counts as the two points that are tried for it."""

    def __init__(self) -> None:
        self.left, self.cost, self.spent = EFFORT, 0, 0

    def begin(self) -> None:
        """Another point."""
        self.spent = 0

    def spend(self, roots: int) -> None:
        """Evaluate everything once more, where so many roots were taken.

        Raises:
            TooManyBranches: too much was computed already.
        """
        self.spent += self.cost << roots
        if self.spent > self.left:
            raise TooManyBranches("it takes too long")

    def end(self) -> None:
        """Nothing more is computed at this point, which was the last one at its sizes."""
        self.left -= self.spent


def _prove_at(claims: Sequence[Claim], roots: Sequence[Expr], sizes: dict[str, int], effort: Effort) -> Outcome:
    """The test at one assignment of sizes."""
    effort.cost = _cost([*roots, *[e for c in claims for e in c.further]], sizes)
    variables = symbols(*roots)
    bases = frozenset(e.args[0] for e in topological(roots) if _takes_root(e))
    missed = Counter[type[NoPoint]]()
    while all(missed[kind] < most for kind, most in TRIED.items()):
        effort.begin()
        try:
            point = Point(Model(_field(missed), sizes), variables, bases)
            errors = [(c, _every_choice(point, c, effort)) for c in claims]
        except NoPoint as why:
            missed[type(why)] += 1
            continue
        except TooManyBranches as why:
            effort.end()
            return NoTest(str(why))
        effort.end()
        where = {**sizes, **point.integers}
        for claim, error in errors:
            if error is None:
                complete = not point.model.inexact and _is_complete([*claim.roots, *claim.further])
                return Different(claim.what, complete, where)
        return Certificate((where,), math.log2(POINTS * math.fsum(e for _, e in errors if e is not None)))
    return NoTest("no point was found in the field")


def _field(missed: Counter[type[NoPoint]]) -> Field:
    """The field of the next point: another one after a few points, and where a constant had no root."""
    return field_number(((missed[NoPoint] + missed[NoRoot]) // POINTS_PER_PRIME + missed[NoConstant]) % PRIMES)


def _every_choice(point: Point, claim: Claim, effort: Effort) -> float | None:
    """The error probability when every sequence of choices agrees; None when one does not."""
    for _ in range(RESTARTS):
        point.model.oracle.choices = Choices()
        try:
            return _every_run(point, claim, effort)
        except Changed:
            continue
    raise TooManyBranches("its choices depend on one another")


def _every_run(point: Point, claim: Claim, effort: Effort) -> float | None:
    oracle, worst, tested = point.model.oracle, 0.0, False
    for _ in range(RUNS):
        effort.spend(len(oracle.found))
        point.restart()
        known, pairs = oracle.facts, Pairs()
        with suppress(Vacuous):
            pairs += claim.pairs(point)
            tested = True
        if (oracle.choices.path and oracle.facts != known) or oracle.choices.depth < len(oracle.choices.path):
            raise Changed
        for a, b in pairs:
            if a.values.shape != b.values.shape or (a.values != b.values).any():
                return None
            worst = max(worst, _error(total_bound([a.bound, b.bound]), oracle.growth))
        if not oracle.choices.advance():
            if not tested:
                raise Unsupported("it is defined nowhere")
            compared = Bound(3 * oracle.degree, 3 * oracle.bits + 16)  # of three arguments, with small factors
            return worst + (1 + oracle.comparisons) * _error(compared, oracle.growth)
    raise TooManyBranches("it has too many branches")


def _error(difference: Bound, growth: float) -> float:
    """The probability that a difference of that degree vanishes at a random point modulo a random prime.

    With i among its coefficients a number a + bi is 0 in the field where the prime divides a² + b²: twice the bits.
    """
    degree, bits = max(difference.degree, 1), difference.bits + 1
    if not (degree < 2**200 and bits < 2.0**200 and growth < 2.0**200):
        return math.inf
    of_norm = growth * (degree + bits)
    by_point, by_prime = (float(degree), bits) if growth == 1 else (of_norm, of_norm)
    return by_point * math.ldexp(1, 1 - BITS) + 2 * by_prime / (BITS - 1) * math.exp2(-LOG_PRIMES)


def _cost(roots: Sequence[Expr], sizes: Mapping[str, int]) -> int:
    """About how many multiplications an evaluation takes."""
    total = PER_NODE
    for e in topological(roots):
        m, n = (d.value(sizes) for d in e.shape)
        inner = max([max(d.value(sizes) for d in a.shape) for a in e.args], default=1) if e.op.name in CUBIC else 1
        total += m * n * inner + PER_NODE
    return total


CUBIC = frozenset({"matmul", "inv", "det", "logdet", "adj", "matpow", "powersum", "pinv"})


def _takes_root(e: Expr) -> bool:
    """Whether it takes a root of its first operand, or another power that is not whole."""
    return e.op.name == "sqrt" or (e.op.name == "power" and not symbols(e.args[1]) and not _is_whole(e.args[1]))


def _is_whole(k: Expr) -> bool:
    return k.op.name == "number" and (isinstance(k.data, int) or (isinstance(k.data, float) and k.data.is_integer()))


def _is_complete(roots: Sequence[Expr]) -> bool:
    for e in topological(roots):
        is_power = e.op.name == "power" and _is_whole(e.args[1])
        if not (is_power or e.op.name in COMPLETE) or isinstance(e.op, Abstract):
            return False
    return True


# -------------------------------------------------------------------------------------------------------- claims


def same(left: Expr, right: Expr) -> Outcome:
    """Whether two expressions of one shape are equal, where both are defined.

    >>> from closedform import parse
    >>> A = {"shapes": {"A": ("n", "n"), "B": ("n", "n")}}
    >>> isinstance(same(parse("inv(A*B)", **A).expr, parse("inv(B)*inv(A)", **A).expr), Certificate)
    True
    >>> print(same(parse("inv(A*B)", **A).expr, parse("inv(A)*inv(B)", **A).expr))
    different at {'n': 2}
    """
    return prove(equal(left, right))


def equal(left: Expr, right: Expr, what: str = "the formula") -> Claim:
    """The claim that two expressions are equal."""
    return Claim(what, (left, right), lambda point: [(point.value(left), point.value(right))])


#: what the layouts do with a matrix, by the name of the arrangement
ARRANGEMENTS: dict[str, Callable[[Array], Array]] = {
    "transposed": np.transpose,
    "stacked, as a row": lambda X: stacked(X).T,
}


def laid_out(shown: Expr, answer: Expr, arrangement: str) -> Claim:
    """The claim that what is shown is the answer, arranged by one of `ARRANGEMENTS`, or as it is."""
    move = ARRANGEMENTS.get(arrangement, lambda X: X)

    def pairs(point: Point) -> Pairs:
        return [(point.value(shown), point.model.field.moved(move, point.value(answer)))]

    return Claim("the printed formula", (shown, answer), pairs)


def certify(
    f: Expr, wrt: Expr | Sequence[Expr], answer: Expr, layout: str = "gradient", *, by_entries: bool = False
) -> Certificate | NoTest:
    """The exact test of a derivative of any order, with the arguments of `numeric.check`.

    Raises:
        VerificationError: the answer is proved wrong.
    """
    return settled(prove(derivative_claim(f, wrt, answer, layout, by_entries=by_entries)))


def settled(outcome: Outcome) -> Certificate | NoTest:
    """The outcome for an answer that passed the numerical check.

    Raises:
        VerificationError: it is proved wrong.
    """
    if not isinstance(outcome, Different):
        return outcome
    if outcome.proved:
        raise VerificationError(f"{outcome.what} fails its exact test at {dict(outcome.sizes)}; {REPORT_IT}")
    return NoTest("a relation that it needs is not among those of the test")


def derivative_claim(
    f: Expr, wrt: Expr | Sequence[Expr], answer: Expr, layout: str = "gradient", *, by_entries: bool = False
) -> Claim:
    """The claim that an answer is the derivative: contracted with a direction it is that along the direction."""
    variables = (wrt,) if isinstance(wrt, Expr) else tuple(wrt)

    def pairs(point: Point) -> Pairs:
        C = [_direction(point, x, j, layout) for j, x in enumerate(variables)]
        V = [_moved(c, x, point.model.field, by_entries or layout == "vech") for c, x in zip(C, variables, strict=True)]
        F = point.along(f, _directions(point, variables, V))
        slope = F[-1] if len(F) == 2 ** len(V) else None
        nothing = point.model.field.constant(np.zeros(point.model.shape(f), dtype=int))
        return [(slope or nothing, _contracted(point.value(answer), f, variables, layout, C, point.model))]

    return Claim("the derivative", (f, *variables, answer), pairs)


def _direction(point: Point, x: Expr, j: int, layout: str) -> Entries:
    """A coefficient for every entry of x that the answer has an entry for."""
    C = point.random(("direction", x.data.name, j), point.model.shape(x))
    return point.model.field.moved(np.tril, C) if layout == "vech" else C


def _moved(C: Entries, x: Expr, field: Field, by_entries: bool) -> Entries:
    """Σ cᵢ Eᵢ, where Eᵢ is the direction in which entry i moves within the set that x is in."""
    if by_entries and x.data.properties & STRUCTURED:
        turned = field.moved(np.transpose, C)
        return field.add(C, turned, field.times(C, field.constant(-np.eye(len(C.values), dtype=int))))
    return projected(C, x, field)


def _directions(point: Point, variables: Sequence[Expr], V: Sequence[Entries]) -> dict[str, Jet]:
    """Every variable with its directions, one for each differentiation."""
    moved: dict[str, Jet] = {}
    for name in {x.data.name for x in variables}:
        parts: list[Entries | None] = [base(point.env[name]), *[None] * (2 ** len(V) - 1)]
        for j, x in enumerate(variables):
            if x.data.name == name:
                parts[1 << j] = V[j]
        moved[name] = tuple(parts)
    return moved


def _contracted(
    J: Entries, f: Expr, variables: Sequence[Expr], layout: str, C: Sequence[Entries], model: Model
) -> Entries:
    """The answer put together with the directions: of the shape of f."""
    values, bound = J.values, J.bound
    rows, columns = model.shape(f)
    shapes = [model.shape(x) for x in variables]
    entries = [rows * columns, *(m * n for m, n in shapes)]
    coefficients = [c.values.reshape(-1) for c in C]
    if layout == "vech":
        n = shapes[0][0]
        coefficients = [np.array([C[0].values[i, j] for j in range(n) for i in range(j, n)], dtype=object)]
        entries[1] = n * (n + 1) // 2
        by_entry = values.reshape(entries[1], -1).T if f.is_scalar else values.reshape(columns, rows, -1).swapaxes(0, 1)
        values = by_entry.reshape(entries)
    elif layout == "vec":
        values = values.reshape(columns, rows, entries[1]).swapaxes(0, 1).reshape(entries)
        coefficients = [stacked(C[0].values).reshape(-1)]
    elif layout == "denominator":
        values = np.moveaxis(values.reshape(*entries[1:], entries[0]), -1, 0)
    else:
        values = values.reshape(entries)
    for c in reversed(coefficients):
        values = values @ c
        bound = bound.times(C[0].bound, len(c))
    return Entries(values.reshape(rows, columns) % model.field.p, bound)
