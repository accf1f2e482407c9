"""A network has a box for every factor, a wire for every sum, a letter for every free index: counted on the drawing."""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import fromstring

import pytest

import closedform as cf
from closedform.core.expr import number, symbol
from closedform.core.shape import shape_of
from closedform.drawing.network import MOST_TERMS, network
from closedform.emit.index import free_letters
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, expanded
from closedform.practice.bank import PATTERNS
from closedform.syntax.declare import declarations


def tensor(f: str, *by: str, **declared) -> Tensor:
    return cf.derivative(cf.parse(f, **declared), *by).tensor


def drawn(f: str, *by: str, **declared):
    return fromstring(network(tensor(f, *by, **declared)))


def of_class(root, kind: str, tag: str = "text") -> list[str]:
    return [e.text or "" for e in root.iter(tag) if e.get("class") == kind]


def test_a_product_is_a_chain_with_its_sizes_and_its_letters():
    root = drawn("tr(A*X'*B*X*C)", "X")
    assert of_class(root, "name") == ["B", "X", "A", "C", "B", "X", "C", "A"]
    assert Counter(of_class(root, "shape")) == Counter("nnppmm")
    assert Counter(of_class(root, "sign")) == Counter(["+", "i", "j", "i", "j"])


def test_letters_are_those_of_the_index_notation():
    f = cf.derivative(cf.parse("A*X*B"), "X")
    assert "".join(free_letters(f.tensor).values()) == "ijkl" and f.index().startswith("J_ijkl")
    root = drawn("A*X*B", "X")
    assert of_class(root, "name") == ["A", "B"] and of_class(root, "sign") == ["i", "j", "k", "l"]


@pytest.mark.parametrize(("f", "by", "dots", "boxes"), [
    ("x", "x", 1, []),  # delta_ij
    ("tanh(W*x)", "W", 2, ["tanh(Wx)∘²", "x", "x"]),  # of which one joins three
    ("X.*X", "X", 2, ["X"]),
    ("A*x", "x", 0, ["A"]),
])  # fmt: skip
def test_deltas_and_shared_indices_are_dots(f, by, dots, boxes):
    root = drawn(f, by)
    assert len([c for c in root.iter("circle") if c.get("class") is None]) == dots
    assert sorted(of_class(root, "name")) == boxes


def test_a_tick_marks_the_rows_of_a_matrix_that_is_not_symmetric():
    ticks = lambda root: len([c for c in root.iter("circle") if c.get("class") == "rows"])
    assert ticks(drawn("A*x", "x")) == 1
    assert ticks(drawn("A*x", "x", properties={"A": ["symmetric"]})) == 0


def test_what_is_joined_twice_or_with_itself_is_an_arc():
    A, B, C = (symbol(name, shape_of(["m", "m"])) for name in "ABC")
    i, j, k, l = (Index(C.shape[0]) for _ in range(4))
    t = Tensor((k, l), (1, 1), (Product(number(1), (Factor(A, (i, j)), Factor(B, (i, j)), Factor(C, (k, l)))),))
    assert len(list(fromstring(network(t)).iter("path"))) == 1


def test_a_sum_before_a_term_is_in_brackets():
    assert "+ (xᵀx + yᵀy)" in of_class(drawn("(x'*x + y'*y)*x", "x"), "sign")


def test_ones_are_dots_of_one_end():
    root = drawn("sum(x)", "x")
    assert len(list(root.iter("circle"))) == 1 and of_class(root, "sign") == ["i"] and not of_class(root, "name")


@pytest.mark.parametrize(("f", "by"), [("a^2", "a"), ("a", "x")])
def test_a_number_has_no_network(f, by):
    declared = {"shapes": {"a": (), "x": ("n",)}} if by == "x" else {}
    assert network(tensor(f, by, **declared)) is None


def test_what_has_many_terms_is_not_drawn():
    assert network(tensor("+".join(f"A{i}*x" for i in range(MOST_TERMS + 1)), "x")) is None


@pytest.mark.parametrize("p", PATTERNS, ids=lambda p: p.function)
def test_every_free_index_hangs_once_from_every_term(p):
    t = expanded(cf.derivative(cf.parse(p.function, *declarations([p.let]), infer=True), *p.wrt.split()).tensor)
    letters, drawing = free_letters(t), network(t)
    assert list(letters) == atoms(t.free)
    if drawing is None:
        assert not letters or not t.products
        return
    said = Counter(of_class(fromstring(drawing), "sign"))
    assert {said[letter] for letter in letters.values()} == {len(t.products)}
