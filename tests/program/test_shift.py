"""Exponentials that are summed are shifted in code where the shift cancels, and only there."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import Expr
from closedform.core.normal import normal
from closedform.program.compile import compile
from closedform.program.shift import shifted
from closedform.verification.interpreter import evaluate

SHAPES = {
    "X": ("m", "n"),
    "w": ("n",),
    "u": ("m",),
    "V": ("n", "k"),
    "x": ("n",),
    "y": ("n",),
    "a": (),
    "b": (),
    "c": (),
}

CANCEL = [
    "log(exp(X)*w)",
    "log(exp(X)'*u)",
    "log(sum(exp(X)))",
    "exp(X)./sum(exp(X))",
    "diag(1./(exp(X)*w))*exp(X)*V",
    "exp(X)'*diag(1./(exp(X)*w))",
    "exp(X)'*(1./(exp(X)*w))",
    "exp(X)*diag(1./(exp(X)'*u))",
    "diag(exp(X)'*diag(1./(exp(X)*w).^2)*exp(X))",
    "sum(diag(u./(exp(X)*w))*exp(X), 2)",
    "tr(exp(X)'*diag(1./(exp(X)*w))*ones(m,n))",
    "exp(a)/(exp(a) + exp(b) + exp(c))",
    "exp(a + b)/(exp(a) + 2*exp(b))^2",
    "exp(x)./(exp(x) + 3*exp(y))",
    "exp(a)/(exp(a) - 1)",
    "(exp(a) + exp(b))/(exp(a) + exp(c))",
]
STAY = [
    "exp(X)*w",
    "1./(exp(X)*w)",
    "log(exp(X)*w)'*(exp(X)*w)",
    "diag(1./(exp(X)*w).^2)*exp(X)",
    "exp(X)*diag(1./(exp(X)'*u).^2)",
    "diag(sin(exp(X)*w)./(exp(X)*w))*exp(X)",
    "exp(a)/(1 + a)",
]


def stated(text: str) -> Expr:
    used = {name: shape for name, shape in SHAPES.items() if name in text.replace("exp", "").replace("diag", "")}
    return normal(cf.parse(text, shapes=used).expr)


@pytest.mark.parametrize("text", CANCEL)
def test_a_shift_that_cancels_is_taken_out_and_does_not_change_the_value(text):
    e = stated(text)
    assert shifted(e) is not e
    assert_value(e)


@pytest.mark.parametrize("text", STAY)
def test_a_shift_that_does_not_cancel_is_not_made(text):
    e = stated(text)
    assert shifted(e) is e
    assert_value(e)


def assert_value(e: Expr) -> None:
    rng, sizes = np.random.default_rng(0), {"m": 3, "n": 4, "k": 2}
    run = compile(e)
    env = {a.name: rng.uniform(0.2, 2, [d.value(sizes) for d in a.dims]) for a in run.arguments}
    columns = {k: v if v.ndim == 2 else v.reshape(-1, 1) for k, v in env.items()}
    expected = evaluate(e, columns, sizes)
    found = np.asarray(run(**env, **{n: sizes[n] for n in run.sizes}))
    assert np.allclose(found.reshape(expected.shape), expected, rtol=1e-12)
