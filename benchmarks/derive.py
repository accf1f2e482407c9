"""How long a derivation takes, over the corpus, beside SymPy: `python -m benchmarks.derive [--repetitions 5]`.

Timed: parsed expression to simplified derivative, in a warm interpreter, on an expression that is parsed anew
(untimed) for every repetition.  SymPy differentiates the same functions in the same run, turn by turn, its
cache cleared (untimed) before every turn; a case it cannot state, leaves unevaluated, loses (an answer of 0: it
takes log(det(A)) for free of A) or does not finish in two seconds counts as not answered.  Whether SymPy's other
answers are right, `benchmarks.peers` says.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.cache import clear_cache
from sympy.utilities.exceptions import SymPyDeprecationWarning

import closedform as cf
from benchmarks.common import derive, interleaved, milliseconds, percentile, show, within
from benchmarks.sympy_matrices import differentiate, is_zero, symbol, translate
from closedform.errors import NotSupported
from tests.corpus.cases import Case, cases
from tests.corpus.outcome import scope

LIMIT = 2.0  #: seconds after which SymPy counts as not answering


@dataclass(frozen=True)
class Timing:
    name: str
    ours: float
    theirs: float | None  #: None where SymPy does not answer


def time_case(case: Case, repetitions: int) -> Timing | None:
    """Seconds of ours and of SymPy; None when we refuse the case."""

    def ours() -> Any:
        return cf.parse(case["expr"], shapes=case["vars"], properties=case["attrs"])

    def theirs() -> Any:
        clear_cache()
        f = ours()
        return translate(f.expr), [symbol(f.variables[x]) for x in case["wrt"]]

    try:
        derive(ours(), case["wrt"])
    except NotSupported:
        return None
    arms: dict[str, Any] = {"ours": (ours, lambda f: derive(f, case["wrt"]))}
    try:
        with within(LIMIT):
            lost = is_zero(differentiate(*theirs()))
    except Exception:  # whatever it is, SymPy does not answer this one
        lost = True
    if not lost:
        arms["theirs"] = (theirs, lambda problem: differentiate(*problem))
    times = interleaved(arms, repetitions)
    return Timing(case["id"], times["ours"], times.get("theirs"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="take every k-th case only")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SymPyDeprecationWarning)  # SymPy's own, about its matrix products
    names = scope()[:: options.every]
    timings = [t for name in names if (t := time_case(cases()[name], options.repetitions)) is not None]
    ours = [t.ours for t in timings]
    both = [t for t in timings if t.theirs is not None]
    rows = [
        ("closedform", f"{len(timings)}/{len(names)}", *summary(ours)),
        ("… where SymPy answers", len(both), *summary([t.ours for t in both])),
        (f"SymPy {sympy.__version__}", f"{len(both)}/{len(names)}", *summary([t.theirs for t in both])),
    ]
    show("time of a derivation", ["", "answered", "median", "p95", "max"], rows)
    ratios = [t.theirs / t.ours for t in both if t.theirs is not None]
    if ratios:
        print(f"SymPy / closedform, case by case: median {statistics.median(ratios):.0f}, least {min(ratios):.1f}")
    slowest = sorted(timings, key=lambda t: -t.ours)[:8]
    show("slowest of ours", ["case", "time"], [(t.name, milliseconds(t.ours)) for t in slowest])


def summary(values: list[Any]) -> list[str]:
    if not values:
        return ["–"] * 3
    return [milliseconds(v) for v in (statistics.median(values), percentile(values, 0.95), max(values))]


if __name__ == "__main__":
    main()
