"""Unicode for the terminal: `2Xᵀ(Xw − y)`, `X⁻ᵀ`, `‖x‖²`.

Factors stand side by side when each reads as one letter; a longer name is set off by `·` and a function by a
blank, so that nothing is read two ways.  `⊙ ⊘ ∘²` work entry by entry; `𝟏ₙ` is a column of ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from closedform.core.expr import OPS, PRINTERS, Expr
from closedform.core.shape import ONE, Dim
from closedform.emit.formula import Call, Constant, Formula, Number, Power, Product, Size, Transpose, Value
from closedform.emit.notation import ATOM, POSTFIX, PRODUCT, Notation

HIGH = dict(zip("0123456789-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", strict=True))
LOW = dict(zip("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
VULGAR = {(1, 2): "½", (1, 3): "⅓", (2, 3): "⅔", (1, 4): "¼", (3, 4): "¾"}
POSTFIXED = {"inv": "⁻¹", "pinv": "⁺"}
FENCED = {"norm2": "‖{}‖", "norm1": "‖{}‖₁", "normnuc": "‖{}‖∗", "abs": "|{}|", "logdet": "log|det({})|"}


class Unicode(Notation):
    """Superscripts, `⊙`, `√`; factors side by side."""

    minus, unary = " − ", "−"

    def level(self, f: Formula) -> int:
        match f:
            case Call(name="kron"):
                return PRODUCT - 1
            case Call(name=name) if name in POSTFIXED:
                return POSTFIX
            case Constant():
                return PRODUCT if ONE not in f.shape and f.op == "ones" else ATOM
            case Value() if f.value > 0 and self.value(f.value) in VULGAR.values():
                return ATOM
        return super().level(f)

    def name(self, name: str) -> str:
        return name

    def value(self, q: Number) -> str:
        if isinstance(q, Fraction) and (q.numerator, q.denominator) in VULGAR:
            return VULGAR[q.numerator, q.denominator]
        return super().value(q)

    def coefficient(self, p: Product) -> tuple[str, str]:
        if (p.coefficient.numerator, p.coefficient.denominator) in VULGAR:
            return self.value(p.coefficient), ""
        return super().coefficient(p)

    def size(self, f: Size) -> str:
        return f.dim.text.replace("*", "·")

    def constant(self, f: Constant) -> str:
        rows, columns = f.shape
        if f.sizes:
            return OPS[f.op].latex + low(*f.sizes)
        if f.op == "eye":
            return "I" + low(rows)
        left, right = "𝟏" + low(rows), "𝟏" + low(columns) + "ᵀ"
        return left if columns is ONE else right if rows is ONE else left + right

    def call(self, f: Call) -> str:
        if f.abstract is not None:
            return self.abstract(f.abstract, f.args)
        if f.name == "kron":
            return " ⊗ ".join(self.kron_factors(f))
        if f.name in POSTFIXED:
            return self.at(f.args[0], ATOM) + POSTFIXED[f.name]
        if f.name == "sqrt":
            inside = self.at(f.args[0], ATOM)
            return "√" + (inside if len(inside) == 1 or inside[0] in "(‖" else self.group(inside))
        inside = ", ".join(self.of(a) for a in f.args)
        return FENCED[f.name].format(inside) if f.name in FENCED else f"{f.name}({inside})"

    def transpose(self, f: Transpose) -> str:
        match f.base:
            case Call(name="inv"):
                return self.at(f.base.args[0], ATOM) + "⁻ᵀ"
        return self.at(f.base, ATOM) + "ᵀ"

    def power(self, f: Power) -> str:
        base, mark = self.at(f.base, ATOM), "∘" if f.entrywise else ""
        if isinstance(f.base, Constant) or (isinstance(f.base, Call) and f.base.name == "sqrt"):
            base = self.group(self.of(f.base))
        exponent = self.of(f.exponent).replace("−", "-")
        if all(c in HIGH for c in exponent):
            return base + mark + "".join(HIGH[c] for c in exponent)
        return f"{base}{mark}^{exponent if len(exponent) == 1 else self.group(exponent)}"

    def product(self, p: Product) -> str:
        return f"𝟎({p.shape[0]}, {p.shape[1]})" if p.is_zero() else super().product(p)

    def times(self, factors: Iterable[str]) -> str:
        shown = ""
        for f in factors:
            shown += between(shown, f) + f
        return shown

    def entries(self, head: list[str], body: list[str], over: list[str]) -> str:
        shown = self.times([*head, " ⊙ ".join(body)] if body else head or ["1"])
        return " ⊘ ".join([shown, *over])

    def quotient(self, p: Product, head: list[str], body: str, below: str, single: bool) -> str:
        if p.over and not p.body:
            above = self.times(head) + body[1:] if head else body
        else:
            above = self.times([*head, body] if body else head) or "1"
        above = self.group(above) if p.entrywise else above
        return f"{above}/{below if single else self.group(below)}"


def between(left: str, right: str) -> str:
    """What separates two factors: nothing, a blank beside a function, or a dot."""
    if not left:
        return ""
    before, after = last_word(left), first_word(right)
    called = right[len(after) :].lstrip("′")[:1] in ("(", "|") and len(after) > 0
    if right[0].isdigit() or len(before) > 1 or (len(after) > 1 and not called) or right[0] in VULGAR.values():
        return "·"
    if left[-1] == "|" or right[0] == "|":
        return " "
    return " " if called else ""


def first_word(shown: str) -> str:
    """The name a formula starts with; empty if it starts otherwise."""
    end = 0
    while end < len(shown) and is_name_part(shown[end]):
        end += 1
    return "" if shown[:1].isdigit() else shown[:end]


def last_word(shown: str) -> str:
    """The name a formula ends with, or had before its superscripts; empty if it ends otherwise."""
    end = len(shown)
    while end and shown[end - 1] in "ᵀ" + "".join(HIGH.values()):
        end -= 1
    start = end
    while start and is_name_part(shown[start - 1]):
        start -= 1
    word = shown[start:end]
    return "" if word[:1].isdigit() else word if end == len(shown) else word[:1]


def is_name_part(c: str) -> bool:
    return (c.isalnum() or c == "_") and c not in "ᵀ𝟏𝟎" and c not in HIGH.values() and c not in VULGAR.values()


def low(*sizes: Dim) -> str:
    """A size, or several, as a subscript; in parentheses where Unicode has no such letters.

    A product of sizes of one letter each stands without its dots: ₘₙ.
    """
    shown = ",".join(n.text if any(len(name) > 1 for name in n.names) else n.text.replace("*", "") for n in sizes)
    if not all(c in LOW for c in shown.replace(",", "")):
        return f"({','.join(n.text.replace('*', '·') for n in sizes)})"
    subscript = "".join(LOW.get(c, c) for c in shown)
    return subscript if len(sizes) == 1 else f"₍{subscript}₎"


def unicode(e: Expr) -> str:
    """An expression as a mathematician writes it, in one line.

    Raises:
        TooLarge: the formula has more than 20,000 operations.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x, A = symbol("x", shape_of(["n"])), symbol("A", shape_of(["n", "n"]))
    >>> print(unicode(2 * A.T @ (A @ x - x)))
    2Aᵀ(Ax − x)
    """
    return Unicode().write(e)


PRINTERS["unicode"] = unicode
