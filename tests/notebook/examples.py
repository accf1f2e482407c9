"""One object of every kind that a notebook shows."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import closedform as cf


@cache
def examples() -> dict[str, Any]:
    f = cf.parse("norm2(X*w - y)^2")
    D = cf.derivative(f, "w")
    S = cf.parse("logdet(S) + x'*inv(S)*x", {"S": ("n", "n"), "x": ("n",)}, {"S": ["spd"]})
    T = cf.parse("norm2(T - U*V')^2", {"T": ("m", "n"), "U": ("m", "k"), "V": ("n", "k")})
    H = cf.derivative(T, "U", "U")
    small = H.compile(compressed=True)(T=np.ones((4, 3)), U=np.ones((4, 2)), V=np.ones((3, 2)))
    return {
        "expression": f.expr,
        "function": S,
        "derivative": D,
        "symmetric": cf.derivative(S, "S"),
        "array": cf.derivative(cf.parse("A*X*B"), "X", layout="tensor"),
        "formula": cf.hvp(cf.parse("tr(inv(X))"), "X"),
        "derivation": D.steps(),
        "true": cf.check("d(tr(A*X))/dX = A'"),
        "conditional": cf.check("d(x'*A*x)/dx = 2*A*x"),
        "false": cf.check("d(logdet(X))/dX = inv(X)", {"X": ("n", "n")}),
        "right": cf.judge(f, "w", D.text),
        "wrong": cf.judge(f, "w", "2*X*(X*w - y)"),
        "lines": cf.judge(f, "w", "df = 2*(X*w - y)'*X*dw; X'*(X*w - y)"),
        "cost": D.cost(m=1000, n=50),
        "entries": D.written_out(m=2, n=2),
        "slices": cf.derivative(cf.parse("x*x'"), "x").written_out(n=2),
        "form": H.compressed,
        "compressed": small,
    }
