"""`%matrixcalc` and `%%matrixcalc` in a shell of IPython: answers as objects, mistakes without a traceback."""

from __future__ import annotations

import re

import pytest
from IPython.core.interactiveshell import InteractiveShell

import closedform as cf
from closedform.errors import ClosedFormError, VerificationError
from closedform.lang import sections
from closedform.notebook.magic import matrixcalc
from closedform.notebook.request import OPTIONS, Request, request
from tests.test_readme import ROOT

LEAST = "norm2(X*w - y)^2"


@pytest.fixture(scope="module")
def shell():
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "closedform")
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def run(shell, capsys):
    """Runs a cell; what it printed on stderr, or its result."""

    def run(cell):
        result = shell.run_cell(cell)
        out, err = capsys.readouterr()
        assert result.success != bool(err) and "Traceback" not in out + err
        return err or result.result

    return run


# ------------------------------------------------------------------------------------------------------ answers


def test_a_line_gives_the_derivative(run, shell):
    run("D = %matrixcalc x'*A*x x")
    assert isinstance(shell.user_ns["D"], cf.Derivative) and str(shell.user_ns["D"]) == "(A + A')*x"
    assert str(run(f'%matrixcalc "{LEAST}" w --layout numerator')) == "2*(X*w - y)'*X"


def test_a_cell_gives_the_derivative_and_keeps_it(run, shell):
    D = run("%%matrixcalc S --out E\nlet S: spd; x: vector(n)\n# the likelihood\nlogdet(S) +\n  x'*inv(S)*x")
    assert shell.user_ns["E"] is D and D.variables[0].data.properties == {"spd"}
    assert cf.judge(D.function, "S", D.text).verdict == "right"


def test_a_cell_of_its_own_line_breaks_is_one_function(run):
    assert str(run("%%matrixcalc x x\nx'*A\n  *x")) == "A + A'"


def test_steps_are_shown_before_the_answer(run, shell, monkeypatch):
    shown = []
    monkeypatch.setattr("closedform.notebook.magic.display", shown.append)
    D = run("%%matrixcalc w --steps ko --level full\n" + LEAST)
    assert [s.lang for s in shown] == ["ko"] and shown[0].level == "full" and str(D) == "2*X'*(X*w - y)"
    monkeypatch.setenv("CLOSEDFORM_LANG", "zh")
    run(f'%matrixcalc "{LEAST}" w --steps --route expansion')
    assert shown[1].lang == "zh" and any("first-order" in step.rules for step in shown[1])


def test_options_are_those_of_the_command_line(run):
    D = run('%matrixcalc logdet(S) S --let "S: spd" --symmetric entries')
    assert D.text == view("logdet(S)", "S", "--let", "S: spd", "--symmetric", "entries")
    assert run('%matrixcalc logdet(S) S --let="S: spd"').text == "inv(S)"


def view(*arguments):
    import json

    from typer.testing import CliRunner

    from closedform.cli.main import app

    return json.loads(CliRunner().invoke(app, ["diff", *arguments, "--json"]).output)["text"]


def test_every_option_is_one_of_the_command_line_but_out():
    from closedform.cli.diff import OPTIONS as COMMAND

    assert set(OPTIONS) - {"--out"} < set(COMMAND)


def test_latex_is_not_changed_by_python_variables(run, shell):
    """IPython would put the value of `x` in the place of `{x}`, and of `$x`."""
    shell.user_ns["x"] = 7
    assert str(run(r"%matrixcalc \frac{1}{2}{x}^TA{x} x")) == "0.5*(A + A')*x"
    assert str(run("%%matrixcalc x\n" + r"{x}^{\top} A {x}")) == "(A + A')*x"


def test_a_formula_that_begins_with_a_minus_is_no_option(run):
    assert str(run("%matrixcalc -x'*x x")) == "-2*x"
    assert request("--x'*x x") == Request("--x'*x", ["x"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x'*A'*x x", ["x'*A'*x", "x"]),
        ('"x\' * A * x"  x', ["x' * A * x", "x"]),
        (r"\mathrm{tr}(A^\top) A", [r"\mathrm{tr}(A^\top)", "A"]),
        ("", []),
    ],
)
def test_an_apostrophe_and_a_backslash_are_themselves(line, words):
    if words:
        asked = request(line)
        assert [asked.function, *asked.by] == words
    else:
        assert request("x", "x'*x").by == ["x"]


# ----------------------------------------------------------------------------------------------------- mistakes

MISTAKES = {
    "%%matrixcalc x\nA*x + B*": ("something is missing after *", "  A*x + B*\n         ^"),
    "%matrixcalc (A*b)'*x*q*A x": ("UsageError: ", "\n", "^"),
    "%matrixcalc x'*A*x z": ("z is not a variable of the function", "hint: it has A, x"),
    "%matrixcalc x'*A*x": ("no variable to differentiate by", "hint: name one of A, x"),
    "%matrixcalc x'*A*x x --layuot numerator": ("no such option: --layuot", "hint: did you mean --layout?"),
    "%matrixcalc x'*A*x x --qqqqqqqq": ("no such option: --qqqqqqqq", "hint: one of --let, --layout"),
    "%matrixcalc x'*A*x x --layout": ("--layout needs a value",),
    "%matrixcalc x'*A*x x --layout --steps": ("--layout needs a value",),
    "%matrixcalc x'*A*x x --layout vec --layout mml": ("--layout is given twice",),
    "%matrixcalc x'*A*x x --layout sideways": ("sideways", "hint:"),
    "%matrixcalc x'*A*x x --layout all": ("--layout all is for the command line", "in a notebook write D.layouts()"),
    "%matrixcalc x'*A*x x --code numpy": ("--code is for the command line", "in a notebook write D.code()"),
    "%matrixcalc x'*A*x x --lang ko": ("--lang is for the command line", "%env CLOSEDFORM_LANG=ko"),
    "%matrixcalc x'*A*x x --symmetric no": ("symmetric",),
    "%matrixcalc x'*A*x x --steps full": ("full is not a variable",),
    "%matrixcalc x'*A*x x --steps --level some": ("level is brief or full",),
    "%matrixcalc x'*A*x x --steps --route scenic": ("no such route",),
    "%matrixcalc x'*A*x x --out 2": ("'2' cannot name a result",),
    "%matrixcalc x'*A*x x --out lambda": ("'lambda' cannot name a result",),
    "%matrixcalc x'*A*x x --let 'A: spd'": ("' is the transpose, and does not quote", "^", 'quote with "…"'),
    "%matrixcalc x'*A*x x --let A": ("a declaration is a name, a colon and a shape",),
    '%matrixcalc "x\'*A*x x': ('a " is not closed', "^"),
    "%matrixcalc": ("there is no function", "hint: write it below %%matrixcalc"),
    "%%matrixcalc x\nlet x: vector(n)\n# nothing\n": ("there is no function",),
    "%%matrixcalc x\nlet x = 2\nx'*x": ("a declaration is a name, a colon and a shape",),
}  # fmt: skip


@pytest.mark.parametrize("cell", MISTAKES)
def test_a_mistake_is_told_as_on_the_command_line_without_a_traceback(run, cell):
    told = run(cell)
    assert told.startswith("UsageError: ") and all(part in told for part in MISTAKES[cell])


def test_a_mistake_stops_the_cell_and_keeps_nothing(shell, run):
    shell.user_ns.pop("Q", None)
    run("Q = %matrixcalc x'*A*x z\nQ = 1")
    run("%%matrixcalc z --out Q\nx'*A*x")
    assert "Q" not in shell.user_ns


def test_mistakes_are_told_in_the_language_of_the_environment(run, monkeypatch):
    monkeypatch.setenv("CLOSEDFORM_LANG", "ko")
    assert "함수가 없습니다" in run("%matrixcalc")
    monkeypatch.setenv("CLOSEDFORM_LANG", "zh")
    assert "没有函数" in run("%matrixcalc")


def test_a_failed_check_is_told_as_a_mistake_of_ours(run, monkeypatch):
    def fail(*arguments):
        raise VerificationError("the printed formula differs")

    monkeypatch.setattr("closedform.view.answered", fail)
    assert "internal error: the answer failed its check and is not shown: the printed" in run("%matrixcalc x'*x x")


def test_the_help_names_every_option():
    assert all(option in matrixcalc.__doc__ for option in OPTIONS)


def test_every_option_instead_is_refused_with_what_to_write():
    from closedform.notebook.request import INSTEAD

    for option, instead in INSTEAD.items():
        with pytest.raises(ClosedFormError) as told:
            request(f"x {option}", None)
        assert instead in told.value.hint
    assert "in a notebook write {instead}" in sections("ko")["messages"]


def examples_of_the_document():
    text = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for language, block in blocks if not language and "matrixcalc" in block]


@pytest.mark.parametrize("cell", examples_of_the_document())
def test_the_examples_of_the_document_run(run, cell):
    assert isinstance(run(cell), cf.Derivative)
