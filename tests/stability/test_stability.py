"""Compiled code is as accurate as the best formula, at extreme points of every case of the corpus."""

from __future__ import annotations

import re
import zlib

import numpy as np
import pytest
from mpmath import mp, mpf

import closedform as cf
from closedform.core.expr import OPS
from closedform.core.normal import normal
from closedform.program.compile import compile
from closedform.verification.interpreter import evaluate
from tests.corpus.cases import Case, cases, in_scope
from tests.corpus.make_references import references
from tests.corpus.outcome import columns
from tests.stability.bench import Formula, formulas, measure
from tests.stability.exact import FUNCTIONS, LEAVES, SLOW, exact
from tests.stability.patterns import patterns
from tests.stability.points import Point, points

SOME = 5  #: points of each case of the corpus that the suite takes; the command takes all
CORPUS = [name for name, case in cases().items() if in_scope(case)]


def some(case: Case) -> list[Point]:
    """A few points of a case, others for every case."""
    every = list(points(case))
    first, number = zlib.crc32(case["id"].encode()) % 7, 1 if re.search("|".join(SLOW), case["expr"]) else SOME
    return every[first :: max(1, len(every) // number)]


def assert_stable(case: Case, at: list[Point]) -> None:
    results = [measure(case, f, p) for f in formulas(case) for p in at]
    worst = [r for r in results if r.failed]
    assert not worst, "\n".join(f"{r.what} at {r.point}: {r.factor:.1e} {r.why}" for r in worst)


@pytest.mark.parametrize("name", CORPUS)
def test_a_case_of_the_corpus_errs_at_most_a_hundred_times_more_than_the_best_formula(name):
    assert_stable(cases()[name], some(cases()[name]))


@pytest.mark.parametrize("name", patterns())
def test_what_users_type_is_computed_stably_at_every_extreme_point(name):
    case = patterns()[name]
    assert_stable(case, list(points(case)))


def test_code_that_follows_the_formula_fails():
    case = patterns()["tanh(x) by x"]
    slope = formulas(case)[1]

    def naive(x: np.ndarray) -> np.ndarray:
        return np.diag(1 - np.tanh(x) ** 2)

    naive.names = ["x"]  # type: ignore[attr-defined]
    wrong = [measure(case, Formula("df", slope.expr, naive), p) for p in points(case)]
    assert sum(r.failed for r in wrong) >= 3


def test_every_operation_has_an_exact_value():
    assert {*FUNCTIONS, *LEAVES, "hadamard", "scale"} == set(OPS)


@pytest.mark.parametrize("name", CORPUS[::17])
def test_the_exact_value_is_that_of_the_interpreter_where_that_is_accurate(name):
    case = cases()[name]
    sizes, env, _, _ = references()[name][0]
    for formula in formulas(case):
        E = exact(formula.expr, columns(env), sizes)[formula.expr].astype(float)
        assert np.allclose(E, evaluate(formula.expr, columns(env), sizes), rtol=1e-9, atol=1e-12)


# the Gaussian likelihood at condition number 1e12

GAUSS = "-0.5*logdet(S) - 0.5*(x - u)'*inv(S)*(x - u)"


def ill_conditioned(rng: np.random.Generator, n: int, condition: float) -> np.ndarray:
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    S = (Q * np.geomspace(1, 1 / condition, n)) @ Q.T
    return (S + S.T) / 2


@pytest.mark.parametrize("wrt", [(), ("S",), ("u",)], ids=["value", "by S", "by u"])
@pytest.mark.parametrize("seed", range(5))
def test_a_gaussian_likelihood_keeps_four_digits_at_condition_number_1e12(wrt, seed):
    rng = np.random.default_rng(seed)
    f = cf.parse(GAUSS, properties={"S": ["spd"]})
    n = 6
    env = {"S": ill_conditioned(rng, n, 1e12), "x": rng.standard_normal(n), "u": rng.standard_normal(n)}
    if wrt:
        D = cf.derivative(f, *wrt)
        e, run = D.stages[-1].answer, D.compile()
    else:
        e = normal(f.expr)
        run = compile(e)
    E = exact(e, columns(env), {"n": n})[e]
    found = np.asarray(run(**env), dtype=float).reshape(E.shape)
    with mp.workdps(50):
        error = max(abs(mpf(float(v)) - x) for v, x in zip(found.flat, E.flat, strict=True))
        assert error <= mpf(1e-4) * max(map(abs, E.flat))
