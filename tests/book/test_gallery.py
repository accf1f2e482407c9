"""The gallery: every gradient is that of JAX, every Hessian that of PyTorch; the entries are in order."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from book.gallery import Entry, fields
from closedform.core.expr import Expr
from closedform.core.shape import ONE
from closedform.syntax.declare import declarations
from tests.fuzz.reference import jax_engine, slopes, torch_engine

ENTRIES = [pytest.param(e, id=f"{name}: {e.name}") for name, page in fields().items() for e in page.entries]
SIZES = {"k": 2, "d": 3, "n": 4, "p": 5, "q": 3, "m": 6}  #: the same for all, so that JAX compiles an operation once
DRAWN = {
    "normal": lambda rng, shape: 0.6 * rng.standard_normal(shape),
    "small": lambda rng, shape: 0.2 * rng.standard_normal(shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2, shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "large": lambda rng, shape: rng.uniform(6, 8, shape),
}


def drawn(x: Expr, entry: Entry, rng) -> np.ndarray:
    """A value of a variable, with two axes, with its properties."""
    shape = tuple(d.value(SIZES) for d in x.shape)
    given = x.data.properties
    X = DRAWN[entry.sample.get(x.data.name, "positive" if "positive" in given else "normal")](rng, shape)
    if "spd" in given:
        return X @ X.T + np.eye(len(X))
    if "symmetric" in given:
        return X + X.T
    return np.diag(np.diag(X)) if "diagonal" in given else X


def compact(x: Expr, value: np.ndarray) -> np.ndarray:
    """As compiled code takes it: without the axes of length one."""
    return value.reshape([n for n, d in zip(value.shape, x.shape, strict=True) if d is not ONE])


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_compiled_derivatives_are_those_of_jax_and_pytorch(entry):
    f = cf.parse(entry.f, *declarations([entry.let]), infer=True)
    rng = np.random.default_rng(7)
    env = {name: drawn(x, entry, rng) for name, x in f.variables.items()}
    for order in range(1, 2 + entry.hessian):
        D = cf.derivative(f, *[entry.by] * order)
        got = np.asarray(D.compile()(**{name: compact(f.variables[name], v) for name, v in env.items()}))
        weights = (
            rng.standard_normal([d.value(SIZES) for d in f.expr.shape]) if not f.expr.is_scalar else np.ones((1, 1))
        )
        wanted = slopes(f.expr, D.variables, weights, env, SIZES, (jax_engine, torch_engine)[order - 1]())
        if not f.expr.is_scalar:
            got = np.tensordot(weights[:, 0], got, 1)
        assert np.isfinite(wanted).all()
        assert np.allclose(got.ravel(), wanted.ravel(), rtol=1e-8, atol=1e-9 * (1 + np.abs(wanted).max()))


def test_there_are_a_hundred_and_none_is_there_twice():
    entries = [e for page in fields().values() for e in page.entries]
    assert len(entries) >= 100 and len({e.name for e in entries}) == len(entries)
    assert len({(e.f, e.by) for e in entries}) == len(entries)


def test_every_entry_says_what_it_is_and_where_it_is_from():
    for page in fields().values():
        for e in page.entries:
            assert e.about.endswith(".") and len(e.about) < 200 and not e.source.endswith("."), e.name
            assert set(e.sample.values()) <= DRAWN.keys()
