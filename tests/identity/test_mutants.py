"""The corpus: what its authors expect is never called false, and a mistake in it never true."""

from __future__ import annotations

import random

import pytest

from tests.corpus.cases import cases
from tests.identity.mutants import formulas, judged, mutants, run, statement

SLICE = 250  #: mutants that the suite judges; `python -m tests.identity.mutants` judges them all

#: formulas that hold for the values their case draws only: X with det X > 0, a symmetric W
UNDER_A_CONDITION = {
    "cookbook-66c": "X is symmetric positive definite",
    "st-laplacian-dX": "W is symmetric",
}


@pytest.mark.parametrize("name", formulas())
def test_an_expected_formula_is_true(name):
    v = judged(cases()[name], formulas()[name])
    if name in UNDER_A_CONDITION:
        assert v.verdict == "conditional" and UNDER_A_CONDITION[name] in v.conditions
    else:
        assert v.verdict == "true", statement(cases()[name], formulas()[name])


def test_a_mistake_is_never_called_true():
    chosen = random.Random(1).sample(list(mutants()), SLICE)
    counts, odd, _ = run(chosen)
    assert sum(counts.values()) > 0.85 * SLICE
    assert odd == []
