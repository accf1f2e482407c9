"""Extreme points: the values of a case's variables, made large, small, mixed, dominated, nearly equal, singular."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.corpus.cases import KINDS, Case, Env

SCALES = (1e-300, 1e-160, 1e-100, 1e-20, 1e-8, 1e3, 1e5, 1e100, 1e160)
SATURATED = 800.0  #: exp of it overflows
SYMMETRIC = ("spd", "symmetric")
FREE = ("normal", "small", "positive")  #: kinds of samples whose values may be anything, or anything positive
SQUARE = {"spd": 1e12, "wellconditioned": 1e8, "posdefgeneral": 1e8}  #: kinds, and how ill-conditioned they are made


@dataclass(frozen=True)
class Point:
    """Where a case is evaluated: a name, sizes, and values."""

    name: str
    sizes: dict[str, int]
    env: Env


def points(case: Case) -> Iterator[Point]:
    """Every extreme point of a case; the same ones each time."""
    rng = np.random.default_rng(zlib.crc32(case["id"].encode()))
    sizes, base = drawn(case, rng)
    wrt, kinds = list(dict.fromkeys(case["wrt"])), case["sample"]
    yield Point("as drawn", sizes, base)
    scaled = [name for name in base if kinds[name] in (*FREE, "spd", "unit")]
    for what, names in {"all": scaled, **{x: [x] for x in wrt if x in scaled}}.items():
        for s in (*SCALES, SATURATED):
            if names and (what == "all" or scaled != [what]):
                yield Point(f"{what} × {s:g}", sizes, {**base, **{n: base[n] * s for n in names}})
    for name in wrt:
        for how, change in CHANGES.items():
            if kinds[name] in FREE and (how not in ARRAYS or base[name].size > 1):
                yield Point(f"{name} {how}", sizes, {**base, name: change(rng, base[name])})
    for name, other in _alike(base, wrt, kinds):
        near = base[other] * (1 + 1e-9 * rng.standard_normal(base[other].shape))
        yield Point(f"{name} near {other}", sizes, {**base, name: near})
    for name, kind in kinds.items():
        if kind in SQUARE:
            yield Point(f"{name} ill-conditioned", sizes, {**base, name: _ill(rng, base[name].shape, kind)})
        if kind == "spd":
            yield Point(f"{name} graded", sizes, {**base, name: _graded(rng, base[name])})


def drawn(case: Case, rng: np.random.Generator) -> tuple[dict[str, int], Env]:
    """Sizes of three and more, as with two much is zero by chance, and values."""
    names = sorted({d for dims in case["vars"].values() for d in dims if isinstance(d, str)})
    pool = np.arange(3, 4 + max(1, len(names)))
    sizes = dict(zip(names, map(int, rng.permutation(pool)), strict=False))
    ordered = case.get("dim_order", [])
    sizes.update(zip(ordered, sorted((sizes[n] for n in ordered), reverse=True), strict=True))
    env = {}
    for name, dims in case["vars"].items():
        shape = tuple(sizes[d] if isinstance(d, str) else d for d in dims)
        env[name] = np.asarray(KINDS[case["sample"][name]](rng, shape), dtype=float)
    return sizes, env


def _alike(base: Env, wrt: list[str], kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Variables of one shape, of which the first is differentiated by."""
    for name in wrt:
        for other in base:
            if other != name and base[other].shape == base[name].shape and kinds[name] == kinds[other] == "normal":
                yield name, other


def _mixed(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    return x * 10.0 ** rng.integers(-8, 9, x.shape)


def _dominated(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    y = x.copy()
    y.flat[0] = abs(y.flat[0]) + SATURATED
    return y


#: what is done to a variable that one differentiates by
CHANGES: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "zero": lambda rng, x: 0 * x,
    "mixed": _mixed,
    "dominated": _dominated,
    "near one": lambda rng, x: 1 + 1e-9 * x,
    "equal entries": lambda rng, x: np.full(x.shape, x.flat[0]) * (1 + 1e-9 * rng.standard_normal(x.shape)),
    "-800": lambda rng, x: np.full(x.shape, -SATURATED),
    "+40": lambda rng, x: np.full(x.shape, 40.0),
}
ARRAYS = ("dominated", "equal entries")


def _ill(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Singular values from 1 down to the inverse of the condition number; symmetric for spd."""
    n = shape[0]
    Q, R = (np.linalg.qr(rng.standard_normal(shape))[0] for _ in range(2))
    d = np.geomspace(1, 1 / SQUARE[kind], n) if n > 1 else np.ones(1)
    if kind == "spd":
        X = (Q * d) @ Q.T
        return (X + X.T) / 2
    if kind == "posdefgeneral":
        return (Q * d) @ Q.T + 0.3 * (R - R.T) * np.sqrt(d[-1])
    X = (Q * d) @ R
    X[0] *= np.sign(np.linalg.det(X))
    return X


def _graded(rng: np.random.Generator, X: np.ndarray) -> np.ndarray:
    """Variables in units that differ by 10⁶."""
    d = np.geomspace(1, 1e6, len(X))
    return X * np.outer(d, d)
