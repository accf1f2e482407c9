"""What the table of hostile texts brought to light, each bounded by work and said to the user."""

from __future__ import annotations

import pytest

import closedform as cf
from closedform.core.shape import MOST_FACTORS, dim
from closedform.derivation.telling import MOST_OPERATIONS
from closedform.errors import ClosedFormError, TooLarge
from closedform.lang import LANGUAGES, say
from tests.hostile.inputs import BOMBS, NESTING, STATEMENTS
from tests.hostile.million import PARSERS


def test_a_size_of_very_many_factors_is_refused_where_it_arises():
    f = "sum(" + "diag(vec(" * 12 + "x" + "))" * 12 + ")"
    with pytest.raises(TooLarge, match="factors") as refused:
        cf.parse(f)
    assert refused.value.span is not None


def test_a_product_of_sizes_is_refused_beyond_the_limit():
    n = dim("n")
    for _ in range(MOST_FACTORS.bit_length() - 1):
        n = n * n
    with pytest.raises(TooLarge):
        n * n
    with pytest.raises(TooLarge):
        dim(10**8) * dim(10**8) * dim(10**8) * dim(10**8) * dim(10**8)


def test_a_nonsense_statement_that_is_long_is_false_and_says_that_not_everything_was_tried():
    v = cf.check(STATEMENTS["many names"])
    assert v.verdict == "false" and v.unfinished and v.as_dict()["unfinished"]
    for lang in LANGUAGES:
        assert say(lang, "verdict.unfinished") in v.text(lang)


def test_a_short_statement_is_changed_in_every_way():
    for statement in ("d(x'*A*x)/dx = 3*A*x", "A*B*X = X*B*A", "d(inv(X)) = inv(X)*dX"):
        assert not cf.check(statement).unfinished


def test_a_long_wrong_line_says_that_not_every_slip_was_looked_for():
    mine = "+".join(f"{i}*A*x" for i in range(1, 300))
    j = cf.judge(cf.parse("x'*A*x + norm2(x)"), "x", mine)
    assert j.verdict == "wrong" and j.slip.key == "mine.unfinished"


@pytest.mark.parametrize("f", [BOMBS["long chain"], BOMBS["sum of many inverses"], NESTING["norms in norms"]])
def test_a_derivation_that_no_one_could_read_is_refused_and_the_answer_is_not(f):
    function = cf.parse(f)
    D = cf.derivative(function, "X" if "X" in function.variables else "x")
    with pytest.raises(TooLarge, match="derivation"):
        D.steps()
    assert D.code()


def test_an_answer_as_data_has_no_steps_where_the_derivation_is_too_long():
    D = cf.derivative(cf.parse("+".join(["x'*A*x"] * (MOST_OPERATIONS // 3))), "x")
    assert D.as_dict()["steps"] is None and D.as_dict()["text"]


CRASHED = [  # found by the million; each raised an exception that was not ours
    (r"\nabla_x f(x) = a + \frac{\partial f}{\partial x} + \nabla_x f(x)", "statement"),
    ("d(x'*a)/dxnorm2(x - a) = a    \\frac1n \\sum_{i=1}^n (y_i - x_", "statement"),
    ("A*diag\\nabla_x f = (x)*B", "statement"),
    (r"\sum_i \max(norm2(T - U*V')^20, 1 - y_i x_i^\top w)", "latex"),
    (r"\sum_i \max(a, 1 - y_i x_i^\top w)", "latex"),
    ("(((9^.9)^9)^9)^9 + \\alpha", "latex"),
    ("x^.5*s", "latex"),
    (r"\frac.5 x", "latex"),
    ("10^9.t*X", "latex"),
]


@pytest.mark.parametrize(("text", "parser"), CRASHED)
def test_what_once_crashed_a_parser_is_refused(text, parser):
    with pytest.raises(ClosedFormError) as refused:
        PARSERS[parser](text)
    assert refused.value.span is not None
