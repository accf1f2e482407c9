"""A derivative with switches.  All is computed, checked and escaped here; the module in JavaScript shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Dict as Facts
from traitlets import Enum, Int, List, TraitError, Unicode, validate

from closedform.answer import Derivative
from closedform.derivation.telling import LEVELS
from closedform.errors import NotSupported, TooLarge
from closedform.lang import LANGUAGES, preferred, say
from closedform.notebook.parts import made, part
from closedform.program.languages import LANGUAGES as BACKENDS
from closedform.web.calls import ROUTES
from closedform.web.query import Query
from closedform.web.rendering import SPOKEN, render
from closedform.web.tabs import forms, steps, whole_latex

STATIC = Path(__file__).parent / "static"
FORMS = ("closed", "vec", "operator", "index")
REVEAL = ("all", "one")
WORDS = ("web.copied", "notebook.copy_latex", "notebook.copy_code", "notebook.not_copied", "notebook.choices")
CHOICES: dict[str, Callable[[str, str], str]] = {  #: a value's name in a language, by the name of its trait
    "layout_name": lambda lang, name: name,
    "form": lambda lang, name: say(lang, "notebook.form_closed" if name == "closed" else f"web.form_{name}"),
    "lang": lambda lang, name: SPOKEN[name],
    "level": lambda lang, name: say(lang, f"web.level_{name}"),
    "route": lambda lang, name: say(lang, f"web.route_{name}"),
    "backend": lambda lang, name: name,
}
TRAITS = (*CHOICES, "reveal")  #: that may be set; what is told does not depend on the last


class Widget(anywidget.AnyWidget):
    """What `closedform.widget` gives.

    Attributes:
        derivative: what is shown, in the layout that it came in.
        layout_name, form, lang, level, route, reveal, backend: what is chosen, here or in the notebook.
        latex, code: what the buttons copy; the code is empty where there is none in that language.
        answer, told, source: HTML of the answer, of its derivation and of the code.
        controls, words: the choices and the words beside them, in the language.
        done: how often all this was made.
    """

    _esm = STATIC / "widget.js"
    _css = STATIC / "notebook.css"

    layout_name = Unicode().tag(sync=True)
    form = Enum(FORMS, FORMS[0]).tag(sync=True)
    lang = Enum(LANGUAGES, LANGUAGES[0]).tag(sync=True)
    level = Enum(LEVELS, LEVELS[0]).tag(sync=True)
    route = Enum(ROUTES[:2], ROUTES[0]).tag(sync=True)
    reveal = Enum(REVEAL, REVEAL[0]).tag(sync=True)
    backend = Enum(BACKENDS, BACKENDS[0]).tag(sync=True)

    latex = Unicode().tag(sync=True)
    code = Unicode().tag(sync=True)
    answer = Unicode().tag(sync=True)
    told = Unicode().tag(sync=True)
    source = Unicode().tag(sync=True)
    controls = List(Facts()).tag(sync=True)
    words = Facts().tag(sync=True)
    done = Int(0).tag(sync=True)

    def __init__(self, D: Derivative, **chosen: Any) -> None:
        self.derivative = D
        super().__init__(**{"layout_name": D.layout, "lang": preferred(), **chosen})
        self.observe(lambda change: self._show(), list(CHOICES))
        self._show()

    @validate("layout_name")
    def _has_layout(self, proposal: Any) -> str:
        name: str = proposal["value"]
        if name not in self.derivative.layout_names:
            raise TraitError(f"the derivative has no layout {name[:40]!r}: {', '.join(self.derivative.layout_names)}")
        return name

    def _show(self) -> None:
        """Make everything anew, and send it at once."""
        D = self.derivative.in_layout(self.layout_name)
        q = Query.read("/", {"lang": self.lang, "level": self.level, "route": self.route})
        code, refused = _code(D, self.backend)
        with self.hold_sync():
            self.answer, self.latex = made(lambda: part(D, q), q) + self._form(D, q), whole_latex(D)
            self.told = made(lambda: render("notebook/revealed.html", q, steps(D, q)), q)
            self.code, self.source = code, render("notebook/code.html", q, {"source": code, "refused": refused})
            self.controls = [self._control(name) for name in CHOICES]
            self.words = {key.partition(".")[2]: say(self.lang, key) for key in WORDS}
            self.done += 1

    def _form(self, D: Derivative, q: Query) -> str:
        """The other form that is chosen."""
        if self.form == "closed":
            return ""

        def chosen() -> str:
            found = forms(D, q)
            shown = [row for row in found["forms"] if row[0] == self.form]
            return render("notebook/form.html", q, {"forms": shown, "refused": found["refused"]})

        return made(chosen, q)

    def _control(self, name: str) -> dict[str, Any]:
        """A choice: its trait, its label, its values with their names."""
        values = self.derivative.layout_names if name == "layout_name" else self.traits()[name].values
        label = say(self.lang, f"notebook.{name.removesuffix('_name')}")
        return {"name": name, "label": label, "values": [[v, CHOICES[name](self.lang, v)] for v in values]}


def _code(D: Derivative, backend: str) -> tuple[str, str]:
    """Source, or why there is none."""
    try:
        return D.code(backend), ""
    except (NotSupported, TooLarge) as refusal:
        return "", refusal.message
