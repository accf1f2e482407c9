"""Compute every reference once: `python -m tests.corpus.make_references [cases] [peers]` writes tests/data/*.npz.

A file has one flat array of floats and an index (JSON): for every case and point the sizes, and where each
value begins and which shape it has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tests.corpus.cases import DATA, Case, Env, cases, stated_peers

Point = tuple[dict[str, int], Env, np.ndarray, np.ndarray]
Points = dict[str, list[Point]]
CORPORA: dict[str, tuple[str, Callable[[], dict[str, Case]]]] = {
    "cases": ("references.npz", cases),
    "peers": ("peers.npz", stated_peers),
}


def main() -> None:
    for name in sys.argv[1:] or CORPORA:
        file, rows = CORPORA[name]
        write(file, rows())


def write(file: str, rows: dict[str, Case]) -> None:
    """Sizes, values and JAX's derivative of every row, at a few points."""
    import jax

    from tests.corpus.reference import points

    flat: list[np.ndarray] = []
    index: dict[str, list[dict[str, Any]]] = {}
    used = 0

    def store(value: np.ndarray) -> list[Any]:
        nonlocal used
        flat.append(value.ravel())
        used += value.size
        return [used - value.size, list(value.shape)]

    for k, (name, case) in enumerate(rows.items()):
        if k % 40 == 0:
            jax.clear_caches()  # compiled code of every size met so far: gigabytes
        index[name] = [
            {"sizes": sizes, "env": {k: store(v) for k, v in env.items()}, "value": store(value), "slope": store(slope)}
            for sizes, env, value, slope in points(case)
        ]
    text = np.frombuffer(json.dumps(index).encode(), dtype=np.uint8)
    np.savez_compressed(DATA / file, values=np.concatenate(flat), index=text)
    print(f"{len(index)} cases, {used} numbers, {(DATA / file).stat().st_size / 1e6:.2f} MB")


def references() -> Points:
    """The stored points of every case: sizes, values, F, derivative."""
    return read("references.npz")


def peer_references() -> Points:
    """The same of every derivative of a peer."""
    return read("peers.npz")


@cache
def read(file: str) -> Points:
    with np.load(DATA / file) as stored:
        values, index = stored["values"], json.loads(stored["index"].tobytes())

    def load(where: list[Any]) -> np.ndarray:
        start, shape = where
        return values[start : start + int(np.prod(shape))].reshape(shape)

    def point(p: dict[str, Any]) -> Point:
        return p["sizes"], {k: load(v) for k, v in p["env"].items()}, load(p["value"]), load(p["slope"])

    return {name: list(map(point, points)) for name, points in index.items()}


if __name__ == "__main__":
    main()
