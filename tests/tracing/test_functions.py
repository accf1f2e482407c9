"""Real functions are traced, differentiated and checked; the derivative is that of the same code by JAX or PyTorch."""

from __future__ import annotations

from types import FunctionType, SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import closedform as cf
from tests.tracing import functions
from tests.tracing.functions import CASES, Case

SIZES = {"m": 5, "n": 4, "k": 3, "p": 2}
DRAWN = {
    "normal": lambda rng, shape: 0.7 * rng.standard_normal(shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2, shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "large": lambda rng, shape: rng.uniform(9, 12, shape),
}
SPECIAL = SimpleNamespace(**vars(jax.scipy.special), log_expit=jax.nn.log_sigmoid)
IN_JAX = {"np": jnp, "special": SPECIAL, "linalg": jax.scipy.linalg}


def test_there_are_fifty():
    assert len(CASES) >= 50 and len({c.function.__name__ for c in CASES}) == len(CASES)


def in_jax(f):
    """The same code with the names of JAX's modules."""
    names = {**vars(functions), **IN_JAX}
    for name, value in vars(functions).items():
        if isinstance(value, FunctionType):
            defaults = value.__defaults__
            names[name] = FunctionType(value.__code__, names, name, defaults)
            names[name].__defaults__ = defaults and tuple(names.get(getattr(d, "__name__", ""), d) for d in defaults)
    return names[f.__name__]


def shape_of(case: Case, name: str):
    """The shape of a variable; None of a number that is given."""
    given = case.shapes[name]
    return (given,) if isinstance(given, str) else given if isinstance(given, tuple) else None


def point(case: Case, seed: int) -> dict[str, np.ndarray]:
    """Values of the variables."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in case.shapes:
        shape = shape_of(case, name)
        if shape is None:
            continue
        properties = case.properties.get(name, [])
        kind = case.drawn.get(name, "positive" if "positive" in properties else "normal")
        value = DRAWN[kind](rng, [SIZES[s] for s in shape])
        if "symmetric" in properties:
            value = (value + value.T) / 2
        if "spd" in properties:
            value = value @ value.T + np.eye(len(value))
        found[name] = value
    return found


def is_torch(case: Case) -> bool:
    return "torch" in case.function.__code__.co_names or "F" in case.function.__code__.co_names


def automatic(case: Case, wrt: str, at: dict[str, np.ndarray]):
    """The gradient of the very same code, by PyTorch or JAX."""
    constants = {n: v for n, v in case.shapes.items() if n not in at}
    if is_torch(case):
        tensors = {n: torch.tensor(v, dtype=torch.float64, requires_grad=n == wrt) for n, v in at.items()}
        return torch.autograd.grad(case.function(**tensors, **constants), tensors[wrt])[0].numpy()
    f = in_jax(case.function)
    arrays = {n: jnp.asarray(v) for n, v in at.items()}
    return np.asarray(jax.grad(lambda x: f(**{**arrays, wrt: x}, **constants))(arrays[wrt]))


def traced(case: Case) -> cf.Function:
    return cf.trace(case.function, case.shapes, case.properties)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.function.__name__)
def test_the_traced_function_has_the_value_of_the_program(case):
    at = point(case, 1)
    constants = {n: v for n, v in case.shapes.items() if n not in at}
    arguments = {n: torch.tensor(v) for n, v in at.items()} if is_torch(case) else at
    f = traced(case)
    assert np.allclose(
        cf.Formula(f, f.expr).compile()(**at), float(case.function(**arguments, **constants)), rtol=1e-10
    )


@pytest.mark.parametrize(
    ("case", "wrt"), [pytest.param(c, w, id=f"{c.function.__name__} {w}") for c in CASES for w in c.wrt]
)
def test_the_gradient_is_that_of_the_same_program(case, wrt):
    D = cf.gradient(traced(case), wrt)
    D.check()
    for seed in (2, 3):
        at = point(case, seed)
        expected = automatic(case, wrt, at)
        if set(case.properties.get(wrt, ())) & {"symmetric", "spd"}:
            expected = (expected + expected.T) / 2
        assert np.allclose(D.compile()(**at), expected, rtol=1e-8, atol=1e-10), D.text
