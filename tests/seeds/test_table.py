"""docs/seeds.md says what the program says."""

from __future__ import annotations

import doctest
import re
import shlex

import pytest
from typer.testing import CliRunner

from closedform.cli.main import app
from tests.seeds.items import DIFFERENTIALS, DIFFS, IDENTITIES, LINES
from tests.seeds.reading import derivative, differential
from tests.seeds.table import DOCUMENT, code, command, updated

TEXT = DOCUMENT.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def session():
    """The names that the document's session defines."""
    source = "\n".join(re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
    examples = doctest.DocTestParser().get_examples(source)
    names = {}
    for example in examples:
        exec(compile(example.source, "session", "single"), names)
    return names


def test_the_tables_are_those_that_the_data_give():
    """If not: python -m tests.seeds.table."""
    assert updated(TEXT) == TEXT


@pytest.mark.parametrize("case", DIFFS, ids=command)
def test_the_command_of_the_table_prints_the_answer_of_the_table(case):
    program, *arguments = shlex.split(command(case))
    result = CliRunner().invoke(app, arguments)
    assert program == "closedform" and result.exit_code == 0
    assert "text     " + derivative(case).text in result.output.splitlines()


@pytest.mark.parametrize("case", [*DIFFERENTIALS, *IDENTITIES, *LINES], ids=code)
def test_the_line_of_python_of_the_table_gives_the_answer_of_the_table(case, session):
    answer = getattr(case, "answer", "True") if case not in DIFFERENTIALS else differential(case).text
    assert str(eval(code(case), session)) == answer
