"""The corpus: every case in scope is answered right, in closed form, and about as short as an author's."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

import closedform as cf
from tests.corpus.cases import cases
from tests.corpus.count import operations
from tests.corpus.make_references import references
from tests.corpus.outcome import outcome, outcomes, parsed, scope
from tests.corpus.page import PAGE, page

ALL = os.environ.get("CLOSEDFORM_ALL_REFERENCES")  #: not a random part of them
PART = 120 if os.environ.get("CI") else 12
RECOMPUTED = sorted(cases()) if ALL else random.Random().sample(sorted(cases()), PART)


@pytest.mark.parametrize("name", scope())
def test_an_answer_has_the_value_of_the_jax_derivative_as_code_and_as_text(name):
    result = outcome(name)
    assert not result.is_wrong, f"{result.text}: code off by {result.error:.1e}, text off by {result.error_of_text:.1e}"


def test_every_case_is_answered_or_refused_by_the_name_of_a_matrix_function():
    refused = [o for o in outcomes() if not o.text]
    assert len(refused) <= 0.03 * len(scope())
    assert all(any(name in o.refused for name in ("expm", "logm", "sqrtm")) for o in refused)


def test_the_page_of_the_corpus_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.corpus.page"


MANY = [name for name in scope() if references()[name][0][3].ndim > 2]


@pytest.mark.parametrize("name", MANY)
def test_a_derivative_with_many_indices_has_every_form(name):
    """Stacked with Kronecker products, as a map, in index notation, and in every layout with its shape."""
    case = cases()[name]
    f = parsed(case, case["expr"])
    if outcome(name).refused:
        pytest.skip("refused by name")
    D = cf.derivative(f, *case["wrt"])
    assert parsed(case, D.vec()).expr.shape == D.in_layout("vec").expr.shape
    assert D.operator().startswith(f"d{case['wrt'][-1]} -> ")
    assert D.index().startswith("J")
    assert all(row.formula and row.shape for row in D.layouts())


STRUCTURED = [name for name, case in cases().items() if case.get("structured") in ("symmetric", "diagonal")]


@pytest.mark.parametrize("name", STRUCTURED)
def test_inside_a_structured_set_the_derivative_is_that_by_its_free_entries(name):
    case = cases()[name]
    D = cf.derivative(parsed(case, case["expr"]), *case["wrt"], symmetric="entries")
    run = D.compile()
    for _, env, _, slope in references()[name]:
        assert np.allclose(run(**env), slope, rtol=1e-8, atol=1e-10)


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
