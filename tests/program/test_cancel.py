"""What cancels as a whole is found in any of its forms, and is computed without cancellation."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import Expr, topological
from closedform.core.normal import normal
from closedform.program.cancel import uncancelled
from closedform.program.compile import compile
from closedform.verification.interpreter import evaluate
from tests.stability.exact import exact

SHAPES = {"X": ("m", "n"), "C": ("m", "n"), "W": ("n", "n"), "V": ("n", "k"), "B": ("m", "k")}
SHAPES |= {"K": ("n", "d"), "Q": ("m", "d"), "x": ("n",), "y": ("n",), "w": ("k",), "a": ()}
SIZES = {"m": 3, "n": 4, "k": 2, "d": 5}

ATTENTION = "sum(B.*(diag(1./sum(exp(Q*K'), 2))*exp(Q*K')*V))"
FOUND = [
    ("(diag(sum(W, 2)) - W)*x", "", "centred"),
    ("(2*W - 2*diag(sum(W, 2)))*V", "", "centred"),
    ("V'*(diag(sum(W, 1)') - W)*x", "", "centred"),
    ("tr(V'*(diag(sum(W, 2)) - W)*V)", "", "centred"),
    ("logsumexp(a*x)/a", "a", "entropy"),
    ("logsumexp(x) - softmax(x)'*x", "", "entropy"),
    ("-sum(softmax(x).*log(softmax(x)))", "", "entropy"),
    ("sum(softmax(x).*log(softmax(x)))", "x", "centred"),
    ("logsumexp(x) - x'*softmax(x)", "x", "centred"),
    ("y'*softmax(x)", "x", "centred"),
    ("a*w'*V'*softmax(x)", "x", "centred"),
    ("sum(C.*(exp(X)./(sum(exp(X), 2)*ones(n)')))", "X", "rowslope"),
    ("sum(C.*(exp(X)./(ones(m)*sum(exp(X), 1))))", "X", "rowslope"),
    ("sum((C - diag(1./sum(exp(X), 2))*exp(X)).^2)", "X", "rowslope"),
    (ATTENTION, "Q", "rowslope"),
    (ATTENTION, "K", "rowslope"),
]
LEFT = [
    "(diag(sum(W, 1)') - W)*x",
    "(diag(sum(W, 2)) + W)*x",
    "(diag(y) - W)*x",
    "logsumexp(a*x) - x'*softmax(a*x)",
    "logsumexp(x) + x'*softmax(x)",
    "logsumexp(x) - y'*softmax(x)",
    "sum(softmax(x).*log(softmax(y)))",
    "exp(X).*(diag(1./sum(exp(X), 2))*C)",
]


def stated(text: str, by: str) -> Expr:
    used = {name: shape for name, shape in SHAPES.items() if name in text.replace("exp", "").replace("diag", "")}
    f = cf.parse(text, shapes=used)
    return cf.derivative(f, by).stages[-1].answer if by else normal(f.expr)


@pytest.mark.parametrize(("text", "by", "op"), FOUND)
def test_it_is_found_and_keeps_its_value(text: str, by: str, op: str) -> None:
    e = stated(text, by)
    assert op in {n.op.name for n in topological([uncancelled(e)])}
    env = drawn(e)
    expected = np.asarray(evaluate(e, columns(env), SIZES), dtype=float)
    assert np.allclose(np.asarray(compile(e)(**env)).reshape(expected.shape), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("text", LEFT)
def test_what_does_not_cancel_is_left_as_it_is(text: str) -> None:
    e = stated(text, "")
    assert uncancelled(e) is e


def drawn(e: Expr) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    names = {n.data.name for n in topological([e]) if n.op.name == "symbol"}
    return {name: rng.uniform(0.2, 2, [SIZES[d] for d in SHAPES[name]]) for name in sorted(names)}


def columns(env: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: v.reshape(-1, 1) if v.ndim < 2 else v for name, v in env.items()}


@pytest.mark.parametrize("size", [1e3, 1e5, 1e100])
def test_the_entropy_of_a_saturated_softmax_is_its_other_entries(size: float) -> None:
    e = stated("logsumexp(a*x)/a", "a")
    run, env = compile(e), {"x": np.array([1.0, 2.0, 2.0]), "a": np.array(size)}
    E = exact(e, columns(env), {"n": 3})[e]
    assert np.isclose(run(**env), float(E[0, 0]), rtol=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_a_matrix_exponential_keeps_its_digits_where_the_matrix_is_large(seed: int) -> None:
    rng = np.random.default_rng(seed)
    e = stated("expm(W)", "")
    W = 40 + rng.standard_normal((3, 3))
    E = exact(e, {"W": W}, {"n": 3})[e].astype(float)
    assert np.allclose(compile(e)(W=W), E, rtol=1e-12, atol=0)
