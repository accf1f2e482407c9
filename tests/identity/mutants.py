"""Formulas of the corpus with one random mistake each: `python -m tests.identity.mutants` judges them all.

A mistake is made in the text: a transpose, a sign, a factor, another variable.  Mutants that are still equal to what
JAX computed, in any arrangement, are set aside.  No mutant may be called true.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import numpy as np

import closedform as cf
from closedform.errors import ClosedFormError, DomainError
from closedform.identity.verdict import Verdict
from closedform.syntax.tokens import scan
from closedform.verification.interpreter import evaluate
from tests.corpus.cases import Case, cases, in_scope
from tests.corpus.make_references import references

FUNCTIONS = ("exp", "log", "inv", "tr", "sum", "diag", "det", "eye", "ones", "kron", "vec", "norm2")
KINDS = ("transpose", "sign", "factor", "variable")
PER_FORMULA = 6
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Mutant:
    """A formula with one mistake, and what it was made of."""

    case: str
    kind: str
    formula: str

    @property
    def statement(self) -> str:
        return statement(cases()[self.case], self.formula)


def statement(case: Case, formula: str) -> str:
    wrt = case["wrt"]
    d = "d" if len(wrt) == 1 else "d2"
    return f"{d}({case['expr']})/{' '.join('d' + x for x in wrt)} = {formula}"


def judged(case: Case, formula: str) -> Verdict:
    return cf.check(statement(case, formula), shapes=case["vars"], properties=case["attrs"])


def formulas() -> dict[str, str]:
    """The expected formula of every case that has one."""
    return {name: c["expected"] for name, c in cases().items() if c["expected"] and in_scope(c)}


# ------------------------------------------------------------------------------------------------------- mutation


def mutants(seed: int = 0) -> Iterator[Mutant]:
    """Up to `PER_FORMULA` different mutants of every formula."""
    rng = random.Random(seed)
    for name, formula in formulas().items():
        seen = {formula}
        for _ in range(4 * PER_FORMULA):
            kind = rng.choice(KINDS)
            made = mutated(cases()[name], formula, kind, rng)
            if made is not None and made not in seen:
                seen.add(made)
                yield Mutant(name, kind, made)
            if len(seen) > PER_FORMULA:
                break


def mutated(case: Case, formula: str, kind: str, rng: random.Random) -> str | None:
    tokens = scan(formula, FUNCTIONS)
    names = [(i, t) for i, t in enumerate(tokens) if t.type == "NAME" and str(t) in case["vars"]]
    if kind == "sign":
        signs = [t for t in tokens if t.type in ("PLUS", "MINUS")]
        if not signs:
            return f"-({formula})"
        t = rng.choice(signs)
        return _put(formula, t.start_pos, t.end_pos, "-" if t.type == "PLUS" else "+")
    if not names:
        return f"2*({formula})" if kind == "factor" else None
    i, t = rng.choice(names)
    if kind == "factor":
        return _put(formula, t.start_pos, t.end_pos, f"({rng.choice(['2', '0.5', '3'])}*{t})")
    if kind == "variable":
        same = [x for x in case["vars"] if x != str(t) and case["vars"][x] == case["vars"][str(t)]]
        return _put(formula, t.start_pos, t.end_pos, rng.choice(same)) if same else None
    if not case["vars"][str(t)]:
        return None
    if i + 1 < len(tokens) and tokens[i + 1].type == "PRIME":
        return _put(formula, t.start_pos, tokens[i + 1].end_pos, str(t))
    return _put(formula, t.start_pos, t.end_pos, f"({t}')")


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


# ------------------------------------------------------------------------------------------- still equal, or not


@cache
def points(name: str) -> list:
    return references()[name]


def still_equal(m: Mutant) -> bool:
    """Whether the mutant has the values that JAX computed, as a gradient, a Jacobian, stacked, or transposed."""
    case = cases()[m.case]
    try:
        e = cf.parse(m.formula, shapes=case["vars"], properties=case["attrs"]).expr
    except ClosedFormError:
        return False
    return all(_agrees(case, e, *point) for point in points(m.case))


def _agrees(case: Case, e, sizes, env, value, slope) -> bool:
    columns = {k: v.reshape((*v.shape, 1, 1)[:2]) if v.ndim < 2 else v for k, v in env.items()}
    mine = evaluate(e, columns, sizes)
    variable = len(case["vars"][case["wrt"][-1]])
    outputs = int(np.prod(slope.shape[: slope.ndim - variable], dtype=int))
    stacked = slope.reshape(outputs, -1, order="F")
    shaped = slope.reshape((*slope.shape, 1, 1)[:2]) if slope.ndim <= 2 else stacked
    arrangements = [x for J in (stacked, shaped) for x in (J, J.T) if x.shape == mine.shape]
    return any(np.abs(x - mine).max() <= TOLERANCE * max(1e-6, np.abs(slope).max()) for x in arrangements)


# ---------------------------------------------------------------------------------------------------------- table


def run(chosen: list[Mutant]) -> tuple[Counter, list[str], int]:
    """Verdicts by kind of mistake; the mutants that were called neither false nor conditional; how many were equal."""
    counts: Counter = Counter()
    odd: list[str] = []
    equal = 0
    for m in chosen:
        if still_equal(m):
            equal += 1
            continue
        verdict = _verdict(m)
        counts[m.kind, verdict] += 1
        if verdict not in ("false", "conditional"):
            odd.append(f"{verdict}: {m.case}: {m.statement}  {cases()[m.case]['attrs']}")
    return counts, odd, equal


def _verdict(m: Mutant) -> str:
    """`refused` where both sides are defined at no point, as beside x/norm2(x - x)."""
    try:
        return judged(cases()[m.case], m.formula).verdict
    except DomainError:
        return "refused"


def main() -> None:
    started = perf_counter()
    every = list(mutants(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    counts, odd, equal = run(every)
    total = sum(counts.values())
    print(
        f"{len(every)} mutants, {equal} still equal and set aside, {total} judged in {perf_counter() - started:.0f} s"
    )
    print(f"{'':12}{'false':>8}{'conditional':>13}{'ambiguous':>11}{'refused':>9}{'true':>6}")
    for kind in KINDS:
        row = [counts[kind, verdict] for verdict in ("false", "conditional", "ambiguous", "refused", "true")]
        print(f"{kind:12}{row[0]:8}{row[1]:13}{row[2]:11}{row[3]:9}{row[4]:6}")
    print(*odd, sep="\n")


if __name__ == "__main__":
    main()
