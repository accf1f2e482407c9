"""Index notation without products that cancel."""

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
