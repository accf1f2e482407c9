"""The site as it is built: strictly, whole, at home; in real Chromium from its files, light and dark, wide and narrow."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.web.browser import browser

AXE = (Path(__file__).parent.parent / "web" / "axe.min.js").read_text(encoding="utf-8")
FETCHED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
    "use": "href",
}
NOT_FETCHED = {"canonical", "prev", "next", "alternate"}  #: relations of links
PAGES = ["index.html", "operations.html", "cookbook.html", "gallery/control.html", "ko/tour.html"]
#: after the theme has seen what scrolls; its buttons to copy code are landmarks without a name, and it makes code
#: reachable by the keyboard only where there is a mouse, which a browser without a screen has not
AUDIT = """
const done = arguments[0], exclude = [['.md-code__nav'], ['pre > code']];
document.querySelectorAll('details').forEach((d, i) => { d.open = i < 4; });
setTimeout(() => axe.run({exclude}, {preload: false}).then(r => done(r.violations)), 400);
"""


class Page(HTMLParser):
    """What a page fetches, where it links to, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.places |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in FETCHED and not NOT_FETCHED & set((found.get("rel") or "").split()):
            self.fetched.append(found.get(FETCHED[tag]) or "")


@pytest.fixture(scope="module")
def pages(site):
    return {p: Page(p.read_text(encoding="utf-8")) for p in sorted(site.rglob("*.html"))}


def test_the_build_says_nothing_but_what_it_does(site):
    said = (site.parent / "log").read_text(encoding="utf-8").splitlines()
    assert said and all(line.startswith("INFO ") for line in said)


def test_nothing_is_fetched_from_elsewhere(site, pages):
    outside = [(p.name, url) for p, page in pages.items() for url in page.fetched if urlsplit(url).netloc]
    outside += [(p.name, url) for p in site.rglob("*.css")
                for url in re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^)\"']+)", p.read_text(encoding="utf-8"))]  # fmt: skip
    assert not outside


def test_every_link_leads_somewhere(site, pages):
    dead = []
    for source, page in pages.items():
        for link in [*page.links, *page.fetched]:
            at = urlsplit(link)
            if at.scheme or at.netloc or source.name == "404.html":
                continue
            target = (source.parent / unquote(at.path)).resolve() if at.path else source
            if not target.is_file() or (
                at.fragment and target in pages and unquote(at.fragment) not in pages[target].places
            ):
                dead.append((source.relative_to(site).as_posix(), link))
    assert not dead


def test_formulas_are_mathml_and_no_script_makes_them(pages):
    text = "".join(p.read_text(encoding="utf-8") for p in pages)
    assert text.count("<math") > 1000 and "mathjax" not in text.lower() and "katex" not in text.lower()
    assert "```derive" not in text and 'id="cf-' not in text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(site, dark):
    with browser(dark=dark) as made:
        for page in PAGES:
            made.get((site / page).as_uri())
            WebDriverWait(made, 20).until(lambda d: d.execute_script("return document.fonts.status") == "loaded")
            made.execute_script(AXE)
            found = made.execute_async_script(AUDIT)
            assert not [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found], page


def test_a_page_is_as_wide_as_a_phone_and_its_formulas_scroll(site):
    with browser(width=390, height=844) as made:
        for page in PAGES:
            made.get((site / page).as_uri())
            assert made.execute_script("return document.documentElement.scrollWidth") == 390
            assert made.find_element(By.CSS_SELECTOR, ".formula, .scroll, pre").is_displayed()
        assert len(made.get_screenshot_as_png()) > 10_000


def test_formulas_are_set_in_the_font_of_the_page(site):
    with browser() as made:
        made.get((site / "index.html").as_uri())
        loaded = "return [...document.fonts].filter(f => f.status == 'loaded').map(f => f.family).join()"
        WebDriverWait(made, 20).until(lambda d: "STIX Two Math" in d.execute_script(loaded))
        assert made.execute_script("return getComputedStyle(document.querySelector('math')).fontFamily").startswith(
            '"STIX'
        )


def test_the_search_works_in_a_page_opened_from_a_file(site):
    with browser() as made:
        made.get((site / "index.html").as_uri())
        made.find_element(By.CSS_SELECTOR, ".md-search__input").send_keys("commutation")
        WebDriverWait(made, 20).until(lambda d: d.find_elements(By.CSS_SELECTOR, ".md-search-result__item a"))
