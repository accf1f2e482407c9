"""A compressed derivative is the compiled one: its entries, products, diagonal and solutions; in much less memory."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import Expr, symbols
from closedform.core.function import Function
from closedform.core.shape import ONE
from closedform.errors import DomainError, NotSupported, RequestError, ShapeError, TooLarge
from closedform.lang.messages import told
from closedform.program import solving
from closedform.program.compressed import Compressed, Part
from tests.corpus.cases import cases
from tests.corpus.make_references import references
from tests.corpus.outcome import _argument, outcome, parsed, scope
from tests.strategies import SIZES, M, N, environment, expressions, squeezed

SHAPES: dict[str, tuple[str, ...]] = {
    "A": ("m", "m"), "B": ("n", "n"), "C": ("n", "n"), "E": ("m", "m"), "X": ("m", "n"), "Y": ("n", "n"), "w": ("n",),
    "M": ("m", "n"), "T": ("m", "n"), "U": ("m", "k"), "V": ("n", "k"), "W": ("p", "n"), "a": (), "y": ("q",),
    "P": ("q", "p"), "D": ("k", "n"),
}  # fmt: skip
AT = {"m": 7, "n": 6, "k": 3, "p": 5, "q": 4}


def derivative(text: str, *wrt: str) -> cf.answer.Derivative:
    shapes = {name: SHAPES[name] for name in SHAPES if re.search(rf"\b{name}\b", text)}
    return cf.derivative(cf.parse(text, shapes=shapes), *wrt)


def arrays_of(D: cf.answer.Derivative, sizes: dict[str, int], seed: int = 0) -> dict[str, np.ndarray]:
    """Random values; square matrices well away from singular ones, and symmetric positive definite."""
    rng, found = np.random.default_rng(seed), {}
    for a in D.compile().arguments:
        shape = tuple(d.value(sizes) for d in a.dims)
        made = rng.normal(size=shape)
        square = len(shape) == 2 and shape[0] == shape[1]
        found[a.name] = made @ made.T / len(made) + np.eye(len(made)) if square else made if shape else np.float64(1.5)
    return found


def both(D: cf.answer.Derivative, arrays: dict[str, Any]) -> tuple[Compressed, np.ndarray]:
    H = D.compile(compressed=True)(**arrays)
    return H, np.asarray(D.compile()(**arrays)).reshape(H.sizes)


def assert_same(H: Compressed, dense: np.ndarray) -> None:
    """As an array, as a map, transposed, on the diagonal, and for SciPy."""
    scale = max(1.0, float(np.abs(dense).max(initial=0)))
    near = {"rtol": 1e-8, "atol": 1e-9 * scale}
    rows, columns = (int(np.prod(axes)) for axes in H.shape)
    J, rng = dense.reshape(rows, columns), np.random.default_rng(1)
    u, v, several = rng.normal(size=rows), rng.normal(size=columns), rng.normal(size=(columns, 3))
    assert np.allclose(H.dense(), dense, **near)
    assert H.matvec(v).shape == H.shape[0] and H.rmatvec(u).shape == H.shape[1]
    assert np.allclose((H @ v.reshape(H.shape[1])).ravel(), J @ v, **near)
    assert np.allclose(H.rmatvec(u).ravel(), J.T @ u, **near)
    assert np.allclose(H.T.dense().reshape(columns, rows), J.T, **near)
    operator = H.aslinearoperator()
    assert operator.shape == J.shape
    assert np.allclose(operator @ several, J @ several, **near) and np.allclose(operator.T @ u, J.T @ u, **near)
    assert np.allclose(operator.matvec(v), J @ v, **near)
    if H.shape[0] == H.shape[1]:
        assert np.allclose(H.diagonal().ravel(), np.diag(J), **near)
    assert H.nbytes <= dense.nbytes or H.nbytes <= 8 * 64


MANY = [name for name in scope() if references()[name][0][3].ndim > 2]


@pytest.mark.parametrize("name", MANY)
def test_every_array_of_the_corpus_is_what_its_compressed_form_says(name):
    case = cases()[name]
    if outcome(name).refused:
        pytest.skip("refused by name")
    D = cf.derivative(parsed(case, case["expr"]), *case["wrt"])
    for _, env, _, slope in references()[name]:
        H = D.compile(compressed=True)(**{k: _argument(case, k, v) for k, v in env.items()})
        rows, columns = (int(np.prod(axes)) for axes in H.shape)
        direction = np.random.default_rng(0).normal(size=columns)
        scale = max(1.0, float(np.abs(slope).max(initial=0)))
        assert np.allclose(H.dense(), slope.reshape(H.sizes), rtol=1e-7, atol=1e-8 * scale)
        product = slope.reshape(rows, columns) @ direction
        assert np.allclose((H @ direction).ravel(), product, rtol=1e-7, atol=1e-8 * scale * columns)


FORMS = [
    ("norm2(T - U*V')^2", ["U", "U"], 3 * 3),
    ("sum((M .* (T - U*V')).^2)", ["U", "U"], 7 * 3 * 3),
    ("inv(Y)", ["Y"], 2 * 36),
    ("logdet(Y)", ["Y", "Y"], 2 * 36),
    ("A*X*B", ["X"], 49 + 36),
    ("X'", ["X"], 1),
    ("w*w'", ["w"], 2 * 6),
    ("sum(softplus(X*w))", ["X", "X"], 7 + 6 + 6),
    ("norm2(y - P*tanh(W*w))^2", ["W", "W"], 25 + 6 + 6),
    ("sum(relu(W*w).^2)", ["W", "W"], 5 + 6 + 6),
    ("logsumexp(W*w)", ["W", "W"], 5 + 6 + 6 + 5 + 5 + 6 + 6),
    ("tr(X'*A*X) + tr(X*B*X')", ["X", "X"], 49 + 36),
    ("norm2(X)", ["X", "X"], 1 + 42 + 42),
    ("kron(U, X)", ["X"], 7 * 3),
    ("logsumexp(w)", ["w", "w"], 6 + 6 + 6),
    ("w'*B*w", ["w", "w"], 36),
    ("w'*B*w", ["w"], 6),
    ("X*Y*X'", ["X"], None),
    ("sum(w.^3)", ["w", "w", "w"], 1),
    ("w", ["w"], 1),
    ("a*w'*w", ["a", "w"], 6),
    ("a^3", ["a", "a"], 1),
]


@pytest.mark.parametrize(("text", "wrt", "count"), FORMS)
def test_a_form_has_the_values_of_the_array_in_as_many_numbers_as_it_says(text, wrt, count):
    D = derivative(text, *wrt)
    H, dense = both(D, arrays_of(D, AT))
    assert_same(H, dense)
    named = {n: AT[n] for d in D.compressed.axes for n in d.names}
    assert D.compressed.numbers(named) == sum(a.size for p in H.parts for a in p.arrays)
    assert count is None or D.compressed.numbers(named) == count


@given(data=st.data(), shape=st.sampled_from([(M, N), (N, N), (N, ONE), (ONE, ONE)]), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_random_derivatives_are_what_their_compressed_forms_say(data: st.DataObject, shape: tuple, seed: int) -> None:
    e = data.draw(expressions(shape, depth=3))
    assume(symbols(e))
    x = data.draw(st.sampled_from(symbols(e)))
    try:
        D = cf.derivative(Function(e, {s.data.name: s for s in symbols(e)}), *([x, x] if e.is_scalar else [x]))
        run, compressed = D.compile(), D.compile(compressed=True)
    except (NotSupported, TooLarge):
        assume(False)
    env: dict[str, np.ndarray] = {}
    for s in symbols(e):
        env.update(environment(s, seed))
    arrays = {s.data.name: squeezed(env[s.data.name], s.shape) for s in symbols(e)}
    sizes = {n: SIZES[n] for n in run.sizes}
    try:
        dense = np.asarray(run(**arrays, **sizes))
        found = compressed(**arrays, **{n: SIZES[n] for n in compressed.run.sizes})
    except DomainError:
        assume(False)
    assume(np.isfinite(dense).all() and np.abs(dense).max(initial=0) < 1e6)
    assert isinstance(e, Expr)
    difference = np.abs(found.dense() - dense.reshape(found.sizes)).max(initial=0)
    assert difference <= 1e-6 * max(1.0, np.abs(dense).max(initial=0)), D.text


def test_products_that_differ_in_one_factor_are_one_product():
    D = derivative("norm2(y - P*tanh(W*w))^2", "W", "W")
    H, _ = both(D, arrays_of(D, AT))
    (part,) = H.parts
    assert sorted(part.words) == ["ik", "j", "l"]


def test_memory_is_that_of_the_factors():
    D = derivative("sum((M .* (T - U*V')).^2)", "U", "U")
    rng = np.random.default_rng(0)
    T, U, V = rng.normal(size=(2000, 30)), rng.normal(size=(2000, 5)), rng.normal(size=(30, 5))
    H = D.compile(compressed=True)(M=np.ones_like(T), T=T, U=U, V=V)
    assert H.nbytes == 8 * 2000 * 25
    assert repr(H) == "<derivative of 2000×5 by 2000×5 in 1 parts: 400.0 kB for 800.0 MB>"


def test_a_description_counts():
    form = derivative("norm2(T - U*V')^2", "U", "U").compressed
    assert form.describe(m=400, k=10) == "J_ijkl = 2*delta_ik*V_mj*V_ml: 100 numbers instead of 16,000,000"
    with pytest.raises(RequestError, match="the size k is missing"):
        form.describe(m=400)


def test_a_derivative_of_zero_has_no_part():
    D = derivative("sum(W*w)", "W", "W")
    H, dense = both(D, arrays_of(D, AT))
    assert H.parts == () and H.nbytes == 0
    assert_same(H, dense)
    with pytest.raises(DomainError, match="positive definite"):
        H.solve(np.ones(H.shape[0]))


def test_free_entries_have_a_form_too():
    f = cf.parse("logdet(S)", shapes={"S": ("n", "n")}, properties={"S": ["spd"]})
    D = cf.derivative(f, "S").vech()
    assert np.allclose(D.compile(compressed=True)(S=np.eye(3)).dense(), D.compile()(S=np.eye(3)))


def test_a_size_that_is_a_product_is_taken_from_the_array():
    D = cf.derivative(cf.parse("sum(x.^3)", shapes={"x": ("n*(n+1)/2",)}), "x", "x")
    H = D.compile(compressed=True)(x=np.arange(1.0, 7.0))
    assert np.array_equal(H.dense(), np.diag(6 * np.arange(1.0, 7.0)))
    twice = cf.derivative(cf.parse("kron(x, x)", shapes={"x": ("n*(n+1)/2",)}), "x")
    H = twice.compile(compressed=True)(x=np.ones(6), n=3)
    assert np.array_equal(H.dense().reshape(36, 6), twice.compile()(x=np.ones(6), n=3))


def test_a_size_that_no_variable_shows_is_given():
    D = cf.derivative(cf.parse("ones(k)*w'", shapes={"w": ("n",)}), "w")
    assert_same(*both(D, {"w": np.ones(3), "k": 4}))


def test_numbers_have_a_form_that_solves():
    H = derivative("a^3", "a", "a").compile(compressed=True)(a=2.0)
    assert H.shape == ((), ()) and float(H @ 2.0) == 24.0 and float(H.solve(6.0)) == 0.5 and float(H.diagonal()) == 12.0


# solving

SOLVED = [
    ("norm2(T - U*V')^2", ["U", "U"]),  # one block for all rows
    ("sum((M .* (T - U*V')).^2)", ["U", "U"]),  # a block for each row
    ("sum((M .* (T - U*V')).^2) + a^2*norm2(U)^2", ["U", "U"]),  # blocks and the identity
    ("inv(Y)", ["Y"]),  # a Kronecker product
    ("logdet(Y)", ["Y", "Y"]),  # one with its axes crossed
    ("A*X*B", ["X"]),
    ("Y'", ["Y"]),  # a permutation
    ("X'", ["X"]),
    ("exp(B*X')", ["X"]),  # blocks with their axes crossed
    ("A*X + X*B", ["X"]),  # Sylvester
    ("Y*B*Y", ["Y"]),
    ("tr(X'*(A + A')*X*(B + B')) + a^2*norm2(X)^2", ["X", "X"]),  # Kronecker and the identity
    ("tr(X'*A*X) + tr(X*B*X')", ["X", "X"]),
    ("logsumexp(w) + norm2(w)^2", ["w", "w"]),  # a diagonal and a vector
    ("norm2(X)^4 + norm2(X)^2", ["X", "X"]),  # the identity and an array
    ("logsumexp(w) + logsumexp(2*w) + norm2(w)^2", ["w", "w"]),  # two vectors
    ("sum(exp(w))", ["w", "w"]),  # a diagonal
    ("B*w", ["w"]),  # a matrix
    ("sum(exp(X*C)) + norm2(X)^2", ["X", "X"]),
    ("tr(A*X*B*X') + tr(X*C*X') + tr(X'*E*X)", ["X", "X"]),  # conjugate gradients
    ("logsumexp(W*w) + norm2(W)^2", ["W", "W"]),
]


@pytest.mark.parametrize(("text", "wrt"), SOLVED)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_solution_multiplies_back(text, wrt, seed):
    D = derivative(text, *wrt)
    H, dense = both(D, arrays_of(D, AT, seed))
    n = int(np.prod(H.shape[0]))
    b = np.random.default_rng(seed).normal(size=H.shape[0])
    X = H.solve(b)
    assert X.shape == H.shape[1]
    assert np.linalg.norm(H @ X - b) <= 1e-8 * np.linalg.norm(b)
    assert np.allclose(X.ravel(), np.linalg.solve(dense.reshape(n, n), b.ravel()), rtol=1e-5, atol=1e-7)
    assert np.allclose(H.solve(b.ravel()), X)


@given(
    seed=st.integers(0, 999),
    view=st.sampled_from(["ijij", "ijil", "ijkj", "ijkl", "ijji"]),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
@settings(max_examples=80, deadline=None)
def test_random_parts_are_solved_or_refused(seed, view, sizes):
    """A random matrix on each diagonal, and a random part added."""
    rng = np.random.default_rng(seed)
    m, n = sizes if view != "ijji" else (sizes[0], sizes[0])
    dims = dict(zip("ijkl", (m, n, m, n), strict=True))
    words = {"ijij": ("ij",), "ijil": ("ijl",), "ijkj": ("ijk",), "ijkl": ("ik", "jl"), "ijji": ("ij",)}[view]
    first = Part(view, words, tuple(rng.normal(size=[dims[c] for c in w]) for w in words))
    u, v = rng.normal(size=(m, n)), rng.normal(size=(m, n))
    H = Compressed([first, Part("ijkl", ("ij", "kl"), (u, v))], (m, n, m, n), 2, False)
    dense, b = H.dense().reshape(m * n, m * n), rng.normal(size=(m, n))
    assume(np.linalg.cond(dense) < 1e5 and np.linalg.cond(H.dense().reshape(m * n, -1) - np.outer(u, v)) < 1e5)
    assert np.allclose(H.solve(b).ravel(), np.linalg.solve(dense, b.ravel()), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "wrt", "error", "message"),
    [
        ("Y*Y*Y", ["Y"], NotSupported, "no form that is solved directly"),
        ("A*X", ["X"], None, ""),
        ("X*w", ["X"], ShapeError, "not square"),
        ("logsumexp(w)", ["w", "w"], DomainError, "(?i)singular"),
        ("sum(softplus(X*w))", ["X", "X"], DomainError, "(?i)singular"),
        ("tr(A*X*B*X') - tr(X*C*X')*a - 9*tr(X'*E*X)", ["X", "X"], DomainError, "positive definite"),
    ],
)
def test_what_has_no_solution_is_refused_by_name(text, wrt, error, message):
    D = derivative(text, *wrt)
    H, _ = both(D, arrays_of(D, AT))
    b = np.ones(H.shape[0])
    if error is None:
        assert np.allclose(H @ H.solve(b), b)
        return
    with pytest.raises(error, match=message) as refusal:
        H.solve(b)
    assert told(refusal.value, "ko") != str(refusal.value)


def test_one_block_that_is_nearly_singular_is_noticed():
    blocks = np.random.default_rng(0).normal(size=(50, 3, 3))
    H = Compressed([Part("ijil", ("ijl",), (blocks,))], (50, 3, 50, 3), 2, False)
    b = np.random.default_rng(1).normal(size=(50, 3))
    assert np.allclose(H @ H.solve(b), b)
    blocks[7] = 1 + 1e-15 * blocks[7]
    with pytest.raises(DomainError, match=r"(?i)singular"):
        H.solve(b)


def test_a_solution_changes_nothing_that_is_held():
    blocks, b = np.random.default_rng(0).normal(size=(4, 3, 3)), np.ones((4, 3))
    H = Compressed([Part("ijil", ("ijl",), (blocks,))], (4, 3, 4, 3), 2, False)
    kept, X = blocks.copy(), H.solve(b)
    X[...] = 0
    assert (blocks == kept).all() and (b == 1).all()
    assert np.allclose(H @ H.solve(b), b)


def test_one_function_takes_arrays_of_many_sizes_and_refuses_what_does_not_fit():
    H = derivative("sum((M .* (T - U*V')).^2)", "U", "U").compile(compressed=True)
    for m, n, k in [(2, 3, 4), (5, 3, 2), (2, 3, 4)]:
        arrays = {"M": np.ones((m, n)), "T": np.ones((m, n)), "U": np.ones((m, k)), "V": np.ones((n, k))}
        assert H(**arrays).sizes == (m, k, m, k)
        with pytest.raises(ShapeError, match=r"V is"):
            H(**{**arrays, "V": np.ones((n + 1, k))})


def test_conjugate_gradients_say_when_they_do_not_get_there(monkeypatch):
    monkeypatch.setattr(solving, "MOST_STEPS", 0)
    D = derivative("tr(A*X*B*X') + tr(X*C*X') + tr(X'*E*X)", "X", "X")
    H, _ = both(D, arrays_of(D, AT))
    with pytest.raises(DomainError, match="relative residual of 1e-12"):
        H.solve(np.ones(H.shape[0]), tol=1e-12)


@pytest.mark.parametrize(
    ("direction", "error", "message"),
    [
        (np.ones(5), ShapeError, "a direction here is 7×6, or flat; the given one is 5"),
        (3.0, ShapeError, "the given one is a number"),
        ("left", RequestError, "a direction is an array of real numbers"),
    ],
)
def test_a_direction_that_does_not_fit_is_refused(direction, error, message):
    D = derivative("A*X*B", "X")
    H, _ = both(D, arrays_of(D, AT))
    with pytest.raises(error, match=message):
        H @ direction


def test_a_compressed_function_takes_what_the_compiled_one_takes():
    D = derivative("A*X*B", "X")
    run = D.compile(compressed=True)
    assert repr(run) == "<compressed derivative as a function of A, B, X>"
    with pytest.raises(ShapeError, match="X is m×n"):
        run(A=np.eye(3), X=np.ones((2, 2)), B=np.eye(2))
    with pytest.raises(RequestError, match="missing argument B"):
        run(A=np.eye(3), X=np.ones((3, 2)))
    with pytest.raises(RequestError, match="a compressed derivative comes alone"):
        D.compile("jax", compressed=True)
