"""The server without a browser: pages, parts of pages, the JSON API, limits, headers, the log."""

from __future__ import annotations

import json
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import closedform as cf
from closedform.lang import LANGUAGES, say
from closedform.practice.bank import PATTERNS
from closedform.program.languages import LANGUAGES as BACKENDS
from closedform.web.app import STATIC, application
from closedform.web.calls import CALLS
from closedform.web.examples import EXAMPLES
from closedform.web.guard import HEADERS, Rates
from closedform.web.query import PAGES
from closedform.web.settings import Settings
from closedform.web.tabs import TABS
from tests.hostile.inputs import INPUTS

QUESTION = {"f": "norm2(X*w - y)^2", "by": ["w"]}
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "';alert(1)//", "</textarea><b>"]
ROOMY = Settings(workers=2, seconds=20)  #: the machine of the tests may be busy


@pytest.fixture(scope="module")
def client():
    with TestClient(application(ROOMY), follow_redirects=False) as made:
        yield made


class Structure(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def links(page: str) -> list[str]:
    return [a["href"] for tag, a in Structure(page).elements if tag == "a" and a.get("href", "").startswith("/")]


# --------------------------------------------------------------------------------------------------------- pages


def test_a_declaration_that_would_help_is_a_link(client):
    asked = {"f": "norm2(A*x - b)^2", "by": "x", "let": "A: matrix(m,n)"}
    told = client.get("/", params=asked)
    (link,) = [a["href"] for tag, a in Structure(told.text).elements if tag == "a" and "data-declare" in a]
    assert told.status_code == 422 and "b%3A+vector" in link.replace(":", "%3A")
    assert client.get(link.replace("vector(n)", "vector(m)")).status_code == 200
    assert "data-declare" not in client.get("/", params={**asked, "let": "b: positive"}).text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_is_there_in_every_language(client, path, lang):
    page = client.get(path, params={"lang": lang, **({"seed": "1"} if path == "/practice" else {})})
    assert page.status_code == 200 and f'<html lang="{lang}">' in page.text
    name = path.strip("/") or "derivative"
    assert say(lang, f"web.page_{name}") in unescape(page.text)


@pytest.mark.parametrize(
    ("header", "lang"), [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("fr,zh-CN", "zh"), ("fr", "en"), ("", "en")]
)
def test_the_language_is_that_of_the_browser_unless_the_link_has_one(client, header, lang):
    assert f'<html lang="{lang}">' in client.get("/", headers={"Accept-Language": header}).text
    assert '<html lang="zh">' in client.get("/?lang=zh", headers={"Accept-Language": header}).text


def test_a_permalink_has_the_whole_answer_without_a_script(client):
    page = client.get("/", params={**QUESTION, "layout": "numerator", "tab": "code"}).text
    D = cf.derivative(cf.parse(QUESTION["f"]), "w", layout="numerator")
    assert D.text in unescape(page)
    assert "def derivative(X, w, y)" in page and "<math" in page


@pytest.mark.parametrize("example", [e for rows in EXAMPLES.values() for e in rows], ids=lambda e: e.name)
def test_every_example_is_answered(client, example):
    answer = client.get("/part/answer", params={"f": example.f, "by": list(example.by), "let": example.let})
    assert answer.status_code == 200 and "✓" in answer.text


def test_every_example_is_linked_from_the_first_page(client):
    linked = [link for link in links(client.get("/").text) if "&by=" in link]
    assert len(linked) == sum(map(len, EXAMPLES.values()))
    assert client.get(linked[0]).status_code == 200


@pytest.mark.parametrize("name", TABS)
@pytest.mark.parametrize(
    "f", [("norm2(X*w - y)^2", "w"), ("A*inv(X)*B", "X"), ("tanh(W*x)", "x"), ("a*x'*x", "a")], ids=str
)
def test_every_tab_of_an_answer_is_there(client, name, f):
    shown = client.get("/part/tab", params={"f": f[0], "by": [f[1]], "tab": name})
    assert shown.status_code == 200, shown.text


def test_the_code_tab_has_every_back_end(client):
    shown = unescape(client.get("/part/tab", params={**QUESTION, "tab": "code"}).text)
    D = cf.derivative(cf.parse(QUESTION["f"]), "w")
    for name in BACKENDS:
        assert f'id="code-{name}"' in shown and D.code(name) in shown


def test_the_derivation_speaks_its_own_language(client):
    shown = client.get("/part/tab", params={**QUESTION, "tab": "steps", "lang": "en", "told": "ko"}).text
    assert say("ko", "step.start") in shown and say("en", "web.level_brief") in shown


def test_every_link_of_an_answer_leads_somewhere(client):
    page = client.get("/", params=QUESTION).text
    for link in set(links(page)):
        assert client.get(link).status_code in (200, 303), link


def test_links_keep_the_question_and_leave_out_what_is_as_usual(client):
    page = client.get("/", params={**QUESTION, "layout": "numerator", "symmetric": "projected"}).text
    assert all("symmetric" not in link for link in links(page))
    assert any("layout=numerator" in link and "lang=ko" in link and "by=w" in link for link in links(page))


def test_the_preview_marks_every_variable(client):
    shown = client.get("/part/preview", params={"f": r"\lVert X w - y \rVert^2"}).text
    assert [re.search(f'data-by="{n}"', shown) is not None for n in "Xwy"] == [True] * 3


def test_a_mistake_is_shown_where_it_is(client):
    shown = client.get("/part/preview", params={"f": "(A*b)'*x", "let": "A: matrix(m,n); b: vector(m); x: vector(n)"})
    assert shown.status_code == 422 and "<mark>*</mark>" in shown.text and "A&#39;*b" in shown.text


def test_statements_are_judged_line_by_line(client):
    shown = client.get("/part/check", params={"s": "tr(A*B) = tr(B*A)\nA*B = 2*A*B\nA*"}).text
    assert re.findall(r'class="sign (\w+)"', shown) == ["true", "false"] and shown.count('class="error"') == 1


def test_an_answer_is_judged(client):
    asked = {"f": "norm2(A*x - y)^2", "by": ["x"]}
    wrong = client.get("/part/mine", params={**asked, "mine": "2*A*(A*x - y)"}).text
    assert "sign wrong" in wrong and "A should be transposed" in wrong and "<math" in wrong
    assert "sign right" in client.get("/part/mine", params={**asked, "mine": "2*A'*(A*x - y)"}).text


@pytest.mark.parametrize("p", PATTERNS[::3], ids=lambda p: f"{p.function} by {p.wrt}")
def test_a_wrong_answer_to_an_exercise_is_told_with_the_right_one_typeset(client, p):
    asked = {"f": p.function, "by": p.wrt.split(), "let": p.let, "mine": "3*(" + p.let.split(":")[0] + ")"}
    shown = client.get("/part/mine", params=asked)
    assert shown.status_code == 200 and "sign wrong" in shown.text and "formula right" in shown.text


def test_an_exercise_has_its_own_link(client):
    first = client.get("/practice?topic=trace&difficulty=1")
    assert first.status_code == 303 and re.fullmatch(r"/practice\?.*seed=\d+", first.headers["location"])
    link = first.headers["location"]
    assert client.get(link).text == client.get(link).text
    assert client.get(link).text != client.get(link + "&n=1").text


# ------------------------------------------------------------------------------------------------------ hostile


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["f", "by", "let", "mine", "s", "tab", "layout", "topic", "seed", "lang", "unknown"])
def test_nothing_that_is_typed_becomes_markup(client, text, field):
    clean = {path: len(Structure(client.get(path, params={"seed": "1"}).text).elements) for path in PAGES}
    for path in PAGES:
        page = client.get(path, params={"f": "x'*x", "seed": "1", field: text})
        found = [tag for tag, _ in Structure(page.text).elements]
        assert page.status_code in (200, 400, 422) and clean[path]
        assert found.count("script") in (0, 2) and "img" not in found and "b" not in found
        assert not [a for _, attributes in Structure(page.text).elements for a in attributes if a.startswith("on")]


@pytest.mark.parametrize("text", [t for texts in INPUTS.values() for t in list(texts)[:4]], ids=lambda t: repr(t)[:30])
def test_hostile_text_is_answered_or_refused(client, text):
    preview = client.get("/part/preview", params={"f": text[:15000]})
    called = client.post("/api/v1/derivative", json={"f": text[:15000], "by": ["x"]})
    assert preview.status_code in (200, 413, 422) and called.status_code in (200, 400, 413, 422)
    assert "Traceback" not in preview.text + called.text


@pytest.mark.parametrize(("path", "status"), [
    ("/nothing", 404), ("/part/nothing", 404), ("/api/v1/nothing", 405), ("/static/../app.py", 404),
    ("/static/nothing.js", 404), ("/?" + "f=" + "x" * 20_000, 413), ("/?" + "&".join(["by=x"] * 80), 400),
    ("/practice?seed=x", 400), ("/practice?seed=1&n=999", 422), ("/?f=x&tab=nothing&by=x", 400), ("/?nothing=1", 400),
    ("/api/v1/derivative", 405),
])  # fmt: skip
def test_what_there_is_not_is_refused(client, path, status):
    assert client.get(path).status_code == status


# ---------------------------------------------------------------------------------------------------------- API


@pytest.mark.parametrize("name", CALLS)
def test_a_call_answers_its_example(client, name):
    answer = client.post(f"/api/v1/{name}", json=CALLS[name].example)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"


def test_the_api_has_every_field_of_the_answer(client):
    answer = client.post("/api/v1/derivative", json={**QUESTION, "lang": "ko"}).json()
    expected = json.loads(json.dumps(cf.derivative(cf.parse(QUESTION["f"]), "w").as_dict("ko")))
    assert answer == expected


def test_the_table_of_layouts_is_asked_for_by_name(client):
    assert len(client.post("/api/v1/derivative", json={**QUESTION, "layout": "all"}).json()["layouts"]) > 10


@pytest.mark.parametrize(("body", "status", "message"), [
    (b"", 400, "read"),
    (b"{", 400, "read"),
    (b"\xff\xfe", 400, "read"),
    (b"[" * 50_000, 400, "read"),
    (b"[1]", 400, "a request is a JSON object"),
    (b'{"f": "x"}', 400, "the field by is missing"),
    (b'{"f": 1, "by": ["x"]}', 400, "the field f is a text"),
    (b'{"f": "x", "by": [1]}', 400, "the field by is a list of texts"),
    (b'{"f": "x", "by": []}', 400, "the field by is a list of texts"),
    (b'{"f": "x", "by": ["x","x","x","x","x","x","x","x","x"]}', 400, "the field by has more than 8 texts"),
    (b'{"f": "x", "by": "x", "evil": 1}', 400, "no such field: 'evil'"),
    (b'{"f": "x", "by": "x", "layout": "evil"}', 400, "the field layout has no such value: 'evil'"),
    (b'{"f": "x", "by": "x", "lang": {}}', 400, "the field lang is a text"),
    (b'{"f": "' + b"x" * 10_001 + b'", "by": "x"}', 413, "the field f has more than 10000 characters"),
    (b'{"f": "' + b"x" * 70_000 + b'", "by": "x"}', 413, "large"),
    (b'{"f": "x+", "by": "x"}', 422, "a formula"),
    (b'{"f": "x\'*x", "by": "y"}', 422, "y is not a variable of the function"),
])  # fmt: skip
def test_a_mistake_is_an_error_with_all_its_fields(client, body, status, message):
    answer = client.post("/api/v1/derivative", content=body)
    error = answer.json()["error"]
    assert answer.status_code == error["status"] == status
    assert {"type", "message", "hint", "span", "source", "shapes"} <= error.keys()
    assert message in error["message"] or status == 422


def test_an_error_has_its_place_and_its_translation(client):
    asked = {"f": "A*B", "by": "A", "let": "A: matrix(m,n); B: matrix(m,p)", "lang": "zh"}
    error = client.post("/api/v1/derivative", json=asked).json()["error"]
    assert error["span"] == [1, 2] and error["hint"] == "did you mean A'*B?" and error["translated"]["message"]


@pytest.mark.parametrize("field", ["f", "let", "layout", "lang"])
def test_half_a_character_is_refused_and_ends_no_process(client, field):
    asked = {"f": "x'*x", "by": ["x"], field: "\ud800"}
    before = client.get("/healthz").json()["killed"]
    assert client.post("/api/v1/derivative", content=json.dumps(asked)).status_code in (400, 422)
    assert client.get("/healthz").json()["killed"] == before


def test_a_body_without_a_length_is_bounded_too(client):
    answer = client.post("/api/v1/check", content=(b"x" * 10_000 for _ in range(20)))
    assert answer.status_code == 413


# ------------------------------------------------------------------------------------------------------- hosting


def test_every_answer_has_the_headers_of_safety(client):
    for path in (*PAGES, "/static/page.css", "/nothing", "/healthz", "/part/preview?f=x"):
        headers = client.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS


def test_pages_load_nothing_from_elsewhere_and_hold_no_script_or_style(client):
    for path in PAGES:
        page = client.get(path, params={**QUESTION, "seed": "1"}).text
        for tag, attributes in Structure(page).elements:
            assert "style" not in attributes and tag != "style"
            assert tag != "script" or attributes["src"].startswith("/static/")
            for name in ("src", "action"):
                assert attributes.get(name, "/").startswith("/")
    for file in STATIC.glob("*.css"):
        assert not re.search(r"https?:|//[a-z]", file.read_text(encoding="utf-8"))
    for file in STATIC.glob("*.js"):
        assert "http" not in file.read_text(encoding="utf-8")


def test_the_page_is_light(client):
    """All that a browser loads for the first answer, under 300 kB without compression."""
    files = [*STATIC.glob("*.css"), *STATIC.glob("*.js"), *STATIC.glob("*.woff2"), *STATIC.glob("*.svg")]
    page = len(client.get("/", params=QUESTION).content)
    assert page + sum(Path(f).stat().st_size for f in files) < 300_000


def test_health_is_told(client):
    assert client.get("/healthz").json()["status"] == "ok"


def test_the_log_is_json_and_does_not_tell_what_was_asked(client, caplog):
    with caplog.at_level(logging.INFO, "closedform.web"):
        client.get("/part/preview", params={"f": "secret'*secret"})
    line = json.loads(caplog.records[-1].message)
    assert line.keys() == {"time", "method", "path", "client", "ms", "status", "bytes"}
    assert (line["method"], line["path"], line["status"]) == ("GET", "/part/preview", 200)
    assert "secret" not in caplog.text


def test_the_rate_of_a_client_is_limited():
    with TestClient(application(Settings(workers=1, rate=0.01, burst=2))) as client:
        statuses = [client.get("/api") for _ in range(3)]
        assert [s.status_code for s in statuses] == [200, 200, 429] and statuses[2].headers["retry-after"] == "1"
        assert client.get("/healthz").status_code == 200
        assert client.post("/api/v1/check", json={}).json()["error"]["status"] == 429


def test_a_bucket_fills_again():
    now = [0.0]
    rates = Rates(2.0, 3, lambda: now[0])
    assert [rates.allows("a") for _ in range(4)] == [True, True, True, False] and rates.allows("b")
    now[0] = 0.5
    assert [rates.allows("a") for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("does", "status"), [("spin", 504), ("die", 500)])
def test_a_question_without_an_answer_says_so(does, status):
    with TestClient(application(Settings(workers=2, seconds=0.5), "tests.web.hostile:as_app")) as client:
        called = client.post("/api/v1/check", json={"f": does})
        assert called.status_code == called.json()["error"]["status"] == status
        assert say("ko", f"web.status_{status}") in client.get("/part/preview", params={"f": does, "lang": "ko"}).text
        assert say("en", f"web.status_{status}") in client.get("/", params={"f": does}).text
        assert client.get("/", params={"f": "say hello"}).text == "hello"


def test_an_answer_is_kept_and_a_failure_is_not():
    with TestClient(application(Settings(workers=1), "tests.web.hostile:as_app")) as client:
        assert client.get("/?f=who").text == client.get("/?f=who").text
        before = client.get("/?f=who&let=1").text
        assert client.get("/?f=die").status_code == 500
        assert client.get("/?f=who&let=2").text != before


def test_a_question_that_many_ask_at_once_is_answered_once():
    with TestClient(application(Settings(workers=3), "tests.web.hostile:as_app")) as client:
        with ThreadPoolExecutor(6) as many:
            start = time.perf_counter()
            answers = list(many.map(lambda _: client.get("/?f=sleep 0.5").text, range(6)))
        assert len(set(answers)) == 1 and time.perf_counter() - start < 1.4
