"""Every function and every expected answer of the corpus is read; every refusal has its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from closedform.core.shape import SCALAR
from closedform.errors import ClosedFormError
from closedform.syntax.text import parse

DATA = Path(__file__).parent.parent / "data"
CASES = [json.loads(line) for line in (DATA / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
BAD = [json.loads(line) for line in (DATA / "bad.jsonl").read_text(encoding="utf-8").splitlines()]
REFUSED = [row for row in BAD if row["must"] == "reject" and not row["id"].startswith("req-")]
IN_DECLARATION = {"shape-attr", "shape-attr2", "name-varfunc", "name-attrvar"}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_a_case_is_read_with_its_declared_shapes(case):
    f = parse(case["expr"], case["vars"], case["attrs"])
    assert set(f.variables) == set(case["vars"])
    assert f.notes == ()
    if case["expected_layout"] == "gradient" and len(case["wrt"]) == 1:
        assert f.expr.shape == SCALAR or f.variables[case["wrt"][0]].is_scalar


@pytest.mark.parametrize("case", [c for c in CASES if c["expected"]], ids=lambda c: c["id"])
def test_an_expected_answer_is_read_and_has_the_shape_of_its_layout(case):
    f = parse(case["expr"], case["vars"], case["attrs"])
    g = parse(case["expected"], case["vars"], case["attrs"]).expr
    of, by = f.expr.shape, [f.variables[name].shape for name in case["wrt"]]
    if case["expected_layout"] == "gradient" and len(by) == 1:
        assert g.shape == (by[0] if of == SCALAR else of)
    elif case["expected_layout"] in ("jacobian", "vec") and len(by) == 1:
        assert g.shape == (of[0] * of[1], by[0][0] * by[0][1])
    elif case["expected_layout"] == "tensor":
        assert by == [SCALAR]
        assert g.shape == of
    else:
        assert len(by) == 2
        assert g.shape == (of[0] * by[0][0] * by[0][1], by[1][0] * by[1][1])


@pytest.mark.parametrize("row", REFUSED, ids=lambda r: r["id"])
def test_what_must_be_refused_is_refused_at_its_place(row):
    text = row.get("expr")
    if text is None:
        before, repeated, count, after = row["repeat"]
        text = before + repeated * count + after
    with pytest.raises(ClosedFormError) as caught:
        parse(text, row["vars"], row["attrs"])
    assert (caught.value.span is None) == (row["id"] in IN_DECLARATION)
