"""What is asked of a function: of closedform, and of a library of transformations (jax or torch.func)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import closedform as cf
from benchmarks.speed.problem import Problem


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        ask: closedform, from a parsed function and variables; several answers become one program.
        transform: autodiff, from the transformations, the array functions, f(x, rest), x and the other inputs.
        finish: of the program's results, where these are not the answer yet.
    """

    ask: Callable[[Any, tuple[str, ...]], list[Any]]
    transform: Callable[[Any, Any, Callable[..., Any], Any, dict[str, Any]], Any]
    finish: Callable[..., Any] | None = None


def newton(xp: Any, G: Any, H: Any) -> Any:
    """H⁻¹G, of arrays."""
    return xp.linalg.solve(H.reshape(len(H) * H.shape[1], -1), G.reshape(-1)).reshape(G.shape)


QUESTIONS = {
    "gradient": Question(lambda f, by: cf.gradient(f, list(by)), lambda lib, xp, f, x, rest: lib.grad(f)(x, rest)),
    "hessian": Question(lambda f, by: [cf.hessian(f, *by)], lambda lib, xp, f, x, rest: lib.hessian(f)(x, rest)),
    "jacobian": Question(lambda f, by: [cf.derivative(f, *by)], lambda lib, xp, f, x, rest: lib.jacrev(f)(x, rest)),
    "hvp": Question(
        lambda f, by: [cf.hvp(f, *by, "v")],
        lambda lib, xp, f, x, rest: lib.jvp(lambda x: lib.grad(f)(x, rest), (x,), (rest["v"],))[1],
    ),
    "newton": Question(
        lambda f, by: [cf.gradient(f, *by), cf.hessian(f, *by)],
        lambda lib, xp, f, x, rest: newton(xp, lib.grad(f)(x, rest), lib.hessian(f)(x, rest)),
        newton,
    ),
}


def derived(p: Problem) -> list[Any]:
    """Text to derivatives, as a user asks for them."""
    f = cf.parse(p.text, shapes=p.shapes, properties=p.properties)
    return QUESTIONS[p.question].ask(f, p.by)


def compiled(answers: list[Any], backend: str = "numpy", **how: Any) -> Callable[..., Any]:
    """One program of all answers."""
    if len(answers) == 1:
        return answers[0].compile(backend, **how)
    return cf.compile(*answers, backend=backend, **how)


def by_autodiff(p: Problem, lib: Any, xp: Any, nn: Any) -> Callable[..., Any]:
    """What a user of JAX or torch.func writes."""
    transform = QUESTIONS[p.question].transform

    def f(x: Any, rest: dict[str, Any]) -> Any:
        return p.f(xp, nn, **rest, **dict(zip(p.by, x if len(p.by) > 1 else (x,), strict=True)))

    def run(**inputs: Any) -> Any:
        x = tuple(inputs[name] for name in p.by)
        rest = {name: a for name, a in inputs.items() if name not in p.by}
        return transform(lib, xp, f, x if len(x) > 1 else x[0], rest)

    return run
