"""The commands `closedform check` and `closedform diff … --mine`."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from closedform.cli.main import app
from closedform.lang import LANGUAGES
from tests.cli.interrupts import hearing

COMMAND = [sys.executable, "-c", "from closedform.cli.main import main; main()"]


def run(*arguments):
    return CliRunner().invoke(app, ["check", *arguments])


def test_the_verdict_comes_first_then_what_is_known():
    result = run("d(x'*A*x)/dx = 2*A*x")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "≈ true under a condition  d(x'*A*x)/dx = 2*A*x",
        "  true if    A is symmetric",
        "  layouts    gradient, denominator, tensor, tensor-input, matrix-cookbook, seed-001, seed-002, seed-004",
        "  at         n = 2, A = [0 0; 1 0], x = [1; 0]: the left side is [0; 1], the right side [0; 2]",
        "  correct    d(x'*A*x)/dx = (A + A')*x  (gradient)",
        "  inferred   x is a column of n entries; A is n×n",
    ]


def test_exit_codes():
    assert run("tr(A*B) = tr(B*A)").exit_code == 0
    assert run("tr(A*B) = tr(A)*tr(B)").exit_code == 1
    assert run("tr(A*B)").exit_code == 2
    assert run("tr(A*B) = tr(B*A)", "x").exit_code == 2
    assert run("a = b", "x").exit_code == 1


def test_several_statements_share_the_declarations_and_a_summary():
    result = run("d(x'*A*x)/dx = 2*A*x", "A = A'", "--let", "A: symmetric")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "2 statements: 2 true, 0 conditional, 0 ambiguous, 0 false, 0 unreadable"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_answer_is_in_the_language_asked_for(lang):
    words = {"en": "A is symmetric", "ko": "A이(가) 대칭행렬", "zh": "A 是对称矩阵"}
    assert words[lang] in run("d(x'*A*x)/dx = 2*A*x", "--lang", lang).stdout


def test_json_is_one_object_for_one_statement_and_a_list_for_more():
    one = json.loads(run("d(x'*A*x)/dx = 2*A*x", "--json").stdout)
    assert (one["verdict"], one["conditions"], one["correction"]) == ("conditional", ["A is symmetric"], "(A + A')*x")
    two = json.loads(run("a = a", "x =", "--json").stdout)
    assert two[0]["verdict"] == "true" and two[1]["error"]["message"] == "something is missing after ="


# ----------------------------------------------------------------------------------------------------------- files

FILE = """# quadratic forms
let A: matrix(n,n); x: vector(n)
d(x'*A*x)/dx = (A + A')*x   # right

d(x'*A*x)/dx = 2*A*x ; A: matrix(n,n) symmetric
A*B = B*A            ; B: matrix(n,n)
foo(x) = 3
tr(A) = det(A)
let A: matrix(2,2) diagonal
tr(A) = det(A)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "identities.txt"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_is_a_table_with_line_numbers_and_errors_as_rows(file):
    result = run("--file", str(file))
    assert result.exit_code == 1
    rows = [line for line in result.stdout.splitlines() if line[:4].strip().isdecimal()]
    assert [(r.split()[0], r.split()[1]) for r in rows] == [
        ("3", "✓"),
        ("5", "✓"),
        ("6", "≈"),
        ("7", "!"),
        ("8", "✗"),
        ("10", "✗"),
    ]
    assert "unknown function foo" in result.stdout
    assert "6 statements: 2 true, 1 conditional, 0 ambiguous, 2 false, 1 unreadable" in result.stdout
    data = json.loads(run("--file", str(file), "--json").stdout)
    assert [d.get("verdict") for d in data] == ["true", "true", "conditional", None, "false", "false"]
    assert [d["line"] for d in data] == [3, 5, 6, 7, 8, 10]


def test_a_file_with_an_unreadable_line_only_exits_with_2(tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("x'*x = norm2(x)^2\nx = = y\n", encoding="utf-8")
    assert run("--file", str(path)).exit_code == 2


MISTAKES = {
    "nothing": ([], "there is nothing to check"),
    "no such file": (["--file", "/no/such/file"], "cannot be read"),
    "a folder": (["--file", "/"], "cannot be read"),
    "no such language": (["a = a", "--lang", "tlh"], "no such language"),
    "no equals": (["x'*x"], "a statement needs an ="),
    "two equals": (["x = y = z"], "a statement has one ="),
    "unknown variable": (["d(x'*x)/dz = 2*x"], "z is not a variable of the statement"),
    "unparsable": (["d(x'*)/dx = x"], "something is missing before )"),
    "a declaration": (["a = a", "--let", "a: foo"], "unknown property 'foo'"),
    "a left side that does not fit": (["d(A*x*x)/dx = A", "--let", "A: matrix(m,n); x: vector(n)"], "equal inner"),
    "no domain": (["log(-norm2(x)) = a"], "no point was found"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_message_on_stderr_and_exit_code_2(name):
    arguments, message = MISTAKES[name]
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ") and message in result.stderr
    assert result.stdout == ""
    fields = json.loads(run(*arguments, "--json").stdout)
    assert message in fields["error"]["message"]


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path):
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00" * 10)
    assert "no text in UTF-8" in run("--file", str(path)).stderr
    path.write_bytes(b"#" * (10**6 + 1))
    assert "more than 1000000 bytes" in run("--file", str(path)).stderr


def test_a_run_that_is_stopped_prints_what_is_done(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("tr(A*B*C*A*B*C) = tr(A)*tr(B)\n" * 5000, encoding="utf-8")
    process = subprocess.Popen([*hearing(COMMAND), "check", "--file", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=os.environ)  # fmt: skip
    try:
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "stopped after" in out.decode() and err == b""


@pytest.mark.parametrize(("lines", "bar"), [(40, True), (5, False)])
def test_a_long_run_on_a_terminal_shows_a_bar_and_colours(tmp_path, lines, bar):
    path = tmp_path / "long.txt"
    path.write_text("x'*y = y'*x\n" * lines, encoding="utf-8")
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"}
    process = subprocess.Popen([*COMMAND, "check", "--file", str(path)], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    assert process.wait(timeout=30) == 0
    assert ("━" in shown.decode()) == bar
    assert shown.count(b"\x1b[32m") >= lines


def test_nothing_typed_reaches_the_terminal_raw():
    assert "\x1b" not in run("a = \x1b[31m").stderr


# ------------------------------------------------------------------------------------------------------------ mine


def mine(*arguments):
    return CliRunner().invoke(app, ["diff", *arguments])


def test_an_answer_is_judged():
    result = mine("x'*A*x", "x", "--mine", "2*A*x")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "✗ not right",
        "  it would be right under a condition: A is symmetric",
        "  right is (A + A')*x",
    ]
    assert mine("x'*A*x", "x", "--mine", "(A + A')*x").exit_code == 0
    assert mine("x'*A*x", "x", "--mine", "x'*(A + A')").stdout.startswith("✓ right, but in the layouts numerator")


def test_lines_may_be_given_one_by_one_in_any_language_and_as_json():
    lines = ["--mine", "df = dx'*A*x + x'*A*dx", "--mine", "df = x'*A*dx"]
    assert "2번째 줄이 틀림" in mine("x'*A*x", "x", *lines, "--lang", "ko").stdout
    fields = json.loads(mine("x'*A*x", "x", *lines, "--json").stdout)
    assert (fields["verdict"], fields["line"], fields["slip"]) == ("wrong", 2, "missing_term")


@pytest.mark.parametrize(("arguments", "message"), [
    (["x'*A*x", "x", "--mine", "2*"], "something is missing"),
    (["x'*A*x", "x", "--mine", " "], "there is no answer to judge"),
    (["x'*A*x", "x", "--mine", "x", "--latex"], "--mine judges"),
    (["x'*A*x", "--mine", "x"], "no variable"),
    (["x'*A*x", "x", "--mine", "x", "--lang", "tlh"], "no such language"),
])  # fmt: skip
def test_a_mistake_in_an_answer_is_told(arguments, message):
    result = mine(*arguments)
    assert result.exit_code == 2 and message in result.stderr
