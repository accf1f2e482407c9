"""Normal form: the same value, the same object for equal expressions, and nothing left to do."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closedform.core.expr import OPS, ones, symbol, topological
from closedform.core.normal import applied, normal
from closedform.core.shape import ONE, dim
from tests.strategies import WIDE, expressions
from tests.values import assert_same_value

RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@given(e=expressions() | expressions(world=WIDE), seed=st.integers(0, 99))
@settings(max_examples=400, deadline=None, suppress_health_check=RELAXED)
def test_normal_form_preserves_the_value(e, seed):
    assert_same_value(e, normal(e), seed)


@given(e=expressions() | expressions(world=WIDE))
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_normal_form_of_a_normal_form_is_itself(e):
    once = normal(e)
    assert normal(once) is once


@given(e=expressions() | expressions(world=WIDE))
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_an_operation_on_normal_forms_needs_no_node_of_what_is_written(e):
    for n in topological([e, normal(e)]):
        if n.args:
            assert applied(n.op, [normal(a) for a in n.args]) is normal(n)


@given(e=expressions() | expressions(world=WIDE))
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
def test_transposing_twice_changes_nothing(e):
    once = normal(e)
    assert normal(normal(once.T).T) is once


@given(e=expressions() | expressions(world=WIDE))
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
def test_an_expression_minus_itself_is_zero(e):
    zero = normal(e - e)
    assert zero.op.name in ("zeros", "number")
    assert zero.op.name == "zeros" or zero.data == 0


def test_a_scalar_that_comes_out_of_a_diagonal_product_stays_a_factor():
    m, n = dim("m"), dim("n")
    x, p = symbol("x", (n, ONE), []), symbol("p", (ONE, m), [])
    table = OPS["hadamard"](ones((n, ONE)) @ p, x @ ones((ONE, m)))
    assert normal(table @ ones((m, ONE))) is normal(OPS["sum"](p) * x)


def test_the_sign_of_an_antisymmetric_operand_comes_out():
    n = dim("n")
    C, f = symbol("C", (n, n), []), OPS["sinh"]
    assert normal(f(C.T - C)) is normal(-f(C - C.T))


def test_a_function_of_a_turned_difference_has_one_normal_form():
    n = dim("n")
    A, B, f = symbol("A", (n, n), []), symbol("B", (n, n), []), OPS["sin"]
    assert normal(f(A.T - B).T) is normal(f(A - B.T)) is normal(-f(B.T - A)) is normal(-f(B - A.T).T)


def test_powers_of_a_transpose_are_collected():
    A = symbol("A", (dim("m"), dim("n")), [])
    assert normal(A.T * (A**2).T) is normal(A**3).T


@pytest.mark.parametrize("p", [2, 3, 0.5, -1])
def test_a_power_of_a_transposed_sum_has_one_normal_form(p):
    A, B = symbol("A", (dim("m"), dim("n")), []), symbol("B", (dim("n"), dim("m")), [])
    assert normal((A.T + B).T ** p) is normal(((A.T + B) ** p).T)


@pytest.mark.parametrize("p", [2, 3, -1, -2])
def test_a_power_of_what_is_the_negative_of_its_transpose_but_for_a_term_is_collected(p):
    n = dim("n")
    C, T = symbol("C", (n, n), []), symbol("T", (n, n), ["spd"])
    B = C.T - C - T
    assert normal((B**p).T * B.T) is normal(B.T ** (p + 1)) is normal((B ** (p + 1)).T)
    assert normal((B**p).T * (-B).T**p) is normal((-1) ** p * B.T ** (2 * p))


def test_a_row_times_its_sign_is_its_absolute_value():
    r, sign = symbol("r", (ONE, dim("n")), []), OPS["sign"]
    once = normal(r * sign(r))
    assert once is normal(OPS["abs"](r)) is normal(normal(once.T).T)


def test_diagonal_matrices_that_cancel_leave_no_identity():
    A, u = symbol("A", (dim("m"), dim("n")), []), symbol("u", (dim("m"), ONE), [])
    rows = u @ ones((ONE, dim("n")))
    assert normal(rows * (2 * rows * A) * rows**-1 * rows**-1) is normal(2 * A)
    assert normal(OPS["diag"](u) @ OPS["diag"](2 * u**-1) @ A) is normal(2 * A)


@pytest.mark.parametrize("name", ["inv", "det", "logdet", "adj", "exp", "tr"])
def test_functions_of_an_antisymmetric_matrix_have_a_normal_form(name):
    C = symbol("C", (dim("n"), dim("n")), [])
    once = normal(OPS[name](C.T - C) + OPS[name](C - C.T))
    assert normal(once) is once
