"""x' S⁻¹ x for many x: which sums of products are one instruction, and its numbers for every way S is factored."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from closedform.program.compile import compile
from closedform.program.runtime import cholesky, cholesky_quadratics, factor, factor_quadratic, factor_quadratics

SHAPES = {"X": ("m", "n"), "S": ("n", "n"), "w": ("m",), "B": ("n", "m")}
PROPERTIES = {"S": ["spd"], "w": ["positive"]}


def parsed(text: str) -> cf.Function:
    used = {name: shape for name, shape in SHAPES.items() if name in text}
    return cf.parse(text, shapes=used, properties={k: p for k, p in PROPERTIES.items() if k in used})


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("diagonal(X*inv(S)*X')", "cholesky_quadratics(cholesky(S), X.T)"),
        ("diagonal(B'*inv(S)*B)", "cholesky_quadratics(cholesky(S), B)"),
        ("tr(X*inv(S)*X')", "cholesky_quadratic(cholesky(S), X.T)"),
        ("diagonal(X*inv(X'*diag(w)*X)*X')", "factor_quadratics(factor(weighted_gram(X, w)), X.T)"),
        ("tr(X*inv(X'*X)*X')", "factor_quadratic(factor(X.T @ X), X.T)"),
    ],
)
def test_a_diagonal_and_a_trace_take_one_triangular_solve(text, call):
    run = compile(parsed(text).expr)
    assert call in run.source
    rng = np.random.default_rng(0)
    X, L = rng.standard_normal((9, 4)), rng.standard_normal((4, 4))
    values = {"X": X, "B": X.T.copy(), "S": L @ L.T, "w": rng.uniform(0.5, 1, 9)}
    M = values["S"] if "inv(S)" in text else (X.T * values["w"] if "w" in text else X.T) @ X
    expected = np.diag(X @ np.linalg.solve(M, X.T))
    found = run(**{name: values[name] for name in run.names})
    np.testing.assert_allclose(found, expected.sum() if text.startswith("tr") else expected, rtol=1e-10)


@pytest.mark.parametrize("text", ["diagonal(X*inv(S)*X') + X*inv(S)*X'*w", "diagonal(X*inv(S)*B)", "tr(inv(S))"])
def test_what_is_needed_otherwise_is_solved_for(text):
    assert "quadratic" not in compile(parsed(text).expr).source


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("signs", [[1, 1, 1, 1], [1, -1, 1, -1]])
def test_the_numbers_are_those_of_a_solve_however_it_is_factored_and_stored(order, signs):
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    S, B = Q * signs @ Q.T, np.array(rng.standard_normal((4, 7)), order=order)
    expected = np.einsum("ij,ij->j", B, np.linalg.solve(S, B))
    F = factor(S)
    assert isinstance(F, tuple) == (-1 in signs), "Cholesky's where it is positive definite"
    np.testing.assert_allclose(factor_quadratics(F, B), expected, rtol=1e-12)
    np.testing.assert_allclose(factor_quadratic(F, B), expected.sum(), rtol=1e-12)
    if -1 not in signs:
        np.testing.assert_allclose(cholesky_quadratics(cholesky(S), B), expected, rtol=1e-12)
