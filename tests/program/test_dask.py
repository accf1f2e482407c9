"""Dask arrays: the numbers of NumPy from arrays in chunks, lazily; what there is no code for is refused by name."""

from __future__ import annotations

import re

import numpy as np
import pytest

import closedform as cf
from closedform.core.normal import normal
from closedform.errors import NotSupported, RequestError, ShapeError
from closedform.program.compile import compile
from closedform.program.languages.dask import ABSENT
from tests.corpus.outcome import computed, scope
from tests.program.test_backends import LOGISTIC, STEADY

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


@pytest.fixture(autouse=True)
def _no_threads():
    with dask.config.set(scheduler="synchronous"):
        yield


def chunked(v: np.ndarray) -> object:
    """An array in chunks of two."""
    v = np.asarray(v, dtype=float)
    return da.from_array(v, chunks=2) if v.ndim else v


@pytest.mark.parametrize("name", scope())
def test_a_derivative_of_the_corpus_has_the_numbers_of_numpy(name: str) -> None:
    D, given, known = computed(name)
    try:
        run = D.compile("dask")
    except NotSupported as refusal:
        assert any(f in str(refusal) for f in ABSENT), refusal
        return
    lazy = run(**{k: v if k in run.sizes else chunked(v) for k, v in given.items()})
    assert isinstance(lazy, da.Array) or not any(a.dims for a in run.arguments)
    found = np.asarray(lazy)
    assert found.shape == np.shape(known) == np.shape(lazy), run.source
    assert np.allclose(found, known, rtol=1e-8, atol=1e-9 * max(1, np.abs(known).max())), run.source


@pytest.mark.parametrize("text", STEADY)
def test_stable_code_is_stable_in_chunks(text: str) -> None:
    shapes = {"x": ("n",), "y": ("n",), "a": (), "A": ("n", "n")}
    f = cf.parse(text, shapes={name: shape for name, shape in shapes.items() if name in re.findall(r"\w+", text)})
    e, rng = normal(f.expr), np.random.default_rng(0)
    env = {name: rng.uniform(0.2, 2, [3] * len(shapes[name])) for name in f.variables}
    if "expm" in text:
        with pytest.raises(NotSupported, match="Dask has no expm"):
            compile(e, backend="dask")
        return
    for size in (1.0, 300.0):
        given = {k: size * v for k, v in env.items()}
        found = compile(e, backend="dask")(**{k: chunked(v) for k, v in given.items()})
        with np.errstate(all="ignore"):
            assert np.allclose(np.asarray(found), compile(e)(**given), rtol=1e-10)


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    blocks = []

    def block(block_info=None):
        blocks.append(block_info)
        return np.ones((100, 3))

    X = da.map_blocks(block, chunks=((100,) * 5, (3,)), dtype=float, meta=np.empty((0, 0)))
    H = cf.derivative(cf.parse(LOGISTIC), "w", "w").compile("dask")(X=X, y=np.ones(500), w=np.zeros(3))
    assert isinstance(H, da.Array) and H.shape == (3, 3) and not blocks
    assert np.allclose(H.compute(), 500 / 4)
    assert len(blocks) >= 5


def test_a_matrix_larger_than_the_bound_on_memory_is_multiplied_chunk_by_chunk() -> None:
    import tracemalloc

    rows, columns, at_a_time = 200_000, 40, 2_000
    X = da.random.default_rng(0).standard_normal((rows, columns), chunks=(at_a_time, columns))
    d = da.ones(rows, chunks=at_a_time)
    f = cf.parse("w'*X'*diag(d)*X*w", shapes={"X": ("m", "n"), "d": ("m",), "w": ("n",)})
    H = cf.derivative(f, "w", "w").compile("dask")(X=X, d=d, w=np.zeros(columns))
    tracemalloc.start()
    found = H.compute()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * rows * columns / 5
    assert np.allclose(found, 2 * (X.T @ X).compute())


def test_a_newton_step_is_one_program_of_chunks_and_one_factorisation() -> None:
    f = cf.parse("norm2(X*w - y)^2 + w'*w")
    run = cf.compile(cf.gradient(f, "w"), cf.hessian(f, "w"), backend="dask")
    rng = np.random.default_rng(0)
    X, y, w = rng.standard_normal((50, 3)), rng.standard_normal(50), np.zeros(3)
    g, H = run(X=chunked(X), y=chunked(y), w=w)
    assert np.allclose(np.linalg.solve(H.compute(), g.compute()), -np.linalg.solve(X.T @ X + np.eye(3), X.T @ y))


def test_single_precision_stays_single() -> None:
    run = cf.derivative(cf.parse(LOGISTIC), "w").compile("dask", dtype="float32")
    assert run(X=np.ones((4, 2)), y=np.ones(4), w=np.zeros(2)).compute().dtype == np.float32


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda D: D.compile("dask", batch=["x"]), RequestError, "dask takes one point at a time"),
        (lambda D: D.compile("dask", limit=100), RequestError, "there is no limit to give"),
        (lambda D: D.compile("dask", dtype="longdouble"), RequestError, "dask has no extended precision"),
        (lambda D: D.compile("dask")(A=np.eye(2), x=np.ones(3)), ShapeError, "the given value is"),
        (lambda D: D.compile("dask")(A="a", x=np.ones(3)), RequestError, "A is not an array of real numbers"),
        (lambda D: D.compile("dask")(A=np.eye(2), x=np.ones(2), out=np.empty(2)), RequestError, "out takes"),
    ],
)
def test_what_cannot_be_had_is_named(ask, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask(cf.derivative(cf.parse("x'*A*x"), "x"))


@pytest.mark.parametrize("text", ["expm(A)", "kron(A, A)", "pinv(A)"])
def test_what_dask_does_not_have_is_refused_by_name(text: str) -> None:
    with pytest.raises(NotSupported, match=f"Dask has no {text.partition('(')[0]}"):
        compile(normal(cf.parse(text).expr), backend="dask")
