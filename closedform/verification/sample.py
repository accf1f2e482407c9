"""Where to evaluate: random sizes and values inside the domain of an expression.

A draw gives every variable a value with its declared properties.  Undeclared facts are guessed: the
`TEMPERAMENTS` are tried in turn until the expression has a finite value at every node and is far enough from
the edges of differentiability (`EDGES`).  Everything follows from one fixed seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from closedform.core.abstract import Abstract
from closedform.core.expr import Expr, symbols, topological
from closedform.core.shape import Shape
from closedform.errors import DomainError, TooLarge
from closedform.verification.interpreter import PINV_CUTOFF, Array, condition, evaluate, values

SEED = 20240229
CANDIDATES = 8  #: points drawn at once, in one batch
ATTEMPTS = 4  #: assignments of sizes tried for every one that is wanted
QUICK = 4  #: temperaments tried at further sizes, once one has worked
TAME = (1e6, np.inf)  #: values beyond the first bound are taken only when nothing else is found
WELL_CONDITIONED = 1e4
PINV_CONDITIONED = 1e-2  #: least ratio of the singular values of X that count in X⁺
LARGEST = 10**7  #: entries of one value
COMFORTABLE = 2 * 10**4  #: entries of one value, above which smaller sizes are drawn


@dataclass(frozen=True)
class Sample:
    """Some points at one assignment of sizes.

    Attributes:
        sizes: a number for every named dimension.
        env: values of shape (points, rows, columns) by name.
        points: how many there are.
        scale: for every point, the largest absolute value met while evaluating.
        by_entries: how a symmetric variable is moved: entry [i,j] with [j,i], or along the symmetric part.
        attempts: batches that were drawn until this one was inside the domain.
    """

    sizes: dict[str, int]
    env: dict[str, Array]
    points: int
    scale: Array
    by_entries: bool = False
    attempts: int = 1

    def first(self, points: int) -> Sample:
        """At most that many of the points."""
        cut = {name: value[:points] for name, value in self.env.items()}
        return replace(self, env=cut, points=min(points, self.points), scale=self.scale[:points])


# ----------------------------------------------------------------------------------------------------- values

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def _spd(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    M = rng.standard_normal(shape)
    return np.asarray(M @ M.swapaxes(-1, -2) / shape[-1] + 0.5 * np.eye(shape[-1]))


KINDS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "small": lambda rng, shape: 0.4 * rng.standard_normal(shape),
    "positive": lambda rng, shape: rng.uniform(0.4, 2, shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "near identity": lambda rng, shape: np.eye(shape[-1]) + 0.3 * rng.standard_normal(shape),
    "spd": _spd,
}

#: what square matrices are, what everything else is; tried in this order, then at random
TEMPERAMENTS = (
    ("normal", "normal"),
    ("small", "small"),
    ("near identity", "normal"),
    ("positive", "positive"),
    ("unit", "unit"),
    ("spd", "normal"),
    ("spd", "small"),
    ("spd", "positive"),
    ("near identity", "unit"),
    ("spd", "unit"),
    ("mixed", "mixed"),
    ("mixed", "mixed"),
    ("mixed", "mixed"),
)

#: a property of a variable, as the change that gives a value this property
PROPERTIES: dict[str, Callable[[np.random.Generator, Array], Array]] = {
    "positive": lambda rng, X: np.abs(X) + 0.1,
    "symmetric": lambda rng, X: (X + X.swapaxes(-1, -2)) / 2,
    "spd": lambda rng, X: _spd(rng, X.shape),
    "orthogonal": lambda rng, X: np.linalg.qr(rng.standard_normal(X.shape))[0],
    "triangular": lambda rng, X: np.tril(X, -1) + np.eye(X.shape[-1]) * (np.abs(X) + 0.5),
    "diagonal": lambda rng, X: X * np.eye(X.shape[-1]),
    "integer": lambda rng, X: np.broadcast_to(rng.integers(2, 5, X.shape[-2:]), X.shape).astype(float),
}


def _values(rng: np.random.Generator, variable: Expr, shape: tuple[int, ...], square: str, other: str) -> Array:
    is_square = shape[-1] == shape[-2] and variable.shape[0] is variable.shape[1] and not variable.is_scalar
    kind = square if is_square else other
    if kind == "mixed":
        kind = str(rng.choice([k for k in KINDS if is_square or k not in ("spd", "near identity")]))
    X = KINDS[kind](rng, shape)
    for name, imposed in PROPERTIES.items():
        if name in variable.data.properties:
            X = imposed(rng, X)
    return X


# ---------------------------------------------------------------------------------------------------- domains


def _everywhere(X: Array, ok: Array) -> Array:
    return np.asarray(ok.reshape(*X.shape[:-2], -1).all(-1))


def _regular(X: Array, *rest: Array) -> Array:
    return condition(X) < WELL_CONDITIONED


def _nonzero(X: Array) -> Array:
    return _everywhere(X, np.abs(X) > 1e-9)


def _inside_one(X: Array) -> Array:
    return _everywhere(X, np.abs(X) < 1 - 1e-9)


def _power(x: Array, p: Array) -> Array:
    x, p = np.broadcast_arrays(x, p)
    return _everywhere(x, (np.abs(x) > 1e-9) | ((p >= 1) & (p == np.round(p))))


def _positive_base(x: Array, p: Array) -> Array:
    return _everywhere(np.broadcast_arrays(x, p)[0], np.broadcast_arrays(x, p)[0] > 1e-9)


def _varies(exponent: Expr) -> bool:
    """Whether an exponent may take values that are not whole, if only by rounding: then the base has to be positive."""
    rounded = any(e.args and e.op.name not in WHOLE for e in topological([exponent]))
    return rounded or any("integer" not in s.data.properties for s in symbols(exponent))


WHOLE = frozenset({"add", "scale", "hadamard", "transpose"})  #: of whole numbers they are whole, without rounding


def _unique(X: Array) -> Array:
    flat = np.sort(X.reshape(*X.shape[:-2], -1), axis=-1)
    return np.asarray(flat[..., -1] > flat[..., -2] + 1e-9) if flat.shape[-1] > 1 else np.isfinite(flat[..., 0])


def _full_column_rank(X: Array) -> Array:
    """Elsewhere the nuclear norm has a kink, or its derivative another form."""
    if X.shape[-2] < X.shape[-1]:
        return np.zeros(X.shape[:-2], bool)
    return np.asarray(_singular_ratios(X)[..., -1] > 1 / WELL_CONDITIONED)


def _clear_rank(X: Array) -> Array:
    """A singular value near the bound of rank would make X⁺ jump, and small ones blow up its differences."""
    ratios = _singular_ratios(X)
    return np.asarray(((ratios > PINV_CONDITIONED) | (ratios < PINV_CUTOFF)).all(-1))


def _singular_ratios(X: Array) -> Array:
    """Singular values over the largest, decreasing; NaN where X is not finite, 0 where it is zero."""
    finite = np.asarray(np.isfinite(X).all((-2, -1), keepdims=True))
    values = np.linalg.svd(np.where(finite, X, 0), compute_uv=False)
    ratios = values / np.maximum(values[..., :1], np.finfo(float).tiny)
    return np.asarray(np.where(finite[..., 0], ratios, np.nan))


#: operations that have a value where they have no derivative, and where they are differentiable
EDGES: dict[str, Callable[..., Array]] = {
    "inv": _regular,
    "logdet": _regular,
    "det": _regular,
    "adj": _regular,
    "sqrtm": _regular,
    "logm": _regular,
    "sqrt": _nonzero,
    "arcsin": _inside_one,
    "arccos": _inside_one,
    "power": _power,
    "tan": lambda X: _everywhere(X, np.abs(np.cos(X)) > 1e-2),
    "normnuc": _full_column_rank,
    "pinv": _clear_rank,
    "norm2": lambda X: (np.abs(X) > 1e-9).any((-2, -1)),
    "max": _unique,
    "ismax": _unique,
}


@dataclass
class Domain:
    """Which points of a batch are inside the domain, and who says no to the others."""

    roots: Sequence[Expr]
    refused: Counter[str] = field(default_factory=Counter)

    def inside(
        self, env: dict[str, Array], sizes: dict[str, int], limit: float, points: int = CANDIDATES
    ) -> tuple[Array, Array]:
        """Indices of the points that are inside, and the largest value met at every point."""
        good, scale = np.ones(points, dtype=bool), np.zeros(points)
        for root in self.roots:
            found = values(root, env, sizes)
            for node, value in found.items():
                size = np.broadcast_to(np.abs(value).max((-2, -1)), (points,))
                fine = np.isfinite(size) if node.op.kind == "leaf" else size < limit
                edge = EDGES.get(node.op.name)
                if node.op.name == "power" and _varies(node.args[1]):
                    edge = _positive_base
                if edge is not None:
                    with np.errstate(all="ignore"):
                        fine = fine & edge(*[found[a] for a in node.args])
                if not fine.all():
                    self.refused[node.op.name] += int((good & ~fine).sum())
                    good = good & fine
                    if not good.any():
                        return np.flatnonzero(good), scale
                scale = np.maximum(scale, size)
        return np.flatnonzero(good), scale


# ------------------------------------------------------------------------------------------------------ sizes


def names_of_dims(roots: Sequence[Expr]) -> list[str]:
    """The named dimensions that occur, sorted."""
    found: set[str] = set()
    for e in topological(roots):
        if e.op.kind == "leaf":
            found.update(e.shape[0].names, e.shape[1].names, e.data.names if e.op.name == "dim" else ())
        elif isinstance(e.op, Abstract):
            found.update(n for d in e.shape for n in d.names)
    return sorted(found)


def assignments(names: Sequence[str], count: int, rng: np.random.Generator) -> Iterator[dict[str, int]]:
    """Distinct sizes from 2 to 6 at random; one in `count` has a dimension 1."""
    for k in range(count * ATTEMPTS):
        pool = rng.permutation(np.arange(2, max(7, 2 + len(names))))
        sizes = {name: int(pool[i]) for i, name in enumerate(names)}
        if names and k % count == count - 1:
            sizes[str(rng.choice(names))] = 1
        yield sizes


def samples(roots: Sequence[Expr], *, count: int = 6, points: int = 2, seed: int = SEED) -> list[Sample]:
    """Points inside the domain of all the roots, at `count` assignments of sizes or fewer.

    Raises:
        DomainError: no point was found.
        TooLarge: a declared size is too large to evaluate anything.
    """
    return list(draws(roots, count=count, points=points, seed=seed))


def draws(roots: Sequence[Expr], *, count: int = 6, points: int = 2, seed: int = SEED) -> Iterator[Sample]:
    """The same one by one, for who may stop early."""
    domain, names = Domain(roots), names_of_dims(roots)
    wanted, attempts = count if names else 2, 0
    for limit in TAME:
        rng = np.random.default_rng(seed)
        found = 0
        order = list(TEMPERAMENTS)
        for drawn in assignments(names, wanted, rng):
            sizes = _comfortable(roots, drawn)
            tried = order[:QUICK] if found else order[:]
            for temperament in tried:
                sample, attempts = _sample(domain, sizes, temperament, limit, rng), attempts + 1
                if sample is not None:
                    found += 1
                    yield replace(sample.first(points), attempts=attempts)
                    attempts = 0
                    order.remove(temperament)
                    order.insert(0, temperament)
                    break
            if found == wanted:
                break
        if found:
            return
    raise _nothing(domain.refused)


def sample_at(roots: Sequence[Expr], sizes: dict[str, int], *, points: int = 2, seed: int = SEED) -> Sample:
    """Points inside the domain of all the roots at these sizes.

    Raises:
        DomainError: no point was found.
        TooLarge: a value has too many entries.
    """
    if max(entries_of(e, sizes) for e in topological(roots)) * CANDIDATES > LARGEST:
        raise TooLarge("at these sizes a value is too large to check numerically", hint="give smaller sizes")
    domain = Domain(roots)
    for limit in TAME:
        rng = np.random.default_rng(seed)
        for temperament in TEMPERAMENTS:
            sample = _sample(domain, sizes, temperament, limit, rng)
            if sample is not None:
                return sample.first(points)
    raise _nothing(domain.refused)


def _sample(
    domain: Domain, sizes: dict[str, int], temperament: tuple[str, str], limit: float, rng: np.random.Generator
) -> Sample | None:
    """The points of one batch that are inside the domain; None when there are none."""
    variables = symbols(*domain.roots)
    env = {v.data.name: _values(rng, v, (CANDIDATES, *_numbers(v.shape, sizes)), *temperament) for v in variables}
    inside, scale = domain.inside(env, sizes, limit)
    if not inside.size:
        return None
    return Sample(sizes, {k: v[inside] for k, v in env.items()}, len(inside), scale[inside])


def _numbers(shape: Shape, sizes: dict[str, int]) -> tuple[int, int]:
    return shape[0].value(sizes), shape[1].value(sizes)


def _comfortable(roots: Sequence[Expr], sizes: dict[str, int]) -> dict[str, int]:
    """The sizes, made smaller one by one while some value would have very many entries.

    Raises:
        TooLarge: even with small sizes nothing can be evaluated.
    """
    sizes, order = dict(sizes), topological(roots)
    while True:
        largest = max(order, key=lambda e: entries_of(e, sizes))
        entries, biggest = entries_of(largest, sizes), max(sizes, key=lambda name: sizes[name], default="")
        if entries <= COMFORTABLE or not biggest or sizes[biggest] <= 2:
            break
        sizes[biggest] -= 1
    if entries * CANDIDATES > LARGEST:
        rows, columns = _numbers(largest.shape, sizes)
        raise TooLarge(f"a {rows}×{columns} value is too large to check numerically")
    return sizes


def entries_of(e: Expr, sizes: dict[str, int]) -> int:
    rows, columns = _numbers(e.shape, sizes)
    return rows * columns


def _nothing(refused: Counter[str]) -> DomainError:
    tried = ", ".join(dict.fromkeys(kind for pair in TEMPERAMENTS for kind in pair))
    worst = refused.most_common(1)
    who = f"; most often {worst[0][0]} was outside its domain or not differentiable" if worst else ""
    return DomainError(
        f"no point was found where the function is defined and differentiable (tried values: {tried}){who}",
        hint="declare a property of a variable, such as positive or spd, if it has one",
    )


def same_value(a: Expr, b: Expr, *, tolerance: float = 1e-9, count: int = 6, seed: int = SEED) -> bool:
    """Whether two expressions of one shape have equal values at random points where both are defined."""
    return a.shape == b.shape and difference(a, b, count=count, seed=seed) <= tolerance


def difference(a: Expr, b: Expr, *, count: int = 6, seed: int = SEED) -> float:
    """The largest difference of two expressions of one shape at random points, relative to their entries."""
    worst = 0.0
    for sample in samples([a, b], count=count, seed=seed):
        left, right = (evaluate(e, sample.env, sample.sizes) for e in (a, b))
        size = max(np.abs(left).max(), np.abs(right).max(), 1e-6 * sample.scale.max(), np.finfo(float).tiny)
        worst = max(worst, float(np.abs(left - right).max() / size))
    return worst
