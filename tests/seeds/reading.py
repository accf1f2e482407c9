"""How the records of `items` are read and evaluated, by no part of closedform that differentiates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import closedform as cf
from closedform.calculus.structure import replace
from closedform.core.expr import Expr, symbols
from closedform.core.function import Function
from closedform.syntax.declare import declarations
from closedform.verification.sample import PROPERTIES as DRAWN
from tests.seeds.items import Diff, Differential, Numeric, seed

PROPERTIES = frozenset(DRAWN)
SIZES = {"m": 4, "n": 2, "p": 3, "q": 5, "r": 6, "s": 7}


def read(formula: str, let: str = "") -> Function:
    """A formula with the declarations of the command line."""
    shapes, properties, functions = declarations([let] if let else [])
    return cf.parse(formula, shapes, properties, functions, infer=True)


def expression(formula: str, let: str = "") -> Expr:
    return read(formula, let).expr


def derivative(case: Diff) -> cf.Derivative:
    return cf.derivative(read(case.function, case.let), *case.wrt.split()).in_layout(seed(case.item))


def differential(case: Differential) -> cf.Formula:
    return cf.differential(read(case.function, case.let), *case.wrt.split())


def beside(formula: str, answer: cf.Formula) -> Expr:
    """A formula of a note, in the variables of an answer; dX is its differential."""
    found = {s.data.name: s for s in symbols(answer.expr, answer.function.expr)}
    properties = {name: sorted(s.data.properties & PROPERTIES) for name, s in found.items()}
    dims = {n for s in found.values() for d in s.shape for n in d.names}
    f = cf.parse(formula, {k: s.shape for k, s in found.items()}, properties, dims=sorted(dims), infer=True)
    e = f.expr
    for name, s in found.items():
        e = replace(e, f.variables[name], s)
    return e


def numbers(f: Function, rng: np.random.Generator) -> dict[str, Any]:
    """Random values: floats, 1-D arrays, 2-D arrays; square ones are regular, symmetric ones symmetric."""
    found: dict[str, Any] = {}
    for name, x in f.variables.items():
        rows, columns = (d.value(SIZES) for d in x.shape)
        X = rng.standard_normal((rows, columns))
        if rows == columns:
            X += 2 * np.eye(rows)
        if "symmetric" in x.data.properties:
            X = (X + X.T) / 2
        found[name] = float(X[0, 0]) if x.is_scalar else X[:, 0] if str(x.shape[1]) == "1" else X
    return found


def columns(given: dict[str, Any]) -> dict[str, np.ndarray]:
    """The same as matrices, as the interpreter takes them."""
    return {k: np.reshape(v, (-1, 1)) if np.ndim(v) < 2 else v for k, v in given.items()}


def central(f: Numeric, given: dict[str, Any], wrt: Sequence[str], step: float) -> np.ndarray:
    """(f(x + h) − f(x − h)) / 2h for every entry of the variables, axes of f first; twice for two variables."""
    *before, last = wrt
    if before:
        first = lambda **now: central(f, now, before, step)
        return central(first, given, [last], step)
    x = np.asarray(given[last], float)
    partials = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = step
        ahead, behind = (f(**{**given, last: x + s * e.reshape(x.shape)}) for s in (1, -1))
        partials.append((np.asarray(ahead) - np.asarray(behind)) / (2 * step))
    stacked = np.stack(partials, axis=-1)
    return stacked.reshape(*stacked.shape[:-1], *x.shape)


def arranged(layout: str, J: np.ndarray, output: int, variable: int) -> np.ndarray:
    """The array of partials (axes of the function first) as the note with this layout prints it.

    One table, from the notes themselves: by the number of axes of the function and of the variable.
    """
    row, column, turned, same = lambda J: J.reshape(1, -1), lambda J: J.reshape(-1, 1), lambda J: J.T, lambda J: J
    axes = range(output)
    first, last = same, lambda J: np.moveaxis(J, axes, range(variable, variable + output))
    stacked = lambda J: J.reshape(np.prod(J.shape[:output], dtype=int), -1, order="F").T
    by = {
        "seed-000": {(0, 1): row, (0, 2): same, (1, 1): same},
        "seed-001": {(0, 1): column, (0, 2): same, (1, 0): row, (1, 1): same},
        "seed-002": {(0, 1): column, (0, 2): same, (1, 1): turned},
        "seed-003": {(0, 1): row, (0, 2): same, (1, 1): same},
        "seed-004": {(0, 1): column, (0, 2): same, (1, 1): turned},
    }
    otherwise = {"seed-000": first, "seed-002": last, "seed-004": stacked}
    return np.asarray(by[layout].get((output, variable), otherwise.get(layout, same))(J))
