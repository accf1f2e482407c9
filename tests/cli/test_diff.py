"""The command `closedform diff`, in this process and in processes of its own."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner, Result

import closedform as cf
from closedform import answer
from closedform.cli.main import INTERNAL, USAGE, app
from closedform.errors import VerificationError

FIELDS = {
    "function", "variables", "text", "unicode", "latex", "shape", "layout", "conditions", "conventions", "inferred",
    "code", "check", "operator", "index", "steps",
}  # fmt: skip
COMMAND = [sys.executable, "-c", "from closedform.cli.main import main; main()"]


def run(line: str) -> Result:
    return CliRunner().invoke(app, shlex.split(line))


def test_the_answer_is_shown_with_all_that_is_known_about_it():
    result = run('diff "a*logdet(X)" X --layout numerator')
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "inferred: a is a scalar; X is n×n",
        "",
        "  ∂f/∂X = aX⁻¹",
        "",
        "text     a*inv(X)",
        "shape    n×n",
        "layout   numerator",
        "valid if det(X) ≠ 0",
        f"✓ {cf.derivative(cf.parse('a*logdet(X)'), 'X').check()}",
    ]


@pytest.mark.parametrize(("line", "text"), [
    ('''diff "-x'*x" x''', "-2*x"),
    ('''diff "--x'*x" x''', "2*x"),
    ('''diff -- "-x'*x" x''', "-2*x"),
    ('''diff "x'*A*x" x x --let "A: matrix(n,n) symmetric"''', "2*A"),
    ('''diff "x'*A*y" x y --let "A: matrix(m,n)" --layout denominator''', "A'"),
    ('''diff --let "S: spd; x: vector(n)" "x'*inv(S)*x" x''', "2*inv(S)*x"),
])  # fmt: skip
def test_formulas_and_declarations_are_taken_as_typed(line, text):
    result = run(line)
    assert result.exit_code == 0, result.stderr
    assert f"\ntext     {text}\n" in result.stdout


def test_latex_and_code_print_only_that():
    D = cf.derivative(cf.parse("x'*A*x"), "x")
    assert run("""diff "x'*A*x" x --latex""").stdout == D.latex() + "\n"
    assert run("""diff "x'*A*x" x --code numpy""").stdout == D.code("numpy").rstrip("\n") + "\n"


def test_json_has_every_field():
    result = run("""diff "x'*inv(S)*x" x --let "S: spd" --json""")
    fields = json.loads(result.stdout)
    assert set(fields) == FIELDS
    assert fields["variables"] == ["x"]
    assert fields["text"] == "2*inv(S)*x"
    assert fields["shape"] == ["n", "1"]
    assert "S is n×n" in fields["inferred"]
    assert fields["check"]["max_error"] < fields["check"]["tolerance"]
    compile(fields["code"]["numpy"], "answer", "exec")


def test_the_vech_form_is_a_layout():
    result = run("""diff "logdet(S)" S --let "S: spd" --layout vech""")
    assert "\n  ∂f/∂vech S = Dₙᵀ vec(S⁻¹)\n\ntext     D(n)'*vec(inv(S))\nshape    (n*(n+1)/2)×1\n" in result.stdout
    assert "note     S is symmetric: the derivative by its entries on and below the diagonal" in result.stdout
    second = run("""diff "logdet(S)" S S --let "S: spd" --layout vech""")
    assert "  ∂²f/∂vech S ∂(vech S)ᵀ = −Dₙᵀ(S⁻¹ ⊗ S⁻¹)·Dₙ\n" in second.stdout
    matrix = run("""diff "inv(S)" S --let "S: spd" --layout all""")
    assert "\nvech             (n*(n+1)/2)×(n*(n+1)/2)  -L(n)*kron(inv(S), inv(S))*D(n)\n" in matrix.stdout
    assert "\nvec-vech         (n*n)×(n*(n+1)/2)        -kron(inv(S), inv(S))*D(n)\n" in matrix.stdout
    assert "vech" not in run("""diff "inv(A)" A --layout all""").stdout
    fields = json.loads(run("""diff "inv(S)" S --let "S: spd" --layout vech --json""").stdout)
    assert fields["text"] == "-L(n)*kron(inv(S), inv(S))*D(n)" and fields["shape"] == ["n*(n+1)/2"] * 2
    assert "unpacked(n)" in fields["code"]["numpy"]
    assert "∂vec f/∂(vech S)ᵀ = " in run("""diff "inv(S)" S --let "S: spd" --layout vec-vech""").stdout


def test_entries_are_written_out():
    result = run("""diff "x'*A*x" x --entries 2""")
    assert result.stdout.endswith(
        "\n\nwritten out at n = 2: 2\n\n  ⎡ 2A₁₁ x₁ + x₂ (A₁₂ + A₂₁) ⎤\n  ⎣ 2A₂₂ x₂ + x₁ (A₁₂ + A₂₁) ⎦\n"
    )
    assert run("""diff "c^2" c --entries 2""").stdout.endswith("\n\nwritten out: 1×1\n\n  2c\n")
    latex = run("""diff "x'*A*x" x --entries n=2 --latex""").stdout
    assert latex == cf.derivative(cf.parse("x'*A*x"), "x").written_out(n=2).latex() + "\n"


def test_an_array_is_written_out_by_both_routes_side_by_side():
    result = run("""diff "x*y'" x --entries "3,m=2,n=2" """)
    assert result.stdout.split("\n\n", 4)[4] == (
        "  1  2 partial derivatives, stacked: 2×2×2      2  vec by vec, 4×2, reshaped by columns: 2×2×2\n"
        "\n"
        "  ∂f/∂x₁ = ⎡ y₁   y₂ ⎤                          ⎡ y₁   0  ⎤\n"
        "           ⎣ 0    0  ⎦                          ⎢ 0    y₁ ⎥\n"
        "                                                ⎢ y₂   0  ⎥\n"
        "  ∂f/∂x₂ = ⎡ 0    0  ⎤                          ⎣ 0    y₂ ⎦\n"
        "           ⎣ y₁   y₂ ⎦\n"
        "\n"
        f"✓ {cf.derivative(cf.parse(SOURCE), 'x').routes(m=2, n=2).says}\n"
    )
    assert "reshaped by rows, the matrix gives a wrong one" in result.stdout
    wide = run("""diff "inv(A)" A --entries 3""").stdout.splitlines()
    assert sum("vec by vec, 9×9" in line and "stacked" not in line for line in wide) == 1  # one below the other
    second = run("""diff "tr(A^3)" A A --entries 2""").stdout
    assert "∂²f/∂A∂A₁₁ = " in second and "stacked" not in second


def test_entries_are_data():
    fields = json.loads(run("""diff "x*y'" x --entries "m=1,n=2" --json""").stdout)
    assert set(fields) == FIELDS | {"written_out", "routes"}
    assert fields["written_out"]["entries"] == [[["y_1", "0"]], [["0", "y_1"]]]
    assert fields["routes"]["jacobian"]["shape"] == [2, 2] and fields["routes"]["difference"] == 0
    assert json.loads(run("""diff "tr(A^2)" A A --entries 1 --json""").stdout)["routes"] is None


SOURCE = "x*y'"


MISTAKES = {
    """diff "x'*" x""": ("SyntaxProblem", "  x'*\n    ^"),
    """diff "" x""": ("SyntaxProblem", ""),
    """diff "foo(x)" x""": ("UnknownName", "unknown function foo"),
    """diff "x'*x" z""": ("UnknownName", "hint: it has x"),
    """diff "x'*x" """: ("RequestError", "hint: name one of x"),
    """diff "x'*x" "" """: ("RequestError", "no variable"),
    """diff "ones(n)'*x" n""": ("RequestError", "n is a dimension"),
    """diff "A^k" k --let "k: scalar integer" """: ("RequestError", "integer"),
    """diff "x'*x" x --layout sideways""": ("RequestError", "one of gradient, numerator, denominator"),
    """diff "x'*x" x --code fortran""": ("RequestError", "unknown back-end"),
    """diff "x'*x" x --latex --code numpy""": ("RequestError", "choose one"),
    """diff "x'*x" x --layout vech""": ("RequestError", "x is not declared symmetric"),
    """diff "A*X" X --layout vec-vech""": ("RequestError", "X is not declared symmetric"),
    """diff "A*X*B" X --entries "m=x" """: ("RequestError", "--entries takes sizes"),
    """diff "A*X*B" X --entries "m=2,m=3" """: ("RequestError", 'write "m=2,n=3", or 2 for all'),
    """diff "A*X*B" X --entries "z=2" """: ("RequestError", "its dimensions are m, n, p, q"),
    """diff "A*X*B" X --entries "0" """: ("RequestError", "a positive integer"),
    """diff "A*X*B" X --entries "9" """: ("TooLarge", "at most 400"),
    """diff "A*X*B" X --entries "2" --code numpy""": ("RequestError", "--entries goes with the answer"),
    """diff "x'*x" x --latx""": ("RequestError", "did you mean --latex?"),
    """diff --latx "x'*x" x""": ("RequestError", "did you mean --latex?"),
    """diff "A*B" A --let "A: matrix(m,n)" --let "B: matrix(m,p)" """: ("ShapeError", "did you mean A'*B?"),
    """diff "x'*x" x --let "x vector" """: ("DeclarationError", "  x vector\n  ^"),
    """diff "x'*x" x --let "x: matrix(m,n) spd" """: ("DeclarationError", "square"),
    """diff "x'*x" x --let "x: tall" """: ("DeclarationError", "tall"),
    """diff "sum(logm(X))" X""": ("NotSupported", "logm"),
    """diff "sum(logm(A))" A""": ("NotSupported", "logm"),
    f"""diff "{"(" * 200}x{")" * 200}" x""": ("TooLarge", "nest"),
    """diff "log(-x'*x)" x""": ("DomainError", "no point was found"),
}


@pytest.mark.parametrize("line", MISTAKES, ids=lambda line: line[:40])
def test_a_mistake_is_one_message_on_stderr(line):
    told = MISTAKES[line][1]
    result = run(line)
    assert result.exit_code == USAGE
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and told in result.stderr
    assert "Traceback" not in result.stderr and result.stderr.count("error: ") == 1


@pytest.mark.parametrize("line", [line for line in MISTAKES if "--latex" not in line], ids=lambda line: line[:40])
def test_a_mistake_is_also_data(line):
    result = run(line + " --json")
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == USAGE
    assert error["type"] == MISTAKES[line][0]
    assert set(error) == {"type", "message", "span", "source", "shapes", "hint"}
    assert error["message"] in result.stderr


MISUSES = {
    "diff": ("missing argument FUNCTION", "see closedform"),
    "dif x x": ("no such command: dif", "did you mean diff?"),
    "solve x": ("no such command: solve", "one of diff, check, practice"),
    "--versoin": ("no such option: --versoin", "did you mean --version?"),
    "diff x x --layout": ("--layout needs a value", "see closedform"),
    "diff x x --let": ("--let needs a value", "see closedform"),
    "check --lang": ("--lang needs a value", "see closedform"),
    "diff x x --latex=1": ("--latex takes no value", "see closedform"),
    "practice --sed 3": ("no such option: --sed", "did you mean --seed?"),
    "practice --count few": ("--count does not take this value", "see closedform"),
    "practice --count 0": ("--count does not take this value", "see closedform"),
    "practice trace": ("unexpected argument trace", "see closedform"),
}


@pytest.mark.parametrize("line", MISUSES)
def test_a_wrong_command_line_is_said_to_be_wrong(line):
    message, hint = MISUSES[line]
    result = run(line)
    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert result.stderr.startswith(f"error: {message}\nhint: {hint}") and result.stderr.count("\n") == 2


def test_a_wrong_command_line_is_also_data():
    result = run("diff --json")
    assert result.exit_code == USAGE and json.loads(result.stdout)["error"]["message"] == "missing argument FUNCTION"


@pytest.mark.parametrize("option", ["", " --json", " --latex", " --code numpy"])
def test_an_answer_that_fails_its_check_is_never_shown(option, monkeypatch):
    def fails(self):
        raise VerificationError("the derivative fails its numerical check; please report it")

    monkeypatch.setattr(answer.Derivative, "check", fails)
    result = run("""diff "x'*A*x" x""" + option)
    assert result.exit_code == INTERNAL
    assert result.stderr.startswith("internal error: ") and "please report it" in result.stderr
    assert not any(formula in result.output for formula in ("A'", "Aᵀ", "top", "A.T"))


HOSTILE = ["\x1b[31mx", "x\x1b]0;title\x07", "x\x07\x08\x7f", "x\u202ey", "x\x9b2J", "x\r\ny=", "\udcff", "x\x00y"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("arguments", [["{}", "x"], ["x'*x", "{}"], ["x'*x", "x", "--let", "{}"],
                                       ["x'*x", "x", "--layout", "{}"], ["x'*x", "x", "--code", "{}"]])  # fmt: skip
def test_control_characters_never_reach_the_terminal(text, arguments):
    result = CliRunner().invoke(app, ["diff", *(a.format(text) for a in arguments), "--json"])
    assert result.exit_code == USAGE
    assert all(c.isprintable() or c == "\n" for c in result.output)
    assert json.loads(result.stdout)["error"]


def process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | {"COLUMNS": "30"} | variables
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, encoding="utf-8", env=env, check=False
    )


def test_a_pipe_gets_plain_unbroken_lines_quickly():
    start = time.perf_counter()
    result = process("diff", "norm2(X*w - y)^2 + c*sum(exp(w))", "w", TERM="xterm-256color")
    assert time.perf_counter() - start < 5  # 0.4 s on an idle machine
    assert result.returncode == 0 and result.stderr == ""
    assert "\x1b" not in result.stdout
    D = cf.derivative(cf.parse("norm2(X*w - y)^2 + c*sum(exp(w))"), "w")
    assert f"\ntext     {D.text}\n" in result.stdout


def test_a_terminal_that_lacks_the_characters_gets_escapes():
    result = process("diff", "x'*A*x", "x", PYTHONIOENCODING="ascii")
    assert result.returncode == 0 and r"n\xd71" in result.stdout


def test_a_mistake_in_a_process_of_its_own():
    result = process("diff", "x'*", "x")
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr == "error: something is missing after *\n  x'*\n    ^\n"


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_colours_unless_it_wants_none(variables, coloured):
    ours, theirs = pty.openpty()
    env = (
        {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        | {"TERM": "xterm-256color", "COLUMNS": "30"}
        | variables
    )
    with subprocess.Popen([*COMMAND, "diff", "x'*A*x", "x"], stdout=theirs, env=env) as running:
        assert running.wait(60) == 0
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert ("\x1b[" in shown) is coloured
    assert "inferred: x is a column of n entries; A is n×n" in shown  # 30 columns: the terminal wraps, not we


def test_the_version_is_the_package_s():
    assert run("--version").stdout == f"closedform {cf.__version__}\n"


def test_slow_imports_wait_until_they_are_needed():
    code = "import sys, closedform.cli.main; print([m for m in ('numpy', 'scipy', 'rich', 'lark') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def test_a_cost_stands_below_the_answer():
    lines = run('diff "norm2(X*w - y)^2" w --cost "m=10000, n=500"').stdout.splitlines()
    assert lines[-3:] == [
        "operations: 20,010,500, about 4*m*n, O(m*n)",
        "memory: at most 40.2 MB, of which the result is 4.0 kB, O(m*n)",
        "traffic: 80.4 MB read and written",
    ]
    assert run('diff "norm2(X*w - y)^2" w --lang ko --cost m=10000,n=500').stdout.splitlines()[-3].startswith("연산: ")
    assert run('diff "norm2(X*w - y)^2" w --lang zh --cost m=10000,n=500').stdout.splitlines()[-3].startswith("运算：")


def test_a_cost_is_data():
    fields = json.loads(run('diff "norm2(X*w - y)^2" w --json --cost m=10000,n=500').stdout)
    assert set(fields) == FIELDS | {"cost"}
    assert fields["cost"]["sizes"] == {"m": 10_000, "n": 500} and fields["cost"]["flops"] == 20_010_500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--cost 5", "--cost takes sizes by name"),
        ("--cost m=5,m=6", "--cost takes sizes by name"),
        ("--cost m=5", "the size n is missing"),
        ("--cost m=0,n=1", "a size is a positive integer"),
        ("--cost m=5,n=6 --code numpy", "--cost goes with the answer"),
        ("--cost m=5,n=6 --latex", "--cost goes with the answer"),
        ('--cost m=5,n=6 --mine "2*X\'*(X*w - y)"', "--cost goes with the answer"),
    ],
)
def test_a_cost_that_is_asked_for_in_another_way_is_refused(options, message):
    result = run(f'diff "norm2(X*w - y)^2" w {options}')
    assert result.exit_code == USAGE and message in result.stderr
