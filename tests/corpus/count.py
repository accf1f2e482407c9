"""Operations in a formula's text, the yardstick of compactness: `python -m tests.corpus.count`.

Every binary operator, unary minus, transpose and function call counts 1.  Names, numbers (with their sign),
`eye(n)`, `ones(n)` and `ones(m,n)` count 0.  A count needs no precedence, so this reads tokens, and shares
nothing with the parser.

>>> operations("X'*diag(s.*(1-s))*X"), operations("-2*A + eye(n)"), operations("-a'")
(6, 2, 2)
"""

from __future__ import annotations

import re
import sys

TOKEN = re.compile(
    r"""\s*(?: (?P<number> \d+(?:\.(?![*/^'])\d*)?(?:[eE][+-]?\d+)? | \.\d+(?:[eE][+-]?\d+)? )
             | (?P<name> [^\W\d]\w* )
             | (?P<transpose> '|ᵀ )
             | (?P<operator> \.\*|\./|\.\^|[-+*/^·⊙⊗] )
             | (?P<bracket> [(),\[\]] ) )""",
    re.VERBOSE,
)
FREE = {"eye", "ones", "zeros", "vector", "matrix", "K"}


def operations(text: str) -> int:
    """How many operations a formula is written with."""
    tokens = _tokens(text)
    count = i = 0
    while i < len(tokens):
        kind, word = tokens[i]
        after = tokens[i + 1] if i + 1 < len(tokens) else ("", "")
        if kind == "name" and after[1] == "(":
            if word in FREE:
                i = _closing(tokens, i + 1)
            else:
                count += 1
        elif kind == "transpose" or (kind == "operator" and not _is_sign(tokens, i)):
            count += 1
        i += 1
    return count


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"cannot read {text[at : at + 20]!r} in {text!r}")
        found.append((match.lastgroup or "", match[match.lastgroup or 0]))
        at = match.end()
    return found


def _is_sign(tokens: list[tuple[str, str]], i: int) -> bool:
    """A minus that begins an operand and belongs to a number."""
    begins = i == 0 or tokens[i - 1][0] == "operator" or tokens[i - 1][1] in ("(", ",", "[")
    return tokens[i][1] == "-" and begins and i + 1 < len(tokens) and tokens[i + 1][0] == "number"


def _closing(tokens: list[tuple[str, str]], i: int) -> int:
    """Where the bracket that opens at i closes."""
    depth = 0
    while True:
        depth += {"(": 1, ")": -1}.get(tokens[i][1], 0)
        if depth == 0:
            return i
        i += 1


def main() -> int:
    """Print the cases where our formula is longer than a careful author's."""
    from rich.console import Console
    from rich.table import Table

    from tests.corpus.outcome import outcomes

    rows = [o for o in outcomes() if o.text and o.case["expected"]]
    longer = [o for o in rows if o.operations > operations(o.case["expected"])]
    table = Table("case", "ours", "author", "formula", "author's formula", title="longer than a careful author's")
    for o in longer:
        table.add_row(o.case["id"], str(o.operations), str(operations(o.case["expected"])), o.text, o.case["expected"])
    Console(width=200).print(table)
    share = 1 - len(longer) / max(1, len(rows))
    print(f"{len(rows)} formulas, {share:.1%} with no more operations than the author's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
