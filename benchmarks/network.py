"""All gradients of a deep tanh network: the time is to grow linearly with depth: `python -m benchmarks.network`."""

from __future__ import annotations

from typing import Any

from benchmarks.common import gradients, interleaved, milliseconds, show
from closedform.core.expr import symbol
from closedform.core.shape import ONE, dim
from closedform.ops.elementwise import tanh
from closedform.ops.reductions import norm2

LAYERS = (10, 25, 50, 100, 200)


def network(layers: int) -> tuple[Any, list[str]]:
    """‖h_L − y‖², h_i = tanh(W_i h_{i−1} + b_i), and the names of all its parameters."""
    n = dim("n")
    h, names = symbol("x", (n, ONE)), []
    for i in range(1, layers + 1):
        h = tanh(symbol(f"W{i}", (n, n)) @ h + symbol(f"b{i}", (n, ONE)))
        names += [f"W{i}", f"b{i}"]
    return norm2(h - symbol("y", (n, ONE))) ** 2, names


def main() -> None:
    arms: dict[str, Any] = {str(L): ((lambda L=L: network(L)), lambda problem: gradients(*problem)) for L in LAYERS}
    times = interleaved(arms, repetitions=7)
    first = times[str(LAYERS[0])] / LAYERS[0]
    rows = [
        (L, 2 * L, milliseconds(times[str(L)]), milliseconds(times[str(L)] / L), f"{times[str(L)] / L / first:.2f}")
        for L in LAYERS
    ]
    show("all gradients of a tanh network", ["layers", "gradients", "time", "per layer", "relative"], rows)


if __name__ == "__main__":
    main()
