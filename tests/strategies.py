"""Random well-shaped expressions: every operation, a few dimensions, variables that occur more than once.

`expressions()` draws an expression exactly as the operators build it, not simplified, `stacked()` a product of
vec, Kronecker products and commutation matrices; `environment` gives its
symbols values.  Used by every part of the suite that claims something for all expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

import closedform.ops  # noqa: F401  (registers the operations)
from closedform.core.expr import OPS, Expr, commutation, eye, number, ones, size_of, symbol, symbols, times, zeros
from closedform.core.shape import ONE, SCALAR, Shape, dim

M, N = dim("m"), dim("n")
SIZES = {"m": 2, "n": 3}
VARIABLES: dict[Shape, str] = {
    SCALAR: "abc",
    (N, ONE): "xyz",
    (M, ONE): "uv",
    (ONE, N): "rs",
    (ONE, M): "pq",
    (M, N): "XY",
    (N, M): "WZ",
    (N, N): "AS",
    (M, M): "BC",
}
SHAPES = list(VARIABLES)
POOL = {
    shape: [symbol(name, shape, ["spd"] if name == "S" else []) for name in names] for shape, names in VARIABLES.items()
}
ELEMENTWISE = sorted(name for name, op in OPS.items() if op.kind == "elementwise")
REDUCTIONS = ["sum", "norm1", "norm2", "max"]
OF_SQUARE = ["tr", "det", "logdet"]
EXPONENTS = [number(p) for p in (2, 3, -1, -2, Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(-5, 3))]
NUMBERS = [number(q) for q in (-1, 1, 2, -3, Fraction(1, 2), Fraction(-1, 3), Fraction(3, 7), 0.7)]


@st.composite
def expressions(draw: st.DrawFn, shape: Shape | None = None, depth: int = 4) -> Expr:
    """An expression of that shape, or of any."""
    return _build(draw, draw(st.sampled_from(SHAPES)) if shape is None else shape, depth)


def _build(draw: st.DrawFn, shape: Shape, depth: int) -> Expr:
    def some(of: Shape) -> Expr:
        return _build(draw, of, depth - 1)

    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return _leaf(draw, shape)
    return draw(st.sampled_from(_makers(draw, shape, some)))()


def _leaf(draw: st.DrawFn, shape: Shape) -> Expr:
    constants = [*NUMBERS, size_of(N)] if shape == SCALAR else [ones(shape)]
    if shape[0] is shape[1] is not ONE:
        constants.append(eye(shape[0]))
    if draw(st.integers(0, 19)) == 0:
        return zeros(shape)
    variable = draw(st.integers(0, 3)) > 0
    return draw(st.sampled_from(POOL[shape] if variable else constants))


def _makers(draw: st.DrawFn, shape: Shape, some: Callable[[Shape], Expr]) -> list[Callable[[], Expr]]:
    """Every way to make an expression of that shape from smaller ones."""

    def any_shape() -> Shape:
        return draw(st.sampled_from(SHAPES))

    rows, columns = shape
    middle = draw(st.sampled_from([d for d in (ONE, M, N) if (rows, d) in SHAPES and (d, columns) in SHAPES]))
    op = OPS
    made: list[Callable[[], Expr]] = [
        lambda: some(shape) + some(shape),
        lambda: some(shape) - some(shape),
        lambda: op["add"](some(shape), some(shape), some(shape)),
        lambda: op["hadamard"](some(shape), some(shape)),
        lambda: op["hadamard"](some(shape), some(shape), some(shape)),
        lambda: times(some(SCALAR), some(shape)),
        lambda: op["matmul"](some((rows, middle)), some((middle, columns))),
        lambda: op["transpose"](some((columns, rows))),
        lambda: op[draw(st.sampled_from(ELEMENTWISE))](some(shape)),
        lambda: op["power"](some(shape), draw(st.sampled_from(EXPONENTS))),
        lambda: op["power"](some(shape), some(SCALAR)),
    ]
    if shape == SCALAR:
        made += [
            lambda: op[draw(st.sampled_from(REDUCTIONS))](some(any_shape())),
            lambda: op[draw(st.sampled_from(OF_SQUARE))](some((N, N))),
            lambda: op["logsumexp"](some((N, ONE))),
        ]
    elif ONE in shape:
        made += [lambda: op["softmax"](some(shape))]
    if shape == (N, ONE):
        made += [lambda: op["diagonal"](some((N, N)))]
    if shape == (N, N):
        made += [
            lambda: op["inv"](some(shape)),
            lambda: op["diag"](some((N, ONE))),
            lambda: op["adj"](some(shape)),
            lambda: op["matpow"](some(shape), number(draw(st.sampled_from([2, 3, -1])))),
            lambda: op["inv"](POOL[shape][1]),
            lambda: op["diag"](some((ONE, N))),
        ]
    if shape == (M, N):
        made += [lambda: op["kron"](some((M, ONE)), some((ONE, N))), lambda: op["kron"](some(SCALAR), some(shape))]
    return made


def environment(e: Expr, seed: int) -> dict[str, np.ndarray]:
    """Values of the symbols, 2-D: most of them positive, so that logarithms and roots exist often."""
    rng = np.random.default_rng(seed)
    found = {}
    for s in symbols(e):
        value = rng.uniform(-0.2, 1.5, [d.value(SIZES) for d in s.shape])
        if "spd" in s.data.properties:
            value = value @ value.T + np.eye(len(value))
        found[s.data.name] = value
    return found


def squeezed(value: np.ndarray, shape: Shape) -> np.ndarray:
    """A 2-D value as the array that users see: a number, a 1-D array, or 2-D."""
    kept = tuple(size for size, d in zip(value.shape, shape, strict=True) if d is not ONE)
    return value.reshape(kept)


@st.composite
def stacked(draw: st.DrawFn, depth: int = 1) -> Expr:
    """What Jacobians are made of: vec, Kronecker products and commutation matrices, in a product."""
    vec, kron, diag = OPS["vec"], OPS["kron"], OPS["diag"]

    def some(shape: Shape) -> Expr:
        return draw(expressions(shape, depth))

    def factor() -> Expr:
        made: list[Callable[[], Expr]] = [
            lambda: commutation(M, N),
            lambda: commutation(N, M).T,
            lambda: eye(M * N),
            lambda: kron(some((M, M)), some((N, N))),
            lambda: kron(some((N, N)), some((M, M))).T,
            lambda: kron(eye(M), some((N, N))),
            lambda: kron(some((N, N)), eye(M)),
            lambda: kron(kron(some((M, ONE)), some((N, N))), some((ONE, M))),
            lambda: diag(vec(some((M, N)))),
            lambda: vec(some((N, M))) @ ones((M * N, ONE)).T,
            lambda: factor() + factor(),
        ]
        return draw(st.sampled_from(made))()

    product = [factor() for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        product.append(vec(some((M, N))))
    if draw(st.booleans()):
        product.insert(0, vec(some((N, M))).T)
    return OPS["matmul"](*product) if len(product) > 1 else product[0]
