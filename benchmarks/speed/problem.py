"""What a problem is: one function, stated as text, as array code for autodiff, and by hand.

A problem never says how it is measured; `arms.py` has one line for every way to evaluate its derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any
Size = tuple[int, ...]

PROBLEMS: dict[str, Problem] = {}
GROUPS = {
    "aim": "The problems of the aim",
    "untuned": "Problems that nobody tuned for",
    "further": "Problems written to find faults",
}


@dataclass(frozen=True)
class Arm:
    """A derivative by hand: a function of the inputs, by name.

    Attributes:
        run: the function; that of `nb` takes nothing and makes it; that of `jax_x` and `tg` takes its library first.
        expand: from what it returns to the whole derivative, where it leaves out zeros or repeats nothing.
    """

    run: Callable[..., Any]
    expand: Callable[..., Array] = lambda result, **inputs: result


@dataclass(frozen=True)
class Problem:
    """One derivative at several sizes.

    Attributes:
        name: for the command line.
        what: for the table.
        text: the function, in the text syntax.
        shapes: of its variables, as `closedform.parse` takes them.
        properties: of its variables.
        question: gradient, hessian, jacobian, hvp or newton.
        by: the variables it is differentiated by; several only for a gradient.
        sizes: from small to large.
        make: inputs by name, from a random generator and a size.
        f: the same function as (xp, nn, **inputs), where xp is jax.numpy or torch and nn has what these spell
            differently.
        arms: by hand; `np` is the reference, the best closed form in NumPy and SciPy that we know.
        tolerance: of the agreement with `np`, relative to the largest entry.
        factors: JAX over hand-written, as measured on another machine before there was a compiler, by size.
        group: why it is there, one of `GROUPS`.
    """

    name: str
    what: str
    text: str
    shapes: Mapping[str, Sequence[str]]
    question: str
    by: tuple[str, ...]
    sizes: Sequence[Size]
    make: Callable[..., dict[str, Any]]
    f: Callable[..., Any]
    arms: Mapping[str, Arm]
    properties: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tolerance: float = 1e-8
    factors: Mapping[Size, float] = field(default_factory=dict)
    group: str = "aim"

    def inputs(self, size: Size) -> dict[str, Any]:
        """The same arrays for every arm, in every process."""
        return self.make(np.random.default_rng(1), *size)


def add(name: str, **facts: Any) -> None:
    """A problem of the collection; a bare function in `arms` returns the whole derivative."""
    arms = {arm: f if isinstance(f, Arm) else Arm(f) for arm, f in facts.pop("arms").items()}
    facts["by"] = tuple(facts["by"].split())
    facts["shapes"] = {x: tuple(dims.split()) for x, dims in facts["shapes"].items()}
    PROBLEMS[name] = Problem(name, arms=arms, **facts)
