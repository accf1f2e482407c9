"""Hostile names reach neither LaTeX nor a terminal nor generated code as anything but names."""

from __future__ import annotations

import ast
import json
import re
import unicodedata

import numpy as np
import pytest

import closedform as cf
from closedform import view
from closedform.cli import render
from closedform.errors import ClosedFormError
from closedform.program.languages.numpy import HELPERS
from tests.hostile.inputs import INPUTS

IDENTIFIERS = [  # names that Python may take for something else
    "lambda", "None", "True", "import", "class", "def", "eval", "exec", "open", "print", "__import__", "__builtins__",
    "__class__", "np", "numpy", "scipy", "float", "int", "len", "range", "t0", "t1", "derivative", "formula",
    "softmax", "logsumexp", "self", "_", "__", "___", "ﬁ", "𝐱", "ª", "º", "ℯ", "ſ", "К", "가", "矩", "σ", "µ", "x́",
    "np_", "float_", "ı", "İ", "ß", "match", "case", "type", "async", "await", "nonlocal", "__debug__", "shape",
]  # fmt: skip
TEXTS = [text for kind in INPUTS.values() for text in kind.values() if len(text) < 200]
ALLOWED = (
    ast.Module, ast.Import, ast.alias, ast.FunctionDef, ast.arguments, ast.arg, ast.Expr, ast.Constant, ast.Assign,
    ast.Name, ast.Load, ast.Store, ast.Attribute, ast.Call, ast.keyword, ast.Return, ast.BinOp, ast.UnaryOp,
    ast.operator, ast.unaryop, ast.Subscript, ast.Tuple, ast.Slice, ast.List,
)  # fmt: skip
BUILTINS = {"np", "scipy", "float", "int", "len", "range"}
FORMULAS = [
    "sum(exp(A*{0}))",
    "softmax(A*{0})",
    "norm2({0})^2/({0}'*A*{0}+3)",
    "sum(ones(n,n)*{0})",
    "K(n,n)*vec(A*{0}*{0}')",
]


def answers(name: str):
    """Formulas and derivatives by a variable of that name; none where it cannot be one, which is said by an error."""
    for formula in FORMULAS:
        try:
            yield formula, cf.derivative(cf.parse(formula.format(name), {name: ("n",), "A": ("n", "n")}), name)
        except ClosedFormError as refused:
            assert refused.message


def names_allowed(code: str) -> None:
    """The code is assignments, calls and one return, in which every name is a parameter, a value, or ours."""
    module = ast.parse(code)
    functions = [n for n in module.body if isinstance(n, ast.FunctionDef)]
    assert all(isinstance(n, ast.Import | ast.FunctionDef) for n in module.body)
    assert {a.name for n in module.body if isinstance(n, ast.Import) for a in n.names} <= {
        "numpy", "scipy.linalg", "scipy.special",
    }  # fmt: skip
    assert {f.name for f in functions[:-1]} <= HELPERS.keys()
    last = functions[-1]
    assert [type(n).__name__ for n in ast.walk(last) if not isinstance(n, ALLOWED)] == []
    own = {a.arg for a in last.args.args} | {
        n.id for n in ast.walk(last) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    assert not own & (BUILTINS | HELPERS.keys())
    used = {n.id for n in ast.walk(last) if isinstance(n, ast.Name)}
    assert used <= own | BUILTINS | HELPERS.keys()
    assert not [n for n in ast.walk(last) if isinstance(n, ast.Attribute) and n.attr.startswith("_")]


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_code_with_a_hostile_name_computes_what_code_with_a_plain_name_does(name):
    plain = dict(answers("zz"))
    rng = np.random.default_rng(1)
    x, A = rng.uniform(0.5, 1, 3), rng.uniform(0.5, 1, (3, 3))
    for formula, D in answers(name):
        names_allowed(D.code())
        given = dict.fromkeys(D.function.variables, x) | ({"A": A} if "A" in D.function.variables else {})
        expected = plain[formula].compile()(**{"A": A, "zz": x} if "A" in given else {"zz": x})
        np.testing.assert_allclose(D.compile()(**given), expected)


def test_most_of_these_names_can_be_names_of_variables():
    assert sum(1 for name in IDENTIFIERS if list(answers(name))) > 40


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_becomes_code_latex_or_a_terminal_sequence(text):
    for _, D in answers(text):
        names_allowed(D.code())
        for shown in (D.text, D.unicode(), D.latex()):
            assert all(c.isprintable() for c in shown)
        assert not re.search(r"input|write|href|catcode|def\\|[$%#&~]", D.latex())


@pytest.mark.parametrize("text", TEXTS)
def test_a_message_and_json_hold_no_character_that_acts_on_a_terminal(text, capsys):
    try:
        cf.parse(text)
        error = ClosedFormError(text, source=text, span=(0, len(text)), hint=text)
    except ClosedFormError as refused:
        error = refused
    for lang in ("en", "ko", "zh"):
        render.error(error, lang)
        written = capsys.readouterr().err
        assert all(c.isprintable() or c == "\n" for c in written), unicodedata.name(max(written))
        data = render.json(view.error_fields(error, lang))
        assert all(c.isprintable() or c == "\n" for c in data)
        assert json.loads(data)["message"] == error.message


def test_rich_markup_in_a_name_is_not_markup(capsys):
    render.error(ClosedFormError("[bold red]x[/] [link=http://evil]"), "en")
    assert "[bold red]x[/] [link=http://evil]" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x\n", "x;y", "x=1", "x)", "__import__('os')", "", "1x", "lambda", "x\u202e"])
def test_a_function_is_not_named_by_code(name):
    from closedform.program.compile import code

    with pytest.raises(ClosedFormError):
        code(cf.parse("x'*x").expr, name)
