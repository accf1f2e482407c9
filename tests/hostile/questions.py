"""Questions and their whole answers, for the claims that an answer does not depend on how or when it is asked.

`python -m tests.hostile.questions --order 3` answers the fixed questions in the third order, as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator

import closedform as cf
from closedform.errors import ClosedFormError
from closedform.practice.bank import PATTERNS
from closedform.practice.exercise import exercises
from closedform.syntax.declare import declarations

STATEMENTS = (
    "d(x'*A*x)/dx = 2*A*x", "d(tr(A*X))/dX = A'", "d(tr(A*X))/dX = A", "A*B = B*A", "inv(A+B) = inv(A)+inv(B)",
    "d(logdet(X))/dX = inv(X)'", "d(inv(X)) = -inv(X)*dX*inv(X)", "K(m,n)' = K(m,n)", "vec(A*X*B) = kron(A,B)*vec(X)",
    "tr(A*B) = tr(B*A)", "d2(x'*A*x)/dx dx = A + A'", "A*X*B*X'*C = inv(A)*X+B*X*C'",
)  # fmt: skip
REFUSED = ("x+", "A*x*B", "foo(x)", "x'*A*x*(", "1/0*x", r"\frac{x}{", "X^(10^9)", "x\u202e")
LATEX = (r"\lVert X w - y \rVert^2", r"\operatorname{tr}(A X B)", r"\frac{1}{2} x^{\top} A x")
FORMULAS = tuple(dict.fromkeys((p.function, p.wrt, p.let) for p in PATTERNS))[:36]


def _derivative(function: str, wrt: str, let: str) -> str:
    f = cf.parse(function, *declarations([let] if let else []), infer=True)
    D = cf.derivative(f, *wrt.split())
    return json.dumps([D.as_dict("ko", "full"), [(r.name, r.formula, list(r.shape)) for r in D.layouts()]])


def answer(kind: str, *asked: str) -> str:
    """The whole answer to a question, or its refusal."""
    try:
        if kind == "check":
            return json.dumps(cf.check(*asked).as_dict("zh"))
        return _derivative(*asked)
    except ClosedFormError as error:
        return f"{type(error).__name__}: {error}"


def fixed() -> list[tuple[str, ...]]:
    """The questions of the tests."""
    return [
        *(("derivative", *row) for row in FORMULAS),
        *(("check", s) for s in STATEMENTS),
        *(("derivative", f, "x", "") for f in REFUSED),
        *(("derivative", f, "X" if "X" in f else "x", "") for f in LATEX),
        ("derivative", LATEX[0], "w", ""),
    ]


def drawn(count: int) -> Iterator[tuple[str, ...]]:
    """Questions with other letters each time: exercises, and a statement after every tenth."""
    posed = exercises(seed=1)
    for number in range(count):
        e = next(posed)
        yield ("check", STATEMENTS[number // 10 % len(STATEMENTS)]) if number % 10 == 9 else (
            "derivative", e.function, e.wrt, e.let,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--order", type=int, default=0)
    asked = fixed()
    random.Random(parser.parse_args().order).shuffle(asked)
    found = {json.dumps(q): answer(*q) for q in asked}
    json.dump(found, sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
