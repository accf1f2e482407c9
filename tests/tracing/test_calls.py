"""Every function that is understood means what its library computes, with the same shape."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import FunctionType

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from closedform.core.expr import symbol
from closedform.core.shape import dim, shape_of
from closedform.tracing.array import METHODS, Array
from closedform.tracing.libraries import LIBRARIES
from closedform.tracing.rebind import Copies
from closedform.tracing.values import lift
from closedform.verification.interpreter import evaluate
from tests.tracing import calls
from tests.tracing.calls import SHAPES

SIZES = {"m": 4, "n": 3}
SOURCE = Path(calls.__file__).read_text(encoding="utf-8")
WRITTEN = {"numpy": "np", "numpy.linalg": "np.linalg", "jax.numpy": "np", "jax.numpy.linalg": "np.linalg",
           "torch.nn.functional": "F"}  # fmt: skip


def values(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    drawn = {name: rng.standard_normal([SIZES[s] for s in shape]) for name, shape in SHAPES.items()}
    root = 0.4 * rng.standard_normal((3, 3))
    return drawn | {"p": rng.uniform(0.2, 0.8, 3), "S": root @ root.T + np.eye(3), "a": rng.uniform(0.5, 2)}


def rows():
    """The calls with every library that they are written for, and the kind of array it wants."""
    in_numpy = [
        *calls.EVERYWHERE,
        *calls.NUMPY_AND_JAX,
        *calls.ONLY_NUMPY,
        *calls.SCIPY,
        *calls.NUMBERS,
        *calls.METHODS_OF_NUMPY,
    ]
    in_jax = [*calls.EVERYWHERE, *calls.NUMPY_AND_JAX, *calls.JAX, *calls.METHODS_OF_NUMPY]
    in_torch = [*calls.EVERYWHERE, *calls.TORCH, *calls.METHODS_OF_TORCH]
    for library, listed in (("np", in_numpy), ("jnp", in_jax), ("torch", in_torch)):
        for f in listed:
            own = FunctionType(f.__code__, {**f.__globals__, "np": getattr(calls, library)}, f.__name__)
            line = SOURCE.splitlines()[f.__code__.co_firstlineno - 1].strip().rstrip(",")
            yield pytest.param(own, library, id=f"{library} {line.partition(': ')[2]}")


def symbolic(f) -> Array:
    """The value of the copy on arrays of symbols."""
    given = {
        n: Array(symbol(n, shape_of(SHAPES[n])), tuple(map(dim, SHAPES[n]))) for n in inspect.signature(f).parameters
    }
    return lift(Copies(f, {}).value(f)(**given))


@pytest.fixture(autouse=True)
def _double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def as_arrays(given, library):
    convert = {"np": lambda v: v, "jnp": jnp.asarray, "torch": lambda v: torch.tensor(v, dtype=torch.float64)}[library]
    return {name: v if isinstance(v, float) and library == "np" else convert(v) for name, v in given.items()}


@pytest.mark.parametrize(("f", "library"), list(rows()))
def test_a_call_means_what_the_library_computes(f, library):
    found = symbolic(f)
    env = values(5)
    expected = np.asarray(f(**{n: as_arrays(env, library)[n] for n in inspect.signature(f).parameters}))
    assert tuple(d.value(SIZES) for d in found.dims) == expected.shape
    wide = {n: np.reshape(v, [d.value(SIZES) for d in shape_of(SHAPES[n])]) for n, v in env.items()}
    shape = [d.value(SIZES) for d in found.expr.shape]
    got = np.broadcast_to(evaluate(found.expr, wide, SIZES), shape).reshape(expected.shape)
    assert np.allclose(got, expected, rtol=1e-6 if "float()" in inspect.getsource(f) else 1e-10), found.expr


@pytest.mark.parametrize("module", LIBRARIES)
def test_every_function_is_called_above(module):
    written = WRITTEN.get(module, module)
    missing = {name for name in LIBRARIES[module] if f"{written}.{name}(" not in SOURCE}
    shared = SOURCE[: SOURCE.index("NUMPY_AND_JAX")]
    assert not {name for name in missing if module != "torch" or f"np.{name}(" not in shared}


def test_every_method_is_called_above():
    assert not {name for name in METHODS if not re.search(rf"[a-zA-Z)\]]\.{name}\(", SOURCE)}
