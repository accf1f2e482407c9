r"""A place in the tokens of LaTeX source, and what the parts of the reader share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NoReturn

from closedform.errors import ClosedFormError, SyntaxProblem
from closedform.syntax.latex import commands
from closedform.syntax.latex.names import ACCENTS
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.names import Kind
from closedform.syntax.tree import Node, Span

MAX_GROUPS = 60  #: brackets, braces and arguments inside one another

_WITH_ARGUMENT = commands.BOLD | commands.WORDS | {r"\mathbb", *("\\" + accent for accent in ACCENTS)}


@dataclass
class Cursor:
    """The tokens, what is known of names, and what was noted on the way."""

    source: str
    pieces: list[Piece]
    known: Collection[str]
    abstract: frozenset[str]
    plain: bool = False  #: whether a plain expression is wanted, and no statement about derivatives
    at: int = 0
    depth: int = 0
    emboldened: bool = False
    notes: list[str] = field(default_factory=list)
    bold: dict[str, Kind] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    spelled: dict[str, dict[str, str]] = field(default_factory=dict)
    indices: list[str] = field(default_factory=list)
    summed: set[str] = field(default_factory=set)
    closers: list[Piece] = field(default_factory=list)

    @property
    def peek(self) -> Piece:
        return self.pieces[self.at]

    def take(self) -> Piece:
        p = self.pieces[self.at]
        self.at += p.kind != "end"
        return p

    def fail(
        self, message: str, span: Span, hint: str | None = None, kind: type[ClosedFormError] = SyntaxProblem
    ) -> NoReturn:
        raise kind(message, source=self.source, span=span, hint=hint)

    def written(self, span: Span) -> str:
        shown = " ".join(self.source[slice(*span)].split())
        return shown if len(shown) <= 40 else shown[:39] + "…"

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def past(self, at: int) -> int:
        """Where the argument that begins at a token ends: a group in braces, a command with its own, or one token."""
        wanted = 1
        while wanted:
            p = self.pieces[at]
            wanted -= 1
            if p.kind in ("end", "}"):
                self.missing(at)
            if p.kind == "{":
                at = self.closing(at)
            elif p.text in commands.FRACTIONS:
                wanted += 2
            elif p.text in _WITH_ARGUMENT:
                wanted += 1
            at += 1
        return at

    def closing(self, at: int) -> int:
        """The brace that closes the one at a token."""
        depth = 0
        for i in range(at, len(self.pieces)):
            depth += {"{": 1, "}": -1}.get(self.pieces[i].kind, 0)
            if depth == 0:
                return i
        self.fail("this brace is never closed", self.pieces[at].span)

    def missing(self, at: int) -> NoReturn:
        before = self.pieces[at - 1] if at else self.pieces[at]
        self.fail(f"an argument is missing after {before.text or 'this'}", before.span)

    def flat(self, first: int, last: int) -> str:
        """The letters of some tokens, without braces and fonts."""
        dropped = commands.WORDS | commands.BOLD | {"{", "}"}
        return "".join(p.text for p in self.pieces[first:last] if p.text not in dropped)

    def hoist(self) -> bool:
        """Put a subscript that follows a superscript before it: `x^2_i` is `x_i^2`."""
        if self.peek.kind != "^" or self.at + 1 >= len(self.pieces):
            return False
        middle = self.past(self.at + 1)
        if self.pieces[middle].kind == "_":
            end = self.past(middle + 1)
            self.pieces[self.at : end] = self.pieces[middle:end] + self.pieces[self.at : middle]
            return True
        return False

    def unexpected(self) -> NoReturn:
        p = self.peek
        hint = None
        if p.kind == "end" and self.closers:
            opening = self.closers[-1]
            brace = opening.kind == "{"
            self.fail("this brace is never closed" if brace else "this bracket is never closed", opening.span)
        if p.kind == "end":
            before = self.pieces[self.at - 1] if self.at else p
            self.fail(f"something is missing after {before.text}" if before.text else "the expression is empty",
                      before.span)  # fmt: skip
        if p.kind == "}":
            message = "this brace closes nothing"
        elif p.kind == "close":
            message = "this bracket closes nothing"
        elif p.kind in "^_":
            message = f"nothing stands before this {p.text}"
        elif p.text in commands.EQUALS:
            message, hint = "an equals sign inside a formula", "give one equation, or one formula"
        elif p.text == ":":
            message, hint = "a colon is not in the syntax", r"write \operatorname{tr}(A^\top B) for A:B"
        elif p.text in ("<", ">"):
            message = "an inequality is not a formula"
        elif p.text == "!":
            message = "a factorial is not in the syntax"
        elif p.text == "'" or p.text in commands.PRODUCTS:
            message = f"an operand is missing before {p.text}"
        else:
            message = f"unexpected {p.text}"
        self.fail(message, p.span, hint)

    def close_brace(self, opening: Piece) -> Piece:
        if self.peek.kind == "end":
            self.fail("this brace is never closed", opening.span)
        if self.peek.kind != "}":
            self.unexpected()
        return self.take()

    def close_bracket(self, opening: Piece) -> Piece:
        self.closers.pop()
        p = self.peek
        if p.kind == "end":
            self.fail("this bracket is never closed", opening.span)
        if p.kind not in ("close", "bar"):
            self.unexpected()
        if p.text != opening.text:
            self.fail("this bracket closes another kind of bracket", p.span)
        return self.take()

    def binary(self, rule: str, left: Node, p: Piece, right: Node) -> Node:
        return Node(rule, p.text, (left, right), (left.span[0], right.span[1]), p.span, False)

    # what the parts of the reader need of one another

    def sum(self) -> Node:
        raise NotImplementedError

    def product(self) -> Node:
        raise NotImplementedError

    def signed(self) -> Node:
        raise NotImplementedError

    def powered(self) -> Node:
        raise NotImplementedError

    def operand(self) -> Node:
        raise NotImplementedError

    def argument(self, of: str) -> Node:
        raise NotImplementedError

    def braces(self, note: bool = True) -> Node:
        raise NotImplementedError

    def function(self, name: str, span: Span) -> Node:
        raise NotImplementedError

    def abstract_call(self, name: str, span: Span) -> Node:
        raise NotImplementedError

    def starts_operand(self) -> bool:
        raise NotImplementedError

    def mark_end(self, at: int) -> int | None:
        raise NotImplementedError

    def change(self) -> Node:
        raise NotImplementedError
