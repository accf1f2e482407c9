"""The page says what the tables say."""

from tests.tracing.page import PAGE, page


def test_the_page_lists_what_is_understood():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
