"""Arranging: from an expression to the formula a careful author would write.

Signs, numbers and scalar factors are collected in front, divisors behind; commutative operations are put
in reading order; double transposes cancel.  Nothing else changes: which identity to use is not decided here.
Every visit is made once per node, operands first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import isfinite

from closedform.core.abstract import Abstract
from closedform.core.expr import SIDED, Expr, leaf_sizes, topological
from closedform.core.shape import ONE, SCALAR
from closedform.emit.formula import (
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
    is_constant,
    ordered,
    size_of_product,
    tie,
    view,
)
from closedform.errors import TooLarge

LIMIT = 20_000  #: operations in a written formula
Spell = Callable[[Formula], str]


class Arranger:
    """Builds formulas; `parts` lists them, parts before wholes.

    Args:
        spell: how a formula reads in the text syntax, its parts being spelled already.
    """

    def __init__(self, spell: Spell) -> None:
        self.spell, self.parts = spell, list[Formula]()
        self.of: dict[Expr, Formula] = {}

    def arrange(self, e: Expr) -> Formula:
        """The formula of an expression.

        Raises:
            TooLarge: written out, it has more than `LIMIT` operations.
        """
        if e.size > LIMIT:
            raise TooLarge(
                f"the formula has more than {LIMIT:,} operations when it is written out",
                hint="ask for code, or compile it: shared parts are computed once there",
            )
        for node in topological([e]):
            self.of[node] = RULES.get(node.op.name, Arranger.call)(self, node)
        return self.of[e]

    def add(self, f: Formula, size: int) -> Formula:
        """Complete a new formula and list it."""
        f.size = size
        f.text = self.spell(f)
        self.parts.append(f)
        return f

    def leaf(self, e: Expr) -> Formula:
        name = e.op.name
        if name == "symbol":
            return self.add(Name(e.data.name, shape=e.shape), 0)
        if name == "number":
            return self.number(e.data)
        if name == "dim":
            return self.add(Size(e.data), 0)
        if name == "zeros":
            return self.finish(
                Product(coefficient=Fraction(0), body=(self.add(Constant("ones", shape=e.shape), 0),), shape=e.shape)
            )
        return self.add(Constant(name, leaf_sizes(e), shape=e.shape), 0)

    def number(self, value: Number) -> Formula:
        """A number; a float is shown as the decimal it prints as."""
        if isinstance(value, float) and not isfinite(value):
            return self.add(Value(value), 0)
        return self.add(Value(Fraction(repr(value) if isinstance(value, float) else value)), 0)

    def call(self, e: Expr) -> Formula:
        if e.op.name == "sum" and (inner := self.inner_product(self.of[e.args[0]])) is not None:
            return inner
        args = tuple(self.of[a] for a in e.args)
        name = "diag" if e.op.name == "diagonal" else e.op.name
        abstract = e.op if isinstance(e.op, Abstract) else None
        return self.add(Call(name, args, abstract, shape=e.shape), 1 + sum(a.size for a in args))

    def inner_product(self, f: Formula) -> Formula | None:
        """sum(u ⊙ v) of two columns is u'v."""
        if not isinstance(f, Product) or not f.entrywise or len(f.body) != 2 or f.over or f.shape[1] is not ONE:
            return None
        p = self.view(f)
        u, v = p.body
        front = self.finish(Product(p.negative, p.coefficient, p.scalars, under=p.under))
        return self.scalar_product([front, self.matrix_product([self.transposed(u), v])])

    def transposed(self, f: Formula) -> Formula:
        if f.shape == SCALAR:
            return f
        if isinstance(f, Transpose):
            return f.base
        shape = (f.shape[1], f.shape[0])
        if isinstance(f, Constant) and ONE in f.shape:
            return self.add(Constant(f.op, shape=shape), f.size)
        return self.add(Transpose(f, shape=shape), f.size)

    def power(self, e: Expr) -> Formula:
        base, exponent = (self.of[a] for a in e.args)
        matrix = e.op.name == "power" and not e.is_scalar
        if e.op.name == "power" and isinstance(exponent, Value) and isinstance(exponent.value, Fraction):
            return self.number_power(base, exponent.value)
        return self.make_power(base, exponent, entrywise=matrix)

    def make_power(self, base: Formula, exponent: Formula, *, entrywise: bool) -> Formula:
        f = Power(base, exponent, entrywise, shape=base.shape)
        return self.add(f, base.size + exponent.size + 1)

    def number_power(self, base: Formula, p: Fraction) -> Formula:
        """A power with a known exponent: a root, a division, or a power."""
        if p == Fraction(1, 2):
            return self.add(Call("sqrt", (base,), shape=base.shape), base.size + 1)
        if p == 1:
            return base
        divides = p < 0 and (p.denominator == 1 or p == Fraction(-1, 2))
        if divides and isinstance(base, Value) and p == -1 and base.value and isinstance(base.value, Fraction):
            return self.finish(Product(base.value < 0, 1 / abs(base.value)))
        if divides:
            below = (self.number_power(base, -p),)
            return self.finish(
                Product(under=below) if base.shape == SCALAR else Product(entrywise=True, over=below, shape=base.shape)
            )
        return self.make_power(base, self.add(Value(p), 0), entrywise=base.shape != SCALAR)

    def scalar_product(self, factors: list[Formula]) -> Formula:
        total, inner = Product(), []
        for f in factors:
            p = self.view(f)
            self.merge(total, p)
            if p.body:
                inner.append(self.body(p))
        if len(inner) == 1:
            (alone,) = inner
            total.body = alone.body if isinstance(alone, Product) else (alone,)
        else:
            total.scalars += tuple(inner)
        return self.finish(total)

    def scale(self, e: Expr) -> Formula:
        if e.is_scalar:
            return self.scalar_product([self.of[a] for a in e.args])
        return self.scaled(self.of[e.args[0]], self.of[e.args[1]])

    def scaled(self, s: Formula, M: Formula) -> Formula:
        factor, p = self.view(s), self.view(M)
        total = Product(shape=M.shape, body=p.body, entrywise=p.entrywise, over=p.over)
        self.merge(total, factor)
        if factor.body:
            total.scalars += (self.body(factor),)
        self.merge(total, p)
        return self.finish(total)

    def matrix_product(self, factors: list[Formula]) -> Formula:
        shape = (factors[0].shape[0], factors[-1].shape[1])
        if all(f.shape == SCALAR for f in factors):
            return self.scalar_product(factors)
        total, body = Product(shape=shape), list[Formula]()
        for f in factors:
            p = self.view(f)
            self.merge(total, p)
            if not p.body and not p.over:
                continue
            inner = self.body(p)
            if f.shape == SCALAR:
                total.scalars += (inner,)
            elif isinstance(inner, Product) and not inner.entrywise:
                body += inner.body
            else:
                body.append(inner)
        start = 0
        for i in range(len(body) - 1):
            if body[0].shape[0] is ONE is body[i].shape[1]:  # a row times a column: a number in front of the rest
                total.scalars += (self.finish(Product(body=tuple(body[start : i + 1]))),)
                start = i + 1
        body = body[start:]
        if len(body) == 1 and isinstance(body[0], Product):
            total.body, total.over, total.entrywise = body[0].body, body[0].over, body[0].entrywise
        else:
            total.body = tuple(body)
        return self.finish(total)

    def entries(self, e: Expr) -> Formula:
        """`hadamard`: of scalars their product, else entry by entry."""
        if e.is_scalar:
            return self.scalar_product([self.of[a] for a in e.args])
        total = Product(shape=e.shape, entrywise=True)
        for f in (self.of[a] for a in e.args):
            p = self.view(f)
            self.merge(total, p)
            total.over += p.over
            if p.entrywise or len(p.body) < 2:
                total.body += p.body
            else:
                total.body += (self.body(p),)
        return self.finish(total)

    def body(self, p: Product) -> Formula:
        """The matrix part of a product, as a formula of its own."""
        if len(p.body) == 1 and not p.over:
            return p.body[0]
        return self.finish(Product(body=p.body, entrywise=p.entrywise, over=p.over, shape=p.shape))

    def merge(self, total: Product, p: Product) -> None:
        """Take over sign, number and scalar factors."""
        total.negative ^= p.negative
        total.coefficient *= p.coefficient
        total.scalars += p.scalars
        total.under += p.under

    def view(self, f: Formula) -> Product:
        """A formula as a product; in one, a power with a negative exponent is a division."""
        if (
            isinstance(f, Power)
            and isinstance(f.exponent, Value)
            and f.exponent.value < 0
            and f.entrywise is (f.shape != SCALAR)
        ):
            below = (self.make_power(f.base, self.add(Value(-f.exponent.value), 0), entrywise=f.entrywise),)
            return Product(entrywise=True, over=below, shape=f.shape) if f.entrywise else Product(under=below)
        return view(f)

    def finish(self, p: Product) -> Formula:
        """Order, and the simplest kind of formula that says it."""
        p.negative = p.negative and p.coefficient != 0
        p.scalars, p.under = ordered(p.scalars), ordered(p.under)
        p.over = ordered(p.over)
        if p.entrywise:
            p.body = ordered(p.body)
        sole = p.scalars + p.body
        if len(sole) == 1 and not p.over and not p.under and p.coefficient == 1 and not p.negative:
            return sole[0]
        if not p.parts():
            return self.add(Value(-p.coefficient if p.negative else p.coefficient), 0)
        return self.add(p, size_of_product(p))

    def unsigned(self, f: Formula) -> tuple[bool, Formula]:
        """The sign of a term, and the term without it."""
        if isinstance(f, Value) and f.value < 0:
            return True, self.add(Value(-f.value), 0)
        if isinstance(f, Product) and f.negative:
            rest = Product(False, f.coefficient, f.scalars, f.body, f.entrywise, f.over, f.under, shape=f.shape)
            return True, self.finish(rest)
        return False, f

    def total(self, terms: Iterable[tuple[bool, Formula]]) -> Formula:
        """A sum in reading order: plus before minus, large before small, constants last."""
        flat = list[tuple[bool, Formula]]()
        for minus, t in terms:
            if isinstance(t, Sum) and not minus:
                flat += t.terms
            else:
                flat.append((minus and self.view(t).coefficient != 0, t))
        terms = sorted(flat, key=lambda t: (t[0], is_constant(t[1]), -t[1].size, tie(t[1])))
        return self.add(Sum(tuple(terms), shape=terms[0][1].shape), len(terms) - 1 + sum(t.size for _, t in terms))


RULES: dict[str, Callable[[Arranger, Expr], Formula]] = {
    **dict.fromkeys(["symbol", "number", "dim", "ones", "zeros", "eye", "commutation", *SIDED], Arranger.leaf),
    "add": lambda to, e: to.total([to.unsigned(to.of[a]) for a in e.args]),
    "scale": Arranger.scale,
    "hadamard": Arranger.entries,
    "matmul": lambda to, e: to.matrix_product([to.of[a] for a in e.args]),
    "power": Arranger.power,
    "matpow": Arranger.power,
    "transpose": lambda to, e: to.transposed(to.of[e.args[0]]),
}  #: the operations that are not written as a function call
