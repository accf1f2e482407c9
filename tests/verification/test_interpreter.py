"""The interpreter against JAX, NumPy and SciPy, on the real axis and a small step off it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import closedform.ops  # noqa: F401  registers the operations
from closedform.core.expr import OPS, Expr, eye, number, ones, size_of, symbol, zeros
from closedform.core.shape import ONE, SCALAR, dim
from closedform.verification.interpreter import FUNCTIONS, LEAVES, evaluate

M, N = dim("m"), dim("n")
SIZES = {"m": 3, "n": 4}
A, S, x, t = symbol("A", (M, N)), symbol("S", (N, N)), symbol("x", (N, ONE)), symbol("t", SCALAR)


def draw(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "A": rng.uniform(0.2, 0.8, (3, 4)),
        "S": np.eye(4) + 0.2 * rng.uniform(0.1, 1, (4, 4)),
        "x": rng.uniform(0.2, 0.8, (4, 1)),
        "t": rng.uniform(0.2, 0.8, (1, 1)),
    }


DIRECT = {
    "add": (A + A, lambda e: 2 * e["A"]),
    "scale": (t * A, lambda e: e["t"] * e["A"]),
    "hadamard": (A * A, lambda e: e["A"] ** 2),
    "power": (A ** number(-0.5), lambda e: 1 / np.sqrt(e["A"])),
    "matmul": (A @ S @ x, lambda e: e["A"] @ e["S"] @ e["x"]),
    "transpose": (A.T, lambda e: e["A"].T),
    "sum": ("A", lambda e: [[np.sum(e["A"])]]),
    "tr": ("S", lambda e: [[np.trace(e["S"])]]),
    "det": ("S", lambda e: [[np.linalg.det(e["S"])]]),
    "logdet": ("S", lambda e: [[np.log(abs(np.linalg.det(e["S"])))]]),
    "inv": ("S", lambda e: np.linalg.inv(e["S"])),
    "adj": ("S", lambda e: np.linalg.det(e["S"]) * np.linalg.inv(e["S"])),
    "pinv": ("A", lambda e: np.linalg.pinv(e["A"])),
    "norm1": ("A", lambda e: [[np.abs(e["A"]).sum()]]),
    "norm2": ("A", lambda e: [[np.linalg.norm(e["A"])]]),
    "normnuc": ("A", lambda e: [[np.linalg.norm(e["A"], "nuc")]]),
    "max": ("A", lambda e: [[e["A"].max()]]),
    "ismax": ("A", lambda e: (e["A"] == e["A"].max()) * 1.0),
    "logsumexp": ("x", lambda e: [[scipy.special.logsumexp(e["x"])]]),
    "softmax": ("x", lambda e: scipy.special.softmax(e["x"])),
    "diag": ("x", lambda e: np.diag(e["x"][:, 0])),
    "diagonal": ("S", lambda e: np.diag(e["S"])[:, None]),
    "vec": ("A", lambda e: e["A"].ravel(order="F")[:, None]),
    "vech": ("S", lambda e: e["S"].T[np.triu_indices(4)][:, None]),
    "expm": ("S", lambda e: scipy.linalg.expm(e["S"])),
    "logm": ("S", lambda e: scipy.linalg.logm(e["S"])),
    "sqrtm": ("S", lambda e: scipy.linalg.sqrtm(e["S"])),
    "sigmoid": ("A", lambda e: scipy.special.expit(e["A"])),
    "softplus": ("A", lambda e: np.logaddexp(e["A"], 0)),
    "relu": ("A", lambda e: np.maximum(e["A"], 0)),
    "erf": ("A", lambda e: scipy.special.erf(e["A"])),
}


def expression(name: str) -> tuple[Expr, object]:
    if name == "kron":
        return OPS["kron"](A, S), lambda e: np.kron(e["A"], e["S"])
    if name == "matpow":
        return OPS["matpow"](S, number(-3)), lambda e: np.linalg.matrix_power(e["S"], -3)
    if name == "powersum":
        both = lambda e: e["S"] @ e["S"].T + e["S"].T @ e["S"]
        return OPS["powersum"](S, S.T, number(2)), both
    if name not in DIRECT:
        return OPS[name](A), lambda e: getattr(np, name)(e["A"])
    e, direct = DIRECT[name]
    return (OPS[name]({"A": A, "S": S, "x": x}[e]) if isinstance(e, str) else e), direct


def operations() -> list[str]:
    return [name for name, op in OPS.items() if op.kind != "leaf" and name in FUNCTIONS]


def test_every_operation_has_a_line_in_the_interpreter():
    assert set(OPS) <= set(LEAVES) | set(FUNCTIONS)


@pytest.mark.parametrize("name", operations())
def test_values_are_those_of_a_direct_formula(name):
    e, direct = expression(name)
    env = draw()
    assert np.allclose(evaluate(e, env, SIZES), direct(env), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", operations())
def test_a_batch_gives_the_values_of_its_points(name):
    e, _ = expression(name)
    points = [draw(seed) for seed in range(3)]
    batch = {k: np.stack([p[k] for p in points]) for k in points[0]}
    together = evaluate(e, batch, SIZES)
    for got, point in zip(together, points, strict=True):
        assert np.allclose(got, evaluate(e, point, SIZES), rtol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", [n for n in operations() if n not in ("pinv", "logm", "sqrtm", "normnuc")])
def test_a_complex_step_is_the_slope_along_the_real_axis(name, sign):
    e, _ = expression(name)
    env, direction = draw(), draw(1)
    if sign < 0 and name not in ("log", "power", "arccos"):
        env = {k: -v for k, v in env.items()}

    def along(h: complex) -> np.ndarray:
        return evaluate(e, {k: v + h * direction[k] for k, v in env.items()}, SIZES)

    slope = (8 * (along(1e-3) - along(-1e-3)) - along(2e-3) + along(-2e-3)) / 12e-3
    assert np.allclose(along(1e-30j).imag / 1e-30, slope, rtol=1e-7, atol=1e-7)


def test_leaves_have_the_sizes_of_their_shape():
    assert evaluate(ones((M, N)), {}, SIZES).shape == (3, 4)
    assert (evaluate(eye(N), {}, SIZES) == np.eye(4)).all()
    assert not evaluate(zeros((M, ONE)), {}, SIZES).any()
    assert evaluate(size_of(dim("m") * dim("n")), {}, SIZES) == 12


@pytest.mark.parametrize("name", ["log", "arcsin"])
def test_outside_the_domain_the_value_is_nan_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(evaluate(OPS[name](t), {"t": np.full((1, 1), -2.0)}, SIZES)).all()


@pytest.mark.parametrize("name", ["inv", "logdet"])
def test_a_singular_matrix_is_nan_and_its_neighbours_in_the_batch_are_not(name):
    batch = np.stack([np.eye(4), np.ones((4, 4)), np.zeros((4, 4)), np.diag([1, 1, 1, 1e-9])])
    finite = np.isfinite(evaluate(OPS[name](S), {"S": batch}, SIZES)).all((-2, -1))
    assert finite.tolist() == [True, False, False, False]


def test_the_adjugate_of_a_singular_matrix_is_its_cofactors():
    X = symbol("X", (dim(2), dim(2)))
    value = evaluate(OPS["adj"](X), {"X": np.array([[1.0, 2.0], [2.0, 4.0]])}, {})
    assert np.allclose(value, [[4, -2], [-2, 1]])


def test_large_arguments_do_not_overflow():
    big = {"x": np.array([[1000.0], [999.0], [-1000.0], [0.0]])}
    for name in ("softmax", "logsumexp", "sigmoid", "softplus"):
        assert np.isfinite(evaluate(OPS[name](x), big, SIZES)).all()


def test_a_thousand_layers_need_no_recursion():
    e = x
    for _ in range(5000):
        e = OPS["tanh"](e)
    assert np.isfinite(evaluate(e, draw(), SIZES)).all()


@pytest.mark.parametrize("x", [-30.0, -100.0, -300.0])
def test_the_logarithm_of_a_small_softplus_has_its_slope(x: float) -> None:
    """log softplus x is nearly x there; NumPy's log1p of a complex number loses what is below the rounding of 1."""
    shown = np.log(FUNCTIONS["softplus"](np.array([[x + 1e-30j]])))
    assert np.allclose(shown.real, x, rtol=1e-12) and np.allclose(shown.imag, 1e-30, rtol=1e-12, atol=0)
