"""Entries written out: what is shown, that each is the entry of the compiled derivative, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.answer import Derivative
from closedform.core.expr import symbols
from closedform.core.normal import normal
from closedform.errors import DomainError, RequestError, TooLarge, VerificationError
from closedform.verification.interpreter import evaluate
from closedform.verification.sample import names_of_dims
from closedform.written import record
from closedform.written.entries import Entries
from tests.strategies import SIZES, environment, expressions

SHAPES = {"A": ("n", "n"), "B": ("n", "n"), "X": ("m", "n"), "W": ("n", "m"), "S": ("n", "n"), "D": ("n", "n"),
          "x": ("n",), "y": ("m",), "r": (1, "n"), "c": ()}  # fmt: skip
PROPERTIES = {"S": ["spd"], "D": ["diagonal"]}


def derivative(f: str, *wrt: str, **options: Any) -> Derivative:
    return cf.derivative(cf.parse(f, SHAPES, PROPERTIES), *wrt, **options)


SHOWN = [  # function, variables, sizes, text
    ("x'*A*x", "x", 2, "[2*A_11*x_1 + x_2*(A_12 + A_21), 2*A_22*x_2 + x_1*(A_12 + A_21)]"),
    ("c^2", "c", 2, "2*c"),
    ("tr(A*B)", "A", 2, "[[B_11, B_21],\n [B_12, B_22]]"),
    ("logdet(A)", "A", 2, "[[inv(A)_11, inv(A)_21],\n [inv(A)_12, inv(A)_22]]"),
    ("det(A)", "A", 1, "[[det(A)*inv(A)_11]]"),
    ("logdet(S)", "S", 2, "[[inv(S)_11, inv(S)_12],\n [inv(S)_12, inv(S)_22]]"),
    ("tr(D^2)", "D", 2, "[[2*D_11, 0],\n [0,      2*D_22]]"),
    ("norm2(x)", "x", 2, "[x_1/sqrt(x_1^2 + x_2^2), x_2/sqrt(x_1^2 + x_2^2)]"),
    ("norm1(x)", "x", 2, "[sign(x_1), sign(x_2)]"),
    ("sum(exp(X))", "X", 2, "[[exp(X_11), exp(X_12)],\n [exp(X_21), exp(X_22)]]"),
    ("A*x", "x", 2, "[[A_11, A_12],\n [A_21, A_22]]"),
    ("max(x)", "x", 2, "[ismax(x)_1, ismax(x)_2]"),
    ("x*x'", "x", 2, "∂f/∂x_1 =\n[[2*x_1, x_2],\n [x_2,   0]]\n∂f/∂x_2 =\n[[0,   x_1],\n [x_1, 2*x_2]]"),
    ("X*x", "X", 2, "∂f/∂X_11 =\n[x_1, 0]\n∂f/∂X_12 =\n[x_2, 0]\n∂f/∂X_21 =\n[0, x_1]\n∂f/∂X_22 =\n[0, x_2]"),
    ("tr(A^2)", "A A", 1, "∂²f/∂A∂A_11 =\n[[2]]"),
    ("x'*A*x", "x A", 1, "∂²f/∂x∂A_11 =\n[2*x_1]"),
    ("A*A", "A A", 1, "∂²f/∂A_11∂A_11 =\n[[2]]"),
]


@pytest.mark.parametrize(("f", "wrt", "size", "shown"), SHOWN, ids=[f"{f} {wrt}" for f, wrt, *_ in SHOWN])
def test_what_is_shown(f, wrt, size, shown):
    assert derivative(f, *wrt.split()).written_out(size).text == shown


def value(x: Any, sizes: dict[str, int], rng: np.random.Generator) -> Any:
    rows, columns = (d.value(sizes) for d in x.shape)
    V = rng.uniform(0.3, 1.3, (rows, columns))
    if "spd" in x.data.properties:
        V = V @ V.T + np.eye(rows)
    if "diagonal" in x.data.properties:
        V = V * np.eye(rows)
    return V


def squeezed(V: Any, x: Any) -> Any:
    kept = [n for n, d in zip(V.shape, x.shape, strict=True) if str(d) != "1"]
    return V.reshape(kept) if kept else float(V[0, 0])


CASES = [
    ("x'*A*x", "x"), ("norm2(X*x - y)^2", "x"), ("A*B*A", "A"), ("inv(A)", "A"), ("X*A*W", "A"), ("tr(A^3)", "A A"),
    ("exp(X*x)", "x"), ("kron(x, y)", "x"), ("softmax(A*x)", "x"), ("logsumexp(A*x)", "x x"), ("diag(x)*A", "x"),
    ("diag(A*B)", "A"), ("logdet(S)", "S S"), ("S*A*S", "S"), ("tr(D*A*D)", "D"), ("c*A", "c"), ("c*X", "c"),
    ("sum(A.^3)", "A"), ("x'*inv(A)*x", "A"), ("det(A)", "A"), ("vec(A)'*vec(B*A)", "A"), ("sum(vech(A*B))", "A"),
    ("r*A*x", "r"), ("r.*x'", "r"), ("norm2(A)", "A"), ("sum(sigmoid(A*x))", "x x"), ("adj(A)", "A"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "wrt"), CASES, ids=str)
@pytest.mark.parametrize("sizes", [{"m": 2, "n": 2}, {"m": 3, "n": 2}, {"m": 2, "n": 3}, {"m": 1, "n": 1}], ids=str)
def test_they_are_the_entries_of_the_compiled_derivative(f, wrt, sizes):
    D = derivative(f, *wrt.split())
    written = D.written_out(**{k: n for k, n in sizes.items() if k in names(D)})
    rng = np.random.default_rng(5)
    env = {name: value(x, sizes, rng) for name, x in D.function.variables.items()}
    given = {name: squeezed(env[name], x) for name, x in D.function.variables.items()}
    expected = np.asarray(D.at(**given, **{n: sizes[n] for n in D.compile().sizes}))
    found = written.numbers(env)
    assert found.reshape(expected.shape).shape == expected.shape and found.size == expected.size
    assert np.allclose(found.reshape(expected.shape), expected, rtol=1e-8, atol=1e-10)


def names(D: Derivative) -> set[str]:
    return set(names_of_dims([D.function.expr, *D.variables]))


@given(f=expressions(depth=2), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_entries_of_any_expression_are_its_entries(f, seed):
    scalars = Entries(SIZES)
    env = environment(f, seed)
    expected = evaluate(f, env, SIZES)
    assume(np.isfinite(expected).all() and np.abs(expected).max() < 1e6)
    try:
        grid = scalars.of(normal(f))
    except (TooLarge, DomainError):
        assume(False)
    known = {**env, **scalars.values(env, SIZES)}
    rows, columns = expected.shape
    found = [[evaluate(grid[i, j], known, SIZES)[0, 0] if (i, j) in grid else 0.0 for j in range(columns)]
             for i in range(rows)]  # fmt: skip
    assume(np.isfinite(found).all())
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-7 * max(1.0, float(np.abs(expected).max())))


def test_it_is_shown_in_the_layout():
    D = derivative("x'*A*x", "x")
    assert D.written_out().shape == (2,)
    assert D.in_layout("numerator").written_out().shape == (1, 2)
    assert D.in_layout("numerator").written_out().text.startswith("[[2*A_11*x_1")
    J = derivative("A*x", "x").in_layout("denominator")
    assert J.written_out().text == "[[A_11, A_21],\n [A_12, A_22]]"
    assert derivative("A*X'", "X").in_layout("tensor").written_out().shape == (2, 2, 2, 2)


def test_the_vech_form_is_written_out():
    D = derivative("logdet(S)", "S")
    assert D.vech().written_out().text == "[inv(S)_11, 2*inv(S)_12, inv(S)_22]"
    assert (
        derivative("S", "S").vech(rows="vec").written_out().text == "[[1, 0, 0],\n [0, 1, 0],\n [0, 1, 0],\n [0, 0, 1]]"
    )


def test_unicode_and_latex():
    written = derivative("x'*A*x", "x").written_out()
    assert written.unicode() == "⎡ 2A₁₁ x₁ + x₂ (A₁₂ + A₂₁) ⎤\n⎣ 2A₂₂ x₂ + x₁ (A₁₂ + A₂₁) ⎦"
    assert written.latex().startswith(r"\begin{bmatrix} 2 A_{11} x_{1} + x_{2} (A_{12} + A_{21}) \\")
    inverse = derivative("inv(A)", "A").written_out(1)
    assert inverse.unicode() == "∂f/∂A₁₁ = [ −(A⁻¹)₁₁² ]"
    assert r"\frac{\partial f}{\partial A_{11}} &= \begin{bmatrix} -\left(A^{-1}\right)_{11}^{2}" in inverse.latex()
    second = derivative("tr(A^2)", "A", "A").written_out(1)
    assert second.latex() == (r"\begin{aligned} \frac{\partial^2 f}{\partial A \, \partial A_{11}} &= "
                              r"\begin{bmatrix} 2 \end{bmatrix} \end{aligned}")  # fmt: skip


def test_long_indices_and_names_of_others():
    f = cf.parse("A*x + A_12*x", {"A": (12, 12), "x": (12,), "A_12": ()})
    written = cf.derivative(f, "x").written_out()
    assert written.entries[0][1] is not written.entries[1][0]
    assert str(written.entries[0][11]) == "A_1,12" and written.scalars.latex(written.entries[0][11]) == "A_{1,12}"
    g = cf.parse("A*x + A_12*x", {"A": (2, 2), "x": (2,), "A_12": ()})
    assert cf.derivative(g, "x").written_out().text == "[[A_11 + A_12, A_12_],\n [A_21,        A_12 + A_22]]"


def test_what_is_only_named_is_not_expanded():
    written = derivative("logdet(A + B)", "B").written_out(2)
    assert set(written.scalars.places) == {f"inv(A + B)_{i}{j}" for i in (1, 2) for j in (1, 2)}


def test_as_data():
    fields = derivative("x*x'", "x").written_out(n=2).as_dict()
    assert fields["shape"] == [2, 2, 2] and fields["sizes"] == {"n": 2}
    assert fields["entries"][0][1] == ("x_2", "x_1")
    assert repr(derivative("x'*x", "x").written_out()) == "<WrittenOut 2>"
    assert derivative("c^2", "c").written_out()._repr_latex_() == "$2 c$"


MISTAKES = [
    ("x'*A*x", "x", {"k": 2}, RequestError, "k is not a dimension"),
    ("x'*A*x", "x", {"n": 0}, RequestError, "positive integer"),
    ("x'*A*x", "x", {"n": True}, RequestError, "positive integer"),
    ("x'*A*x", "x", {"n": 2.5}, RequestError, "positive integer"),
    ("c^2", "c", {"n": 2}, RequestError, "all its dimensions are numbers"),
    ("A*B", "A", {"n": 5}, TooLarge, "625 entries; at most 400"),
    ("sum(exp(A*B*A*B*A))", "A", {"n": 8}, TooLarge, "too long"),
    ("c*tr(A*B)", "c", {"n": 100_000}, TooLarge, "too long"),
    ("c*tr(A*B*A)", "c", {"n": 120}, TooLarge, "too long"),
    ("c*tr(kron(A, A))", "c", {"n": 1000}, TooLarge, "too long"),
    ("c*norm1(kron(A, B) + kron(B, A))", "c", {"n": 30}, TooLarge, "too l"),
]


@pytest.mark.parametrize(("f", "wrt", "sizes", "kind", "told"), MISTAKES, ids=[f"{f} {s}" for f, _, s, *_ in MISTAKES])
def test_mistakes(f, wrt, sizes, kind, told):
    with pytest.raises(kind, match=told):
        derivative(f, wrt).written_out(**sizes)


def test_a_wrong_entry_is_never_shown(monkeypatch):
    monkeypatch.setattr(record, "nested", lambda cells, shape: tuple(reversed(cells)))
    with pytest.raises(VerificationError, match="differs from the derivative"):
        derivative("x'*A*x", "x").written_out()


def test_numbers_are_those_of_the_compiled_derivative():
    D = cf.derivative(cf.parse("x'*A*x"), "x")
    A, x = np.arange(4.0).reshape(2, 2), np.array([1.0, -1.0])
    assert np.array_equal(D.at(A=A, x=x), (A + A.T) @ x)
    assert np.array_equal(D.at(x, A), D.compile()(x, A))


def test_abstract_functions_are_written_out():
    f = cf.parse("sum(sigma(A*x))", {"A": ("m", "n"), "x": ("n",)}, functions={"sigma": "entrywise"})
    written = cf.derivative(f, "x").written_out(m=1, n=2)
    assert written.text == "[A_11*sigma'(A_11*x_1 + A_12*x_2), A_12*sigma'(A_11*x_1 + A_12*x_2)]"
    assert {s.data.name for e in written.flat() for s in symbols(e)} == {"A_11", "A_12", "x_1", "x_2"}
