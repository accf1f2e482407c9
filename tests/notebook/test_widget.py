"""The widget: every choice changes what is shown, in Python; and in Chromium with mouse and keyboard."""

from __future__ import annotations

import builtins
from itertools import product

import pytest
from traitlets import TraitError

import closedform as cf
from closedform.errors import RequestError, VerificationError
from closedform.lang import LANGUAGES, say
from closedform.notebook.panel import CHOICES, STATIC, VALUES
from closedform.view import heading_latex
from tests.notebook.hosting import Hosted
from tests.notebook.test_shown import tree, words
from tests.web.browser import browser
from tests.web.test_browser import AXE

LEAST = "norm2(X*w - y)^2"


def derivative(f=LEAST, *by):
    return cf.derivative(cf.parse(f), *(by or ("w",)))


def said(*pieces):
    """The words of pieces of HTML."""
    return words("<div>" + "".join(pieces) + "</div>")


# -------------------------------------------------------------------------------------------------------- in Python


def test_it_shows_the_answer_its_steps_and_its_code():
    D = derivative()
    w = cf.widget(D)
    assert D.text in said(w.answer) and all(step.sentence in said(w.told) for step in D.steps())
    assert w.code == D.code() and D.code().split("\n")[-2].strip() in said(w.source)
    assert w.latex == f"{heading_latex(D)} = {D.latex()}"


@pytest.mark.parametrize("name", derivative().layout_names)
def test_every_layout_is_shown(name):
    w = cf.widget(derivative())
    w.layout_name = name
    D = w.derivative.in_layout(name)
    assert D.text in said(w.answer) and D.latex() in w.latex


def test_every_value_of_every_choice_is_shown_and_named_in_every_language():
    w = cf.widget(derivative())
    for lang, (name, values) in product(LANGUAGES, VALUES.items()):
        for value in values:
            before = w.done
            w.set_trait(name, value)
            w.lang = lang
            assert getattr(w, name) == (lang if name == "lang" else value) and w.done >= before
            tree(f"<div>{w.answer}{w.told}{w.source}</div>")
            assert [c["name"] for c in w.controls] == list(CHOICES) and all(c["label"] for c in w.controls)


def test_the_language_is_that_of_labels_facts_and_sentences():
    D = derivative()
    w = cf.widget(D, lang="ko")
    assert w.words["copy_latex"] == say("ko", "notebook.copy_latex") and say("ko", "cli.layout") in said(w.answer)
    assert D.steps("ko")[0].sentence in said(w.told)


def test_level_and_route_change_the_steps():
    w, D = cf.widget(derivative()), derivative()
    w.level = "full"
    assert len(tree(f"<div>{w.told}</div>").findall(".//li")) == len(D.steps(level="full")) > len(D.steps())
    w.route = "expansion"
    assert D.steps(level="full", route="expansion")[0].sentence in said(w.told)


def test_forms_stand_below_the_answer():
    w, D = cf.widget(derivative("A*X*B", "X")), derivative("A*X*B", "X")
    for form, text in (("vec", D.vec()), ("operator", D.operator()), ("index", D.index())):
        w.form = form
        assert text in said(w.answer)
    w.form = "closed"
    assert D.index() not in said(w.answer)


def test_code_in_every_language_is_that_of_the_derivative():
    w, D = cf.widget(derivative()), derivative()
    for backend in VALUES["backend"]:
        w.backend = backend
        assert w.code == D.code(backend)


def test_where_there_is_no_code_and_no_form_the_reason_is_shown():
    f = cf.parse("f(X)", {"X": ("n", "n")}, functions={"f": ()})
    w = cf.widget(cf.derivative(f, "X"), form="index")
    assert w.code == "" and "there is no code for f: it is abstract" in said(w.source)
    assert "the derivative of f is an unknown linear map, and has no entries" in said(w.answer)


@pytest.mark.parametrize(("f", "by"), [("A*X*B", "X"), ("3*c^2", "c"), ("x'*A*x", "xx"), ("tr(A*X)^3", "XX")])
def test_every_layout_has_every_form(f, by):
    w = cf.widget(derivative(f, *by))
    for layout, form in product(w.derivative.layout_names, VALUES["form"]):
        w.layout_name, w.form = layout, form
        tree(f"<div>{w.answer}{w.told}{w.source}</div>")
        assert w.derivative.in_layout(layout).text in said(w.answer)


def test_what_cannot_be_derived_in_steps_says_why():
    f = "+".join(f"tr(A{i}*X)^2*log(tr(X'*A{i}*X))" for i in range(60))
    D = cf.derivative(cf.parse(f), "X")
    w = cf.widget(D)
    assert "a derivation is told of a function of at most" in said(w.told) and "reveal" not in w.told


def test_an_answer_that_fails_its_check_is_no_widget(monkeypatch):
    def fail(self):
        raise VerificationError("the printed formula differs")

    D = derivative()
    monkeypatch.setattr(cf.Derivative, "check", fail)
    with pytest.raises(VerificationError):
        cf.widget(D)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"layout": "numerator"}, "a widget has no choice 'layout'(.|\n)*one of layout_name, form"),
        ({"layout_name": "vech"}, "no such layout_name for this derivative: 'vech'(.|\n)*one of gradient"),
        ({"lang": "tlh"}, "no such lang for this derivative: 'tlh'(.|\n)*one of en, ko, zh"),
        ({"form": 3}, "no such form for this derivative: '3'"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(chosen, message):
    with pytest.raises(RequestError, match=message):
        cf.widget(derivative(), **chosen)


def test_a_choice_that_there_is_not_changes_nothing():
    w = cf.widget(derivative())
    for name, value, error in (
        ("lang", "tlh", RequestError),
        ("layout_name", "x", RequestError),
        ("form", 3, TraitError),
    ):
        before = getattr(w, name)
        with pytest.raises(error):
            setattr(w, name, value)
        assert getattr(w, name) == before and w.done == 1


def test_it_shows_derivatives_only():
    with pytest.raises(RequestError, match="a widget shows a derivative, not Function"):
        cf.widget(cf.parse("x'*x"))


def test_without_anywidget_the_extra_is_named(monkeypatch):
    import sys

    real = builtins.__import__

    def missing(name, *rest, **more):
        if name == "closedform.notebook.panel":
            raise ModuleNotFoundError("No module named 'anywidget'", name="anywidget")
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "closedform.notebook.panel")
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(
        RequestError, match=r"this needs anywidget, which is not installed(.|\n)*closedform\[notebook\]"
    ):
        cf.widget(derivative())


def test_its_module_and_style_are_files_of_the_package():
    w = cf.widget(derivative())
    assert w._esm == (STATIC / "widget.js").read_text(encoding="utf-8")
    assert w._css == "".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in ("notebook", "widget"))
    assert repr(w) == "<Widget of 2*X'*(X*w - y)>"


# ------------------------------------------------------------------------------------------------------ in Chromium


@pytest.fixture(scope="module")
def driver():
    with browser(900, 1000) as made:
        yield made


class Reader:
    """What a reader sees and does; after each choice Python answers."""

    def __init__(self, driver, w, folder):
        self.driver, self.host = driver, Hosted(driver, w, folder)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def steps(self):
        return [e for e in self.driver.find_elements("css selector", ".steps > li") if e.is_displayed()]

    def choose(self, name, value):
        self.find(f"select[name={name}] option[value='{value}']").click()
        assert self.find(".closedform").get_attribute("aria-busy") == "true"
        self.host.answer()
        assert self.find(".closedform").get_attribute("aria-busy") == "false"

    def click(self, text):
        next(b for b in self.driver.find_elements("css selector", "button") if b.text == text).click()

    def clipboard(self):
        return self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    def focused(self):
        return self.driver.switch_to.active_element


@pytest.fixture
def reader(driver, tmp_path):
    return Reader(driver, cf.widget(derivative()), tmp_path)


def test_a_reader_changes_layout_form_language_and_code(reader):
    D = derivative()
    assert D.text in reader.find(".answer").text
    reader.choose("layout_name", "numerator")
    assert D.in_layout("numerator").text in reader.find(".answer").text
    reader.choose("form", "operator")
    assert D.operator() in reader.find("#el").text
    reader.choose("backend", "julia")
    assert "function" in reader.find("pre").text
    reader.choose("lang", "ko")
    assert reader.find("label").text.startswith("배치") and D.steps("ko")[0].sentence in reader.find(".told").text


def test_the_menu_that_changed_the_language_keeps_the_focus(reader):
    reader.find("select[name=lang]").click()
    reader.choose("lang", "zh")
    assert reader.focused().get_attribute("name") == "lang"


def test_steps_are_revealed_one_by_one_and_all(reader):
    n = len(derivative().steps())
    assert len(reader.steps()) == n
    reader.click("One by one")
    assert len(reader.steps()) == 1 and not reader.find(".proved").is_displayed()
    reader.click("Next step")
    assert len(reader.steps()) == 2 and reader.focused().get_attribute("aria-label") == "2"
    reader.host.answer()
    assert reader.host.widget.reveal == "one" and len(reader.steps()) == 2
    reader.click("All steps")
    reader.host.answer()
    assert len(reader.steps()) == n and reader.find(".proved").is_displayed() and reader.host.widget.reveal == "all"


def test_python_sets_the_order_of_steps_and_the_layout(reader):
    reader.host.widget.reveal = "one"
    reader.host.answer()
    assert len(reader.steps()) == 1
    reader.host.widget.layout_name = "numerator"
    reader.host.answer()
    assert reader.find("select[name=layout_name]").get_property("value") == "numerator" and len(reader.steps()) == 1


def test_latex_and_code_are_copied(reader):
    for label, copied in (("Copy LaTeX", reader.host.widget.latex), ("Copy code", reader.host.widget.code)):
        reader.click(label)
        reader.driver.execute_async_script("setTimeout(arguments[0], 100)")
        assert reader.find("[role=status]").text == "copied" and reader.clipboard() == copied


def test_where_copying_is_not_allowed_the_text_is_selected(reader):
    reader.driver.execute_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    reader.click("Copy LaTeX")
    reader.driver.execute_async_script("setTimeout(arguments[0], 100)")
    chosen = "const t = document.querySelector('textarea'); return t.value.slice(t.selectionStart, t.selectionEnd)"
    assert reader.driver.execute_script(chosen) == reader.host.widget.latex
    assert "does not allow" in reader.find("[role=status]").text


def test_everything_is_reached_with_the_keyboard(reader):
    from selenium.webdriver.common.keys import Keys

    seen = []
    for _ in range(40):
        reader.driver.switch_to.active_element.send_keys(Keys.TAB)
        e = reader.focused()
        seen.append(e.get_attribute("name") or e.text or e.get_attribute("aria-label"))
    assert {*CHOICES, "One by one", "Copy LaTeX", "Copy code"} <= set(seen)


def test_a_view_that_is_left_hears_no_more(reader):
    before = reader.find(".answer").text
    reader.driver.execute_script("window.leave()")
    reader.host.widget.layout_name = "numerator"
    reader.host.answer()
    assert reader.find(".answer").text == before


@pytest.mark.parametrize("dark", [False, True])
def test_the_widget_passes_axe_in_light_and_dark(dark, tmp_path):
    with browser(900, 1000, dark) as driver:
        Hosted(driver, cf.widget(derivative(), form="index"), tmp_path)
        driver.execute_script(AXE)
        found = driver.execute_async_script("axe.run('#el').then(arguments[0])")
        assert not [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]]


@pytest.mark.parametrize("dark", [False, True])
def test_what_notebooks_show_passes_axe_in_light_and_dark(dark, tmp_path):
    from tests.notebook.examples import examples
    from tests.notebook.hosting import page

    file = tmp_path / "shown.html"
    shown = "".join(f"<section>{e._repr_html_()}</section>" for e in examples().values())
    file.write_text(page(f"<h1>notebook</h1>{shown}"), encoding="utf-8")
    with browser(900, 1000, dark) as driver:
        driver.get(file.as_uri())
        driver.execute_script(AXE)
        found = driver.execute_async_script("axe.run().then(arguments[0])")
        assert not [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]]
        wide = driver.execute_script("return document.documentElement.scrollWidth > innerWidth")
        assert not wide
