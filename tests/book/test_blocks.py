"""Blocks of the book: what is wrong with one is said, with page and line."""

from __future__ import annotations

import re

import pytest

from book.answers import html
from book.blocks import BookError, blocks_replaced
from book.cache import Cache

WRONG = [
    ("derive", "by: x", "there is no formula"),
    ("derive", "x'*x", "a line `by: …` is missing"),
    ("derive", "x'*x\nby: x\nby: x", "the field by is there twice"),
    ("derive", "x'*x\nby:", "the field by is empty"),
    ("derive", "x'*x\nby: x\nexpect: true", "no field is called expect"),
    ("derive", "x'*x\nby: x\nx'*y", "\"x'*y\" stands below the fields"),
    ("derive", "x'*x\nby: x\norder: 3", "order is 1 or 2, not '3'"),
    ("derive", "x'*y\nby: x y\norder: 2", "order goes with one variable"),
    ("derive", "x'*x\nby: x\ncheck: no", "check is ok, not 'no'"),
    ("derive", "x'*x\nby: x\nlanguage: fr", "language is en or ko or zh"),
    ("derive", "x'*x\nby: x\nshow: picture", "show lists answer, hessian, steps, layouts, index, code LANGUAGE or written"),
    ("derive", "x'*x\nby: x\nfold: code", "fold lists"),
    ("derive", "x'*x\nby: x\nshow: code basic", "basic"),
    ("derive", "x'*x\nby: x\nshow: written\nsizes: 3", "sizes are written m=2, n=3"),
    ("derive", "x'*x\nby: y", "y is not a variable"),
    ("derive", "x +\nby: x", "x +"),
    ("derive", "X*x\nby: x\nlet: X matrix", "a declaration is a name, a colon and a shape"),
    ("derive", "expm(X)\nby: X", "expm"),
    ("identity", "A*B = B*A", "a line `expect: …` is missing"),
    ("identity", "A*B = B*A\nexpect: wrong", "expect is true or conditional or ambiguous or false"),
    ("identity", "A*B = B*A\nexpect: true", "the verdict is conditional, not true"),
    ("identity", "A*B\nexpect: true", "A*B"),
]  # fmt: skip


def page(kind: str, body: str) -> str:
    return f"# Title\n\ntext\n\n```{kind}\n{body}\n```\n"


@pytest.mark.parametrize(("kind", "body", "message"), WRONG, ids=[w[1].replace("\n", " ") for w in WRONG])
def test_a_mistake_is_told_with_page_and_line(kind, body, message):
    with pytest.raises(BookError) as told:
        blocks_replaced(page(kind, body), "theory/x.md", html)
    assert message in str(told.value) and str(told.value).startswith("theory/x.md:5: ")


def test_other_blocks_and_text_stay_as_they_are():
    text = "a\n\n```python\nderive\n```\n\n````\n```derive\nx\n```\n````\n"
    assert blocks_replaced(text, "x.md", lambda b: pytest.fail("no block")) == text


def test_a_formula_may_take_several_lines_and_the_line_is_that_of_the_file():
    found = []
    blocks_replaced("```derive\nx'*A*x\n  + b'*x\n\nby: x\n```\n", "ko/x.md", lambda b: found.append(b) or "", 7)
    assert (found[0].formula, found[0].line, found[0].language) == ("x'*A*x + b'*x", 7, "ko")


def answered(kind: str, body: str, name: str = "x.md") -> str:
    return blocks_replaced(f"```{kind}\n{body}\n```\n", name, html)


def test_every_part_of_an_answer_can_be_shown_and_folded():
    parts = "answer, hessian, steps, layouts, index, code numpy, written"
    shown = answered("derive", f"x'*A*x\nby: x\nshow: {parts}\nfold: {parts}")
    assert len(re.findall("<details>", shown)) == 7
    assert shown.count("<math") > 20 and shown.count('class="nf">derivative') == 2


def test_an_answer_is_in_the_layout_and_language_that_the_block_or_its_folder_says():
    assert "1 \\times" not in answered("derive", "a'*x\nby: x")
    assert "형태" in answered("derive", "a'*x\nby: x", "ko/x.md") or "크기" in answered(
        "derive", "a'*x\nby: x", "ko/x.md"
    )
    assert 'lang="zh"' in answered("derive", "a'*x\nby: x\nlanguage: zh\nlayout: numerator", "ko/x.md")


def test_an_array_and_a_symmetric_variable_say_what_they_are():
    assert '<p class="soft">J = <math' in answered("derive", "x*x'\nby: x\nlayout: tensor")
    assert "sym(G)" in answered("derive", "logdet(S)\nby: S\nlet: S: spd")


def test_a_verdict_is_shown_with_condition_and_correction():
    shown = answered("identity", "d(x'*A*x)/dx = 2*A*x\nexpect: conditional")
    assert "A is symmetric" in shown and shown.count("<math") == 2


def test_nothing_of_a_block_is_taken_as_html():
    with pytest.raises(BookError):
        answered("derive", "<script>\nby: x")
    assert "<b>" not in answered("derive", "x'*x\nby: x\nlet: x: vector(n)")


def test_an_answer_is_worked_out_once_for_each_version_of_the_program(tmp_path):
    old = [tmp_path / name for name in "abcd"]
    for folder in old:
        folder.mkdir()
        (folder / "x").touch()
    times = []
    for _ in range(2):
        assert Cache(tmp_path).of("question", lambda: times.append(1) or "answer") == "answer"
    assert len(times) == 1 and len(list(tmp_path.iterdir())) == 3
