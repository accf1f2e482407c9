"""What docs/extend.md adds to the package works: its blocks are put into a copy, and the copy is asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
ADDED = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL))

BEFORE = {  #: the line that a block of a file that there is already stands before
    "closedform/ops/elementwise.py": "\nODD = {",
    "closedform/verification/interpreter.py": '    "sinh": np.sinh,',
    "closedform/verification/model.py": '    "sinh": lambda',
    "closedform/rules/entrywise.py": '    Rule("exp-of-log"',
    "closedform/calculus/layout.py": '        Layout("denominator"',
}
JOINED = {  #: names that join a list
    "closedform/rules/entrywise.py": ("import abs, cos", "import abs, arcsinh, cos"),
    "closedform/program/languages/__init__.py": ('"cpp")', '"cpp", "mpmath")'),
    "closedform/emit/__init__.py": ("import latex", "import asciimath, latex"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the package with everything that the page adds."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "closedform", root / "closedform", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in ADDED.items():
        file = root / name
        if name.endswith(".toml"):
            text = _translated((root / "closedform/lang/ko.toml").read_text(encoding="utf-8"), text)
        if name in BEFORE:
            old = file.read_text(encoding="utf-8")
            assert old.count(BEFORE[name]) == 1, name
            text = old.replace(BEFORE[name], text.rstrip("\n") + "\n" + BEFORE[name])
        file.write_text(text, encoding="utf-8")
    for name, (old, new) in JOINED.items():
        file = root / name
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, name
        file.write_text(text.replace(old, new), encoding="utf-8")
    return root


def _translated(catalogue: str, some: str) -> str:
    """A catalogue with some of its sentences replaced."""
    for section, sentences in tomllib.loads(some).items():
        for key, sentence in sentences.items():
            line = re.compile(rf"(^\[{section}\].*?^{key} = )[^\n]*", re.MULTILINE | re.DOTALL)
            catalogue, count = line.subn(lambda m, s=sentence: f'{m[1]}"{s}"', catalogue, count=1)
            assert count == 1, key
    return catalogue


def run(copy: Path, *arguments: str) -> str:
    """What the copy prints for a command line, or for a program behind -c."""
    start = "from closedform.cli.main import main; main()"
    command = [sys.executable, "-c", *(arguments[1:] if arguments[0] == "-c" else (start, *arguments))]
    own = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_names_files_that_are_there_or_are_new():
    assert {name for name in ADDED if (ROOT / name).exists()} == set(BEFORE)


def test_a_new_operation_is_differentiated_and_proved(copy):
    shown = re.search(r'^```\n\$ closedform diff "sum\(arcsinh\(A\*x\)\)" x\n(.*?)^```$', PAGE, re.M | re.S)[1]
    printed = run(copy, "diff", "sum(arcsinh(A*x))", "x")
    assert re.sub(r"2\^-\d+", "", printed.strip()) == re.sub(r"2\^-\d+", "", shown.strip())


def test_a_new_rule_is_applied(copy):
    assert "text     ones(n)\n" in run(copy, "diff", "sum(sinh(arcsinh(x)))", "x")


def test_a_new_layout_is_one_of_all(copy):
    assert "text     x'*(A + A')\n" in run(copy, "diff", "x'*A*x", "x", "--layout", "row")
    assert "row " in run(copy, "diff", "x'*A*x", "x", "--layout", "all")


def test_a_new_notation_writes_an_answer(copy):
    ask = "import closedform as cf; from closedform.core.expr import PRINTERS; write = PRINTERS['asciimath'];"
    ask += "print(write(cf.derivative(cf.parse('norm2(X*w - y)^2'), 'w').shown));"
    ask += "print(write(cf.derivative(cf.parse('A*X*B'), 'X').shown), write(cf.parse('x.*y').expr))"
    assert run(copy, "-c", ask) == "2 X^T (X w - y)\nB^T ox A x o. y\n"


def test_a_new_language_computes_with_fifty_digits(copy):
    mpmath = pytest.importorskip("mpmath").mp
    source, known = run(copy, "diff", "y'*inv(A)*x", "x", "--code", "mpmath"), {}
    assert source.strip() in PAGE
    exec(source, known)
    with mpmath.workdps(50):
        A, y = mpmath.matrix([[3, 1], [0, 2]]), mpmath.matrix([1, 1])
        found = known["derivative"](**{"y": y, "A": A, "x": y})
        assert abs(found[0] - mpmath.mpf(1) / 3) < 1e-48 and abs(found[1] - mpmath.mpf(1) / 3) < 1e-48


def test_a_new_language_of_people_tells_a_derivation(copy):
    told = run(copy, "diff", "tr(A*X)", "X", "--steps", "fr")
    sentences = tomllib.loads(ADDED["closedform/lang/fr.toml"])["step"]
    assert all(sentence.format(name="tr") in told for sentence in sentences.values())
