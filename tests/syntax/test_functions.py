"""Abstract functions in the text syntax: how they are declared, called and printed."""

from __future__ import annotations

import gc

import pytest

from closedform.core.abstract import ENTRYWISE, Part, abstract_functions
from closedform.core.expr import OPS
from closedform.emit.latex import latex
from closedform.emit.text import text
from closedform.emit.unicode import unicode
from closedform.errors import ClosedFormError, DeclarationError, ShapeError, SyntaxProblem, UnknownName
from closedform.ops.abstract import abstract
from closedform.syntax.declare import declarations
from closedform.syntax.text import parse

FUNCTIONS = {"sigma": "entrywise", "σ": "entrywise", "f": ("n", "n"), "u": ("m",), "g": ()}
SHAPES = {"A": ("m", "n"), "X": ("p", "q"), "N": ("n", "n"), "x": ("n",), "a": ()}


def read(formula):
    return parse(formula, SHAPES, functions=FUNCTIONS).expr


def test_functions_are_declared_beside_variables():
    found = declarations(["s, t: entrywise; f: function(m, n); x: vector(n)", "u: function(3)", "g: function"])
    assert found.functions == {"s": "entrywise", "t": "entrywise", "f": ("m", "n"), "u": (3,), "g": ()}
    assert found.shapes == {"x": ("n",)} and found.properties == {}
    assert str(parse("f(s(x))", *found).expr) == "f(s(x))"


@pytest.mark.parametrize(
    ("formula", "shape"),
    [("sigma(A*x)", "(m, 1)"), ("sigma''(X)", "(p, q)"), ("sigma(a)", "(1, 1)"), ("f(X)", "(n, n)"), ("f(x)", "(n, n)"),
     ("u(X)", "(m, 1)"), ("g(x)", "(1, 1)"), ("Df(X, 2*X)", "(n, n)"), ("Df_T(X, N)", "(p, q)"), ("Dg_T(x, a)", "(n, 1)"),
     ("Du_T(X, A*x)", "(p, q)")],
)  # fmt: skip
def test_the_shape_of_a_value(formula, shape):
    assert str(read(formula).shape) == shape


PRINTED = [  # text, Unicode, LaTeX
    ("sigma(X)", "sigma(X)", r"\sigma(X)"),
    ("σ'(X)", "σ′(X)", r"\sigma'(X)"),
    ("A'*σ''(A*x)", "Aᵀ σ′′(Ax)", r"A^{\top} \sigma''(A x)"),
    ("σ(X)'", "σ(X)ᵀ", r"\sigma(X)^{\top}"),
    ("f(X)*x", "f(X)x", "f(X) x"),
    ("inv(f(X))'", "f(X)⁻ᵀ", r"f(X)^{-\top}"),
    ("N*Df(X, a*X)", "N Df(X)[aX]", r"N \mathrm{D} f(X)[a X]"),
    ("Df_T(X, N)", "Df(X)ᵀ[N]", r"\mathrm{D} f(X)^{\top}[N]"),
]


@pytest.mark.parametrize(("formula", "in_unicode", "in_latex"), PRINTED, ids=[p[0] for p in PRINTED])
def test_a_formula_is_printed_and_read_back(formula, in_unicode, in_latex):
    e = read(formula)
    assert (text(e), unicode(e), latex(e)) == (formula, in_unicode, in_latex)
    assert read(text(e)) is e


@pytest.mark.parametrize("formula", ["σ′(X)", "σ’(X)", "σ'( X )"])
def test_a_prime_may_be_typographic(formula):
    assert read(formula) is read("σ'(X)")


def test_a_prime_after_a_bracket_is_a_transpose():
    assert str(read("σ(x)'*σ(x)")) == "σ(x)'*σ(x)"
    assert str(read("x'*(x)")) == "x'*x"


def test_dimensions_of_a_value_are_sizes():
    f = parse("tr(f(X))/r", functions={"f": ("r", "r")})
    assert set(f.dims) >= {"r"} and f.variables.keys() == {"X"}


MISTAKES = [  # text, kind, what the caret points at, part of the message, hint
    ("sigma + X", SyntaxProblem, "sigma", "sigma is a function", "write sigma(…)"),
    ("Df*X", SyntaxProblem, "Df", "Df is a function", "write Df(…)"),
    ("sigma' (X)", SyntaxProblem, "sigma", "sigma is a function", "write sigma(…)"),
    ("sigma(X, X)", SyntaxProblem, "sigma(X, X)", "sigma takes 1 argument, not 2", None),
    ("f()", SyntaxProblem, "f()", "f takes 1 argument, not 0", None),
    ("Df(X)", SyntaxProblem, "Df(X)", "Df takes 2 arguments, not 1", None),
    ("f'(X)", SyntaxProblem, "f'", "f is not entrywise", "write Df(X, V) for its derivative at X in the direction V"),
    ("Df(X, a)", ShapeError, "Df", "a direction has the shape of the argument: X is p×q, a is scalar", None),
    ("Df_T(X, X)", ShapeError, "Df_T", "the second argument has the shape of f, n×n: X is p×q", None),
    ("h(x)", UnknownName, "h", "unknown function h",
     "write h*(…) for a product; declare it if it is a function of yours, h: entrywise or h: function(m,n)"),
    ("rho(x)", UnknownName, "rho", "unknown function rho",
     "declare it if it is a function of yours, rho: entrywise or rho: function(m,n)"),
    ("eye(f)*x", SyntaxProblem, "f", "f is a function", "write f(…)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "kind", "caret", "message", "hint"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_named_pointed_at_and_helped(formula, kind, caret, message, hint):
    with pytest.raises(ClosedFormError) as caught:
        read(formula)
    error = caught.value
    assert type(error) is kind and message in str(error) and error.hint == hint
    assert formula[slice(*error.span)] == caret


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"exp": "entrywise"}, "exp has a meaning of its own; a function needs another name"),
        ({"add": ()}, "add has a meaning of its own"),
        ({"K": ("m", "n")}, "K has a meaning of its own"),
        ({"2f": ()}, "a function's name is a word"),
        ({"h": "elementwise"}, "the function h is entrywise, or a list of dimensions, not 'elementwise'"),
        ({"h": 3}, "the function h is entrywise, or a list of dimensions, not 3"),
        ({"h": ("m", "n", "p")}, "at most two dimensions"),
        ({"A": "entrywise"}, "A is a variable and a function"),
        ({"f": (), "Df": ()}, "Df is a function of its own"),
        ({"h": ("h",)}, "h is a function and a dimension"),
    ],
)
def test_a_function_that_cannot_be_is_refused(functions, message):
    with pytest.raises(DeclarationError) as caught:
        parse("A*x", SHAPES, functions=functions)
    assert message in str(caught.value)


def test_the_derivative_of_a_function_has_a_name_of_its_own():
    with pytest.raises(DeclarationError, match="Df is a variable and a function"):
        parse("f(x)", {"Df": (), "x": ("n",)}, functions={"f": ()})


@pytest.mark.parametrize(
    ("line", "at", "message", "hint"),
    [
        ("f: func(n,n)", "func(", "unknown shape func", "write scalar, vector(n) or matrix(m,n)"),
        ("f: elementwise", "elementwise", "unknown property 'elementwise'", "did you mean entrywise?"),
        ("f: function(m,n,p)", "function(m,n,p)", "function takes 2 dimensions, not 3", "write function(m,n)"),
        ("f: function(n+1)", "function(n+1)", "a dimension is a positive integer or a name", None),
        ("f: entrywise positive", "entrywise", "nothing more is known of a function than entrywise", None),
        ("det: entrywise", "det", "det has a meaning of its own", None),
        ("f: function; f: scalar", "f", "f is declared twice", None),
    ],
)
def test_a_wrong_declaration_is_pointed_at(line, at, message, hint):
    with pytest.raises(DeclarationError) as caught:
        declarations(line)
    error = caught.value
    assert message in str(error) and error.hint == hint
    assert line[slice(*error.span)] == at


def test_records_are_made_once_and_not_registered():
    before = len(OPS)
    assert read("σ'(X)").op is abstract("σ", None, 1)
    assert read("Df(X, X)").op is abstract("f", read("f(X)").op.values, part=Part.ALONG)
    assert abstract("g", None) is not abstract("g", read("g(x)").op.values)
    assert len(OPS) == before


def test_records_go_when_nothing_uses_them():
    from closedform.ops.abstract import _TABLE

    parse("sum(forgotten(x))", functions={"forgotten": "entrywise"})
    gc.collect()
    assert not any(key[0] == "forgotten" for key in list(_TABLE))


def test_an_expression_knows_the_functions_in_it():
    found = abstract_functions(read("f(σ'(X))*x"))
    assert found == {"f": read("f(X)").op.values, "σ": ENTRYWISE}
