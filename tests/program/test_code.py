"""Generated code: what it looks like, that it is stable at the edges, and that mistakes are named."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction

import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import OPS, Expr, commutation, duplication, elimination, eye, number, ones, size_of, symbol
from closedform.core.shape import ONE, dim, shape_of, triangle
from closedform.errors import ClosedFormError, DomainError, RequestError, ShapeError
from closedform.program.compile import code, compile
from tests.program.test_code_values import assert_same_value

n, m = dim("n"), dim("m")
x, y, u = (symbol(name, shape_of(["n"])) for name in "xyu")
w = symbol("w", shape_of(["m"]))
A, B, C = (symbol(name, (n, n)) for name in "ABC")
S = symbol("S", (n, n), ["spd"])
X = symbol("X", (m, n))
a, b = symbol("a", shape_of([])), symbol("b", shape_of([]))
op = OPS
inv, norm2, diag, tr, exp, log, total, sigmoid = (
    op[k] for k in ("inv", "norm2", "diag", "tr", "exp", "log", "sum", "sigmoid")
)
one, row = ones((n, ONE)), ones((ONE, n))

K, v = commutation(m, n), symbol("v", (m * n, ONE))
P, D = symbol("P", (m * n, m * n)), symbol("D", (m, m))
kron, vec = op["kron"], op["vec"]
N, free = symbol("N", (n * n, n * n)), symbol("h", (triangle(n), ONE))

LINES = [
    (duplication(n) @ free, "h[unpacked(n)]"),
    (duplication(n).T @ vec(A), "added(A.ravel(order='F'), unpacked(n), n * (n + 1) // 2)"),
    (N @ duplication(n), "added(N.T, unpacked(n), n * (n + 1) // 2).T"),
    (elimination(n) @ N, "N[packed(n)]"),
    (N @ elimination(n).T, "N[:, packed(n)]"),
    (elimination(n).T @ free, "added(h, packed(n), n * n)"),
    (free.T @ duplication(n).T, "h[unpacked(n)]"),
    (op["vech"](A @ B), "vech(A @ B)"),
    (K, "np.eye(m * n)[commuted(m, n)]"),
    (K @ vec(X), "X.ravel(order='F')[commuted(m, n)]"),
    (K @ P, "P[commuted(m, n)]"),
    (P @ K, "P[:, commuted(n, m)]"),
    (P @ K.T, "P[:, commuted(m, n)]"),
    (v.T @ K, "v[commuted(n, m)]"),
    (K @ inv(P), "np.linalg.inv(P)[commuted(m, n)]"),
    (total(v.T @ K), "float(np.sum(v))"),
    (tr(K @ P), "float(np.trace(P[commuted(m, n)]))"),
    (kron(A, D) @ v, "(A @ v.reshape(A.shape[1], D.shape[1]) @ D.T).ravel()"),
    (kron(A.T, D) @ v, "(A.T @ v.reshape(A.shape[0], D.shape[1]) @ D.T).ravel()"),
    (v.T @ kron(A, D), "(A.T @ v.reshape(A.shape[0], D.shape[0]) @ D).ravel()"),
    (kron(A, eye(m)) @ v, "(A @ v.reshape(A.shape[1], m)).ravel()"),
    (kron(eye(n), D).T @ v, "(v.reshape(n, D.shape[0]) @ D).ravel()"),
    (kron(eye(n), eye(m)) @ v, "np.array(v.reshape(n, m).ravel())"),
    (diag(vec(X)) @ P, "X.ravel(order='F')[:, None] * P"),
    (one.T @ A, "A.sum(axis=0)"),
    (A.T @ B @ x, "A.T @ (B @ x)"),
    (x.T @ A, "x @ A"),
    (diag(x) @ A, "x[:, None] * A"),
    (A @ diag(x), "A * x"),
    (diag(x), "np.diag(x)"),
    (x @ y.T, "np.outer(x, y)"),
    (3 * x @ y.T, "np.outer(3 * x, y)"),
    (x.T @ y, "float(x @ y)"),
    (A @ one, "A.sum(axis=1)"),
    (row @ A, "A.sum(axis=0)"),
    (row @ x, "float(np.sum(x))"),
    ((x @ row) * A, "x[:, None] * A"),
    (A - x @ row, "A - x[:, None]"),
    (A - one @ x.T, "A - x"),
    (total(A * B), "float(np.vdot(A, B))"),
    (tr(A @ B), "float(np.vdot(A, B.T))"),
    (tr(x @ y.T), "float(y @ x)"),
    (tr(diag(x) @ A), "float(x @ np.diagonal(A))"),
    (op["diagonal"](A @ B), "rowdots(A, B.T)"),
    (inv(A) @ x, "np.linalg.solve(A, x)"),
    (inv(A) @ B, "np.linalg.solve(A, B)"),
    (x.T @ inv(A), "np.linalg.solve(A.T, x)"),
    (inv(A).T @ x, "np.linalg.solve(A.T, x)"),
    (B @ inv(A), "np.linalg.solve(A.T, B.T).T"),
    (inv(A), "np.linalg.inv(A)"),
    (op["logdet"](A), "float(np.linalg.slogdet(A)[1])"),
    (exp(x) - 1, "np.expm1(x)"),
    (exp(a) - 1, "float(np.expm1(a))"),
    (1 - sigmoid(x), "sigmoid(-x)"),
    (log(1 + x), "np.log1p(x)"),
    (log(1 + exp(x)), "softplus(x)"),
    (log(sigmoid(x)), "-softplus(-x)"),
    (log(total(exp(x))), "float(logsumexp(x))"),
    (norm2(x), "float(norm(x))"),
    (total(x**2), "float(x @ x)"),
    (op["matpow"](A, number(3)), "np.linalg.matrix_power(A, 3)"),
    (op["vec"](A), "np.array(A.ravel(order='F'))"),
    (1 - x**2, "1 - x**2"),
    (A, "np.array(A)"),
    (-A, "-A"),
    (A / size_of(n), "A / n"),
    (x ** Fraction(-1, 2), "1.0 / np.sqrt(x)"),
    (a * (B @ x), "a * (B @ x)"),
]


@pytest.mark.parametrize(("e", "line"), LINES, ids=[line for _, line in LINES])
def test_code_is_what_an_expert_writes(e: Expr, line: str) -> None:
    assert code(e).rstrip().splitlines()[-1].strip() == "return " + line
    assert any(assert_same_value(e, seed) for seed in range(5))


SHARED = [
    (inv(A) @ x + inv(A).T @ y, "lu"),
    (op["logdet"](S) + x.T @ inv(S) @ x, "cholesky"),
    (inv(S) - inv(S) @ x @ x.T @ inv(S), "cholesky"),
    (tr(inv(A) @ B) + op["logdet"](A), "lu"),
    (x.T @ inv(S + X.T @ X) @ x, "cholesky"),
]


@pytest.mark.parametrize(("e", "factor"), SHARED, ids=lambda v: str(v))
def test_one_factorisation_serves_every_solve(e: Expr, factor: str) -> None:
    source = code(e).split("def derivative")[1]
    assert re.findall(r"\b(cholesky|lu|factor)\(", source) == [factor]
    assert "linalg.inv" not in source and "slogdet" not in source
    assert_same_value(e, 0)


def test_shared_parts_are_computed_once() -> None:
    z = A @ x
    assert code(sigmoid(z) * (1 - sigmoid(z)) + z).count("A @ x") == 1


SAMPLES = {
    "powersum": [op["powersum"](A, A.T, number(3))],
    "kron": [op["kron"](A, B), op["kron"](x, y), op["kron"](x, y.T), op["kron"](x, A), op["kron"](a, x.T)],
    "vec": [op["vec"](A), op["vec"](x.T), op["vec"](a)],
    "matpow": [op["matpow"](A, number(-2)), op["matpow"](A, symbol("a", shape_of([]), ["integer"]))],
    "ones": [one, row, ones((m, n)), 2 * one, 2 * ones((m, n))],
    "zeros": [op["add"](x, 0 * one)],
    "eye": [eye(n)],
    "dim": [size_of(n * m)],
    "symbol": [A],
    "number": [number(Fraction(1, 3))],
    "add": [A + B],
    "scale": [a * A],
    "hadamard": [A * B],
    "power": [A**2],
    "matmul": [A @ B],
    "diag": [diag(x), diag(x.T), diag(a)],
    "softmax": [op["softmax"](x), op["softmax"](x.T)],
    "logsumexp": [op["logsumexp"](x.T)],
    "commutation": [commutation(m, n), commutation(m, n).T],
    "duplication": [duplication(n), duplication(n).T, duplication(n) @ op["vech"](S)],
    "elimination": [elimination(n), elimination(n).T, elimination(n) @ op["vec"](S)],
}


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_operation_has_code_and_every_notation(name: str) -> None:
    from closedform.core.expr import PRINTERS

    samples = SAMPLES.get(name) or [OPS[name](A), *([] if name == "inv" else [OPS[name](a)])]
    for e in samples:
        assert "return" in code(e)
        for notation in ("text", "unicode", "latex"):
            assert PRINTERS[notation](e)
        run = compile(e)
        given = {s.name: [0.2, np.full(3, 0.2), np.eye(3) + 0.2][len(s.dims)] for s in run.arguments}
        if name == "matpow" and "a" in given:
            given["a"] = np.float64(3)
        if name in ("arcsin", "arccos"):
            given = {k: np.asarray(v) / 3 for k, v in given.items()}
        assert np.isfinite(run(**given, **dict.fromkeys(run.sizes, 3))).all()


def quiet(e: Expr, **arrays: object) -> np.ndarray:
    """The value by the bare source, every warning being an error."""
    space: dict[str, object] = {}
    exec(code(e), space)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.asarray(space["derivative"](**arrays))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh", "softmax", "logsumexp", "erf"])
def test_large_arguments_neither_overflow_nor_warn(name: str) -> None:
    far = np.array([800.0, -800.0, 0.0])
    assert np.isfinite(quiet(OPS[name](x), x=far)).all()


def test_rearranged_forms_are_stable() -> None:
    far = np.array([800.0, -800.0, 1e-18])
    assert np.allclose(quiet(log(sigmoid(x)), x=far), [0, -800, np.log(0.5)])
    assert np.allclose(quiet(1 - sigmoid(x), x=far), [0, 1, 0.5])
    assert np.allclose(quiet(log(1 + exp(x)), x=far), [800, 0, np.log(2)])
    assert np.allclose(quiet(op["power"](1 + exp(x), number(-1)), x=far), [0, 1, 0.5])
    assert quiet(exp(x) - 1, x=far[2:])[0] == quiet(log(1 + x), x=far[2:])[0] == 1e-18
    assert np.allclose(quiet(log(op["softmax"](x)), x=far), [0, -1600, -800])


def test_a_faster_vanishing_numerator_over_a_norm_is_zero_at_zero() -> None:
    origin = np.zeros(3)
    assert (quiet(norm2(x) ** -1 * (x @ x.T), x=origin) == 0).all()
    assert (quiet((norm2(x) ** -1 * norm2(x)) * x, x=origin) == 0).all()
    r = A @ x - y
    assert (quiet(norm2(r) ** -1 * (diag(r) @ diag(r)), A=np.eye(3), x=origin, y=origin) == 0).all()
    assert quiet(norm2(x), x=origin) == 0
    assert (quiet(x / norm2(x), x=origin) == 0).all(), "the subgradient of least norm"
    assert np.isnan(compile(norm2(x) ** -3 * (x @ x.T))(x=origin)).all(), "no value there: NaN, and no exception"


@pytest.mark.parametrize("X0", [np.diag([1.0, 2.0, 0.0]), np.diag([1.0, 0.0, 0.0]), np.zeros((3, 3)), np.ones((3, 3))])
def test_the_adjugate_exists_for_singular_matrices(X0: np.ndarray) -> None:
    rank = np.linalg.matrix_rank(X0)
    found = compile(op["adj"](A))(A=X0)
    assert np.allclose(found @ X0, 0) and (np.abs(found).max() > 0.1) == (rank == 2)


def test_three_thousand_layers_compile() -> None:
    e = x
    for _ in range(1500):
        e = op["tanh"](op["add"](A @ e, e))
    assert np.isfinite(compile(e)(A=np.eye(3), x=np.ones(3))).all()
    e = x
    for _ in range(3000):
        e = op["sin"](e)
    assert np.isfinite(compile(e)(x=np.ones(3))).all()
    e = a
    for _ in range(3000):
        e = e * e + b
    assert np.isfinite(compile(e)(a=0.1, b=0.1))


NAMES = ["lambda", "np", "t0", "float", "len", "class", "sigmoid", "λ", "ﬁ", "e", "_", "derivative", "over", "lambda_"]


def test_any_variable_name_works() -> None:
    e = sigmoid(number(1))
    for name in NAMES:
        e = op["add"](e * e, sigmoid(symbol(name, shape_of([]))), symbol(name, shape_of([])))
    given = {name: 0.1 * i for i, name in enumerate(NAMES)}
    variables = [symbol(name, shape_of([])) for name in NAMES]
    assert compile(e, variables)(**given) == compile(e, variables)(*given.values())


def test_letters_that_python_identifies_stay_apart() -> None:
    phi, varphi = symbol("φ", shape_of([])), symbol("\u03d5", shape_of([]))
    given = {"φ": 3, "\u03d5": 1}
    assert compile(phi - varphi)(**given) == 2
    assert compile(varphi)(φ=3) == 3, "Python reads the keyword ϕ as φ"


FITS = {"X": np.ones((2, 3)), "x": [1, 2, 3]}
MISTAKES: list[tuple[dict[str, object], type[ClosedFormError], str]] = [
    ({"x": [1, 2]}, RequestError, "missing argument X"),
    (FITS | {"x": [1, 2]}, ShapeError, "x is n×1 with n = 3; the given value is 2"),
    (FITS | {"x": np.ones((3, 1))}, ShapeError, "x is n×1, so a 1-D array; the given value is 3×1"),
    (FITS | {"q": 1}, RequestError, "unknown argument q; it takes X, x"),
    (FITS | {"x": ["a", "b", "c"]}, RequestError, "x is not an array of real numbers"),
]


@pytest.mark.parametrize(("arrays", "kind", "message"), MISTAKES, ids=[m for *_, m in MISTAKES])
def test_mistakes_at_the_call_are_named(arrays: dict[str, object], kind: type[ClosedFormError], message: str) -> None:
    with pytest.raises(kind) as caught:
        compile(X @ x)(**arrays)
    assert str(caught.value).startswith(message)


def test_a_singular_matrix_is_a_point_outside_the_domain() -> None:
    with pytest.raises(DomainError):
        compile(inv(A) @ x)(A=np.zeros((3, 3)), x=np.ones(3))


def test_sizes_no_variable_shows_are_given_by_keyword() -> None:
    assert compile(size_of(n) * a)(a=2, n=3) == 6
    assert compile(size_of(n) * a, [a, x])(a=2, x=[1, 1, 1]) == 6


def test_results_are_fresh_arrays_and_plain_floats() -> None:
    given = np.ones((3, 3))
    compile(A.T)(A=given)[0, 0] = 5
    compile(op["diagonal"](A))(A=given)[0] = 5
    assert given[0, 0] == 1 and type(compile(tr(A))(A=[[1, 2], [3, 4]])) is float


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [("(-8)^(1/3) + a", np.nan), ("(-1/3)^(1/3) + a", np.nan), ("(-0.5)^0.3*a", np.nan), ("(-2)^3 + a", -7)],
)
def test_a_root_of_a_number_below_zero_is_not_complex(text, expected, backend):
    run = compile(cf.parse(text, shapes={"a": []}).expr, backend=backend)
    np.testing.assert_equal(float(run(a=1.0)), expected)
