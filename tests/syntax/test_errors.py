"""One test per kind of mistake: the message, the place, and the hint."""

from __future__ import annotations

import pytest

from closedform.errors import (
    ClosedFormError,
    DeclarationError,
    DomainError,
    ShapeError,
    SyntaxProblem,
    TooLarge,
    UnknownName,
)
from closedform.syntax.text import parse

SHAPES = {"A": ("m", "n"), "B": ("m", "p"), "X": ("n", "n"), "x": ("n",), "y": ("m",), "z": ("n",), "a": (), "b": ()}

MISTAKES = [  # text, kind, what the caret points at (its occurrence), part of the message, hint
    ("A*B", ShapeError, "*", "equal inner dimensions: A is m×n, B is m×p", "did you mean A'*B?"),
    ("x*z", ShapeError, "*", "equal inner dimensions: x is n×1, z is n×1", "did you mean x'*z?"),
    ("A*x'", ShapeError, "*", "A is m×n, x' is 1×n", "did you mean A*x?"),
    ("(A+A)*y", ShapeError, "*", "(A+A) is m×n, y is m×1", "did you mean (A+A)'*y?"),
    ("x'*A*x", ShapeError, "*", "x' is 1×n, A is m×n", "did you mean x'*A'?"),
    ("a + x", ShapeError, "+", "+ needs equal shapes: a is scalar, x is n×1", "did you mean a*ones(n) + x?"),
    ("A - 1", ShapeError, "-", "- needs equal shapes", "did you mean A - ones(m,n)?"),
    ("a + x'", ShapeError, "+", "", "did you mean a*ones(n)' + x'?"),
    ("x - x'", ShapeError, "-", "x is n×1, x' is 1×n", "did you mean x - x?"),
    ("x + y", ShapeError, "+", "x is n×1, y is m×1", None),
    ("A.*X", ShapeError, ".*", ".* needs equal shapes", "did you mean A*X?"),
    ("x.*z'", ShapeError, ".*", "x is n×1, z' is 1×n", "did you mean x.*z?"),
    ("x./y", ShapeError, "./", "./ needs equal shapes", None),
    ("a/x", ShapeError, "/", "/ divides by a scalar only: x is n×1", "did you mean a./x?"),
    ("A/X", ShapeError, "/", "/ divides by a scalar only: X is n×n", "did you mean A*inv(X)?"),
    ("a/X", ShapeError, "/", "", "write inv(X) for the inverse, a./X for entries"),
    ("A^2", ShapeError, "^", "a power needs a square matrix: A is m×n", "did you mean A.^2?"),
    ("x^2", ShapeError, "^", "a power needs a square matrix: x is n×1", "did you mean x.^2?"),
    ("x²", ShapeError, "²", "a power needs a square matrix: x is n×1", "did you mean x.^2?"),
    ("a^x", ShapeError, "^", "an exponent of ^ is a scalar: x is n×1", "did you mean a.^x?"),
    ("X^a", ShapeError, "^", "integer exponent: X is n×n, a is scalar",
     "declare a integer (a: scalar integer), or write X.^a for the entries' power"),
    ("X^0.5", ShapeError, "^", "integer exponent",
     "write sqrtm(X) for the matrix square root, X.^0.5 for that of the entries"),
    ("x.^y", ShapeError, ".^", ".^ needs equal shapes, or a scalar: x is n×1, y is m×1", None),
    ("inv(A)", ShapeError, "A", "inv takes a square matrix: A is m×n", "did you mean pinv(A)?"),
    ("softmax(X)", ShapeError, "X", "softmax takes a column or a row: X is n×n", None),
    ("trace(A)", ShapeError, "A", "trace takes a square matrix: A is m×n", None),
    ("diag(A)", ShapeError, "A", "diag takes a vector or a square matrix: A is m×n", None),
    ("X + eye(x)", ShapeError, "x", "eye takes a dimension: a name, a positive integer or a product of them; x is a variable", None),
    ("eye(0)", ShapeError, "0", "0 is not", None),
    ("X + eye(n+1)", ShapeError, "n+1", "n+1 is not", None),
    ("Z*x", UnknownName, "Z", "Z is not declared", "did you mean z?"),
    ("foo(x)", UnknownName, "foo", "unknown function foo",
     "declare it if it is a function of yours, foo: entrywise or foo: function(m,n)"),
    ("tanhh(x)", UnknownName, "tanhh", "unknown function tanhh", "did you mean tanh?"),
    ("Exp(x)", UnknownName, "Exp", "unknown function Exp", "did you mean exp?"),
    ("transpose(x)", UnknownName, "transpose", "unknown function", "write x' for the transpose"),
    ("ln(a)", UnknownName, "ln", "unknown function", "did you mean log?"),
    ("norm(x)", UnknownName, "norm", "unknown function", "did you mean norm2?"),
    ("dot(x,z)", UnknownName, "dot", "unknown function", "write x'*y for the inner product"),
    ("mean(x)", UnknownName, "mean", "unknown function", "write sum(x)/n"),
    ("inverse(X)", UnknownName, "inverse", "unknown function", "did you mean inv?"),
    ("log_det(X)", UnknownName, "log_det", "unknown function", "did you mean logdet?"),
    ("A(x)", SyntaxProblem, "A", "A is not a function", "write A*(x) for a product"),
    ("a + exp", SyntaxProblem, "exp", "exp is a function; it needs its argument in brackets", "write exp(…)"),
    ("tr(X, X)", SyntaxProblem, "tr(X, X)", "tr takes 1 argument, not 2", None),
    ("kron(X)", SyntaxProblem, "kron(X)", "kron takes 2 arguments, not 1", None),
    ("sum()", SyntaxProblem, "sum()", "sum takes 1 or 2 arguments, not 0", None),
    ("sum(A, 3)", SyntaxProblem, "3", "the axis of a sum is 1 (down the columns) or 2 (along the rows)", None),
    ("vector(2)", SyntaxProblem, "2", "vector takes 0 or 1", "write ones(n) for a column of n ones"),
    ("*x", SyntaxProblem, "*", "an operand is missing before *", None),
    ("a + * b", SyntaxProblem, "*", "an operand is missing before *, after +", None),
    ("a +", SyntaxProblem, "+", "something is missing after +", None),
    ("()", SyntaxProblem, ")", "something is missing before )", None),
    ("'x", SyntaxProblem, "'", "nothing stands before this ' to apply it to", None),
    ("x, z", SyntaxProblem, ",", "a comma stands between the arguments of a function only", None),
    ("a^*b", SyntaxProblem, "*", "an exponent is missing", "write the exponent in brackets"),
    ("(a", SyntaxProblem, "(", "this bracket is never closed", None),
    ("a)", SyntaxProblem, ")", "this bracket closes nothing", None),
    ("(‖x)‖", SyntaxProblem, ")", "this bracket closes nothing", None),
    ("a 2", SyntaxProblem, "2", "an operator is missing before this number", None),
    ("x..*z", SyntaxProblem, ".", "unexpected dot", None),
    ("x**2", SyntaxProblem, "**", "** is not in the syntax", "write ^ for a power"),
    ("A@x", SyntaxProblem, "@", "unexpected character @", "write * for the matrix product"),
    ("A.T*x", SyntaxProblem, ".", "unexpected dot", "write x' for the transpose"),
    ("A.'*x", SyntaxProblem, ".", "unexpected dot", "write x' for the transpose"),
    ("x[1]", SyntaxProblem, "[", "unexpected character [", "indexing is not in the syntax; write ( ) for brackets"),
    ("a = b", SyntaxProblem, "=", "unexpected character =", "write one expression; equations are for the identity checker"),
    ("a\x07", SyntaxProblem, "\x07", "unexpected character U+0007", None),
    ("a\u200bb", SyntaxProblem, "\u200b", "unexpected character U+200B", None),
    ("1e999*x", SyntaxProblem, "1e999", "the number 1e999 is out of range", None),
    ("1e-999*x", SyntaxProblem, "1e-999", "the number 1e-999 is out of range", None),
    ("a/0", DomainError, "/", "division by zero", None),
    ("(1-1)^-1", DomainError, "^", "division by zero", None),
    ("X^1000001", TooLarge, "^", "an exponent is at most 1000000", None),
    ("X^(10^9)", TooLarge, "^", "an exponent is at most 1000000", None),
    ("X^-1000000000", TooLarge, "^", "an exponent is at most 1000000", None),
    ("a¹²³⁴⁵⁶⁷⁸⁹", TooLarge, "¹²³⁴⁵⁶⁷⁸⁹", "an exponent is at most 1000000", None),
    ("(2^1000)^1000", TooLarge, "^", "a number in the expression is out of range", None),
    ("1." + "3" * 40, TooLarge, "1." + "3" * 40, "at most 40 significant digits", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "caret", "message", "hint"), MISTAKES, ids=[t[0][:20] for t in MISTAKES])
def test_a_mistake_is_named_pointed_at_and_helped(text, kind, caret, message, hint):
    with pytest.raises(ClosedFormError) as caught:
        parse(text, SHAPES)
    error = caught.value
    assert type(error) is kind
    assert message in str(error)
    assert error.hint == hint
    assert error.source == text
    assert text[slice(*error.span)] == caret


@pytest.mark.parametrize("case", [m for m in MISTAKES if m[4] and m[4].startswith("did you mean") and m[1] is ShapeError],
                         ids=lambda c: c[0])  # fmt: skip
def test_a_suggested_correction_works(case):
    suggestion = case[4].removeprefix("did you mean ").removesuffix("?")
    assert parse(suggestion, SHAPES).expr is not None


def test_the_caret_points_at_the_last_of_several_operators():
    with pytest.raises(ShapeError) as caught:
        parse("x'*z*a + x'*A*z", SHAPES)
    assert caught.value.span == (11, 12)


def test_an_expression_must_be_there_and_be_a_text():
    for text in ("", "   ", "\n"):
        with pytest.raises(SyntaxProblem, match="empty"):
            parse(text)
    with pytest.raises(SyntaxProblem, match="is a text, not int"):
        parse(3)


@pytest.mark.parametrize(
    ("shapes", "properties", "message"),
    [
        ({"det": ()}, {}, "det is a function; a variable needs another name"),
        ({"x": ("m", "n", "p")}, {}, "at most two dimensions"),
        ({"x": (0,)}, {}, "a dimension is a positive integer or a name"),
        ({"x": (-1,)}, {}, "a dimension is a positive integer or a name"),
        ({"x": "n"}, {}, "the shape of x is a list of dimensions"),
        ({"x": 3}, {}, "the shape of x is a list of dimensions"),
        ({"2x": ()}, {}, "a variable's name is a word"),
        ({"x y": ()}, {}, "a variable's name is a word"),
        ({"A": ("m", "n")}, {"A": ["symmetric"]}, "A is declared symmetric, but is m×n"),
        ({"x": ("n",)}, {"x": ["spd"]}, "x is declared spd, but is n×1"),
        ({"x": ("n",)}, {"x": ["integer"]}, "x is declared integer, but is n×1"),
        ({"A": ("n", "n")}, {"A": ["symetric"]}, "unknown property 'symetric'"),
        ({"A": ("n", "n")}, {"Q": ["spd"]}, "Q has properties, but no shape was declared for it"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(shapes, properties, message):
    with pytest.raises(DeclarationError) as caught:
        parse("1", shapes, properties)
    assert message in str(caught.value)


def test_a_misspelt_property_is_corrected():
    with pytest.raises(DeclarationError) as caught:
        parse("1", {"A": ("n", "n")}, {"A": ["symetric"]})
    assert caught.value.hint == "did you mean symmetric?"
