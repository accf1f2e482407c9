"""What closedform makes of each case of the corpus, worked out once per process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import closedform as cf
from closedform.errors import NotSupported
from closedform.verification.interpreter import evaluate
from tests.corpus.cases import Case, Env, cases, in_scope
from tests.corpus.count import operations
from tests.corpus.make_references import Point, references

TOLERANCE = {1: 1e-8, 2: 1e-7}
INDEX_NOTATION = re.compile(r"einsum|\[|Σ|∑|δ")


@dataclass(frozen=True)
class Outcome:
    """One case answered or refused.

    Attributes:
        case: the row.
        text: the answer; empty when it was refused.
        refused: the message of the refusal.
        error: of the compiled derivative, relative to the largest entry of JAX's.
        error_of_text: the same for the text, parsed back and interpreted.
    """

    case: Case
    text: str = ""
    refused: str = ""
    error: float = 0.0
    error_of_text: float = 0.0

    @property
    def operations(self) -> int:
        return operations(self.text)

    @property
    def is_closed(self) -> bool:
        """In matrix notation, with no index in it."""
        return not INDEX_NOTATION.search(self.text)

    @property
    def is_wrong(self) -> bool:
        worst = max(self.error, self.error_of_text)
        return bool(self.text) and not worst <= TOLERANCE[len(self.case["wrt"])]


def computed(name: str) -> tuple[cf.Derivative, dict[str, Any], Any]:
    """The derivative of a case, what its code takes at the first point, and what the code of NumPy makes of it.

    A test of a case that is refused is skipped.
    """
    if outcome(name).refused:
        pytest.skip("refused by name")
    case = cases()[name]
    D = cf.derivative(parsed(case, case["expr"]), *case["wrt"])
    sizes, env, _, _ = references()[name][0]
    run = D.compile()
    given = {k: v for k, v in {**env, **sizes}.items() if k in run.names}
    return D, given, run(**given)


def scope() -> list[str]:
    """The ids of the cases that closedform is to answer by now."""
    return [name for name, case in cases().items() if in_scope(case)]


def outcomes() -> list[Outcome]:
    return [outcome(name) for name in scope()]


@cache
def outcome(name: str) -> Outcome:
    """One case of the corpus."""
    return judge(cases()[name], references()[name])


def judge(case: Case, points: list[Point]) -> Outcome:
    """Differentiate a case, and compare the answer with JAX at every stored point."""
    try:
        D = cf.derivative(parsed(case, case["expr"]), *case["wrt"])
    except NotSupported as refusal:
        return Outcome(case, refused=str(refusal))
    again = parsed(case, D.text).expr
    compiled = D.compile("numpy")
    error = error_of_text = 0.0
    for sizes, env, _, slope in points:
        arguments = {k: _argument(case, k, v) for k, v in env.items()}
        error = max(error, difference(np.asarray(compiled(**arguments)), slope))
        value = evaluate(again, columns(env), sizes)
        shown = value.reshape(slope.shape, order="F" if D.is_array else "C")
        error_of_text = max(error_of_text, difference(shown, slope))
    return Outcome(case, text=D.text, error=error, error_of_text=error_of_text)


def parsed(case: Case, text: str) -> Any:
    return cf.parse(text, shapes=case["vars"], properties=case["attrs"])


def columns(env: Env) -> Env:
    """Scalars and vectors as matrices, as the interpreter takes them."""
    return {k: v.reshape((*v.shape, 1, 1)[:2]) if v.ndim < 2 else v for k, v in env.items()}


def difference(ours: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference relative to the largest entry; infinite when the shapes differ."""
    if ours.shape != reference.shape:
        return np.inf
    error = np.abs(ours - reference).max(initial=0) / max(float(np.abs(reference).max(initial=0)), 1e-6)
    return float(error) if np.isfinite(error) else np.inf


def _argument(case: Case, name: str, value: np.ndarray) -> Any:
    if value.ndim:
        return value
    return int(value) if "integer" in case["attrs"].get(name, ()) else float(value)
