"""`K(m,n)` is the commutation matrix, and `K` a name like any other."""

from __future__ import annotations

import numpy as np
import pytest

from closedform.core.expr import OPS, commutation, eye, number, symbol
from closedform.core.shape import dim
from closedform.errors import ClosedFormError, ShapeError, SyntaxProblem, UnknownName
from closedform.syntax.text import parse
from closedform.verification.interpreter import evaluate

m, n, p, two = dim("m"), dim("n"), dim("p"), dim(2)
MATRICES = {
    "K(m,n)": commutation(m, n),
    "K( m , n )": commutation(m, n),
    "K(2,n)": commutation(two, n),
    "K(m*p,2n)": commutation(m * p, two * n),
    "K(1,n)": eye(n),
    "K(m,1)": eye(m),
    "K(1,1)": number(1),
    "K(m,n)'": commutation(m, n).T,
    "2K(m,n)": 2 * commutation(m, n),
    "K(m,n)K(n,m)": commutation(m, n) @ commutation(n, m),
    "K(m,n) ⊗ eye(p)": OPS["kron"](commutation(m, n), eye(p)),
}


@pytest.mark.parametrize("text", MATRICES)
@pytest.mark.parametrize("shapes", [None, {"K": ("m", "n"), "X": ("p", "q")}], ids=["inferred", "beside a variable K"])
def test_two_dimensions_make_the_commutation_matrix(text, shapes):
    assert parse(text, shapes).expr is MATRICES[text]


def test_it_transposes_what_is_stacked():
    A = np.arange(6.0).reshape(2, 3)
    f = parse("K(m,n)*vec(A) - vec(A')", {"A": ("m", "n")})
    assert not evaluate(f.expr, {"A": A}, {"m": 2, "n": 3}).any()


def test_a_variable_may_be_named_K():
    K = symbol("K", (n, n))
    x = symbol("x", (n, dim(1)))
    assert parse("K*x").expr is symbol("K", (m, n)) @ x
    assert parse("K*x", {"K": ("n", "n"), "x": ("n",)}).expr is K @ x
    assert parse("K(n,n)*vec(K)", {"K": ("n", "n")}).expr is commutation(n, n) @ OPS["vec"](K)
    f = parse("K(2,3)*K*x")
    assert f.notes == ("K is 6×n", "x is a column of n entries")
    assert parse("tr(K)*K(m,p)").notes == ("K is n×n", "m is a dimension", "p is a dimension")


def test_only_two_arguments_are_dimensions():
    assert "m is a dimension" not in parse("K*(m)", infer=True).notes
    assert parse("K(m,p)").notes == ("m is a dimension", "p is a dimension")


PRODUCT, MATRIX = "write K*{} for a product, ", "K(m,n) for the commutation matrix"
MISTAKES = [  # text, shape of K, kind, hint
    ("K(x)", ("n", "n"), SyntaxProblem, PRODUCT.format("(x)") + MATRIX),
    ("K(x,x,x)", ("n", "n"), SyntaxProblem, "write " + MATRIX),
    ("K(m)", None, UnknownName, PRODUCT.format("(…)") + MATRIX),
    ("K()", None, UnknownName, "write " + MATRIX),
    ("K(m,n,p)", None, UnknownName, "write " + MATRIX),
    ("commutation(m,n)", None, UnknownName, "write " + MATRIX),
    ("K(,)", None, SyntaxProblem, None),
    ("K(m,)", None, SyntaxProblem, None),
    ("K(m,n", None, SyntaxProblem, None),
    ("K (m,n)", None, SyntaxProblem, None),
    ("K(0,n)", None, ShapeError, None),
    ("K(-1,n)", None, ShapeError, None),
    ("K(m+1,n)", None, ShapeError, None),
    ("K(K(m,n),2)", None, ShapeError, None),
    ("K(x,n)", ("n", "n"), ShapeError, None),
    ("K(K,n)", ("n", "n"), ShapeError, None),
    ("K(999999,999999)", None, ShapeError, None),
]


@pytest.mark.parametrize(("text", "shape", "kind", "hint"), MISTAKES, ids=[t for t, *_ in MISTAKES])
def test_mistakes(text, shape, kind, hint):
    with pytest.raises(ClosedFormError) as caught:
        parse(text, {"K": shape, "x": ("n",)} if shape else None)
    assert (type(caught.value), caught.value.hint) == (kind, hint)
    assert caught.value.span is not None
