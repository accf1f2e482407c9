"""The drawings say what is true: sizes to scale, every node once, zeros where there are zeros."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from hypothesis import assume, given, settings

import closedform as cf
from closedform.core.expr import topological
from closedform.drawing.factors import factors
from closedform.drawing.graph import graph
from closedform.drawing.sparsity import sparsity
from closedform.drawing.svg import SIZES, UNIT, sample_sizes, svg, text
from tests.strategies import expressions


def boxes(drawing: str) -> list[tuple[float, float]]:
    return [(float(r.get("height")) / UNIT, float(r.get("width")) / UNIT) for r in fromstring(drawing).iter("rect")]


def words(drawing: str) -> list[str]:
    return [t.text for t in fromstring(drawing).iter("text") if t.text]


def derivative(f: str, x: str, **declared) -> cf.Derivative:
    return cf.derivative(cf.parse(f, **declared), x)


def test_factors_are_drawn_to_scale():
    drawing = factors(derivative("norm2(X*w - y)^2", "w"))
    assert sample_sizes([derivative("norm2(X*w - y)^2", "w").shown]) == {"m": 6, "n": 4}
    assert boxes(drawing) == [(4, 1), (4, 6), (6, 1)]  # the gradient is X' times a column
    assert "∂f/∂w" in words(drawing) and "Xᵀ" in words(drawing)


def test_equal_parts_are_one_node():
    f = cf.parse("x'*A*x + log(x'*A*x)").expr
    drawing = graph(f)
    assert len([w for w in words(drawing) if w == "A"]) == 1
    assert len(list(fromstring(drawing).iter("line"))) == sum(len(n.args) for n in topological([f]))


def test_zeros_are_where_they_are():
    drawing, sizes, filled, total = sparsity(derivative("exp(x)", "x"))
    assert (filled, total) == (8, 64) and sizes == {"n": 8}
    assert sparsity(derivative("A*x", "x"))[2:] == (48, 48)
    places = [(r.get("x"), r.get("y")) for r in fromstring(drawing).iter("rect")][1:]
    assert len(places) == 8 and all(x == y for x, y in places)


def test_a_constant_has_a_pattern():
    assert sparsity(derivative("2*x", "x"))[2:] == (8, 64)


@pytest.mark.parametrize("f", ["x'*x", "sum(exp(A*x))"])
def test_a_vector_has_no_pattern(f):
    assert sparsity(derivative(f, "x")) is None


def test_what_is_too_large_is_not_drawn():
    D = derivative("A*x", "x", shapes={"A": (500, 300), "x": (300,)})
    assert factors(D) is None and sparsity(D) is None
    assert graph(cf.parse("+".join(f"exp({i}*x)" for i in range(60))).expr) is None


@given(f=expressions())
@settings(max_examples=40, deadline=None)
def test_any_function_can_be_drawn(f):
    drawing = graph(f)
    assume(drawing is not None)
    root = fromstring(drawing)
    width, height = float(root.get("width")), float(root.get("height"))
    for t in root.iter("text"):
        assert 0 <= float(t.get("x")) <= width and 0 <= float(t.get("y")) <= height


def test_the_text_in_a_drawing_is_escaped():
    shown = svg(1, 1, [text(0, 0, "<script>&")], 'a"><b>')
    assert "<script" not in shown and "<b>" not in shown and fromstring(shown).get("aria-label") == 'a"><b>'


def test_sample_sizes_are_those_of_the_names():
    D = derivative("A*X*B", "X")
    assert sample_sizes([D.function.expr]) == dict(zip("mnpq", SIZES, strict=False))
    assert np.prod(list(sample_sizes([D.function.expr]).values())) > 0
