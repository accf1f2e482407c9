"""The corpus: every case in scope is answered right, in closed form, and about as short as an author's."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from tests.corpus.cases import cases
from tests.corpus.count import operations
from tests.corpus.make_references import references
from tests.corpus.outcome import outcome, outcomes, scope

ALL = os.environ.get("CLOSEDFORM_ALL_REFERENCES") or os.environ.get("CI")
RECOMPUTED = sorted(cases()) if ALL else random.Random().sample(sorted(cases()), 12)


@pytest.mark.parametrize("name", scope())
def test_an_answer_has_the_value_of_the_jax_derivative_as_code_and_as_text(name):
    result = outcome(name)
    assert not result.is_wrong, f"{result.text}: code off by {result.error:.1e}, text off by {result.error_of_text:.1e}"


def test_at_least_97_percent_are_answered():
    refused = [f"{o.case['id']}: {o.refused}" for o in outcomes() if not o.text]
    assert len(refused) <= 0.03 * len(scope()), "\n".join(refused)


def test_at_least_99_percent_of_the_answers_are_in_matrix_notation():
    answered = [o for o in outcomes() if o.text]
    indexed = [f"{o.case['id']}: {o.text}" for o in answered if not o.is_closed]
    assert len(indexed) <= 0.01 * len(answered), "\n".join(indexed)


def test_at_least_90_percent_are_no_longer_than_a_careful_authors_formula():
    compared = [o for o in outcomes() if o.text and o.case["expected"]]
    longer = [
        f"{o.case['id']}: {o.text}  >  {o.case['expected']}"
        for o in compared
        if o.operations > operations(o.case["expected"])
    ]
    assert len(longer) <= 0.10 * len(compared), "\n".join(longer)


def test_the_stored_references_are_what_jax_computes_today():
    from tests.corpus.reference import reference

    for name in RECOMPUTED:
        for sizes, env, value, slope in references()[name][: None if ALL else 1]:
            F, D = reference(cases()[name], env, sizes)
            assert np.allclose(F, value, rtol=1e-9, atol=1e-10), name
            assert np.allclose(D, slope, rtol=1e-8, atol=1e-9 * max(1, np.abs(slope).max())), name


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("X'*diag(s.*(1-s))*X", 6),
        ("-2*A + eye(n)", 2),
        ("-a'", 2),
        ("a", 0),
        ("2.*x", 1),
        ("1e-3*x./y.^-2", 3),
        ("sum(X, 1)", 1),
        ("ones(m,n) - tanh(W*X).^2", 4),
        ("-(a*b)", 2),
        ("a*-b", 2),
        ("f(-3)", 1),
        ("(A+B)'", 2),
    ],
)
def test_operations_are_counted_on_the_text(text, count):
    assert operations(text) == count
