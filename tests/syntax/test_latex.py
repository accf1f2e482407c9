"""LaTeX as people write it is read as they meant it, or refused at the place where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import closedform as cf
from closedform import errors
from closedform.core.expr import Expr, symbols
from closedform.core.normal import normal
from closedform.core.shape import ONE, shape_of
from closedform.emit.latex import ACCENTS, FONTS, latex
from closedform.errors import ClosedFormError, DomainError, RequestError, SyntaxProblem
from closedform.syntax.declare import declarations
from closedform.syntax.latex import read
from closedform.syntax.latex.names import plain_name
from closedform.syntax.text import parse
from closedform.syntax.tree import Node
from closedform.verification.interpreter import evaluate, values
from tests.clock import within
from tests.strategies import SIZES, environment, expressions, stacked

ROWS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data" / "latex.jsonl").read_text("utf-8").splitlines()
]
READ = [row for row in ROWS if "text" in row]
REFUSED = [row for row in ROWS if "error" in row]
NAMED_SIZES = {"n": 3, "m": 4, "p": 2, "q": 5, "k": 3, "N": 4}


def latex_of(row: dict[str, Any]) -> cf.Function:
    return parse(row["latex"], *declarations(row["declare"]), infer=True, syntax="latex")


@pytest.mark.parametrize("row", READ, ids=lambda r: r["latex"])
def test_latex_is_read_as_its_author_meant_it(row: dict[str, Any]) -> None:
    """The same value as the text, with the kinds of letters that `let` says, at two points."""
    expected = parse(row["text"], *declarations(row["let"]), dims=[] if "n: s" in row["let"] else ["n"])
    found = latex_of(row)
    assert found.variables.keys() - found.dims.keys() == expected.variables.keys(), found.notes
    for seed in range(2):
        rng = np.random.default_rng(seed)
        env, sizes = {}, dict(NAMED_SIZES)
        for name, x in expected.variables.items():
            shape = [d.value(NAMED_SIZES) for d in x.shape]
            value = rng.uniform(0.3, 1.2, shape) + (2 * np.eye(shape[0]) if len(set(shape)) == 1 < shape[0] else 0)
            env[name] = np.full(shape, 2.0) if "integer" in x.data.properties else value
            for d, length in zip(found.variables[name].shape, shape, strict=True):
                assert (d is ONE) == (length == 1), f"{name} is {found.variables[name].shape}"
                sizes |= dict.fromkeys(d.names, length) if len(d.names) == 1 else {}
        wanted = evaluate(expected.expr, env, NAMED_SIZES)
        assert np.allclose(evaluate(found.expr, env, sizes), wanted, rtol=1e-9), f"{found.expr} is not {expected.expr}"


def test_at_least_sixty_inputs_are_read_and_most_of_them_are_quoted() -> None:
    assert len(READ) >= 60 and len(REFUSED) >= 20
    assert sum(not row["source"].startswith("own") for row in READ) >= 40
    assert len({row["latex"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", REFUSED, ids=lambda r: r["latex"])
def test_what_cannot_be_understood_is_refused_at_its_place(row: dict[str, Any]) -> None:
    with pytest.raises(ClosedFormError) as caught:
        latex_of(row)
    error = caught.value
    assert type(error) is getattr(errors, row["error"]) and row["message"] in error.message
    assert error.source == row["latex"] and error.span is not None
    assert row["latex"][slice(*error.span)] == row["at"]


# readings that are chosen ----------------------------------------------------------------------------------------

NOTES = [
    (r"e^{XB}", r"e^{XB} is read entry by entry; the exponential of a matrix is \operatorname{expm}(…)"),
    (r"\sigma(x)", r"\sigma is read as the logistic function, as it is applied"),
    (r"|X|", "|X| is read as a determinant"),
    (r"\lvert x \rvert", r"\lvert x \rvert is read entry by entry"),
    (r"\operatorname{tr} A X", r"\operatorname{tr} A X is read as tr(A X)"),
    (r"\operatorname{tr}(A) B", r"the argument of tr ends at its bracket: \operatorname{tr}(A)"),
    (r"\log x y^\top z", r"\log x y^\top z is read as log(x y^\top z)"),
    (r"\sum_i x_i^\top w", "x_i is row i of X, as a column"),
    (r"\sum_i y_i^2", "y_i is entry i of y"),
    (r"\mathbf{x}^\top A x", r"\mathbf{x} and x are read as one variable, x"),
    (r"x^t A x \alpha", "x^t is read as a transpose"),
    (r"\log(2\pi)", "π is read as a variable, not as the number"),
    (r"L(w) = w^\top w", "L(w) is the name of the function"),
    (r"\operatorname{tr}(A^{1/2})", "A^{1/2} is read as the matrix square root"),
    (r"K_{m,n} B", "K_{m,n} is read as the commutation matrix"),
    (r"\sqrt{X}", r"\sqrt{X} is read entry by entry; the square root of a matrix is \operatorname{sqrtm}(…)"),
    (r"x^{(2)} + y^{(2)}", "x^{(2)} is read as a name, not as a power"),
    (r"a^\top x", "a is a column of n entries"),
]


@pytest.mark.parametrize(("written", "note"), NOTES)
def test_a_chosen_reading_is_reported(written: str, note: str) -> None:
    assert note in parse(written, syntax="latex").notes


def test_e_to_a_scalar_needs_no_note() -> None:
    assert not any("entry by entry" in note for note in parse(r"e^{x^\top y}").notes)


DECLARED = [  # what a declaration makes of a letter
    (r"\sigma(x + y)", "σ: scalar", "σ*(x + y)"),
    (r"\sigma(x)^\top y", "sigma: entrywise", "sigma(x)'*y"),
    (r"\sigma'(x)", "sigma: entrywise", "sigma'(x)"),
    (r"I x", "I: matrix(m,n); x: vector(n)", "I*x"),
    (r"e^{2}", "e: scalar", "e^2"),
    (r"\Sigma^{-1} x", "Sigma: matrix(n,n); x: vector(n)", "inv(Sigma)*x"),
    (r"\Sigma^{-1} x", "Sigma: spd", "inv(Sigma)*x"),
    (r"x_{1}^\top x_2", "x1: vector(n); x2: vector(n)", "x1'*x2"),
    (r"a^\top b", "a: scalar; b: scalar", "a*b"),
    (r"\mathbf{c}\,x", r"\mathbf{c}: scalar; x: vector(n)", "c*x"),
    (r"\sum_i x_i", "x: vector(n)", "sum(x)"),
    (r"\sum_i X_i", "X: matrix(n,p)", "sum(X,1)'"),
    (r"rate\, x^\top x", "rate: scalar", "rate*x'*x"),
]


@pytest.mark.parametrize(("written", "declared", "expected"), DECLARED)
def test_declarations_come_before_the_usual_meaning_of_letters(written: str, declared: str, expected: str) -> None:
    given = declarations(declared)
    found = parse(written, *given, infer=True, syntax="latex").expr
    wanted = parse(expected, *given, infer=True).expr
    assert normal(found) is normal(wanted)


# names -----------------------------------------------------------------------------------------------------------

NAMES = [
    "x",
    "x_1",
    "x_hat",
    "x_hat_1",
    "Σ",
    "Σ_xy",
    "μ_tilde",
    "w_train",
    "x_1_2",
    "dX",
    "rate",
    "A_cal",
    "learning_rate",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_in_latex_that_reads_back(name: str) -> None:
    x = cf.matrix(name, "m", "n")
    assert parse(latex(x), syntax="latex").expr.data.name == name
    assert parse(str(x), {name: ("m", "n")}).expr is x


@pytest.mark.parametrize("accent", [*ACCENTS, *FONTS])
def test_every_accent_that_is_printed_reads_back(accent: str) -> None:
    assert parse(latex(cf.vector(f"x_{accent}_1", "n")), syntax="latex").expr.data.name == f"x_{accent}_1"


@pytest.mark.parametrize("written", ["x", r"\mathbf{x}", r"\boldsymbol x", r"\vec{x}"])
def test_a_variable_may_be_named_in_latex(written: str) -> None:
    assert str(cf.derivative(parse(r"\mathbf{x}^\top A \mathbf{x}"), written)) == "(A + A')*x"


@pytest.mark.parametrize("written", ["Sigma", "Σ", r"\Sigma", r"\boldsymbol{\Sigma}"])
def test_a_greek_variable_may_be_named_in_letters(written: str) -> None:
    assert str(cf.derivative(parse(r"\log\det\Sigma"), written)) == "inv(Σ)'"


@pytest.mark.parametrize("written", [r"\mathbf{Ax}", r"x + y", r"\frac{x}{y}", r"\mathbf{", r"\foo"])
def test_what_is_no_name_is_no_variable(written: str) -> None:
    with pytest.raises(ClosedFormError):
        cf.derivative(parse("x'*A*x"), written)


def test_a_plain_name_is_known_in_another_spelling() -> None:
    assert [plain_name(r"\Sigma", ["Sigma"]), plain_name("Sigma", ["Σ"]), plain_name("x_1", ["x1"])] == [
        "Sigma",
        "Σ",
        "x1",
    ]


# which syntax ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [r"x^\top A x", "x^{T}Ax", "$x'Ax$", "x_{1}^TA_1x_{1}"])
def test_latex_is_recognised(written: str) -> None:
    assert parse(written).source == written


def test_the_syntax_may_be_said() -> None:
    assert str(parse("||Ax||", syntax="latex").expr) == "norm2(A*x)"
    with pytest.raises(SyntaxProblem, match="not LaTeX"):
        parse(r"x^\top y", syntax="text")


def test_there_is_no_third_syntax() -> None:
    with pytest.raises(RequestError, match="no such syntax: 'tex'"):
        parse("x", syntax="tex")


# statements ------------------------------------------------------------------------------------------------------


def shown(node: Node) -> str:
    """A tree in one line."""
    if not node.operands:
        return node.text
    rule = node.rule if node.rule != "call" else node.text
    return f"{rule}({', '.join(map(shown, node.operands))})"


STATEMENTS = [
    (r"\frac{\partial f}{\partial X}", "derivative(f, X)"),
    (r"\frac{\partial}{\partial \mathbf{X}} \operatorname{tr}(AX)", "derivative(tr(juxtapose(A, X)), X)"),
    (r"\frac{d}{dx}(a x)", "derivative(juxtapose(a, x), x)"),
    (r"\frac{\mathrm{d} f}{\mathrm{d} x}", "derivative(f, x)"),
    (r"\frac{\partial^2 f}{\partial x \partial x^\top}", "derivative(f, x, PRIME(x))"),
    (r"\frac{\partial^2 f}{\partial x^2}", "derivative(f, x, x)"),
    (r"{ \partial x^TA^{-1}x \over \partial A }", "derivative(juxtapose(juxtapose(PRIME(x), SUPER(A)), x), A)"),
    (r"\nabla_x f", "derivative(f, x)"),
    (r"\nabla_{x}^2 f", "derivative(f, x, x)"),
    (r"\nabla^2_{xy} f".replace("xy", "x,y"), "derivative(f, x, y)"),
    (r"\partial f/\partial x", "derivative(f, x)"),
    (r"\partial_x f", "derivative(f, x)"),
    (r"\mathrm{d}(AXB)", "differential(juxtapose(juxtapose(A, X), B))"),
    (r"d(AXB)", "differential(juxtapose(juxtapose(A, X), B))"),
    (r"d\log\det X", "differential(logdet(X))"),
    (
        r"\nabla_X \operatorname{tr}(AXB) = BA",
        "EQUALS(derivative(tr(juxtapose(juxtapose(A, X), B)), X), juxtapose(B, A))",
    ),
    (r"df = 2 x^\top dx", "EQUALS(df, juxtapose(juxtapose(2, PRIME(x)), dx))"),
    (
        r"\partial(\ln (\operatorname{det}(\mathbf{X})))=\operatorname{Tr}\left(\mathbf{X}^{-1} \partial \mathbf{X}\right)",
        "EQUALS(differential(logdet(X)), tr(juxtapose(SUPER(X), dX)))",
    ),
]


@pytest.mark.parametrize(("written", "tree"), STATEMENTS)
def test_a_statement_about_derivatives_has_nodes_of_its_own(written: str, tree: str) -> None:
    assert shown(read(written, statement=True).tree) == tree


@pytest.mark.parametrize("written", [w for w, _ in STATEMENTS if "=" not in w])
def test_a_statement_is_no_expression(written: str) -> None:
    with pytest.raises(SyntaxProblem, match="a statement and not an expression") as caught:
        parse(written, syntax="latex")
    assert caught.value.hint == "ask `closedform check`"


def test_an_operator_is_kept_as_written() -> None:
    node = read(r"\frac{\partial^2 f}{\partial x \partial x^\top}", statement=True).tree
    assert node.text == r"\frac{\partial^2 f}{\partial x \partial x^\top}"


def test_a_full_stop_after_an_exponent_ends_the_formula() -> None:
    assert parse("$a^2.$").expr is parse("a^2").expr
    assert parse(r"\sqrt2.").expr is parse(r"\sqrt2").expr


def test_a_fraction_with_d_is_a_fraction_where_d_is_a_number() -> None:
    assert (
        str(parse(r"\frac{d}{2}\log(a)").expr) == "d/2*log(a)"
        or str(parse(r"\frac{d}{2}\log(a)").expr) == "0.5*d*log(a)"
    )


# everything that is printed reads back ----------------------------------------------------------------------------


@given(e=expressions() | stacked(), seed=st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_printed_latex_reads_back_with_the_same_value(e: Expr, seed: int) -> None:
    written = latex(e)
    shapes = {s.data.name: tuple(d.text for d in s.shape) for s in symbols(e)}
    try:
        back = parse(written, {**shapes, "Unused": ("m", "n")}, infer=False, syntax="latex").expr
    except DomainError:  # 1/0
        reject()
    assert back.shape == e.shape, written
    env = environment(e, seed)
    known = values(e, env, SIZES)
    largest = [np.abs(v).max() for v in known.values()]
    if np.isfinite(largest).all() and max(largest) < 1e6:
        found = evaluate(back, env, SIZES)
        assert np.allclose(found, known[e], rtol=1e-6, atol=1e-7 * max(largest)), written


# hostile ---------------------------------------------------------------------------------------------------------

HOSTILE = {
    "braces": "{" * 4000 + "x" + "}" * 4000,
    "brackets": r"\left(" * 800 + "x" + r"\right)" * 800,
    "backslashes": "\\" * 10_000,
    "spaced backslashes": "\\ " * 5000,
    "unbalanced": "{" * 9999,
    "closing": "}" * 9999,
    "fractions": r"\frac{1}{" * 1000 + "x" + "}" * 1000,
    "fractions on top": r"\frac{" * 1000 + "x",
    "bare fractions": r"\frac" * 2000,
    "roots": r"\sqrt" * 2000 + "x",
    "accents": r"\hat{" * 1500 + "x" + "}" * 1500,
    "fonts": r"\mathbf" * 1400 + "x",
    "logarithms": r"\log" * 2000 + "x",
    "sums": r"\sum_i" * 1600 + "x_i",
    "exponents": "x" + "^{x" * 2500 + "}" * 2500,
    "subscripts": "x" + "_{1" * 2500 + "}" * 2500,
    "primes": r"\alpha" + "'" * 9000,
    "signs": r"\alpha" + "-" * 9000 + "x",
    "bars": "|" * 9999,
    "norms": r"\|" * 4000,
    "overs": r"{a\over" * 1400,
    "letters": r"\alpha" + "x" * 9990,
    "long": "x" * 10_001 + "\\",
    "commands": r"\foo" * 2500,
    "derivatives": r"\frac{\partial}{\partial x}" * 370 + "x",
    "unicode": "\\alpha \u202e\u0000\U0001f600",
    "differentials": r"\mathrm{d}" * 990 + "x",
}


@pytest.mark.parametrize("written", HOSTILE.values(), ids=HOSTILE)
def test_hostile_latex_is_refused_within_a_second(written: str) -> None:
    parse(r"x^\top y")
    with within(1), pytest.raises(ClosedFormError) as caught:
        parse(written, syntax="latex")
    assert caught.value.span is not None and len(str(caught.value)) < 1000


WORDS = [
    r"\frac",
    r"\sum_i",
    r"\left(",
    r"\right)",
    r"{",
    r"}",
    r"^",
    r"_",
    r"x",
    r"A",
    r"\top",
    r"\log",
    r"\operatorname{tr}",
    r"(",
    r")",
    r"|",
    r"\|",
    r"\mathbf",
    r"+",
    r"-",
    r"=",
    r"1",
    r"\hat",
    r"d",
    r"\partial",
    r",",
    r"'",
    r"\over",
    r"x_i",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25))
@settings(max_examples=500, deadline=None)
def test_random_latex_raises_our_own_errors_only(words: list[str]) -> None:
    try:
        parse(" ".join(words), syntax="latex")
    except ClosedFormError as error:
        assert str(error)


@given(st.sampled_from(ROWS), st.sampled_from(ROWS), st.integers(0, 80), st.integers(0, 80), st.sampled_from(WORDS))
@settings(max_examples=300, deadline=None)
def test_a_formula_with_a_piece_missing_raises_our_own_errors_only(
    one: Any, other: Any, a: int, b: int, word: str
) -> None:
    try:
        parse(one["latex"][:a] + word + other["latex"][b:], syntax="latex")
    except ClosedFormError as error:
        assert error.span is not None or type(error) is errors.DeclarationError


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_random_text_raises_our_own_errors_only(written: str) -> None:
    try:
        parse("\\" + written, syntax="latex")
    except ClosedFormError as error:
        assert str(error)


def test_shapes_of_a_row_are_in_the_order_of_the_data() -> None:
    """A smaller check by hand: the sum of squares over three rows."""
    f = parse(r"\sum_{i=1}^n (y_i - x_i^\top w)^2", {"X": ("n", "p"), "y": ("n",), "w": ("p",)})
    X, y, w = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, 0.0, 2.0]), np.array([0.5, -1.0])
    by_hand = sum((y[i] - X[i] @ w) ** 2 for i in range(3))
    env = {"X": X, "y": y[:, None], "w": w[:, None]}
    assert np.isclose(evaluate(f.expr, env, {"n": 3, "p": 2}), by_hand)
    assert f.variables["X"].shape == shape_of(("n", "p"))
