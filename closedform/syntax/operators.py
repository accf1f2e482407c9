"""What names, signs, sums and products mean: their shape, and the operators of `core.expr` that build them.

`*` is the matrix product, and scaling beside a scalar; `.* ./` go entry by entry, a scalar broadcasting; `+ -`
never broadcast.
"""

from __future__ import annotations

import operator
from fractions import Fraction

from closedform.core.expr import OPS, number, size_of, times
from closedform.errors import SyntaxProblem, UnknownName
from closedform.syntax.constants import literal_value, value_of
from closedform.syntax.infer import SCALAR, Sizes, unknowns
from closedform.syntax.names import closest, functions
from closedform.syntax.reading import Reading, Term
from closedform.syntax.tokens import plain
from closedform.syntax.tree import Node

# leaves ---------------------------------------------------------------------------------------------------------


def literal(reading: Reading, node: Node) -> Term:
    value = literal_value(reading.source, node)
    return Term(node, SCALAR, lambda: number(value), value=value, integer=value.denominator == 1)


def name(reading: Reading, node: Node) -> Term:
    """A variable, else a dimension, else what its letter stands for."""
    word = plain(node.text)
    if word != node.text and word not in reading.shapes:
        reading.notes.append(f"{node.text} is read as {word}")
    if word not in reading.shapes:
        if word in reading.sizes and word not in reading.functions:
            size = reading.sizes[word]
            return Term(node, SCALAR, lambda: size_of(size), integer=True)
        if word in functions() or word in reading.functions:
            raise SyntaxProblem(f"{word} is a function; it needs its argument in brackets", source=reading.source,
                                span=node.span, hint=f"write {word}(…)")  # fmt: skip
        if not reading.infer or not word.isidentifier() or reading.kind(word) is None:
            raise UnknownName(f"{word[:40]} is not declared", source=reading.source, span=node.span,
                              hint=closest(word, [*reading.shapes, *reading.sizes]))  # fmt: skip
        reading.introduce(word, node.span)
    integer = "integer" in reading.properties.get(word, ())
    return Term(node, reading.shapes[word], lambda: reading.symbols[word], integer=integer)


# signs and postfix operators ------------------------------------------------------------------------------------


def negative(reading: Reading, node: Node, a: Term) -> Term:
    value = None if a.value is None else -a.value
    return Term(node, a.shape, operator.neg, (a,), value, a.integer)


def positive(reading: Reading, node: Node, a: Term) -> Term:
    return Term(node, a.shape, lambda x: x, (a,), a.value, a.integer)


def transpose(reading: Reading, node: Node, a: Term) -> Term:
    return Term(node, a.shape[::-1], lambda x: x.T, (a,), a.value, a.integer)


def root(reading: Reading, node: Node, a: Term) -> Term:
    return Term(node, a.shape, lambda x: x ** number(Fraction(1, 2)), (a,))


_NORMS = {"₁": "norm1", "_1": "norm1", "_*": "normnuc"}


def norm(reading: Reading, node: Node, a: Term) -> Term:
    """`‖x‖`, with `₁`, `₂`, `_F` or `_*` for the entrywise, the Frobenius and the nuclear norm."""
    return Term(node, SCALAR, OPS[_NORMS.get(node.text[1:], "norm2")], (a,))


def vector_norm(reading: Reading, node: Node, a: Term) -> Term:
    """`‖x‖₂` in LaTeX, which of a matrix would be its largest singular value."""
    if not a.is_scalar and not a.is_vector:
        hint = "write \\|X\\|_F for the Frobenius norm; the spectral norm is not in the syntax"
        reading.misfit("the norm ‖·‖₂ is read of vectors", node.span, (a,), hint)
    return Term(node, SCALAR, OPS["norm2"], (a,))


def bars(reading: Reading, node: Node, a: Term) -> Term:
    """`|X|`: the determinant of a matrix, the absolute values of a vector or a scalar."""
    if a.is_scalar or a.is_vector:
        if a.is_vector:
            reading.notes.append(f"{reading.text(Term(node, a.shape, a.make))} is read entry by entry")
        return Term(node, a.shape, OPS["abs"], (a,))
    shape = reading.fits("det", a.shape)
    if shape is None:
        reading.misfit("a determinant takes a square matrix", node.operands[0].span, (a,))
    reading.notes.append(f"{reading.text(Term(node, SCALAR, a.make))} is read as a determinant")
    return Term(node, shape, OPS["det"], (a,))


# sums and products ----------------------------------------------------------------------------------------------


def add(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    shape = reading.fits("add", a.shape, b.shape)
    sign = "+" if node.rule == "PLUS" else "-"
    if shape is None:
        message = f"{sign} needs equal shapes"
        reading.misfit(message, node.at, (a, b), _sum_hint(reading, sign, a, b))
    value = value_of(reading, node, a, b, operator.add if sign == "+" else operator.sub)
    make = operator.add if sign == "+" else operator.sub
    return Term(node, shape, make, (a, b), value, a.integer and b.integer)


def _sum_hint(reading: Reading, sign: str, a: Term, b: Term) -> str | None:
    guessed = reading.guessed_scalar(a, b)
    if a.is_scalar != b.is_scalar and guessed:
        return reading.letter_hint(guessed)
    if a.is_scalar != b.is_scalar:
        small, big = (a, b) if a.is_scalar else (b, a)
        filled = f"{reading.factor(small)}*{_ones(reading, big.shape)}"
        if small.value == 1:
            filled = _ones(reading, big.shape)
        left, right = (filled, reading.text(b)) if small is a else (reading.text(a), filled)
        return f"did you mean {left} {sign} {right}?"
    if reading.would_fit("add", a.shape, b.shape[::-1]):
        return f"did you mean {reading.text(a)} {sign} {reading.transposed(b)}?"
    return None


def _ones(reading: Reading, shape: Sizes) -> str:
    """Text for all ones of that shape."""
    rows, columns = shape = reading.expand(shape)
    if unknowns(shape):
        return "vector(1)" if columns == (1, ()) else "vector(1)'" if rows == (1, ()) else "matrix(1)"
    m, n = reading.resolve(shape)[0]
    return f"ones({m})" if columns == (1, ()) else f"ones({n})'" if rows == (1, ()) else f"ones({m},{n})"


def product(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    if a.is_scalar or b.is_scalar:
        shape: Sizes | None = b.shape if a.is_scalar else a.shape
        value = value_of(reading, node, a, b, operator.mul)
    else:
        shape, value = reading.fits("matmul", a.shape, b.shape), None
    if shape is None:
        reading.misfit("matrix product needs equal inner dimensions", node.at, (a, b), _product_hint(reading, a, b))
    return Term(node, shape, operator.matmul, (a, b), value, a.integer and b.integer)


def _product_hint(reading: Reading, a: Term, b: Term) -> str | None:
    left, right = reading.factor(a), reading.factor(b)
    if reading.would_fit("matmul", a.shape[::-1], b.shape):
        return f"did you mean {reading.transposed(a)}*{right}?"
    if reading.would_fit("matmul", a.shape, b.shape[::-1]):
        return f"did you mean {left}*{reading.transposed(b)}?"
    if reading.would_fit("matmul", b.shape, a.shape):
        return f"did you mean {right}*{left}?"
    return f"did you mean {left}.*{right}?" if reading.would_fit("hadamard", a.shape, b.shape) else None


def juxtapose(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    """Two factors side by side."""
    first = reading.source[node.operands[1].span[0]]
    if first.isdecimal() or first == ".":
        raise SyntaxProblem("an operator is missing before this number", source=reading.source,
                            span=node.operands[1].span)  # fmt: skip
    if a.node.rule in ("SLASH", "DOTSLASH") and not a.node.grouped:
        reading.notes.append(f"{reading.text(a)} {reading.text(b)} is read as ({reading.text(a)})*{reading.factor(b)}")
    return product(reading, node, a, b)


def divide(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    if not b.is_scalar:
        square = b.shape[0] == b.shape[1]
        by_entry = a.is_scalar or reading.would_fit("hadamard", a.shape, b.shape)
        hint = f"did you mean {reading.factor(a)}./{reading.factor(b)}?" if by_entry else None
        if square and not a.is_scalar and reading.would_fit("matmul", a.shape, b.shape):
            hint = f"did you mean {reading.factor(a)}*inv({reading.text(b)})?"
        elif square and a.is_scalar:
            hint = f"write inv({reading.text(b)}) for the inverse, {reading.factor(a)}./{reading.factor(b)} for entries"
        if b.node.text in reading.inferred:
            hint = reading.letter_hint(b.node.text)
        reading.misfit("/ divides by a scalar only", node.at, (b,), hint)
    return Term(node, a.shape, operator.truediv, (a, b), value_of(reading, node, a, b, operator.truediv))


def by_entry(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    """`.*` and `./`, a scalar broadcasting."""
    if a.is_scalar or b.is_scalar:
        shape: Sizes | None = b.shape if a.is_scalar else a.shape
    else:
        shape = reading.fits("hadamard", a.shape, b.shape)
    if shape is None:
        hint = None
        if reading.would_fit("hadamard", a.shape, b.shape[::-1]):
            hint = f"did you mean {reading.factor(a)}{node.text}{reading.transposed(b)}?"
        elif node.rule == "DOTSTAR" and reading.would_fit("matmul", a.shape, b.shape):
            hint = f"did you mean {reading.factor(a)}*{reading.factor(b)}?"
        reading.misfit(f"{node.text} needs equal shapes", node.at, (a, b), hint)
    if node.rule == "DOTSTAR":
        return Term(node, shape, times, (a, b), value_of(reading, node, a, b, operator.mul), a.integer and b.integer)
    value = value_of(reading, node, a, b, operator.truediv)
    return Term(node, shape, operator.truediv, (a, b), value)


def kron(reading: Reading, node: Node, a: Term, b: Term) -> Term:
    shape = reading.fits("kron", a.shape, b.shape)
    assert shape is not None, "a Kronecker product takes any shapes"
    return Term(node, shape, OPS["kron"], (a, b))
