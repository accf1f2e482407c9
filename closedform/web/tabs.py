"""What is shown below an answer, one tab at a time.

A tab is a function of the answer, a row of `TABS`, a template `tabs/NAME.html`, and a name in the catalogues,
`web.tab_NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from closedform import view
from closedform.answer import Derivative
from closedform.ask import differential
from closedform.calculus.layout import LAYOUTS
from closedform.compact.present import present
from closedform.core.function import Function
from closedform.core.shape import sizes_in_words
from closedform.derivation.telling import LEVELS, Derivation
from closedform.emit.index import index_latex
from closedform.emit.latex import spelled
from closedform.errors import Malformed, NotSupported, TooLarge
from closedform.lang import LANGUAGES
from closedform.program.languages import LANGUAGES as BACKENDS
from closedform.program.room import in_words
from closedform.web import draw
from closedform.web.calls import ROUTES
from closedform.web.mathml import mathml
from closedform.web.query import Query
from closedform.web.rendering import SPOKEN, Shown, inline, render, shape_latex


def whole_latex(D: Derivative) -> str:
    """The heading and the answer; of an array its entry."""
    return D.latex() if D.arrangement.axes else f"{view.heading_latex(D)} = {D.latex()}"


def steps(D: Derivative, q: Query) -> Shown:
    """The derivation; why there is none."""
    told = q["told"] or q.lang
    try:
        derivation = D.steps(told, q["level"], q["route"])
    except (NotSupported, TooLarge) as refusal:
        return {"told": told, "steps": [], "verdict": "", "refused": refusal.message} | _choices(q, told)
    lines = typeset_steps(derivation)
    return {"told": told, "steps": lines, "verdict": derivation.verdict, "refused": ""} | _choices(q, told)


def typeset_steps(derivation: Derivation) -> list[Shown]:
    """The lines of a derivation, typeset, each with its sentence and rules."""
    return [
        {"sentence": s.sentence, "formulas": s.formulas, "math": mathml(s.latex.replace("&", ""))} for s in derivation
    ]


def _choices(q: Query, told: str) -> Shown:
    return {
        "languages": [(n, SPOKEN[n], n == told, q.link(told=n, tab="steps")) for n in LANGUAGES],
        "levels": [(n, n == q["level"], q.link(level=n, tab="steps")) for n in LEVELS],
        "routes": [(n, n == q["route"], q.link(route=n, tab="steps")) for n in ROUTES[:2]],
    }


def layouts(D: Derivative, q: Query) -> Shown:
    """The answer in every layout, those that agree together."""
    found = []
    for latex, shape, group in layout_groups(D):
        names = [(name, LAYOUTS[name].users, q.link(layout=name), name == D.layout) for name in group]
        found.append({"math": mathml(latex), "shape": shape, "names": names})
    return {"rows": found}


def layout_groups(D: Derivative) -> Iterator[tuple[str, str, list[str]]]:
    """LaTeX, shape and names of the layouts in which the answer looks the same; each is checked."""
    rows = []
    for E in D.in_layouts():
        E.check()
        shape = sizes_in_words(E.shape) if E.arrangement.axes else inline(shape_latex(E.expr.shape))
        rows.append((E.latex(), shape, E.layout))
    order = {latex: i for i, (latex, _, _) in reversed(list(enumerate(rows)))}
    rows.sort(key=lambda r: order[r[0]])
    for (latex, shape), group in groupby(rows, key=lambda r: r[:2]):
        yield latex, shape, [name for _, _, name in group]


def forms(D: Derivative, q: Query) -> Shown:
    """The same answer as a matrix of vec, as a linear map, entry by entry."""
    x = D.variables[-1]
    last = D.stages[-1].function
    dF = differential(Function(last, dict(D.function.variables)), x)
    rows = [("vec", D.in_layout("vec").latex(), D.vec())]
    rows.append(("operator", rf"\text{{d}}{spelled(x.data.name)} \mapsto {dF.latex()}", D.operator()))
    try:
        rows.append(("index", index_latex(D.tensor, show=present), D.index()))
        refused = ""
    except (NotSupported, TooLarge) as refusal:
        refused = refusal.message
    return {"forms": [(name, mathml(latex), text) for name, latex, text in rows], "refused": refused}


def code(D: Derivative, q: Query) -> Shown:
    """The answer as a function in every array library; where there is none, why."""
    found = []
    for name in BACKENDS:
        try:
            found.append((name, D.code(name), ""))
        except (NotSupported, TooLarge) as refusal:
            found.append((name, "", refusal.message))
    return {"code": found}


def latex(D: Derivative, q: Query) -> Shown:
    """The answer in LaTeX, and the derivation."""
    try:
        derivation = D.steps(q["told"] or q.lang, q["level"], q["route"]).latex()
    except (NotSupported, TooLarge):
        derivation = ""
    return {"answer": whole_latex(D), "derivation": derivation}


GROWING = (10, 100, 1000, 10_000)  #: sizes, all alike, that a cost is shown at


def cost(D: Derivative, q: Query) -> Shown:
    """Operations and memory as the sizes grow together; the laws behind them."""
    try:
        names = D.cost_depends_on()
        costs = [(n, D.cost(dict.fromkeys(names, n))) for n in GROWING]
    except (NotSupported, TooLarge) as refusal:
        return {"rows": [], "refused": refusal.message}
    rows = [(f"{n:,}", f"{c.flops:,}", in_words(c.peak), in_words(c.result)) for n, c in costs]
    last = costs[-1][1]
    return {"rows": rows, "names": ", ".join(names), "law": last.law, "memory": last.memory_law, "refused": ""}


def structure(D: Derivative, q: Query) -> Shown:
    """Three drawings, each where there is something to be drawn."""
    pattern = draw.sparsity(D)
    facts = None if pattern is None else {"sizes": _sizes(pattern[1]), "filled": pattern[2], "total": pattern[3]}
    return {
        "factors": draw.factors(D),
        "factor_sizes": _sizes(draw.sample_sizes([D.shown, *D.variables])),
        "graph": draw.graph(D.function.expr),
        "pattern": pattern[0] if pattern else None,
        "pattern_facts": facts,
    }


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {k}" for name, k in sizes.items())


TABS: dict[str, Callable[[Derivative, Query], Shown]] = {
    "steps": steps,
    "layouts": layouts,
    "forms": forms,
    "code": code,
    "latex": latex,
    "cost": cost,
    "structure": structure,
}


def open_tab(D: Derivative, q: Query) -> str:
    """The tab that the query names, rendered.

    Raises:
        Malformed: no tab has that name.
    """
    if q["tab"] not in TABS:
        raise Malformed(f"no such tab: {q['tab'][:40]!r}", hint="one of " + ", ".join(TABS))
    return render(f"tabs/{q['tab']}.html", q, TABS[q["tab"]](D, q))
