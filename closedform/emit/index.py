"""Index notation: `J_ijkl = 2*delta_jl*(X'*X)_ik`.  A repeated index is summed over; deltas stand first.

Coefficients, signs, divisors and what is inside a factor are spelled by the notation that the caller chose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from closedform.core.expr import Expr, topological
from closedform.core.normal import normal
from closedform.core.terms import join, split
from closedform.emit.arrange import LIMIT
from closedform.emit.formula import Formula, Product, Sum, Value, reading_order, view
from closedform.emit.latex import Latex
from closedform.emit.notation import Notation
from closedform.emit.text import Text
from closedform.emit.unicode import LOW, Unicode, between
from closedform.errors import TooLarge
from closedform.index.tensor import Factor, Index, Tensor, atoms
from closedform.index.tensor import Product as Term

LETTERS = "ijklmnpqrstuvhoxawyzbcdefgIJKLMNPQRSTUVWXYZABCDEFGHO"
SUBSCRIPTS = "ijklmnprstuvhoxae"  #: those that Unicode has as subscripts
MOST_PRODUCTS = 2_000
Show = Callable[[Expr], Expr]


def index_text(t: Tensor, name: str = "J", show: Show = lambda e: e) -> str:
    """A tensor in index notation, such as `J_ijkl = A_ik*B_lj`.

    Args:
        t: a sum of indexed products.
        name: what the tensor is called.
        show: how a factor is to be presented.

    Raises:
        TooLarge: it has too many products, operations or indices to be written down.
    """
    return _Writer(Text(), show, LETTERS, _after_underscore, "delta").equation(t, name)


def index_unicode(t: Tensor, name: str = "J", show: Show = lambda e: e) -> str:
    """A tensor in index notation, such as `Jᵢⱼₖₗ = Aᵢₖ Bₗⱼ`; see `index_text`."""
    alphabet = SUBSCRIPTS + "".join(c for c in LETTERS if c not in SUBSCRIPTS)
    return _Writer(_Unicode(), show, alphabet, _lowered, "δ").equation(t, name)


def index_latex(t: Tensor, name: str = "J", show: Show = lambda e: e) -> str:
    r"""A tensor in index notation, such as `J_{ijkl} = A_{ik} B_{lj}`; see `index_text`."""
    return _Writer(Latex(), show, LETTERS, _in_braces, r"\delta").equation(t, name)


def free_letters(t: Tensor, name: str = "J") -> dict[Index, str]:
    """The letters of the free indices, parts of split ones too, as `index_text` and `index_latex` spell them."""
    names: dict[Index, str] = {}
    _spelled(t.free, names, iter(_alphabet(LETTERS, _names(t), name)))
    return names


def _alphabet(letters: str, used: set[str], name: str) -> list[str]:
    """Letters in the order in which they are taken: those that mean something else come last."""
    unused = [c for c in letters if c not in used and c != name]
    return unused + [c for c in letters if c not in unused]


def _after_underscore(indices: str) -> str:
    return f"_{indices}"


def _in_braces(indices: str) -> str:
    return f"_{{{indices}}}"


def _lowered(indices: str) -> str:
    low = {**LOW, "(": "₍", ")": "₎"}
    return "".join(low[c] for c in indices) if all(c in low for c in indices) else _in_braces(indices)


@dataclass(eq=False, slots=True)
class Entry(Formula):
    """A factor with its indices."""

    delta: bool


class _Unicode(Unicode):
    """Entries stand apart, a number close before them."""

    def __init__(self) -> None:
        super().__init__()
        self.entry: set[str] = set()

    def times(self, factors: Iterable[str]) -> str:
        shown, last = "", ""
        for f in factors:
            close = not shown or last.isnumeric()
            gap = between(shown, f) if f not in self.entry else "" if close else " "
            shown, last = shown + gap + f, f
        return shown


class _Writer:
    def __init__(
        self, notation: Notation, show: Show, alphabet: str, subscript: Callable[[str], str], delta: str
    ) -> None:
        self.notation, self.show, self.alphabet, self.subscript, self.delta = notation, show, alphabet, subscript, delta
        self.plain = Text()
        self.shown: dict[Expr, Formula] = {}

    def equation(self, t: Tensor, name: str) -> str:
        total = sum(p.scalar.size + sum(f.expr.size + 1 for f in p.factors) for p in t.products)
        if len(t.products) > MOST_PRODUCTS or total > LIMIT:
            raise TooLarge(
                "the index notation is too long to write down",
                hint="ask for code, or compile it: shared parts are computed once there",
            )
        used = _names(t)
        self.delta = self.delta if not used & {"delta", "δ"} else ""
        alphabet = _alphabet(self.alphabet, used, name)
        names: dict[Index, str] = {}
        order = iter(alphabet)
        left = name + (self.subscript(_spelled(t.free, names, order)) if t.free else "")
        bound = alphabet[len(names) :]
        terms = sorted((self.term(p, names, bound, t) for p in t.products), key=_place)
        signed = [(p.negative, self.made(replace(p, negative=False))) for p in terms]
        right = self.made(Sum(terms=tuple(signed)) if signed else Value(value=Fraction(0)))
        return f"{left} = {self.notation.of(right)}"

    def term(self, p: Term, free: dict[Index, str], letters: Sequence[str], t: Tensor) -> Product:
        names, order = dict(free), iter(letters)
        p = self.settled(p)
        entries = []
        for f in sorted(p.factors, key=lambda f: (f.expr.op.name != "eye", f.expr.size)):
            others = {i for g in p.factors if g is not f and g.expr.op.name != "ones" for i in atoms(g.indices)}
            if f.expr.op.name == "ones" and all(i in free or i in others for i in atoms(f.indices)):
                continue
            entries.append(self.entry(f, _spelled(f.indices, names, order)))
        entries.sort(key=lambda f: (not f.delta, *reading_order(f)))
        scalar = self.arranged(p.scalar)
        v = view(scalar)
        if v.body or v.over:  # x'*y, or a product entry by entry: one factor of its own
            inner = self.made(replace(v, negative=False))
            v = Product(negative=v.negative, scalars=(inner,))
        made = replace(v, body=tuple(entries))
        made.size = v.size + sum(f.size for f in entries) + len(entries)
        made.text = self.plain.spell(replace(made, negative=False))
        return made

    def settled(self, p: Term) -> Term:
        """A minus sign goes into a factor such as a - b."""
        c, rest = split(p.scalar)
        for n, f in enumerate(p.factors):
            if c < 0 and f.expr.op.name == "add":
                turned = normal(-f.expr)
                if self.arranged(self.show(turned)).size <= self.arranged(self.show(f.expr)).size:
                    factors = (*p.factors[:n], Factor(turned, f.indices), *p.factors[n + 1 :])
                    return Term(join(-c, rest), factors)
        return p

    def entry(self, f: Factor, indices: str) -> Entry:
        is_delta = bool(self.delta) and f.expr.op.name == "eye"
        if is_delta and len(indices) == 2:
            indices = "".join(sorted(indices, key=self.alphabet.index))
        base = self.arranged(self.show(f.expr))
        shown, text = self.notation.of(base), base.text
        plain = f.expr.op.name == "symbol" and "_" not in shown
        shown = self.delta if is_delta else shown if plain else self.notation.group(shown)
        text = "delta" if is_delta else text if plain else f"({text})"
        made = Entry(size=0 if plain or is_delta else base.size, text=text + _after_underscore(indices), delta=is_delta)
        self.notation.shown[made] = shown + self.subscript(indices)
        if isinstance(self.notation, _Unicode):
            self.notation.entry.add(self.notation.shown[made])
        return made

    def arranged(self, e: Expr) -> Formula:
        if e not in self.shown:
            self.shown[e] = self.notation.arrange(e)
        return self.shown[e]

    def made(self, f: Formula) -> Formula:
        f.text = self.plain.spell(f)
        self.notation.shown[f] = self.notation.spell(f)
        return f


def _place(p: Product) -> tuple[bool, int, bool, str]:
    """Positive terms first, then the short ones, deltas first."""
    return p.negative, p.size, not (isinstance(p.body[0], Entry) and p.body[0].delta) if p.body else True, p.text


def _names(t: Tensor) -> set[str]:
    """The names of the variables and sizes in a tensor."""
    roots = [p.scalar for p in t.products] + [f.expr for p in t.products for f in p.factors]
    found: set[str] = set()
    for n in topological(roots):
        if n.op.name == "symbol":
            found.add(n.data.name)
        elif n.op.name == "dim":
            found.update(n.data.names)
    return found


def _spelled(indices: Iterable[Index], names: dict[Index, str], order: Iterator[str]) -> str:
    """Letters of indices; a split one as its two, in parentheses."""
    shown = ""
    for i in indices:
        if i.parts is not None:
            shown += f"({_spelled(i.parts, names, order)})"
            continue
        if i not in names:
            letter = next(order, "")
            if not letter:
                raise TooLarge("a product with more than 52 indices")
            names[i] = letter
        shown += names[i]
    return shown
