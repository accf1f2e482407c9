"""Derivatives by the free entries of a symmetric matrix, against JAX, which knows S by its free entries only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.answer import Derivative
from closedform.calculus.layout import LAYOUTS, ByFreeEntries
from closedform.core.expr import duplication, number
from closedform.core.normal import normal
from closedform.core.shape import dim
from closedform.errors import RequestError, VerificationError
from closedform.verification.numeric import check

jax.config.update("jax_enable_x64", True)

SHAPES = {"S": ("n", "n"), "T": ("n", "n"), "A": ("n", "n"), "B": ("n", "m"), "x": ("n",), "c": ()}
SPD = {"S": ["spd"], "T": ["symmetric"]}
COLUMN, ROW = np.triu_indices(3)


def derivative(f: str, *wrt: str) -> Derivative:
    return cf.derivative(cf.parse(f, SHAPES, SPD), *wrt)


def filled(free: Any) -> Any:
    """The symmetric matrix with these entries on and below its diagonal, column by column."""
    S = jnp.zeros((3, 3)).at[ROW, COLUMN].set(free)
    return S + jnp.tril(S, -1).T


def lower(F: Any) -> Any:
    return F[ROW, COLUMN]


def stacked(F: Any) -> Any:
    return jnp.ravel(F.T) if jnp.ndim(F) == 2 else F


def values(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    M = rng.standard_normal((3, 3))
    T = rng.standard_normal((3, 3))
    return {
        "S": M @ M.T / 3 + np.eye(3),
        "T": T + T.T,
        "A": rng.standard_normal((3, 3)),
        "B": rng.standard_normal((3, 2)),
        "x": rng.standard_normal(3),
        "c": 0.7,
    }


def logdet(S: Any) -> Any:
    return jnp.linalg.slogdet(S)[1]


inv = jnp.linalg.inv
FIRST: list[tuple[str, str, str, Callable[..., Any]]] = [  # function, vech form, rows counted as vec, JAX
    ("logdet(S)", "D(n)'*vec(inv(S))", "D(n)'*vec(inv(S))", lambda S, e: logdet(S)),
    ("tr(S^2)", "2*D(n)'*vec(S)", "2*D(n)'*vec(S)", lambda S, e: jnp.trace(S @ S)),
    ("x'*S*x", "D(n)'*kron(x, x)", "D(n)'*kron(x, x)", lambda S, e: e["x"] @ S @ e["x"]),
    ("tr(A*S)", "D(n)'*vec(A)", "D(n)'*vec(A)", lambda S, e: jnp.trace(e["A"] @ S)),
    ("sum(vech(S))", "ones(n*(n+1)/2)", "ones(n*(n+1)/2)", lambda S, e: lower(S).sum()),
    ("S*x", "kron(x', eye(n))*D(n)", "kron(x', eye(n))*D(n)", lambda S, e: S @ e["x"]),
    ("S", "eye(n*(n+1)/2)", "D(n)", lambda S, e: S),
    ("inv(S)", "-L(n)*kron(inv(S), inv(S))*D(n)", "-kron(inv(S), inv(S))*D(n)", lambda S, e: inv(S)),
    ("S*T*S", "L(n)*(kron(S*T, eye(n)) + kron(eye(n), S*T))*D(n)", "(kron(S*T, eye(n)) + kron(eye(n), S*T))*D(n)",
     lambda S, e: S @ e["T"] @ S),
    ("B'*S*B", "L(m)*kron(B', B')*D(n)", "kron(B', B')*D(n)", lambda S, e: e["B"].T @ S @ e["B"]),
    ("A*S", "kron(eye(n), A)*D(n)", "kron(eye(n), A)*D(n)", lambda S, e: e["A"] @ S),
    ("exp(S)", "L(n)*diag(vec(exp(S)))*D(n)", "diag(vec(exp(S)))*D(n)", lambda S, e: jnp.exp(S)),
    ("c*S", "c*eye(n*(n+1)/2)", "c*D(n)", lambda S, e: e["c"] * S),
]  # fmt: skip


@pytest.mark.parametrize(("f", "vech", "vec", "reference"), FIRST, ids=[f for f, *_ in FIRST])
def test_a_derivative_by_the_free_entries(f, vech, vec, reference):
    D, env = derivative(f, "S"), values()
    forms = D.vech(), D.vech(rows="vec")
    assert [form.text for form in forms] == [vech, vec]
    at = jnp.array(lower(env["S"]))
    size = jnp.shape(reference(filled(at), env))
    of_lower = len(size) == 2 and vech != vec
    for form, rows in zip(forms, (_lower_of(size[0]) if of_lower else stacked, stacked), strict=True):
        expected = jax.jacobian(lambda h, rows=rows: rows(reference(filled(h), env)))(at)
        found = form.compile()(**{name: env[name] for name in D.function.variables}, **_sizes(form, env))
        assert found.shape == expected.shape
        assert np.allclose(found, expected, rtol=1e-9, atol=1e-10)
        form.check()


def _lower_of(n: int) -> Callable[[Any], Any]:
    column, row = np.triu_indices(n)
    return lambda F: F[row, column]


def _sizes(form: Derivative, env: dict[str, Any]) -> dict[str, int]:
    return {name: {"n": 3, "m": 2}[name] for name in form.compile().sizes}


SECOND: list[tuple[str, str, Callable[..., Any]]] = [
    ("logdet(S)", "-D(n)'*kron(inv(S), inv(S))*D(n)", lambda S, e: logdet(S)),
    ("tr(S^2)", "2*D(n)'*D(n)", lambda S, e: jnp.trace(S @ S)),
    ("tr(S*A*S)", "D(n)'*(kron(A', eye(n)) + kron(eye(n), A))*D(n)", lambda S, e: jnp.trace(S @ e["A"] @ S)),
    ("x'*inv(S)*x", "", lambda S, e: e["x"] @ inv(S) @ e["x"]),
    ("logdet(S) + x'*inv(S)*x", "", lambda S, e: logdet(S) + e["x"] @ inv(S) @ e["x"]),
    ("sum(exp(S))", "D(n)'*diag(vec(exp(S)))*D(n)", lambda S, e: jnp.exp(S).sum()),
]


@pytest.mark.parametrize(("f", "text", "reference"), SECOND, ids=[f for f, *_ in SECOND])
def test_a_second_derivative_is_duplicated_on_both_sides(f, text, reference):
    form, env = derivative(f, "S", "S").vech(), values(1)
    assert text in ("", form.text)
    expected = jax.hessian(lambda h: reference(filled(h), env))(jnp.array(lower(env["S"])))
    found = form.compile()(**{name: env[name] for name in form.function.variables}, **_sizes(form, env))
    assert np.allclose(found, expected, rtol=1e-8, atol=1e-9)
    form.check()


def test_a_second_derivative_by_two_symmetric_matrices():
    form, env = derivative("tr(S*A*T*S)", "S", "T").vech(), values(2)
    first = jax.grad(lambda h, k: jnp.trace(filled(h) @ env["A"] @ filled(k) @ filled(h)))
    expected = jax.jacobian(first, argnums=1)(jnp.array(lower(env["S"])), jnp.array(lower(env["T"])))
    found = form.compile()(**{name: env[name] for name in form.function.variables})
    assert np.allclose(found, expected, rtol=1e-9)
    form.check()


@given(seed=st.integers(0, 99), f=st.sampled_from(["logdet(S)", "tr(inv(S)*A)", "S*A*S", "S*B", "x'*S*S*x"]))
@settings(max_examples=25, deadline=None)
def test_it_is_the_derivative_along_each_free_entry(f, seed):
    """Each column is the derivative in the direction of a symmetric unit matrix."""
    D, env = derivative(f, "S"), values(seed)
    form, slope = D.vech(rows="vec"), cf.jvp(D.function, "S").compile()
    J = np.reshape(form.compile()(**{name: env[name] for name in D.function.variables}, **_sizes(form, env)), (-1, 6))
    J = J.reshape(6, 1).T if D.function.expr.is_scalar else J
    for k, (i, j) in enumerate(zip(ROW, COLUMN, strict=True)):
        V = np.zeros((3, 3))
        V[i, j] = V[j, i] = 1
        along = np.asarray(slope(**{name: env[name] for name in D.function.variables}, V=V))
        assert np.allclose(J[:, k], along.ravel(order="F"), rtol=1e-9, atol=1e-11)


def test_it_is_a_layout_of_symmetric_variables_only():
    free = {name for name, layout in LAYOUTS.items() if isinstance(layout, ByFreeEntries)}
    assert free == {"vech", "vec-vech"}
    for f, wrt, shown in [
        ("inv(S)", "S", free),
        ("logdet(S)", "S", {"vech"}),
        ("S*A", "A", set()),
        ("S*x", "x", set()),
    ]:
        names = {row.name for row in derivative(f, wrt).layouts()}
        assert names & free == shown
    assert cf.derivative(cf.parse("logdet(S)", SHAPES, SPD), "S", layout="vech").text == "D(n)'*vec(inv(S))"
    form = derivative("logdet(S)", "S").vech()
    assert form.in_layout("gradient").text == "inv(S)" and form.shape == ("n*(n+1)/2", "1")
    assert "on and below the diagonal" in form.conventions[0]
    assert form.as_dict()["text"] == form.text


def test_the_convention_for_symmetric_gradients_does_not_matter():
    f = cf.parse("tr(A*S*S)", SHAPES, SPD)
    assert cf.derivative(f, "S").vech().text == cf.derivative(f, "S", symmetric="entries").vech().text


MISTAKES = [("S*x", "x", "x is not declared symmetric"), ("A*S", "A", "A is not declared symmetric"),
            ("c*S", "c", "c is not declared symmetric")]  # fmt: skip


@pytest.mark.parametrize(("f", "wrt", "told"), MISTAKES)
def test_other_variables_are_refused(f, wrt, told):
    with pytest.raises(RequestError, match=told) as caught:
        derivative(f, wrt).vech()
    assert caught.value.hint == ("declare A: symmetric" if wrt == "A" else None)
    with pytest.raises(RequestError, match=told):
        cf.derivative(cf.parse(f, SHAPES, SPD), wrt, layout="vech")


def test_a_mixed_derivative_and_a_diagonal_matrix_are_refused():
    with pytest.raises(RequestError, match="x is not declared symmetric"):
        derivative("x'*S*x", "S", "x").vech()
    with pytest.raises(RequestError, match="X is not declared symmetric"):
        cf.derivative(cf.parse("tr(X^2)", {"X": ("n", "n")}, {"X": ["diagonal"]}), "X").vech()
    with pytest.raises(RequestError, match="rows count vech or vec"):
        derivative("inv(S)", "S").vech(rows="rows")


def test_the_judge_refuses_a_wrong_form():
    f = cf.parse("inv(S)", SHAPES, SPD).expr
    S, D = cf.parse("S", SHAPES, SPD).variables["S"], duplication(dim("n"))
    right = normal(derivative("inv(S)", "S").vech(rows="vec").expr)
    check(f, S, right, "vech")
    with pytest.raises(VerificationError, match="fails its numerical check"):
        check(f, S, normal(number(2) * right), "vech")
    with pytest.raises(VerificationError, match="has the axes"):
        check(f, S, normal(right @ D.T), "vech")
