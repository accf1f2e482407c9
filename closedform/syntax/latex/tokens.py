r"""LaTeX source to tokens: commands, letters, numbers, brackets; spacing and sizes are dropped.

A bracket and the `\left`, `\bigl` or `\right` before it are one token.  Every limit on the input is checked here.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from closedform.errors import SyntaxProblem, TooLarge
from closedform.syntax.tokens import MAX_LENGTH, MAX_TOKENS, OPERATORS


class Piece(NamedTuple):
    """One token: its kind, how it is spelled, and where it is.

    Kinds are `command`, `letter`, `number`, `operator`, `open`, `close`, `bar` (either of them), `end`, and the signs
    `{ } ^ _ , '` themselves.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


_SPACING = r"""\, \; \: \! \> \quad \qquad \thinspace \medspace \thickspace \enspace \space \hfill \allowbreak \nobreak
    \displaystyle \textstyle \scriptstyle \scriptscriptstyle \limits \nolimits \nonumber \notag \strut \null
    \mathopen \mathclose \mathord \mathrel \mathbin \mathop"""
SPACING = {*_SPACING.split(), "\\ "}
SIZES = re.compile(r"\\(big|Big|bigg|Bigg)[lrm]?$")
DELIMITERS = {  #: spelling to the bracket it is
    "(": "(", ")": "(", "[": "[", "]": "[", r"\{": "{", r"\}": "{", r"\lbrace": "{", r"\rbrace": "{",
    r"\lbrack": "[", r"\rbrack": "[", "|": "|", r"\vert": "|", r"\mid": "|", r"\lvert": "|", r"\rvert": "|",
    "||": "‖", r"\|": "‖", r"\Vert": "‖", r"\lVert": "‖", r"\rVert": "‖", "‖": "‖",
    r"\langle": "⟨", r"\rangle": "⟨", "⟨": "⟨", "⟩": "⟨",
}  # fmt: skip
OPENING = frozenset({"(", "[", r"\{", r"\lbrace", r"\lbrack", r"\lvert", r"\lVert", r"\langle", "⟨"})
CLOSING = frozenset({")", "]", r"\}", r"\rbrace", r"\rbrack", r"\rvert", r"\rVert", r"\rangle", "⟩"})
_BEFORE = {r"\left": "open", r"\right": "close"}
_MATH = frozenset({"$", "$$", r"\[", r"\]", r"\(", r"\)", "&"})
_TOKEN = re.compile(
    r"""(?P<blank>[\s~\u00a0\u2000-\u200a\u202f\u3000]+)
    | (?P<command>\\(?:[A-Za-z]+\*?|[^\n]))
    | (?P<number>[0-9]+(?:\.(?![*/^])[0-9]*)?|\.[0-9]+)
    | (?P<operator>\.[*/^]|[+\-*/=:<>!;?@])
    | (?P<sign>[{}^_,'()\[\]&.]|\|\||\||\$\$?)
    | (?P<letter>[^\W\d_])""",
    re.VERBOSE,
)
_UNICODE = {  #: the Unicode operators of the text syntax, spelled in ASCII
    s: OPERATORS[kind].split()[0] for kind in OPERATORS for s in OPERATORS[kind].split() if not s.isascii() and s != "‖"
}
_SWITCHES = frozenset({r"\rm", r"\bf", r"\sf", r"\it"})
_TAIL = ".,;"


def pieces(source: str) -> list[Piece]:
    r"""The tokens of LaTeX source, and one at the end.

    Raises:
        TooLarge: the source is too long.
        SyntaxProblem: a character that LaTeX mathematics does not have, a size without its bracket.

    >>> [p.text for p in pieces(r"$\left( x^{2} \right)$.")]
    ['(', 'x', '^', '{', '2', '}', '(', '']
    """
    if not isinstance(source, str):
        raise SyntaxProblem(f"an expression is a text, not {type(source).__name__}")
    if len(source) > MAX_LENGTH:
        raise TooLarge(f"the expression has {len(source)} characters; at most {MAX_LENGTH} are read",
                       source=source, span=(MAX_LENGTH, MAX_LENGTH + 1))  # fmt: skip
    found = _fonts_first(_over(_paired(source, _without_breaks(source, _raw(source)))))
    if len(found) > MAX_TOKENS:
        raise TooLarge("the expression is too long", source=source, span=found[MAX_TOKENS].span)
    return [*found, Piece("end", "", len(source.rstrip()), len(source.rstrip()))]


def _raw(source: str) -> list[Piece]:
    """Everything but blanks, the signs of mathematics mode and a mark at the end."""
    found: list[Piece] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        text = match.group() if match else source[at]
        kind = str(match.lastgroup) if match else "other"
        start, at = at, at + len(text)
        if kind == "blank" or text in _MATH or text in SPACING:
            continue
        if kind == "sign":
            kind = text
        elif kind == "other" and text in _UNICODE:
            text = _UNICODE[text]
            kind = "operator" if text not in "'" else text
        elif kind == "other" and text not in DELIMITERS:
            shown = text if text.isprintable() and not text.isspace() else f"U+{ord(text):04X}"
            raise SyntaxProblem(f"unexpected character {shown}", source=source, span=(start, at))
        found.append(Piece(kind, text, start, at))
    while found and found[-1].text in _TAIL:
        found.pop()
    if found and found[-1].kind == "number":  # a full stop after the last number
        last = found[-1]
        found[-1] = last._replace(text=last.text.removesuffix("."))
    stray = next((p for p in found if p.kind == "."), None)
    if stray and not _is_invisible(found, stray):
        raise SyntaxProblem("unexpected dot", source=source, span=stray.span)
    return found


def _is_invisible(found: list[Piece], dot: Piece) -> bool:
    before = next((p for p in found if p.end == dot.start), None)
    return before is not None and before.text in _BEFORE


def _without_breaks(source: str, found: list[Piece]) -> list[Piece]:
    r"""Line breaks `\\` are dropped at the end, and where the formula goes on with a sign.

    Raises:
        SyntaxProblem: a line break between two formulas.
    """
    breaks = (r"\\", r"\newline", r"\cr")
    while found and found[-1].text in breaks:
        found.pop()
    written_out = any(p.text == r"\begin" for p in found)  # refused by its name
    for p, following in pairwise([] if written_out else found):
        if p.text in breaks and following.text not in "+-=" and following.text not in breaks:
            raise SyntaxProblem("a line break ends a formula; more follows", source=source, span=p.span,
                                hint="give one formula at a time")  # fmt: skip
    return [p for p in found if p.text not in breaks]


def _paired(source: str, found: list[Piece]) -> list[Piece]:
    r"""`\left(` as one bracket.

    Raises:
        SyntaxProblem: `\left` or `\right` before something that is no bracket.
    """
    result: list[Piece] = []
    at = 0
    while at < len(found):
        p, at = found[at], at + 1
        side = _BEFORE.get(p.text)
        if p.text == r"\vert" and at < len(found) and found[at].text == r"\vert":
            result.append(Piece("bar", "‖", p.start, found[at].end))
            at += 1
            continue
        if side is None and not SIZES.match(p.text):
            delimiter = DELIMITERS.get(p.text)
            result.append(p if delimiter is None else Piece(_side(p.text), delimiter, p.start, p.end))
            continue
        following = found[at] if at < len(found) else None
        delimiter = DELIMITERS.get(following.text) if following else None
        if following is not None and delimiter is None and following.text in ("<", ">", "/", "."):
            delimiter = {"<": "⟨", ">": "⟨"}.get(following.text)
        if following is None or (delimiter is None and side):
            if following is not None and following.kind == ".":
                message, hint = f"{p.text}. opens or closes nothing", "write both brackets"
                raise SyntaxProblem(message, source=source, span=(p.start, following.end), hint=hint)
            raise SyntaxProblem(f"{p.text} stands before a bracket", source=source, span=p.span)
        if delimiter is None:  # a size before an operator, `\big/`
            continue
        side = side or _side(following.text)
        result.append(Piece(side, delimiter, p.start, following.end))
        at += 1
    return result


def _over(found: list[Piece]) -> list[Piece]:
    r"""`{a \over b}` is `\frac{a}{b}`."""
    opened: list[int] = []
    result: list[Piece] = []
    for p in found:
        if p.text == r"\over" and opened:
            first = opened[-1]
            brace = result[first]
            result.insert(first, Piece("command", r"\frac", brace.start, brace.end))
            result += [Piece("}", "}", p.start, p.start), Piece("{", "{", p.start, p.end)]
            opened = [*opened[:-1], len(result) - 1]
            continue
        result.append(p)
        if p.kind == "{":
            opened.append(len(result) - 1)
        elif p.kind == "}" and opened:
            opened.pop()
    return result


def _fonts_first(found: list[Piece]) -> list[Piece]:
    r"""`{\rm tr}`, as people used to write, is `\rm{tr}`."""
    for i, (p, following) in enumerate(pairwise(found)):
        if p.kind == "{" and following.text in _SWITCHES:
            found[i] = following._replace(start=p.start)
            found[i + 1] = p._replace(start=following.end, end=following.end)
    return found


def _side(delimiter: str) -> str:
    return "open" if delimiter in OPENING else "close" if delimiter in CLOSING else "bar"
