"""Equality of tensors, decided by their canonical forms."""

from __future__ import annotations

import pytest

from closedform.core.expr import number
from closedform.core.normal import normal
from closedform.index.tensor import Factor, Product, Tensor, same
from tests.index.tensors import tensor

SQUARE = {**dict.fromkeys("ABCSX", ("n", "n")), **dict.fromkeys("xyz", ("n",))}

EQUAL = [
    ("A*X*B*X*C", "(C'*X'*B'*X'*A')'", "X"),
    ("X*A*B + X*A*C", "X*(A*(B + C))", "X"),
    ("(X + A)*(X + B)", "X*X + A*X + X*B + A*B", "X"),
    ("X'*S*X", "(S*X)'*X", "X"),
    ("S*X*S", "S'*X*S'", "X"),
    ("X*x*y'*X", "(X*x)*(X'*y)'", "X"),
    ("diag(x)*X*diag(y)", "X .* (x*y')", "X"),
    ("tr(A*X*B*X)", "tr(X*B*X*A)", "XX"),
    ("tr(X'*S*X)", "tr(X'*S*X*eye(n)')", "XX"),
    ("x'*X*y", "sum((x*y') .* X)", "X"),
    ("2*X*A - X*A", "X*A", "X"),
    ("sum(X.*X)", "norm2(X)^2", "XX"),
    ("tr(inv(X'*S*X))", "tr(inv(X'*S'*X)')", "XX"),
]
DIFFERENT = [
    ("A*X*B", "B*X*A", "X"),
    ("A*X*B", "2*A*X*B", "X"),
    ("X'*A", "X*A", "X"),
    ("A*X*S", "A'*X*S", "X"),
    ("X*X'", "X'*X", "X"),
    ("tr(A*X*B*X)", "tr(A*X*B'*X)", "XX"),
    ("diag(x)*X", "X*diag(x)", "X"),
]


@pytest.mark.parametrize(("a", "b", "by"), EQUAL)
def test_equal(a: str, b: str, by: str) -> None:
    s, t = (tensor(source, by, shapes=SQUARE, S=["symmetric"])[0] for source in (a, b))
    assert same(s, t)
    assert same(t, s)


@pytest.mark.parametrize(("a", "b", "by"), DIFFERENT)
def test_different(a: str, b: str, by: str) -> None:
    s, t = (tensor(source, by, shapes=SQUARE, S=["symmetric"])[0] for source in (a, b))
    assert not same(s, t)


def test_the_order_of_factors_and_products_says_nothing() -> None:
    t, _ = tensor("A*X*B + X*X", "X", shapes=SQUARE)
    turned = Tensor(t.free, t.groups, tuple(Product(p.scalar, p.factors[::-1]) for p in t.products[::-1]))
    assert same(t, turned)


def test_a_transpose_is_the_factor_turned() -> None:
    t, _ = tensor("A*X*B", "X", shapes=SQUARE)
    turned = Tensor(
        t.free,
        t.groups,
        tuple(
            Product(p.scalar, tuple(Factor(normal(f.expr.T), f.indices[::-1]) for f in p.factors)) for p in t.products
        ),
    )
    assert same(t, turned)
    negative = Tensor(t.free, t.groups, tuple(Product(normal(number(-1) * p.scalar), p.factors) for p in t.products))
    assert not same(t, negative)


def test_a_product_with_a_symmetric_matrix_and_its_transpose_are_one_factor() -> None:
    """Of tr((X'SX)⁻¹) there are nine terms where (X'S)_ij and (SX)_ji are told apart, and five where they are not."""
    S, X = SQUARE["S"], ("n", "k")
    t = tensor("tr(inv(X'*S*X))", "XX", shapes={"S": S, "X": X}, S=["symmetric"])[0]
    assert len(t.products) == 5
