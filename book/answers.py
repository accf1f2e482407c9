"""From a block to HTML: the program is asked, the answer checked, and typeset."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from book import cookbook, operations
from book.blocks import Block
from book.environment import ENVIRONMENT
from closedform import view
from closedform.answer import Derivative
from closedform.calculus.layout import LAYOUTS
from closedform.compact.present import present
from closedform.core.shape import sizes_in_words
from closedform.emit.index import index_latex
from closedform.emit.latex import spelled
from closedform.errors import ClosedFormError
from closedform.identity.questions import check
from closedform.lang import say
from closedform.lang.messages import told, translated
from closedform.program.languages import RUNNING
from closedform.syntax.declare import declarations
from closedform.web.judging import said
from closedform.web.mathml import formula, mathml
from closedform.web.rendering import shape_latex
from closedform.web.tabs import layout_groups, typeset_steps, whole_latex

Shown = dict[str, Any]


def html(block: Block) -> str:
    """What stands in the place of a block.

    Raises:
        BookError: the program refuses the question, or the verdict is not the expected one.
    """
    try:
        return KINDS[block.kind](block)
    except ClosedFormError as error:
        raise block.error(told(error, "en")) from error


def _render(block: Block, shown: Shown) -> str:
    own = {"lang": block.language, "t": partial(say, block.language), "tr": partial(translated, block.language)}
    return ENVIRONMENT.get_template(f"{block.kind}.html").render(own | shown)


# ------------------------------------------------------------------------------------------------------------ derive


def derivative_of(block: Block, times: int = 1) -> Derivative:
    """The answer, after its check; or a further derivative."""
    by = block["by"].replace(",", " ").split()
    by *= int(block["order"] or 1) * times
    return view.answered(block.formula, by, [block["let"]], block["layout"] or None, block["symmetric"] or "projected")


def _derived(block: Block) -> Shown:
    D = derivative_of(block)
    f = D.function
    shown = [(part, PART[part](D, block, language)) for part, language in block.parts("show") or [("answer", "")]]
    folded = [(part, PART[part](D, block, language)) for part, language in block.parts("fold")]
    return {
        "asked": formula(f.expr, head=f"{spelled(f.letter)} = "),
        "typed": block.formula,
        "by": [x.data.name for x in D.variables],
        "let": block["let"],
        "notes": f.notes,
        "unicode": D.unicode(),
        "parts": shown,
        "folded": folded,
        "shape": sizes_in_words(D.shape) if D.arrangement.axes else mathml(shape_latex(D.expr.shape), display=False),
        "layout": D.layout,
        "conditions": D.conditions,
        "conventions": D.conventions,
        "sentences": D.check().sentences,
    }


def _answer(D: Derivative, block: Block, language: str) -> Shown:
    where = view.heading_latex(D) if D.arrangement.axes else ""
    return {"math": mathml(whole_latex(D)), "where": where}


def _hessian(D: Derivative, block: Block, language: str) -> Shown:
    return {"math": mathml(whole_latex(derivative_of(block, 2)))}


def _steps(D: Derivative, block: Block, language: str) -> Shown:
    route = block["route"] or "differentials"
    sizes = block.sizes() if route == "entries" else {}
    derivation = D.steps(block.language, block["level"] or "brief", route, **sizes)
    return {"steps": typeset_steps(derivation), "verdict": derivation.verdict}


def _layouts(D: Derivative, block: Block, language: str) -> Shown:
    rows = []
    for latex, shape, names in layout_groups(D):
        rows.append({"math": mathml(latex), "shape": shape, "names": [(n, LAYOUTS[n].users) for n in names]})
    return {"rows": rows}


def _index(D: Derivative, block: Block, language: str) -> Shown:
    return {"math": mathml(index_latex(D.tensor, show=present))}


def _code(D: Derivative, block: Block, language: str) -> Shown:
    return {"code": coloured(D.code(language), language), "language": language}


def coloured(source: str, language: str) -> Markup:
    """A program with its syntax marked."""
    lexer = get_lexer_by_name("python" if language in RUNNING else language)
    return Markup(highlight(source, lexer, HtmlFormatter(wrapcode=True)))


def _written(D: Derivative, block: Block, language: str) -> Shown:
    written = D.written_out(2, **block.sizes())
    at = ", ".join(f"{name} = {n}" for name, n in written.sizes.items())
    shape = "×".join(map(str, written.shape)) or "1×1"
    key = "cli.written_out" if at else "cli.written_out_at_once"
    blocks = [mathml(f"{label} = {matrix}" if label else matrix) for label, matrix in written.latex_blocks()]
    return {"blocks": blocks, "said": say(block.language, key, at=at, shape=shape)}


PART: dict[str, Callable[[Derivative, Block, str], Shown]] = {
    "answer": _answer,
    "hessian": _hessian,
    "steps": _steps,
    "layouts": _layouts,
    "index": _index,
    "code": _code,
    "written": _written,
}


# ---------------------------------------------------------------------------------------------------------- identity


def _judged(block: Block) -> Shown:
    v = check(block.formula, *declarations([block["let"]]), infer=True)
    if v.verdict != block["expect"]:
        raise block.error(f"the verdict is {v.verdict}, not {block['expect']}\n{v}")
    return said(v, block.language)


KINDS: dict[str, Callable[[Block], str]] = {
    "derive": lambda block: _render(block, _derived(block)),
    "identity": lambda block: _render(block, _judged(block)),
    "operations": lambda block: operations.table(block.formula),
    "cookbook": lambda block: cookbook.table(block.formula),
}
