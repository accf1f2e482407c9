"""An array and its transpose are worked on once, and matrices lie as they are read."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from closedform.program.compile import compile
from closedform.verification.interpreter import evaluate

SHAPES = {
    name: tuple(dims)
    for name, dims in zip("WTUVXMCYS", ["mn", "mn", "mk", "nk", "mk", "nk", "nm", "mk", "nn"], strict=True)
}
RESIDUAL = "norm2(W.*(T - U*V'))^2"
MIXTURE = "-sum(log(sum(exp(X*M' - 0.5*ones(m)*sum(M.^2,2)'),2)))"
ATTENTION = "norm2(Y - (exp(U*V')./(sum(exp(U*V'),2)*ones(n)'))*M)^2"
SIZES = [(1, 1, 1), (3, 1, 2), (1, 4, 3), (5, 7, 2), (40, 9, 6)]


def parsed(text: str) -> cf.Function:
    used = {name: shape for name, shape in SHAPES.items() if name in text}
    return cf.parse(text, shapes=used, properties={"S": ["symmetric"]} if "S" in used else {})


def body(source: str) -> str:
    return source.rpartition('"""')[2]


@pytest.mark.parametrize(("m", "n", "k"), SIZES)
@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize(
    ("text", "by"),
    [
        (RESIDUAL, "U V"),
        (MIXTURE, "M"),
        (MIXTURE, "X"),
        (ATTENTION, "U V"),
        ("sum(exp(U*V' + C' - U*V'.*C'))", "U V"),
        ("sum((C'.*(U*V')).^2) + sum(C.*(V*U'))", "U V"),
    ],
)
def test_the_value_is_that_of_the_formula(text, by, backend, m, n, k):
    if backend != "numpy":
        pytest.importorskip(backend)
    f = parsed(text)
    gradients = cf.gradient(f, by.split())
    rng, sizes = np.random.default_rng(m + n), {"m": m, "n": n, "k": k}
    env = {name: rng.standard_normal([sizes[d] for d in SHAPES[name]]) for name in SHAPES if name in text}
    run = cf.compile(*gradients, backend=backend) if len(gradients) > 1 else gradients[0].compile(backend)
    found = run(**env)
    for g, value in zip(gradients, found if len(gradients) > 1 else [found], strict=True):
        wanted = evaluate(g.expr, env, sizes)
        assert np.abs(np.asarray(value) - wanted).max() <= 1e-5 * np.abs(wanted).max() + 1e-12


def test_the_residual_of_two_gradients_is_one_array():
    code = cf.compile(*cf.gradient(parsed(RESIDUAL), ["U", "V"])).source
    assert "t0 = W**2 * (U @ V.T - T)\n" in code
    assert "t0 @ V" in code
    assert "t0.T @ U" in code


def test_a_product_lies_as_its_rows_are_read():
    (g,) = cf.gradient(parsed(MIXTURE), ["M"])
    assert "X @ M.T" in body(g.code())
    (g,) = cf.gradient(parsed(ATTENTION), ["U"])
    assert "U @ V.T" in body(g.code())


def test_a_vector_that_ones_repeat_is_broadcast():
    (g,) = cf.gradient(parsed(MIXTURE), ["M"])
    assert "outer" not in body(g.code())
    assert "ones" not in body(g.code())
    assert "np.outer" in compile(parsed("sum(M.^2,2)*ones(m)'*0.5").expr).source


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C'.*(U*V')", "C.T * (U @ V.T)"),
        ("(W - C').*(W + C')", "(W - C.T) * (W + C.T)"),
        ("C'.^2", "C.T**2"),
        ("-C'", "-C.T"),
        ("sum(C', 2)", "C.sum(axis=0)"),
    ],
)
def test_what_cannot_gain_stays(text, shown):
    assert shown in body(compile(parsed(text).expr).source)


def test_a_difference_is_negated_by_its_order():
    assert "return M - V" in compile(parsed("-(V - M)").expr).source


def test_a_softmax_by_rows_and_its_slope_are_computed_in_place():
    (g,) = cf.gradient(parsed(ATTENTION), ["U"])
    assert "t0 = rowexp(U @ V.T)\n" in g.code()
    assert "rowslope(t2 @ M.T, t0, t1)" in g.code()


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_the_slope_keeps_its_digits_where_one_entry_dominates(backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    f = cf.parse("sum(C.*(exp(X)./(sum(exp(X), 2)*ones(n)')))", shapes={"C": ("m", "n"), "X": ("m", "n")})
    (g,) = cf.gradient(f, ["X"])
    X, C = np.array([[60.0, 1.0, 0.0], [0.1, 0.2, 0.3]]), np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 4.0]])
    E = np.exp((X - X.max(1, keepdims=True)).astype("longdouble"))
    P, D = E / E.sum(1, keepdims=True), C[:, None, :] - C[:, :, None]
    wanted = -P * (D * P[:, None, :]).sum(2)
    assert np.allclose(
        np.asarray(g.compile(backend)(C=C, X=X)), wanted.astype(float), rtol=1e-12 if backend != "jax" else 1e-5, atol=0
    )


def test_terms_that_are_each_others_transpose_are_computed_once():
    text = "sum(exp(-sum((M - ones(m)*u').^2,2)))"
    (H,) = [cf.hessian(cf.parse(text, shapes={"M": ("m", "k"), "u": ("k",)}), "u")]
    code = body(H.code())
    assert code.count("u - M") + code.count("M - u") + code.count("- M.T") == 1
