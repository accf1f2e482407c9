"""Hostile and random text: refused quickly, and by our own errors only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.errors import ClosedFormError, SyntaxProblem, TooLarge
from closedform.syntax.declare import declarations
from closedform.syntax.text import parse
from closedform.syntax.tokens import MAX_LENGTH, MAX_NESTING
from closedform.syntax.tree import MAX_DEPTH
from tests.clock import within

TOO_LARGE = {
    "length": "x" * (MAX_LENGTH + 1),
    "brackets": "(" * 101 + "x" + ")" * 101,
    "calls": "exp(" * 101 + "x" + ")" * 101,
    "norms": "‖" * 101 + "x" + "‖" * 101,
    "minus signs": "-" * 9000 + "x",
    "primes": "x" + "'" * 9000,
    "superscripts": "x" + "²" * 9000,
    "powers": "a" + "^2" * 4000,
    "powers of two": "2" + "^2" * 300,
    "terms": "+".join(["x"] * 1000),
    "factors side by side": "a " * 3000,
    "tokens": "a+" * 4999 + "a",
    "digits": "1" * 9000,
    "zeros": "0" * 5000 + "1",
    "exponent": "1e" + "9" * 5000,
    "factorial": "*".join(map(str, range(10**8, 10**8 + 300))),
}
MALFORMED = {
    "open brackets": "(" * 99,
    "dots": "." * 9999,
    "lone superscript minus": "⁻" * 5000,
    "commas": "," * 5000,
    "quotes": '"' * 9999,
}


@pytest.mark.parametrize(("text", "kind"), [(t, TooLarge) for t in TOO_LARGE.values()]
                         + [(t, SyntaxProblem) for t in MALFORMED.values()], ids=[*TOO_LARGE, *MALFORMED])  # fmt: skip
def test_hostile_text_is_refused_within_a_second(text, kind):
    parse("x")  # the grammar is built once
    with within(1), pytest.raises(ClosedFormError) as caught:
        parse(text)
    assert type(caught.value) is kind
    assert caught.value.span is not None
    assert len(str(caught.value)) < 1000


def test_text_up_to_the_limits_is_read():
    assert parse("(" * MAX_NESTING + "x" + ")" * MAX_NESTING).expr.op.name == "symbol"
    assert parse("exp(" * MAX_NESTING + "a" + ")" * MAX_NESTING).expr.is_scalar
    assert parse("+".join(["x"] * MAX_DEPTH)).expr.op.name == "add"


def test_a_thousand_unknown_dimensions_take_less_than_a_second():
    names = [f"H{i}" for i in range(700)]
    while len(names) > 1:
        names = [f"({'*'.join(names[i : i + 2])})" for i in range(0, len(names), 2)]
    with within(1):
        f = parse(names[0])
    assert len(f.variables) == 700


PIECES = st.sampled_from(
    [
        *"xyzAXabnk012.+-*/^'(),‖ᵀ²⁻½√λΣ⊗⊙ ",
        ".*",
        "./",
        ".^",
        "exp(",
        "sum(",
        "eye(n)",
        "ones(",
        "vector(1)",
        "inv(",
        "1e9",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.booleans())
@settings(max_examples=400, deadline=None)
def test_random_pieces_of_syntax_raise_only_our_errors(text, infer):
    try:
        f = parse(text, {"x": ("n",), "A": ("m", "n"), "a": ()}, infer=infer)
    except ClosedFormError as error:
        assert error.span is not None and 0 <= error.span[0] <= error.span[1] <= len(text) + 1
        assert str(error)
    else:
        assert f.expr.shape is not None


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_random_text_raises_only_our_errors(text):
    for read in (parse, declarations):
        try:
            assert read(text) is not None
        except ClosedFormError as error:
            assert error.message
