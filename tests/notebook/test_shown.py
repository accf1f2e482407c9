"""What a notebook shows: whole HTML, with formulas in MathML, every text escaped, in the reader's language."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from xml.etree.ElementTree import fromstring

import pytest
from IPython.core.formatters import HTMLFormatter, LatexFormatter, PlainTextFormatter

import closedform as cf
from closedform import notebook
from closedform.core.expr import READABLE
from closedform.core.shown import Shown
from closedform.errors import RequestError, TooLarge, VerificationError
from closedform.lang import LANGUAGES, sections
from closedform.notebook import parts
from closedform.web.mathml import NAMESPACE
from tests.notebook.examples import examples

NAMES = ["expression", "function", "derivative", "symmetric", "array", "formula", "derivation", "true", "conditional",
         "false", "right", "wrong", "lines", "cost", "entries", "slices", "form", "compressed"]  # fmt: skip
NO_FORMULA = {"right", "compressed"}
HOSTILE = "<script>alert(1)</script>&\"'"


def tree(html):
    """The element that a piece of HTML is: it has to be well-formed as XML, but for an attribute without a value."""
    return fromstring(html.replace(" hidden>", ' hidden="">'))


def words(html):
    root = tree(html)
    for style in root.findall("style"):
        root.remove(style)
    return " ".join("".join(root.itertext()).split())


def subclasses(kind):
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_there_is_an_example_of_every_class_that_is_shown():
    assert list(examples()) == NAMES
    kinds = {c.__name__ for c in subclasses(Shown) if c.__module__.startswith("closedform.")}
    assert {type(e).__name__ for e in examples().values()} == kinds - {"Shown", "Told"}


@pytest.mark.parametrize("name", NAMES)
def test_html_is_whole_and_formulas_are_mathml(name):
    root = tree(examples()[name]._repr_html_())
    assert root.tag == "div" and root.get("class") == "closedform"
    assert bool(list(root.iter(f"{{{NAMESPACE}}}math"))) == (name not in NO_FORMULA)


@pytest.mark.parametrize("name", NAMES)
def test_html_has_no_link_button_script_or_id(name):
    for element in tree(examples()[name]._repr_html_()).iter():
        assert element.tag not in ("a", "button", "script", "h1", "h2", "input")
        assert not {"id", "href", "src", "onclick"} & element.attrib.keys()


@pytest.mark.parametrize("name", NAMES)
def test_html_has_no_colour_of_its_own_for_text_or_background(name):
    """What is not the text's own colour is mixed with it."""
    style = tree(examples()[name]._repr_html_()).find("style").text + parts.STYLE.with_name("widget.css").read_text()
    for line in style.replace("{", ";").split(";"):
        if line.strip().startswith(("color:", "background:")):
            assert (
                line.split(":")[1].strip() in ("inherit", "none", "transparent", "CanvasText", "Canvas")
                or "var(" in line
            )


def test_every_class_of_the_style_is_used():
    import re

    style = "".join(f.read_text(encoding="utf-8") for f in parts.STYLE.parent.glob("*.css"))
    used = "".join(f.read_text(encoding="utf-8") for f in parts.STYLE.parents[2].glob("web/templates/**/*.html"))
    used += (parts.STYLE.parent / "widget.js").read_text(encoding="utf-8")
    verdicts = {"true", "false", "right", "wrong", "conditional", "ambiguous", "layout"}
    for name in set(re.findall(r"\.([a-z]+)[\s:,>.{]", style)) - verdicts:
        assert re.search(rf'class(Name)?[=:] ?"[^"]*\b{name}\b', used), name


def test_an_answer_has_its_shape_conditions_layout_and_verification():
    html = cf.derivative(cf.parse("logdet(X)"), "X")._repr_html_()
    said = words(html)
    for part in ("inv(X)'", "gradient", "det(X) ≠ 0", "✓ proved at", "inferred: X is n×n"):
        assert part in said


def test_a_derivation_is_numbered_lines_with_reasons_in_its_language():
    D = examples()["derivative"]
    for lang in LANGUAGES:
        steps = D.steps(lang)
        root = tree(steps._repr_html_())
        lines = root.findall("ol/li")
        assert root.find("ol").get("lang") == lang and len(lines) == len(steps)
        for line, step in zip(lines, steps, strict=True):
            assert step.sentence in "".join(line.find("p").itertext())


def test_the_language_is_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("CLOSEDFORM_LANG", "ko")
    assert "배치" in words(examples()["derivative"]._repr_html_())
    monkeypatch.setenv("CLOSEDFORM_LANG", "tlh")
    with pytest.raises(RequestError, match="no such language"):
        examples()["derivative"]._repr_html_()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_shown_in_every_language(name, lang):
    assert tree(parts.framed(examples()[name], lang)).get("lang") == lang


def test_texts_are_escaped(monkeypatch):
    """No name can be hostile; here one of every text is."""
    D = cf.derivative(cf.parse("x'*A*x"), "x")
    D.check()
    monkeypatch.setattr(type(D), "unicode", lambda self: HOSTILE)
    D.text = HOSTILE
    monkeypatch.setattr(type(D), "conventions", [HOSTILE])
    monkeypatch.setattr(type(D), "conditions", [HOSTILE])
    html = D._repr_html_()
    assert words(html).count(HOSTILE) == 3 and "<script" not in html
    assert any(HOSTILE in e.get("aria-label", "") for e in tree(html).iter())


def test_wide_formulas_scroll_and_can_be_reached_with_the_keyboard():
    for name in set(NAMES) - NO_FORMULA - {"cost"}:  # the laws of a cost are among its figures
        formulas = [
            e for e in tree(examples()[name]._repr_html_()).iter("div") if "formula" in e.get("class", "").split()
        ]
        assert formulas and all(e.get("tabindex") == "0" and e.get("aria-label") for e in formulas)


def test_why_there_is_no_formula_is_said_in_its_place(monkeypatch):
    def refuse(self):
        raise TooLarge("the answer has 100,000 characters", hint="ask for less")

    D = cf.derivative(cf.parse("x'*A*x"), "x")
    monkeypatch.setattr(type(D), "check", refuse)
    assert words(D._repr_html_()) == "the answer has 100,000 characters hint: ask for less"


def test_an_answer_that_fails_its_check_is_not_shown(monkeypatch):
    def fail(self):
        raise VerificationError("the printed formula differs")

    D = cf.derivative(cf.parse("x'*A*x"), "x")
    monkeypatch.setattr(type(D), "check", fail)
    assert words(D._repr_html_()) == "the printed formula differs"


def test_an_expression_that_no_one_could_read_is_described():
    e = cf.parse("x'*A*x").expr
    for _ in range(12):
        e = e * e + e
    assert e.size >= READABLE and "operations" in words(e._repr_html_())


def test_without_the_libraries_there_is_latex(monkeypatch):
    D, f = examples()["derivative"], examples()["function"]
    monkeypatch.setattr(notebook, "find_spec", lambda name: None if name == "latex2mathml" else find_spec(name))
    assert HTMLFormatter()(D) is None and HTMLFormatter()(f) is None
    assert LatexFormatter()(D) == "$2 X^{\\top} (X w - y)$"
    assert LatexFormatter()(f).endswith("\\log\\left|\\det(S)\\right|$")


def test_ipython_shows_html_latex_and_what_print_writes():
    v = examples()["conditional"]
    assert HTMLFormatter()(v).startswith('<div class="closedform"')
    assert LatexFormatter()(examples()["derivation"]).startswith("\\begin{align*}")
    for name in ("derivation", "conditional", "wrong", "cost", "entries", "form"):
        assert PlainTextFormatter()(examples()[name]) == str(examples()[name])


def test_the_package_imports_nothing_of_it():
    heavy = "IPython anywidget ipywidgets traitlets jinja2 latex2mathml markupsafe numpy"
    code = f"import sys, closedform; print([m for m in {heavy.split()} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_word_of_notebooks_is_used_and_none_is_left_over():
    import re
    from pathlib import Path

    from closedform.notebook.panel import CHOICES

    home = Path(notebook.__file__).parent
    sources = [*home.glob("*.py"), *(home.parent / "web/templates/notebook").glob("*.html")]
    text = "".join(f.read_text(encoding="utf-8") for f in sources)
    labels = {name.removesuffix("_name") for name in CHOICES}
    assert set(re.findall(r"\bnotebook\.(\w+)['\"]", text)) - {"css"} | labels == set(sections("en")["notebook"])
