"""The command line in every language: golden outputs, how the language is chosen, help."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

import closedform as cf
from closedform.answer import Derivative
from closedform.cli import render
from closedform.cli.main import INTERNAL, USAGE, app
from closedform.errors import VerificationError
from closedform.lang import LANGUAGES, say
from closedform.program import languages
from tests.cli.test_diff import MISTAKES, MISUSES
from tests.lang.test_messages import PROSE

QUESTION = """diff "x'*S*x + sum(log(x))" x --let "S: spd" """
MISTAKE = """diff "A*B" A --let "A: matrix(m,n)" --let "B: matrix(m,p)" """


def run(line: str, lang: str = "") -> Result:
    return CliRunner().invoke(app, shlex.split(line), env={"CLOSEDFORM_LANG": lang})


ANSWERS = {
    "en": """\
inferred: x is a column of n entries; S is n×n

  ∂f/∂x = 2Sx + 1 ⊘ x

text     2*S*x + 1./x
shape    n×1
layout   gradient
valid if x > 0 (every entry)
✓ proved at 2 sizes: exact test, error probability < …
""",
    "ko": """\
추론: 열벡터 x (성분 n개); S의 크기는 n×n

  ∂f/∂x = 2Sx + 1 ⊘ x

텍스트    2*S*x + 1./x
크기      n×1
배치      gradient
성립 조건 x > 0 (모든 성분)
✓ 크기 2가지에서 증명함: 정확 검정, 오류 확률 < …
""",
    "zh": """\
推断：x 是有 n 个元素的列向量；S 是 n×n

  ∂f/∂x = 2Sx + 1 ⊘ x

文本     2*S*x + 1./x
形状     n×1
布局     gradient
成立条件 x > 0（每个元素）
✓ 在 2 组大小下得到证明：精确检验，错误概率 < …
""",
}

ERRORS = {
    "en": """\
error: matrix product needs equal inner dimensions: A is m×n, B is m×p
  A*B
   ^
hint: did you mean A'*B?
""",
    "ko": """\
오류: 행렬곱에서는 안쪽 차원이 같아야 합니다: A의 크기는 m×n, B의 크기는 m×p
  A*B
   ^
힌트: 혹시 A'*B인가요?
""",
    "zh": """\
错误：矩阵乘积要求内侧维数相等：A 是 m×n，B 是 m×p
  A*B
   ^
提示：您是不是想写 A'*B？
""",
}


def unmeasured(text: str) -> str:
    return re.sub(r"\de-\d\d|2\^-\d+", "…", text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_answer_in_the_language(lang):
    result = run(f"{QUESTION} --lang {lang}")
    assert result.exit_code == 0 and unmeasured(result.stdout) == ANSWERS[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_error_in_the_language(lang):
    result = run(f"{MISTAKE} --lang {lang}")
    assert (result.exit_code, result.stdout, result.stderr) == (USAGE, "", ERRORS[lang])


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
@pytest.mark.parametrize("line", [*MISTAKES, *MISUSES], ids=lambda line: line[:40])
def test_no_english_sentence_is_left_in_an_error(line, lang):
    told = run(line, lang).stderr
    assert told.startswith(say(lang, "cli.error", message="")) and not PROSE.search(told)


@pytest.mark.parametrize(
    "line", ["diff --lang ko", "diff x x --lang=ko --let", "dif x --lang ko", "practice x --lang ko"]
)
def test_a_wrong_command_line_is_answered_in_the_language_it_asks_for(line):
    assert run(line, "zh").stderr.startswith("오류: ")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_values_stand_in_one_column_whatever_the_width_of_the_labels(lang):
    lines = run(f"""diff "A*X*B" X --lang {lang}""").stdout.splitlines()
    D = cf.derivative(cf.parse("A*X*B"), "X")
    values = [D.text, D.operator(), D.index(), "×".join(f"({d})" for d in D.shape), "vec"]
    labels = ["text", "map", "entries", "shape", "layout"]
    starts = {
        cell_len(line) - cell_len(value)
        for label, value in zip(labels, values, strict=True)
        for line in lines
        if line.startswith(say(lang, f"cli.{label}") + " ") and line.endswith(" " + value)
    }
    assert starts == {max(cell_len(say(lang, f"cli.{label}")) for label in render.LABELS) + 1}


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_the_users_of_layouts_in_the_language(lang):
    told, english = (run(f"""diff "A*x" x --layout all --lang {one}""").stdout for one in (lang, "en"))
    assert "Wikipedia, numerator layout" in english and "Wikipedia, numerator layout" not in told
    assert "numerator " in told


@pytest.mark.parametrize(("options", "environment", "lang"), [
    ("", "", "en"),
    ("", "ko", "ko"),
    ("--lang zh", "ko", "zh"),
    ("--lang=zh", "", "zh"),
    ("--lang en", "ko", "en"),
    ("--steps ko", "zh", "ko"),
    ("--steps zh --lang ko", "", "ko"),
    ("--steps", "zh", "zh"),
])  # fmt: skip
def test_the_language_is_that_of_the_option_then_of_the_steps_then_of_the_environment(options, environment, lang):
    shown = run(f"{QUESTION} {options}", environment).stdout
    assert shown.startswith(ANSWERS[lang].splitlines()[0])


def test_steps_have_their_own_language_where_one_is_given():
    shown = run(f"{QUESTION} --steps zh --lang ko").stdout
    assert say("zh", "step.start") in shown and say("ko", "cli.valid") in shown
    assert say("ko", "step.start") in run(f"{QUESTION} --steps --lang ko").stdout


@pytest.mark.parametrize(("options", "environment"), [("--lang tlh", ""), ("", "tlh"), ("--steps=tlh", "")])
def test_an_unknown_language_is_refused_by_name(options, environment):
    result = run(f"{QUESTION} {options}", environment)
    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert result.stderr == "error: no such language: 'tlh'\nhint: one of en, ko, zh\n"


def test_an_unknown_language_of_the_environment_is_refused_by_help_too():
    assert run("--help", "tlh").exit_code == USAGE


def test_json_is_data_in_english_but_for_the_steps():
    english, korean = (json.loads(run(f"{QUESTION} --json --lang {lang}").stdout) for lang in ("en", "ko"))
    assert english.pop("steps") != korean.pop("steps")
    assert english == korean


def test_a_json_error_is_translated_beside_the_english_one():
    english, chinese = (json.loads(run(f"{MISTAKE} --json --lang {lang}").stdout)["error"] for lang in ("en", "zh"))
    assert chinese.pop("translated") == {"message": "矩阵乘积要求内侧维数相等", "hint": "您是不是想写 A'*B？"}
    assert english == chinese and english["message"] == "matrix product needs equal inner dimensions"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_failed_check_is_said_to_be_our_mistake(lang, monkeypatch):
    def fails(self):
        raise VerificationError("no such thing")

    monkeypatch.setattr(Derivative, "check", fails)
    result = run(f"{QUESTION} --lang {lang}")
    assert (result.exit_code, result.stdout) == (INTERNAL, "")
    assert result.stderr == say(lang, "cli.internal", message="no such thing") + "\n"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_is_in_the_language(lang):
    asked = [run("diff --help", lang), run(f"diff --help --lang {lang}"), run(f"diff --lang {lang} --help")]
    assert len({result.stdout for result in asked}) == 1
    shown = " ".join(asked[0].stdout.split())
    for key in ("usage", "arguments", "options", "diff-let", "diff-symmetric", "diff-lang", "diff-help"):
        assert " ".join(say(lang, f"help.{key}").split()) in shown
    assert 'closedform diff "A*X*B" X --layout all\n' in asked[0].stdout


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_help_names_every_language_of_code(lang):
    assert all(name in say(lang, "help.diff-code") for name in languages.LANGUAGES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_help_of_the_program_is_in_the_language_of_the_environment(lang):
    for shown in (run("--help", lang).output, run("", lang).output):
        for key in ("closedform-version", "commands", "options"):
            assert say(lang, f"help.{key}") in shown


def test_an_english_answer_needs_no_rich():
    code = (
        "import sys; from closedform.cli.main import app; app(['diff', \"x'*x\", 'x'], standalone_mode=False);"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_an_unknown_language_is_also_data():
    error = json.loads(run(f"{QUESTION} --json --lang tlh").stdout)["error"]
    assert error["type"] == "RequestError" and "translated" not in error
