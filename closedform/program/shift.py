"""Quotients and logarithms of sums of exponentials: the largest exponent is taken out before anything is summed.

In `diag(1./(exp(Z)*w))*exp(Z)` each row of exp(Z) may be divided by a number; dividing by the exponential of its
largest entry leaves exponents of at most 0, and nothing overflows.  Whether that is so is a matter of counting: every
node has a degree in these numbers, along its rows, along its columns and as a whole; that of the answer must be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from closedform.core.expr import OPS, Expr, Number, Op, number, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.core.signature import Signature
from closedform.core.terms import is_number, split


class CodeOp(Op):
    """An operation that only code has; the text syntax does not know it."""

    def _register(self) -> None:
        pass


def code_op(name: str, signature: str) -> CodeOp:
    return CodeOp(name=name, kind="function", signatures=(Signature(signature),))


ROWMAX = code_op("rowmax", "(m,n) -> (m,1)")
LARGER = code_op("larger", "(m,n), (m,n) -> (m,n)")
SMALL_EXPM1 = code_op("smallexpm1", "(m,n) -> (m,n)")


@dataclass(frozen=True, slots=True)
class Degree:
    """How often a row, a column and the whole carry the factor e^t."""

    row: Fraction = Fraction(0)
    column: Fraction = Fraction(0)
    whole: Fraction = Fraction(0)

    def __add__(self, other: Degree) -> Degree:
        return Degree(self.row + other.row, self.column + other.column, self.whole + other.whole)

    def times(self, p: Fraction) -> Degree:
        return Degree(self.row * p, self.column * p, self.whole * p)

    @property
    def turned(self) -> Degree:
        return Degree(self.column, self.row, self.whole)


NONE = Degree()


class Mixed(Exception):
    """A sum of terms of different degrees, or a function of one that is not 0."""


def shifted(e: Expr) -> Expr:
    """An equal expression, for code only, in which exponentials that are summed do not overflow."""
    for E, degree in candidates([e]):
        if E in set(topological([e])):
            e = taken_out(e, E, degree)
    made: dict[Expr, Expr] = {}
    for node in topological([e]):
        args = tuple(made[a] for a in node.args)
        again = node if args == node.args else node.op(*args)
        made[node] = quotient(again) if node.op.name == "hadamard" else again
    return made[e]


def quotient(e: Expr) -> Expr:
    """exp(u)/(exp(a) + exp(b))ᵏ with t = max(a, b) is exp(u − k t)/(exp(a − t) + exp(b − t))ᵏ."""
    sums = [(f, *f.args) for f in e.args if f.op.name == "power" and exponents(f.args[0])]
    sums += [(f, f, number(1)) for f in e.args if exponents(f)]
    above = [f for f in e.args if f.op.name == "exp"]
    if len(sums) + len(above) < 2 or not any(k.op.name == "number" and k.data < 0 for _, _, k in sums):
        return e
    u, made = [f.args[0] for f in above], [f for f in e.args if f not in above and f not in [g for g, *_ in sums]]
    for _, S, k in sums:
        top, rest = largest(exponents(S))
        u.append(k * top)
        made.append(rest**k)
    return OPS["hadamard"](*made, OPS["exp"](reduce(lambda x, y: x + y, u)))


def largest(terms: list[tuple[Number, Expr | None]]) -> tuple[Expr, Expr]:
    """A sum of exponentials as e^t times what is left of it, t its largest exponent."""
    known = [z for _, z in terms if z is not None]
    if len(known) == 1 and len(terms) == 2 and terms[0][0] == -terms[1][0]:
        c = next(c for c, z in terms if z is not None)
        return OPS["relu"](known[0]), number(c) * SMALL_EXPM1(known[0])
    top = reduce(LARGER, known)
    if len(known) < len(terms):
        top = OPS["relu"](top)
    return top, OPS["add"](*[number(c) * OPS["exp"](-top if z is None else z - top) for c, z in terms])


def exponents(e: Expr) -> list[tuple[Number, Expr | None]]:
    """Numbers and exponents of a sum of exponentials, None for that of a number; nothing if it is no such sum."""
    if e.op.name != "add":
        return []
    found: list[tuple[Number, Expr | None]] = []
    for a in e.args:
        c, core = split(a)
        if core.op.name not in ("exp", "ones") and not is_number(core, 1):
            return []
        found.append((c, core.args[0] if core.op.name == "exp" else None))
    return found if any(z is not None for _, z in found) else []


def candidates(roots: Sequence[Expr]) -> list[tuple[Expr, Degree]]:
    """Every exp(Z) of a matrix that is summed below a logarithm or a division, with weights too, and along what."""
    found: dict[tuple[Expr, Degree], None] = {}
    for node in topological(roots):
        below = node.op.name == "power" and node.args[1].op.name == "number" and node.args[1].data < 0
        if node.op.name != "log" and not below:
            continue
        (inside, *_) = node.args
        if inside.op.name == "sum":
            found |= {(E, Degree(whole=Fraction(1))): None for E in _exponentials(inside.args[0])}
        elif inside.op.name == "matmul":
            for E, row in ((inside.args[0], True), (inside.args[-1], False)):
                if E.op.name == "transpose":
                    E, row = E.args[0], not row
                degree = Degree(row=Fraction(1)) if row else Degree(column=Fraction(1))
                found |= {(F, degree): None for F in _exponentials(E)}
    return list(found)


def _exponentials(e: Expr) -> list[Expr]:
    """The exponentials of matrices that an expression is, or is a product of entry by entry."""
    factors = e.args if e.op.name == "hadamard" else (e,)
    return [f for f in factors if f.op.name == "exp" and ONE not in f.shape and not is_shifted(f.args[0])]


def is_shifted(Z: Expr) -> bool:
    """Is an exponent Y less its largest entry, or the largest of each row or column?"""
    for a in Z.args if Z.op.name == "add" else ():
        for n in topological([a]):
            if n.op.name in ("max", "rowmax") and n.args[0] in (Y := normal(Z - a), normal(Y.T)):
                return True
    return False


def taken_out(e: Expr, E: Expr, degree: Degree) -> Expr:
    """The expression with the largest exponent of every row, of every column or of all taken out of E.

    Returns:
        The expression itself if its value would be another.
    """
    try:
        made, degrees = without_largest([e], E, degree)
    except Mixed:
        return e
    return made[e] if degrees[e] == NONE else e


def without_largest(roots: Sequence[Expr], E: Expr, degree: Degree) -> tuple[dict[Expr, Expr], dict[Expr, Degree]]:
    """Every node of some expressions with the largest exponents taken out of E, and the factors that it lost.

    Raises:
        Mixed: for one of the nodes there are no such factors.
    """
    (Z,) = E.args
    if degree.whole:
        t = OPS["max"](Z)
        spread = t * ones(Z.shape)
    else:
        t = ROWMAX(Z if degree.row else Z.T)
        spread = t @ ones((ONE, Z.shape[1])) if degree.row else ones((Z.shape[0], ONE)) @ t.T
    degrees: dict[Expr, Degree] = {}
    made: dict[Expr, Expr] = {}
    for node in topological(roots):
        if node.op.name == "exp" and (p := multiple(node.args[0], Z)) is not None:
            degrees[node] = degree.times(p)
            made[node] = OPS["exp"](node.args[0] - number(p) * spread)
    for node in topological(roots, made):
        degrees[node] = _degree(node, degrees)
        args = tuple(made[a] for a in node.args)
        made[node] = node if args == node.args else node.op(*args)
        if node.op.name == "log" and (d := degrees[node.args[0]]) != NONE:
            made[node] = made[node] + _lifted(node, t, d)
    return made, degrees


def multiple(e: Expr, Z: Expr) -> Fraction | None:
    """The p with e = p Z, if there is a positive one."""
    (c, core), (d, other) = split(e), split(Z)
    p = Fraction(c) / Fraction(d)
    return p if core is other and p > 0 else None


def _lifted(e: Expr, t: Expr, d: Degree) -> Expr:
    """What log e is larger than log of the shifted e."""
    if d == Degree(whole=d.whole) and e.is_scalar:
        return number(d.whole) * t
    if d == Degree(row=d.row) and e.shape == t.shape:
        return number(d.row) * t
    if d == Degree(column=d.column) and e.shape == t.T.shape:
        return number(d.column) * t.T
    raise Mixed


def _degree(e: Expr, known: Mapping[Expr, Degree]) -> Degree:
    args = [known[a] for a in e.args]
    if all(d == NONE for d in args):
        return NONE
    if e.op.name not in DEGREES:
        raise Mixed
    return DEGREES[e.op.name](e, args)


def _same(e: Expr, args: list[Degree]) -> Degree:
    if len(set(args)) > 1:
        raise Mixed
    return args[0]


def _summed(e: Expr, args: list[Degree]) -> Degree:
    return sum(args, NONE)


def _power(e: Expr, args: list[Degree]) -> Degree:
    if e.args[1].op.name != "number":
        raise Mixed
    return args[0].times(Fraction(e.args[1].data))


def _log(e: Expr, args: list[Degree]) -> Degree:
    return NONE


def _diag(e: Expr, args: list[Degree]) -> Degree:
    return Degree(args[0].row + args[0].column, Fraction(0), args[0].whole)


def _total(e: Expr, args: list[Degree]) -> Degree:
    if args[0].row or args[0].column:
        raise Mixed
    return args[0]


def _trace(e: Expr, args: list[Degree]) -> Degree:
    return _total(e, [_diag(e, args)])


def _chain(e: Expr, args: list[Degree]) -> Degree:
    """Neighbours must cancel; the degree of a diagonal matrix may stand on either side."""
    done: Degree | None = None
    movable = False
    for factor, d in zip(e.args, args, strict=True):
        diagonal = factor.op.name == "diag"
        if done is None:
            done, movable = d, diagonal
            continue
        if movable and done.row == -d.row:
            done = Degree(Fraction(0), done.row, done.whole)
        elif diagonal and done.column != -d.row:
            d = Degree(Fraction(0), d.row, d.whole)
        if done.column + d.row:
            raise Mixed
        movable = movable and diagonal and not d.column and not d.row
        done = Degree(done.row, d.column, done.whole + d.whole)
    assert done is not None
    return done


DEGREES: dict[str, Callable[[Expr, list[Degree]], Degree]] = {
    "add": _same,
    "scale": _summed,
    "hadamard": _summed,
    "power": _power,
    "matmul": _chain,
    "transpose": lambda e, args: args[0].turned,
    "diag": _diag,
    "diagonal": _diag,
    "sum": _total,
    "tr": _trace,
    "log": _log,
    "rowslope": _summed,
}  #: operations that a shift passes through
