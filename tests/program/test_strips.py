"""Hessians that hold little more than operands and result: the values of the plain formula, whole and in strips."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from inspect import getsource
from typing import Any

import numpy as np
import pytest

import closedform as cf
from benchmarks.speed.problems import PROBLEMS
from closedform.program import memory, strips
from tests.program.test_fast_forms import assert_near

DTYPES = ["float64", "float32", "longdouble"]
SIDES = [(1, 1, 1), (2, 3, 5), (5, 1, 4), (1, 6, 3), (7, 4, 0), (3, 9, 700), (13, 11, 40)]
GIVEN = ["", "c", "d", "v", "w", "e", "f", "cdvw", "cve", "dwf", "cdvwef", "cg", "dwh", "cdvwefgh"]


def drawn(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


def pairs_given(p: int, q: int, s: int, given: str, dtype: str) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Two matrices, and what else `pair_gram` is given."""
    rng = np.random.default_rng(p + 10 * q + 100 * s)
    shapes = {"c": (s,), "d": (s,), "v": (p * (p + 1) // 2,), "w": (q * (q + 1) // 2,), "e": (p, s), "f": (q, s)}
    shapes |= {"g": (p, s), "h": (q, s)}
    more = {name: drawn(rng, dtype, *shapes[name]) for name in given}
    return drawn(rng, dtype, p, s), drawn(rng, dtype, s, q).T, more


def by_einsum(A: np.ndarray, B: np.ndarray, more: dict[str, Any]) -> np.ndarray:
    def side(X: np.ndarray, c: Any = 1.0, v: Any = None, e: Any = 0.0, g: Any = None) -> np.ndarray:
        W = np.ones((len(X),) * 2, X.dtype)
        if v is not None:
            W[np.triu_indices(len(X))] = v
            W = np.triu(W) + np.triu(W, 1).T
        P = c * W[:, :, None] * X[:, None] * X[None]
        if g is not None:
            P[np.arange(len(X)), np.arange(len(X))] = g
        return P + np.eye(len(X), dtype=X.dtype)[:, :, None] * e

    left, right = ({n: more[k] for n, k in zip("cveg", keys, strict=True) if k in more} for keys in ("cveg", "dwfh"))
    return np.einsum("iks,jls->ijkl", side(A, **left), side(B, **right))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize(("p", "q", "s"), SIDES)
def test_products_of_pairs_are_right_whole_and_in_strips(p, q, s, given, dtype):
    A, B, more = pairs_given(p, q, s, given, dtype)
    wanted = by_einsum(A, B, more)
    out = np.full(wanted.shape, np.nan, dtype)
    for result in (strips.pair_gram(A, B, **more), strips.pair_gram(A, B, out=out, **more), out):
        assert_near(result, wanted, dtype)
    left, right = ((X, *[more.get(k) for k in keys]) for X, keys in ((A, "cveg"), (B, "dwfh")))
    for place in (None, np.full(wanted.shape, np.nan, dtype), np.full(wanted.shape[::-1], np.nan, dtype).T):
        found = strips.pair_gram_in_strips(left, right, place)
        assert place is None or found is place
        assert_near(found, wanted, dtype)
        if set(given) <= {"c", "d"}:
            weights = np.ones(s, dtype) * more.get("c", 1) * more.get("d", 1)
            filled = np.full(wanted.shape, np.nan, dtype)
            strips.set_kroneckers(filled, A, B, weights, 2 * p * q)
            assert_near(filled, wanted, dtype)


@pytest.mark.parametrize(("p", "q", "s"), [(24, 25, 700), (60, 9, 1300), (9, 60, 1300), (3, 4, 40_000), (200, 3, 30)])
def test_large_products_of_pairs_are_right_symmetric_and_hold_little(p, q, s):
    A, B, more = pairs_given(p, q, s, "cve", "float64")
    tracemalloc.start()
    found = strips.pair_gram(A, B, **more)
    held = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    assert_near(found, by_einsum(A, B, more))
    assert (found == found.transpose(2, 1, 0, 3)).all() and (found == found.transpose(0, 3, 2, 1)).all()
    assert held < 0.2 * (A.nbytes + B.nbytes + found.nbytes) + 2**19


@pytest.mark.parametrize(("p", "q", "s"), [(24, 25, 700), (3, 100, 900), (100, 3, 900), (20, 20, 2000), (33, 40, 400)])
def test_large_products_of_pairs_with_weights_of_both_signs_are_right_symmetric_and_hold_little(p, q, s):
    A, B, more = pairs_given(p, q, s, "cd", "float64")
    tracemalloc.start()
    found = strips.pair_gram(A, B, **more)
    held = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    assert_near(found, by_einsum(A, B, more))
    assert (found == found.transpose(2, 3, 0, 1)).all()
    assert held < 0.2 * (A.nbytes + B.nbytes + found.nbytes) + 2**19


@pytest.mark.parametrize(("p", "q", "s"), [(3, 4, 5), (2, 40, 5), (24, 25, 700)])
def test_a_weight_that_is_not_a_number_is_seen_in_the_products_of_pairs(p, q, s):
    A, B, more = pairs_given(p, q, s, "c", "float64")
    more["c"][s // 2] = np.nan
    assert np.isnan(strips.pair_gram(A, B, **more)).all()


def test_a_number_may_stand_for_the_same_weight_everywhere():
    A, B, _ = pairs_given(5, 4, 9, "", "float64")
    for found in (
        strips.pair_gram(A, B, c=3.0),
        strips.pair_gram_in_strips((A, 3.0, None, None, None), (B, *[None] * 4)),
    ):
        assert_near(found, 3 * strips.pair_gram(A, B))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(1, 1), (7, 5), (5, 7), (33, 16), (70, 3), (9, 9), (40, 2)])
def test_the_gram_matrix_of_what_is_centred_is_right_whole_and_in_strips(m, n, dtype):
    rng = np.random.default_rng(m + n)
    A, s = drawn(rng, dtype, m, n), np.exp(drawn(rng, dtype, m))
    s /= s.sum()
    wide = A.astype("longdouble")
    wanted = (wide.T * s) @ wide - np.outer(s @ wide, s @ wide)
    out = np.full((n, n), np.nan, dtype)
    for gram in (strips.softmax_gram, strips.softmax_gram_in_strips):
        for found in (gram(A, s), gram(A, s, out=out), out, gram(np.asfortranarray(A), s), gram(A, s, out=out.T)):
            assert found.shape == (n, n) and found.dtype == A.dtype
            assert np.abs(found - wanted).max() <= 100 * np.finfo(dtype).eps * np.abs(wide).max() ** 2


@pytest.mark.parametrize("m, n", [(1024, 512), (1203, 501), (40_000, 17), (300, 2001)])
def test_a_large_gram_matrix_of_what_is_centred_loses_no_digits_and_holds_little(m, n):
    """A common offset of the rows, and a weight near 1, change nothing but their own rounding."""
    rng = np.random.default_rng(0)
    A, s = np.round(rng.standard_normal((m, n)) * 2**10) / 2**10, np.exp(3 * rng.standard_normal(m))
    s[m // 3] = 1e6 * s.sum()
    s /= s.sum()
    wanted = strips.softmaxtimes(np.sqrt(s), s, strips.centred(A, s))
    wanted = wanted.T @ wanted
    moved = A + 2.0**30
    tracemalloc.start()
    found = strips.softmax_gram(moved, s)
    held = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    assert_near(found, wanted)
    assert (found == found.T).all()
    assert held < 0.2 * (A.nbytes + found.nbytes) + 2**20


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("gram", [strips.weighted_gram, strips.softmax_gram])
def test_what_is_not_a_number_is_seen_in_the_result(gram: Callable[..., Any], bad: float) -> None:
    X, w = np.ones((1100, 600)), np.full(1100, 1 / 1100)
    X[7, 5] = bad
    with np.errstate(invalid="ignore"):
        found = gram(X, w)
    assert not np.isfinite(found[5]).any() and not np.isfinite(found[:, 5]).any()
    assert np.isfinite(found[4, 3])


def test_pairs_with_what_is_not_a_number_are_seen_in_the_result():
    A, B, _ = pairs_given(24, 25, 700, "", "float64")
    A[3, 4] = np.nan
    found = strips.pair_gram(A, B)
    assert np.isnan(found[3]).all() and np.isnan(found[:, :, 3]).all() and np.isfinite(found[2, :, 1]).all()


def test_code_and_the_count_of_memory_agree_on_what_is_large():
    large = {"weighted_gram", "signed_gram", "softmax_gram", "pair_gram"}
    assert large == set(memory.IN_STRIPS)
    assert all(f"2**{memory.LARGE.bit_length() - 1}" in getsource(strips.HELPERS[name]) for name in large)
    assert 2 ** (memory.LARGE.bit_length() - 1) == memory.LARGE


# programs


def hessian(name: str) -> Any:
    p = PROBLEMS[name]
    return cf.hessian(cf.parse(p.text, shapes=p.shapes, properties=p.properties), *p.by)


HELD = [
    ("net_hess", (512, 32, 32, 10), "pair_gram(t1, X, v=2 * t2.ravel()[packed(t2.shape[0])], e=4 * "),
    ("softmax_hess", (1000, 64, 10), "pair_gram(X.T, t0.T, d=-(1.0 / t1**2), h="),
    ("lse_hess", (1024, 512), "softmax_gram(A, softmax(A @ x + b))"),
    ("lse_hess", (2048, 1024), "softmax_gram("),
    ("poisson_hess", (1024, 512), "weighted_gram("),
    ("logreg_hess", (512,), "weighted_gram("),
    ("logreg_hess", (1024,), "weighted_gram("),
]


@pytest.mark.parametrize(("name", "size", "code"), HELD)
def test_a_hessian_holds_at_most_a_fifth_more_than_operands_and_result(name, size, code):
    D, inputs = hessian(name), PROBLEMS[name].inputs(size)
    run = D.compile()
    assert code in run.source
    given = {x: a for x, a in inputs.items() if x in run.names}
    run(**given)
    tracemalloc.start()
    found = run(**given)
    made = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    arguments = sum(np.asarray(a).nbytes for a in given.values())
    assert arguments + made <= 1.2 * (arguments + found.nbytes)
    sizes = {n: k for a in run.arguments for d, k in zip(a.dims, np.shape(given[a.name]), strict=True) for n in d.names}
    cost = D.cost(sizes)
    assert 0.8 * cost.peak <= arguments + made <= 1.25 * cost.peak
    assert_near(found, PROBLEMS[name].arms["np"].run(**inputs))
    out = np.full(found.shape, np.nan)
    assert run(**given, out=out) is out
    assert (out == found).all()


@pytest.mark.parametrize("name", ["net_hess", "softmax_hess"])
def test_small_hessians_of_pairs_are_those_of_the_hand_in_both_precisions(name):
    inputs = PROBLEMS[name].inputs(PROBLEMS[name].sizes[0])
    wanted = PROBLEMS[name].arms["np"].run(**inputs)
    for dtype, digits in (("float64", 1e-11), ("float32", 1e-4)):
        run = hessian(name).compile(dtype=dtype)
        found = run(**{x: a for x, a in inputs.items() if x in run.names})
        assert found.dtype == np.dtype(dtype) and np.allclose(found, wanted, rtol=digits, atol=digits)


def test_what_stands_on_a_diagonal_with_other_pairs_is_added_after_the_product():
    D = cf.hessian(cf.parse("norm2(Y - V*tanh(W*X))^2 + norm2(tanh(W*Z))^2"), "W")
    rng = np.random.default_rng(2)
    sizes = {"Y": (2, 6), "V": (2, 4), "W": (4, 3), "X": (3, 6), "Z": (3, 5)}
    env = {x: rng.standard_normal(s) for x, s in sizes.items()}
    run = D.compile()
    found, h = run(**{x: env[x] for x in run.names}), 1e-6
    gradient = cf.gradient(cf.parse("norm2(Y - V*tanh(W*X))^2 + norm2(tanh(W*Z))^2"), "W").compile()
    for i, j in np.ndindex(4, 3):
        step = np.zeros((4, 3))
        step[i, j] = h
        up, down = (gradient(**{x: env[x] + (s * step if x == "W" else 0) for x in gradient.names}) for s in (1, -1))
        assert np.allclose(found[:, :, i, j], (up - down) / (2 * h), rtol=1e-5, atol=1e-6)
