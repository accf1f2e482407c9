"""The page in real Chromium: what a reader does, with mouse, keyboard, phone, and a reader of screens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import closedform as cf
from closedform.lang import say
from closedform.web.query import Query
from closedform.web.tabs import TABS
from tests.web.browser import browser
from tests.web.serving import serving
from tests.web.test_query import read

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LOGISTIC = "sum(log(ones(m) + exp(-y.*(X*w))))"
PAGES = [
    "/", "/check", "/check?s=A*B+%3D+B*A%0Atr(A*B)+%3D+tr(B*A)%0Aq%2B", "/mine",
    "/mine?f=norm2(A*x-y)^2&by=x&mine=2*A*(A*x-y)", "/practice?seed=3", "/api", "/?f=A*x*&by=x", "/?f=x'*A*x",
    "/?f=logdet(S)&by=S&let=S:+spd&lang=ko", "/?nothing=1", "/nothing",
    *(f"/?f=tanh(W*x)&by=x&tab={tab}" for tab in TABS),
    "/?f=tr(A*X'*B*X*C)&by=X&tab=cost",
]  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with serving("--workers", "3") as address:
        yield address


@pytest.fixture(scope="module")
def shared():
    """One browser for tests that begin by opening a page."""
    with browser() as made:
        yield made


@pytest.fixture
def page(shared, server):
    shared.get(server)
    return Page(shared)


class Page:
    """What a reader sees and does."""

    def __init__(self, driver) -> None:
        self.driver = driver

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, true):
        """Wait; the machine of the tests may be busy."""
        return WebDriverWait(self.driver, 20, ignored_exceptions=(Exception,)).until(lambda _: true())

    def type(self, text):
        field = self.find("#f")
        field.clear()
        field.send_keys(text)

    def text(self, expected):
        """Wait until the answer has this text."""
        self.until(lambda: self.find("#text").text == expected)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)


def answer(f, *by, **options):
    return cf.derivative(cf.parse(f), *by, **options)


def test_a_reader_types_clicks_a_variable_and_reads_the_answer(page):
    page.type(LOGISTIC)
    page.until(lambda: len(page.all(".chip")) == 3)
    w = next(v for v in page.all("#preview .variable") if v.get_attribute("data-by") == "w")
    w.click()
    page.text(answer(LOGISTIC, "w").text)
    assert page.find(".answer .whole math").is_displayed()
    assert "proved" in page.find(".badge summary").text
    assert read(page.driver.current_url) == Query.read("/", {"f": LOGISTIC, "by": ["w"]})
    page.until(lambda: len(page.all(".steps > li")) == len(answer(LOGISTIC, "w").steps()))
    assert page.find("#said").get_attribute("role") == "status"


def test_the_badge_opens_the_report(page, server):
    page.driver.get(f"{server}/?f=x'*A*x&by=x")
    assert not page.find(".report").is_displayed()
    page.find(".badge summary").click()
    assert "random points" in page.find(".report").text


def test_latex_is_recognised_and_previewed_as_one_types(page):
    page.type(r"\operatorname{tr}(A X^\top B X)")
    page.until(lambda: {v.get_attribute("data-by") for v in page.all("#preview .variable")} == {"A", "B", "X"})
    page.find(".chip a[data-by=X]").click()
    page.text(answer("tr(A*X'*B*X)", "X").text)


def test_a_mistake_is_told_below_the_last_preview(page):
    page.type("x'*A*x")
    page.until(lambda: len(page.all(".chip")) == 2)
    page.find("#f").send_keys(" + foo(x)")
    page.until(lambda: "unknown function foo" in page.find("#preview .error").text)
    assert page.find("#preview .formula").is_displayed()


def test_what_a_letter_was_read_as_is_mended_with_a_click(page):
    page.type("norm2(A*x - b)^2")
    page.until(lambda: page.find("#preview [data-declare]").is_displayed())
    page.find("#preview [data-declare]").click()
    page.until(lambda: len(page.all(".chip")) == 3 and not page.all("#preview .error"))
    assert page.find("#let").get_attribute("value") == "b: vector(n)"
    page.find(".chip a[data-by=x]").click()
    page.text("2*A'*(A*x - b)")


def test_examples_are_one_click_away_and_back_leads_back(page):
    page.find(".examples a[data-ask]").click()
    page.text(answer("norm2(X*w - y)^2", "w").text)
    assert not page.find(".examples").is_displayed()
    page.driver.back()
    page.until(lambda: page.find(".examples").is_displayed())
    page.driver.forward()
    page.text(answer("norm2(X*w - y)^2", "w").text)


def test_a_layout_is_switched(page, server):
    page.driver.get(f"{server}/?f=tanh(W*x)&by=x")
    page.find(".menu summary").click()
    page.find(".menu a[href*='layout=denominator']").click()
    page.text(answer("tanh(W*x)", "x", layout="denominator").text)
    page.find("#tab-layouts").click()
    page.until(lambda: len(page.all("table.layouts tbody tr")) == 2)
    page.find("table.layouts a[href*='layout=numerator']").click()
    page.text(answer("tanh(W*x)", "x", layout="numerator").text)


def test_what_a_link_says_is_not_forgotten(page, server):
    page.driver.get(f"{server}/?f=tr(A*S)&by=S&let=S:+symmetric&symmetric=entries&layout=denominator")
    page.find("#tab-latex").click()
    right = answer_of_entries().in_layout("denominator").latex()
    page.until(lambda: right in page.find("#latex-answer").text)
    asked = {"f": "tr(A*S)", "by": ["S"], "let": "S: symmetric", "symmetric": "entries", "layout": "denominator"}
    assert read(page.driver.current_url) == Query.read("/", {**asked, "tab": "latex"})


def answer_of_entries():
    f = cf.parse("tr(A*S)", properties={"S": ["symmetric"]})
    return cf.derivative(f, "S", symmetric="entries")


def test_the_language_is_switched_with_the_question(page, server):
    page.driver.get(f"{server}/?f=tanh(W*x)&by=x")
    page.find(".languages a[lang=ko]").click()
    page.until(lambda: page.find("html").get_attribute("lang") == "ko")
    page.text(answer("tanh(W*x)", "x").text)
    assert page.find("#tab-steps").text == say("ko", "web.tab_steps")


def test_what_is_typed_goes_to_the_other_languages_and_pages(page):
    page.type("x'*A*x")
    page.until(lambda: len(page.all(".chip")) == 2)
    page.find(".languages a[lang=zh]").click()
    page.until(lambda: page.find("html").get_attribute("lang") == "zh" and len(page.all(".chip")) == 2)
    assert read(page.driver.current_url) == Query.read("/", {"f": "x'*A*x", "lang": "zh"})
    page.find(".chip a[data-by=x]").click()
    page.text("(A + A')*x")
    page.find("nav a[href^='/mine']").click()
    page.until(lambda: page.find("#mine").is_displayed())
    assert read(page.driver.current_url) == Query.read("/mine", {"f": "x'*A*x", "by": ["x"], "lang": "zh"})
    page.find("#mine").send_keys("2*A*x")
    page.find(".languages a[lang=ko]").click()
    page.until(lambda: page.find("html").get_attribute("lang") == "ko")
    assert page.find("#mine").get_attribute("value") == "2*A*x"


def test_the_derivation_has_a_language_of_its_own(page, server):
    page.driver.get(f"{server}/?f=tanh(W*x)&by=x")
    page.find("#panel .choices a[lang=zh]").click()
    page.until(lambda: say("zh", "step.start") in page.find(".steps").text)
    assert page.find("#tab-steps").text == say("en", "web.tab_steps")
    assert "told=zh" in page.driver.current_url


def test_steps_are_revealed_one_by_one_or_all(page, server):
    page.driver.get(f"{server}/?f=x'*A*x&by=x")
    shown = lambda: [li.is_displayed() for li in page.all(".steps > li")]
    page.until(lambda: all(shown()) and len(shown()) == 5)
    page.find("[data-reveal=none]").click()
    assert shown() == [True, False, False, False, False]
    page.find("[data-reveal=one]").click()
    assert shown() == [True, True, False, False, False]
    assert page.run("return document.getElementById('said')") is not None
    page.find("[data-reveal=all]").click()
    assert all(shown())


JAX_GRADIENT = """
import json, os, sys
os.environ["JAX_ENABLE_X64"] = "1"
import jax, jax.numpy as jnp
X, w, y = (jnp.array(v) for v in json.loads(sys.argv[1]))
loss = lambda w: jnp.sum(jnp.log(1 + jnp.exp(-y * (X @ w))))
print(json.dumps(jax.grad(loss)(w).tolist()))
"""
CALL = """
import json, sys
X, w, y = ({array} for v in json.loads(sys.argv[1]))
print(json.dumps([float(g) for g in derivative(X=X, w=w, y=y)]))
"""
ARRAY = {  #: for each library what comes before the code, and how an array is made
    "numpy": ("", "np.array(v)"),
    "jax": ("import os\nos.environ['JAX_ENABLE_X64'] = '1'\n", "jnp.array(v)"),
    "torch": ("", "torch.tensor(v, dtype=torch.float64)"),
}


def printed(program: str, file: Path, values: str) -> list[float]:
    """What a fresh Python prints that runs a program on some values."""
    file.write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, str(file), values], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_is_copied_runs_and_is_the_gradient_of_jax(page, tmp_path):
    """The whole way of a reader: type, click, read, another layout and language, steps, code, and run it."""
    page.type(LOGISTIC)
    page.until(lambda: len(page.all(".chip")) == 3)
    page.find(".chip a[data-by=w]").click()
    page.text(answer(LOGISTIC, "w").text)
    page.find(".menu summary").click()
    page.find(".menu a[href*='layout=numerator']").click()
    page.text(answer(LOGISTIC, "w", layout="numerator").text)
    page.find(".languages a[lang=ko]").click()
    page.until(lambda: page.find("html").get_attribute("lang") == "ko" and page.all(".steps > li"))
    page.find("[data-reveal=none]").click()
    page.find("[data-reveal=one]").click()
    assert [li.is_displayed() for li in page.all(".steps > li")][:3] == [True, True, False]
    page.find("#tab-code").click()
    rng = np.random.default_rng(1)
    values = json.dumps([rng.standard_normal(shape).tolist() for shape in ((5, 3), 3, 5)])
    right = printed(JAX_GRADIENT, tmp_path / "gradient.py", values)
    for name, (before, array) in ARRAY.items():
        page.until(lambda name=name: page.find(f"[data-copy=code-{name}]").is_displayed())
        page.find(f"[data-copy=code-{name}]").click()
        page.until(lambda name=name: say("ko", "web.copied") in page.find(f"[data-copy=code-{name}]").text)
        copied = page.run("return navigator.clipboard.readText()")
        assert copied == answer(LOGISTIC, "w", layout="numerator").code(name)
        found = printed(before + copied + CALL.format(array=array), tmp_path / f"{name}_code.py", values)
        assert np.allclose(found, right, rtol=1e-12, atol=0), name


def test_a_permalink_opens_the_same_answer_in_a_fresh_browser(page, server):
    page.type("logdet(S) + x'*inv(S)*x")
    page.until(lambda: len(page.all(".chip")) == 2)
    page.find(".chip[data-name=S] summary").click()
    page.find(".chip[data-name=S] input[value=spd]").click()
    page.until(lambda: page.find(".chip[data-name=S].declared"))
    page.find(".chip[data-name=S] a.by").click()
    page.until(lambda: page.find("#text").text)
    page.find("#tab-structure").click()
    page.until(lambda: page.find("#panel svg").is_displayed())
    said = page.find("#text").text
    with browser() as fresh:
        fresh.get(page.driver.current_url)
        other = Page(fresh)
        assert other.find("#text").text == said and other.find("#panel svg").is_displayed()
        assert other.find("#let").get_attribute("value") == "S: spd"
    assert said == cf.derivative(cf.parse("logdet(S) + x'*inv(S)*x", properties={"S": ["spd"]}), "S").text


def test_shapes_are_edited_on_their_chips(page):
    page.type("A*x")
    page.until(lambda: len(page.all(".chip")) == 2)
    page.find(".chip[data-name=A] summary").click()
    page.find(".chip[data-name=A] [data-part=rows]").send_keys(Keys.CONTROL, "a")
    page.find(".chip[data-name=A] [data-part=rows]").send_keys("q", Keys.TAB)
    page.until(lambda: page.find("#let").get_attribute("value") == "A: matrix(q,n)")
    page.until(lambda: page.find(".chip[data-name=A].declared .editor").is_displayed())
    assert page.driver.switch_to.active_element.get_attribute("data-part") == "columns"
    page.find(".chip[data-name=A] [data-part=forget]").click()
    page.until(lambda: page.find("#let").get_attribute("value") == "")


def test_everything_can_be_done_with_the_keyboard(page):
    keys = lambda *pressed: page.driver.switch_to.active_element.send_keys(*pressed)
    assert page.driver.switch_to.active_element.get_attribute("id") == "f"
    keys("x'*A*x", Keys.ENTER)
    page.until(lambda: "by" in (page.driver.switch_to.active_element.get_attribute("class") or ""))
    assert page.driver.switch_to.active_element.get_attribute("data-by") == "x"
    keys(Keys.ENTER)
    page.text("(A + A')*x")
    page.until(lambda: page.driver.switch_to.active_element.get_attribute("data-by") == "x")
    page.until(lambda: page.all(".steps > li"))
    for _ in range(40):
        if page.driver.switch_to.active_element.get_attribute("role") == "tab":
            break
        keys(Keys.TAB)
    keys(Keys.ARROW_RIGHT)
    page.until(lambda: page.find("table.layouts").is_displayed())
    assert page.driver.switch_to.active_element.get_attribute("id") == "tab-layouts"


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "(" * 3000, "x" + "'" * 90]
)
def test_hostile_input_is_told_to_be_a_mistake(page, text):
    page.run(
        "document.getElementById('f').value = arguments[0]; document.getElementById('f').dispatchEvent(new Event('input'))",
        text,
    )
    page.until(lambda: page.all("#preview .error") or page.all("#preview .formula"))
    assert not page.all("main img, main script")


def test_an_identity_is_checked(page, server):
    page.driver.get(f"{server}/check")
    page.find("#s").send_keys("d(x'*A*x)/dx = 2*A*x")
    page.find("form button[type=submit]").click()
    page.until(lambda: "A is symmetric" in page.find("#content").text)
    assert page.find("#content math").is_displayed() and "s=" in page.driver.current_url


def test_an_answer_is_checked(page, server):
    page.driver.get(f"{server}/mine")
    page.type("norm2(A*x - y)^2")
    page.until(lambda: len(page.all(".chip")) == 3)
    page.find(".chip a[data-by=x]").click()
    page.find("#mine").send_keys("2*A*(A*x - y)")
    page.find("#mine-form > p button[type=submit]").click()
    page.until(lambda: "A should be transposed" in page.find("#content").text)


def test_an_exercise_is_done_with_a_hint(page, server):
    page.driver.get(f"{server}/practice?topic=trace&difficulty=1&seed=1")
    page.find("[data-hint]").click()
    page.until(lambda: [li.is_displayed() for li in page.all(".steps > li")][:2] == [True, False])
    page.find("#mine").send_keys("1")
    page.find("form button[type=submit]").click()
    page.until(lambda: page.all("#content .wrong"))
    page.find(".button[href*='n=1']").click()
    page.until(lambda: "2." in page.find(".lead").text)


def test_dark_and_light_follow_the_system_and_the_switch(server):
    colour = "return getComputedStyle(document.body).backgroundColor"
    with browser(dark=True) as made:
        made.get(server)
        dark = made.execute_script(colour)
        made.find_element(By.ID, "theme").click()
        light = made.execute_script(colour)
        assert dark != light
        made.refresh()
        assert made.execute_script(colour) == light
        made.find_element(By.ID, "theme").click()
        assert made.execute_script(colour) == dark


def test_nothing_is_wider_than_a_phone(server):
    with browser(width=360, height=740) as made:
        for path in PAGES:
            made.get(server + path)
            width = made.execute_script("return document.documentElement.scrollWidth")
            assert width <= 360, path


def test_nothing_is_asked_of_anyone_else(page, server):
    page.find(".examples a[data-ask]").click()
    page.until(lambda: page.all(".steps > li"))
    names = page.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert len(names) > 5 and all(name.startswith(server) for name in names)


def test_the_page_is_light_and_soon_there(page):
    loaded = page.run(
        "return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".reduce((sum, e) => sum + e.decodedBodySize, 0)"
    )
    interactive = page.run("return performance.getEntriesByType('navigation')[0].domInteractive")
    assert loaded < 300_000 and interactive < 1000


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(server, dark):
    with browser(dark=dark) as made:
        for path in PAGES:
            made.get(server + path)
            WebDriverWait(made, 20).until(lambda d: d.execute_script("return document.fonts.status") == "loaded")
            made.execute_script(AXE)
            found = made.execute_async_script("axe.run().then(r => arguments[0](r.violations))")
            assert not [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found], path
        made.get_log("browser")  # that there is no such page


def test_what_a_plot_says_is_in_a_table_too(page, server):
    page.driver.get(f"{server}/?f=tr(A*X'*B*X*C)&by=X&tab=cost")
    for figure in page.all(".plots figure"):
        assert figure.find_element(By.TAG_NAME, "svg").get_attribute("role") == "img"
        figure.find_element(By.TAG_NAME, "summary").click()
        names = [th.text for th in figure.find_elements(By.CSS_SELECTOR, "tbody th")]
        drawn = [t.text for t in figure.find_elements(By.CSS_SELECTOR, "svg .name")]
        assert names == drawn and len(names) == 3
    page.run(AXE)
    found = page.driver.execute_async_script("axe.run().then(r => arguments[0](r.violations))")
    assert not [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found]


def test_axe_finds_nothing_in_what_opens(page, server):
    page.driver.get(f"{server}/?f=x'*A*x&by=x")
    page.find(".chip summary").click()
    page.find(".badge summary").click()
    page.find("[data-reveal=none]").click()
    page.run(AXE)
    found = page.driver.execute_async_script("axe.run().then(r => arguments[0](r.violations))")
    assert not [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found]
