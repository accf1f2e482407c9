"""The tour runs, and what is stored with it is what a fresh run gives."""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec

import pytest

from tests.test_readme import ROOT, rounding

FILE = ROOT / "docs" / "tour.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def tour():
    """The script of the tour, where what it needs is installed; in CI it has to be."""
    missing = [library for library in ("nbclient", "ipykernel") if find_spec(library) is None]
    if missing:
        reason = f"the tour needs {missing[0]}: pip install 'closedform[test]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from tests.notebook import tour

    return tour


@pytest.fixture(scope="module")
def fresh(tour):
    return tour.executed()


def tags(cell):
    return cell.metadata.get("tags", ())


def shown(cell):
    """The outputs of a cell without what differs: rounding errors, and the numbers of what is measured."""
    outputs = [{k: v for k, v in output.items() if k != "execution_count"} for output in cell.outputs]
    text = rounding(json.dumps(outputs, ensure_ascii=False, sort_keys=True))
    return re.sub(r"[0-9.]+", "…", text) if "measured" in tags(cell) else text


def test_the_stored_outputs_are_those_of_a_fresh_run(tour, fresh):
    now, then = ([c for c in nb.cells if tour.LIVE not in tags(c)] for nb in (fresh, tour.stored()))
    assert len(now) == len(then)
    for new, old in zip(now, then, strict=True):
        if new.cell_type == "code":
            assert shown(new) == shown(old), f"run python -m tests.notebook.tour:\n{new.source}"


def test_answers_are_shown_in_html_and_the_widget_is_live(fresh):
    kinds = [kind for cell in fresh.cells for o in cell.get("outputs", ()) for kind in o.get("data", ())]
    assert kinds.count("text/html") >= 12 and kinds.count(WIDGET) == 1
    assert WIDGET not in FILE.read_text(encoding="utf-8")


def test_only_the_mistake_that_is_meant_is_told_and_without_a_traceback(fresh):
    told = [c for c in fresh.cells for o in c.get("outputs", ()) if o.get("name") == "stderr"]
    assert [tags(c) for c in told] == [["raises-exception"]]
    assert not [o for c in fresh.cells for o in c.get("outputs", ()) if o.output_type == "error"]


def test_the_measured_cell_is_faster_than_differences(fresh):
    (cell,) = [c for c in fresh.cells if "measured" in tags(c)]
    assert "they agree: True" in cell.outputs[0].text
    assert int(re.search(r"(\d+) times faster", cell.outputs[0].text)[1]) >= 5


def test_the_file_is_as_the_script_writes_it_and_has_no_path(tour):
    import nbformat

    text = FILE.read_text(encoding="utf-8")
    assert nbformat.writes(tour.kept(tour.stored())) + "\n" == text
    assert not re.search(r"/(home|root|work|tmp|usr|Users)/", text)
