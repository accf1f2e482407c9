"""A page that is to the widget what a notebook is: the module, the style, and a model that Python answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from closedform.notebook.panel import STATIC, TRAITS, Widget

THEME = (
    ":root { color-scheme: light dark } body { font: 14px sans-serif; margin: 20px;"
    " background: light-dark(#fff, #111); color: light-dark(#111, #ddd) } section { margin: 12px 0 }"
)
HOST = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>host</title><style>%s</style></head>
<body><main>%s</main></body></html>"""
MODEL = """<script type="application/json" id="state">%s</script><h1>notebook</h1><div id="el"></div><script type="module">
const state = JSON.parse(document.getElementById("state").textContent), heard = {};
window.asked = [];
window.answered = (found) => {
  const order = found.reveal !== state.reveal, whole = found.done !== state.done;
  Object.assign(state, found);
  if (whole) heard["change:done"]?.();
  if (order) heard["change:reveal"]?.();
};
let changes = {};
const model = { get: (k) => state[k], set: (k, v) => { state[k] = changes[k] = v; heard[`change:${k}`]?.(); }, on: (e, f) => { heard[e] = f; },
  off: (e) => { delete heard[e]; }, save_changes: () => { window.asked.push(changes); changes = {}; } };
%s
window.leave = widget.render({ model, el: document.getElementById("el") });
</script>"""


def page(inside: str) -> str:
    """A page with a piece of HTML in it."""
    return HOST % (THEME, inside)


def state(w: Widget) -> dict[str, Any]:
    """What a notebook is sent."""
    own = {name for name, trait in Widget.class_own_traits().items() if trait.metadata.get("sync")}
    return {name: getattr(w, name) for name in own if not name.startswith("_")}


class Hosted:
    """A widget in a page."""

    def __init__(self, driver: Any, w: Widget, folder: Path) -> None:
        self.driver, self.widget, self.heard = driver, w, 0
        module = (STATIC / "widget.js").read_text(encoding="utf-8").replace("export default", "const widget =")
        style = f"<style>{w._css}</style>"
        sent = json.dumps(state(w)).replace("<", "\\u003c")
        file = folder / "host.html"
        file.write_text(page(style + MODEL % (sent, module)), encoding="utf-8")
        driver.get(file.as_uri())

    def answer(self) -> None:
        """Python hears what was chosen in the page, and answers."""
        asked = self.driver.execute_script("return window.asked")
        for changes in asked[self.heard :]:
            self.heard += 1
            for name, value in changes.items():
                assert name in TRAITS
                setattr(self.widget, name, value)
        self.driver.execute_script("window.answered(arguments[0])", state(self.widget))
