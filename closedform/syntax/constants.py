"""Constants: literals are exact, and no constant in a text may grow beyond what a float64 holds."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import isinf

from closedform.errors import DomainError, SyntaxProblem, TooLarge
from closedform.syntax.reading import Reading, Term
from closedform.syntax.tree import Node

MAX_DIGITS = 40  #: significant digits of a literal
MAX_LITERAL = 400  #: characters of a literal
MAX_BITS = 2200  #: of a constant's numerator or denominator; covers every float64
MAX_POWER = 10**6  #: largest exponent written as a number
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅙": "1/6", "⅛": "1/8"}


def literal_value(source: str, node: Node) -> Fraction:
    """The exact value of a decimal."""
    text = node.text
    if text in _FRACTIONS:
        return Fraction(_FRACTIONS[text])
    mantissa = text.lower().partition("e")[0].replace(".", "").strip("0")
    if len(mantissa) > MAX_DIGITS or len(text) > MAX_LITERAL:
        raise TooLarge(f"a number has at most {MAX_DIGITS} significant digits", source=source, span=node.span)
    if isinf(float(text)) or (mantissa and float(text) == 0):
        raise SyntaxProblem(f"the number {text[:20]} is out of range", source=source, span=node.span)
    return Fraction(text) if mantissa else Fraction(0)


def check_power(reading: Reading, node: Node, k: Fraction | None) -> None:
    if k is not None and abs(k) > MAX_POWER:
        raise TooLarge(f"an exponent is at most {MAX_POWER}", source=reading.source, span=node.at)


def power_value(reading: Reading, node: Node, a: Term, k: Fraction | None) -> tuple[Fraction | None, bool]:
    """The value of a power of constants, and whether a power is an integer; bounded before it is computed."""
    check_power(reading, node, k)
    integer = a.integer and k is not None and k >= 0 and k.denominator == 1
    if a.value is None or k is None or k.denominator != 1:
        return None, integer
    if a.value == 0 and k < 0:
        raise DomainError("division by zero", source=reading.source, span=node.at)
    bits = max(a.value.numerator.bit_length(), a.value.denominator.bit_length())
    if abs(a.value) != 1 and (bits - 1) * abs(k) > MAX_BITS:
        raise TooLarge("a number in the expression is out of range", source=reading.source, span=node.at)
    return _bounded(reading, node, a.value ** int(k)), integer


def value_of(reading: Reading, node: Node, a: Term, b: Term,
           compute: Callable[[Fraction, Fraction], Fraction]) -> Fraction | None:  # fmt: skip
    if b.value == 0 and compute is operator.truediv:
        raise DomainError("division by zero", source=reading.source, span=node.at)
    return None if a.value is None or b.value is None else _bounded(reading, node, compute(a.value, b.value))


def _bounded(reading: Reading, node: Node, value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise TooLarge("a number in the expression is out of range", source=reading.source, span=node.at)
    return value
