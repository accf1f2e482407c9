"""Numba: the numbers of NumPy from loops, which are plain Python here but for the cases that say they are compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import symbols
from closedform.core.shape import ONE
from closedform.errors import DomainError, NotSupported, RequestError, ShapeError
from closedform.index.lowering import derivative_of, tensor_of
from closedform.program.compile import compile
from closedform.program.source import Output
from tests.corpus.outcome import computed, scope
from tests.strategies import SIZES as SMALL
from tests.strategies import M, N, environment, expressions, squeezed

numba = pytest.importorskip("numba")
SHAPES = {"x": ("n",), "y": ("m",), "w": ("n",), "A": ("n", "n"), "X": ("m", "n"), "W": ("k", "n"), "V": ("l", "k"),
          "a": ()}  # fmt: skip
SIZES = {"n": 5, "m": 70, "k": 3, "l": 2}


@pytest.fixture
def _interpreted() -> Iterator[None]:
    """The loops as Python runs them: the same code, without the second that compiling each takes."""
    numba.config.DISABLE_JIT = True
    yield
    numba.config.DISABLE_JIT = False


def asked(text: str, *by: str) -> tuple[cf.Answer, dict[str, np.ndarray]]:
    used = {x: SHAPES[x] for x in SHAPES if re.search(rf"\b{x}\b", text)}
    rng = np.random.default_rng(4)
    values = {x: rng.standard_normal([SIZES[d] for d in dims]) for x, dims in used.items()}
    return cf.derivative(cf.parse(text, shapes=used), *by), values


def assert_same(text: str, *by: str) -> str:
    D, values = asked(text, *by)
    run, plain = D.compile("numba"), D.compile()
    expected = plain(**{x: v for x, v in values.items() if x in plain.names})
    found = run(**{x: v for x, v in values.items() if x in run.names})
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * np.abs(expected).max(), err_msg=run.source)
    assert found.dtype == expected.dtype
    return str(run.source)


@pytest.mark.usefixtures("_interpreted")
@pytest.mark.parametrize("name", scope())
def test_a_derivative_of_the_corpus_has_the_numbers_of_numpy(name: str) -> None:
    D, given, known = computed(name)
    run = D.compile("numba")
    found = run(**given)
    assert np.shape(found) == np.shape(known), run.source
    assert np.allclose(found, known, rtol=1e-10, atol=1e-11 * max(1, np.abs(known).max())), run.source


KERNELS = {
    ("-x'*log(softmax(A*x))", "x", "x"): "softmax",
    ("x'*A*x", "x", "x"): "a matrix and its transpose, square by square",
    ("norm2(X'*y - w)^2", "X", "X"): "a tensor with a diagonal",
    ("softmax(x)", "x"): "diag(s) - s*s'",
    ("inv(A)", "A"): "a product of two matrices with four indices",
    ("norm2(V*tanh(W*x))^2", "W", "W"): "weights and a diagonal of four axes",
    ("sum(log(ones(m) + exp(-y.*(X*w))))", "w"): "rows: a gradient of logistic regression",
    ("(x'*A*x)/(x'*x)", "x", "x"): "several products of vectors",
    ("sum((X*w - y).^3)", "w"): "rows: a power",
    ("sum(tanh(X*w).*exp(X*x))", "w"): "rows: two products with one matrix",
}


@pytest.mark.parametrize("question", KERNELS)
def test_compiled_loops_have_the_numbers_of_numpy(question: tuple[str, ...]) -> None:
    assert "numba.njit(parallel=True" in assert_same(*question)


def test_a_matrix_is_read_once_for_products_with_its_rows() -> None:
    D, _ = asked("sum(log(ones(m) + exp(-y.*(X*w))))", "w")
    source = D.compile("numba").source
    assert "X @ w" in D.compile().source
    assert "@ w" not in source and source.count("for j in range(n)") == 2


@pytest.mark.usefixtures("_interpreted")
def test_columns_first_and_single_precision_are_taken() -> None:
    D, values = asked("sum(log(ones(m) + exp(-y.*(X*w))))", "w")
    expected = D.compile()(**values)
    turned = values | {"X": np.asfortranarray(values["X"])}
    np.testing.assert_allclose(D.compile("numba")(**turned), expected, rtol=1e-12)
    single = D.compile("numba", dtype="float32")(**values)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4)


@pytest.mark.usefixtures("_interpreted")
def test_many_points_come_one_by_one() -> None:
    D, values = asked("x'*A*x", "x")
    many = np.stack([values["x"], 2 * values["x"]])
    found = D.compile("numba", batch=["x"])(x=many, A=values["A"])
    np.testing.assert_allclose(found, many @ (values["A"] + values["A"].T), rtol=1e-12)


@pytest.mark.usefixtures("_interpreted")
def test_no_rows_give_zero() -> None:
    D, values = asked("sum(log(ones(m) + exp(-y.*(X*w))))", "w")
    found = D.compile("numba")(X=values["X"][:0], y=values["y"][:0], w=values["w"])
    np.testing.assert_array_equal(found, np.zeros(5))


def test_names_of_the_user_do_not_collide() -> None:
    f = cf.parse("kernel0'*numba*kernel0", shapes={"kernel0": ("n",), "numba": ("n", "n")})
    run = cf.derivative(f, "kernel0", "kernel0").compile("numba")
    np.testing.assert_allclose(run(numba=[[1.0, 2], [3, 4]], kernel0=[0.0, 1]), [[2, 5], [5, 8]])


def test_wrong_shapes_and_precisions_are_named() -> None:
    D, values = asked("x'*A*x", "x")
    with pytest.raises(ShapeError):
        D.compile("numba")(x=values["x"], A=values["A"][:2])
    with pytest.raises(RequestError, match="numba has no extended precision"):
        D.compile("numba", dtype="longdouble")


def test_a_sparse_matrix_in_a_loop_is_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    D, values = asked("sum(log(ones(m) + exp(-y.*(X*w))))", "w")
    with pytest.raises(NotSupported, match="sparse"):
        D.compile("numba")(**(values | {"X": sparse.csr_array(values["X"])}))


@pytest.mark.usefixtures("_interpreted")
@pytest.mark.parametrize(
    "text",
    [
        "softmax(x)*sum(x.^2)",
        "x.*x*sum(x) - softmax(x)*sum(x)",
        "A*softmax(x) + 3*x",
        "2*softmax(x).*x - softmax(x)",
        "tanh(x) - (sum(x)*x)/2",
    ],
)
def test_a_kernel_within_a_sum_is_one_operand(text: str) -> None:
    assert_same(text, "x")


@pytest.mark.usefixtures("_interpreted")
@given(data=st.data(), shape=st.sampled_from([(M, N), (N, N), (N, ONE), (ONE, ONE)]), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_random_expressions_and_their_derivatives_have_the_numbers_of_numpy(
    data: st.DataObject, shape: tuple, seed: int
) -> None:
    e = data.draw(expressions(shape, depth=3))
    found = symbols(e)
    assume(found)
    outputs: list[Output] = [e]
    with suppress(NotSupported):
        outputs.append(derivative_of(tensor_of(e), data.draw(st.sampled_from(found))))
    env = environment(e, seed)
    for output in outputs:
        plain, run = compile(output), compile(output, backend="numba")
        given_ = {s.data.name: squeezed(env[s.data.name], s.shape) for s in found} | SMALL
        try:
            known = plain(**{x: v for x, v in given_.items() if x in plain.names})
        except DomainError:
            assume(False)
        assume(np.isfinite(known).all())
        value = run(**{x: v for x, v in given_.items() if x in run.names})
        np.testing.assert_allclose(value, known, rtol=1e-7, atol=1e-9 * max(1, np.abs(known).max()), err_msg=run.source)
