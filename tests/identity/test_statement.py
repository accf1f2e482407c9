"""Statements in the text syntax: the tree, the meaning, and every mistake with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.errors import (
    ClosedFormError,
    DeclarationError,
    NotSupported,
    RequestError,
    ShapeError,
    SyntaxProblem,
    TooLarge,
    UnknownName,
)
from closedform.syntax.sides import statement_of
from closedform.syntax.statement import read_statement, written
from closedform.syntax.tree import Node

SPELLINGS = {  # each means the first of its line
    "d(tr(A*X))/dX": ["∂(tr(A*X))/∂X", "d tr(A*X)/dX", "∂tr(A*X)/∂X", "d(tr(A*X))/d(X)", "d (tr(A*X)) / dX"],
    "d2(x'*A*x)/dx dx": ["∂²(x'*A*x)/∂x∂x", "∂²(x'*A*x)/∂x²", "d^2(x'*A*x)/dx^2", "d2(x'*A*x)/(dx dx)", "∂²(xᵀAx)/∂x²"],
    "d2(x'*A*x)/dx dx'": ["∂²(x'*A*x)/∂x∂xᵀ", "d²(x'*A*x)/dx dx'", "∂^2(x'*A*x)/(∂x*∂x')"],
    "d(vec(A*X))/d(vec(X))'": ["∂vec(A*X)/∂vec(X)'", "∂(vec(A*X))/∂(vec(X))ᵀ", "d(vec(A*X))/dvec(X)'"],
    "d(x'*x)/dx'": ["∂xᵀx/∂xᵀ", "d(x'*x)/d(x')"],
}


def shown(node: Node) -> tuple:
    return (node.rule if node.rule != "juxtapose" else "STAR", node.text if not node.operands else "",
            *map(shown, node.operands))  # fmt: skip


@pytest.mark.parametrize(("first", "other"), [(a, b) for a, others in SPELLINGS.items() for b in others])
def test_spellings_of_a_derivative_mean_the_same(first, other):
    a, b = (read_statement(f"{side} = 0").left for side in (first, other))
    assert (a.kind, a.expr, a.variables) == (b.kind, b.expr, b.variables)


def test_the_tree_is_that_of_every_syntax():
    root = written("∂(x'*A*x)/∂x = 2*A*x").root
    assert (root.rule, root.text) == ("EQUALS", "=")
    left, right = root.operands
    assert (left.rule, left.text, [o.rule for o in left.operands]) == ("derivative", "∂", ["STAR", "name"])
    assert right.rule == "STAR"
    differential = written("d(inv(X)) = -inv(X)*dX*inv(X)").root.operands[0]
    assert (differential.rule, differential.operands[0].text) == ("differential", "inv")


def test_a_tree_is_enough_to_be_judged():
    """What another syntax hands over."""
    w = written("d(x'*A*x)/dx = (A + A')*x")
    assert cf.check(w).verdict == cf.check(w.source).verdict == "true"
    assert statement_of(w).left.expr is read_statement(w.source).left.expr


@pytest.mark.parametrize(("text", "operator", "variables"), [
    ("grad(x'*A*x, x) = 0", "grad", ["x"]),
    ("jac(A*x, x) = A", "jac", ["x"]),
    ("hess(x'*A*x, x) = 0", "hess", ["x", "x"]),
    ("hess(x'*A*y, x, y) = A", "hess", ["x", "y"]),
])  # fmt: skip
def test_derivatives_may_be_written_as_functions(text, operator, variables):
    left = read_statement(text).left
    assert (left.operator, [v.symbol.data.name for v in left.variables]) == (operator, variables)


def test_a_differential_has_the_shape_and_the_structure_of_its_variable():
    s = read_statement("d(S*x) = dS*x + S*dx", properties={"S": ["spd"]}, infer=True)
    assert [(m.data.name, m.shape, set(m.data.properties)) for m in s.left.moves] == [
        ("dS", s.variables["S"].shape, {"symmetric"}),
        ("dx", s.variables["x"].shape, set()),
    ]
    assert read_statement("d(X*Y) = d(X)*Y + X*d(Y)").right.expr is read_statement("d(X*Y) = dX*Y + X*dY").right.expr


def test_a_size_of_one_side_is_learnt_from_the_other():
    assert str(read_statement("d(tr(X))/dX = eye(k)").variables["X"].shape) == "(k, k)"
    assert str(read_statement("d(sum(x))/dx = vector(1)").right.expr) == "ones(n)"
    assert str(read_statement("d(X*A)/dX = kron(A', eye(p))").variables["X"].shape[0]) == "p"


@pytest.mark.parametrize(("statement", "let"), [
    ("d(A)/dA = eye(m*n)", "A"), ("d(X')/dX = K(m,n)", "X"), ("K(m,n)*vec(A) = vec(A')", "A"),
    ("K(n,m)*vec(A) = vec(A')", "A"),
])  # fmt: skip
def test_a_size_that_may_be_that_of_a_variable_is_asked_for(statement, let):
    """Whether A is m×n or n×m decides; it is not called false."""
    with pytest.raises(ShapeError) as caught:
        cf.check(statement)
    assert "declare the shapes" in caught.value.hint
    shapes = {let: ("n", "m") if "K(n,m)" in statement else ("m", "n")}
    assert cf.check(statement, shapes, infer=True).verdict == "true"


def test_square_sizes_known_by_their_square_need_no_declaration():
    assert cf.check("d(tr(X))/d(vec(X)) = vec(eye(n))").verdict == "true"
    assert cf.check("d(X^2)/dX = kron(eye(k), X) + kron(X', eye(k))").verdict == "true"


def test_what_only_a_letter_speaks_for_is_not_called_false():
    """n is read as a vector; that is no reason to deny the formula."""
    with pytest.raises(ShapeError, match="n is read as a vector"):
        cf.check("det(a*A) = a^n*det(A)")
    assert cf.check("det(a*A) = a^n*det(A)", {"A": ("n", "n")}, infer=True).verdict == "true"


def test_a_variable_may_be_named_d():
    assert cf.check("d*a/delta = a*d/delta").verdict == "true"
    assert cf.check("d2*a - d*a = a*(d2 - d)").verdict == "true"


def test_a_formula_of_the_wrong_shape_is_still_a_statement():
    s = read_statement("d(X'*X)/dX = 2*X")
    assert (str(s.variables["X"].shape), str(s.right.expr.shape)) == ("(m, n)", "(m, n)")


MISTAKES = [  # text, kind, what the caret points at, part of the message
    ("x'*x", SyntaxProblem, "x'*x", "a statement needs an ="),
    ("", SyntaxProblem, "", "a statement needs an ="),
    ("x = y = z", SyntaxProblem, "= z", "a statement has one ="),
    ("x == y", SyntaxProblem, "= y", "a statement has one ="),
    ("= x", SyntaxProblem, "=", "something is missing before ="),
    ("x =", SyntaxProblem, "=", "something is missing after ="),
    ("(x = y)", SyntaxProblem, "=", "stands inside brackets"),
    ("d(x'*x)/dy = 2*x", UnknownName, "y", "y is not a variable of the statement"),
    ("d(x'*x)/d(x*x) = 2", SyntaxProblem, "(x*x", "by a variable X, by X' or by vec(X)"),
    ("d(x'*x)/d = 2*x", SyntaxProblem, "d =", "a variable is missing after d"),
    ("d(x'*x)/dx dx = 2", SyntaxProblem, "dx dx", "a derivative of order 1 is by 1 variable, not 2"),
    ("d2(x'*x)/dx = 2", SyntaxProblem, "dx", "a derivative of order 2 is by 2 variables, not 1"),
    ("d2(a^3)/da^3 = 6", NotSupported, "da^3", "third derivatives"),
    ("d(a)*x/dx = 2", SyntaxProblem, "*", "stands in brackets"),
    ("∂x + x = x", SyntaxProblem, "∂", "is a whole side"),
    ("d(tr(A*X)) = tr(d(A*X))", SyntaxProblem, "d(A*X)", "is a whole side"),
    ("2*∂(x'*x)/∂x = x", SyntaxProblem, "∂", "is a whole side"),
    ("d(ones(n)'*x)/dn = 2", RequestError, "n", "n is a dimension"),
    ("grad(x'*x) = 2*x", SyntaxProblem, "grad(x'*x)", "grad takes a function and 1 variable"),
    ("d(x'*foo(x))/dx = 1", UnknownName, "foo", "unknown function foo"),
    ("d(A*x*x)/dx = x", ShapeError, "*x)", "equal inner dimensions"),
    ("x[1] = 2", SyntaxProblem, "[", "unexpected character ["),
    ("d((x'*x)/dx = x", SyntaxProblem, "(", "never closed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "at", "message"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_told_with_its_place(text, kind, at, message):
    with pytest.raises(kind) as caught:
        cf.check(text)
    assert message in caught.value.message
    start, end = caught.value.span
    assert text[start:].startswith(at) or text[start:end] in at


def test_declarations_are_checked_as_for_functions():
    with pytest.raises(DeclarationError, match="foo"):
        cf.check("x = x", properties={"x": ["foo"]})
    with pytest.raises(UnknownName, match="y is not declared"):
        cf.check("x = y", shapes={"x": ("n",)})
    with pytest.raises(RequestError, match="declared integer"):
        cf.check("d(x*k)/dk = x", properties={"k": ["integer"]}, shapes={"x": (), "k": ()})


@pytest.mark.parametrize("text", [
    "=" * 9000, "d(" * 200 + "x = 0", "∂" * 9000 + "=0", "d(x)/" + "dx" * 3000 + " = 0", "x" * 10_001 + " = 0",
    "d" + "'" * 9000 + "(x)/dx = 1", "+".join(["x"] * 1000) + " = 0",
])  # fmt: skip
def test_hostile_text_is_refused(text):
    with pytest.raises((SyntaxProblem, TooLarge, UnknownName)):
        cf.check(text)


@given(st.text(alphabet="dxXA∂=/'()*+^2²grad,vec e", max_size=30))
@settings(max_examples=300, deadline=None)
def test_random_text_is_read_or_refused_by_our_own_errors(text):
    try:
        read_statement(text)
    except ClosedFormError as error:
        assert str(error)
