"""Elementwise functions: one line each; y = f(x) is at hand to write f′ with.

`parity` says what f(−x) is: odd, −f(x); even, f(x).  `at_zero` is f(0) where it is a whole number.
At a kink the derivative is the mean of the two sides: sign(0) = 0, and relu′(0) = 1/2.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import pi

from closedform.core.expr import OPS, Expr, Op, number, ones
from closedform.core.normal import finish
from closedform.core.op import elementwise
from closedform.core.terms import is_zero, join, split
from closedform.ops.arithmetic import canonical_scale, canonical_sum, is_positive
from closedform.ops.product import canonical_transpose, upright

exp = elementwise("exp", lambda x, y: y, "exp′ = exp.", code="np.exp({0})", latex=r"\exp({0})")
log = elementwise("log", lambda x, y: 1 / x, "log′ x = 1/x.", code="np.log({0})", latex=r"\log({0})", domain="{0} > 0")
sin = elementwise("sin", lambda x, y: cos(x), "sin′ = cos.", code="np.sin({0})", latex=r"\sin({0})")
cos: Op = elementwise("cos", lambda x, y: -sin(x), "cos′ = −sin.", code="np.cos({0})", latex=r"\cos({0})")
tan = elementwise(
    "tan", lambda x, y: 1 + y**2, "tan′ = 1 + tan².", code="np.tan({0})", latex=r"\tan({0})", domain="cos({0}) ≠ 0"
)
arcsin = elementwise(
    "arcsin",
    lambda x, y: (1 - x**2) ** _half(-1),
    "arcsin′ x = (1 − x²)^(−1/2).",
    code="np.arcsin({0})",
    latex=r"\arcsin({0})",
    domain="-1 < {0} < 1",
)
arccos = elementwise(
    "arccos",
    lambda x, y: -((1 - x**2) ** _half(-1)),
    "arccos′ x = −(1 − x²)^(−1/2).",
    code="np.arccos({0})",
    latex=r"\arccos({0})",
    domain="-1 < {0} < 1",
)
arctan = elementwise(
    "arctan", lambda x, y: 1 / (1 + x**2), "arctan′ x = 1/(1 + x²).", code="np.arctan({0})", latex=r"\arctan({0})"
)
sinh = elementwise("sinh", lambda x, y: cosh(x), "sinh′ = cosh.", code="np.sinh({0})", latex=r"\sinh({0})")
cosh: Op = elementwise("cosh", lambda x, y: sinh(x), "cosh′ = sinh.", code="np.cosh({0})", latex=r"\cosh({0})")
tanh = elementwise("tanh", lambda x, y: 1 - y**2, "tanh′ = 1 − tanh².", code="np.tanh({0})", latex=r"\tanh({0})")
sigmoid = elementwise(
    "sigmoid",
    lambda x, y: y * (1 - y),
    "σ(x) = 1/(1 + e^(−x)); σ′ = σ (1 − σ).",
    code="sigmoid({0})",
    latex=r"\sigma({0})",
)
softplus = elementwise(
    "softplus",
    lambda x, y: sigmoid(x),
    "softplus x = log(1 + e^x); its derivative is σ.",
    code="softplus({0})",
    latex=r"\operatorname{{softplus}}({0})",
)
relu = elementwise(
    "relu",
    lambda x, y: (1 + sign(x)) / 2,
    "relu x = max(x, 0); relu′ = (1 + sign)/2.",
    code="np.maximum({0}, 0)",
    latex=r"\operatorname{{relu}}({0})",
    domain="{0} ≠ 0",
)
abs = elementwise(
    "abs", lambda x, y: sign(x), "|x|′ = sign x.", code="np.abs({0})", latex=r"\lvert {0} \rvert", domain="{0} ≠ 0"
)
sign: Op = elementwise(
    "sign",
    lambda x, y: 0 * x,
    "sign′ = 0 wherever x ≠ 0.",
    code="np.sign({0})",
    latex=r"\operatorname{{sign}}({0})",
    domain="{0} ≠ 0",
)
erf = elementwise(
    "erf",
    lambda x, y: 2 / pi**0.5 * exp(-(x**2)),
    "erf′ x = 2 e^(−x²)/√π.",
    code="scipy.special.erf({0})",
    latex=r"\operatorname{{erf}}({0})",
)

ODD = {sin, tan, arcsin, arctan, sinh, tanh, sign, erf}
EVEN = {cos, cosh, abs}
AT_ZERO: dict[Op, int] = {
    exp: 1, sin: 0, cos: 1, tan: 0, arcsin: 0, arctan: 0, sinh: 0, cosh: 1, tanh: 0, relu: 0, abs: 0, sign: 0, erf: 0,
}  # fmt: skip


def _canonical(op: Op) -> Callable[[Expr], Expr]:
    """Values at 0 where they are whole; f(−x) for odd and even f, σ(−x) = 1 − σ(x); then operands stand upright."""

    def canonical(x: Expr) -> Expr:
        if is_zero(x) and op in AT_ZERO:
            return join(AT_ZERO[op], ones(x.shape))
        c, core = split(x)
        if c < 0 and (op in ODD or op in EVEN or op is sigmoid):
            opposite = canonical(join(-c, core))
            if op is sigmoid:
                return canonical_sum(ones(x.shape), join(-1, opposite))
            return canonical_scale(number(-1 if op in ODD else 1), opposite)
        t = upright(x)
        if t is not None:
            return canonical_transpose(canonical(t))
        if x.op.name == "vec":
            return x.op.canonical(canonical(x.args[0]))
        if op in (abs, sign) and is_positive(x):
            return x if op is abs else ones(x.shape)
        return finish(op, (x,))

    return canonical


for _op in [op for op in OPS.values() if op.kind == "elementwise"]:
    _op.canonical = _canonical(_op)


def _half(k: int) -> Expr:
    return number(Fraction(k, 2))
