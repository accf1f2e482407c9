"""The ways to evaluate a derivative, one line each: the engine whose process runs it, and how the call is made.

A maker gets the problem and the inputs as NumPy arrays.  It returns a call without arguments, and how its result
becomes one NumPy array, which has to agree with that of `np`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.speed import libraries
from benchmarks.speed.problem import Problem
from benchmarks.speed.questions import QUESTIONS, by_autodiff, compiled, derived

Inputs = dict[str, Any]
Made = tuple[Callable[[], Any], Callable[[Any], np.ndarray]]


def used(p: Problem, inputs: Inputs, run: Any = None) -> Inputs:
    """The inputs that the function has; others, such as a direction, belong to the question."""
    names = getattr(run, "names", None) or [*p.shapes, *(["v"] if p.question == "hvp" else [])]
    return {name: inputs[name] for name in inputs if name in names}


def by_closedform(p: Problem, inputs: Inputs, **how: Any) -> Made:
    if p.question == "newton" and not how:
        return by_solving(p, inputs)
    run, finish = compiled(derived(p), **how), QUESTIONS[p.question].finish
    given = used(p, inputs)
    if finish is None:
        return partial(run, **given), libraries.flat
    return lambda: finish(np, *run(**given)), libraries.flat


def by_solving(p: Problem, inputs: Inputs) -> Made:
    """A Newton step by a compressed Hessian, which solves; as the documents of costs tell a user to."""
    gradient, hessian = derived(p)
    g, H = gradient.compile(), hessian.compile(compressed=True)
    of_g, of_H = used(p, inputs, g), used(p, inputs, H)
    return lambda: H(**of_H).solve(g(**of_g)), libraries.flat


def by_closedform_jax(p: Problem, inputs: Inputs) -> Made:
    jax, finish = libraries.jax(), QUESTIONS[p.question].finish
    run = compiled(derived(p), backend="jax")
    if finish is not None:
        parts = run
        run = lambda **given: finish(jax.numpy, *parts(**given))
    return jitted(run, libraries.jax_arrays(used(p, inputs))), libraries.flat


def by_closedform_torch(p: Problem, inputs: Inputs) -> Made:
    torch, finish = libraries.torch(), QUESTIONS[p.question].finish
    run, given = compiled(derived(p), backend="torch"), libraries.torch_arrays(used(p, inputs))
    if finish is None:
        return partial(run, **given), libraries.flat
    return lambda: finish(torch, *run(**given)), libraries.flat


def by_hand(name: str, p: Problem, inputs: Inputs) -> Made:
    arm = p.arms[name]
    run = arm.run() if name == "nb" else arm.run
    return partial(run, **inputs), lambda result: libraries.flat(arm.expand(result, **inputs))


def jitted(run: Callable[..., Any], given: Inputs) -> Callable[[], Any]:
    jax = libraries.jax()
    fast = jax.jit(run)
    return lambda: jax.block_until_ready(fast(**given))


def by_jax(p: Problem, inputs: Inputs) -> Made:
    jax = libraries.jax()
    return jitted(by_autodiff(p, jax, jax.numpy, libraries.jax_nn()), libraries.jax_arrays(inputs)), libraries.flat


def by_jax_expert(p: Problem, inputs: Inputs) -> Made:
    jax, arm = libraries.jax(), p.arms["jax_x"]
    run = jitted(partial(arm.run, jax, jax.numpy), libraries.jax_arrays(inputs))
    return run, lambda result: libraries.flat(arm.expand(result, **inputs))


def by_torch(p: Problem, inputs: Inputs) -> Made:
    torch = libraries.torch()
    run = by_autodiff(p, torch.func, torch, libraries.torch_nn())
    return partial(run, **libraries.torch_arrays(inputs)), libraries.flat


def by_tensorgrad(p: Problem, inputs: Inputs) -> Made:
    arm = p.arms["tg"]
    return arm.run(**inputs), lambda result: libraries.flat(arm.expand(result, **inputs))


@dataclass(frozen=True)
class Way:
    """A way to evaluate a derivative.

    Attributes:
        engine: the process that runs it; libraries keep threads and memory, so each has its own.
        make: see above.
        doc: for the docs.
        given: whether every problem has it; otherwise those that state it.
    """

    engine: str
    make: Callable[[Problem, Inputs], Made]
    doc: str
    given: bool = True

    def has(self, name: str, p: Problem) -> bool:
        return self.given or name in p.arms


ARMS = {
    "np": Way("numpy", partial(by_hand, "np"), "the best closed form by hand that we know, NumPy and SciPy", False),
    "cf": Way("numpy", by_closedform, "what `compile()` gives for the function as a user types it"),
    "naive": Way("numpy", partial(by_hand, "naive"), "the textbook formula as a simple generator prints it", False),
    "nb": Way("numpy", partial(by_hand, "nb"), "by hand, with Numba kernels", False),
    "cf_nb": Way("numpy", partial(by_closedform, backend="numba"), '`compile("numba")`'),
    "comp": Way("numpy", partial(by_hand, "comp"), "by hand, without the zeros and the repetitions", False),
    "cf_comp": Way("numpy", partial(by_closedform, compressed=True), "`compile(compressed=True)`"),
    "jax": Way("jax", by_jax, "autodiff under jit, as a user writes it"),
    "jax_x": Way("jax", by_jax_expert, "autodiff under jit, as an expert writes it", False),
    "cf_jax": Way("jax", by_closedform_jax, '`compile("jax")` under jit'),
    "torch": Way("torch", by_torch, "torch.func, as a user writes it"),
    "cf_torch": Way("torch", by_closedform_torch, '`compile("torch")`'),
    "tg": Way("tensorgrad", by_tensorgrad, "tensorgrad, compiled to PyTorch", False),
}
