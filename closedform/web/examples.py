"""Examples, one click away: a row each, by field; the names are in the catalogues, `web.example_…`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A question.

    Attributes:
        name: its key in the catalogues.
        f: the function.
        by: the variables.
        let: declarations.
    """

    name: str
    f: str
    by: tuple[str, ...]
    let: str = ""


# fmt: off
EXAMPLES = {  #: by field, whose key is `web.field_…`
    "learning": (
        Example("least_squares", "norm2(X*w - y)^2", ("w",)),
        Example("logistic", "sum(log(ones(m) + exp(-y.*(X*w))))", ("w",)),
        Example("softmax", "logsumexp(W*x) - y'*W*x", ("W",)),
        Example("layer", "norm2(tanh(W*x + h) - y)^2", ("W",)),
    ),
    "statistics": (
        Example("gaussian", "logdet(S) + x'*inv(S)*x", ("S",), "S: spd"),
        Example("rayleigh", "x'*A*x/(x'*x)", ("x",), "A: symmetric"),
        Example("factors", "norm2(A - U*V')^2", ("U",)),
    ),
    "optimisation": (
        Example("quadratic", "½xᵀAx - hᵀx", ("x",), "A: symmetric"),
        Example("barrier", "-sum(log(h - A*x))", ("x", "x")),
        Example("ridge", "norm2(X*w - y)^2 + a*norm2(w)^2", ("w", "w")),
    ),
    "control": (
        Example("feedback", "x'*Q*x + (K*x)'*R*(K*x)", ("K",), "Q: symmetric; R: symmetric"),
        Example("loop", "A*x + B*tanh(K*x)", ("x",)),
    ),
    "notes": (
        Example("trace", r"\operatorname{tr}(A X^{\top} B X)", ("X",)),
        Example("inverse", "u'*inv(X)*v", ("X",)),
        Example("kronecker", "A*X*B", ("X",)),
    ),
}
# fmt: on
