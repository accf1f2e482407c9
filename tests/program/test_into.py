"""Results are written into arrays of the caller: the same numbers, in that array, or an error that names why not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import closedform as cf
from closedform.errors import DomainError, NotSupported, RequestError, ShapeError
from closedform.program.compile import program
from closedform.program.languages.into import FUNCTIONS, INTO
from tests.corpus.cases import cases
from tests.corpus.make_references import references
from tests.corpus.outcome import parsed, scope

LOGISTIC = "sum(log(ones(m) + exp(-y.*(X*w))))"


@pytest.mark.parametrize("name", scope())
def test_every_derivative_of_the_corpus_is_the_same_in_a_given_array(name: str) -> None:
    case = cases()[name]
    try:
        run = cf.derivative(parsed(case, case["expr"]), *case["wrt"]).compile()
    except NotSupported:
        return
    sizes, env, _, _ = references()[name][0]
    given = {k: v for k, v in {**env, **sizes}.items() if k in run.names}
    expected = run(**given)
    if not np.ndim(expected):
        with pytest.raises(RequestError, match="out takes one result that is an array"):
            run(**given, out=np.empty(()))
        return
    for out in (np.full(np.shape(expected), np.nan), np.full(np.shape(expected)[::-1], np.nan).T):
        assert run(**given, out=out) is out
        assert np.allclose(out, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max(initial=1), equal_nan=True)


def lines(text: str, *by: str) -> list[str]:
    D = cf.derivative(cf.parse(text), *by)
    source = INTO.write(program(D.output, D.arguments, INTO), "f")
    return [line.strip() for line in source.split('"""')[-1].strip().splitlines() if "asarray" not in line]


def test_the_last_instructions_say_where() -> None:
    assert lines("(x'*x)^2", "x", "x") == [
        "np.outer(8 * x, x, out=out)",
        "plus_diagonal(out, 4 * norm(x)**2)",
        "return out",
    ]
    assert lines(LOGISTIC, "w") == [
        "np.matmul(X.T, y * sigmoid(-(X @ w * y)), out=out)",
        "np.negative(out, out=out)",
        "return out",
    ]


def test_nothing_as_large_as_the_result_is_made() -> None:
    import tracemalloc

    run = cf.derivative(cf.parse(LOGISTIC), "w", "w").compile()
    rng = np.random.default_rng(0)
    given = {"X": rng.standard_normal((8, 500)), "y": np.ones(8), "w": rng.standard_normal(500)}
    out = np.empty((500, 500))
    run(**given, out=out)
    tracemalloc.start()
    run(**given, out=out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < out.nbytes / 4


def test_functions_that_write_somewhere_have_that_parameter() -> None:
    from closedform.program.languages.numpy import HELPER_SOURCES

    for name in FUNCTIONS.values():
        assert name.startswith(("np.", "scipy.special.")) or "out=None" in HELPER_SOURCES[name]


def test_a_variable_named_out_is_the_variable() -> None:
    run = cf.derivative(cf.parse("out'*out"), "out").compile()
    assert np.allclose(run(out=[1.0, 2.0]), [2, 4])


def test_none_is_no_array() -> None:
    assert np.allclose(gradient()(A=np.eye(2), x=[1.0, 2.0], out=None), [2, 4])


def gradient(**how: Any) -> Any:
    return cf.derivative(cf.parse("x'*A*x"), "x").compile(**how)


POINT = {"A": np.eye(3), "x": np.ones(3)}
LOCKED = np.empty(3)
LOCKED.flags.writeable = False


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ([0.0, 0.0, 0.0], RequestError, "out is not a NumPy array"),
        (np.empty(2), ShapeError, "out is 3; the given value is 2"),
        (np.empty((3, 3)), ShapeError, "out is 3; the given value is 3×3"),
        (np.empty(3, dtype="float32"), RequestError, "out holds float32; the result is float64"),
        (LOCKED, RequestError, "out is read-only"),
        (POINT["x"], RequestError, "out shares memory with x"),
        (POINT["A"][:, 1], RequestError, "out shares memory with A"),
    ],
)
def test_an_array_that_cannot_be_written_to_is_refused(out: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        gradient()(**POINT, out=out)


@pytest.mark.parametrize(
    "run",
    [
        gradient(backend="jax"),
        gradient(backend="torch"),
        gradient(batch=["x"]),
        gradient(value_and_grad=True),
    ],
)
def test_out_is_for_one_array_of_numpy(run: Any) -> None:
    with pytest.raises(RequestError, match="out takes one result that is an array"):
        run(**POINT, out=np.empty(3))


def test_sparse_arguments_have_no_place_to_write_to() -> None:
    with pytest.raises(RequestError, match="out cannot be given where A is sparse"):
        gradient()(A=scipy.sparse.eye_array(3).tocsr(), x=np.ones(3), out=np.empty(3))


def test_single_precision_is_written_in_single_precision() -> None:
    out = np.empty(3, dtype="float32")
    assert np.allclose(gradient(dtype="float32")(**POINT, out=out), 2)


def test_a_singular_matrix_is_outside_the_domain() -> None:
    run = cf.derivative(cf.parse("logdet(X)"), "X").compile()
    with pytest.raises(DomainError, match="no value at this point"):
        run(X=np.zeros((2, 2)), out=np.empty((2, 2)))
