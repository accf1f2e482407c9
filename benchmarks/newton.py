"""A Newton step of a masked factorisation: the compressed Hessian against the dense one.

python -m benchmarks.newton
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

import closedform as cf

LOSS = cf.parse(
    "sum((M .* (T - U*V')).^2) + a*norm2(U)^2",
    shapes={"M": ("m", "n"), "T": ("m", "n"), "U": ("m", "k"), "V": ("n", "k"), "a": ()},
)
SIZES = [(100, 80, 5), (400, 300, 10), (1000, 800, 10), (10_000, 1000, 10)]
DENSEST = 5_000  #: unknowns up to which the dense Hessian is formed


def values(m: int, n: int, k: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    mask = (rng.random((m, n)) < 0.1).astype(float)
    return {
        "M": mask,
        "T": rng.normal(size=(m, n)),
        "U": rng.normal(size=(m, k)),
        "V": rng.normal(size=(n, k)),
        "a": 0.1,
    }


def timed(run: Any, *args: Any, **named: Any) -> tuple[float, Any]:
    start = perf_counter()
    found = run(*args, **named)
    return perf_counter() - start, found


def main() -> None:
    gradient, hessian = cf.gradient(LOSS, "U"), cf.hessian(LOSS, "U")
    slope, whole, small = gradient.compile(), hessian.compile(), hessian.compile(compressed=True)
    for m, n, k in SIZES:
        env = values(m, n, k)
        g = slope(**env)
        formed, H = timed(small, **env)
        solved, step = timed(H.solve, g)
        left = np.linalg.norm(slope(**{**env, "U": env["U"] - step})) / np.linalg.norm(g)
        print(f"{m}×{n}, k = {k}: compressed {H.nbytes:>13,} bytes, formed {formed:6.3f} s, solved {solved:6.3f} s; "
              f"gradient after the step {left:.0e} of that before")  # fmt: skip
        if m * k <= DENSEST:
            formed, J = timed(whole, **env)
            solved, dense = timed(np.linalg.solve, J.reshape(m * k, m * k), g.ravel())
            difference = np.abs(dense.reshape(step.shape) - step).max()
            print(f"{'':{len(f'{m}×{n}, k = {k}')}}  dense      {J.nbytes:>13,} bytes, formed {formed:6.3f} s, "
                  f"solved {solved:6.3f} s; difference {difference:.0e}")  # fmt: skip


if __name__ == "__main__":
    main()
