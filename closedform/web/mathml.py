"""MathML of our own LaTeX: converted by a library, then put right, and rebuilt from a list of known elements.

What leaves this module holds no element, attribute or class that is not listed here, whatever stood in a formula; it is
the only text that a template takes as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from markupsafe import Markup

from closedform.core.expr import Expr
from closedform.emit.latex import Latex, spelled

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
KNOWN = {  #: elements, and the attributes that are kept
    "math": (), "mrow": (), "mi": ("mathvariant",), "mn": (), "mo": ("stretchy", "fence"), "mtext": (), "mfrac": (),
    "msup": (), "msub": (), "msubsup": (), "msqrt": (), "mroot": (), "munder": (), "mover": ("accent",),
    "munderover": (), "mspace": (), "mtable": (), "mtr": (), "mtd": (), "mstyle": (), "mpadded": (),
}  # fmt: skip
BOLD_ZERO = ord("𝟎")
CLOSING, BARS, UPRIGHT = set(")]}⟩"), set("|‖"), set("⊤∘")
THIN, APART = "0.1667em", "0.45em"
ROWS = ("math", "mrow", "mstyle", "mpadded")
LINE = {"height": "0.85em", "depth": "0.28em"}  #: of a factor with its shape below, so that shapes are in line
MARK = "v"  #: of a variable's place, before its number


class _Marked(Latex):
    """Every variable in a class of its own."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = names

    def name(self, name: str) -> str:
        shown = spelled(name)
        return rf"\class{{{MARK}{self.names.index(name)}}}{{{shown}}}" if name in self.names else shown


def formula(e: Expr, names: Sequence[str] = (), *, head: str = "") -> Markup:
    """An expression as MathML; the variables with these names can be picked out by their `data-by`.

    Args:
        e: as written, or as presented.
        names: of the variables to mark.
        head: LaTeX that stands before it.

    Raises:
        TooLarge: the formula is too long to write down.
    """
    return mathml(head + _Marked(names).write(e), tuple(names))


@lru_cache(4096)
def mathml(latex: str, names: tuple[str, ...] = (), display: bool = True) -> Markup:
    r"""LaTeX of our printers as MathML.

    >>> "<mi>tr</mi>" in mathml(r"\operatorname{tr}(A)"), "&lt;" in mathml(r"a < b")
    (True, True)
    """
    from latex2mathml.converter import convert

    root = fromstring(convert(latex.replace(r"\mathrm{d}", r"\text{d}")))
    made = Element("math", {"xmlns": NAMESPACE} | ({"display": "block"} if display else {}))
    _copy(root, made, names)
    for row in list(made.iter()):
        if row.tag in ROWS and len(row) > 1:
            _prefix(row)
            _space(row)
    return Markup(tostring(made, encoding="unicode"))


def _copy(source: Element, into: Element, names: tuple[str, ...]) -> None:
    """Known elements with known attributes; of others what is inside them."""
    for child in source:
        tag = child.tag.rpartition("}")[2]
        if tag not in KNOWN:
            _copy(child, into, names)
            continue
        made = SubElement(into, tag, {k: v for k, v in child.attrib.items() if k in KNOWN[tag]})
        made.text = child.text
        mark = child.get("class", "")
        if mark.startswith(MARK) and mark[1:].isdecimal() and int(mark[1:]) < len(names):
            made.set("class", "variable")
            made.set("data-by", names[int(mark[1:])])
        _put_right(made, child)
        _copy(child, made, names)
        if tag == "munder":
            base = Element("mpadded", LINE)
            base.append(made[0])
            made[0] = base


def _put_right(made: Element, source: Element) -> None:
    """What the library makes otherwise than a browser wants it: names of functions, bold digits, bars."""
    text = made.text or ""
    if made.tag == "mo" and len(text) > 1 and text.isalpha():
        made.tag, made.attrib = "mi", {}
    if source.get("mathvariant") == "bold" and text.isdecimal() and text.isascii():
        made.text = "".join(chr(BOLD_ZERO + int(c)) for c in text)
    if made.tag == "mo" and text in UPRIGHT:
        made.attrib |= {"lspace": "0", "rspace": "0", "stretchy": "false"}
    if made.tag == "mo" and text in BARS:
        made.attrib |= {"lspace": "0", "rspace": "0", "stretchy": source.get("stretchy", "false")}


def _prefix(row: Element) -> None:
    """A minus after a sign or an opening bracket is a sign of its own, close to what follows."""
    for before, minus in pairwise(row):
        if minus.tag == "mo" and minus.text == "−" and before.tag == "mo" and before.text not in CLOSING:
            minus.attrib |= {"form": "prefix", "lspace": "0", "rspace": "0"}


def _space(row: Element) -> None:
    """A thin space around the name of a function, as in print: `A diag(x)`, `log det X`, but `tr(A)`; shapes apart."""
    placed: list[Element] = []
    for child in list(row):
        if placed and (_is_name(child) or _is_name(placed[-1])) and not _hugs(placed[-1], child):
            placed.append(Element("mspace", {"width": THIN}))
        elif placed and child.tag == placed[-1].tag == "munder":
            placed.append(Element("mspace", {"width": APART}))
        placed.append(child)
    row[:] = placed


def _is_name(e: Element) -> bool:
    """The name of a function, perhaps with a power."""
    base = e[0] if e.tag in ("msup", "msub", "msubsup") and len(e) else e
    return base.tag == "mi" and len(base.text or "") > 1


def _hugs(left: Element, right: Element) -> bool:
    """Whether nothing belongs between them: a sign has its own space, a bracket none."""
    if right.tag == "mo" and not _is_name(right):
        return True
    before = left[0] if left.tag in ("msup", "msub", "msubsup") and len(left) else left
    return before.tag == "mo" and before.text not in CLOSING
