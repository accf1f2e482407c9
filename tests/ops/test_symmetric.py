"""Duplication and elimination matrices, and vech: their values, identities, text, and mistakes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import OPS, PRINTERS, commutation, duplication, elimination, eye, number, symbol
from closedform.core.normal import normal
from closedform.core.shape import ONE, dim, triangle
from closedform.errors import ClosedFormError, DeclarationError, ShapeError, SyntaxProblem, TooLarge, UnknownName
from closedform.program.compile import compile
from closedform.verification.interpreter import evaluate
from tests.strategies import SIZES, environment, expressions, squeezed
from tests.values import assert_same_value

n, m = dim("n"), dim("m")
D, L, K = duplication(n), elimination(n), commutation(n, n)
vec, vech = OPS["vec"], OPS["vech"]
A, S = symbol("A", (n, n)), symbol("S", (n, n), ["symmetric"])
SIDES = pytest.mark.parametrize("side", [1, 2, 3, 4, 5])


def stacked(A: np.ndarray) -> np.ndarray:
    return np.array([A[i, j] for j in range(len(A)) for i in range(len(A))])


def lower(A: np.ndarray) -> np.ndarray:
    return np.array([A[i, j] for j in range(len(A)) for i in range(j, len(A))])


def by_loops(side: int) -> tuple[np.ndarray, np.ndarray]:
    """D and L, column by column from the symmetric unit matrices, row by row from the unit matrices."""
    free = [(i, j) for j in range(side) for i in range(j, side)]
    Dn, Ln = np.zeros((side * side, len(free))), np.zeros((len(free), side * side))
    for k, (i, j) in enumerate(free):
        E = np.zeros((side, side))
        E[i, j] = 1
        Ln[k] = stacked(E)
        E[j, i] = 1
        Dn[:, k] = stacked(E)
    return Dn, Ln


@SIDES
def test_they_are_what_loops_make(side):
    Dn, Ln = by_loops(side)
    assert np.array_equal(evaluate(D, {}, {"n": side}), Dn)
    assert np.array_equal(evaluate(L, {}, {"n": side}), Ln)
    for e, value in [(D, Dn), (L, Ln), (D.T, Dn.T), (L.T, Ln.T)]:
        assert np.array_equal(compile(e)(n=side), value)
    X = np.random.default_rng(side).standard_normal((side, side))
    assert np.array_equal(evaluate(vech(A), {"A": X}, {"n": side})[:, 0], lower(X))
    assert np.array_equal(compile(vech(A))(A=X), lower(X))


IDENTITIES = [  # Magnus and Neudecker, The elimination matrix, 1980, lemmas 3.1 to 3.6
    (L @ D, eye(triangle(n))),
    (K @ D, D),
    (L @ K @ D, eye(triangle(n))),
    (D @ L @ vec(S), vec(S)),
    (D @ vech(S), vec(S)),
    (L @ vec(A), vech(A)),
    (D @ L @ D, D),
    (L @ D @ L, L),
    (D @ L @ (eye(n * n) + K), eye(n * n) + K),
    (OPS["inv"](D.T @ D) @ D.T @ vec(A), vech(number(0.5) * (A + A.T))),
    (D.T @ vec(A), vech(A + A.T - A * eye(n))),
    (D @ OPS["inv"](D.T @ D) @ D.T, number(0.5) * (eye(n * n) + K)),
]


@SIDES
@pytest.mark.parametrize("which", range(len(IDENTITIES)))
def test_identities(which, side):
    X = np.random.default_rng(side).standard_normal((side, side))
    for left, right in [IDENTITIES[which], tuple(map(normal, IDENTITIES[which]))]:
        env = {"A": X, "S": X + X.T}
        assert np.allclose(evaluate(left, env, {"n": side}), evaluate(right, env, {"n": side}))


@pytest.mark.parametrize("which", range(8))
def test_the_normal_form_knows_them(which):
    left, right = IDENTITIES[which]
    assert normal(left) is normal(right)


def test_what_is_not_symmetric_is_not_duplicated():
    assert normal(D @ vech(A)).op.name == "matmul"
    assert normal(vech(A) + vech(A.T)).op.name == "add"


@given(X=expressions((n, n), depth=3), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_vech_of_anything_is_its_lower_triangle(X, seed):
    before = evaluate(X, environment(X, seed), SIZES)
    assert np.array_equal(evaluate(vech(X), environment(X, seed), SIZES)[:, 0], lower(before), equal_nan=True)
    assert_same_value(vech(X), normal(vech(X)), seed)


B, C, u, v = symbol("B", (n, n)), symbol("C", (n, n)), symbol("u", (triangle(n), ONE)), symbol("v", (n * n, ONE))
P, Q = symbol("P", (n * n, n * n)), symbol("Q", (triangle(n), triangle(n)))
MAPS = {  # matrices, by whether their rows and columns count all entries or the free ones
    ("all", "free"): [D, L.T],
    ("free", "all"): [L, D.T],
    ("all", "all"): [K, OPS["kron"](B, C), P, OPS["diag"](v), D @ D.T, eye(n * n)],
    ("free", "free"): [Q, OPS["diag"](u), D.T @ D, L @ L.T],
}


@st.composite
def products(draw):
    """Products of such matrices, perhaps between a row and a column."""
    places = draw(st.lists(st.sampled_from(["all", "free"]), min_size=2, max_size=5))
    factors = [draw(st.sampled_from(MAPS[pair])) for pair in pairwise(places)]
    if draw(st.booleans()):
        factors.append({"all": vec(B), "free": vech(C)}[places[-1]])
    if draw(st.booleans()):
        factors.insert(0, {"all": v, "free": u}[places[0]].T)
    return OPS["matmul"](*factors) if len(factors) > 1 else factors[0]


@given(e=products(), side=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_normal_form_and_code_keep_the_value_of_products(e, side, seed):
    rng, sizes = np.random.default_rng(seed), {"n": side}
    env = {x.data.name: rng.standard_normal([d.value(sizes) for d in x.shape]) for x in (B, C, u, v, P, Q)}
    expected = evaluate(e, env, sizes)
    scale = 1e-9 * max(1.0, float(np.abs(expected).max()))
    assert np.allclose(evaluate(normal(e), env, sizes), expected, atol=scale)
    for form in (e, normal(e)):
        run = compile(form)
        given = {a.name: squeezed(env[a.name], a.shape) for a in run.arguments}
        found = run(**given, **dict.fromkeys(run.sizes, side))
        assert np.allclose(found, squeezed(expected, e.shape), atol=scale), run.source


ROUND_TRIPS = [
    "vech(X)",
    "D(n)*v",
    "L(n)*vec(S)",
    "D(2*n)'*u",
    "eye(n*(n+1)/2) + L(n)*D(n)",
    "ones(n*(n+1)/2)'*vech(X)",
]


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_what_is_printed_reads_back(text):
    shapes = {"S": ("n", "n"), "v": (triangle(n),), "u": (dim(4) * n * n,), "X": ("n", "n")}
    f = cf.parse(text, shapes)
    assert normal(cf.parse(str(f.expr), shapes).expr) is normal(f.expr)


NOTATIONS = [
    (D, "D(n)", "Dₙ", "D_{n}"),
    (L.T, "L(n)'", "Lₙᵀ", r"L_{n}^{\top}"),
    (D.T @ vec(A), "D(n)'*vec(A)", "Dₙᵀ vec(A)", r"D_{n}^{\top} \operatorname{vec}(A)"),
    (vech(S), "vech(S)", "vech(S)", r"\operatorname{vech}(S)"),
    (duplication(dim(3)), "D(3)", "D₃", "D_{3}"),
    (eye(triangle(n)), "eye(n*(n+1)/2)", "I(n·(n+1)/2)", "I_{n (n + 1)/2}"),
]


@pytest.mark.parametrize(("e", "text", "unicode", "latex"), NOTATIONS)
def test_notations(e, text, unicode, latex):
    assert [PRINTERS[name](e) for name in ("text", "unicode", "latex")] == [text, unicode, latex]


def test_the_names_alone_are_variables():
    f = cf.parse("D(n)'*vec(D) - L(n)*vec(L)", {"D": ("n", "n"), "L": ("n", "n")})
    assert {"D", "L"} <= f.variables.keys()
    assert cf.parse("D*x").variables.keys() == {"D", "x"}


def test_sizes_are_inferred_through_vech():
    assert cf.parse("vech(X) + v").notes == ("X is n×n", "v is a column of n*(n+1)/2 entries")
    f = cf.parse("vech(X) + v", {"v": (6,)}, infer=True)
    assert f.variables["X"].shape == (dim(3), dim(3))
    g = cf.parse("vech(X) + vech(Y)", {"X": ("k", "k")}, infer=True)
    assert g.variables["Y"].shape == (dim("k"), dim("k"))
    assert cf.parse("v", {"v": ("n*(n+1)/2",)}).variables["v"].shape == (triangle(n), ONE)


MISTAKES = [  # text, shapes, kind, part of the message
    ("vech(X)", {"X": ("m", "n")}, ShapeError, "vech takes a square matrix"),
    ("vech(X) + v", {"X": ("n", "n"), "v": (7,)}, ShapeError, ""),
    ("vech(X) + v", {"X": (4, 4), "v": (7,)}, ShapeError, ""),
    ("X*vech(X)", None, ShapeError, ""),
    ("D(x)", {"D": ("n", "n"), "x": ("n",)}, SyntaxProblem, "write D*(x) for a product, D(n) for the duplication"),
    ("D(x)", {"x": ("n",)}, ShapeError, "x is a variable"),
    ("D(m,n)", None, UnknownName, "write D(n) for the duplication matrix"),
    ("L()", None, UnknownName, "write L(n) for the elimination matrix"),
    ("duplication(n)", None, UnknownName, "write D(n) for the duplication matrix"),
    ("elimination(n)", None, UnknownName, "write L(n) for the elimination matrix"),
    ("D(n+1)", None, ShapeError, "n+1 is not"),
    ("D(n/2)", None, ShapeError, "n/2 is not"),
    ("eye((2+1)/2)", None, ShapeError, "(2+1)/2 is not"),
    ("eye(n*(n+1))", None, ShapeError, "n*(n+1) is not"),
    ("eye(n*(n+2)/2)", None, ShapeError, "is not"),
    ("D(999999999)", None, ShapeError, "at most 1000000000"),
    ("vech(diag(vech(diag(vech(X)))))", None, TooLarge, "no deeper"),
    ("D(n*(n+1)/2)*vech(D(n))", None, ClosedFormError, ""),
]


@pytest.mark.parametrize(("text", "shapes", "kind", "told"), MISTAKES, ids=[t for t, *_ in MISTAKES])
def test_mistakes(text, shapes, kind, told):
    with pytest.raises(kind) as caught:
        cf.parse(text, shapes)
    assert told in str(caught.value)
    assert caught.value.span is not None


@pytest.mark.parametrize("name", ["D", "L", "K"])
def test_a_function_of_ones_own_has_another_name(name):
    with pytest.raises(DeclarationError, match="a meaning of its own"):
        cf.parse(f"{name}(x)", functions={name: ()})


def test_code_gathers_and_adds_and_multiplies_by_no_matrix():
    """At n = 700 the dense D(n) would hold 120 billion numbers."""
    S = np.random.default_rng(0).standard_normal((700, 700))
    S = S + S.T
    there = compile(vech(A))(A=S)
    assert np.array_equal(compile(D @ symbol("v", (triangle(n), ONE)))(v=there, n=700), S.ravel())
    assert np.allclose(compile(D.T @ vec(A))(A=S), lower(2 * S - np.diag(np.diag(S))))
    back = compile(L.T @ symbol("v", (triangle(n), ONE)))(v=there, n=700)
    assert np.array_equal(back.reshape(700, 700, order="F"), np.tril(S))


FREE = [(i, j) for j in range(3) for i in range(j, 3)]


def test_derivatives_go_through_vech():
    f = cf.parse("vech(A*X*A')", {"A": ("n", "n"), "X": ("n", "n")})
    J = cf.derivative(f, "X")
    assert str(J) == "L(n)*kron(A, A)"
    J.check()
    rng = np.random.default_rng(1)
    a, x = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    found = J.compile()(A=a, X=x)
    for k, (i, j) in enumerate(FREE):
        assert np.allclose(found[k], np.outer(a[i], a[j]))
    g = cf.derivative(cf.parse("norm2(vech(X))^2", {"X": ("n", "n")}), "X")
    g.check()
    assert np.allclose(g.compile()(X=x), 2 * np.tril(x))
    h = cf.derivative(cf.parse("norm2(D(n)*v - y)^2", {"v": (triangle(n),), "y": (n * n,)}), "v", "v")
    assert str(h) == "2*D(n)'*D(n)"
    h.check()
