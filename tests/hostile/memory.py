"""Memory after many different questions: `python -m tests.hostile.memory --count 5000`.

Prints the peak and the sizes of the tables of expressions and sizes after every tenth of the questions.
"""

from __future__ import annotations

import argparse
import gc
import resource

import closedform as cf
from closedform.core import expr, shape


def question(number: int) -> str:
    """A function that no other number has: its names and numbers are its own."""
    a, b = f"a{number}", f"W{number}"
    return (f"x'*{b}*x + {number}*{a}", f"sum(exp({number}*{b}*x))", f"logdet({b}) + tr({b}*{b})*{number}")[number % 3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    count = parser.parse_args().count
    for number in range(count):
        f = cf.parse(question(number))
        D = cf.derivative(f, "x" if "x" in f.variables else f"W{number}")
        assert D.check() and D.text and D.latex() and D.code()
        if (number + 1) % (count // 10) == 0:
            gc.collect()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{number + 1:>6} questions: peak {peak:.0f} MB, {len(expr._TABLE)} expressions, {len(shape._TABLE)} sizes"
            )


if __name__ == "__main__":
    main()
