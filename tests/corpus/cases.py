"""The corpus as data: its rows, what is in scope, and how a row's values are drawn."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent.parent / "data"
Case = dict[str, Any]
Env = dict[str, np.ndarray]


@cache
def cases() -> dict[str, Case]:
    """Every differentiation case by its id."""
    return {row["id"]: row for row in _rows("cases.jsonl")}


@cache
def peers() -> dict[str, Case]:
    """Every derivative that a test of a peer takes, by its id; `unsupported` says why the text syntax has no such thing."""
    return {row["id"]: row for row in _rows("peers.jsonl")}


def stated_peers() -> dict[str, Case]:
    """The peers' derivatives that the text syntax can state."""
    return {name: row for name, row in peers().items() if "unsupported" not in row}


def _rows(file: str) -> list[Case]:
    return [json.loads(line) for line in (DATA / file).read_text(encoding="utf-8").splitlines()]


def bad_rows() -> list[Case]:
    """Every request to refuse, with its full text as `expr`."""
    rows = _rows("bad.jsonl")
    for row in rows:
        if "repeat" in row:
            before, unit, count, after = row["repeat"]
            row["expr"] = before + unit * count + after
    return rows


def in_scope(case: Case) -> bool:
    """Every case, but those inside a structured set (`structured`), which have a test of their own."""
    return not case.get("structured")


# ---------------------------------------------------------------------------------------------------- drawing


def draw(case: Case, rng: np.random.Generator) -> tuple[dict[str, int], Env]:
    """Sizes and values for a row; scalars are 0-D, vectors 1-D."""
    sizes = _sizes(case, rng)
    env = {}
    for name, dims in case["vars"].items():
        env[name] = KINDS[case["sample"][name]](rng, tuple(sizes[d] if isinstance(d, str) else d for d in dims))
    return sizes, {name: np.asarray(value, dtype=float) for name, value in env.items()}


def _sizes(case: Case, rng: np.random.Generator) -> dict[str, int]:
    names = sorted({d for dims in case["vars"].values() for d in dims if isinstance(d, str)})
    pool = np.arange(2, case.get("max_dim", 6) + 1)
    if len(names) > len(pool):
        pool = np.arange(2, 2 + len(names))
    chosen = dict(zip(names, map(int, rng.permutation(pool)), strict=False))
    ordered = case.get("dim_order", [])
    chosen.update(zip(ordered, sorted((chosen[n] for n in ordered), reverse=True), strict=True))
    return chosen


def _spd(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    M = rng.standard_normal(shape)
    return M @ M.T / shape[0] + 0.5 * np.eye(shape[0])


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal(shape))[0]


def _wellconditioned(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    n = shape[0]
    X = _orthogonal(rng, shape) @ np.diag(rng.uniform(0.7, 2, n)) @ _orthogonal(rng, shape)
    X[0] *= np.sign(np.linalg.det(X))
    return X


def _posdefgeneral(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    M = rng.standard_normal(shape)
    return _spd(rng, shape) + 0.3 * (M - M.T)


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = rng.uniform(0.2, 1, shape)
    return x / x.sum(-1, keepdims=True)


def _toeplitz(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(2 * shape[0])[PARAMETERS["toeplitz"](shape[0])]


def _sqdist(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    points = rng.standard_normal((shape[0], 3))
    return ((points[:, None] - points[None]) ** 2).sum(-1)


def _symmetric(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    X = rng.standard_normal(shape)
    return (X + X.T) / 2


KINDS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "small": lambda rng, shape: 0.4 * rng.standard_normal(shape),
    "positive": lambda rng, shape: rng.uniform(0.4, 2, shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "big": lambda rng, shape: rng.uniform(7, 9, shape),
    "integer": lambda rng, shape: rng.integers(2, 5, shape),
    "pm1": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
    "diagonal": lambda rng, shape: np.diag(rng.standard_normal(shape[0])),
    "spd": _spd,
    "symmetric": _symmetric,
    "orthogonal": _orthogonal,
    "wellconditioned": _wellconditioned,
    "posdefgeneral": _posdefgeneral,
    "simplex": _simplex,
    "toeplitz": _toeplitz,
    "sqdist": _sqdist,
}

#: for a structured set, which free parameter each entry is; −1 for none
PARAMETERS = {
    "symmetric": lambda n: np.fromfunction(lambda i, j: np.maximum(i, j) * n + np.minimum(i, j), (n, n), dtype=int),
    "diagonal": lambda n: np.where(np.eye(n, dtype=bool), np.arange(n)[:, None], -1),
    "toeplitz": lambda n: np.subtract.outer(np.arange(n), np.arange(n)) % (2 * n),
}
