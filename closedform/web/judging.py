"""Statements, answers of the reader, exercises: from a query to what their templates show."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from markupsafe import Markup

from closedform.answer import Derivative
from closedform.core.abstract import abstract_functions
from closedform.core.shape import sizes_in_words
from closedform.emit.latex import latex, spelled
from closedform.errors import ClosedFormError, Malformed, RequestError, ShapeError, TooLarge
from closedform.lang.messages import translated
from closedform.practice.bank import LEVELS as DIFFICULTIES
from closedform.practice.bank import TOPICS
from closedform.practice.exercise import Exercise, exercises
from closedform.syntax.declare import declarations
from closedform.syntax.sides import Side, Statement, statement_of
from closedform.syntax.text import parse
from closedform.web.answers import derivative_of, reading
from closedform.web.mathml import mathml
from closedform.web.query import Query
from closedform.web.rendering import Shown, error

if TYPE_CHECKING:
    from closedform.identity.mine import Judgement
    from closedform.identity.verdict import Verdict

MOST_STATEMENTS = 8
LAST_EXERCISE = 500


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
        else:
            found.append(verdict(v, q))
    return found


def verdict(v: Verdict, q: Query) -> Shown:
    """What is to be said of a statement, with a link to the right one."""
    return {**said(v, q.lang), "error": None, "corrected": q.link(s=v.corrected.statement) if v.corrected else ""}


def said(v: Verdict, lang: str) -> Shown:
    """What is to be said of a statement in a language."""
    (_, first), *facts = v.lines(lang)
    math, right = typeset(v)
    return {
        "statement": v.statement,
        "verdict": v.verdict,
        "math": math,
        "sign": first.removesuffix(v.statement).strip(),
        "facts": facts,
        "notes": [translated(lang, n) for n in v.inferred],
        "right": right,
    }


def typeset(v: Verdict) -> tuple[Markup | None, Markup | None]:
    """The statement that was judged and the right one; None where there is none, or it has no meaning."""
    from closedform.identity.correct import read_like

    asked, right = v.asked, v.corrected.statement if v.corrected else None
    return (
        _typeset(lambda: statement_of(asked)) if asked else None,
        _typeset(lambda: read_like(asked, right)) if asked and right else None,
    )


def _typeset(read: Callable[[], Statement]) -> Markup | None:
    """A statement as it is printed in a book; None if its sides do not fit, so that it has no meaning."""
    try:
        s = read()
    except ShapeError:
        return None
    return mathml(f"{_side(s.left)} = {_side(s.right)}")


def _side(side: Side) -> str:
    inside = latex(side.expr)
    if side.kind == "expression":
        return inside
    if side.kind == "differential":
        return rf"\text{{d}}({inside})"
    names = [
        (rf"\operatorname{{vec}} {spelled(x.symbol.data.name)}" if x.stacked else spelled(x.symbol.data.name))
        + (r"^{\top}" if x.turned else "")
        for x in side.variables
    ]
    high = f"^{{{len(names)}}}" if len(names) > 1 else ""
    below = " ".join(rf"\partial {name}" for name in names)
    return rf"\frac{{\partial{high}}}{{{below}}} ({inside})"


def judged(q: Query) -> Judgement:
    """The judgement on the answer of a query."""
    from closedform.identity.mine import judged

    return judged(derivative_of(q), q["mine"])


def judgement(found: Judgement, q: Query) -> Shown:
    """What is to be said of an answer."""
    first, *rest = found.lines(q.lang)
    D = found.derivative
    right = mathml(_read(found.correct, D)) if found.verdict == "wrong" and D else None
    return {"verdict": found.verdict, "first": first, "rest": rest, "right": right, "steps": q.link("/", tab="steps")}


def _read(right: str, D: Derivative) -> str:
    """A right formula of a judgement, or a differential, in LaTeX."""
    known = {**D.function.variables, **{x.data.name: x for x in D.variables}}
    shapes = {n: x.shape for n, x in known.items()} | {f"d{n}": x.shape for n, x in known.items()}
    sizes = {n for x in known.values() for d in x.shape for n in d.names} | D.function.dims.keys()
    functions = abstract_functions(D.function.expr)
    return latex(parse(right, shapes, functions=functions, dims=sorted(sizes - shapes.keys())).expr)


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
