"""What MkDocs asks: pages made by the program, fonts of the page, and an answer in the place of every block."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from book.answers import html
from book.blocks import Block, blocks_replaced
from book.cache import ROOT, Cache
from book.generated import PAGES

FONTS = ROOT / "closedform" / "web" / "static"
COPIED = {"contributing.md": ROOT / "CONTRIBUTING.md", "changelog.md": ROOT / "CHANGELOG.md"}
LINKED = {"docs/": "", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}  #: from the root, and here
SEARCH = 'data-md-component="search" role="dialog"'  #: the theme gives it no name
log = get_plugin_logger("book")
_answers: dict[str, str] = {}  #: of the page that is being made, by their places


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages and files that are not in the folder of documents."""
    for font in sorted([*FONTS.glob("*.woff2"), FONTS / "FONTS-LICENSE.txt"]):
        files.append(File.generated(config, f"assets/fonts/{font.name}", content=font.read_bytes()))
    for name, source in COPIED.items():
        files.append(File.generated(config, name, content=_relinked(source.read_text(encoding="utf-8"))))
    for name, page in PAGES.items():
        files.append(File.generated(config, name, content=page()))
    return files


def _relinked(markdown: str) -> str:
    """A document of the root with its links as they are in the folder of documents."""
    for there, here in LINKED.items():
        markdown = markdown.replace(f"]({there}", f"]({here}")
    return markdown


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Every block gives way to a mark, and its answer is kept."""
    _answers.clear()
    cache, start, name = Cache(), time.perf_counter(), page.file.src_uri
    source = page.file.content_string
    first = source.count("\n", 0, source.find(markdown)) + 1 if markdown in source else 1

    def answered(block: Block) -> str:
        question = repr((block.kind, block.formula, sorted(block.fields.items()), block.language))
        mark = f"cf-{len(_answers)}"
        _answers[mark] = cache.of(question, lambda: html(block))
        return f'<div id="{mark}"></div>'

    made = blocks_replaced(markdown, name, answered, first)
    if _answers:
        log.info(f"{name}: {len(_answers)} answers, {time.perf_counter() - start:.1f} s")
    return made


def on_page_content(html: str, **_: Any) -> str:
    """Every mark gives way to its answer; a cell without a word heads no column."""
    html = re.sub(r"<th([^>]*)></th>", r"<td\1></td>", html)
    return re.sub(r'<div id="(cf-\d+)"></div>', lambda mark: _answers[mark[1]], html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The language of a page in Korean or Chinese; the name of the search, for readers of screens."""
    folder = Path(page.file.src_uri).parts[0]
    output = output.replace(SEARCH, f'{SEARCH} aria-label="Search"', 1)
    return output.replace('<html lang="en"', f'<html lang="{folder}"', 1) if folder in ("ko", "zh") else output
