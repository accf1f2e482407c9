"""A derivative with switches.  All is computed, checked and escaped here; the module in JavaScript shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Dict as Facts
from traitlets import Int, List, Unicode, validate

from closedform.answer import Derivative
from closedform.derivation.telling import LEVELS
from closedform.errors import NotSupported, RequestError, TooLarge
from closedform.lang import LANGUAGES, preferred, say
from closedform.notebook.parts import made, part
from closedform.program.languages import LANGUAGES as BACKENDS
from closedform.web.calls import ROUTES
from closedform.web.query import Query
from closedform.web.rendering import SPOKEN, render
from closedform.web.tabs import forms, steps, whole_latex

STATIC = Path(__file__).parent / "static"
WORDS = ("web.copied", "notebook.copy_latex", "notebook.copy_code", "notebook.not_copied", "notebook.choices")
VALUES: dict[str, Sequence[str]] = {  #: of every choice but the layout, whose values depend on the derivative
    "form": ("closed", "vec", "operator", "index"),
    "lang": LANGUAGES,
    "level": LEVELS,
    "route": ROUTES[:2],
    "backend": BACKENDS,
    "reveal": ("all", "one"),
}
CHOICES: dict[str, Callable[[str, str], str]] = {  #: those in the row of menus: what a value is called in a language
    "layout_name": lambda lang, name: name,
    "form": lambda lang, name: say(lang, "notebook.form_closed" if name == "closed" else f"web.form_{name}"),
    "lang": lambda lang, name: SPOKEN[name],
    "level": lambda lang, name: say(lang, f"web.level_{name}"),
    "route": lambda lang, name: say(lang, f"web.route_{name}"),
    "backend": lambda lang, name: name,
}
TRAITS = ("layout_name", *VALUES)


class Widget(anywidget.AnyWidget):
    """What `closedform.widget` gives.

    Attributes:
        derivative: what is shown, in the layout that it came in.
        layout_name, form, lang, level, route, reveal, backend: what is chosen, here or in the notebook; another value
            than those there are is a `RequestError`.
        latex, code: what the buttons copy; the code is empty where there is none in that language.
        answer, told, source: HTML of the answer, of its derivation and of the code.
        controls, words: the choices and the words beside them, in the language.
        done: how often all this was made.
    """

    _esm = STATIC / "widget.js"
    _css = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("notebook.css", "widget.css"))

    layout_name = Unicode().tag(sync=True)
    form = Unicode(VALUES["form"][0]).tag(sync=True)
    lang = Unicode(VALUES["lang"][0]).tag(sync=True)
    level = Unicode(VALUES["level"][0]).tag(sync=True)
    route = Unicode(VALUES["route"][0]).tag(sync=True)
    reveal = Unicode(VALUES["reveal"][0]).tag(sync=True)
    backend = Unicode(VALUES["backend"][0]).tag(sync=True)

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
        for name, value in chosen.items():
            self._check(name, value)
        super().__init__(**{"layout_name": D.layout, "lang": preferred(), **chosen})
        self.observe(lambda change: self._show(), list(CHOICES))
        self._show()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.derivative.text}>"

    def _check(self, name: str, value: Any) -> None:
        """Raises:
        RequestError: there is no such choice, or it has no such value.
        """
        if name not in TRAITS:
            raise RequestError(f"a widget has no choice {name[:40]!r}", hint="one of " + ", ".join(TRAITS))
        if value not in self._values(name):
            values = ", ".join(self._values(name))
            raise RequestError(f"no such {name} for this derivative: {str(value)[:40]!r}", hint=f"one of {values}")

    def _values(self, name: str) -> Sequence[str]:
        return self.derivative.layout_names if name == "layout_name" else VALUES[name]

    @validate(*TRAITS)
    def _valid(self, proposal: Any) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        self._check(name, value)
        return str(value)

    def _show(self) -> None:
        """Make everything anew, and send it at once; nothing of an answer that failed its check."""
        D = self.derivative.in_layout(self.layout_name)
        D.check()
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
        label = say(self.lang, f"notebook.{name.removesuffix('_name')}")
        return {"name": name, "label": label, "values": [[v, CHOICES[name](self.lang, v)] for v in self._values(name)]}


def _code(D: Derivative, backend: str) -> tuple[str, str]:
    """Source, or why there is none."""
    try:
        return D.code(backend), ""
    except (NotSupported, TooLarge) as refusal:
        return "", refusal.message
