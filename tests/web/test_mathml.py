"""Formulas as MathML: known elements only, and well set."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.web.mathml import KNOWN, formula, mathml
from tests.corpus.cases import cases, in_scope

ATTRIBUTES = {a for kept in KNOWN.values() for a in kept} | {
    "class", "data-by", "display", "width", "form", "lspace", "rspace", "height", "depth",
}  # fmt: skip


def elements(shown: str):
    return [(e.tag.rpartition("}")[2], e.attrib, e.text) for e in fromstring(shown).iter()]


def assert_known(shown: str) -> None:
    for tag, attributes, _ in elements(shown):
        assert tag in KNOWN and set(attributes) <= ATTRIBUTES
        assert attributes.get("class", "variable") == "variable"


@pytest.mark.parametrize("row", [c for c in cases().values() if in_scope(c)][::4], ids=lambda r: r["expr"][:40])
def test_every_formula_of_the_corpus_is_made_of_known_elements(row):
    f = cf.parse(row["expr"], row["vars"], row["attrs"])
    shown = formula(f.expr, list(f.variables))
    assert_known(shown)
    assert {a["data-by"] for _, a, _ in elements(shown) if "data-by" in a} <= set(f.variables)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_becomes_an_element(text):
    """Whatever the library makes of LaTeX, nothing unknown comes out."""
    try:
        shown = mathml(text)
    except Exception:  # no LaTeX of ours; what matters is what comes out
        return
    assert_known(shown)


@pytest.mark.parametrize("hostile", [
    r"\href{javascript:alert(1)}{x}", r"\class{evil}{x}", r"\style{color:red}{x}", r"\text{<script>alert(1)</script>}",
    "x<img src=x onerror=alert(1)>", r"\unicode{x3c}script", r"\color{red}{x}",
])  # fmt: skip
def test_hostile_latex_loses_its_sting(hostile):
    shown = mathml(hostile)
    assert_known(shown)
    assert not {"href", "style"} & {a for _, attributes, _ in elements(shown) for a in attributes}


def test_a_variable_can_be_picked_wherever_it_stands():
    f = cf.parse("x_1'*inv(Sigma)*x_1 + log(h'*x_1)")
    picked = [a["data-by"] for _, a, _ in elements(formula(f.expr, list(f.variables))) if "data-by" in a]
    assert picked.count("x_1") == 3 and picked.count("Sigma") == 1 and picked.count("h") == 1


def test_names_of_functions_are_upright_and_set_apart():
    tags = [(t, x) for t, _, x in elements(mathml(r"A \operatorname{diag}(x)"))]
    assert ("mi", "diag") in tags and tags[tags.index(("mi", "diag")) - 1][0] == "mspace"
    assert "mspace" not in dict(elements_of(r"\operatorname{tr}(A)"))


def elements_of(latex: str):
    return [(t, x) for t, _, x in elements(mathml(latex))]


def test_a_sign_is_close_to_what_follows():
    minus = [a for t, a, x in elements(mathml("f = -x")) if x == "−"]
    assert minus == [{"form": "prefix", "lspace": "0", "rspace": "0"}]
    assert [a for t, a, x in elements(mathml("a - x")) if x == "−"] == [{}]


def test_the_bold_one_is_a_bold_character():
    assert "𝟏" in mathml(r"\mathbf{1}_{m}")
