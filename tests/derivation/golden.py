"""Six derivations of the seed notes in three languages.  `python -m tests.derivation.golden` writes them anew."""

from __future__ import annotations

from pathlib import Path

import closedform as cf
from closedform.lang import LANGUAGES
from closedform.syntax.declare import declarations

HOME = Path(__file__).parent.parent / "data" / "derivations"

#: the function, the variables, the declarations, the layout, the route
CASES = {
    "S2-03": ("tr(W*X)", "X", "W: matrix(n,n); X: matrix(n,n)", "seed-002", "differentials"),
    "S2-03-entries": ("tr(W*X)", "X", "W: matrix(n,n); X: matrix(n,n)", "seed-002", "entries"),
    "S3-07": ("(y - A*x)'*(y - A*x)", "x", "y: vector(m); A: matrix(m,n); x: vector(n)", "seed-003", "expansion"),
    "S3-16": ("(y - A*x)'*(y - A*x)", "x x", "y: vector(m); A: matrix(m,n); x: vector(n)", "seed-003", "differentials"),
    "S4-16": ("f(A*X*B)", "X", "f: function; A: matrix(m,p); X: matrix(p,q); B: matrix(q,n)", "seed-004", "differentials"),
    "S4-33": ("A*exp(X*B)", "X", "A: matrix(m,p); X: matrix(p,q); B: matrix(q,n)", "seed-004", "differentials"),
    "S0-16": (
        "(x - A*s)'*W*(x - A*s)", "s",
        "x: vector(m); A: matrix(m,n); s: vector(n); W: matrix(m,m) symmetric", "seed-000", "differentials",
    ),
}  # fmt: skip


def derived(item: str) -> cf.Derivative:
    function, wrt, let, layout, _ = CASES[item]
    shapes, properties, functions = declarations([let])
    return cf.derivative(cf.parse(function, shapes, properties, functions), *wrt.split(), layout=layout)


def told(item: str, lang: str) -> str:
    """Without the last line, whose figure is of rounding errors."""
    lines = str(derived(item).steps(lang, route=CASES[item][-1])).splitlines()
    return "\n".join(lines[:-1]) + "\n"


if __name__ == "__main__":
    HOME.mkdir(exist_ok=True)
    for item in CASES:
        for lang in LANGUAGES:
            (HOME / f"{item}.{lang}.txt").write_text(told(item, lang), encoding="utf-8")
