"""What powers mean: `^` of a scalar or of a square matrix, `.^` of the entries, and superscripts."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

from closedform.core.expr import OPS, Expr, number, ones, times
from closedform.errors import TooLarge
from closedform.syntax.constants import MAX_POWER, check_power, power_value
from closedform.syntax.infer import SCALAR
from closedform.syntax.reading import Reading, Term
from closedform.syntax.tree import Node

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def power(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    if not b.is_scalar:
        hint = None
        if b.node.text in ("T", "t", "⊤"):
            hint = f"write {reading.factor(a)}' for the transpose"
        elif b.node.text in reading.inferred:
            hint = reading.letter_hint(b.node.text)
        elif a.is_scalar or reading.would_fit("power", a.shape, b.shape):
            hint = f"did you mean {reading.factor(a)}.^{reading.factor(b)}?"
        reading.misfit("an exponent of ^ is a scalar", node.at, (b,), hint)
    make_exponent = _signed_literal(b)
    if a.is_scalar:
        value, integer = power_value(reading, node, a, b.value)
        return Term(node, SCALAR, lambda x, k: x ** make_exponent(k), (a, b), value, integer)
    _square_base(reading, node, a, reading.factor(b))
    if not (b.integer or (b.value is not None and b.value.denominator == 1)):
        _not_integer(reading, node, a, b)
    check_power(reading, node, b.value)
    return Term(node, a.shape, lambda X, k: OPS["matpow"](X, make_exponent(k)), (a, b))


def _signed_literal(b: Term) -> Callable[[Expr], Expr]:
    """The exponent `-1` is the number −1, not a product."""
    value = b.value
    if value is not None and b.node.rule == "negative" and b.node.operands[0].rule == "literal":
        return lambda _: number(value)
    return lambda k: k


def _square_base(reading: Reading, node: Node, a: Term, exponent: str) -> None:
    if a.is_vector or not reading.rule.same(*a.shape):
        hint = f"did you mean {reading.factor(a)}.^{exponent}?"
        reading.misfit("a power needs a square matrix", node.at, (a,), hint)


def _not_integer(reading: Reading, node: Node, a: Term, b: Term) -> None:
    base, exponent = reading.factor(a), reading.factor(b)
    if b.value == Fraction(1, 2):
        hint = f"write sqrtm({reading.text(a)}) for the matrix square root, {base}.^{exponent} for that of the entries"
    elif b.node.rule == "name":
        hint = (
            f"declare {exponent} integer ({exponent}: scalar integer), "
            f"or write {base}.^{exponent} for the entries' power"
        )
    else:
        hint = f"write {base}.^{exponent} for the entries' power"
    reading.misfit("a power of a matrix needs an integer exponent", node.at, (a, b), hint)


def entry_power(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    make_exponent = _signed_literal(b)
    if b.is_scalar:
        value, integer = power_value(reading, node, a, b.value) if a.is_scalar else (None, False)
        check_power(reading, node, b.value)
        return Term(node, a.shape, lambda x, k: x ** make_exponent(k), (a, b), value, integer)
    if a.is_scalar:
        return Term(node, b.shape, lambda x, k: times(x, ones(k.shape)) ** k, (a, b))
    shape = reading.fits("power", a.shape, b.shape)
    if shape is None:
        reading.misfit(".^ needs equal shapes, or a scalar", node.at, (a, b))
    return Term(node, shape, operator.pow, (a, b))


def superscript(reading: Reading, node: Node, a: Term) -> Term:
    """`x²`, `X⁻¹` (the inverse), `X⁻ᵀ` (its transpose)."""
    inverse_transpose = node.text == "⁻ᵀ"
    k = -1 if inverse_transpose else _exponent(reading, node, node.text.translate(_SUPERSCRIPTS))
    if a.is_scalar:
        value, integer = power_value(reading, node, a, Fraction(k))
        return Term(node, SCALAR, lambda x: x ** number(k), (a,), value, integer)
    _square_base(reading, node, a, node.text.translate(_SUPERSCRIPTS))
    if inverse_transpose:
        return Term(node, a.shape, lambda X: OPS["inv"](X).T, (a,))
    if k == -1:
        return Term(node, a.shape, OPS["inv"], (a,))
    return Term(node, a.shape, lambda X: OPS["matpow"](X, number(k)), (a,))


def half(reading: Reading, node: Node, a: Term) -> Term:
    """`A^{1/2}`: the square root of a scalar or of a square matrix."""
    if a.is_scalar:
        return Term(node, SCALAR, lambda x: x ** number(Fraction(1, 2)), (a,))
    _square_base(reading, node, a, "0.5")
    reading.notes.append(f"{reading.text(Term(node, a.shape, a.make))} is read as the matrix square root")
    return Term(node, a.shape, OPS["sqrtm"], (a,))


def _exponent(reading: Reading, node: Node, digits: str) -> int:
    if len(digits) > 8:
        raise TooLarge(f"an exponent is at most {MAX_POWER}", source=reading.source, span=node.at)
    check_power(reading, node, Fraction(digits))
    return int(digits)
