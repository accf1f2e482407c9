"""Programs for sizes that differ: what they choose, when they are made, and that their values are the same."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import Expr
from closedform.core.shape import dim
from closedform.program.compile import compile
from closedform.program.lengths import TYPICAL, assuming, length, rounded
from tests.program.test_code_values import assert_same_value
from tests.strategies import SIZES, expressions

jax.config.update("jax_enable_x64", True)
CHAIN = "A*B*C*D"
SHAPES = {"A": ("m", "n"), "B": ("n", "k"), "C": ("k", "n"), "D": ("n", "m")}


def chain(**sizes):
    """The product, its matrices, and what it is."""
    rng = np.random.default_rng(0)
    values = {name: rng.standard_normal([sizes[d] for d in shape]) for name, shape in SHAPES.items()}
    expected = values["A"] @ values["B"] @ (values["C"] @ values["D"])
    return compile(cf.parse(CHAIN, shapes=SHAPES).expr), values, expected


@pytest.mark.parametrize(
    ("sizes", "order"),
    [
        ({"m": 300, "n": 300, "k": 2}, "A @ B @ (C @ D)"),
        ({"m": 300, "n": 2, "k": 300}, "A @ (B @ C @ D)"),
    ],
)
def test_the_order_of_products_is_that_of_the_sizes_of_the_call(sizes, order):
    run, values, expected = chain(**sizes)
    np.testing.assert_allclose(run(**values), expected, rtol=1e-10, atol=1e-10)
    ways = [order, "A @ (B @ C) @ D"] if sizes["n"] == 2 else [order]
    assert any(f"return {way}\n" in run.fitted(sizes).source for way in ways), run.fitted(sizes).source
    out = np.empty_like(expected)
    assert run(**values, out=out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-10)


def test_a_program_is_made_once_for_sizes_near_each_other():
    run, values, _ = chain(m=300, n=300, k=2)
    run(**values)
    (made,) = run.for_sizes.values()
    run(**chain(m=290, n=310, k=2)[1])
    assert list(run.for_sizes.values()) == [made] and run.fitted({"m": 299, "n": 301, "k": 2}) is made


@pytest.mark.parametrize("sizes", [{"m": 300, "n": 200, "k": 300}, {"m": 30, "n": 1, "k": 1}, {"m": 0, "n": 0, "k": 0}])
def test_sizes_that_are_alike_or_little_take_the_program_there_is(sizes):
    run, values, expected = chain(**sizes)
    np.testing.assert_allclose(run(**values), expected, rtol=1e-10, atol=1e-10)
    assert run.fitted(sizes) is run and not run.for_sizes


def test_one_that_would_be_the_same_is_not_kept():
    run = compile(cf.parse("A*x", shapes={"A": ("m", "n"), "x": ("n",)}).expr)
    assert run.fitted({"m": 1000, "n": 2}) is run


@pytest.mark.parametrize("backend", ["jax", "torch", "numba"])
def test_every_back_end_chooses(backend):
    sizes = {"m": 300, "n": 300, "k": 2}
    _, values, expected = chain(**sizes)
    run = compile(cf.parse(CHAIN, shapes=SHAPES).expr, backend=backend)
    np.testing.assert_allclose(np.asarray(run(**values)), expected, rtol=1e-8, atol=1e-8)
    assert run.fitted(sizes) is not run


def test_the_cost_is_that_of_the_program_that_runs():
    f = cf.parse("tr(A*B*C*D)", shapes=SHAPES)
    D = cf.gradient(f, ["A"])[0]
    thin, thick = D.cost(m=2, n=512, k=512), D.growth().at({"m": 2, "n": 512, "k": 512})
    assert thin.flops * 20 < thick.flops


def test_sizes_are_assumed_only_inside():
    with assuming({"n": 7}):
        assert (length(dim("n")), length(dim("m"))) == (7, TYPICAL)
    assert length(dim("n")) == TYPICAL


def test_no_more_programs_are_kept_than_some():
    run, _, _ = chain(m=300, n=300, k=2)
    for m in range(60):
        run.fitted({"m": 1, "n": 2 ** (m % 30 + 3), "k": 2 ** (m // 2 + 3)})
    assert 20 < len(run.for_sizes) <= 32
    assert run.fitted({"m": 2**40, "n": 1, "k": 2}) is run


SKEWED = st.fixed_dictionaries({name: st.sampled_from([1, 2, 30, 1000, 10**5]) for name in SIZES})


@given(e=expressions(), seed=st.integers(0, 99), sizes=SKEWED)
@settings(max_examples=150, deadline=None)
def test_the_value_is_the_same_whatever_sizes_a_program_is_made_for(e: Expr, seed: int, sizes: dict[str, int]) -> None:
    assert_same_value(e, seed, sizes)


def test_sizes_are_rounded_to_powers_of_two():
    assert rounded({"m": 1000, "n": 20}) == (("m", 1024), ("n", 16))
    assert rounded({}) == ()
