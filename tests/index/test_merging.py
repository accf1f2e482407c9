"""Index notation in few products: none that cancel, and sums of those that differ in one factor."""

from __future__ import annotations

import pytest

from closedform import derivative, parse

SHAPES = {"A": ("n", "n"), "S": ("n", "n"), "X": ("m", "n"), "Y": ("m", "n")}
CASES = [
    ("(X + Y).*(X - Y)", ["X"], "2*delta_ik*delta_jl*X_ij"),
    ("logdet((S*A)^2)", ["S", "A"], "0"),
    ("X*Y'", ["Y"], "delta_jk*X_il"),
]


@pytest.mark.parametrize(("text", "wrt", "entry"), CASES, ids=[c[0] for c in CASES])
def test_products_that_cancel_are_not_shown(text, wrt, entry):
    D = derivative(parse(text, {k: v for k, v in SHAPES.items() if k in text}), *wrt)
    D.check()
    assert D.index().split(" = ")[-1] == entry


NETWORK = {"v": ("h",), "W": ("h", "d"), "X": ("d", "s"), "y": ("s",)}
SUMS = [
    ("sum(softplus(v'*sigmoid(W*X))) - v'*sigmoid(W*X)*y", ["W", "W"], NETWORK, 2),
    ("sum(exp(X*Y')) - 3*sum(tanh(X*Y'))", ["X", "X"], SHAPES, 1),
    ("sum(exp(X*Y')) - sum((X*Y').^3)/2 + sum((X*A).^3)", ["X", "X"], SHAPES, 2),
]


@pytest.mark.parametrize(("text", "wrt", "shapes", "count"), SUMS, ids=[c[0] for c in SUMS])
def test_products_that_differ_in_one_factor_are_one(text, wrt, shapes, count):
    D = derivative(parse(text, {k: v for k, v in shapes.items() if k in text}), *wrt)
    D.check()
    assert len(D.output.products) == count
