"""Declarations as typed on the command line."""

from __future__ import annotations

import pytest

from closedform.errors import DeclarationError
from closedform.syntax.declare import declarations
from closedform.syntax.text import parse


def test_scalars_vectors_and_matrices_with_properties():
    shapes, properties, functions = declarations(
        ["A: matrix(n,n) symmetric positive", "x: vector(n)", "a: scalar", "k:scalar integer"]
    )
    assert shapes == {"A": ("n", "n"), "x": ("n",), "a": (), "k": ()}
    assert properties == {"A": ["symmetric", "positive"], "k": ["integer"]}
    assert functions == {}


def test_several_declarations_in_a_line_or_a_text():
    text = "A, B: matrix(m, 3); x: vector(n)\na: scalar;\n"
    assert declarations(text)[0] == {"A": ("m", 3), "B": ("m", 3), "x": ("n",), "a": ()}
    assert declarations([]) == ({}, {}, {})


def test_a_property_alone_leaves_the_shape_to_inference():
    shapes, properties, _ = declarations("S: spd")
    assert (shapes, properties) == ({}, {"S": ["spd"]})
    f = parse("logdet(S)", shapes, properties, infer=True)
    assert f.variables["S"].data.properties == {"spd"}


def test_declarations_are_what_parse_takes():
    f = parse("x'*A*x", *declarations("A: matrix(n,n) symmetric"), infer=True)
    assert str(f.variables["x"].shape) == "(n, 1)"


@pytest.mark.parametrize(
    ("line", "at", "message", "hint"),
    [
        ("A matrix(m,n)", "A matrix(m,n)", "a declaration is a name, a colon and a shape", "write A: matrix(m,n)"),
        ("A: matrix(n)", "matrix(n)", "matrix takes 2 dimensions, not 1", "write matrix(m,n)"),
        ("x: vector", "vector", "vector takes 1 dimensions, not 0", "write vector(n)"),
        ("a: scalar(n)", "scalar(n)", "scalar takes 0 dimensions, not 1", "write scalar"),
        ("A: tensor(n,n,n)", "tensor(", "unknown shape tensor", "write scalar, vector(n) or matrix(m,n)"),
        ("A: matrix(n,n) symetric", "symetric", "unknown property", "did you mean symmetric?"),
        ("x: scalar; A: matrix(m,n) spd", "A", "A is declared spd, but is m×n", "only a square matrix is spd"),
        ("x: vector(n+1)", "vector(n+1)", "a dimension is a positive integer or a name", None),
        ("x: vector(0)", "vector(0)", "a dimension is a positive integer or a name", None),
        ("det: scalar", "det", "det is a function", None),
        ("2: scalar", "2", "a variable's name is a word", None),
        ("a: scalar; a: scalar", "a", "a is declared twice", None),
        ("a: scalar scalar", "scalar", "a second shape", None),
        ("a: scalar !", "!", "unexpected '!'", "write A: matrix(m,n) symmetric"),
        ("a:", "", "a shape is missing", "write scalar, vector(n) or matrix(m,n)"),
    ],
)
def test_a_wrong_declaration_is_pointed_at(line, at, message, hint):
    with pytest.raises(DeclarationError) as caught:
        declarations(line)
    error = caught.value
    assert message in str(error)
    assert error.hint == hint
    assert line[slice(*error.span)] == at
