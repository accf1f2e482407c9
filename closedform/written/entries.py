"""Entries written out: at given sizes, every entry of an expression as a formula in the entries of its variables.

The entries are expressions of scalars such as A_12 and x_1.  Sums over indices are expanded and entrywise functions
applied; what has no short formula by entries, such as an inverse, keeps its name: inv(X)_12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from closedform.compact.present import present
from closedform.core.abstract import Abstract
from closedform.core.expr import OPS, Expr, node, number, symbol, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE, SCALAR
from closedform.emit.latex import Latex, latex, spelled
from closedform.emit.text import text
from closedform.emit.unicode import LOW, Unicode, unicode
from closedform.errors import TooLarge

if TYPE_CHECKING:
    from closedform.verification.interpreter import Array, Env

LONGEST = 20_000  #: operations of all entries together, and entries of anything on the way
MOST_PRODUCTS = 100_000  #: of two entries, in one product of matrices
LARGEST = 10**6  #: places in a matrix that is mostly zero
HIGHEST_POWER = 4  #: of a matrix, that is multiplied out
ZERO = number(0)
Place = tuple[int, int]
Grid = dict[Place, Expr]  #: the entries that are not zero, by row and column from 0


class Entries:
    """The entries of expressions, at given sizes.

    Args:
        sizes: a number for every named dimension.
        taken: names that no entry may have: those of other variables.

    Attributes:
        places: what each new scalar is: an entry of a variable, or of a function that is not written out.
    """

    def __init__(self, sizes: Mapping[str, int], taken: Iterable[str] = ()) -> None:
        self.sizes, self.taken = sizes, frozenset(taken)
        self.places: dict[str, tuple[Expr, Place]] = {}
        self.known: dict[Expr, Grid] = {}

    def of(self, e: Expr) -> Grid:
        """The entries of an expression that are not zero, each in normal form.

        Raises:
            TooLarge: there are too many, or they are too long to write down.
        """
        for n, rule in self._needed(e):
            rows, columns = self.shape(n)
            _refuse(rows * columns > LARGEST)
            grid = {place: found for place, v in rule(self, n).items() if (found := normal(v)) is not ZERO}
            _refuse(len(grid) > LONGEST or sum(v.size for v in grid.values()) > LONGEST)
            self.known[n] = grid
        return self.known[e]

    def _needed(self, e: Expr) -> list[tuple[Expr, Rule]]:
        """What is not known yet, operands first; not the operands of what is only named."""
        rules: dict[Expr, Rule] = {}
        waiting = [e]
        while waiting:
            n = waiting.pop()
            if n not in rules and n not in self.known:
                rules[n] = _rule(n)
                waiting += n.args if rules[n] is not _named else ()
        return [(n, rules[n]) for n in topological([e]) if n in rules]

    def shape(self, e: Expr) -> Place:
        return e.shape[0].value(self.sizes), e.shape[1].value(self.sizes)

    def every(self, e: Expr) -> Iterable[Place]:
        """Every place of an expression, row by row."""
        rows, columns = self.shape(e)
        _refuse(rows * columns > LONGEST)
        return product(range(rows), range(columns))

    def entry(self, e: Expr, place: Place, properties: Iterable[str] = ()) -> Expr:
        """A new scalar for an entry of an expression; of a symmetric one the same for [i,j] and [j,i]."""
        if place[0] > place[1] and not e.is_scalar and normal(e.T) is e:
            place = place[::-1]
        name = in_text(e, place, self.shape(e))
        while name in self.taken:
            name += "_"
        self.places[name] = e, place
        return symbol(name, SCALAR, properties)

    def values(self, env: Env, sizes: Mapping[str, int]) -> dict[str, Array]:
        """The value of every scalar, from those of the variables."""
        from closedform.verification.interpreter import evaluate

        return {name: evaluate(e, env, sizes)[..., i, j][..., None, None] for name, (e, (i, j)) in self.places.items()}

    def unicode(self, e: Expr) -> str:
        """An entry as one reads it, in Unicode."""
        return _Unicode(self).write(present(e))

    def latex(self, e: Expr) -> str:
        """An entry in LaTeX."""
        return _Latex(self).write(present(e))


def _refuse(too_large: bool) -> None:
    if too_large:
        raise TooLarge("the entries are too long to write down", hint="give smaller sizes")


def in_text(e: Expr, place: Place, shape: Place) -> str:
    """`A_12`, `x_3`, `inv(X)_12`, `A_1,12` where an index has two digits; a scalar has no subscript."""
    return text(present(e)) + (f"_{subscript(e, place, shape)}" if not e.is_scalar else "")


def subscript(e: Expr, place: Place, shape: Place) -> str:
    """The indices of an entry, counted from 1."""
    indices = [str(i + 1) for i, d in zip(place, e.shape, strict=True) if d is not ONE]
    return ("," if max(shape) > 9 else "").join(indices)


def in_unicode(e: Expr, place: Place, shape: Place) -> str:
    """`A₁₂`, `(X⁻¹)₁₂`."""
    base = unicode(present(e))
    if e.is_scalar:
        return base
    return (base if e.op.name == "symbol" else f"({base})") + "".join(LOW.get(c, c) for c in subscript(e, place, shape))


def in_latex(e: Expr, place: Place, shape: Place) -> str:
    r"""`A_{12}`, `(X^{-1})_{12}`; a name with a subscript of its own in braces."""
    base = latex(present(e))
    if e.is_scalar:
        return base
    if e.op.name != "symbol":
        base = rf"\left({base}\right)"
    elif "_" in base:
        base = f"{{{base}}}"
    return f"{base}_{{{subscript(e, place, shape)}}}"


class _Unicode(Unicode):
    """Entries with subscripts: `A₁₂`, `(X⁻¹)₁₂`."""

    def __init__(self, scalars: Entries) -> None:
        super().__init__()
        self.scalars = scalars

    def times(self, factors: Iterable[str]) -> str:
        shown = last = ""
        for f in factors:
            shown, last = shown + ("" if not shown or last.replace(".", "").isnumeric() else " ") + f, f
        return shown

    def name(self, name: str) -> str:
        e, place = self.scalars.places.get(name, (None, (0, 0)))
        if e is None:
            return name
        return in_unicode(e, place, self.scalars.shape(e))


class _Latex(Latex):
    r"""Entries with subscripts: `A_{12}`, `(X^{-1})_{12}`."""

    def __init__(self, scalars: Entries) -> None:
        super().__init__()
        self.scalars = scalars

    def name(self, name: str) -> str:
        e, place = self.scalars.places.get(name, (None, (0, 0)))
        if e is None:
            return spelled(name)
        return in_latex(e, place, self.scalars.shape(e))


Rule = Callable[[Entries, Expr], Grid]

# one rule for each operation ----------------------------------------------------------------------------------------


def _rule(e: Expr) -> Rule:
    if e.op.name == "matpow" and (e.args[1].op.name != "number" or not 0 < e.args[1].data <= HIGHEST_POWER):
        return _named
    entrywise = e.op.values is None if isinstance(e.op, Abstract) else e.op.kind == "elementwise"
    return RULES.get(e.op.name, _entrywise if entrywise else _named)


def _variable(w: Entries, e: Expr) -> Grid:
    kept = e.data.properties & {"positive", "integer"}
    places = [(i, j) for i, j in w.every(e) if i == j or "diagonal" not in e.data.properties]
    return {place: e if e.is_scalar else w.entry(e, place, kept) for place in places}


def _constant(w: Entries, e: Expr) -> Grid:
    """Ones, zeros, an identity, a commutation matrix: numbers."""
    from closedform.verification.interpreter import LEAVES

    value = LEAVES[e.op.name](e, {}, w.sizes)
    return {(i, j): number(int(value[i, j])) for i, j in w.every(e) if value[i, j]}


def _number(w: Entries, e: Expr) -> Grid:
    return {(0, 0): e if e.op.name == "number" else number(e.data.value(w.sizes))}


def _named(w: Entries, e: Expr) -> Grid:
    """An operation that is not written out: its entries are named after it."""
    return {place: w.entry(e, place) for place in w.every(e)}


def _entrywise(w: Entries, e: Expr) -> Grid:
    inner = w.known[e.args[0]]
    return {place: node(e.op, (inner.get(place, ZERO),)) for place in w.every(e)}


def _sum_of(terms: Sequence[Expr]) -> Expr:
    return normal(node(OPS["add"], tuple(terms)) if len(terms) > 1 else terms[0] if terms else ZERO)


def _add(w: Entries, e: Expr) -> Grid:
    grids = [w.known[a] for a in e.args]
    places = dict.fromkeys(place for g in grids for place in g)
    return {place: _sum_of([g[place] for g in grids if place in g]) for place in places}


def _scale(w: Entries, e: Expr) -> Grid:
    s = w.known[e.args[0]].get((0, 0), ZERO)
    return {place: s * v for place, v in w.known[e.args[1]].items()}


def _hadamard(w: Entries, e: Expr) -> Grid:
    first, *rest = (w.known[a] for a in e.args)
    return {p: _product_of([v, *(g[p] for g in rest)]) for p, v in first.items() if all(p in g for g in rest)}


def _product_of(factors: Sequence[Expr]) -> Expr:
    return factors[0] if len(factors) == 1 else node(OPS["hadamard"], tuple(factors))


def _power(w: Entries, e: Expr) -> Grid:
    x, k = e.args
    bases, exponents = w.known[x], w.known[k]
    return {p: bases.get(p, ZERO) ** exponents.get((0, 0) if k.is_scalar else p, ZERO) for p in w.every(e)}


def _times(a: Grid, b: Grid) -> Grid:
    """The product of two matrices."""
    rows: dict[int, list[tuple[int, Expr]]] = {}
    for (k, j), v in b.items():
        rows.setdefault(k, []).append((j, v))
    _refuse(sum(len(rows.get(k, ())) for _, k in a) > MOST_PRODUCTS)
    terms: dict[Place, list[Expr]] = {}
    for (i, k), u in a.items():
        for j, v in rows.get(k, ()):
            terms.setdefault((i, j), []).append(normal(u * v))
    return {place: _sum_of(found) for place, found in terms.items()}


def _matmul(w: Entries, e: Expr) -> Grid:
    """From the narrower end: a column, or else a row, first."""
    grids = [w.known[a] for a in e.args]
    if e.shape[1] is ONE:
        total = grids[-1]
        for g in reversed(grids[:-1]):
            total = _times(g, total)
        return total
    total = grids[0]
    for g in grids[1:]:
        total = _times(total, g)
    return total


def _matpow(w: Entries, e: Expr) -> Grid:
    X, k = e.args
    total = w.known[X]
    for _ in range(int(k.data) - 1):
        total = _times(total, w.known[X])
    return total


def _kron(w: Entries, e: Expr) -> Grid:
    total, (rows, columns) = w.known[e.args[0]], w.shape(e.args[0])
    for a in e.args[1:]:
        (p, q), grid = w.shape(a), w.known[a]
        _refuse(len(total) * len(grid) > MOST_PRODUCTS)
        total = {(i * p + r, j * q + c): u * v for (i, j), u in total.items() for (r, c), v in grid.items()}
        rows, columns = rows * p, columns * q
    return total


def _moved(place: Callable[[Place, Place], Place | None]) -> Rule:
    """An operation that puts entries elsewhere: where, given the place and the shape of the operand; None to drop."""

    def rule(w: Entries, e: Expr) -> Grid:
        shape = w.shape(e.args[0])
        return {to: v for at, v in w.known[e.args[0]].items() if (to := place(at, shape)) is not None}

    return rule


def _in_vech(at: Place, shape: Place) -> Place | None:
    (i, j), n = at, shape[0]
    return (j * n - j * (j - 1) // 2 + i - j, 0) if i >= j else None


def _total(places: Callable[[Place], bool], of: Callable[[Expr], Expr] = lambda v: v) -> Rule:
    """A sum of some of the entries, or of a function of them."""
    return lambda w, e: {(0, 0): _sum_of([of(v) for p, v in w.known[e.args[0]].items() if places(p)])}


def _norm2(w: Entries, e: Expr) -> Grid:
    squares = _sum_of([v**2 for v in w.known[e.args[0]].values()])
    return {(0, 0): squares ** number(Fraction(1, 2))}


def _softmax(w: Entries, e: Expr) -> Grid:
    powers = {p: node(OPS["exp"], (w.known[e.args[0]].get(p, ZERO),)) for p in w.every(e)}
    return {p: v / _sum_of(list(powers.values())) for p, v in powers.items()}


def _logsumexp(w: Entries, e: Expr) -> Grid:
    inner = w.known[e.args[0]]
    return {(0, 0): node(OPS["log"], (_sum_of([node(OPS["exp"], (inner.get(p, ZERO),)) for p in w.every(e.args[0])]),))}


RULES: dict[str, Rule] = {
    "symbol": _variable,
    **dict.fromkeys(["number", "dim"], _number),
    **dict.fromkeys(["ones", "zeros", "eye", "commutation", "duplication", "elimination"], _constant),
    "add": _add,
    "scale": _scale,
    "hadamard": _hadamard,
    "power": _power,
    "matmul": _matmul,
    "matpow": _matpow,
    "kron": _kron,
    "transpose": _moved(lambda at, shape: at[::-1]),
    "vec": _moved(lambda at, shape: (at[1] * shape[0] + at[0], 0)),
    "vech": _moved(_in_vech),
    "diag": _moved(lambda at, shape: (max(at), max(at))),
    "diagonal": _moved(lambda at, shape: (at[0], 0) if at[0] == at[1] else None),
    "sum": _total(lambda place: True),
    "tr": _total(lambda place: place[0] == place[1]),
    "norm1": _total(lambda place: True, lambda v: OPS["abs"](v)),
    "norm2": _norm2,
    "softmax": _softmax,
    "logsumexp": _logsumexp,
}
