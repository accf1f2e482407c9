"""Random well-shaped expressions: a few dimensions, variables that occur more than once.

`expressions()` draws an expression exactly as the operators build it, not simplified, `stacked()` a product of
vec, Kronecker products and commutation matrices; `environment` gives its symbols values.  In the `WIDE` world every
operation, property and kind of size occurs, and what is delicate occurs often: parts that are shared, cancel or are
inverted twice.  Used by every part of the suite that claims something for all expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

import closedform.ops  # noqa: F401  (registers the operations)
from closedform.core.expr import (
    OPS,
    Expr,
    commutation,
    duplication,
    elimination,
    eye,
    number,
    ones,
    size_of,
    symbol,
    symbols,
    times,
    zeros,
)
from closedform.core.shape import ONE, SCALAR, Dim, Shape, dim, triangle
from closedform.verification.sample import PROPERTIES as IMPOSED

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


@dataclass(frozen=True)
class World:
    """What expressions are made of.

    Attributes:
        m, n: two sizes.
        wide: whether it has every operation and property.
        pool: the variables of every shape.
    """

    m: Dim = M
    n: Dim = N
    wide: bool = False
    pool: Mapping[Shape, Sequence[Expr]] = field(default_factory=lambda: POOL)

    @property
    def shapes(self) -> list[Shape]:
        return list(self.pool)


def _wide(m: Dim, n: Dim) -> World:
    """The variables of `POOL` at these sizes, and one with every property."""
    sizes = {M: m, N: n, ONE: ONE}
    pool = {(sizes[r], sizes[c]): list(names) for (r, c), names in VARIABLES.items()}
    facts = {"S": ["spd"], "H": ["symmetric"], "G": ["diagonal"], "Q": ["orthogonal"], "R": ["triangular"],
             "T": ["spd"], "g": ["positive"], "j": ["positive"], "P": ["positive"]}  # fmt: skip
    for shape, names in (((n, n), "HGQR"), ((m, m), "T"), (SCALAR, "g"), ((n, ONE), "j"), ((m, n), "P")):
        pool[shape] += names
    return World(m, n, True, {shape: [symbol(x, shape, facts.get(x, [])) for x in pool[shape]] for shape in pool})


NARROW = World()
WIDE = _wide(M, N)
NUMBERED = [_wide(dim(2), N), _wide(M, dim(3)), _wide(dim(3), dim(2))]  #: with sizes that are numbers
K_INTEGER = symbol("k", SCALAR, ["integer"])


@st.composite
def expressions(draw: st.DrawFn, shape: Shape | None = None, depth: int = 4, world: World = NARROW) -> Expr:
    """An expression of that shape, or of any."""
    return _Builder(draw, world).build(draw(st.sampled_from(world.shapes)) if shape is None else shape, depth)


class _Builder:
    """One expression being drawn.

    Attributes:
        made: in a wide world the parts so far, by their shapes; any of them may occur again.
    """

    def __init__(self, draw: st.DrawFn, world: World) -> None:
        self.draw, self.world = draw, world
        self.made: dict[Shape, list[Expr]] = {}

    def build(self, shape: Shape, depth: int) -> Expr:
        if depth == 0 or self.draw(st.integers(0, 5)) == 0:
            return self.leaf(shape)
        if self.made.get(shape) and self.draw(st.integers(0, 7)) == 0:
            return self.draw(st.sampled_from(self.made[shape]))
        found = self.draw(st.sampled_from(self.makers(shape, depth - 1)))()
        if self.world.wide:
            self.made.setdefault(shape, []).append(found)
        return found

    def leaf(self, shape: Shape) -> Expr:
        draw, pool = self.draw, self.world.pool
        if shape not in pool:
            return self.stacked_leaf(shape)
        constants = [*NUMBERS, size_of(self.world.n)] if shape == SCALAR else [ones(shape)]
        if shape[0] is shape[1] is not ONE:
            constants.append(eye(shape[0]))
        if draw(st.integers(0, 39 if self.world.wide else 19)) == 0:
            return zeros(shape)
        variable = draw(st.integers(0, 3)) > 0
        return draw(st.sampled_from(pool[shape] if variable else constants))

    def stacked_leaf(self, shape: Shape) -> Expr:
        """A column of the entries of a matrix."""
        m, n, op = self.world.m, self.world.n, OPS
        made = {(triangle(n), ONE): ("vech", (n, n)), (n * n, ONE): ("vec", (n, n))}.get(shape, ("vec", (m, n)))
        return op[made[0]](self.leaf(made[1]))

    def makers(self, shape: Shape, depth: int) -> list[Callable[[], Expr]]:
        """Every way to make an expression of that shape from smaller ones."""

        def some(of: Shape) -> Expr:
            return self.build(of, depth)

        draw, world = self.draw, self.world
        rows, columns = shape
        made = _entrywise(draw, shape, some)
        if shape in world.pool:
            m, n, shapes = world.m, world.n, world.shapes
            middle = draw(st.sampled_from([d for d in (ONE, m, n) if (rows, d) in shapes and (d, columns) in shapes]))
            made += [
                lambda: OPS["matmul"](some((rows, middle)), some((middle, columns))),
                lambda: OPS["transpose"](some((columns, rows))),
                *_particular(draw, shape, some, world),
            ]
        return [*made, *_more(draw, shape, some, world)] if world.wide else made


Some = Callable[[Shape], Expr]
Makers = list[Callable[[], Expr]]


def _entrywise(draw: st.DrawFn, shape: Shape, some: Some) -> Makers:
    op = OPS
    return [
        lambda: some(shape) + some(shape),
        lambda: some(shape) - some(shape),
        lambda: op["add"](some(shape), some(shape), some(shape)),
        lambda: op["hadamard"](some(shape), some(shape)),
        lambda: op["hadamard"](some(shape), some(shape), some(shape)),
        lambda: times(some(SCALAR), some(shape)),
        lambda: op[draw(st.sampled_from(ELEMENTWISE))](some(shape)),
        lambda: op["power"](some(shape), draw(st.sampled_from(EXPONENTS))),
        lambda: op["power"](some(shape), some(SCALAR)),
    ]


def _particular(draw: st.DrawFn, shape: Shape, some: Some, world: World) -> Makers:
    """What gives that shape and no other."""
    m, n, op = world.m, world.n, OPS

    def any_shape() -> Shape:
        return draw(st.sampled_from(world.shapes))

    made: Makers = []
    if shape == SCALAR:
        made += [
            lambda: op[draw(st.sampled_from(REDUCTIONS))](some(any_shape())),
            lambda: op[draw(st.sampled_from(OF_SQUARE))](some((n, n))),
            lambda: op["logsumexp"](some((n, ONE))),
        ]
    elif ONE in shape:
        made += [lambda: op["softmax"](some(shape))]
    if shape == (n, ONE):
        made += [lambda: op["diagonal"](some((n, n)))]
    if shape == (n, n):
        made += [
            lambda: op["inv"](some(shape)),
            lambda: op["diag"](some((n, ONE))),
            lambda: op["adj"](some(shape)),
            lambda: op["matpow"](some(shape), number(draw(st.sampled_from([2, 3, -1])))),
            lambda: op["inv"](world.pool[shape][1]),
            lambda: op["diag"](some((ONE, n))),
        ]
    if shape == (m, n):
        made += [lambda: op["kron"](some((m, ONE)), some((ONE, n))), lambda: op["kron"](some(SCALAR), some(shape))]
    return made


def _more(draw: st.DrawFn, shape: Shape, some: Some, world: World) -> Makers:
    """The operations and the delicate forms of a wide world."""
    m, n, op = world.m, world.n, OPS
    rows, columns = shape

    def cancelling() -> Expr:
        e = some(shape)
        return draw(
            st.sampled_from(
                [e + some(shape) - e, e - 2 * e, e * some(shape) * e**-1, op["power"](e * e, number(Fraction(1, 2)))]
            )
        )

    def rare() -> Expr:
        if shape in world.pool and draw(st.booleans()):
            return op["pinv"](some((columns, rows)))
        return op["ismax"](some(shape))

    def of_entries() -> Expr:
        return op[draw(st.sampled_from(ELEMENTWISE))](some(shape))

    made: Makers = [cancelling, rare, of_entries, of_entries]
    if shape == SCALAR:
        made += [
            lambda: op["normnuc"](some(draw(st.sampled_from([(m, n), (n, n), (n, ONE)])))),
            lambda: op["vec"](some((m, n))).T @ op["vec"](some((m, n))),
            lambda: op["sum"](some(draw(st.sampled_from([(m * n, ONE), (n * n, ONE), (triangle(n), ONE)])))),
            lambda: op["norm2"](op["kron"](some((m, n)), some((n, m)))),
            lambda: op[draw(st.sampled_from(OF_SQUARE))](op["kron"](some((n, n)), some((m, m)))),
            lambda: op["tr"](op[draw(st.sampled_from(["expm", "logm", "sqrtm"]))](some((n, n)))),
            lambda: op["logsumexp"](some((ONE, n))),
            lambda: op["inv"](some(SCALAR)),
            lambda: op["det"](some(SCALAR)),
        ]
    if shape == (n, n):
        made += [
            lambda: op[draw(st.sampled_from(["expm", "logm", "sqrtm"]))](some(shape)),
            lambda: op["inv"](op["inv"](some(shape)) + some(shape)),
            lambda: op["matpow"](some(shape), K_INTEGER),
            lambda: op["powersum"](some(shape), some(shape), draw(st.sampled_from([number(2), number(3), K_INTEGER]))),
            lambda: op["expm"](times(some(SCALAR), world.pool[shape][0])),
        ]
    if shape == (m * n, ONE):
        made += [
            lambda: op["vec"](some((m, n))),
            lambda: commutation(n, m) @ op["vec"](some((n, m))),
            lambda: op["kron"](some((n, ONE)), some((m, ONE))),
            lambda: op["matmul"](op["kron"](some((n, n)), some((m, m))), some(shape)),
        ]
    if shape == (n * n, ONE):
        made += [lambda: op["vec"](some((n, n))), lambda: duplication(n) @ some((triangle(n), ONE))]
    if shape == (triangle(n), ONE):
        made += [lambda: op["vech"](some((n, n))), lambda: elimination(n) @ some((n * n, ONE))]
    return made


def environment(e: Expr, seed: int) -> dict[str, np.ndarray]:
    """Values of the symbols, 2-D: most of them positive, so that logarithms and roots exist often."""
    rng = np.random.default_rng(seed)
    found = {}
    for s in symbols(e):
        value = rng.uniform(-0.2, 1.5, [d.value(SIZES) for d in s.shape])
        for name in IMPOSED.keys() & s.data.properties:
            value = IMPOSED[name](rng, value)
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
