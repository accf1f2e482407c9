"""From tokens to a syntax tree: what the text says, with positions, before any shape is known.

The tree is built from the bottom up by the parser and walked in a loop, so that a long text needs no recursion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from closedform.errors import ClosedFormError, SyntaxProblem, TooLarge

if TYPE_CHECKING:
    from lark import Lark, Token

STATEMENTS = {  #: rules that state something about a derivative; they are no part of a plain expression
    "derivative": "a derivative", "differential": "a differential", "EQUALS": "an equation",
}  # fmt: skip
MAX_DEPTH = 400  #: operations inside one another, as in a sum of that many terms
Span = tuple[int, int]


@dataclass(eq=False, slots=True, frozen=True)
class Node:
    """One piece of the text.

    Attributes:
        rule: the rule of the grammar it came from.
        text: the operator, name or literal as written.
        operands: from left to right.
        span: where it is, with its brackets.
        at: where its operator or function name is.
        grouped: whether it is in brackets, or needs none.
    """

    rule: str
    text: str
    operands: tuple[Node, ...]
    span: Span
    at: Span
    grouped: bool = True


def _place(token: Token) -> Span:
    return token.start_pos or 0, token.end_pos or 0


def _leaf(rule: str, token: Token) -> Node:
    return Node(rule, str(token), (), _place(token), _place(token))


class _Build:
    """One method per rule of the grammar."""

    def start(self, parts: list[Node]) -> Node:
        return parts[0]

    def literal(self, parts: list[Any]) -> Node:
        return _leaf("literal", parts[0])

    def name(self, parts: list[Any]) -> Node:
        return _leaf("name", parts[0])

    def binary(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        return Node(operator.type, str(operator), (left, right), (left.span[0], right.span[1]), _place(operator), False)

    def juxtapose(self, parts: list[Any]) -> Node:
        left, right = parts
        return Node("juxtapose", "", (left, right), (left.span[0], right.span[1]), right.span, False)

    def unary(self, parts: list[Any]) -> Node:
        sign, operand = parts
        rule = "negative" if sign.type == "MINUS" else "positive"
        return Node(rule, str(sign), (operand,), (_place(sign)[0], operand.span[1]), _place(sign), False)

    def suffix(self, parts: list[Any]) -> Node:
        operand, mark = parts
        return Node(mark.type, str(mark), (operand,), (operand.span[0], _place(mark)[1]), _place(mark))

    def call(self, parts: list[Any]) -> Node:
        name, *arguments, end = parts
        return Node("call", str(name), tuple(arguments), (_place(name)[0], _place(end)[1]), _place(name))

    def group(self, parts: list[Any]) -> Node:
        opening, inside, closing = parts
        assert isinstance(inside, Node)
        return replace(inside, span=(_place(opening)[0], _place(closing)[1]), grouped=True)

    def norm(self, parts: list[Any]) -> Node:
        opening, inside, closing = parts
        return Node("norm", str(closing), (inside,), (_place(opening)[0], _place(closing)[1]), _place(opening))

    def root(self, parts: list[Any]) -> Node:
        mark, operand = parts
        return Node("root", str(mark), (operand,), (_place(mark)[0], operand.span[1]), _place(mark))


@cache
def _parser() -> Lark:
    from pathlib import Path

    from lark import Lark, Token, Transformer
    from lark.lexer import Lexer

    class Build(_Build, Transformer[Token, Node]): ...

    class Given(Lexer):
        """The tokens are made beforehand."""

        def __init__(self, _: Any) -> None: ...

        def lex(self, tokens: Any) -> Iterator[Token]:  # type: ignore[override]
            return iter(tokens)

    grammar = Path(__file__).with_name("text.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=Given, transformer=Build(), maybe_placeholders=False)


def tree(tokens: list[Token], source: str) -> Node:
    """The syntax tree.

    Raises:
        SyntaxProblem: with its place.
    """
    from lark.exceptions import UnexpectedToken

    if not tokens:
        raise SyntaxProblem("the expression is empty", source=source, span=(0, len(source)))
    try:
        return _parser().parse(tokens)  # type: ignore[return-value]
    except UnexpectedToken as error:
        problem = _problem(error, tokens, source)
    raise problem


def _problem(error: Any, tokens: list[Token], source: str) -> ClosedFormError:
    token, wants_operand = error.token, "NAME" in error.expected
    if token.type == "$END":
        last = tokens[-1]
        return SyntaxProblem(f"something is missing after {last}", source=source, span=_place(last))
    index = next(i for i, t in enumerate(tokens) if t is token)
    before = tokens[index - 1] if index else None
    if token.type == "_COMMA":
        message, hint = "a comma stands between the arguments of a function only", None
    elif not wants_operand:
        message, hint = f"unexpected {token}", None
    elif token.type in ("PRIME", "SUPER"):
        message, hint = f"nothing stands before this {token} to apply it to", None
    elif token.type in ("RPAR", "UNBAR"):
        message, hint = f"something is missing before {token}", None
    elif before is not None and before.type in ("HAT", "DOTHAT"):
        message, hint = "an exponent is missing", "write the exponent in brackets"
    else:
        message = f"an operand is missing before {token}" + (f", after {before}" if before else "")
        hint = None
    return SyntaxProblem(message, source=source, span=_place(token), hint=hint)


def postorder(root: Node, source: str) -> list[Node]:
    """Every node, operands first.

    Raises:
        TooLarge: more than `MAX_DEPTH` operations inside one another.
    """
    order: list[Node] = []
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise TooLarge(f"more than {MAX_DEPTH} operations inside one another", source=source, span=node.at)
        order.append(node)
        stack += [(operand, depth + 1) for operand in node.operands]
    order.reverse()
    return order
