"""From characters to tokens: spellings, limits, and names written side by side.

The parser sees one spelling of each operator; this table knows the others (`−`, `·`, `ᵀ`, `⊙`).  Every limit on
the input is checked here, before any parsing, so that hostile text costs no more than one pass over it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from closedform.errors import ClosedFormError, SyntaxProblem, TooLarge

if TYPE_CHECKING:
    from lark import Token

MAX_LENGTH = 10_000  #: characters of text
MAX_TOKENS = 5_000
MAX_NESTING = 100  #: open brackets, signs in a row, primes in a row
SIZED = ("eye", "ones", "zeros")  #: functions whose arguments are dimensions
#: matrices written with sizes, and how many: `K(m,n)`, `D(n)`, `L(n)`; the name alone is a variable's like any other
MATRICES = {"K": 2, "D": 1, "L": 1}

OPERATORS = {
    "PLUS": "+",
    "MINUS": "- − –",
    "STAR": "* · × ∗ ⋅",
    "SLASH": "/ ÷",
    "DOTSTAR": ".* ⊙ ∘",
    "DOTSLASH": "./ ⊘",
    "KRON": "⊗",
    "PRIME": "' ′ ’ ᵀ ⊤",
    "HAT": "^",
    "DOTHAT": ".^",
    "LPAR": "(",
    "RPAR": ")",
    "_COMMA": ",",
    "BAR": "‖",
    "ROOT": "√",
}
_TYPE = {spelling: kind for kind, spellings in OPERATORS.items() for spelling in spellings.split()}
_NOT_IN_NAMES = "²³¹¼½¾\u1d2c-\u1d6a\u2070-\u207f\u208a-\u209f\u2150-\u218b"  # superscripts, fractions
_TOKEN = re.compile(
    rf"""(?P<BLANK>[ \t\r\n\u00a0\u2000-\u200a\u202f\u3000]+)
    | (?P<NUMBER>(?:[0-9]+(?:\.(?![*/^]))?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? | [½⅓⅔¼¾⅕⅙⅛])
    | (?P<NAME>[^\W\d{_NOT_IN_NAMES}][^\W{_NOT_IN_NAMES}]*)
    | (?P<SUPER>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|⁻ᵀ)
    | (?P<STARSTAR>\*\*)
    | (?P<OPERATOR>{"|".join(re.escape(s) for s in sorted(_TYPE, key=len, reverse=True))})""",
    re.VERBOSE,
)
_NORM_KIND = re.compile(r"₁|₂|_F|_1|_2|_\*|")
_OPERAND_ENDS = frozenset({"NUMBER", "NAME", "RPAR", "UNBAR", "PRIME", "SUPER"})
_RUNS = frozenset({"PLUS", "MINUS", "PRIME", "SUPER", "ROOT"})
_STRAY = {
    "=": "write one expression; equations are for the identity checker",
    "[": "indexing is not in the syntax; write ( ) for brackets",
    "]": "indexing is not in the syntax; write ( ) for brackets",
    "{": "write ( ) for brackets",
    "}": "write ( ) for brackets",
    "@": "write * for the matrix product",
    ";": "write one expression at a time",
    "|": "write abs(x), norm2(x) or det(X)",
    "\\": "this is the text syntax, not LaTeX",
    "%": "comments are not in the syntax",
    "#": "comments are not in the syntax",
}


NOTHING_ELSE: Mapping[str, str] = {}
PRIMES = "'′’"
_PRIMED = re.compile(rf"[{PRIMES}]{{1,100}}(?=\()")  #: between the name of an entrywise function and its argument


def scan(
    text: str, callable_names: Collection[str], primed: Collection[str] = (), also: Mapping[str, str] = NOTHING_ELSE
) -> list[Token]:
    """The tokens of a text; a name before `(` is a `CALL` if it touches it, or if it is a function.

    Names in `primed` may have primes between them and the bracket: `sigma'(x)` is then one call.  `also` has the
    kinds of characters that are tokens in statements only.

    Raises:
        TooLarge: too long, or nested too deeply.
        SyntaxProblem: a character outside the syntax, or a bracket without its partner.
    """
    from lark import Token

    if not isinstance(text, str):
        raise SyntaxProblem(f"an expression is a text, not {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise TooLarge(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are read",
                       source=text, span=(MAX_LENGTH, MAX_LENGTH + 1))  # fmt: skip
    tokens: list[Token] = []
    brackets = _Brackets(text)
    at = run = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None and text[at] in also:
            tokens.append(Token(also[text[at]], text[at], start_pos=at, end_pos=at + 1))
            at += 1
            continue
        if match is None or match.lastgroup == "STARSTAR":
            raise _stray(text, at)
        at, start, kind = match.end(), at, str(match.lastgroup)
        if kind == "BLANK":
            continue
        kind = _TYPE[match.group()] if kind == "OPERATOR" else kind
        if kind in ("LPAR", "RPAR", "BAR"):
            kind, at = brackets.see(kind, start, at, tokens)
        if kind == "NAME" and plain(match.group()) in primed and (primes := _PRIMED.match(text, at)):
            at = primes.end()
        if kind == "NAME" and _calls(text, at, match.group(), callable_names):
            kind = "CALL"
        if kind == "LPAR" and tokens and tokens[-1].type == "CALL":
            kind = "_LPAR"
        run = run + 1 if kind in _RUNS and tokens and tokens[-1].type in _RUNS else 0
        tokens.append(Token(kind, text[start:at], start_pos=start, end_pos=at))
        if run > MAX_NESTING or len(tokens) > MAX_TOKENS:
            raise TooLarge("the expression is too long or too deep here", source=text, span=(start, at))
    brackets.finish()
    return tokens


class _Brackets:
    """Pairs brackets and norm bars, and counts how deep they nest."""

    def __init__(self, text: str) -> None:
        self.text, self.open = text, list[tuple[str, int]]()

    def see(self, kind: str, start: int, end: int, before: list[Token]) -> tuple[str, int]:
        """The kind and the end of a bracket or bar."""
        if kind == "BAR" and before and before[-1].type in _OPERAND_ENDS and any(k == "BAR" for k, _ in self.open):
            kind = "UNBAR"
        if kind in ("LPAR", "BAR"):
            self.open.append((kind, start))
            if len(self.open) > MAX_NESTING:
                raise TooLarge(f"brackets nest deeper than {MAX_NESTING}", source=self.text, span=(start, end))
            return kind, end
        if not self.open or (self.open[-1][0] == "LPAR") != (kind == "RPAR"):
            raise SyntaxProblem("this bracket closes nothing", source=self.text, span=(start, end))
        self.open.pop()
        suffix = _NORM_KIND.match(self.text, end) if kind == "UNBAR" else None
        return kind, suffix.end() if suffix else end

    def finish(self) -> None:
        if self.open:
            at = self.open[-1][1]
            raise SyntaxProblem("this bracket is never closed", source=self.text, span=(at, at + 1))


def _calls(text: str, end: int, name: str, callable_names: Collection[str]) -> bool:
    after = text[end : end + 1]
    return after == "(" or (name in callable_names and text[end:].lstrip()[:1] == "(")


def _stray(text: str, at: int) -> ClosedFormError:
    c = text[at]
    if text.startswith("**", at):
        return SyntaxProblem("** is not in the syntax", source=text, span=(at, at + 2), hint="write ^ for a power")
    shown = c if c.isprintable() and not c.isspace() else f"U+{ord(c):04X}"
    message = f"unexpected character {shown}" if c != "." else "unexpected dot"
    hint = "write x' for the transpose" if text[at : at + 2] in (".T", ".'") else _STRAY.get(c)
    return SyntaxProblem(message, source=text, span=(at, at + 1), hint=hint)


def plain(name: str) -> str:
    r"""A name in its ordinary letters: `x₁` is `x1`, `𝐱` is `x`, and `\hat{x}` is `x_hat`."""
    if "\\" in name or "{" in name:
        from closedform.syntax.latex.names import plain_name

        return plain_name(name)
    return str(name) if name.isascii() else unicodedata.normalize("NFKC", name)


def sizes(tokens: list[Token]) -> dict[str, Token]:
    """Names used as dimensions: the arguments of eye, ones, zeros, K(m,n), D(n), L(n), where they first occur."""
    found: dict[str, Token] = {}
    opened: list[tuple[str, list[Token]]] = []  # the function before each open bracket, the names and commas inside
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type in ("LPAR", "_LPAR", "BAR"):
            opened.append((plain(before) if token.type == "_LPAR" and before is not None else "", []))
        elif token.type in ("RPAR", "UNBAR"):
            function, inside = opened.pop()
            count = 1 + sum(t.type == "_COMMA" for t in inside)
            if function in SIZED or MATRICES.get(function) == count:
                for t in inside:
                    if t.type == "NAME":
                        found.setdefault(plain(t), t)
        elif token.type in ("NAME", "_COMMA") and opened:
            opened[-1][1].append(token)
    return found


def split_products(tokens: list[Token], declared: Collection[str], known: Collection[str], infer: bool) -> list[Token]:
    """Read `Ax` as A x: undeclared letters side by side, where nothing else can be meant.

    That is so when every letter is declared; and, when shapes are inferred, directly after `ᵀ` or `‖` if one
    letter is a capital, and where Greek and Latin letters mix.  Every occurrence of a name is read alike.
    `known` names stay whole.
    """
    from lark import Token

    chosen: set[str] = set()
    for before, token in zip([None, *tokens], tokens, strict=False):
        name = plain(token)
        if token.type != "NAME" or len(token) < 2 or not token.isalpha() or name in known:
            continue
        after_mark = before is not None and str(before) in ("ᵀ", "⊤", "‖") and not name.islower()
        if all(c in declared for c in name) or (infer and (after_mark or _mixes_scripts(name))):
            chosen.add(str(token))
    if not chosen:
        return tokens
    result: list[Token] = []
    for token in tokens:
        if token.type != "NAME" or str(token) not in chosen:
            result.append(token)
            continue
        start = token.start_pos or 0
        result += [Token("NAME", c, start_pos=start + i, end_pos=start + i + 1) for i, c in enumerate(token)]
    return result


def _mixes_scripts(name: str) -> bool:
    return 0 < sum(c.isascii() for c in name) < len(name)
