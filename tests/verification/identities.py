"""Random functions of two real variables, rewritten with identities of which many are false: is a false one proved?

`python -m tests.verification.identities [count]` prints a table of what the exact test says against the values at random points.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from closedform.core.expr import OPS, Expr, node, number, symbol, topological
from closedform.core.shape import SCALAR
from closedform.verification.exact import Different, Outcome, same
from closedform.verification.interpreter import evaluate

X, Y = symbol("x", SCALAR), symbol("y", SCALAR)
FUNCTIONS = [
    "exp",
    "log",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "softplus",
    "relu",
    "abs",
    "sign",
    "arctan",
    "arcsin",
]
EXPONENTS = [2, -1, 3, Fraction(1, 2), Fraction(-1, 2), Fraction(1, 3), Fraction(3, 2)]


def f(name: str) -> Callable[[Expr], Expr]:
    return OPS[name]


def sqrt(e: Expr) -> Expr:
    return e ** number(Fraction(1, 2))


exp, log, sin, cos, sinh, cosh, tanh, sigmoid, softplus, relu, absolute, sign, arctan = map(
    f, ["exp", "log", "sin", "cos", "sinh", "cosh", "tanh", "sigmoid", "softplus", "relu", "abs", "sign", "arctan"]
)

#: what may be written instead, often wrongly
INSTEAD: dict[str, list[Callable[..., Expr]]] = {
    "exp": [lambda a: 1 / exp(-a), lambda a: exp(a / 2) ** 2, lambda a: cosh(a) + sinh(a)],
    "log": [lambda a: -log(1 / a), lambda a: log(a**2) / 2, lambda a: log(-a), lambda a: 2 * log(sqrt(a))],
    "sin": [lambda a: -sin(-a), lambda a: sqrt(1 - cos(a) ** 2), lambda a: 2 * sin(a / 2) * cos(a / 2)],
    "cos": [lambda a: cos(-a), lambda a: 1 - 2 * sin(a / 2) ** 2, cosh],
    "abs": [lambda a: sqrt(a**2), lambda a: a * sign(a), lambda a: a, lambda a: relu(a) + relu(-a)],
    "relu": [lambda a: (a + absolute(a)) / 2, lambda a: a, lambda a: sqrt(a**2)],
    "sign": [lambda a: absolute(a) / a, lambda a: a / sqrt(a**2), lambda a: number(1)],
    "tanh": [lambda a: 1 - 2 / (exp(2 * a) + 1), lambda a: -tanh(-a)],
    "sigmoid": [lambda a: 1 - sigmoid(-a), lambda a: (1 + tanh(a / 2)) / 2],
    "softplus": [lambda a: softplus(-a) + a, lambda a: log(1 + exp(a))],
    "arctan": [lambda a: -arctan(-a)],
    "power": [
        lambda a, p: 1 / a**-p, lambda a, p: (a**2) ** (p / 2), lambda a, p: exp(p * log(a)),
        lambda a, p: absolute(a) ** p, lambda a, p: -(a**p),
    ],
    "hadamard": [
        lambda a, b: exp(log(a) + log(b)), lambda a, b: sqrt(a**2 * b**2),
        lambda a, b: ((a + b) ** 2 - a**2 - b**2) / 2,
    ],
}  # fmt: skip


def grown(rng: random.Random, depth: int) -> Expr:
    kind = rng.random()
    if not depth or kind < 0.12:
        return rng.choice([X, Y, X, Y, number(1), number(2), number(-1)])
    if kind < 0.45:
        return f(rng.choice(FUNCTIONS))(grown(rng, depth - 1))
    if kind < 0.65:
        return grown(rng, depth - 1) + grown(rng, depth - 1)
    if kind < 0.82:
        return grown(rng, depth - 1) * grown(rng, depth - 1)
    return grown(rng, depth - 1) ** number(rng.choice(EXPONENTS))


def rewritten(rng: random.Random, e: Expr) -> Expr:
    made: dict[Expr, Expr] = {}
    for n in topological([e]):
        args = tuple(made[a] for a in n.args)
        made[n] = node(n.op, args) if args else n
        if n.op.name in INSTEAD and rng.random() < 0.6:
            made[n] = rng.choice(INSTEAD[n.op.name])(*args)
    return made[e]


@dataclass(frozen=True)
class Identity:
    """Two sides, what the exact test says, and what their values at random points say."""

    left: Expr
    right: Expr
    outcome: Outcome
    values: str


def identities(count: int, seed: int = 1) -> Iterator[Identity]:
    rng, points = random.Random(seed), np.random.default_rng(seed)
    env = {
        name: np.concatenate([points.uniform(-2, 2, 400), points.uniform(0.05, 1, 200)])[:, None, None] for name in "xy"
    }
    for _ in range(count):
        left = grown(rng, rng.choice([1, 2, 3]))
        right = rewritten(rng, left)
        yield Identity(left, right, same(left, right), compared(left, right, env))


def compared(left: Expr, right: Expr, env: dict[str, np.ndarray]) -> str:
    """`equal` or `different` where both are defined; `unclear` where that is hardly anywhere."""
    with np.errstate(all="ignore"):
        a, b = (evaluate(e, env, {}) + 0 * env["x"] for e in (left, right))
        usable = np.isfinite(a) & np.isfinite(b) & (np.maximum(np.abs(a), np.abs(b)) < 1e6)
        off = (np.abs(a - b) / np.maximum(1, np.abs(a)))[usable]
    if off.size < 5:
        return "unclear"
    return "equal" if off.max() < 1e-7 else "different" if (off > 1e-6).mean() > 0.01 else "unclear"


def says(outcome: Outcome) -> str:
    if isinstance(outcome, Different):
        return "proved different" if outcome.proved else "not settled"
    return "proved equal" if outcome.proved else "no exact test"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    found = Counter((says(i.outcome), i.values) for i in identities(count))
    kinds = ("equal", "different", "unclear")
    print(f"{'':<18}" + "".join(f"{kind:>12}" for kind in kinds))
    for verdict in ("proved equal", "proved different", "not settled", "no exact test"):
        print(f"{verdict:<18}" + "".join(f"{found[verdict, kind]:>12}" for kind in kinds))


if __name__ == "__main__":
    main()
