"""Notations: what they share.  A notation spells each kind of formula; parentheses are decided here, once."""

from __future__ import annotations

from collections.abc import Iterable

from closedform.core.abstract import Abstract, Part
from closedform.core.expr import Expr
from closedform.emit.arrange import Arranger
from closedform.emit.formula import (
    ONE,
    Call,
    Constant,
    Formula,
    Name,
    Number,
    Power,
    Product,
    Size,
    Sum,
    Transpose,
    Value,
    decimal,
)

SUM, SIGNED, PRODUCT, POSTFIX, ATOM = range(5)  #: how tightly a formula holds together


class Notation:
    """Spells formulas, parts before wholes; `shown` holds what is spelled already."""

    minus, plus, unary = " - ", " + ", "-"
    prime, along, turned = "′", "D", "ᵀ"  #: of abstract functions

    def __init__(self) -> None:
        self.shown: dict[Formula, str] = {}

    def write(self, e: Expr) -> str:
        """An expression in this notation.

        Raises:
            TooLarge: the formula is too long to write down.
        """
        return self.of(self.arrange(e))

    def arrange(self, e: Expr) -> Formula:
        """The formula of an expression, spelled."""
        from closedform.emit.text import Text

        arranger = Arranger(Text().spell)
        root = arranger.arrange(e)
        if not isinstance(self, Text):
            for f in arranger.parts:
                self.shown[f] = self.spell(f)
        return root

    def of(self, f: Formula) -> str:
        return self.shown[f]

    def at(self, f: Formula, level: int) -> str:
        """A part, in parentheses unless it holds together that tightly."""
        return self.of(f) if self.level(f) >= level else self.group(self.of(f))

    def group(self, inside: str) -> str:
        return f"({inside})"

    def kron_factors(self, f: Call) -> list[str]:
        """The factors of A ⊗ B ⊗ ⋯; products to the left need no parentheses, as ⊗ is read from there."""
        first, *rest = f.args
        nested = isinstance(first, Call) and first.name == "kron"
        return [self.of(first) if nested else self.at(first, POSTFIX), *[self.at(a, POSTFIX) for a in rest]]

    def level(self, f: Formula) -> int:
        match f:
            case Sum():
                return SUM
            case Product():
                return SIGNED if f.negative else PRODUCT
            case Value():
                return SIGNED if f.value < 0 else ATOM if decimal(f.value) is not None else PRODUCT
            case Size():
                return PRODUCT if "*" in f.dim.text else ATOM
            case Power() | Transpose():
                return POSTFIX
        return ATOM

    def spell(self, f: Formula) -> str:
        match f:
            case Name():
                return self.name(f.name)
            case Value():
                return (self.unary if f.value < 0 else "") + self.value(-f.value if f.value < 0 else f.value)
            case Size():
                return self.size(f)
            case Constant():
                return self.constant(f)
            case Call():
                return self.call(f)
            case Transpose():
                return self.transpose(f)
            case Power():
                return self.power(f)
            case Sum():
                return self.sum(f.terms)
            case Product():
                return (self.unary if f.negative else "") + self.product(f)
        raise AssertionError(f)

    def sum(self, terms: tuple[tuple[bool, Formula], ...]) -> str:
        shown = ""
        for negative, term in terms:
            shown += (self.minus if negative else self.plus) if shown else self.unary if negative else ""
            shown += self.at(term, PRODUCT)
        return shown

    def product(self, p: Product) -> str:
        """Head, body and divisors: `2*a*` `X'*y` `/n`."""
        top, bottom = self.coefficient(p)
        head = ([top] if top else []) + [self.at(f, POSTFIX) for f in p.scalars]
        body = [self.at(f, POSTFIX) for f in p.body]
        over = [self.at(f, POSTFIX) for f in p.over]
        under = ([bottom] if bottom else []) + [self.at(f, POSTFIX) for f in p.under]
        if not under and not over and not p.entrywise:
            return self.times(head + body)
        if not under:
            return self.entries(head, body, over)
        below = self.of(p.under[0]) if not bottom and len(p.under) == 1 else self.times(under)
        single = (bottom == "" and len(under) == 1 and self.level(p.under[0]) >= POSTFIX) or not p.under
        return self.quotient(p, head, self.entries([], body, over) if p.entrywise else self.times(body), below, single)

    def coefficient(self, p: Product) -> tuple[str, str]:
        """The leading number and the number to divide by; empty when they are 1."""
        top: Number | None
        top, bottom = p.number_on_top()
        if not (p.scalars or p.body or p.over) and top is None:
            top = ONE
        shown = "" if top is None or (top == 1 and p.over and not p.body and not p.scalars) else self.value(top)
        return shown, "" if bottom == 1 else str(bottom)

    def value(self, q: Number) -> str:
        """A number that is not negative."""
        shown = decimal(q)
        if shown is None:
            assert not isinstance(q, float)
            return f"{q.numerator}/{q.denominator}"
        return shown

    # what each notation spells in its own way

    def name(self, name: str) -> str:
        raise NotImplementedError

    def size(self, f: Size) -> str:
        raise NotImplementedError

    def constant(self, f: Constant) -> str:
        raise NotImplementedError

    def call(self, f: Call) -> str:
        raise NotImplementedError

    def abstract(self, op: Abstract, args: tuple[Formula, ...]) -> str:
        """σ′(X); Df(X)[V], and its transpose Df(X)ᵀ[Y]."""
        X, *rest = (self.of(a) for a in args)
        name = self.name(op.function)
        if op.part is Part.VALUE:
            return f"{name}{self.prime * op.order}({X})"
        mark = self.turned if op.part is Part.BACK else ""
        return f"{self.along}{name}({X}){mark}[{rest[0]}]"

    def transpose(self, f: Transpose) -> str:
        raise NotImplementedError

    def power(self, f: Power) -> str:
        raise NotImplementedError

    def times(self, factors: Iterable[str]) -> str:
        """Scalar factors, or a matrix product."""
        raise NotImplementedError

    def entries(self, head: list[str], body: list[str], over: list[str]) -> str:
        """Scalars, then an entry-by-entry product and what it is divided by."""
        raise NotImplementedError

    def quotient(self, p: Product, head: list[str], body: str, below: str, single: bool) -> str:
        """A product divided by a scalar; `single` when the divisor needs no parentheses."""
        raise NotImplementedError
