"""A sum in closed form has the value that adding its terms one by one has."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from closedform.errors import DomainError, NotSupported
from closedform.syntax.text import parse
from closedform.verification.interpreter import evaluate

N, P = 4, 3
SHAPES = {"X": ("n", "p"), "Z": ("n", "p"), "y": ("n",), "s": ("n",), "w": ("p",), "v": ("p",), "A": ("p", "p"),
          "B": ("n", "n"), "c": ()}  # fmt: skip
RNG = np.random.default_rng(3)
DATA = {name: RNG.uniform(0.2, 1.1, [{"n": N, "p": P}[d] for d in dims]) for name, dims in SHAPES.items()}
Term = Callable[[int, int], np.ndarray]


class Piece(NamedTuple):
    """LaTeX, and its value at i and j."""

    latex: str
    value: Term


def leaf(latex: str, value: Term) -> Piece:
    return Piece(latex, value)


def d(name: str) -> np.ndarray:
    return DATA[name]


NUMBERS = [
    leaf("y_i", lambda i, j: d("y")[i]),
    leaf("s_i", lambda i, j: d("s")[i]),
    leaf("c", lambda i, j: d("c")),
    leaf("2", lambda i, j: np.array(2.0)),
    leaf("1", lambda i, j: np.array(1.0)),
]
VECTORS = [
    leaf("x_i", lambda i, j: d("X")[i]),
    leaf("z_i", lambda i, j: d("Z")[i]),
    leaf("w", lambda i, j: d("w")),
    leaf("v", lambda i, j: d("v")),
]
OF_TWO = [
    leaf("B_{ij}", lambda i, j: d("B")[i, j]),
    leaf(r"B^\top_{ij}", lambda i, j: d("B")[j, i]),
    leaf("y_j", lambda i, j: d("y")[j]),
    leaf(r"(x_i^\top z_j)", lambda i, j: d("X")[i] @ d("Z")[j]),
    leaf(r"(x_i^\top A x_j)", lambda i, j: d("X")[i] @ d("A") @ d("X")[j]),
]


def numbers(depth: int, leaves: list[Piece]) -> st.SearchStrategy[Piece]:
    if depth == 0:
        return st.sampled_from(leaves)
    x, v, m = numbers(depth - 1, leaves), vectors(depth - 1, leaves), matrices(depth - 1, leaves)
    return st.one_of(
        x,
        st.builds(lambda a, b: Piece(f"({a.latex} + {b.latex})", lambda i, j: a.value(i, j) + b.value(i, j)), x, x),
        st.builds(lambda a, b: Piece(f"({a.latex} - {b.latex})", lambda i, j: a.value(i, j) - b.value(i, j)), x, x),
        st.builds(lambda a, b: Piece(rf"{a.latex} \cdot {b.latex}", lambda i, j: a.value(i, j) * b.value(i, j)), x, x),
        st.builds(
            lambda a, b: Piece(rf"\frac{{{a.latex}}}{{{b.latex}}}", lambda i, j: a.value(i, j) / b.value(i, j)), x, x
        ),
        st.builds(lambda a: Piece(rf"\tanh({a.latex})", lambda i, j: np.tanh(a.value(i, j))), x),
        st.builds(lambda a: Piece(rf"(-{a.latex})", lambda i, j: -a.value(i, j)), x),
        st.builds(lambda a: Piece(rf"({a.latex})^2", lambda i, j: a.value(i, j) ** 2), x),
        st.builds(lambda a, b: Piece(rf"({a.latex})^\top {b.latex}", lambda i, j: a.value(i, j) @ b.value(i, j)), v, v),
        st.builds(lambda a: Piece(rf"\|{a.latex}\|^2", lambda i, j: a.value(i, j) @ a.value(i, j)), v),
        st.builds(lambda a: Piece(rf"\|{a.latex}\|", lambda i, j: np.sqrt(a.value(i, j) @ a.value(i, j))), v),
        st.builds(lambda a: Piece(rf"\operatorname{{tr}}({a.latex})", lambda i, j: np.trace(a.value(i, j))), m),
    )


def vectors(depth: int, leaves: list[Piece]) -> st.SearchStrategy[Piece]:
    if depth == 0:
        return st.sampled_from(VECTORS)
    x, v, m = numbers(depth - 1, leaves), vectors(depth - 1, leaves), matrices(depth - 1, leaves)
    return st.one_of(
        v,
        st.builds(lambda a, b: Piece(f"({a.latex} + {b.latex})", lambda i, j: a.value(i, j) + b.value(i, j)), v, v),
        st.builds(
            lambda a, b: Piece(rf"({a.latex} \odot {b.latex})", lambda i, j: a.value(i, j) * b.value(i, j)), v, v
        ),
        st.builds(lambda a, b: Piece(f"({a.latex}) {b.latex}", lambda i, j: a.value(i, j) * b.value(i, j)), x, v),
        st.builds(lambda a: Piece(f"A {a.latex}", lambda i, j: d("A") @ a.value(i, j)), v),
        st.builds(lambda a, b: Piece(f"({a.latex}) {b.latex}", lambda i, j: a.value(i, j) @ b.value(i, j)), m, v),
        st.builds(
            lambda a, b: Piece(rf"\frac{{{b.latex}}}{{{a.latex}}}", lambda i, j: b.value(i, j) / a.value(i, j)), x, v
        ),
    )


def matrices(depth: int, leaves: list[Piece]) -> st.SearchStrategy[Piece]:
    v = vectors(max(depth - 1, 0), leaves)
    outer = st.builds(
        lambda a, b: Piece(rf"({a.latex})({b.latex})^\top", lambda i, j: np.outer(a.value(i, j), b.value(i, j))), v, v
    )
    return st.one_of(
        outer,
        st.builds(lambda a: Piece(f"A {a.latex} A", lambda i, j: d("A") @ a.value(i, j) @ d("A")), outer),
        st.builds(lambda a: Piece(rf"({a.latex})^\top", lambda i, j: a.value(i, j).T), outer),
        st.builds(
            lambda a, b: Piece(rf"({a.latex}) {b.latex}", lambda i, j: a.value(i, j) * b.value(i, j)),
            numbers(0, leaves),
            outer,
        ),
    )


def check(latex: str, wanted: np.ndarray) -> None:
    """The closed form has that value, where it is finite; what has none is refused."""
    if not np.isfinite(wanted).all() or np.abs(wanted).max() > 1e6:
        reject()
    try:
        f = parse(latex, SHAPES, syntax="latex")
    except (NotSupported, DomainError):  # 1/0
        reject()
    env = {name: value.reshape(value.shape + (1,) * (2 - value.ndim)) for name, value in DATA.items()}
    found = evaluate(f.expr, env, {"n": N, "p": P}).squeeze()
    assert np.allclose(found, wanted, rtol=1e-7, atol=1e-7 * max(1, np.abs(wanted).max())), f"{latex} became {f.expr}"


@given(term=numbers(3, NUMBERS) | vectors(2, NUMBERS) | matrices(2, NUMBERS))
@settings(max_examples=200, deadline=None)
def test_a_sum_over_one_index_adds_its_terms(term: Piece) -> None:
    with np.errstate(all="ignore"):
        check(rf"\sum_{{i=1}}^n \left[ {term.latex} \right]", sum(term.value(i, 0) for i in range(N)))


@given(term=numbers(2, [*NUMBERS, *OF_TWO]) | vectors(2, [*NUMBERS, *OF_TWO]))
@settings(max_examples=200, deadline=None)
def test_a_sum_over_two_indices_adds_its_terms(term: Piece) -> None:
    with np.errstate(all="ignore"):
        wanted = sum(term.value(i, j) for i in range(N) for j in range(N))
        check(rf"\sum_{{i,j}} \left[ {term.latex} \right]", wanted)
