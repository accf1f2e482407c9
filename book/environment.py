"""The templates."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from closedform.web.mathml import mathml
from closedform.web.rendering import environment, raised

ENVIRONMENT = environment(Path(__file__).parent / "templates")
ENVIRONMENT.globals |= {"raised": raised, "inline": partial(mathml, display=False)}
