"""What a drawing of costs says is what the counts say: points, slopes, and where a call is refused."""

from __future__ import annotations

from itertools import pairwise
from math import log10
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

import closedform as cf
from closedform.drawing import growth
from closedform.errors import TooLarge
from closedform.program.bound import Bound

TRACE = "tr(A*X'*B*X*C)"
GB = 10**9


def of(f: str, by: str):
    return cf.derivative(cf.parse(f), by).growth()


def test_the_points_are_the_operations_that_are_counted():
    g = of(TRACE, "X")
    for c in growth.operations(g):
        for n, operations in c.points:
            sizes = dict.fromkeys(g.names, growth.OTHERS) | {c.names[0]: n}
            assert operations == g.at(sizes).flops


def test_the_slope_at_large_sizes_is_the_power():
    for c in [*growth.operations(of(TRACE, "X")), *growth.memory(of("tanh(W*x)", "W"), GB)]:
        (n, before), (k, after) = c.points[-2:]
        assert (log10(after) - log10(before)) / (log10(k) - log10(n)) == pytest.approx(c.power, abs=0.1)


def test_sizes_with_the_same_curve_share_it():
    (c,) = growth.operations(of("norm2(X*w - y)^2", "w"))
    assert c.names == ("m", "n") and c.label == "m, n"
    assert {c.label for c in growth.operations(of(TRACE, "X"))} == {"m", "n²", "p²"}


def test_a_call_is_refused_from_the_size_that_is_named():
    g = of("tanh(W*x)", "W")
    bound = Bound(g.memory, GB, "Jacobian")
    for c in growth.memory(g, GB):
        sizes = dict.fromkeys(g.names, growth.OTHERS) | {c.names[0]: c.refused - 1}
        assert bound.admit(sizes)
        with pytest.raises(TooLarge):
            bound.admit(sizes | {c.names[0]: c.refused})


def test_what_takes_no_memory_of_its_own_is_never_refused():
    assert {c.refused for c in growth.memory(of("x'*A*x", "A"), 10**30)} == {None}


def test_lines_labels_and_the_bound_are_drawn():
    curves = growth.memory(of(TRACE, "X"), GB)
    root = fromstring(growth.draw(curves, "memory", (GB, "refused above 1.0 GB"), in_bytes=True))
    said = [t.text for t in root.iter("text")]
    assert root.get("aria-label") == "memory" and "refused above 1.0 GB" in said and "1 MB" in said
    assert {c.label for c in curves} <= set(said) and len(list(root.iter("polyline"))) == len(curves)
    (bound,) = [e for e in root.iter("line") if e.get("class") == "bound"]
    assert growth.TOP <= float(bound.get("y1")) <= growth.HEIGHT - growth.BOTTOM


def test_nothing_grows_where_no_size_has_a_name():
    assert growth.operations(of("exp(a)", "a")) == [] and growth.draw([], "operations") is None


@given(st.lists(st.floats(growth.TOP, growth.HEIGHT - growth.BOTTOM), max_size=8))
def test_labels_stand_apart_inside_the_drawing(places):
    moved = sorted(growth._apart(places))
    assert all(b - a >= growth.APART - 1e-9 for a, b in pairwise(moved))
    assert not moved or moved[-1] <= growth.HEIGHT
