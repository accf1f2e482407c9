"""No large part is rounded: of roots of products, of differences of log-determinants, of deflated matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import closedform as cf
from closedform.core.expr import Expr
from closedform.core.normal import normal
from closedform.program.compile import compile
from tests.corpus.outcome import columns
from tests.program.running import RUNNERS, Runner, case
from tests.stability.exact import exact

jax = pytest.importorskip("jax")
torch = pytest.importorskip("torch")
jax.config.update("jax_enable_x64", True)
SHAPES = {
    **{"x": ("n",), "w": ("n",), "v": (), "u": ()},
    **{"X": ("m", "n"), "A": ("n", "n"), "M": ("m", "m")},
    **{"S": ("n", "n"), "R": ("n", "n"), "Q": ("n", "n"), "T": ("k", "k")},
}
MEAN, DIFFERENCE, PROJECTED = "exp(sum(log(x))/n)", "logdet(S) - logdet(R)", "(w'*S*w)*S - S*w*w'*S"


def stated(text: str) -> Expr:
    words = set("".join(c if c.isalnum() else " " for c in text).split())
    spd = {name: ["spd"] for name in "SRQT" if name in words}
    return normal(cf.parse(text, shapes={k: s for k, s in SHAPES.items() if k in words}, properties=spd).expr)


def body(text: str) -> str:
    return compile(stated(text)).source.split("def derivative(")[1]


CODE = {
    MEAN: "rootprod(x, n)",
    "exp(-sum(log(x))/n)": "rootprod(x, -n)",
    "exp(sum(log(X))/(m*n))": "rootprod(X, m * n)",
    "exp(sum(log(x))/3)*v": "v * rootprod(x, 3)",
    "exp(-0.1*sum(log(x)))": "rootprod(x, -10)",
    DIFFERENCE: "cholesky_logdetratio(cholesky(S), cholesky(R))",
    "logdet(R)/2 - 0.5*logdet(S)": "0.5 * cholesky_logdetratio(cholesky(R), cholesky(S))",
    "v*logdet(S) - (v - n - 1)*logdet(R)": "v * cholesky_logdetratio(cholesky(S), t0) + (n + 1) * cholesky_logdet(t0)",
    "logdet(S + R) - logdet(S)/2 - logdet(R)/2": "0.5 * cholesky_logdetratio(t0, cholesky(S)) + 0.5 * cholesky_logdetratio(t0, cholesky(R))",
    PROJECTED: "deflated(",
    "A - A*w*w'*A/(w'*A*w)": "deflated(",
    "A'*A - A'*A*w*w'*A'*A/(w'*A'*A*w)": "deflated(",
}  #: what becomes of a formula
LEFT = [
    "sum(log(x))/n",
    "exp(sum(log(x)))",
    "exp(sum(log(x))/v)",
    "exp(sum(x)/n)",
    "exp(v*sum(log(x))/n)",
    "exp(sum(log(sigmoid(x)))/n)",
    "logdet(S) + logdet(R)",
    "v*logdet(S) - u*logdet(R)",
    "logdet(S) - logdet(T)",
    "logdet(A) - logdet(S)",
    "logdet(S)",
    "(w'*S*w)*S + S*w*w'*S",
    "(w'*S*w)*S - 2*S*w*w'*S",
    "(w'*R*w)*S - S*w*w'*S",
    "(w'*S*w)*S - S*w*x'*S",
]


@pytest.mark.parametrize("text", CODE)
def test_it_is_found(text: str) -> None:
    assert CODE[text] in body(text)


@pytest.mark.parametrize("text", LEFT)
def test_what_loses_nothing_is_left_as_it_is(text: str) -> None:
    assert not any(name in body(text) for name in ("rootprod", "logdetratio", "deflated"))


def error(e: Expr, found: object, env: dict[str, np.ndarray], n: int) -> float:
    """The largest error as a part of the largest exact entry."""
    E = exact(e, columns(env), {"n": n})[e]
    with mp.workdps(50):
        off = max(abs(mp.mpf(float(v)) - x) for v, x in zip(np.asarray(found).flat, E.flat, strict=True))
        return float(off / max(map(abs, E.flat)))


@given(st.lists(st.floats(5e-324, 1.7e308), min_size=2, max_size=9))
@settings(max_examples=60, deadline=None)
def test_a_geometric_mean_of_any_numbers_is_exact_to_two_roundings(numbers: list[float]) -> None:
    e, env = stated(MEAN), {"x": np.array(numbers)}
    found = compile(e)(**env)
    assert error(e, found, env, len(numbers)) <= max(4.5e-16, 5e-324 / max(found, 5e-324))


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_a_geometric_mean_at_the_ends_of_the_range(backend: str) -> None:
    run = compile(stated(MEAN), backend=backend)
    top = np.finfo(float).max
    known = [
        ([0.0, 2.0], 0),
        ([np.inf, 2.0], np.inf),
        ([-1.0, 2.0], np.nan),
        ([top] * 3, top),
        ([2.0**-1020] * 3, 2.0**-1020),
    ]
    for x, value in known:
        assert np.allclose(float(run(np.array(x))), value, rtol=1e-15, atol=0, equal_nan=True), x


def spd(rng: np.random.Generator, n: int) -> np.ndarray:
    A = rng.standard_normal((n, n))
    return A @ A.T + 0.1 * np.eye(n)


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize("unit", [1e-160, 1.0, 1e160])
def test_a_difference_of_log_determinants_does_not_depend_on_the_unit(unit: float, backend: str) -> None:
    rng = np.random.default_rng(0)
    env, e = {name: unit * spd(rng, 4) for name in "SR"}, stated(DIFFERENCE)
    given = {k: torch.from_numpy(v) if backend == "torch" else v for k, v in env.items()}
    assert error(e, float(compile(e, backend=backend)(**given)), env, 4) < 1e-14


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize("seed", range(5))
def test_a_deflated_matrix_in_any_units_keeps_its_digits(seed: int, backend: str) -> None:
    rng = np.random.default_rng(seed)
    unit, e = 10.0 ** rng.uniform(-6, 6, 5), stated(PROJECTED)
    env = {"S": spd(rng, 5) * np.outer(unit, unit), "w": rng.standard_normal(5) * 10.0 ** rng.uniform(-6, 6, 5)}
    given = {k: torch.from_numpy(v) if backend == "torch" else v for k, v in env.items()}
    assert error(e, np.asarray(compile(e, backend=backend)(**given)), env, 5) < 1e-13


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_what_a_vector_without_an_entry_to_solve_for_leaves_is_left(backend: str) -> None:
    run, S = compile(stated(PROJECTED), backend=backend), np.array([[0.0, 1.0], [1.0, 0.0]])
    for w, known in (([0.0, 0.0], np.zeros((2, 2))), ([0.0, 1.0], [[-1.0, 0.0], [0.0, 0.0]])):
        assert np.array_equal(
            np.asarray(run(w=torch.tensor(w, dtype=torch.float64) if backend == "torch" else w, S=S)), known
        )


def extreme() -> list[tuple[str, dict[str, np.ndarray]]]:
    rng = np.random.default_rng(3)
    x, S, R, unit = rng.uniform(1, 2, 3), spd(rng, 3), spd(rng, 3), np.array([1.0, 1e3, 1e6])
    return [
        *[(MEAN, {"x": x * s}) for s in (1e-300, 1e100, 8e307)],
        *[(MEAN, {"x": np.array(x)}) for x in ([1e-300, 1e-5, 1e300], [0.0, 1.0, 2.0])],
        *[(DIFFERENCE, {"S": s * S, "R": s * R}) for s in (1.0, 1e160)],
        *[(PROJECTED, {"S": S * np.outer(unit, unit), "w": w}) for w in (x, 0 * x)],
    ]


@pytest.mark.parametrize("runner", RUNNERS, ids=[r.language for r in RUNNERS])
def test_code_to_paste_keeps_the_digits_too(runner: Runner, tmp_path: Path) -> None:
    if missing := runner.missing():
        pytest.skip(f"{runner.language} code is not run: {missing} is not installed")
    cases = [case(str(n), stated(text), env, {"n": 3}) for n, (text, env) in enumerate(extreme())]
    found = runner.run(cases, tmp_path)
    for c in cases:
        v = found[c.name]
        assert not isinstance(v, str), v
        assert np.allclose(v.reshape(c.expected.shape), c.expected, rtol=1e-13, atol=0), c.lowered.outputs
