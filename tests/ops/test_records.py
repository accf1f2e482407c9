"""Operations: no record misses a fact, every adjoint is one, and shapes are checked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closedform.core.expr import OPS, Expr, symbol
from closedform.core.shape import ONE, SCALAR, dim
from closedform.errors import NotSupported, ShapeError
from closedform.verification.interpreter import evaluate

M, N, P, Q = (dim(d) for d in "mnpq")
SIZES = {"m": 2, "n": 3, "p": 4, "q": 2}
MULTILINEAR = [op for op in OPS.values() if op.kind == "multilinear"]
OPERANDS = {
    "add": [(M, N), (M, N), (M, N)],
    "scale": [SCALAR, (M, N)],
    "hadamard": [(M, N), (M, N), (M, N)],
    "matmul": [(M, N), (N, P), (P, Q)],
    "transpose": [(M, N)],
    "tr": [(N, N)],
    "sum": [(M, N)],
    "diag": [(N, ONE)],
    "diagonal": [(N, N)],
    "kron": [(M, N), (P, Q)],
    "vec": [(M, N)],
    "vech": [(N, N)],
}


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_operation_says_what_it_is(op):
    assert op.doc.strip()
    assert op.kind in ("leaf", "multilinear", "elementwise", "function")
    if op.kind != "leaf":
        assert op.signatures
        assert op.latex
        assert op.code
    if op.kind == "elementwise":
        assert op.differential
    if op.kind == "multilinear":
        assert op.adjoint


@pytest.mark.parametrize("op", MULTILINEAR, ids=lambda op: op.name)
@given(seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_adjoint_is_one(op, seed):
    """⟨Y, F(…, dA, …)⟩ = ⟨adjoint(Y), dA⟩ in every slot."""
    args: tuple[Expr, ...] = tuple(symbol(f"A{i}", shape) for i, shape in enumerate(OPERANDS[op.name]))
    Y = symbol("Y", op(*args).shape)
    rng = np.random.default_rng(seed)
    env = {s.data.name: rng.normal(size=[d.value(SIZES) for d in s.shape]) for s in (*args, Y)}
    for slot, A in enumerate(args):
        try:
            back = op.adjoint(slot, args, Y)
        except NotSupported:
            assert op.name in ("kron", "vec", "vech")
            continue
        value = evaluate(op(*args), env, SIZES) if op.name != "add" else env[A.data.name]
        left = (env["Y"] * value).sum()
        right = (evaluate(back, env, SIZES) * env[A.data.name]).sum()
        assert np.isclose(left, right, rtol=1e-10)


ANY_SHAPE = {"transpose", "sum", "norm1", "norm2", "max", "ismax", "vec", "kron", "pinv", "normnuc"}
PICKY = [op for op in OPS.values() if op.signatures and op.kind != "elementwise" and op.name not in ANY_SHAPE]


@pytest.mark.parametrize("op", PICKY, ids=lambda op: op.name)
def test_an_operation_refuses_operands_that_do_not_fit(op):
    odd = [symbol("O", (dim(5), dim(7))), symbol("R", (dim(11), dim(13)))]
    with pytest.raises(ShapeError, match="shapes"):
        op(*odd[: len(op.signatures[0].operands)])


@pytest.mark.parametrize(
    "op", [op for op in OPS.values() if op.signatures and not op.associative], ids=lambda op: op.name
)
def test_an_operation_refuses_a_wrong_number_of_operands(op):
    with pytest.raises(ShapeError, match="shapes"):
        op(*[symbol("O", SCALAR)] * 4)
