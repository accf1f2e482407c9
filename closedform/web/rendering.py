"""Templates, and what all of them are given; the only place where text becomes HTML.

Templates escape everything; what they take as it is comes from `mathml`, from `drawing`, or from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from closedform.core.shape import Dim
from closedform.emit.latex import sized
from closedform.errors import ClosedFormError
from closedform.lang import LANGUAGES, say
from closedform.lang.messages import translated
from closedform.web.mathml import mathml
from closedform.web.query import PAGES, Query

Shown = dict[str, Any]
SPOKEN = {name: say(name, "language.name") for name in LANGUAGES}
NEAR = 60  #: characters of a text that are shown on each side of a mistake
DECLARATION = re.compile(r"(?<=e\.g\. )(\w+): (?:scalar|vector\(n\))$")  #: that a hint offers


def environment(templates: Path) -> Environment:
    """Templates that escape what they are given, and refuse what they are not."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


ENVIRONMENT = environment(Path(__file__).parent / "templates")


def render(template: str, q: Query, shown: Mapping[str, Any]) -> str:
    """A template with what it is given; all have the query, and words and sentences in its language."""
    own = {"q": q, "t": partial(_worded, q.lang), "tr": partial(translated, q.lang)}
    return ENVIRONMENT.get_template(template).render({**own, **shown})


def _worded(lang: str, key: str, **facts: object) -> str:
    return say(lang, key if "." in key else f"web.{key}", **facts)


def inline(latex: str) -> Any:
    return mathml(latex, display=False)


def drawn(drawing: str | None) -> Markup | None:
    """A drawing, whose texts are escaped already."""
    return None if drawing is None else Markup(drawing)


def raised(sentence: str) -> Markup:
    """A sentence with its powers of two raised: `2^-149` as 2⁻¹⁴⁹ is written."""
    return Markup(re.sub(r"(?<=2)\^-([0-9]+)", r"<sup>−\1</sup>", str(escape(sentence))))


def shape_latex(dims: Sequence[Dim]) -> str:
    return r" \times ".join(map(sized, dims))


ENVIRONMENT.globals |= {"math": inline, "raised": raised, "PAGES": PAGES, "LANGUAGES": LANGUAGES, "SPOKEN": SPOKEN}


ENVIRONMENT.filters["translated"] = lambda sentence, lang: translated(lang, sentence)


def error(e: ClosedFormError, q: Query) -> Shown:
    """An error with the piece of the text that it is about, and the declaration that would mend it."""
    said = partial(translated, q.lang)
    before = at = after = ""
    if e.source is not None and e.span is not None:
        start, end = e.span
        before, at, after = e.source[max(0, start - NEAR) : start], e.source[start:end], e.source[end : end + NEAR]
        at = at[: 2 * NEAR]
    shapes = [said(f"{name} is {shape}") for name, shape in e.shapes.items()]
    hint = None if e.hint is None else said(e.hint)
    shown = {"message": said(e.message), "shapes": shapes, "before": before, "at": at, "after": after, "hint": hint}
    return shown | _offered(e, q)


def _offered(e: ClosedFormError, q: Query) -> Shown:
    """A declaration that the hint names, and the link to the question with it; a name is declared once."""
    found = DECLARATION.search(e.hint or "")
    if found is None or "let" not in PAGES[q.path] or re.search(rf"\b{found[1]}\b", q["let"]):
        return {"declaration": None}
    return {"declaration": found[0], "declared": q.link(let="; ".join(filter(None, [q["let"], found[0]])))}
