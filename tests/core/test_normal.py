"""Normal form: the same value, the same object for equal expressions, and nothing left to do."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closedform.core.normal import normal
from tests.strategies import expressions
from tests.values import assert_same_value

RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@given(e=expressions(), seed=st.integers(0, 99))
@settings(max_examples=400, deadline=None, suppress_health_check=RELAXED)
def test_normal_form_preserves_the_value(e, seed):
    assert_same_value(e, normal(e), seed)


@given(e=expressions())
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_normal_form_of_a_normal_form_is_itself(e):
    once = normal(e)
    assert normal(once) is once


@given(e=expressions())
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_transposing_twice_changes_nothing(e):
    once = normal(e)
    assert normal(normal(once.T).T) is once


@given(e=expressions())
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
def test_an_expression_minus_itself_is_zero(e):
    zero = normal(e - e)
    assert zero.op.name in ("zeros", "number")
    assert zero.op.name == "zeros" or zero.data == 0
