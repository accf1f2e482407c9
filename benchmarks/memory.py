"""Peak memory of evaluating the derivative of a matrix by a matrix: `python -m benchmarks.memory [n]`.

The array itself has n⁴ numbers; an evaluation needs that, and should need little more.
"""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np

import closedform as cf
from benchmarks.common import show

PROBLEMS = {
    "A*X*B by X": ("A*X*B", {"A": ("n", "n"), "X": ("n", "n"), "B": ("n", "n")}, ("X",)),
    "inv(X) by X": ("inv(X)", {"X": ("n", "n")}, ("X",)),
    "norm2(A*X*B)^2 by X, X": ("norm2(A*X*B)^2", {"A": ("n", "n"), "X": ("n", "n"), "B": ("n", "n")}, ("X", "X")),
}


def peak(work: object) -> float:
    """Megabytes that a call allocates at its highest, NumPy's arrays included."""
    tracemalloc.start()
    work()  # type: ignore[operator]
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest / 1e6


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    rng = np.random.default_rng(0)
    rows = []
    for name, (text, shapes, wrt) in PROBLEMS.items():
        f = cf.parse(text, shapes=shapes)
        D = cf.derivative(f, *wrt)
        values = {k: rng.standard_normal((n, n)) + n * np.eye(n) for k in shapes}
        run, product = D.compile(), cf.jvp(f, "X").compile() if len(wrt) == 1 else cf.hvp(f, "X").compile()
        size = D.entries(n=n) * 8 / 1e6
        whole = peak(lambda run=run, values=values: run(**values))
        along = peak(lambda run=product, values=values: run(**values, V=values["X"]))
        rows.append((name, f"{size:.1f} MB", f"{whole:.1f} MB", f"{whole / size:.2f}", f"{along:.2f} MB"))
    show(f"peak memory, n = {n}", ["derivative", "the array", "peak", "ratio", "product with V"], rows)


if __name__ == "__main__":
    main()
