"""Matrices in the memory of operands that nobody else needs: the lines, and the memory that is counted."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import closedform as cf
from closedform.program.compile import compile
from closedform.program.languages.numpy import NUMPY
from closedform.program.memory import memory_of
from closedform.program.source import lower, write

SHAPES = {"A": ("m", "k"), "B": ("k", "n"), "M": ("m", "n"), "u": ("m",), "v": ("n",), "a": ()}


def parsed(text: str) -> cf.Function:
    return cf.parse(text, shapes={name: shape for name, shape in SHAPES.items() if name in text})


def lines(text: str) -> list[str]:
    """What is computed, after the arguments were made arrays of."""
    source = compile(parsed(text).expr).source
    return [line.strip() for line in source.rpartition('"""')[2].splitlines()[1:] if ".asarray" not in line]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp(A*B)", ["t0 = A @ B", "np.exp(t0, out=t0)", "return t0"]),
        ("A*B - u*ones(n)'", ["t0 = A @ B", "t0 -= u[:, None]", "return t0"]),
        ("ones(m)*v' + A*B - u*ones(n)'", ["t0 = A @ B", "t0 += v", "t0 -= u[:, None]", "return t0"]),
        ("u*ones(n)'./(A*B)", ["t0 = A @ B", "np.divide(u[:, None], t0, out=t0)", "return t0"]),
        ("1./(A*B)", ["t0 = A @ B", "np.divide(1.0, t0, out=t0)", "return t0"]),
        ("A*B + M", ["return A @ B + M"]),  # NumPy itself writes over a sum's first operand
        ("exp(M)", ["return np.exp(M)"]),
        ("exp(A*B) + sin(A*B)", ["t0 = A @ B", "return np.exp(t0) + np.sin(t0)"]),  # both read it
    ],
)
def test_what_nobody_else_needs_is_written_over(text, expected):
    assert lines(text) == expected


@pytest.mark.parametrize("text", ["X^k", "exp(X^k)", "2*X^k", "X^k + 3*eye(n)", "X^k - 1./X", "X^1 + x*x'"])
def test_a_power_that_is_the_matrix_itself_is_not_written_over(text):
    shapes = {"X": ("n", "n"), "k": (), "x": ("n",)}
    f = cf.parse(
        text, {name: shape for name, shape in shapes.items() if name in text or name == "k"}, {"k": ["integer"]}
    )
    X = np.array([[2.0, 1.0], [1.0, 3.0]])
    run, values = compile(f.expr), {"X": X, "k": 1, "x": np.ones(2)}
    before = X.copy()
    found = run(**{name: values[name] for name in run.names})
    np.testing.assert_array_equal(X, before)
    assert not np.shares_memory(found, X)


@pytest.mark.parametrize("text", ["exp(A*B)", "tanh(exp(A*B) - u*ones(n)')", "sum(exp(-(A*B).^2))", "exp(3*M).*M"])
def test_the_memory_is_one_array_and_is_counted_so(text):
    f, sizes = parsed(text), {"m": 700, "n": 600, "k": 3}
    run = compile(f.expr)
    given = {name: np.ones([sizes[d] for d in SHAPES[name]]) for name in run.names}
    run(**given)
    tracemalloc.start()
    run(**given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    memory = memory_of(write(lower([f.expr]), NUMPY))
    counted = 8 * (memory.peak(sizes) - sum(a.size for a in given.values()))
    assert abs(peak - 8 * 700 * 600) < 1e6 and abs(counted - 8 * 700 * 600) < 1e6
