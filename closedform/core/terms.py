"""Numeric coefficients: what `2 A`, `-x` and `3 s B` have in common with `A`, `x` and `s B`.

Every expression in normal form is a number times a core; these functions take them apart and put them
together again.  Operands and results are in normal form.
"""

from __future__ import annotations

from fractions import Fraction

from closedform.core.expr import OPS, Expr, Number, number, ones, zeros
from closedform.core.normal import finish


def split(e: Expr) -> tuple[Number, Expr]:
    """`(c, core)` with e = c·core and no numeric coefficient left on the core.

    >>> from closedform.core.shape import dim
    >>> from closedform.core.expr import symbol
    >>> split(join(3, symbol("A", (dim("m"), dim("n")))))
    (3, A)
    """
    name = e.op.name
    if name == "number":
        return e.data, number(1)
    if name == "scale":
        s, M = e.args
        if s.op.name == "number":
            return s.data, M
        if s.op.name == "hadamard" and s.args[0].op.name == "number":
            return s.args[0].data, finish(OPS["scale"], (_rest(s), M), M.shape)
        return 1, e
    if name == "hadamard" and e.args[0].op.name == "number":
        return e.args[0].data, _rest(e)
    return 1, e


def _rest(product: Expr) -> Expr:
    """A scalar product without its leading number."""
    return product.args[1] if len(product.args) == 2 else finish(OPS["hadamard"], product.args[1:], product.shape)


def join(c: Number, core: Expr) -> Expr:
    """c·core, for a core without numeric coefficient."""
    if c == 1:
        return core
    if c == 0:
        return zeros(core.shape)
    if not core.is_scalar:
        if core.op.name == "scale":
            return finish(OPS["scale"], (join(c, core.args[0]), core.args[1]), core.shape)
        return finish(OPS["scale"], (number(c), core), core.shape)
    if core.op.name == "number":
        return number(c * core.data)
    factors = core.args if core.op.name == "hadamard" else (core,)
    return finish(OPS["hadamard"], (number(c), *factors), core.shape)


def divide(a: Number, b: Number) -> Number:
    """The quotient of two coefficients: exact unless one of them is a float."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b if a % b == 0 else Fraction(a, b)
    return a / b


def is_number(e: Expr, value: Number) -> bool:
    """Whether e is that constant scalar."""
    return e.op.name == "number" and e.data == value


def is_zero(e: Expr) -> bool:
    return e.op.name == "zeros" or (e.op.name == "number" and e.data == 0)


def is_ones(e: Expr) -> bool:
    """All ones: the neutral element of the entry-by-entry product."""
    return e.op.name == "ones" or (e.op.name == "number" and e.data == 1)


def unit(e: Expr) -> Expr:
    """The neutral element of the entry-by-entry product, in e's shape."""
    return ones(e.shape)
