"""Signs of products, and sums with the identity that are solved for: which code is chosen, and its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import closedform as cf
from closedform.core.shape import dim
from closedform.program.runtime import sech2
from closedform.program.term import Plan

jax.config.update("jax_enable_x64", True)

SHAPES = {
    "X": ("m", "d"), "W": ("d", "h"), "V": ("h", "k"), "Z": ("m", "k"), "M": ("d", "k"), "v": ("k",), "y": ("m",),
    "K": ("n", "n"), "D": ("n", "n"), "A": ("n", "n"), "z": ("n",), "a": (), "r": (), "x": ("n",),
}  # fmt: skip
SIZES = {"m": 9, "d": 4, "h": 5, "k": 3, "n": 6}
PROPERTIES = {"K": ["spd"], "D": ["symmetric"], "r": ["positive"]}
KERNEL = "(K.*exp(-a*D) + r*eye(n))"


def kernel(K: Any, D: Any, a: Any, r: Any) -> Any:
    return K * jnp.exp(-a * D) + r * jnp.eye(len(K))


def network(X: Any, W: Any, V: Any, v: Any, y: Any) -> Any:
    return jnp.log1p(jnp.exp(-y * (jnp.tanh(jnp.tanh(X @ W) @ V) @ v))).sum()


#: a function, by what, how often, the same in JAX, and what stands in the code, or does not
FORMS: list[tuple[str, str, int, Callable[..., Any], list[str], list[str]]] = [
    ("sum(log(ones(m) + exp(-y.*(tanh(tanh(X*W)*V)*v))))", "W", 1, network, [r"return -\(X\.T @"], [r"-sech2", r"-\(-"]),
    ("sum(log(ones(m) + exp(-y.*(tanh(tanh(X*W)*V)*v))))", "V", 1, network, [], [r"-sech2", r"outer", r"-\(-"]),
    ("sum(log(ones(m) + exp(-y.*diagonal(X*M*Z'))))", "M", 2,
     lambda X, M, Z, y: jnp.log1p(jnp.exp(-y * ((X @ M) * Z).sum(1))).sum(), ["sech2"], ["sigmoid", "-"]),
    (f"z'*inv{KERNEL}*z + logdet{KERNEL}", "a", 1,
     lambda z, K, D, a, r: z @ jnp.linalg.solve(kernel(K, D, a, r), z) + jnp.linalg.slogdet(kernel(K, D, a, r))[1],
     ["factor_inverse"], ["eye", "-1 "]),
    ("z'*inv(K + a*eye(n))*z", "K", 1, lambda z, K, a: z @ jnp.linalg.solve(K + a * jnp.eye(6), z),
     [r"factor_solve\(factor\("], ["linalg"]),
    ("norm2(x - sum(x)/n*ones(n))", "x", 2, lambda x: jnp.linalg.norm(x - x.mean()), ["full"], [r"np\.ones"]),
]  # fmt: skip


def given(f: Callable[..., Any]) -> dict[str, np.ndarray]:
    """Numbers for the operands of a function: a positive definite K, a symmetric D."""
    rng, found = np.random.default_rng(3), {}
    for name in f.__code__.co_varnames[: f.__code__.co_argcount]:
        a = rng.standard_normal([SIZES[d] for d in SHAPES[name]])
        found[name] = a @ a.T + np.eye(6) if name == "K" else np.abs(a + a.T) if name in "DA" else a
    return found | {x: np.array(1.5) for x in ("a", "r") if x in found}


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch", "numba"])
@pytest.mark.parametrize(
    ("text", "by", "times", "f", "has", "has_not"), FORMS, ids=[f"{f[0]} by {f[1]}" for f in FORMS]
)
def test_signs_and_sums_with_the_identity_take_no_passes_of_their_own(text, by, times, f, has, has_not, backend):
    at = given(f)
    shapes = {x: SHAPES[x] for x in at}
    D = cf.derivative(cf.parse(text, shapes, {x: p for x, p in PROPERTIES.items() if x in at}), *[by] * times)
    run = D.compile(backend)
    body = run.source.rpartition('"""')[2]
    assert backend != "numpy" or all(re.search(x, body) for x in has), body
    assert backend != "numpy" or not any(re.search(x, body) for x in has_not), body
    g = jax.grad if times == 1 else jax.hessian
    wanted = np.asarray(g(lambda x: f(**{**at, by: x}))(at[by]))
    found = np.asarray(run(**{x: at[x] for x in run.names}))
    wanted = (wanted + wanted.T) / 2 if by == "K" else wanted
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-9, atol=1e-12)


def test_a_sign_stands_before_what_has_fewer_axes_or_before_all():
    plan, m, n = Plan(), dim("m"), dim("n")
    A, B = plan.variable("A", (m, n)), plan.variable("B", (m, n))
    u, c = plan.variable("u", (m,)), plan.variable("c", ())
    assert plan.times(plan.negative(A), plan.negative(B)) is plan.times(A, B)
    assert plan.times(plan.negative(A), B) is plan.negative(plan.times(A, B))
    assert plan.times(c, plan.negative(A)) is plan.times(plan.negative(c), A)
    assert plan.times(plan.column(plan.negative(u)), plan.negative(A)) is plan.times(plan.column(u), A)
    assert plan.negative(plan.times(plan.column(u), A)) is plan.times(plan.negative(plan.column(u)), A)
    assert plan.times(plan.number(-1), A) is plan.negative(A)
    assert plan.times(plan.number(-1), plan.number(1)).value == -1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("turn", [np.asarray, np.asfortranarray, lambda z: z[::2], lambda z: z.T])
def test_a_large_array_has_the_slopes_of_its_entries(turn, dtype):
    z = turn(np.random.default_rng(0).normal(0, 20, (300, 301)).astype(dtype))
    found = sech2(z)
    assert found.shape == z.shape and found.dtype == z.dtype
    rows = np.array([sech2(row) for row in z])
    np.testing.assert_array_max_ulp(found, rows, 2)
    exact = 4 / (np.exp(z.astype("longdouble")) + np.exp(-z.astype("longdouble"))) ** 2
    near = exact > np.finfo(dtype).tiny
    np.testing.assert_allclose(found[near], exact[near].astype(dtype), rtol=8 * np.finfo(dtype).eps)
