"""Right answers of the corpus, each changed in one place: how many does the exact test reject?

`python -m tests.verification.mutations [count]` prints a table.  A change that has the same value numerically is none, and
is not counted.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import closedform as cf
from closedform.calculus.derivative import Stage
from closedform.calculus.structure import BY_ENTRIES
from closedform.core.expr import OPS, Expr, node, number, symbols, topological
from closedform.errors import ClosedFormError
from closedform.verification.exact import Certificate, Outcome, derivative_claim, prove
from closedform.verification.sample import difference
from tests.corpus.cases import cases
from tests.corpus.outcome import parsed
from tests.verification.identities import says

SEED = 1
VISIBLE = 1e-6  #: a relative difference of values
OTHER = {"exp": "sin", "sin": "cos", "cos": "sin", "tanh": "sigmoid", "sigmoid": "tanh", "relu": "abs", "abs": "relu"}
OTHER |= {"sign": "abs", "inv": "transpose", "tr": "sum", "sum": "norm1", "log": "exp", "norm2": "norm1", "det": "tr"}


def coefficient(rng: random.Random, e: Expr, root: Expr) -> Expr:
    return rng.choice([2, 3, -1]) * e


def term(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    """A term left out, or with the other sign."""
    if e.op.name != "add":
        return None
    terms = list(e.args)
    k = rng.randrange(len(terms))
    terms[k : k + 1] = [-terms[k]] if rng.random() < 0.5 or len(terms) == 1 else []
    return terms[0] if len(terms) == 1 else node(e.op, tuple(terms))


def turned(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    return e.T if e.shape[0] is e.shape[1] and not e.is_scalar else None


def order(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    """Factors in another order."""
    if e.op.name not in ("matmul", "kron"):
        return None
    factors = list(e.args)
    rng.shuffle(factors)
    return node(e.op, tuple(factors))


def factor(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    """A factor left out."""
    if e.op.name == "scale":
        return e.args[1]
    if e.op.name not in ("matmul", "hadamard") or len(e.args) < 2:
        return None
    factors = list(e.args)
    del factors[rng.randrange(len(factors))]
    return factors[0] if len(factors) == 1 else node(e.op, tuple(factors))


def variable(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    """Another variable of the same shape."""
    others = [s for s in symbols(root) if s.shape == e.shape and s is not e]
    return rng.choice(others) if others and e.op.name == "symbol" else None


def figure(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    """Another number: an exponent, a coefficient."""
    return number(e.data + rng.choice([1, -1, 2])) if e.op.name == "number" else None


def function(rng: random.Random, e: Expr, root: Expr) -> Expr | None:
    """Another function of the same operand."""
    return OPS[OTHER[e.op.name]](*e.args) if e.op.name in OTHER else None


MUTATIONS: tuple[Callable[[random.Random, Expr, Expr], Expr | None], ...] = (
    coefficient, term, turned, order, factor, variable, figure, function,
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A wrong answer, the change that made it, and what the exact test says."""

    case: str
    change: str
    wrong: Expr
    outcome: Outcome


@cache
def certified() -> list[tuple[str, Stage]]:
    """Every derivative of the corpus that has a certificate."""
    found = []
    for name, case in cases().items():
        try:
            D = cf.derivative(parsed(case, case["expr"]), *case["wrt"])
        except ClosedFormError:
            continue
        found += [(name, s) for s in D.stages if isinstance(tested(s, s.answer), Certificate)]
    return found


def tested(s: Stage, answer: Expr) -> Outcome:
    layout = "vec" if s.stacked else "gradient"
    return prove(derivative_claim(s.function, s.variable, answer, layout, by_entries=s.structure is BY_ENTRIES))


def mutants(count: int, seed: int = SEED) -> Iterator[Mutant]:
    """That many wrong answers; each kind of change is tried equally often."""
    rng = random.Random(seed)
    for k in range(count):
        change, wrong = MUTATIONS[k % len(MUTATIONS)], None
        while wrong is None:
            name, stage = rng.choice(certified())
            wrong = mutated(rng, stage.answer, change)
            if wrong is not None and not differs(stage.answer, wrong):
                wrong = None
        yield Mutant(name, change.__name__, wrong, tested(stage, wrong))


def mutated(
    rng: random.Random, answer: Expr, change: Callable[[random.Random, Expr, Expr], Expr | None]
) -> Expr | None:
    """The answer with one part changed; None when the change does not fit there."""
    part = rng.choice(topological([answer]))
    try:
        new = change(rng, part, answer)
        if new is None:
            return None
        made = {part: new}
        for n in topological([answer], made):
            made[n] = n if not n.args else node(n.op, tuple(made[a] for a in n.args))
    except ClosedFormError:
        return None
    return made[answer] if made[answer].shape == answer.shape else None


def differs(right: Expr, wrong: Expr) -> bool:
    try:
        return difference(right, wrong, count=2) > VISIBLE
    except ClosedFormError:
        return False


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    start = time.perf_counter()
    made, said, passed = Counter[str](), Counter[tuple[str, str]](), list[Mutant]()
    for m in mutants(count):
        made[m.change] += 1
        said.update([(m.change, says(m.outcome)), ("all", says(m.outcome))])
        if isinstance(m.outcome, Certificate):
            passed.append(m)
    print(f"{'change':<14}{'wrong answers':>14}{'proved wrong':>14}{'not settled':>13}{'no test':>9}{'certified':>11}")
    for change in [*sorted(made), "all"]:
        kinds = [said[change, kind] for kind in ("proved different", "not settled", "no exact test", "proved equal")]
        print(f"{change:<14}{sum(kinds):>14}{kinds[0]:>14}{kinds[1]:>13}{kinds[2]:>9}{kinds[3]:>11}")
    print(f"{time.perf_counter() - start:.0f} s")
    for m in passed:
        print(f"certified, though wrong: {m.case}: {m.wrong}")


if __name__ == "__main__":
    main()
