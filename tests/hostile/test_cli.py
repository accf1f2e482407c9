"""Hostile arguments, files and answers at the command line: a message of ours, no traceback, nothing for a terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.hostile.inputs import BIDI, BOMBS, CONTROL, ESCAPE, EXPONENTS, INPUTS, MARKUP, NAMES, NESTING, PATTERNS

CPU, MEMORY = 8, 3 * 2**30  #: seconds of computing with the start, bytes of address space
X = "x'*A*x"
COMMANDS = {  # a name to the arguments
    "escape in a function": ["diff", CONTROL["escape"], "x"],
    "bidi in a function": ["diff", f"x'*A*x{BIDI}", "x"],
    "escape in a variable": ["diff", X, ESCAPE],
    "escape in a declaration": ["diff", X, "x", "--let", f"x{ESCAPE}: vector(n)"],
    "escape in a layout": ["diff", X, "x", "--layout", ESCAPE],
    "escape in sizes": ["diff", X, "x", "--entries", ESCAPE],
    "escape in a language": ["diff", X, "x", "--lang", ESCAPE],
    "escape in an answer": ["diff", X, "x", "--mine", ESCAPE],
    "escape in JSON": ["diff", X, ESCAPE, "--json"],
    "format of a message": ["diff", "{0.__class__}", "x", "--lang", "ko"],
    "import": ["diff", NAMES["dunder"], "x", "--code", "numpy"],
    "a back-end that is a path": ["diff", X, "x", "--code", "../../etc/passwd"],
    "a giant power": ["diff", EXPONENTS["of a matrix"], "X"],
    "a giant size": ["diff", X, "x", "--entries", "999999"],
    "a bomb": ["diff", BOMBS["squares of squares"], "X", "--json"],
    "steps of a bomb": ["diff", BOMBS["long chain"], "X", "--steps"],
    "deep brackets": ["diff", NESTING["brackets"], "x"],
    "markup": ["check", MARKUP["rich markup"]],
    "an unreadable statement": ["check", PATTERNS["equal signs"]],
    "a file that is a folder": ["check", "--file", "."],
    "a file without end": ["check", "--file", "/dev/zero"],
    "a file that is not there": ["check", "--file", f"no{ESCAPE}\nfile"],
    "a topic": ["practice", "--topic", ESCAPE],
    "a level": ["practice", "--level", "9" * 400],
}


LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({CPU}, {CPU}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from closedform.cli.main import main
main()
"""  #: the command, with limits that it sets on itself before all else


def run(arguments: list[str], stdin: str = "") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", LIMITED, *arguments]
    return subprocess.run(command, input=stdin.encode(errors="surrogatepass"), capture_output=True, timeout=120)


def fine(done: subprocess.CompletedProcess[bytes]) -> None:
    out, err = (stream.decode("utf-8") for stream in (done.stdout, done.stderr))
    assert done.returncode in (0, 1, 2), (done.returncode, err[-500:])
    assert "Traceback" not in err
    assert all(c.isprintable() or c == "\n" for c in out + err)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_hostile_argument_is_answered_or_refused(name):
    fine(run(COMMANDS[name]))


def test_a_file_of_hostile_statements_is_read_to_its_end(tmp_path):
    file = tmp_path / "hostile.txt"
    texts = [t for kind in ("unicode", "control", "markup", "formats", "names", "paths") for t in INPUTS[kind].values()]
    file.write_text("\n".join(t for t in texts if len(t) < 500), encoding="utf-8", errors="ignore")
    done = run(["check", "--file", str(file)])
    fine(done)
    assert done.returncode != 0 and b"! error" in done.stdout


def test_hostile_answers_of_a_student_are_told_so():
    lines = [
        t.replace("\n", " ")
        for kind in ("unicode", "control", "markup", "formats", "names")
        for t in INPUTS[kind].values()
    ]
    fine(run(["practice", "--seed", "1", "--count", "2"], "\n".join(lines)))
