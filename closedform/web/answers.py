"""The function as it is read, and the answer: from a query to what their templates show."""

from __future__ import annotations

from functools import lru_cache

from closedform import view
from closedform.answer import Derivative
from closedform.core.function import Function
from closedform.core.shape import sizes_in_words
from closedform.emit.latex import spelled
from closedform.syntax.declare import PROPERTIES, declarations
from closedform.syntax.text import parse
from closedform.web.mathml import formula, mathml
from closedform.web.query import Query
from closedform.web.rendering import Shown, shape_latex
from closedform.web.tabs import TABS, whole_latex


@lru_cache(64)
def function_of(f: str, let: str) -> Function:
    return parse(f, *declarations([let]), infer=True)


def reading(q: Query) -> Shown:
    """The function as it is read: typeset, its variables to be picked, each with its shape and properties."""
    f = function_of(q["f"], q["let"])
    shapes, properties, _ = declarations([q["let"]])
    declared = shapes.keys() | properties.keys()
    variables = [
        {
            "name": name,
            "latex": spelled(name),
            "dims": [str(d) for d in x.shape],
            "shape": sizes_in_words(map(str, x.shape)),
            "shape_latex": shape_latex(x.shape),
            "properties": sorted(x.data.properties),
            "declared": name in declared,
            "chosen": name in q.by,
            "link": q.link("/", by=[name], layout=None, tab=None),
        }
        for name, x in f.variables.items()
    ]
    return {
        "formula": formula(f.expr, list(f.variables), head=f"{spelled(f.letter)} = "),
        "variables": variables,
        "PROPERTIES": PROPERTIES,
        "notes": [n for n in f.notes if n.split()[0] not in f.variables],
    }


@lru_cache(32)
def _derivative(f: str, by: tuple[str, ...], let: str, layout: str | None, symmetric: str) -> Derivative:
    return view.answered(f, list(by), [let], layout, symmetric)


def derivative_of(q: Query) -> Derivative:
    return _derivative(q["f"], tuple(q.by), q["let"], q["layout"], q["symmetric"])


def answer(D: Derivative, q: Query) -> Shown:
    """The answer and all that is known about it."""
    report = D.check()
    names = list(D.function.variables)
    again = [{"name": n, "latex": spelled(n), "link": q.link("/", by=[*q.by, n], layout=None)} for n in names]
    return {
        "formula": mathml(whole_latex(D)),
        "heading": view.heading_latex(D) if D.arrangement.axes else "",
        "text": D.text,
        "unicode": D.unicode(),
        "shape": sizes_in_words(D.shape),
        "shape_latex": "" if D.arrangement.axes else shape_latex(D.expr.shape),
        "layout": D.layout,
        "layouts": [(name, q.link(layout=name)) for name in D.layout_names],
        "conditions": D.conditions,
        "conventions": D.conventions,
        "structured": any(s.structure is not None for s in D.stages),
        "sentences": report.sentences,
        "proved": report.certificate is not None and report.certificate.proved,
        "report": report,
        "again": again if len(q.by) == 1 else [],
        "tabs": [(name, q.link(tab=name)) for name in TABS],
    }
