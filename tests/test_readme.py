"""The documents do what they say: every session and command prints what is shown, every quotation is one."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closedform.cli.main import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Checker(doctest.OutputChecker):
    """Compares everything but the sizes of rounding errors and error probabilities."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(rounding(want), rounding(got), optionflags)


def rounding(text: str) -> str:
    return re.sub(r"\b\de-\d\d\b|2\^-\d+", "…", text)


def blocks(language: str) -> Iterator[Any]:
    """The blocks of one language, each named by its document and line."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 2
                yield pytest.param(match[2], id=f"{document.relative_to(ROOT)}:{line}")


def commands() -> Iterator[Any]:
    """Every `$ closedform …` of the console blocks, with the output shown under it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block.values[0], flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            yield pytest.param(line, shown.strip("\n"), id=f"{block.id} {line[:40]}")


def documents() -> Iterator[Any]:
    """Documents with doctests: their blocks are one session."""
    for document in DOCUMENTS:
        source = "\n".join(
            b.values[0]
            for b in blocks("python")
            if b.id.startswith(f"{document.relative_to(ROOT)}:") and ">>>" in b.values[0]
        )
        if source:
            yield pytest.param(source, id=str(document.relative_to(ROOT)))


@pytest.mark.parametrize("source", list(documents()))
def test_a_session_prints_what_is_shown(source):
    session = doctest.DocTestParser().get_doctest(source, {}, "session", None, None)
    report: list[str] = []
    failed, tried = doctest.DocTestRunner(Checker()).run(session, out=report.append)
    assert tried and not failed, "".join(report)


@pytest.mark.parametrize("block", [b for b in blocks("python") if ">>>" not in b.values[0]])
def test_a_quotation_is_in_the_file_that_it_names(block):
    name, quoted = re.fullmatch(r"# (\S+)\n(.*)", block, re.DOTALL).groups()
    source = (ROOT / name).read_text(encoding="utf-8")
    assert "".join(quoted.split()) in "".join(source.split())


@pytest.mark.parametrize(("line", "shown"), list(commands()))
def test_a_command_prints_what_is_shown(line, shown):
    program, *arguments = shlex.split(line)
    assert program == "closedform"
    assert rounding(CliRunner().invoke(app, arguments).output.strip("\n")) == rounding(shown)


def test_the_documents_have_no_other_programs():
    """A block is a session, a quotation, a command, what the site derives or judges, or plain text."""
    languages = {match[1] for d in DOCUMENTS for match in BLOCK.finditer(d.read_text(encoding="utf-8"))}
    assert languages <= {"python", "console", "derive", "identity"}
