"""Compiled code of tensors gives the value that the independent interpreter gives, within its memory."""

from __future__ import annotations

import re
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import Expr, number, symbols
from closedform.core.shape import ONE
from closedform.errors import NotSupported, TooLarge
from closedform.index.lowering import derivative_of, tensor_of
from closedform.index.tensor import Factor, Index, Product, Tensor
from closedform.program.compile import code as tensor_code
from closedform.program.compile import compile as tensor_compile
from closedform.verification.interpreter import values
from closedform.verification.tensor import tensor_value
from tests.index.tensors import tensor
from tests.strategies import POOL, SIZES, M, N, environment, expressions, squeezed


def assert_same_value(t: Tensor, seed: int) -> bool:
    """False where an intermediate value is not finite or too large to compare."""
    roots = [p.scalar for p in t.products] + [f.expr for p in t.products for f in p.factors]
    env: dict[str, np.ndarray] = {}
    scale = 1.0
    for e in roots:
        env.update(environment(e, seed))
    for e in roots:
        sizes = [np.abs(v).max() for v in values(e, env, SIZES).values()]
        if not np.isfinite(sizes).all() or max(sizes) > 1e3:
            return False
    for p in t.products:
        scale = max(scale, *[np.abs(v).max() for v in values(p.scalar, env, SIZES).values()])
    run = tensor_compile(t)
    arrays = {s.data.name: squeezed(env[s.data.name], s.shape) for s in symbols(*roots)}
    before = {name: np.array(a) for name, a in arrays.items()}
    found = np.asarray(run(**arrays, **{n: SIZES[n] for n in run.sizes}))
    expected = tensor_value(t, env, SIZES)
    assert found.shape == expected.shape, run.source
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays), (
        f"it writes to its arguments\n{run.source}"
    )
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-8 * scale * max(1, np.abs(expected).max())), run.source
    return True


def differentiated(e: Expr, *by: Expr) -> Tensor:
    t = tensor_of(e)
    try:
        for x in by:
            t = derivative_of(t, x)
    except NotSupported:
        assume(False)
    return t


def variable(data: st.DataObject, e: Expr) -> Expr:
    """One of its symbols; matrices are likelier."""
    found = symbols(e)
    assume(found)
    return data.draw(st.sampled_from([x for x in found if ONE not in x.shape] or found))


@given(data=st.data(), shape=st.sampled_from([(M, N), (N, N), (N, M), (N, ONE)]), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_first_derivatives(data: st.DataObject, shape: tuple, seed: int) -> None:
    e = data.draw(expressions(shape, depth=3))
    assume(assert_same_value(differentiated(e, variable(data, e)), seed))


@given(data=st.data(), shape=st.sampled_from([(ONE, ONE), (N, ONE)]), seed=st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_second_derivatives(data: st.DataObject, shape: tuple, seed: int) -> None:
    e = data.draw(expressions(shape, depth=3))
    t = differentiated(e, variable(data, e), variable(data, e))
    assume(len(t.products) < 60)
    assume(assert_same_value(t, seed))


FACTORS = [x for pool in POOL.values() for x in pool if not x.is_scalar]


@given(data=st.data(), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_any_products_of_factors(data: st.DataObject, seed: int) -> None:
    """Random networks, with deltas, ones, diagonals and split indices, not tidied."""
    from closedform.core.expr import OPS, eye, ones

    dims = [M, N]
    pool = {d: [Index(d) for _ in range(3)] for d in dims}
    split = Index(M * N)
    slow, fast = split.split(M, N)
    pool[M].append(slow)
    pool[N].append(fast)
    choices = [*FACTORS, eye(N), eye(M), ones((M, N)), ones((N, ONE)), OPS["diag"](POOL[N, ONE][0])]
    products = []
    for _ in range(data.draw(st.integers(1, 3))):
        chosen = data.draw(st.lists(st.sampled_from(choices), min_size=0, max_size=5))
        factors = [
            Factor(e, tuple(data.draw(st.sampled_from(pool[d])) for d in e.shape if d is not ONE)) for e in chosen
        ]
        if data.draw(st.booleans()):
            factors.append(Factor(OPS["vec"](POOL[N, M][0]), (split,)))
        products.append((data.draw(st.sampled_from([number(1), number(-1), number(2), POOL[ONE, ONE][0]])), factors))
    free = tuple(
        data.draw(st.permutations([pool[M][0], pool[N][0], split, pool[N][1]]))[: data.draw(st.integers(0, 4))]
    )
    every = [i for i in free]
    complete = []
    for scalar, factors in products:  # every free index occurs
        here = {a for f in factors for i in f.indices for a in (i.parts or (i,))}
        for i in every:
            for a in i.parts or (i,):
                if a not in here:
                    factors.append(Factor(ones((a.dim, ONE)), (a,)))
        complete.append(Product(scalar, tuple(factors)))
    assume(assert_same_value(Tensor(free, (len(free),), tuple(complete)), seed))


MEMORY = [
    "A*X*B",
    "A*X*B + B*X*A",
    "X*X'",
    "A*X*B + X*A + X",
    "2*inv(X)",
    "X/norm2(X)",
    "A*X*X*B",
    "tanh(A*X)",
    "kron(X, x)",
]


@pytest.mark.parametrize("source", MEMORY)
def test_nothing_of_the_size_of_the_result_is_held_beside_it(source: str) -> None:
    n = 30
    t, variables = tensor(source, "X", square=True)
    run = tensor_compile(t, variables)
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal([n] * len(a.dims)) for a in run.arguments]
    run(*arrays)
    tracemalloc.start()
    result = run(*arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * result.nbytes, run.source


@pytest.mark.parametrize("source", [*MEMORY, "sum(exp(X*x))", "tr(A*X*B*X*A*X*B)", "softmax(X*x)"])
@pytest.mark.parametrize("by", ["X", "XX"])
def test_no_contraction_has_more_than_two_operands(source: str, by: str) -> None:
    code = tensor_code(tensor(source, by)[0])
    assert "optimize" not in code
    assert all(
        line.count("np.einsum('") == 0 or word.split("->")[0].count(",") <= 1
        for line in code.splitlines()
        for word in line.split("np.einsum('")[1:]
    )


def test_matrix_products_are_written_as_such() -> None:
    V = POOL[M, N][0]
    i, m, k = Index(N), Index(M), Index(N)
    t = Tensor((i, k), (2,), (Product(number(1), (Factor(V, (m, i)), Factor(V, (m, k)))),))
    assert "return X.T @ X" in tensor_code(t)


def test_a_delta_is_written_to_a_diagonal_view() -> None:
    code = tensor_code(tensor("tr(X'*X*A'*A)/2", "XX")[0])
    assert "np.eye" not in code
    assert "J = np.zeros(" in code and "np.einsum('ij" in code and ", J)[...] =" in code


def test_names_of_the_user_do_not_collide() -> None:
    t, variables = tensor(
        "A*J*i*range' + B*J*i*range'", "J", shapes={**dict.fromkeys("ABJ", ("n", "n")), "i": ("n",), "range": ("n",)}
    )
    run = tensor_compile(t, variables)
    rng = np.random.default_rng(0)
    a = {v.data.name: rng.standard_normal([3] * (2 - v.shape.count(ONE))) for v in variables}
    found = run(**a)
    u = np.einsum("l,j->lj", a["i"], a["range"])
    assert np.allclose(found, np.einsum("ik,lj->ijkl", a["A"] + a["B"], u))


def test_zero_and_numbers() -> None:
    t, variables = tensor("sum(X)", "XX")
    assert not tensor_compile(t, variables)(np.ones((2, 3))).any()
    assert tensor_compile(t)(m=2, n=3).shape == (2, 3, 2, 3)
    t, variables = tensor("x'*x", "")
    assert tensor_compile(t, variables)([3.0, 4.0]) == 25.0


def test_many_factors_and_many_products_are_bounded() -> None:
    A = POOL[N, N][0]
    i, j = [Index(N), Index(N)]
    chain = [i, *[Index(N) for _ in range(11)], j]
    long = Product(number(1), tuple(Factor(A, pair) for pair in pairwise(chain)))
    run = tensor_compile(Tensor((i, j), (2,), (long,)))
    value = np.random.default_rng(0).standard_normal((3, 3))
    assert np.allclose(run(value), np.linalg.matrix_power(value, 12))
    wide = [Index(N) for _ in range(60)]
    with pytest.raises(TooLarge):
        tensor_code(
            Tensor(tuple(wide), (60,), (Product(number(1), tuple(Factor(POOL[N, ONE][0], (k,)) for k in wide)),))
        )


def test_a_deep_shared_factor_is_computed_once() -> None:
    A, X = POOL[N, N][0], POOL[N, N][1]
    e = X
    for _ in range(60):
        e = A @ e + e
    i, j, k, m = (Index(N) for _ in range(4))
    t = Tensor((i, j, k, m), (2, 2), (Product(number(1), (Factor(e, (i, k)), Factor(X, (m, j)))),))
    assert len(tensor_code(t)) < 10_000
    run = tensor_compile(t, [A, X])
    assert np.allclose(run(np.zeros((3, 3)), np.eye(3)), np.einsum("ik,lj->ijkl", np.eye(3), np.eye(3)))


@pytest.mark.parametrize("shapes", [{"X": ("m", "n"), "y": ("m",)}])
@pytest.mark.parametrize(("m", "n"), [(7, 3), (60, 20)])
def test_products_of_rank_one_for_every_place_are_one_batch_of_matrix_products(shapes, m, n) -> None:
    run = cf.jacobian(cf.parse("inv(X'*X)*X'*y", shapes=shapes), "X").compile()
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((m, n)), rng.standard_normal(m)
    body = run.fitted({"m": m, "n": n}).source.rpartition('"""')[2]
    assert "for i in" not in body
    assert "return t4 @ t5" in body
    P = np.linalg.inv(X.T @ X)
    w = P @ X.T @ y
    expected = np.einsum("ik,j->ijk", P, y - X @ w) - np.einsum("ij,k->ijk", P @ X.T, w)
    np.testing.assert_allclose(run(X=X, y=y), expected, rtol=1e-9, atol=1e-12)


def test_a_result_of_outer_products_begins_in_its_rows() -> None:
    run = cf.hessian(cf.parse("logdet(X)", shapes={"X": ("n", "n")}, properties={"X": ["spd"]}), "X").compile()
    assert "np.multiply(" in run.source
    assert "out=J[i])" in run.source
    A = np.random.default_rng(0).standard_normal((4, 4))
    S = np.linalg.inv(A @ A.T + np.eye(4))
    expected = -(np.einsum("ik,jl->ijkl", S, S) + np.einsum("il,jk->ijkl", S, S)) / 2
    np.testing.assert_allclose(run(X=A @ A.T + np.eye(4)), expected, rtol=1e-10, atol=1e-13)


def test_a_matrix_with_weights_that_meets_itself_is_taken_by_halves() -> None:
    shapes = {"v": ("h",), "W": ("h", "d"), "X": ("d", "s")}
    run = cf.hessian(cf.parse("sum(softplus(v'*sigmoid(W*X)))", shapes=shapes), "W").compile()
    assert re.search(r"pair_gram\(t\d, X, c=", run.source)


@pytest.mark.parametrize("n", [2, 5])
def test_a_sum_of_squares_of_two_letters_is_a_product_of_matrices(n: int) -> None:
    A = POOL[N, N][0]
    i, k, m = (Index(N) for _ in range(3))
    w = POOL[N, ONE][0]
    t = Tensor((i, k), (1, 1), (Product(number(1), (Factor(A, (i, m)), Factor(A, (k, m)), Factor(w, (m,)))),))
    code, run = tensor_code(t), tensor_compile(t, [A, w])
    assert "rowpairs" not in code
    M, v = np.random.default_rng(n).standard_normal((n, n)), np.arange(1.0, n + 1)
    np.testing.assert_allclose(run(M, v), M * v @ M.T, rtol=1e-12)
