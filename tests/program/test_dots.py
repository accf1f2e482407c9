"""Sums of A ⊙ B and of squares along an axis, in one pass over the matrices."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import closedform as cf
from closedform.program.compile import compile

SHAPES = {"A": ("m", "n"), "B": ("m", "n"), "C": ("n", "m"), "u": ("n",)}
RNG = np.random.default_rng(0)
VALUES = {"A": RNG.standard_normal((5, 3)), "B": RNG.standard_normal((5, 3))}
VALUES |= {"C": RNG.standard_normal((3, 5)), "u": RNG.standard_normal(3)}


def parsed(text: str) -> cf.Function:
    return cf.parse(text, shapes={name: shape for name, shape in SHAPES.items() if name in text})


@pytest.mark.parametrize("backend", ["numpy", "torch", "numba"])
@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        ("sum(A.*B, 2)", "rowdots(A, B)", lambda A, B, C, u: (A * B).sum(1)),
        ("sum(A.*B, 1)'", "columndots(A, B)", lambda A, B, C, u: (A * B).sum(0)),
        ("sum(A.^2, 2)", "rowdots(A, A)", lambda A, B, C, u: (A**2).sum(1)),
        ("diagonal(A*C)", "rowdots(A, C.T)", lambda A, B, C, u: np.diag(A @ C)),
        ("sum((A - ones(m)*u').^2, 2)", "rowdots(t0, t0)", lambda A, B, C, u: ((A - u) ** 2).sum(1)),
    ],
)
def test_a_sum_of_products_by_rows_is_one_call(text, code, value, backend):
    f = parsed(text)
    run = compile(f.expr, backend=backend)
    if backend == "numpy":
        assert code in run.source
    found = np.asarray(run(**{name: VALUES[name] for name in run.names}))
    np.testing.assert_allclose(found, value(**VALUES), rtol=1e-13)


@pytest.mark.parametrize("text", ["sum(A.*B, 2)*sum(exp(A.*B))", "sum(exp(A), 2)"])
def test_what_has_another_use_or_is_no_product_of_two_is_summed(text):
    assert "dots" not in compile(parsed(text).expr).source.rpartition('"""')[2]


@pytest.mark.parametrize("text", ["sum(A.*B, 2)", "sum(A.^2, 2)", "sum(A.*B, 1)'"])
def test_sparse_matrices_are_multiplied_as_they_are(text):
    run, dense = compile(parsed(text).expr), VALUES["A"] * (VALUES["A"] > 0)
    rest = {name: VALUES[name] for name in run.names if name != "A"}
    np.testing.assert_allclose(run(A=scipy.sparse.csr_array(dense), **rest), run(A=dense, **rest), rtol=1e-14)
