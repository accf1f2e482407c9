"""The pages that the program writes: their names, and what writes them."""

from __future__ import annotations

from collections.abc import Callable

from book import cookbook, gallery, operations

PAGES: dict[str, Callable[[], str]] = {
    "operations.md": operations.page,
    "cookbook.md": cookbook.page,
    **gallery.pages(),
}
