r"""LaTeX: `2 X^{\top} (X w - y)`, `X^{-\top}`.

Names are rebuilt from letters and digits, so no name can inject anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import name as letter_name

from closedform.core.expr import OPS, PRINTERS, Expr
from closedform.core.shape import ONE, Dim
from closedform.emit.formula import Call, Constant, Formula, Number, Power, Product, Size, Transpose, Value
from closedform.emit.notation import ATOM, POSTFIX, PRODUCT, Notation

GREEK = re.findall(
    r"\w+",
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau
    upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""",
)


ACCENTS = ("hat", "tilde", "bar", "dot", "ddot", "check", "breve", "acute", "grave")
FONTS = {"cal": "mathcal", "scr": "mathscr", "frak": "mathfrak"}


class Latex(Notation):
    """Fractions and roots as LaTeX has them; the functions' templates are in their records."""

    prime, along, turned = "'", r"\mathrm{D} ", r"^{\top}"

    def level(self, f: Formula) -> int:
        match f:
            case Call(name="kron"):
                return PRODUCT - 1
            case Call(name="sqrt"):
                return ATOM
            case Call(name="logdet"):  # log |det X|² is not its square
                return POSTFIX
            case Call() if f.abstract is None and OPS[f.name].latex.startswith("{0}"):
                return POSTFIX
            case Constant():
                return PRODUCT if ONE not in f.shape and f.op == "ones" else POSTFIX if f.op == "ones" else ATOM
            case Value() if f.value > 0:
                return ATOM if "frac" not in self.value(f.value) and "cdot" not in self.value(f.value) else PRODUCT
            case Product() if not f.negative and f.under and self.of(f).startswith(r"\frac") and not f.body:
                return PRODUCT
        return super().level(f)

    def name(self, name: str) -> str:
        return spelled(name)

    def value(self, q: Number) -> str:
        shown = super().value(q)
        if "/" in shown:
            top, bottom = shown.split("/")
            return rf"\frac{{{top}}}{{{bottom}}}"
        if "e" in shown.lower():
            digits, exponent = shown.lower().split("e")
            return rf"{digits} \cdot 10^{{{int(exponent)}}}"
        return {"inf": r"\infty", "nan": r"\mathrm{nan}"}.get(shown, shown)

    def size(self, f: Size) -> str:
        return sized(f.dim)

    def constant(self, f: Constant) -> str:
        if f.sizes:
            return f"{OPS[f.op].latex}_{{{','.join(map(sized, f.sizes))}}}"
        rows, columns = sized(f.shape[0]), sized(f.shape[1])
        if f.op == "eye":
            return f"I_{{{rows}}}"
        left, right = rf"\mathbf{{1}}_{{{rows}}}", rf"\mathbf{{1}}_{{{columns}}}^{{\top}}"
        return left if f.shape[1] is ONE else right if f.shape[0] is ONE else f"{left} {right}"

    def call(self, f: Call) -> str:
        if f.abstract is not None:
            return self.abstract(f.abstract, f.args)
        if f.name == "kron":
            return r" \otimes ".join(self.kron_factors(f))
        if f.name == "sqrt":
            return rf"\sqrt{{{self.of(f.args[0])}}}"
        if f.name == "abs" and ONE not in f.shape:  # bars around a matrix are its determinant
            return rf"\operatorname{{abs}}({self.of(f.args[0])})"
        template = OPS[f.name].latex
        inside = self.at(f.args[0], ATOM) if template.startswith("{0}") else self.of(f.args[0])
        return template.format(inside, *map(self.of, f.args[1:]))

    def transpose(self, f: Transpose) -> str:
        match f.base:
            case Call(name="inv"):
                return self.at(f.base.args[0], ATOM) + r"^{-\top}"
        return self.at(f.base, ATOM) + r"^{\top}"

    def power(self, f: Power) -> str:
        base = self.group(self.of(f.base)) if isinstance(f.base, Constant) else self.at(f.base, ATOM)
        mark = r"\circ " if f.entrywise else ""
        return f"{base}^{{{mark}{self.of(f.exponent)}}}"

    def product(self, p: Product) -> str:
        if p.is_zero():
            return rf"\mathbf{{0}}_{{{sized(p.shape[0])} \times {sized(p.shape[1])}}}"
        return super().product(p)

    def times(self, factors: Iterable[str]) -> str:
        shown = ""
        for f in factors:
            shown += (r" \cdot " if f[0].isdigit() else " ") + f if shown else f
        return shown

    def entries(self, head: list[str], body: list[str], over: list[str]) -> str:
        shown = self.times([*head, r" \odot ".join(body)] if body else head or ["1"])
        return r" \oslash ".join([shown, *over])

    def quotient(self, p: Product, head: list[str], body: str, below: str, single: bool) -> str:
        """Short products stand above the line, long ones after the fraction."""
        if not head and not p.over and len(p.body) == 1:
            return rf"\frac{{{self.of(p.body[0])}}}{{{below}}}"
        if not body or (not p.entrywise and sum(f.size for f in p.body) + len(p.body) <= 4):
            return rf"\frac{{{self.times([*head, body] if body else head) or '1'}}}{{{below}}}"
        if p.entrywise:
            body = self.group(body)
        return rf"\frac{{{self.times(head) or '1'}}}{{{below}}} {body}"


def spelled(name: str) -> str:
    r"""A variable's name: one letter as it is, Greek letters by command, accents, trailing digits as a subscript.

    >>> spelled("x_1"), spelled("Sigma"), spelled("Σ"), spelled("rate"), spelled("dX")
    ('x_{1}', '\\Sigma', '\\Sigma', '\\mathrm{rate}', '\\mathrm{d}X')
    >>> spelled("x_hat"), spelled("Σ_xy"), spelled("μ_hat_1"), spelled("w_train")
    ('\\hat{x}', '\\Sigma_{xy}', '\\hat{\\mu}_{1}', 'w_{\\mathrm{train}}')
    """
    first, *rest = name.split("_")
    if rest and all(part.isalnum() for part in rest) and (first in GREEK or (len(first) == 1 and first.isalpha())):
        return _subscripted(letter(first), rest)
    stem, subscript = re.fullmatch(r"(.*?)_?([0-9]*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    if not stem:
        stem, subscript = name, ""
    differential = len(stem) == 2 and stem[0] == "d" and stem[1].isalpha()
    shown = r"\mathrm{d}" + letter(stem[1]) if differential else letter(stem)
    return f"{shown}_{{{subscript}}}" if subscript else shown


def _subscripted(shown: str, parts: list[str]) -> str:
    """A letter with accents and subscripts."""
    marks = {accent: accent for accent in ACCENTS} | FONTS
    while parts and parts[0] in marks:
        shown, parts = rf"\{marks[parts[0]]}{{{shown}}}", parts[1:]
    inside = ",".join(p if len(p) < 3 or p.isdecimal() else rf"\mathrm{{{p}}}" for p in parts)
    return f"{shown}_{{{inside}}}" if inside else shown


def letter(stem: str) -> str:
    if stem in GREEK:
        return "\\" + stem
    if len(stem) == 1 and stem.isalpha():
        *_, word = letter_name(stem, "").split() or [""]
        if letter_name(stem, "").startswith("GREEK") and word.lower() in (*GREEK, "lamda"):
            word = word.replace("LAMDA", "LAMBDA")
            greek = word.capitalize() if stem.isupper() else word.lower()
            return "\\" + greek if greek in GREEK else stem
        return stem
    safe = "".join(c if c.isalnum() else r"\_" for c in stem)
    return rf"\mathrm{{{safe}}}"


def sized(n: Dim) -> str:
    """A dimension, its factors side by side."""
    parts = [str(n.count)] if n.count != 1 or not n.factors else []
    for f in n.factors:
        parts.append(spelled(f) if isinstance(f, str) else f"{sized(f.side)} ({sized(f.side)} + 1)/2")
    return " ".join(parts)


def latex(e: Expr) -> str:
    r"""An expression in LaTeX, without dollar signs.

    Raises:
        TooLarge: the formula has more than 20,000 operations.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x, A = symbol("x", shape_of(["n"])), symbol("A", shape_of(["n", "n"]))
    >>> print(latex(2 * A.T @ (A @ x - x)))
    2 A^{\top} (A x - x)
    """
    return Latex().write(e)


PRINTERS["latex"] = latex
