"""The suite notices broken rules: a sample of all mutants, drawn anew for every kind; all of them by `make mutants`."""

from __future__ import annotations

import random

import pytest

from tests.mutation.killers import tried
from tests.mutation.mutants import Mutant, mutants

ALWAYS = ("sign", "factor")  #: ways to break any rule that is reached and is not zero
REFUSED = {("differential", name) for name in ("expm", "logm", "sqrtm", "ismax", "sign")} | {
    ("adjoint", name) for name in ("kron", "vec", "vech")
}  #: rules that refuse, or whose result is zero
SLICE = 10  #: of each kind


def is_refused(m: Mutant) -> bool:
    return (m.kind, m.rule) in REFUSED


def _sample() -> list[Mutant]:
    rng = random.Random(20240229)
    every = [m for m in mutants() if m.how in ALWAYS and not is_refused(m)]
    kinds = dict.fromkeys(m.kind for m in every)
    by_kind = [[m for m in every if m.kind == kind] for kind in kinds]
    return [m for some in by_kind for m in rng.sample(some, min(SLICE, len(some)))]


@pytest.mark.parametrize("mutant", _sample(), ids=str)
def test_a_broken_rule_is_noticed(mutant):
    noticed = tried(mutant)
    assert noticed not in ("survived", "idle") and not noticed.startswith("error"), noticed


def test_without_a_mutant_nothing_is_noticed():
    nothing = Mutant("vec", "add", "sign", lambda: None)
    assert tried(nothing) == "idle"
