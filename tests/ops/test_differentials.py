"""Every differential that a record states, compared with the slope of the operation itself."""

from __future__ import annotations

import numpy as np
import pytest

from closedform.core.expr import OPS, Expr, Op, symbol
from closedform.core.shape import ONE, SCALAR, dim
from closedform.errors import NotSupported
from closedform.verification.interpreter import evaluate
from closedform.verification.numeric import along
from closedform.verification.sample import samples

N, M = dim("n"), dim("m")
TOLERANCE = 1e-6  #: relative; pinv and normnuc take no complex steps
STATED = [op for op in OPS.values() if op.differential]
ON_TRACE = [op for op in OPS.values() if op.on_trace]
REFUSED = {"expm", "logm", "sqrtm"}  #: their differential is known under a trace only


def operands(op: Op) -> list[list[Expr]]:
    """Symbols that the operation takes: of every shape that it knows among these."""
    if op.name == "power":
        return [[symbol("X", (M, N)), symbol("p", SCALAR)], [symbol("X", SCALAR, ["positive"]), symbol("p", SCALAR)]]
    if op.name == "powersum":  # its differential is known for a constant X
        return [[symbol("X", (N, N)), symbol("A", (N, N)), symbol("k", SCALAR, ["integer"])]]
    if op.name == "matpow":
        return [[symbol("X", (N, N)), symbol("k", SCALAR, ["integer"])]]
    square = ["spd"] if op in ON_TRACE else []
    shapes = [(M, N), (N, N), (N, ONE), (ONE, N), SCALAR]
    return [[symbol("X", s, square if s[0] is s[1] is not ONE else [])] for s in shapes if _takes(op, s)]


def _takes(op: Op, shape) -> bool:
    from closedform.core.signature import known_shape

    return known_shape(op.signatures, [shape]) is not None


def differential_error(op: Op) -> float:
    """The largest relative error of the stated differential, every operand moving."""
    errors = [0.0]
    for args in operands(op):
        fixed = args[:1] if op.name == "powersum" else []
        free = [a for a in args if "integer" not in a.data.properties and a not in fixed]
        dX = [symbol("d" + a.data.name, a.shape) if a in free else None for a in args]
        if op.kind == "elementwise":
            (x,) = args
            stated = op.differential(x, op(x)) * dX[0]
        else:
            stated = op.differential(*args, *dX)
        errors += _errors(op(*args), stated, free)
    return max(errors)


def on_trace_error(op: Op) -> float:
    """The same for d tr f(X) = tr(f′(X) dX)."""
    errors = [0.0]
    for X, *rest in operands(op):
        stated = OPS["tr"](op.on_trace(X, *rest) @ symbol("dX", X.shape))
        errors += _errors(OPS["tr"](op(X, *rest)), stated, [X])
    return max(errors)


def _errors(F: Expr, stated: Expr, variables: list[Expr]) -> list[float]:
    found = []
    for sample in samples([F, *variables], count=4):
        rng = np.random.default_rng(3)
        moves = {x.data.name: rng.standard_normal(sample.env[x.data.name].shape) for x in variables}
        moves = {k: (V + V.swapaxes(-1, -2)) / 2 if V.shape[-1] == V.shape[-2] else V for k, V in moves.items()}
        env = {**sample.env, **{"d" + name: V for name, V in moves.items()}}
        true, value = along(F, moves, sample), evaluate(stated, env, sample.sizes)
        found.append(float(np.abs(value - true).max() / max(np.abs(true).max(), 1e-9)))
    return found


@pytest.mark.parametrize("op", STATED, ids=lambda op: op.name)
def test_a_stated_differential_is_the_slope(op):
    if op.name in REFUSED:
        with pytest.raises(NotSupported):
            differential_error(op)
    else:
        assert differential_error(op) < TOLERANCE


@pytest.mark.parametrize("op", ON_TRACE, ids=lambda op: op.name)
def test_a_stated_derivative_of_a_trace_is_its_slope(op):
    assert on_trace_error(op) < TOLERANCE
