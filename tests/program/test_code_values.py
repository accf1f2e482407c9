"""Compiled NumPy code gives the value that the independent interpreter gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from closedform.core.expr import OPS, Expr, commutation, eye, symbol, symbols
from closedform.core.shape import ONE, dim
from closedform.program.compile import compile
from closedform.verification.interpreter import values
from tests.strategies import SIZES, environment, expressions, squeezed, stacked


def assert_same_value(e: Expr, seed: int, made_for: dict[str, int] | None = None) -> bool:
    """Compare at one point; the tolerance is 1e-7 of the largest intermediate value there:
    rounding 1 to 1 − 1e-16 moves arccos(1) by 1e-8.

    False where that value is not finite, or so large that nothing can be compared.
    """
    env = environment(e, seed)
    known = values(e, env, SIZES)
    sizes = [np.abs(v).max() for v in known.values()]
    if not np.isfinite(sizes).all() or max(sizes) > 1e4:
        return False
    run = compile(e, sizes=made_for)
    arrays = {s.data.name: squeezed(env[s.data.name], s.shape) for s in symbols(e)}
    before = {name: a.copy() for name, a in arrays.items()}
    found = np.asarray(run(**arrays, **{n: SIZES[n] for n in run.sizes}))
    assert all((arrays[name] == a).all() for name, a in before.items()), "an argument was written to"
    expected = squeezed(known[e], e.shape)
    assert found.shape == expected.shape, run.source
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-7 * max(sizes)), f"{found}\n{expected}\n{run.source}"
    return True


@given(e=expressions(), seed=st.integers(0, 99))
@settings(max_examples=200, deadline=None)
@pytest.mark.filterwarnings("error")
def test_code_computes_the_value_of_the_expression(e: Expr, seed: int) -> None:
    assume(assert_same_value(e, seed))


@given(e=stacked(), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("error")
def test_code_of_kronecker_products_computes_their_value(e: Expr, seed: int) -> None:
    assume(assert_same_value(e, seed))


def test_a_kronecker_product_does_not_return_its_argument() -> None:
    v = symbol("v", (dim(6), ONE))
    run, given_array = compile(OPS["kron"](eye(dim(2)), eye(dim(3))) @ v), np.arange(6.0)
    assert not np.shares_memory(run(v=given_array), given_array)


def test_products_with_a_commutation_matrix_are_not_dense() -> None:
    v = symbol("v", (dim("m") * dim("n"), ONE))
    run = compile(commutation(dim("m"), dim("n")) @ v)
    assert run(v=np.arange(10**6), m=1000, n=1000).shape == (10**6,)
