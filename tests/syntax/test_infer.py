"""Shapes inferred from use: what is found, how it is named, what is refused."""

from __future__ import annotations

import pytest

from closedform.core.shape import dim
from closedform.errors import DeclarationError, ShapeError, UnknownName
from closedform.syntax.infer import UNIT, Unify, as_dim, named
from closedform.syntax.text import parse


def shapes(text, **more):
    return {name: str(v.shape) for name, v in parse(text, **more).variables.items()}


FOUND = {
    "x'*A*x": {"x": "(n, 1)", "A": "(n, n)"},
    "A*x": {"A": "(m, n)", "x": "(n, 1)"},
    "norm2(X*w - y)^2": {"X": "(m, n)", "w": "(n, 1)", "y": "(m, 1)"},
    "a*x": {"a": "(1, 1)", "x": "(n, 1)"},
    "logdet(X)": {"X": "(n, n)"},
    "tr(A*X)": {"A": "(m, n)", "X": "(n, m)"},
    "tr(A*X'*B*X*C)": {"A": "(m, p)", "X": "(n, p)", "B": "(n, n)", "C": "(p, m)"},
    "A + eye(k)": {"A": "(k, k)"},
    "x + ones(3)": {"x": "(3, 1)"},
    "kron(A,B)*x": {"A": "(m, n)", "B": "(p, q)", "x": "(n*q, 1)"},
    "x + vec(A)": {"x": "(m*n, 1)", "A": "(m, n)"},
    "n'*A*n": {"n": "(m, 1)", "A": "(m, m)"},
    "λ*tr(Σ)": {"λ": "(1, 1)", "Σ": "(n, n)"},
    "x1'*W_2*x1": {"x1": "(n, 1)", "W_2": "(n, n)"},
    "xᵀAx": {"x": "(n, 1)", "A": "(n, n)"},
    "‖Ax − y‖² + λxᵀx": {"A": "(m, n)", "x": "(n, 1)", "y": "(m, 1)", "λ": "(1, 1)"},
    "sum(A,2) + x": {"A": "(m, n)", "x": "(m, 1)"},
}


@pytest.mark.parametrize("text", FOUND)
def test_dimensions_are_found_from_use_and_named_pleasantly(text):
    assert shapes(text) == FOUND[text]


def test_inference_says_what_it_decided():
    f = parse("a*x'*A*x + sum(B)")
    assert f.notes == ("a is a scalar", "x is a column of n entries", "A is n×n", "B is m×p")
    assert parse("A + eye(n)").notes == ("A is n×n", "n is a dimension")
    assert f.dims == {"m": dim("m"), "n": dim("n"), "p": dim("p")}


def test_declared_shapes_are_rigid_and_the_rest_is_found():
    f = parse("x'*A*y", {"A": ("m", "k")}, infer=True)
    assert str(f.variables["x"].shape) == "(m, 1)"
    assert str(f.variables["y"].shape) == "(k, 1)"
    assert f.notes == ("x is a column of m entries", "y is a column of k entries")


def test_a_property_makes_an_inferred_matrix_square():
    assert shapes("tr(A'*A)", properties={"A": ["symmetric"]}) == {"A": "(n, n)"}
    assert shapes("a^2", properties={"a": ["integer"]}) == {"a": "(1, 1)"}


def test_a_square_property_needs_a_matrix():
    with pytest.raises(DeclarationError, match="x is declared spd, but is read as a vector") as caught:
        parse("x'*x", properties={"x": ["spd"]})
    assert caught.value.span == (0, 1)


def test_a_property_of_a_name_that_does_not_occur_is_refused():
    with pytest.raises(DeclarationError, match="Q has properties"):
        parse("x'*x", properties={"Q": ["spd"]})


def test_a_matrix_letter_is_never_a_vector():
    with pytest.raises(ShapeError) as caught:
        parse("softmax(A)")
    assert (
        caught.value.hint == "A is read as a matrix because of its letter; declare it if it is not, e.g. A: vector(n)"
    )
    assert shapes("softmax(A)", shapes={"A": ("n",)}) == {"A": "(n, 1)"}


@pytest.mark.parametrize("text", ["A + x", "A./x", "logsumexp(X)"])
def test_no_unknown_dimension_becomes_one(text):
    with pytest.raises(ShapeError) as caught:
        parse(text)
    assert "because of its letter" in caught.value.hint


def test_a_scalar_letter_in_a_vector_place_names_the_letter():
    with pytest.raises(ShapeError) as caught:
        parse("norm2(A*x - b)^2")
    assert caught.value.span == (10, 11)
    assert (
        caught.value.hint == "b is read as a scalar because of its letter; declare it if it is not, e.g. b: vector(n)"
    )


def test_a_vector_letter_in_a_scalar_place_names_the_letter():
    with pytest.raises(ShapeError) as caught:
        parse("sum(x)/n")
    assert caught.value.hint.startswith("n is read as a vector")


def test_what_products_of_unknowns_leave_open_is_refused():
    with pytest.raises(ShapeError, match="cannot be found") as caught:
        parse("kron(A,B)*vec(X)")
    assert caught.value.span == (9, 10)
    assert parse("kron(A,B)*vec(X)", {"A": ("m", "n"), "X": ("p", "n")}, infer=True).expr is not None


def test_a_name_of_another_script_must_be_declared():
    with pytest.raises(UnknownName):
        parse("행렬*x")
    assert shapes("행렬*x", shapes={"행렬": ("m", "n"), "x": ("n",)})["행렬"] == "(m, n)"


def test_vector_of_ones_needs_a_context_unless_shapes_are_inferred():
    with pytest.raises(ShapeError, match="does not follow from its context"):
        parse("sum(vector(1))", {"x": ("n",)})
    assert str(parse("sum(vector(1))").expr.args[0].shape) == "(n, 1)"


def test_inference_is_deterministic():
    texts = ["tr(A*B*C) + x'*D*y + sum(E)"] * 3
    assert len({str(shapes(t)) for t in texts}) == 1


def test_a_failed_attempt_teaches_nothing():
    rule = Unify()
    u, v = rule.fresh(), rule.fresh()
    assert rule.attempt(lambda: rule.same(u, (1, ("n",))) and rule.same(v, u))
    assert rule.expand(u) == u
    assert rule.same(u, (1, ("m",)))


def test_common_factors_cancel_before_solving():
    rule = Unify()
    u = rule.fresh()
    assert rule.same(rule.times((2, ("m",)), u), (6, ("m", "n")))
    assert str(as_dim(rule.expand(u), {})) == "3*n"
    assert not rule.same(rule.times((1, ("m",)), rule.fresh()), (1, ("m",)))


def test_an_equation_that_must_wait_is_solved_later():
    rule = Unify()
    u, v = rule.fresh(), rule.fresh()
    assert rule.same(rule.times(u, v), (1, ("m", "n")))
    assert rule.same(u, (1, ("m",)))
    assert rule.settle() is None
    assert rule.expand(v) == (1, ("n",))


def test_names_avoid_those_in_use():
    rule = Unify()
    u, v = rule.fresh(), rule.fresh()
    names = named([(u, v), (u, UNIT)], {"m", "n"})
    assert list(names.values()) == ["p", "q"]


def test_equal_squares_have_equal_roots():
    """n·n = k·k gives n = k; n·n = k does not."""
    from closedform.syntax.infer import Unify

    rule = Unify()
    (_, u), m = rule.fresh(), (1, ("m",))
    assert rule.same((1, (*u, *u)), (1, ("m", "m"))) and rule.expand((1, u)) == m
    rule = Unify()
    v = rule.fresh()
    assert rule.same((1, ("m", "m")), v) and rule.expand(v) == (1, ("m", "m"))
