"""The speed measurements measure what they say."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import closedform as cf
from benchmarks.speed import __main__ as command
from benchmarks.speed import compiler, driver, libraries, table
from benchmarks.speed.arms import ARMS
from benchmarks.speed.problem import GROUPS, Problem
from benchmarks.speed.problems import PROBLEMS
from benchmarks.speed.questions import by_autodiff
from benchmarks.speed.worker import Worker, answer
from closedform.core.function import Function

STORED = Path(__file__).parent.parent / "data" / "speed.json"


@pytest.fixture
def stored():
    return json.loads(STORED.read_text(encoding="utf-8"))


@pytest.fixture
def docs(tmp_path):
    page = (command.DOCS / "performance.md").read_text(encoding="utf-8")
    (tmp_path / "performance.md").write_text(page, encoding="utf-8")
    return tmp_path


def value(p: Problem, arm: str) -> np.ndarray:
    call, array = ARMS[arm].make(p, p.inputs(p.sizes[0]))
    return array(call())


@pytest.mark.parametrize("p", PROBLEMS.values(), ids=PROBLEMS)
def test_the_hand_written_derivative_is_that_of_jax(p):
    jax = libraries.jax()
    run = jax.jit(by_autodiff(p, jax, jax.numpy, libraries.jax_nn()))
    found = libraries.flat(run(**libraries.jax_arrays(p.inputs(p.sizes[0]))))
    assert driver.difference(found, value(p, "np")) <= p.tolerance


@pytest.mark.parametrize("p", PROBLEMS.values(), ids=PROBLEMS)
def test_what_closedform_compiles_is_the_hand_written_derivative(p):
    if (p.question == "newton" or len(p.by) > 1) and not hasattr(cf, "compile"):
        pytest.skip("there is no program of several derivatives")
    assert driver.difference(value(p, "cf"), value(p, "np")) <= p.tolerance


@pytest.mark.parametrize(
    ("name", "arm"), [(n, arm) for n, p in PROBLEMS.items() for arm in ("naive", "comp") if arm in p.arms]
)
def test_other_hand_written_arms_agree(name, arm):
    p = PROBLEMS[name]
    assert driver.difference(value(p, arm), value(p, "np")) <= p.tolerance


def test_every_problem_says_what_it_is():
    for p in PROBLEMS.values():
        assert isinstance(cf.parse(p.text, shapes=p.shapes, properties=p.properties), Function)
        assert set(p.by) <= set(p.shapes) <= p.inputs(p.sizes[0]).keys()
        assert list(p.sizes) == sorted(p.sizes) and set(p.factors) <= set(p.sizes)
        assert p.arms.keys() <= ARMS.keys() and "np" in p.arms


def test_a_row_is_verified_timed_and_weighed():
    row = driver.measure("quad_grad", (8,), ["cf", "naive"], rounds=2, patience=0.0)
    for arm in ("np", "cf", "naive"):
        assert len(row["arms"][arm]["seconds"]) == 2 and row["arms"][arm]["peak_bytes"] > 0
        assert row["arms"][arm]["difference"] <= 1e-8
    assert row["compiler"]["derive_s"] > 0 and "def derivative" in row["compiler"]["source"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({"do": "prepare", "problem": "gnll_grad", "size": [4], "arm": "nb", "save": ""}, "KeyError: 'nb'"),
        ({"do": "time", "arm": "np", "count": 1, "first": False}, "KeyError: 'np'"),
    ],
)
def test_an_arm_that_fails_says_why(command, why):
    assert answer(Worker("numpy"), command) == {"why": why}


def test_an_arm_that_closedform_refuses_says_so(monkeypatch):
    monkeypatch.setattr(Worker, "drop", lambda self: cf.parse("x +"), raising=False)
    assert answer(Worker("numpy"), {"do": "drop"})["why"].startswith("refused: ")


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(Worker, "drop", lambda self: __import__("no_such_library"), raising=False)
    assert answer(Worker("numpy"), {"do": "drop"}) == {"why": "no_such_library is not installed"}


@pytest.mark.parametrize(("values", "expected"), [([1.0, 2.0], 0.0), ([1.0, 3.0], 0.5), ([1.0], np.inf)])
def test_a_difference_is_relative_to_the_largest_entry(values, expected):
    assert driver.difference(np.array(values), np.array([1.0, 2.0])) == expected


def test_overhead_is_over_the_same_lines_without_conversions():
    source = cf.derivative(cf.parse("x'*A*x"), "x").code()
    assert compiler.CONVERSION.sub("", source).count("asarray") == 0
    row = compiler.overhead(PROBLEMS["quad_grad"], (8,))
    assert 0 < row["bare"] < row["callable"]


def test_the_tables_replace_what_stands_between_the_markers(stored, docs):
    page = docs / "performance.md"
    before = page.read_text(encoding="utf-8")
    text = command.tables(stored, docs)
    after = page.read_text(encoding="utf-8")
    assert text in after
    assert after.split(command.BEGIN)[0] == before.split(command.BEGIN)[0]
    assert after.split(command.END)[1] == before.split(command.END)[1]
    command.tables(stored, docs)
    assert page.read_text(encoding="utf-8") == after


def test_the_plots_have_a_point_for_every_arm_that_was_timed(stored, docs):
    command.tables(stored, docs)
    timed = sum("seconds" in r for row in table.largest(stored["rows"]) for a, r in row["arms"].items()
                if a in ("cf", "jax", "torch", "tg"))  # fmt: skip
    found = [ElementTree.parse(docs / f"{name}.svg").getroot() for name in ("speed-aim", "speed-untuned")]
    space = "{http://www.w3.org/2000/svg}"
    points = [c for root in found for c in root.iter(space + "circle") if c.find(space + "title") is not None]
    assert len(points) == timed


def test_every_problem_is_there_for_a_reason_that_has_a_table():
    assert {p.group for p in PROBLEMS.values()} == set(GROUPS)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="Prescott is an x86 processor")
def test_variables_that_pin_blas_to_another_processor_are_not_handed_on(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    assert "Prescott" not in driver.kernels() != "unknown"


def test_a_ratio_is_that_of_the_same_round():
    row = {"arms": {"cf": {"seconds": [1.0, 10.0, 3.0]}, "np": {"seconds": [1.0, 5.0]}}}
    assert table.ratios(row, "cf", "np") == [1.0, 2.0]
    assert table.spread("cf", "np")(row) == "1.50 (1.00…2.00)"
    assert table.spread("cf", "tg")(row) == "–"


def test_rows_above_a_bar_are_listed_worst_first(stored):
    found = list(table.misses(stored["rows"]))
    assert found and all(value > bar.limit for bar, _, value in found)
    for bar in table.BARS:
        values = [value for b, _, value in found if b is bar]
        assert values == sorted(values, reverse=True)
    assert table.missed([]) == "None."


def test_what_was_not_timed_is_listed_with_its_reason(stored):
    row = {"problem": "quad_grad", "size": [8], "arms": {"tg": {"why": "tensorgrad is not installed"}, "np": {}}}
    assert table.unmeasured([row]) == "- `tg`: tensorgrad is not installed (every row)"


def test_sizes_are_chosen_by_place():
    p = PROBLEMS["quad_grad"]
    assert command.chosen(p, "all") == p.sizes
    assert command.chosen(p, "first") == p.sizes[:1] and command.chosen(p, "last") == p.sizes[-1:]
    assert command.chosen(p, "0,2,9") == [p.sizes[0], p.sizes[2]]


@pytest.mark.parametrize("arguments", [["--only", "no_such"], ["--arms", "np,no_such"], ["no_such"]])
def test_unknown_names_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "no_such" in capsys.readouterr().err
