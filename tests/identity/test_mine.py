"""Check my answer: right, right in another layout, or where it went wrong."""

from __future__ import annotations

import pytest

import closedform as cf
from closedform.errors import RequestError, SyntaxProblem, UnknownName
from closedform.lang import LANGUAGES
from closedform.syntax.declare import declarations

LEAST = "norm2(X*w - y)^2"


def judge(function, wrt, mine, let="", **options):
    return cf.judge(cf.parse(function, *declarations([let] if let else []), infer=True), wrt.split(), mine, **options)


SLIPS = [  # function, variable, answer, the slip, a part of its sentence
    (LEAST, "w", "X'*(X*w - y)", "factor", "multiplied by 2 it is right"),
    (LEAST, "w", "4*X'*(X*w - y)", "factor", "multiplied by 1/2 it is right"),
    (LEAST, "w", "6*X'*(X*w - y)", "factor", "multiplied by 1/3"),
    (LEAST, "w", "2*X'*(y - X*w)", "whole_sign", "the sign of the whole"),
    (LEAST, "w", "2*X'*(X*w + y)", "sign", "a sign is wrong in X*w + y"),
    (LEAST, "w", "2*X*(X*w - y)", "transpose", "X should be transposed"),
    (LEAST, "w", "2*(X*w - y)*X'", "order", "wrong order"),
    (LEAST, "w", "2*X'*X*w", "missing_term", "the term -2*X'*y is missing"),
    ("x'*A*x", "x", "A*x", "missing_term", "the term A'*x is missing"),
    ("x'*A*x", "x", "(A - A')*x", "sign", "a sign is wrong in A - A'"),
    ("sum(exp(x)) + x'*x", "x", "exp(x) - x - x", "term_sign", "the term 2*x has the wrong sign"),
    ("x'*A*x", "x", "2*A*x", "condition", "A is symmetric"),
    ("x'*A*y", "x", "A'*x", "condition", "the derivative is by y"),
    ("sum(sin(A*x))", "x", "A'.*cos(A*x)", "hadamard", "should be a matrix product"),
    ("sum(X.*X.*Y)", "X", "2*X*Y", "product", "should be a product entry by entry"),
    ("a'*X*b", "X", "b*a'", None, ""),
    ("tr(A*X*B)", "X", "A'*B", "transpose", "B should be transposed"),
    ("x'*x + y'*x", "x", "2*x + x", "name", "x should be y"),
    ("x'*A*x + x'*x", "x", "(A + A')*x + 3*x", "number", "the number 3 should be 2"),
    ("x'*y", "x", "y + x", "extra_term", "a term too many"),
    ("sum(exp(x))", "x", "x.*exp(x)", "extra_factor", "a factor too many"),
    ("A*X*B", "X", "kron(A, B')", "order", "wrong order"),
    ("vec(A*X')", "X", "kron(eye(m), A)*K(n,m)", "sizes", "sizes of K(n,m) are exchanged"),
]


@pytest.mark.parametrize(("function", "wrt", "mine", "slip", "said"), SLIPS, ids=[f"{s[0]}: {s[2]}" for s in SLIPS])
def test_a_slip_is_named(function, wrt, mine, slip, said):
    let = {
        "a'*X*b": "a: vector(m); b: vector(n)",
        "sum(X.*X.*Y)": "X, Y: matrix(n,n)",
        "vec(A*X')": "A: matrix(p,n); X: matrix(m,n)",
    }
    j = judge(function, wrt, mine, let.get(function, ""))
    if slip is None:  # a transposed gradient is right in another layout
        assert j.verdict == "layout"
        return
    assert j.verdict == "wrong"
    assert j.slip.key in (f"mine.{slip}", f"verdict.{slip}")
    assert said in str(j)


def test_every_diagnosis_gives_the_right_formula():
    for function, wrt, mine, slip, _ in SLIPS[:14]:
        j = judge(function, wrt, mine, "X, Y: matrix(n,n)" if "Y" in function else "")
        if slip:
            assert judge(function, wrt, j.correct, "X, Y: matrix(n,n)" if "Y" in function else "").verdict != "wrong"


@pytest.mark.parametrize(("mine", "layout", "verdict"), [
    ("(A + A')*x", None, "right"),
    ("A*x + A'*x", None, "right"),
    ("x'*(A + A')", None, "layout"),
    ("x'*(A + A')", "numerator", "right"),
    ("(A + A')*x", "numerator", "layout"),
    ("df/dx = (A + A')*x", None, "right"),
    ("∇f = (A + A')*x", None, "right"),
])  # fmt: skip
def test_an_answer_is_right_in_its_layout_or_in_another(mine, layout, verdict):
    j = judge("x'*A*x", "x", mine, layout=layout)
    assert j.verdict == verdict
    if verdict == "layout":
        assert j.layouts and all(name in str(j) for name in j.layouts)


LINES = ["df = dx'*A*x + x'*A*dx", "df = x'*(A + A')*dx", "(A + A')*x"]


def test_lines_that_are_right_lead_to_an_answer_that_is_right():
    assert judge("x'*A*x", "x", LINES).verdict == "right"
    assert judge("x'*A*x", "x", "; ".join(LINES)).verdict == "right"
    assert judge("x'*A*x", "x", "\n".join(LINES)).verdict == "right"
    assert judge("x'*A*x", "x", "df = dx'*A*x + x'*A*dx = x'*(A + A')*dx").verdict == "right"


@pytest.mark.parametrize(("number", "line", "slip"), [
    (1, "df = dx'*A*x", "the term x'*A*dx is missing"),
    (2, "df = x'*(A - A')*dx", "a sign is wrong in A - A'"),
    (2, "df = 2*x'*A*dx", "A is symmetric"),
    (3, "(A + A)*x", "should be transposed"),
])  # fmt: skip
def test_the_first_line_that_is_wrong_is_named(number, line, slip):
    lines = list(LINES)
    lines[number - 1] = line
    j = judge("x'*A*x", "x", lines)
    assert (j.verdict, j.line) == ("wrong", number)
    assert slip in str(j) or (number == 2 and line.startswith("df = 2"))


def test_only_the_variables_that_were_asked_about_vary():
    """A constant needs no differential; a product rule half applied is found."""
    assert judge("A*X", "X", "dF = A*dX").verdict == "right"
    assert judge("X*X", "X", "dF = dX*X").slip.key == "mine.missing_term"


def test_a_second_derivative_is_judged():
    assert judge("x'*A*x", "x x", "A + A'").verdict == "right"
    assert judge("x'*A*x", "x x", "2*A").slip.text() == "it would be right under a condition: A is symmetric"


def test_by_a_symmetric_matrix_the_convention_is_named():
    let = "S: matrix(n,n) spd"
    assert judge("logdet(S)", "S", "inv(S)", let).slip is None
    entries = judge("logdet(S)", "S", "2*inv(S) - inv(S).*eye(n)", let)
    assert entries.verdict == "right" and "independent entries" in str(entries)


def test_an_answer_of_the_wrong_shape_is_wrong_and_told_why():
    j = judge("x'*A*x", "x", "A*x*x", "A: matrix(n,n); x: vector(n)")
    assert j.verdict == "wrong"
    assert judge("x'*A*x", "x", "A*(x + A)", "A: matrix(n,n); x: vector(n)").slip.key == "mine.misfit"


@pytest.mark.parametrize(("mine", "kind"), [
    ("", RequestError), ([], RequestError), (" ; ", RequestError), ("foo(x)", UnknownName), ("2*A*z", UnknownName),
    ("2*(x", SyntaxProblem), ("x;" * 60, RequestError), ("df = ", SyntaxProblem),
])  # fmt: skip
def test_mistakes_are_told(mine, kind):
    with pytest.raises(kind):
        judge("x'*A*x", "x", mine, "x: vector(n); A: matrix(n,n)")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_judgement_is_said_in_every_language(lang):
    for mine in ("A*x", "2*A*x", "x'*(A + A')", "(A + A')*x"):
        j = judge("x'*A*x", "x", mine)
        assert "{" not in j.text(lang)
        assert j.as_dict(lang)["said"] == j.text(lang).split("\n")


def test_where_an_answer_and_the_derivation_part_is_told_with_the_step():
    f = cf.parse("x'*A*x")
    judgement = cf.judge(f, "x", "df = dx'*A*x + x'*A*dx; df = 2*x'*A*dx; 2*A'*x")
    assert judgement.line == 2
    assert "step 3 of the derivation, a scalar equals its transpose: df = x'*A*dx + x'*A'*dx" in str(judgement)
    assert "풀이의 3단계" in judgement.text("ko")


@pytest.mark.parametrize(
    ("mine", "verdict"),
    [
        (r"(A + A^\top) x", "right"),
        (r"x^\top (A + A^\top)", "layout"),
        (r"2 A x", "wrong"),
        (r"\mathrm{d}f = \mathrm{d}x^\top A x + x^\top A \,\mathrm{d}x; x^\top(A + A^\top)\,\mathrm{d}x", "right"),
        (r"\mathrm{d}f = 2 x^\top A \,\mathrm{d}x", "wrong"),
    ],
)
def test_an_answer_in_latex_is_judged(mine, verdict):
    assert cf.judge(cf.parse("x'*A*x"), "x", mine).verdict == verdict


def test_a_mistake_in_an_answer_in_latex_has_its_place_there():
    with pytest.raises(SyntaxProblem) as caught:
        cf.judge(cf.parse("x'*A*x"), "x", r"\frac{1}{2 A x")
    assert caught.value.source == r"\frac{1}{2 A x"


@pytest.mark.parametrize(
    ("mine", "verdict"), [("2A^T(Ax-b)", "right"), ("2*A'*(A*x - b)", "right"), ("2A(Ax-b)", "wrong")]
)
def test_an_answer_to_a_question_in_latex_is_read_as_latex(mine, verdict):
    assert cf.judge(cf.parse(r"\|Ax-b\|_2^2"), "x", mine).verdict == verdict
