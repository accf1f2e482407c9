"""What an answer is compared with: one generator for each thing, of counts by name and of findings.

A kind that begins with `WRONG` is a finding; all others are counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import closedform as cf
from closedform.core.expr import SIDED, Expr, symbols, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE, Triangle
from closedform.emit.latex import latex
from closedform.emit.text import text
from closedform.errors import ClosedFormError, DomainError, TooLarge, VerificationError
from closedform.program.languages import RUNNING
from closedform.syntax.text import parse
from closedform.verification.interpreter import evaluate, values
from tests.fuzz.points import LARGEST, POINTS, Point, points
from tests.fuzz.questions import Question
from tests.fuzz.reference import Engine, jax_engine, slopes, torch_engine, value
from tests.strategies import squeezed

RELATIVE, ABSOLUTE = 1e-6, 1e-9  #: tolerance: relative to the derivative, and to the largest value on the way
GROSS = 100  #: times the tolerance is wrong even where other points agree
ROUNDING = 1e-13  #: a relative change of the variables that a value is to survive
WRONG = "wrong"


def named(error: ClosedFormError) -> str:
    """A refusal by its class and its message, without the names and numbers in it."""
    words = [w for w in error.message.split() if w.strip(".,:;").isalpha() and len(w) > 1]
    return f"{type(error).__name__}: {' '.join(words)}"[:100]


@dataclass(frozen=True)
class Effort:
    """Which of the slow comparisons are made."""

    jax: bool = True
    checked: bool = True
    told: bool = True


EVERYTHING = Effort()

# ------------------------------------------------------------------------------------------------------- trials


@dataclass
class Trial:
    """A question with its answer, and what is worked out once."""

    q: Question
    D: cf.Derivative
    effort: Effort

    def points(self) -> Iterator[Point]:
        """The points, each worked out when it is first looked at: most often one is enough."""
        for k in range(POINTS):
            if k == len(self._points):
                found = next(self._drawn, None)
                if found is None:
                    return
                self._points.append(found)
            yield self._points[k]

    @cached_property
    def _points(self) -> list[Point]:
        return []

    @cached_property
    def _drawn(self) -> Iterator[Point]:
        return points(self.q.f, self.q.wrt, self.q.sizes, self.q.point)

    def weights(self, p: Point) -> np.ndarray:
        return np.random.default_rng(self.q.point).uniform(0.5, 1.5, p.of_f.shape) * np.where(
            np.arange(p.of_f.size).reshape(p.of_f.shape) % 2, -1, 1
        )

    def reference(self, p: Point, engine: Engine) -> np.ndarray | None:
        """The library's derivative of ⟨weights, f⟩; None where its f is not ours, or it is not finite."""
        try:
            own = np.asarray(value(self.q.f, {k: engine.array(x) for k, x in p.env.items()}, p.sizes, engine))
            if not np.allclose(own, p.of_f, rtol=1e-7, atol=1e-9 * p.scale):
                return None
            found = slopes(self.q.f, self.q.wrt, self.weights(p), p.env, p.sizes, engine)
        except (np.linalg.LinAlgError, RuntimeError, NotImplementedError):  # of PyTorch: singular, not converged
            return None
        return found if np.isfinite(found).all() else None

    def contracted(self, answer: Any, p: Point) -> np.ndarray:
        """An answer with the axes of F and then of each variable, contracted with the weights."""
        sides = [p.env[x.data.name].size for x in self.q.wrt]
        flat = np.asarray(answer, dtype=float).reshape(p.of_f.size, -1)
        return (self.weights(p).ravel() @ flat).reshape(sides)


Found = Iterator[tuple[str, str]]


def by_engines(t: Trial) -> Found:
    """The code of every back-end, and the engines' derivatives."""
    runs = {}
    for backend in RUNNING if t.effort.jax else [b for b in RUNNING if b != "jax"]:
        try:
            runs[backend] = t.D.compile(backend)
        except ClosedFormError as error:
            yield f"no code ({backend}): {named(error)}", ""
    compared: set[str] = set()
    for engine in (torch_engine(), jax_engine()):
        if engine.name == "JAX" and compared and not t.effort.jax:
            continue
        differences: dict[str, list[float]] = {name: [] for name in runs}
        for p in t.points():
            expected = t.reference(p, engine)
            if expected is None:
                continue
            compared.add(engine.name)
            for name, run in runs.items():
                differences[name].append(_difference(t, p, run, expected))
            if all(d[-1] <= 1 for d in differences.values()):
                break
        for name, ds in differences.items():
            if ds and (min(ds) > 1 or max(ds) > GROSS):
                yield f"{WRONG}: {name} code is not {engine.name}'s derivative", f"{ds} times the tolerance"
        if any(differences.values()):
            yield engine.name, ""
    yield (
        ("compared" if compared else "not compared: " + ("no reference" if any(t.points()) else "no smooth point")),
        "",
    )


def _difference(t: Trial, p: Point, run: Callable[..., Any], expected: np.ndarray) -> float:
    """In units of the tolerance."""
    given = {s.data.name: squeezed(p.env[s.data.name], s.shape) for s in t.D.function.variables.values()}
    found = np.asarray(run(**given, **{n: p.sizes[n] for n in run.sizes}))  # type: ignore[attr-defined]
    axes = tuple(d.value(p.sizes) for e in (t.q.f, *t.q.wrt) for d in e.shape if d is not ONE)
    if found.shape != axes:
        return np.inf
    with np.errstate(all="ignore"):
        tolerance = RELATIVE * np.abs(expected).max(initial=0) + ABSOLUTE * p.scale
        off = np.abs(t.contracted(found, p) - expected).max(initial=0) / tolerance
    return float(off) if np.isfinite(off) else np.inf


def by_check(t: Trial) -> Found:
    """The numerical check and the exact test; the text is read back there."""
    if not t.effort.checked:
        return
    try:
        report = t.D.check()
    except VerificationError as error:
        yield f"{WRONG}: the check refuses it", str(error)
        return
    except ClosedFormError as error:
        yield f"not checked: {named(error)}", ""
        return
    assert report.certificate is not None
    yield ("proved" if report.certificate.proved else "numeric only"), ""


def by_normal_form(t: Trial) -> Found:
    """The normal form is its own, and has the value of the function."""
    once = normal(t.q.f)
    if normal(once) is not once:
        yield f"{WRONG}: normal form changes", f"{once} becomes {normal(once)}"
    if not same_value(t, once):
        yield f"{WRONG}: value of the normal form", f"{once}"


def by_text(t: Trial) -> Found:
    """The function as text is read back with its value."""
    written = text(t.q.f)
    try:
        back = parse(written, **_declared(t.q), syntax="text", infer=False).expr
    except DomainError as error:  # 1/0
        yield f"no text: {named(error)}", ""
        return
    if back.shape != t.q.f.shape or not same_value(t, back):
        yield f"{WRONG}: text of the function", written
    yield "text read back", ""


def by_latex(t: Trial) -> Found:
    """The LaTeX of the function, which is printed as the answer is, is read back with its value."""
    for e in (t.q.f, *([] if t.D.arrangement.axes else [t.D.shown])):
        if _has_triangular_sizes(e):
            yield "LaTeX not read: D(n), L(n)", ""
            continue
        try:
            written = latex(e)
            back = parse(written, **_declared(t.q), syntax="latex", infer=False).expr
        except (TooLarge, DomainError) as error:  # too long, or 1/0
            yield f"no LaTeX: {named(error)}", ""
            continue
        if back.shape != e.shape or not _agree(t, e, back):
            yield f"{WRONG}: LaTeX", written
        yield "LaTeX read back", ""


def _has_triangular_sizes(e: Expr) -> bool:
    """Whether D(n), L(n) or 1 of the length of vech is in it: their letters are variables when LaTeX is read."""
    nodes = topological([e])
    return any(n.op.name in SIDED for n in nodes) or any(
        isinstance(factor, Triangle) for n in nodes for d in n.shape for factor in d.factors
    )


def by_telling(t: Trial) -> Found:
    """JSON, and a derivation whose every line is verified."""
    if not t.effort.told:
        return
    try:
        json.dumps(t.D.as_dict(), allow_nan=False)
        yield "JSON", ""
        assert t.D.steps() is not None
        yield "steps verified", ""
    except VerificationError as error:
        yield f"{WRONG}: derivation", str(error)
    except ClosedFormError as error:
        yield f"not told: {named(error)}", ""


COMPARISONS = (by_engines, by_check, by_normal_form, by_text, by_latex, by_telling)


def _declared(q: Question) -> dict[str, Any]:
    variables = q.function.variables.values()
    nodes = [*topological([q.f]), *q.wrt]
    names = {n for e in nodes for d in (*e.shape, *([e.data] if e.op.name == "dim" else [])) for n in d.names}
    return {
        "shapes": {s.data.name: s.shape for s in variables},
        "properties": {s.data.name: sorted(s.data.properties) for s in variables},
        "dims": sorted(names),
    }


def same_value(t: Trial, e: Expr) -> bool:
    return _agree(t, t.q.f, e)


def _agree(t: Trial, before: Expr, after: Expr) -> bool:
    """Whether two expressions have one value at the points: at one of them, and nowhere grossly another."""
    differences = []
    for p in t.points():
        missing = {s.data.name for s in symbols(before, after)} - p.env.keys()
        if missing:
            return False
        known = values(before, p.env, p.sizes)
        scale = max([p.scale, *(float(np.abs(v).max()) for v in known.values())])
        wanted, found = known[before], evaluate(after, p.env, p.sizes)
        if not np.isfinite(wanted).all() or scale > LARGEST**2:
            continue
        tolerance = RELATIVE * np.abs(wanted).max() + ABSOLUTE * scale
        rng = np.random.default_rng(t.q.point)
        near = {name: x * (1 + ROUNDING * rng.uniform(-1, 1, x.shape)) for name, x in p.env.items()}
        moved = evaluate(before, near, p.sizes)
        with np.errstate(all="ignore"):
            off = np.abs(found - wanted).max() / tolerance
            if not np.abs(moved - wanted).max() <= tolerance:  # as log det of a rounding error of 0
                continue
        differences.append(float(off) if np.isfinite(off) else np.inf)
        if differences[-1] <= 1:
            break
    return not differences or (min(differences) <= 1 and max(differences) <= GROSS)
