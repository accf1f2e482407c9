"""The two routes of seed note 000 to an array of partial derivatives, against JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.errors import RequestError, ShapeError, TooLarge, VerificationError
from closedform.written import routes as module

jax.config.update("jax_enable_x64", True)

EXAMPLE = {"U": (4, 3), "V": (3, 2), "x": (3,)}  #: a 4×2 matrix A(x) of x in R³, the example of the note
SHAPES = {"A": ("m", "n"), "X": ("n", "p"), "B": ("p", "q"), "Y": ("n", "n"), "x": ("n",), "y": ("m",), "c": (),
          "r": (1, "n")}  # fmt: skip
CASES = [
    ("A*X*B", "X", lambda e, X: e["A"] @ X @ e["B"]),
    ("inv(Y)", "Y", lambda e, Y: jnp.linalg.inv(Y)),
    ("Y'*Y", "Y", lambda e, Y: Y.T @ Y),
    ("Y*Y", "Y", lambda e, Y: Y @ Y),
    ("exp(A*X)", "X", lambda e, X: jnp.exp(e["A"] @ X)),
    ("x*y'", "x", lambda e, x: jnp.outer(x, e["y"])),
    ("A*diag(x)", "x", lambda e, x: e["A"] * x),
    ("sin(A*x)", "x", lambda e, x: jnp.sin(e["A"] @ x)),
    ("A*x", "A", lambda e, A: A @ e["x"]),
    ("norm2(x)^2", "x", lambda e, x: x @ x),
    ("tr(Y^3)", "Y", lambda e, Y: jnp.trace(Y @ Y @ Y)),
    ("c*A", "c", lambda e, c: c * e["A"]),
    ("c^3", "c", lambda e, c: c**3),
    ("r*Y", "r", lambda e, r: r @ e["Y"]),
    ("kron(Y, x)", "Y", lambda e, Y: jnp.kron(Y, e["x"][:, None])),
]


def values(sizes: dict[str, int], shapes: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    found = {}
    for name, shape in shapes.items():
        kept = [sizes.get(d, d) for d in shape if d != 1]
        found[name] = rng.standard_normal(kept) + (2 * np.eye(kept[0]) if len(kept) == 2 and kept[0] == kept[1] else 0)
    return {name: float(v) if np.ndim(v) == 0 else v for name, v in found.items()}


@pytest.mark.parametrize(("f", "wrt", "reference"), CASES, ids=[f for f, *_ in CASES])
@pytest.mark.parametrize("sizes", [{"m": 2, "n": 3, "p": 2, "q": 1}, {"m": 3, "n": 2, "p": 2, "q": 2}], ids=str)
def test_both_routes_give_what_jax_gives(f, wrt, reference, sizes):
    env = values(sizes, SHAPES)
    both = cf.derivative(cf.parse(f, SHAPES), wrt).routes(at=env)
    F = lambda at: reference(env, at)
    expected = np.asarray(jax.jacobian(F)(jnp.asarray(env[wrt])))
    for found in (both.stacked, both.reshaped, both.partials.numbers(both.point)):
        assert found.shape == expected.shape
        assert np.allclose(found, expected, rtol=1e-9, atol=1e-10)
    columns = lambda V: jnp.ravel(V.T) if jnp.ndim(V) == 2 else jnp.ravel(V)
    at = jnp.asarray(env[wrt])
    flattened = lambda h: columns(F(h.reshape(at.shape[::-1]).T if at.ndim == 2 else h.reshape(at.shape)))
    flat = np.asarray(jax.jacobian(flattened)(columns(at)))
    assert np.allclose(both.flat, flat, rtol=1e-9, atol=1e-10)
    assert np.allclose(both.jacobian.numbers(both.point), flat, rtol=1e-9, atol=1e-10)


def test_the_example_of_the_note():
    """A(x) is 4×2 and x in R³: three 4×2 partials, or the 8×3 Jacobian reshaped by columns; by rows it is wrong."""
    env = values({}, EXAMPLE, seed=3)
    both = cf.derivative(cf.parse("U*diag(x)*V", EXAMPLE), "x").routes(at=env)
    whole = np.asarray(jax.jacobian(lambda x: env["U"] * x @ env["V"])(jnp.asarray(env["x"])))
    assert both.stacked.shape == (4, 2, 3) and both.flat.shape == (8, 3)
    assert np.allclose(both.stacked, whole) and np.allclose(both.flat.reshape(4, 2, 3, order="F"), whole)
    assert not np.allclose(both.flat.reshape(4, 2, 3), whole)
    assert np.isclose(both.by_rows, np.abs(both.flat.reshape(4, 2, 3) - whole).max())
    assert "the same 4×2×3 array" in both.says and "reshaped by rows, the matrix gives a wrong one" in both.says
    assert both.partials.text.startswith("∂f/∂x_1 =\n[[U_11*V_11, U_11*V_12],\n [U_21*V_11, U_21*V_12],")
    assert both.jacobian.text.startswith("[[U_11*V_11, U_12*V_21, U_13*V_31],\n [U_21*V_11,")
    assert both.partials.entries == cf.derivative(cf.parse("U*diag(x)*V", EXAMPLE), "x").written_out().entries


@given(f=st.sampled_from([f for f, *_ in CASES]), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_they_agree_at_any_point(f, seed):
    wrt = next(x for g, x, _ in CASES if g == f)
    env = values({"m": 2, "n": 2, "p": 3, "q": 2}, SHAPES, seed)
    both = cf.derivative(cf.parse(f, SHAPES), wrt).routes(at=env)
    assert both.difference <= 1e-9 * max(1.0, np.abs(both.stacked).max())


def test_where_the_order_does_not_matter_nothing_is_said_of_it():
    both = cf.derivative(cf.parse("x*x'", SHAPES), "x").routes(n=2)
    assert both.by_rows == 0 and "by rows" not in both.says
    assert "by rows" not in cf.derivative(cf.parse("A*x", SHAPES), "x").routes().says


def test_as_data():
    fields = cf.derivative(cf.parse("x*y'", SHAPES), "x").routes(m=1, n=2).as_dict()
    assert fields["jacobian"]["entries"] == (("y_1", "0"), ("0", "y_1"))
    assert np.shape(fields["stacked"]) == (2, 1, 2) and fields["difference"] == 0
    assert fields["point"].keys() >= {"x", "y"}


MISTAKES = [
    ("x'*x", ["x", "x"], {}, RequestError, "a first derivative"),
    ("S*x", ["S"], {}, RequestError, "the entries of S are not free"),
    ("A*X*B", ["X"], {"m": 9, "q": 12}, TooLarge, "432 entries"),
    ("tr(A*X)*x", ["x"], {"m": 10**5}, TooLarge, "too large to check"),
    ("A*X*B", ["X"], {"z": 9}, RequestError, "not a dimension"),
    ("A*X*B", ["X"], {"at": {"X": np.eye(2)}}, RequestError, "missing argument S"),
    ("A*x", ["x"], {"at": {"A": np.eye(3), "x": np.ones(2), "X": 1, "S": 1, "B": 1}}, ShapeError, "the given value"),
]


@pytest.mark.parametrize(("f", "wrt", "given", "kind", "told"), MISTAKES, ids=[f"{f} {t}" for f, *_, t in MISTAKES])
def test_mistakes(f, wrt, given, kind, told):
    shapes = {"S": ("n", "n"), "A": ("m", "n"), "X": ("n", "p"), "B": ("p", "q"), "x": ("n",)}
    if "tr" in f:
        shapes = {"A": ("m", "m"), "X": ("m", "m"), "x": (2,), "S": (2, 2)}
    D = cf.derivative(cf.parse(f, shapes, {"S": ["symmetric"]}), *wrt)
    with pytest.raises(kind, match=told):
        D.routes(**given)


def test_routes_that_differ_are_never_shown(monkeypatch):
    true = module.stacked_derivative
    monkeypatch.setattr(module, "stacked_derivative", lambda f, x: true(f, x) * 2)
    with pytest.raises(VerificationError, match="the two routes to the derivative differ"):
        cf.derivative(cf.parse("A*X*B", SHAPES), "X").routes()
