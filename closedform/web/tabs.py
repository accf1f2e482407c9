"""What is shown below an answer, one tab at a time.

A tab is a function of the answer, a row of `TABS`, a template `tabs/NAME.html`, and a name in the catalogues,
`web.tab_NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from closedform import view
from closedform.answer import Derivative
from closedform.ask import differential
from closedform.calculus.layout import LAYOUTS
from closedform.compact.present import present
from closedform.core.function import Function
from closedform.core.shape import sizes_in_words
from closedform.derivation.telling import LEVELS, Derivation
from closedform.drawing import growth
from closedform.drawing.factors import factors
from closedform.drawing.graph import graph
from closedform.drawing.growth import Curve
from closedform.drawing.network import network
from closedform.drawing.sparsity import sparsity
from closedform.drawing.svg import sample_sizes
from closedform.emit.index import index_latex
from closedform.emit.latex import spelled
from closedform.errors import Malformed, NotSupported, TooLarge
from closedform.lang import LANGUAGES, say
from closedform.program.cost import Cost, Growth
from closedform.program.languages import LANGUAGES as BACKENDS
from closedform.program.polynomial import Polynomial
from closedform.program.room import available, in_words
from closedform.web.calls import ROUTES
from closedform.web.mathml import mathml
from closedform.web.query import Query
from closedform.web.rendering import SPOKEN, Shown, drawn, inline, render, shape_latex


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
    return told_steps(derivation) | _choices(q, told)


def told_steps(derivation: Derivation) -> Shown:
    """The lines of a derivation and their verdict."""
    steps = typeset_steps(derivation)
    return {"told": derivation.lang, "steps": steps, "verdict": derivation.verdict, "refused": ""}


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
    """Operations and memory as the sizes grow together, and as one of them grows; the laws behind them."""
    try:
        g = D.growth()
    except (NotSupported, TooLarge) as refusal:
        return {"rows": [], "refused": refusal.message}
    told = told_costs(", ".join(g.names), [(f"{n:,}", g.at(dict.fromkeys(g.names, n))) for n in GROWING])
    return told | {"plots": _plots(g, q) if g.names else []}


def told_costs(names: str, costs: Sequence[tuple[str, Cost]]) -> Shown:
    """A row for each cost, and the law of the last one; a row begins with the sizes that have these names."""
    rows = [(sizes, f"{c.flops:,}", in_words(c.peak), in_words(c.result)) for sizes, c in costs]
    last = costs[-1][1]
    laws = {"law": _law(last.law), "memory": _law(last.memory_law)}
    return {"rows": rows, "names": names, **laws, "plots": [], "others": growth.OTHERS, "refused": ""}


def _law(p: Polynomial) -> str:
    """A polynomial in the sizes in LaTeX."""
    named = re.sub(r"[A-Za-z]\w*", lambda name: spelled(name[0]), str(p))
    return re.sub(r"\^(\d+)", r"^{\1}", named).replace("*", " ")


def _plots(g: Growth, q: Query) -> list[Shown]:
    """Operations and memory, each drawn and as a table."""
    limit = available()
    bound = limit, say(q.lang, "web.refused_above", limit=in_words(limit))
    operations, memory = growth.operations(g), growth.memory(g, limit)
    operations_said, memory_said = say(q.lang, "web.figure_operations"), say(q.lang, "web.figure_memory")
    return [
        _plot("operations", growth.draw(operations, operations_said), operations, lambda v: f"{v:,}"),
        _plot("memory", growth.draw(memory, memory_said, bound, in_bytes=True), memory, in_words),
    ]


def _plot(name: str, drawing: str | None, curves: list[Curve], words: Callable[[int], str]) -> Shown:
    rows = [
        {
            "names": c.label,
            "values": [words(v) for _, v in c.points[:: growth.STEPS]],
            "refused": "" if c.refused is None else f"{c.refused:,}",
        }
        for c in curves
    ]
    sizes = [f"{n:,}" for n, _ in curves[0].points[:: growth.STEPS]]
    return {"name": name, "drawing": drawn(drawing), "sizes": sizes, "rows": rows}


def structure(D: Derivative, q: Query) -> Shown:
    """Four drawings, each where there is something to be drawn; why there is no network."""
    pattern = sparsity(D)
    facts = None if pattern is None else {"sizes": _sizes(pattern[1]), "filled": pattern[2], "total": pattern[3]}
    refused = tensors = None
    try:
        tensors = network(D.tensor)
    except (NotSupported, TooLarge) as refusal:
        refused = refusal.message
    return {
        "factors": drawn(factors(D)),
        "factor_sizes": _sizes(sample_sizes([D.shown, *D.variables])),
        "graph": drawn(graph(D.function.expr)),
        "network": drawn(tensors),
        "refused": refused,
        "pattern": drawn(pattern[0]) if pattern else None,
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
