"""The Matrix Cookbook: every statement is judged as the file says, and by JAX, which knows none of our rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from book.cookbook import FINDINGS, Line, data, page, sections, verdict
from closedform.core.expr import Expr, symbols
from closedform.errors import VerificationError
from closedform.syntax.declare import declarations
from closedform.syntax.sides import Side, Statement, statement_of
from closedform.syntax.statement import written
from tests.fuzz.reference import Engine, jax_engine, value

LINES = [line for section in sections().values() for line in section]
STATED = [pytest.param(n, n.says, n.expect, id=f"{n.number or ''} {n.says}") for n in LINES]
STATED += [pytest.param(n, n.right, "true", id=f"{n.number} corrected") for n in LINES if n.right]
SIZES = {"m": 4, "n": 3, "p": 2, "q": 2}
Env = dict[str, Any]
NUMPY = Engine(
    "NumPy", np, np.asarray, lambda F, at: pytest.fail("NumPy does not differentiate"), {"expm": scipy.linalg.expm}
)


@pytest.mark.parametrize(("line", "says", "expect"), STATED)
def test_the_verdict_is_that_of_the_file(line, says, expect):
    assert verdict(line, says, expect).verdict == expect


@pytest.mark.parametrize(("line", "says", "expect"), STATED)
def test_jax_agrees(line, says, expect):
    s = statement_of(written(says, *declarations([line.let]), infer=True))
    env = drawn(s)
    left, right = (side_value(side, env, line) for side in (s.left, s.right))
    left = left.reshape(right.shape) if left.size == right.size else left
    assert (left.shape == right.shape and np.allclose(left, right, rtol=1e-8, atol=1e-8)) == (expect == "true")


def drawn(s: Statement) -> Env:
    """Values of the variables and their differentials; square matrices have a positive determinant."""
    rng = np.random.default_rng(5)
    found: Env = {}
    for x in symbols(*[e for side in (s.left, s.right) for e in (side.expr, *side.moves)], *s.variables.values()):
        shape, given = tuple(d.value(SIZES) for d in x.shape), x.data.properties
        X = 0.4 * rng.standard_normal(shape)
        if shape[0] == shape[1] > 1 and "differential" not in given:
            X += 2 * np.eye(shape[0])
        if given & {"symmetric", "spd"}:
            X = X + X.T
        X = np.diag(np.diag(X)) if "diagonal" in given else X
        found[x.data.name] = np.full((1, 1), 3.0) if "integer" in given else X
    return found


def side_value(side: Side, env: Env, line: Line) -> np.ndarray:
    """An expression by NumPy; by JAX a differential along the moves, or a derivative."""
    if side.kind == "expression":
        return value(side.expr, env, SIZES, NUMPY)
    import jax

    jax_engine()  # double precision, before anything is traced
    F = function(side.expr, env)
    if side.kind == "differential":
        at = {m.data.name[1:]: env[m.data.name[1:]] for m in side.moves}
        return np.asarray(jax.jvp(F, (at,), ({m.data.name[1:]: env[m.data.name] for m in side.moves},))[1])
    x = side.variables[0].symbol
    if len(side.variables) == 2:
        return jacobian(lambda X: jax.jacrev(lambda Z: moved(F, x, Z, line))(X), env, x).reshape(
            env[x.data.name].size, -1
        )
    J = jacobian(lambda X: moved(F, x, X, line), env, x)
    if side.expr.is_scalar:
        G = J.reshape(env[x.data.name].shape)
        return np.tril(G) + np.tril(G, -1).T if line.kind == "convention" else G
    return J.swapaxes(-1, -2).reshape(side.expr.shape[0].value(SIZES), -1)  # columns count vec X


def jacobian(F: Callable[[Any], Any], env: Env, x: Expr) -> np.ndarray:
    """By reverse mode, axes of F before those of X."""
    import jax

    return np.asarray(jax.jacrev(F)(env[x.data.name]))


def moved(F: Callable[[Env], Any], x: Expr, X: Any, line: Line) -> Any:
    """F at X; of a symmetric X by the entries on and below the diagonal."""
    jnp = jax_engine().xp
    if line.kind == "convention":
        X = jnp.tril(X) + jnp.tril(X, -1).T
    if "diagonal" in x.data.properties:
        X = jnp.diag(jnp.diag(X))
    return F({x.data.name: X})


def function(e: Expr, env: Env) -> Callable[[Env], Any]:
    return lambda here: value(e, env | here, SIZES, jax_engine())


@cache
def text() -> str:
    return page()


def test_every_finding_is_named_in_the_page_with_its_reason():
    for line in LINES:
        assert line.kind in ("", *FINDINGS)
        assert (line.expect != "true") == (line.kind in ("error", "condition", "reading")), line.says
        if line.expect != "true":
            assert f"**{line.number}.** {line.note}" in text() and line.note.endswith(".")


def test_no_equation_is_forgotten():
    """Every number of the chapter is in a table, or among what is not, with a reason."""
    stated = {line.number for line in LINES}
    reasons = " ".join(u["what"] for u in data()["unstated"])
    assert all(u["why"] for u in data()["unstated"])
    ranges = [range(133, 139)]
    missing = [
        n for n in range(33, 145) if n not in stated and str(n) not in reasons and not any(n in r for r in ranges)
    ]
    assert set(missing) <= {65}, missing  # the sum of the eigenvalues has no certain number


def test_another_verdict_than_the_expected_one_stops_the_build():
    with pytest.raises(VerificationError):
        verdict(Line("d(x'*x)/dx = x", ""), "d(x'*x)/dx = x", "true")
