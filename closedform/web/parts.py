"""What the pages show: for each part of a page a function from its query to what the template is given.

A tab below the answer is a row of `TABS`, a template `tabs/NAME.html`, and a name in the catalogues, `web.tab_NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from closedform import view
from closedform.answer import Derivative
from closedform.ask import differential
from closedform.calculus.layout import LAYOUTS
from closedform.compact.present import present
from closedform.core.function import Function
from closedform.core.shape import sizes_in_words
from closedform.derivation.telling import LEVELS
from closedform.emit.index import index_latex
from closedform.emit.latex import spelled
from closedform.errors import ClosedFormError, NotSupported, RequestError, TooLarge
from closedform.formula import BACKENDS
from closedform.lang import LANGUAGES, say
from closedform.lang.messages import translated
from closedform.practice.bank import LEVELS as DIFFICULTIES
from closedform.practice.bank import TOPICS
from closedform.practice.exercise import Exercise, exercises
from closedform.syntax.declare import PROPERTIES, declarations
from closedform.syntax.text import parse
from closedform.web import draw
from closedform.web.calls import CALLS, ROUTES, Malformed, status_of
from closedform.web.examples import EXAMPLES
from closedform.web.mathml import formula, mathml
from closedform.web.query import PAGES, Query

Shown = dict[str, Any]
HOME = Path(__file__).parent
SPOKEN = {name: say(name, "language.name") for name in LANGUAGES}
MOST_STATEMENTS = 8
LAST_EXERCISE = 500
ENVIRONMENT = Environment(
    loader=FileSystemLoader(HOME / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, q: Query, shown: Mapping[str, Any]) -> str:
    """A template with what it is given, and with what all have: the query, its language, how formulas are set."""
    own = {"q": q, "t": partial(_worded, q.lang), "tr": partial(translated, q.lang), "math": inline, "PAGES": PAGES}
    return ENVIRONMENT.get_template(template).render(own | {"LANGUAGES": LANGUAGES, "SPOKEN": SPOKEN} | shown)


def _worded(lang: str, key: str, **facts: object) -> str:
    return say(lang, key if "." in key else f"web.{key}", **facts)


def inline(latex: str) -> Any:
    return mathml(latex, display=False)


def error(e: ClosedFormError, q: Query) -> Shown:
    """An error with the piece of the text that it is about."""
    said = partial(translated, q.lang)
    before = at = after = ""
    if e.source is not None and e.span is not None:
        start, end = e.span
        before, at, after = e.source[max(0, start - 60) : start], e.source[start:end][:120], e.source[end : end + 60]
    shapes = [said(f"{name} is {shape}") for name, shape in e.shapes.items()]
    hint = None if e.hint is None else said(e.hint)
    return {"message": said(e.message), "shapes": shapes, "before": before, "at": at, "after": after, "hint": hint}


# ------------------------------------------------------------------------------------------------- the function


@lru_cache(64)
def _function(f: str, let: str) -> Function:
    return parse(f, *declarations([let]), infer=True)


def reading(q: Query) -> Shown:
    """The function as it is read: typeset, its variables to be picked, each with its shape and properties."""
    f = _function(q["f"], q["let"])
    shapes, properties, _ = declarations([q["let"]])
    declared = shapes.keys() | properties.keys()
    variables = [
        {
            "name": name,
            "latex": spelled(name),
            "dims": [str(d) for d in x.shape],
            "shape": sizes_in_words(tuple(str(d) for d in x.shape)),
            "properties": sorted(x.data.properties),
            "declared": name in declared,
            "chosen": name in q.by,
            "link": q.link("/", by=[name], layout=None, tab=None),
        }
        for name, x in f.variables.items()
    ]
    return {"formula": formula(f.expr, list(f.variables)), "variables": variables, "PROPERTIES": PROPERTIES,
            "notes": [n for n in f.notes if n.split()[0] not in f.variables]}  # fmt: skip


# --------------------------------------------------------------------------------------------------- the answer


@lru_cache(32)
def _derivative(f: str, by: tuple[str, ...], let: str, layout: str | None, symmetric: str) -> Derivative:
    return view.answered(f, list(by), [let], layout, symmetric)


def derivative_of(q: Query) -> Derivative:
    return _derivative(q["f"], tuple(q.by), q["let"], q["layout"], q["symmetric"])


def whole_latex(D: Derivative) -> str:
    """The heading and the answer; of an array its entry."""
    return D.latex() if D.arrangement.axes else f"{view.heading_latex(D)} = {D.latex()}"


def answer(q: Query) -> Shown:
    """The answer and all that is known about it."""
    D = derivative_of(q)
    report = D.check()
    names = list(D.function.variables)
    again = [{"latex": spelled(n), "link": q.link("/", by=[*q.by, n], layout=None)} for n in names]
    return {
        "formula": mathml(whole_latex(D)),
        "heading": view.heading_latex(D) if D.arrangement.axes else "",
        "text": D.text,
        "unicode": D.unicode(),
        "shape": sizes_in_words(D.shape),
        "layout": D.layout,
        "layouts": [(name, q.link(layout=name)) for name in LAYOUTS if not name.startswith("seed")],
        "conditions": D.conditions,
        "conventions": D.conventions,
        "structured": any(s.structure is not None for s in D.stages),
        "sentences": report.sentences,
        "proved": report.certificate is not None and report.certificate.proved,
        "report": report,
        "again": again if len(q.by) == 1 else [],
        "tabs": [(name, q.link(tab=name)) for name in TABS],
    }


# --------------------------------------------------------------------------------------------------------- tabs


def steps(D: Derivative, q: Query) -> Shown:
    """The derivation; why there is none."""
    told = q["told"] or q.lang
    try:
        derivation = D.steps(told, q["level"], q["route"])
    except (NotSupported, TooLarge) as refusal:
        return {"told": told, "steps": [], "verdict": "", "refused": refusal.message} | _choices(q, told)
    lines = [
        {"sentence": s.sentence, "formulas": s.formulas, "math": mathml(s.latex.replace("&", ""))} for s in derivation
    ]
    return {"told": told, "steps": lines, "verdict": derivation.verdict, "refused": ""} | _choices(q, told)


def _choices(q: Query, told: str) -> Shown:
    return {
        "languages": [(n, SPOKEN[n], n == told, q.link(told=n, tab="steps")) for n in LANGUAGES],
        "levels": [(n, n == q["level"], q.link(level=n, tab="steps")) for n in LEVELS],
        "routes": [(n, n == q["route"], q.link(route=n, tab="steps")) for n in ROUTES[:2]],
    }


def layouts(D: Derivative, q: Query) -> Shown:
    """The answer in every layout, those that agree together."""
    rows = []
    for E in D.in_layouts():
        E.check()
        rows.append((E.latex(), sizes_in_words(E.shape), E.layout))
    order = {latex: i for i, (latex, _, _) in reversed(list(enumerate(rows)))}
    rows.sort(key=lambda r: order[r[0]])
    found = []
    for (latex, shape), group in groupby(rows, key=lambda r: r[:2]):
        names = [(name, LAYOUTS[name].users, q.link(layout=name), name == D.layout) for _, _, name in group]
        found.append({"math": mathml(latex), "shape": shape, "names": names})
    return {"rows": found}


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
    "structure": structure,
}


def tab(q: Query) -> str:
    """The open tab, rendered.

    Raises:
        Malformed: no tab has that name.
    """
    if q["tab"] not in TABS:
        raise Malformed(f"no such tab: {q['tab'][:40]!r}", hint="one of " + ", ".join(TABS))
    return render(f"tabs/{q['tab']}.html", q, TABS[q["tab"]](derivative_of(q), q))


# ------------------------------------------------------------------------------- statements, answers, exercises


def verdicts(q: Query) -> list[Shown]:
    """The verdict on every line.

    Raises:
        TooLarge: there are many lines.
    """
    from closedform.identity.questions import check

    lines = [line.strip() for line in q["s"].splitlines() if line.strip()]
    if len(lines) > MOST_STATEMENTS:
        raise TooLarge(f"a page judges {MOST_STATEMENTS} statements at once; this has {len(lines)}",
                       hint="use closedform check --file")  # fmt: skip
    found: list[Shown] = []
    for line in lines:
        try:
            v = check(line, *declarations([q["let"]]), infer=True)
        except ClosedFormError as e:
            found.append({"statement": line, "error": error(e, q)})
            continue
        (_, first), *facts = v.lines(q.lang)
        sign = first.removesuffix(v.statement).strip()
        notes = [translated(q.lang, n) for n in v.inferred]
        link = q.link(s=v.corrected.statement) if v.corrected else ""
        found.append({"statement": line, "error": None, "verdict": v.verdict, "sign": sign, "facts": facts,
                      "notes": notes, "corrected": link})  # fmt: skip
    return found


def judgement(q: Query) -> Shown:
    """What is to be said of an answer."""
    from closedform.identity.mine import judged

    found = judged(derivative_of(q), q["mine"])
    first, *rest = found.lines(q.lang)
    return {"verdict": found.verdict, "first": first, "rest": rest, "steps": q.link("/", tab="steps")}


def posed(q: Query) -> Exercise:
    """The exercise of a link.

    Raises:
        Malformed: its numbers are none.
    """
    seed, n = q["seed"] or "0", q["n"]
    if not (seed.isdecimal() and seed.isascii() and len(seed) < 10 and n.isdecimal() and n.isascii() and len(n) < 4):
        raise Malformed("an exercise has a seed and a number")
    if int(n) > LAST_EXERCISE:
        raise RequestError(f"the last exercise has the number {LAST_EXERCISE}", hint="start again with another seed")
    level = int(q["difficulty"]) if q["difficulty"] else None
    return next(islice(exercises(q["topic"], level, int(seed)), int(n), None))


def exercise(q: Query) -> Shown:
    """An exercise, typeset, with its links."""
    posed_now = posed(q)
    own = as_question(posed_now, q)
    D = derivative_of(own)
    return {
        "own": own,
        "reading": reading(own),
        "wrt": [spelled(name) for name in posed_now.wrt.split()],
        "shape": sizes_in_words(D.shape),
        "layout": D.layout,
        "number": int(q["n"]) + 1,
        "next": q.link(n=str(int(q["n"]) + 1), mine=None),
        "topics": [(n, n == q["topic"], q.link(topic=n, n=None, mine=None)) for n in (None, *TOPICS)],
        "difficulties": [(n, n == q["difficulty"], q.link(difficulty=n, n=None, mine=None))
                         for n in (None, *map(str, DIFFICULTIES))],
    }  # fmt: skip


def as_question(e: Exercise, q: Query) -> Query:
    """The question that an exercise asks."""
    return Query("/", q.fields | {"f": e.function, "by": e.wrt.split(), "let": e.let, "layout": None, "tab": "steps"})


# -------------------------------------------------------------------------------------------------- whole pages


def page(q: Query) -> tuple[int, str]:
    """A page and its status; a mistake of the reader is shown in its place."""
    status, shown = 200, dict[str, Any]({"error": None, "examples": None})
    try:
        shown |= CONTENT[q.path](q)
    except ClosedFormError as e:
        status = status_of(e)
        shown |= {"error": error(e, q), "content": None}
    name = q.path.strip("/") or "derivative"
    return status, render(f"{name}.html", q, {"name": name, "content": None} | shown)


def _derivative_page(q: Query) -> Shown:
    if not q["f"]:
        return {"reading": None, "answer": None, "tab": "", "examples": examples(q)}
    shown: Shown = {"reading": None, "answer": None, "tab": ""}
    try:
        shown["reading"] = reading(q)
        if q.by:
            shown["answer"] = answer(q)
            shown["tab"] = Markup(tab(q))
    except ClosedFormError as e:
        return shown | {"error": error(e, q), "failed": status_of(e)}
    return shown


@lru_cache(8)
def _typeset_examples() -> tuple[tuple[str, tuple[tuple[Any, Any], ...]], ...]:
    return tuple(
        (field, tuple((e, formula(_function(e.f, e.let).expr)) for e in rows)) for field, rows in EXAMPLES.items()
    )


def examples(q: Query) -> list[tuple[str, list[tuple[str, Any, str]]]]:
    """By field: the key of the name, the function typeset, the link."""
    blank = Query("/", q.fields | {"tab": None, "layout": None})
    return [
        (field, [(e.name, shown, blank.link(f=e.f, by=list(e.by), let=e.let)) for e, shown in rows])
        for field, rows in _typeset_examples()
    ]


def _check_page(q: Query) -> Shown:
    return {"content": verdicts(q) if q["s"] else None}


def _mine_page(q: Query) -> Shown:
    complete = q["f"] and q.by and q["mine"]
    return {"reading": reading(q) if q["f"] else None, "content": judgement(q) if complete else None}


def _practice_page(q: Query) -> Shown:
    shown = exercise(q)
    if q["mine"]:
        try:
            shown["content"] = judgement(Query("/", shown["own"].fields | {"mine": q["mine"]}))
        except ClosedFormError as e:
            shown["error"] = error(e, q)
    return shown


CONTENT: dict[str, Callable[[Query], Shown]] = {
    "/": _derivative_page,
    "/check": _check_page,
    "/mine": _mine_page,
    "/practice": _practice_page,
    "/api": lambda q: {"calls": CALLS},
}
PARTS: dict[str, Callable[[Query], str]] = {  #: what the page's script asks for, by name
    "preview": lambda q: render("preview.html", q, {"reading": reading(q)}),
    "answer": lambda q: render("answer.html", q, {"answer": answer(q)}),
    "tab": tab,
    "check": lambda q: render("verdicts.html", q, {"content": verdicts(q)}),
    "mine": lambda q: render("judgement.html", q, {"content": judgement(q)}),
}
