"""What SymPy and tensorgrad test, asked of closedform: answered right or refused by name, and what the peers expect."""

from __future__ import annotations

import os
import random
from functools import cache

import numpy as np
import pytest

import closedform as cf
from closedform.errors import ClosedFormError
from closedform.verification.interpreter import evaluate
from tests.corpus.cases import peers, stated_peers
from tests.corpus.make_references import peer_references
from tests.corpus.outcome import TOLERANCE, columns, difference, judge, parsed

ALL = os.environ.get("CLOSEDFORM_ALL_REFERENCES")  #: not a random part of them
PART = 80 if os.environ.get("CI") else 8
RECOMPUTED = sorted(stated_peers()) if ALL else random.Random().sample(sorted(stated_peers()), PART)
EXPECTED = [name for name, row in stated_peers().items() if row["expected"]]
TYPED = [name for name, row in peers().items() if "unsupported" in row and "expr" in row]


@cache
def value(name, text):
    """A text over the variables of a row, at each of the row's points."""
    e = parsed(stated_peers()[name], text).expr
    return [evaluate(e, columns(env), sizes) for sizes, env, _, _ in peer_references()[name]]


def error_of_expectation(name):
    """The largest difference of the peer's formula, in its layout, from JAX's derivative."""
    row, worst = stated_peers()[name], 0.0
    for found, (_, _, _, slope) in zip(value(name, row["expected"]), peer_references()[name], strict=True):
        turned = found.T if row["expected_layout"] == "denominator" else found
        order = "F" if row["expected_layout"] == "vec" else "C"
        worst = max(worst, difference(turned.reshape(slope.shape, order=order), slope))
    return worst


@pytest.mark.parametrize("name", stated_peers())
def test_the_derivative_that_a_peer_tests_has_the_value_that_jax_computes(name):
    result = judge(stated_peers()[name], peer_references()[name])
    assert not result.refused
    assert not result.is_wrong, f"{result.text}: code off by {result.error:.1e}, text off by {result.error_of_text:.1e}"


@pytest.mark.parametrize("name", stated_peers())
def test_a_row_states_the_same_function_in_our_syntax_and_in_jax(name):
    for found, (_, _, F, _) in zip(value(name, stated_peers()[name]["expr"]), peer_references()[name], strict=True):
        assert difference(found.reshape(F.shape), F) < 1e-9


@pytest.mark.parametrize("name", EXPECTED)
def test_what_the_peer_expects_is_right_in_its_layout_or_is_said_to_be_wrong(name):
    row = stated_peers()[name]
    right = error_of_expectation(name) <= TOLERANCE[len(row["wrt"])]
    assert right is not row.get("peer_is_wrong", False), row["expected"]


def test_where_the_peer_is_wrong_or_has_another_layout_a_note_says_so():
    for name in EXPECTED:
        row = stated_peers()[name]
        if row.get("peer_is_wrong") or row["expected_layout"] == "denominator":
            assert row["note"], name


@pytest.mark.parametrize("name", TYPED)
def test_what_the_syntax_cannot_state_is_refused_by_name(name):
    row = peers()[name]
    with pytest.raises(ClosedFormError) as refusal:
        cf.derivative(parsed(row, row["expr"]), *row["wrt"])
    assert refusal.value.message


def test_every_row_has_its_source_and_a_formula_or_a_reason():
    for name, row in peers().items():
        assert set(row["source"]) == {"project", "version", "file", "test"}, name
        assert row.get("unsupported") or (row["expr"] and row["jax"] and row["wrt"]), name


def test_the_stored_references_of_the_peers_are_what_jax_computes_today():
    from tests.corpus.reference import reference

    for name in RECOMPUTED:
        for sizes, env, F, slope in peer_references()[name][: None if ALL else 1]:
            found, derivative = reference(stated_peers()[name], env, sizes)
            assert np.allclose(found, F, rtol=1e-9, atol=1e-10), name
            assert np.allclose(derivative, slope, rtol=1e-8, atol=1e-9 * max(1, np.abs(slope).max(initial=0))), name
