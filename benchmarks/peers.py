"""Ours and SymPy over the corpus and the peers' own tests: `python -m benchmarks.peers [--limit 10] [--every 1]`.

The corpus is `tests/data/cases.jsonl`; `tests/data/peers.jsonl` restates what SymPy and tensorgrad test.  Both engines
are asked for the same derivative, each for `--limit` seconds, and each answer is evaluated at two points and compared
with what JAX computes there in double precision.

SymPy is given our expression, translated; it is asked only once the translation has the value that JAX gives the
function, in two spellings, of which the better counts.  Its answer counts as correct in any layout: the axes of the
function and those of the variables in any order, or both stacked.  It counts as refused where matrix expressions have
no such operation, where SymPy raises an error, and where it returns the derivative unevaluated.  An answer of 0 counts
as an answer.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import jax
import numpy as np
import sympy as sp
from sympy.core.cache import clear_cache
from sympy.utilities.exceptions import SymPyDeprecationWarning

import closedform as cf
from benchmarks.common import TookTooLong, show, within
from benchmarks.sympy_matrices import NotEvaluated, NotStated, differentiate, size, symbol, translate
from benchmarks.sympy_values import value
from closedform.errors import ClosedFormError
from tests.corpus.cases import Case, cases, peers, stated_peers
from tests.corpus.make_references import Point, peer_references, references
from tests.corpus.outcome import TOLERANCE, columns, difference, judge, parsed, scope

KINDS = ("correct", "wrong", "refused", "timed out")
ENGINES = {"closedform": cf.__version__, "SymPy": sp.__version__}
SMALL = 10  #: groups of fewer cases are one


@dataclass(frozen=True)
class Verdict:
    kind: str
    why: str = ""


class Mistranslated(Exception):
    """Our translation to SymPy has another value: a fault of this benchmark, not an answer of SymPy."""


def timed(ask: Callable[[Case, list[Point]], Verdict], case: Case, points: list[Point], limit: float) -> Verdict:
    try:
        with within(limit):
            return ask(case, points)
    except TookTooLong:
        return Verdict("timed out", f"after {limit:g} s")


def ours(case: Case, points: list[Point]) -> Verdict:
    try:
        outcome = judge(case, points)
    except ClosedFormError as error:
        return Verdict("refused", str(error).splitlines()[0])
    if outcome.refused:
        return Verdict("refused", outcome.refused.splitlines()[0])
    return Verdict("wrong" if outcome.is_wrong else "correct", outcome.text)


def sympys(case: Case, points: list[Point]) -> Verdict:
    """The better of what SymPy makes of two spellings: x'*A*x a scalar under functions and in sums, or a 1×1 matrix."""
    spellings = [spelled(case, points, matrices=matrices) for matrices in (False, True)]
    return min(spellings, key=lambda verdict: KINDS.index(verdict.kind))


def spelled(case: Case, points: list[Point], *, matrices: bool) -> Verdict:
    """What SymPy makes of one spelling.

    Raises:
        Mistranslated: our translation has another value than the function.
        NoValue: the answer is of a kind that cannot be evaluated here.
    """
    clear_cache()
    f = parsed(case, case["expr"])
    envs = [_env(f, point) for point in points]
    stated, why = attempt(lambda: sp.sympify(translate(f.expr, matrices=matrices)))
    if why:
        return Verdict("refused", why)
    if not all(_is_value(stated, env, F) for env, (_, _, F, _) in zip(envs, points, strict=True)):
        raise Mistranslated(case["id"])
    derivative, why = attempt(lambda: differentiate(stated, [symbol(f.variables[x]) for x in case["wrt"]]))
    if why:
        return Verdict("refused", why)
    right = all(_is_right(derivative, env, case, point) for env, point in zip(envs, points, strict=True))
    return Verdict("correct" if right else "wrong", str(derivative))


def attempt(ask: Callable[[], Any]) -> tuple[Any, str]:
    """What SymPy answers, and why it does not."""
    try:
        return ask(), ""
    except NotStated as missing:
        return None, f"no such operation: {missing}"
    except NotEvaluated:
        return None, "left unevaluated"
    except TookTooLong:
        raise
    except Exception as error:  # whatever SymPy raises, it does not answer
        return None, f"raises {type(error).__name__}"


def _env(f: Any, point: Point) -> dict[Any, np.ndarray]:
    sizes, env, _, _ = point
    values = {symbol(f.variables[name]): v for name, v in columns(env).items()}
    scalars = {s: v.reshape(()) if s.is_Symbol else v for s, v in values.items()}
    return {**{size(name): np.asarray(n) for name, n in sizes.items()}, **scalars}


def _is_value(stated: Any, env: dict[Any, np.ndarray], F: np.ndarray) -> bool:
    return _agrees(value(stated, env), F, 1e-9, [F.ndim])


def _is_right(derivative: Any, env: dict[Any, np.ndarray], case: Case, point: Point) -> bool:
    """Whether SymPy's derivative is JAX's in some layout; one with factors that do not fit is not."""
    _, values, F, slope = point
    try:
        found = value(derivative, env)
    except ValueError:  # NumPy's, of shapes
        return False
    return _agrees(found, slope, TOLERANCE[len(case["wrt"])], [F.ndim, *[values[x].ndim for x in case["wrt"]]])


def _agrees(found: np.ndarray, slope: np.ndarray, tolerance: float, blocks: list[int]) -> bool:
    """`found` is `slope` with its blocks of axes in some order, or 0 for all of it."""
    if not found.ndim and not found:
        found = np.zeros(slope.shape)
    squeezed = found.reshape([n for n in found.shape if n != 1])
    return any(difference(squeezed, wanted) <= tolerance for wanted in _layouts(slope, blocks))


def _layouts(slope: np.ndarray, blocks: list[int]) -> Iterator[np.ndarray]:
    """Every order of the blocks of axes; and the two matrices of the map from vec of the variable to vec of F."""
    ends = np.cumsum(blocks)
    axes = [range(end - n, end) for n, end in zip(blocks, ends, strict=True)]
    for order in permutations(axes):
        moved = slope.transpose([axis for block in order for axis in block])
        yield moved.reshape([n for n in moved.shape if n != 1])
    if len(blocks) > 1:
        rows = int(np.prod(slope.shape[: blocks[0]]))
        stacked = slope.reshape((rows, -1) if blocks[0] < 2 else (-1, slope.size // rows), order="F")
        yield stacked
        yield stacked.T


# ------------------------------------------------------------------------------------------------ the comparison


def questions() -> Iterator[tuple[str, Case, list[Point]]]:
    """Group, case and points of every derivative; small groups of the corpus are one."""
    prefixes = Counter(name.split("-")[0] for name in scope())
    for name in scope():
        prefix = name.split("-")[0]
        yield f"corpus: {prefix if prefixes[prefix] >= SMALL else 'other'}", cases()[name], references()[name]
    for name, case in stated_peers().items():
        yield f"tests of {case['source']['project']}", case, peer_references()[name]


def table(groups: list[str], verdicts: list[tuple[Verdict, ...]]) -> Iterator[list[Any]]:
    """A row for each engine in each group, and for each over all."""
    for group in [*dict.fromkeys(groups), "all"]:
        chosen = [pair for g, pair in zip(groups, verdicts, strict=True) if group in (g, "all")]
        for engine, name in enumerate(ENGINES):
            counts = Counter(pair[engine].kind for pair in chosen)
            yield ["" if engine else f"{group} ({len(chosen)})", name, *[counts[kind] for kind in KINDS]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for an answer")
    parser.add_argument("--every", type=int, default=1, help="take every k-th case only")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SymPyDeprecationWarning)  # SymPy's own, about its matrix products
    asked = list(questions())[:: options.every]
    verdicts = [tuple(timed(ask, *q[1:], options.limit) for ask in (ours, sympys)) for q in asked]
    report(asked, verdicts)


def report(asked: list[tuple[str, Case, list[Point]]], verdicts: list[tuple[Verdict, ...]]) -> None:
    versions = ", ".join(" ".join(engine) for engine in ENGINES.items())
    print(f"{versions}; references by JAX {jax.__version__} in double precision")
    left_out = len(peers()) - len(stated_peers())
    print(f"{left_out} of the peers' {len(peers())} derivatives cannot be stated in the text syntax, and are left out")
    show("derivatives", ["group", "engine", *KINDS], table([q[0] for q in asked], verdicts))
    reasons = Counter(theirs.why for _, theirs in verdicts if theirs.kind == "refused")
    show("why SymPy refuses", ["reason", "cases"], reasons.most_common())
    for engine, name in enumerate(ENGINES):
        for kind in KINDS[1:]:
            ids = [q[1]["id"] for q, pair in zip(asked, verdicts, strict=True) if pair[engine].kind == kind]
            if ids and (kind != "refused" or not engine):
                print(f"{name}, {kind} ({len(ids)}): {', '.join(ids)}\n")


if __name__ == "__main__":
    main()
