"""Powers of a matrix as products, definite sums, scaled residuals: which code is chosen, and its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

import jax
import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import OPS
from closedform.core.normal import normal
from closedform.program.compile import compile
from closedform.program.signs import is_definite, is_semidefinite

jax.config.update("jax_enable_x64", True)

SHAPES = {
    "A": ("n", "n"), "B": ("n", "n"), "S": ("n", "n"), "x": ("n",), "y": ("n",), "p": ("n",), "s": (),
    "X": ("m", "n"), "T": ("m", "n"), "U": ("m", "k"), "V": ("n", "k"), "u": ("m",), "v": ("n",),
}  # fmt: skip
PROPERTIES = {"S": ["spd"], "p": ["positive"], "s": ["positive"]}


def parsed(text: str) -> cf.Function:
    used = {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", text)}
    return cf.parse(text, shapes=used, properties={k: p for k, p in PROPERTIES.items() if k in used})


def values(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Numbers for some variables: positive where they have to be, matrices far from singular."""
    rng, sizes, found = np.random.default_rng(0), {"m": 7, "n": 5, "k": 3}, {}
    for name in names:
        a = rng.standard_normal([sizes[d] for d in SHAPES[name]])
        square = a.ndim == 2 and a.shape[0] == a.shape[1]
        found[name] = a @ a.T + np.eye(5) if name == "S" else a + 4 * np.eye(5) if square else a
        if name in ("p", "s", "U", "V"):
            found[name] = np.abs(found[name]) + 0.5
    return found


def body(source: str) -> str:
    return source.rpartition('"""')[2]


inv = np.linalg.inv

#: a function, its gradient by a variable, and what the code has
POWERS: list[tuple[str, str, Callable[..., np.ndarray], str]] = [
    ("x'*A^3*x", "x", lambda A, x: A @ A @ A @ x + (A @ A @ A).T @ x, "A @ (A @ (A @ x))"),
    ("x'*inv(S)*inv(S)*x", "x", lambda S, x: 2 * inv(S) @ inv(S) @ x, "cholesky_solve(t0, cholesky_solve(t0, x))"),
    ("y'*A*A*A*x", "x", lambda y, A, x: (A @ A @ A).T @ y, "A.T @ (A.T @ (A.T @ y))"),
    ("tr(A^3)", "A", lambda A: 3 * (A @ A).T, "matrix_power(A, 2).T"),
    ("tr(inv(S + diag(p)))", "p", lambda S, p: -np.diag(inv(S + np.diag(p)) @ inv(S + np.diag(p))), "rowdots(t0, t0)"),
    ("tr(inv(A + diag(x)))", "x", lambda A, x: -np.diag(inv(A + np.diag(x)) @ inv(A + np.diag(x))), "rowdots(t0, t0.T)"),
    ("x'*A^9*x", "x", lambda A, x: np.linalg.matrix_power(A, 9) @ x + np.linalg.matrix_power(A, 9).T @ x, "_power(A, 9)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "by", "wanted", "code"), POWERS, ids=[text for text, *_ in POWERS])
def test_a_power_beside_a_vector_or_under_a_trace_is_multiplied_factor_by_factor(text, by, wanted, code):
    run = cf.derivative(parsed(text), by).compile()
    assert code in body(run.source)
    given = values(run.names)
    np.testing.assert_allclose(run(**given), wanted(**given), rtol=1e-10)


@pytest.mark.parametrize(("of", "wanted"), [("tr", np.trace), ("diagonal", np.diagonal), ("sum", np.sum)])
@pytest.mark.parametrize("k", [2, 3])
def test_what_sums_up_a_power_of_the_identity_is_that_of_the_identity(of, wanted, k):
    eye = cf.parse("A*eye(n)", shapes={"A": ("n", "n")}).expr.args[1]
    for power in (OPS["matpow"](eye, cf.parse(str(k)).expr), OPS["matmul"](*[eye] * k)):
        np.testing.assert_array_equal(compile(OPS[of](power))(n=4), wanted(np.eye(4)))


#: whether a matrix is known to be positive definite, and to be semidefinite
DEFINITE = [
    ("S + diag(p)", True, True), ("S + X'*X", True, True), ("S + X'*diag(u.^2)*X", True, True),
    ("S + A*S*A'", True, True), ("diag(p)", True, True), ("s*diag(exp(x))", True, True),
    ("S + (1 + x'*x)*eye(n)", True, True), ("X'*diag(u.^2)*X + s*eye(n)", True, True),
    ("diag(x.^2)", False, True), ("x*x' + X'*X", False, True), ("X'*diag(exp(u))*X", False, True),
    ("S + diag(x)", False, False), ("S + X'*diag(u)*X", False, False), ("S - X'*X", False, False),
    ("A + diag(p)", False, False), ("S + (x'*x - 1)*eye(n)", False, False), ("X'*X - S", False, False),
    ("S + A*S", False, False), ("-S", False, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "definite", "semidefinite"), DEFINITE, ids=[text for text, *_ in DEFINITE])
def test_a_matrix_is_taken_for_definite_only_where_it_is(text, definite, semidefinite):
    e = normal(parsed(text).expr)
    assert (is_definite(e), is_semidefinite(e)) == (definite, semidefinite)
    if semidefinite:
        run = compile(e)
        smallest = np.linalg.eigvalsh(run(**values(run.names))).min()
        assert smallest > 0 if definite else smallest > -1e-12


@pytest.mark.parametrize("factor", [1, 2])
def test_a_quotient_is_one_division_also_where_the_divisor_lies_across(factor):
    run = cf.derivative(parsed(f"sum({factor}*T.*log(U*V'))"), "U").compile()
    assert "1.0" not in body(run.source)
    given = values(run.names)
    wanted = factor * (given["T"] / (given["U"] @ given["V"].T)) @ given["V"]
    np.testing.assert_allclose(run(**given), wanted, rtol=1e-12)


def test_a_residual_that_is_scaled_on_both_sides_is_one_array_for_both_gradients():
    run = cf.compile(*cf.gradient(parsed("norm2(diag(u)*X*diag(v) - T)^2"), ["u", "v"]))
    assert body(run.source).count("-= T") == 1
    given = values(run.names)
    R = given["u"][:, None] * given["X"] * given["v"] - given["T"]
    by_u, by_v = run(**given)
    np.testing.assert_allclose(by_u, 2 * (R * given["X"]) @ given["v"], rtol=1e-12)
    np.testing.assert_allclose(by_v, 2 * (R * given["X"]).T @ given["u"], rtol=1e-12)


def test_jax_forms_an_inverse_where_far_more_columns_are_solved_for_than_it_has():
    run = cf.derivative(parsed("logdet(X'*diag(exp(u))*X)"), "u").compile("jax")
    rng = np.random.default_rng(0)
    for m, formed in ((48, False), (480, True)):
        X, u = rng.standard_normal((m, 40)), rng.standard_normal(m)
        fitted = run.fitted({"m": m, "n": 40})
        assert ("jnp.eye" in body(fitted.source)) is formed
        M = (X.T * np.exp(u)) @ X
        wanted = np.exp(u) * np.diag(X @ np.linalg.solve(M, X.T))
        np.testing.assert_allclose(run(X=X, u=u), wanted, rtol=1e-9)
