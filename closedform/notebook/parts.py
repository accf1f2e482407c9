"""What a notebook shows of every object: a template of the page, and what it is given; one row for each class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, singledispatch
from math import prod
from pathlib import Path
from typing import Any

from markupsafe import Markup

from closedform.answer import Derivative
from closedform.compact.present import present
from closedform.core.expr import READABLE, Expr
from closedform.core.function import Function
from closedform.derivation.telling import Derivation
from closedform.emit.index import index_latex
from closedform.emit.latex import spelled
from closedform.errors import ClosedFormError
from closedform.formula import Formula
from closedform.identity.mine import Judgement
from closedform.identity.verdict import Verdict
from closedform.lang import preferred
from closedform.program.compress import Form
from closedform.program.compressed import Compressed
from closedform.program.cost import Cost
from closedform.program.room import in_words
from closedform.web.answers import answer
from closedform.web.judging import judgement, verdict
from closedform.web.mathml import formula, mathml
from closedform.web.query import Query
from closedform.web.rendering import error, render, shape_latex
from closedform.web.tabs import told_costs, told_steps
from closedform.written.record import WrittenOut

STYLE = Path(__file__).parent / "static" / "notebook.css"


def framed(shown: Any, lang: str | None = None) -> str:
    """An object in HTML, with its style; why there is none, where it cannot be shown.

    Args:
        shown: of one of the classes below.
        lang: the language; by default that of $CLOSEDFORM_LANG, or English.
    """
    q = Query.read("/", {"lang": lang or preferred()})
    return render("notebook/frame.html", q, {"style": style(), "inside": Markup(made(lambda: part(shown, q), q))})


def made(make: Callable[[], str], q: Query) -> str:
    """A piece of HTML; why there is none, where it cannot be made."""
    try:
        return make()
    except ClosedFormError as problem:
        return render("error.html", q, {"error": error(problem, q)})


@cache
def style() -> Markup:
    return Markup(STYLE.read_text(encoding="utf-8"))


@singledispatch
def part(shown: Any, q: Query) -> str:
    """What is to be shown of an object."""
    raise NotImplementedError(type(shown).__name__)


@part.register
def _(shown: Expr, q: Query) -> str:
    if shown.size >= READABLE:
        return render("notebook/text.html", q, {"text": repr(shown)})
    return _formula(formula(shown), q, str(shown))


@part.register
def _(shown: Formula, q: Query) -> str:
    return _formula(mathml(shown.latex()), q, shown.unicode())


def _formula(math: Markup, q: Query, said: str) -> str:
    return render("notebook/formula.html", q, {"shown": math, "said": said})


@part.register
def _(shown: Function, q: Query) -> str:
    variables = [
        (spelled(name), shape_latex(x.shape), sorted(x.data.properties)) for name, x in shown.variables.items()
    ]
    math = formula(shown.expr, head=f"{spelled(shown.letter)} = ")
    others = [n for n in shown.notes if n.split()[0] not in shown.variables]
    return render("notebook/function.html", q, {"shown": math, "variables": variables, "notes": others})


@part.register
def _(shown: Derivative, q: Query) -> str:
    return render("notebook/answer.html", q, {"answer": answer(shown, q), "notes": shown.function.notes})


@part.register
def _(shown: Derivation, q: Query) -> str:
    return render("notebook/steps.html", q, told_steps(shown))


@part.register
def _(shown: Verdict, q: Query) -> str:
    return render("notebook/verdicts.html", q, {"content": [verdict(shown, q)]})


@part.register
def _(shown: Judgement, q: Query) -> str:
    return render("notebook/judgement.html", q, {"content": judgement(shown, q)})


@part.register
def _(shown: Cost, q: Query) -> str:
    names, sizes = ", ".join(shown.sizes), ", ".join(f"{n:,}" for n in shown.sizes.values())
    return render("tabs/cost.html", q, told_costs(names, [(sizes, shown)]))


@part.register
def _(shown: WrittenOut, q: Query) -> str:
    blocks = [mathml(f"{label} = {block}" if label else block) for label, block in shown.latex_blocks()]
    return "".join(_formula(block, q, f"{n}") for n, block in enumerate(blocks, 1))


@part.register
def _(shown: Form, q: Query) -> str:
    """The array in index notation, and the small arrays that are kept of it."""
    sizes = {letter: str(index.dim) for letter, index in shown.indices.items()}
    parts = [
        (_view(s.view, shown.rows), [(c.word, _times(sizes[letter] for letter in c.word)) for c in s.components])
        for s in shown.summands
    ]
    math = mathml(index_latex(shown.tensor, show=present))
    return render("notebook/compressed.html", q, {"shown": math, "facts": None, "parts": parts})


@part.register
def _(shown: Compressed, q: Query) -> str:
    """How large it is, and the small arrays."""
    rows, columns = map(_times, shown.shape)
    facts = {"rows": rows, "columns": columns, "n": len(shown.parts)}
    facts |= {"held": in_words(shown.nbytes), "whole": in_words(8 * prod(shown.sizes))}
    parts = [
        (_view(p.view, shown.rows), [(w, _times(a.shape)) for w, a in zip(p.words, p.arrays, strict=True)])
        for p in shown.parts
    ]
    return render("notebook/compressed.html", q, {"shown": None, "facts": facts, "parts": parts})


def _view(view: str, rows: int) -> str:
    return f"{view[:rows]}, {view[rows:]}" if 0 < rows < len(view) else view


def _times(sizes: Iterable[object]) -> str:
    return "×".join(map(str, sizes)) or "1"
