"""The text syntax, as it is typed: what is printed here parses back to an equal expression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from closedform.core.expr import OPS, PRINTERS, Expr
from closedform.core.shape import ONE, Dim
from closedform.emit.formula import Call, Constant, Formula, Name, Power, Product, Size, Transpose, Value
from closedform.emit.notation import ATOM, POSTFIX, Notation


class Text(Notation):
    """ASCII operators: `* / .* ./ ^ .^ '`."""

    def of(self, f: Formula) -> str:
        return f.text

    def name(self, name: str) -> str:
        return name

    def size(self, f: Size) -> str:
        return f.dim.text

    def constant(self, f: Constant) -> str:
        if f.sizes:
            return f"{OPS[f.op].latex}({', '.join(map(str, f.sizes))})"
        return f"eye({f.shape[0]})" if f.op == "eye" else _filled("ones", *f.shape)

    def call(self, f: Call) -> str:
        args = [self.of(a) for a in f.args]
        shown = args[0]
        if f.name == "kron":
            for a in args[1:]:
                shown = f"kron({shown}, {a})"
            return shown
        return f"{f.name}({', '.join(args)})"

    def transpose(self, f: Transpose) -> str:
        if isinstance(f.base, Product) and f.base.is_zero():
            return _filled("zeros", *f.shape)
        return self.at(f.base, ATOM) + "'"

    def power(self, f: Power) -> str:
        base = self.at(f.base, POSTFIX if isinstance(f.base, Transpose) else ATOM)
        turned = f.base.base if isinstance(f.base, Transpose) else f.base
        filled = isinstance(turned, Constant) or (isinstance(turned, Product) and turned.is_zero())
        if filled and base.endswith("'"):
            base = self.group(base)
        bare = isinstance(f.exponent, Name | Size | Value) and self.level(f.exponent) == ATOM
        exponent = self.of(f.exponent)
        return base + (".^" if f.entrywise else "^") + (exponent if bare else self.group(exponent))

    def level(self, f: Formula) -> int:
        if isinstance(f, Product) and f.is_zero():
            return POSTFIX if f.shape[0] is ONE else ATOM
        if isinstance(f, Product) and f.plain() and not f.over and not f.entrywise and len(f.body) == 2:
            return ATOM if len(_sums(f.body)) == 1 else super().level(f)
        return super().level(f)

    def product(self, p: Product) -> str:
        if p.is_zero():
            return _filled("zeros", *p.shape)
        return super().product(replace(p, body=_sums(p.body)) if len(p.body) == 2 and not p.entrywise else p)

    def times(self, factors: Iterable[str]) -> str:
        return "*".join(factors)

    def entries(self, head: list[str], body: list[str], over: list[str]) -> str:
        shown = self.times([*head, ".*".join(body)] if body else head or ["1"])
        return "./".join([shown, *over])

    def quotient(self, p: Product, head: list[str], body: str, below: str, single: bool) -> str:
        if p.over and not p.body:
            above = self.times(head) + body[1:] if head else body
        else:
            above = self.times([*head, body] if body else head)
        return f"{above}/{below}" if single else f"{above}/({below})"


def _filled(name: str, rows: Dim, columns: Dim) -> str:
    """A matrix, a column or a row with equal entries."""
    if rows is ONE:
        return f"{name}({columns})'"
    return f"{name}({rows})" if columns is ONE else f"{name}({rows}, {columns})"


def _sums(body: tuple[Formula, ...]) -> tuple[Formula, ...]:
    """A matrix times a column of ones is its row sums, `sum(A, 2)`; a row of ones times it, `sum(A, 1)`."""
    first, last = body
    for ones, matrix, axis in ((last, first, 2), (first, last, 1)):
        if isinstance(ones, Constant) and ones.op == "ones" and ONE in ones.shape and ONE not in matrix.shape:
            total = Call("sum", (matrix, Value(axis)))
            total.text = f"sum({matrix.text}, {axis})"
            return (total,)
    return body


def text(e: Expr) -> str:
    """An expression in the text syntax.

    Raises:
        TooLarge: the formula has more than 20,000 operations.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x, A = symbol("x", shape_of(["n"])), symbol("A", shape_of(["n", "n"]))
    >>> text(2 * A.T @ (x - A @ x))
    "2*A'*(x - A*x)"
    """
    return Text().write(e)


PRINTERS["text"] = text
