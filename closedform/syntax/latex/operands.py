r"""What stands between operators: names, brackets, bars, braces, fractions and roots."""

from __future__ import annotations

from collections.abc import Callable

from closedform.errors import NotSupported, TooLarge, UnknownName
from closedform.syntax.latex import commands
from closedform.syntax.latex.changing import Changing
from closedform.syntax.latex.cursor import MAX_GROUPS
from closedform.syntax.latex.names import ACCENTS, GREEK, OTHER_LETTERS
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.tree import Node, Span

_NORMS = {  #: subscript to how the norm is spelled in a tree
    "": "‖", "F": "‖", "Fro": "‖", "fro": "‖", "HS": "‖", "2": "‖_2", r"\ell2": "‖_2", "1": "‖_1", r"\ell1": "‖_1",
    "*": "‖_*", r"\ast": "‖_*", r"\star": "‖_*", "nuc": "‖_*",
}  # fmt: skip
_SETS = {"E": "an expectation", "P": "a probability", "R": "a set of numbers", "C": "a set of numbers"}
_ENVIRONMENTS = {"array": "name the matrix and declare its shape", "cases": "give each case on its own"}


class Operands(Changing):
    """Reads one operand."""

    def operand(self) -> Node:
        self.depth += 1
        if self.depth > MAX_GROUPS:
            self.fail(f"groups nest deeper than {MAX_GROUPS}", self.peek.span, kind=TooLarge)
        node = self._operand()
        self.depth -= 1
        return node

    def _operand(self) -> Node:
        p = self.peek
        match p.kind:
            case "letter":
                return self.letters() or self.named()
            case "number":
                self.take()
                if p.text in ("0", "1") and self.peek.kind == "_":
                    return self.filled(p.text, p.span)
                return Node("literal", p.text, (), p.span, p.span)
            case "{":
                return self.braces()
            case "open" | "bar":
                return self.brackets()
            case "command":
                return self.command(p)
        self.unexpected()

    def command(self, p: Piece) -> Node:
        word = p.text[1:]
        if self.mark_end(self.at) is not None and (p.text == r"\partial" or self.mark_end(self.at) != self.at + 1):
            return self.change()
        if word in GREEK or word in ACCENTS or word in OTHER_LETTERS:
            return self.named()
        if p.text in commands.BOLD:
            return self.bold_group()
        if p.text in commands.WORDS:
            return self.word()
        if p.text in commands.FRACTIONS:
            return self.fraction()
        if p.text in commands.SUMS:
            return self.indexed_sum()
        special = _SPECIAL.get(p.text)
        if special is not None:
            return special(self)
        function = commands.function_named(word)
        if function is not None:
            self.take()
            return self.function(function, p.span)
        if word in commands.REFUSED:
            what = f"{p.text} is {commands.REFUSED[word]}; it is not in the syntax"
            self.fail(what, p.span, commands.HINTS.get(word), NotSupported)
        self.fail(f"unknown command {p.text[:40]}", p.span, commands.command_hint(p.text), UnknownName)

    def argument(self, of: str) -> Node:
        """A group in braces, or one token."""
        p = self.peek
        if p.kind in ("end", "}") or p.text in ("+", "-", "="):
            what = "an exponent" if of == "^" else f"an argument of {of}"
            self.fail(f"{what} is missing", self.pieces[self.at - 1].span)
        if p.kind == "{":
            return self.braces(note=False)
        if p.kind == "number" and (p.text[0] == "." or p.text[1:] == "."):
            self.fail(f"the argument of {of} is not clear", p.span, "put it in braces")
        if p.kind == "number" and len(p.text) > 1:
            self.pieces[self.at : self.at + 1] = [
                Piece("number", p.text[0], p.start, p.start + 1), Piece("number", p.text[1:], p.start + 1, p.end),
            ]  # fmt: skip
        end = self.past(self.at)
        if p.kind == "letter":
            return self.name(*self.base_name())
        node = self.operand()
        if self.at > end:
            self.fail(f"the argument of {of} is not clear", node.span, "put it in braces")
        return node

    def braces(self, note: bool = True) -> Node:
        opening = self.take()
        if self.peek.kind == "}":
            self.fail("these braces are empty", (opening.start, self.peek.end))
        self.closers.append(opening)
        node = self.sum()
        self.closers.pop()
        closing = self.close_brace(opening)
        span = (opening.start, closing.end)
        if note and node.rule in ("PLUS", "MINUS") and not node.grouped:
            self.note(f"{self.written(span)} is read as one factor, ({self.written(node.span)})")
        return Node(node.rule, node.text, node.operands, span, node.at)

    def brackets(self) -> Node:
        opening = self.take()
        self.closers.append(opening)
        node = self.sum()
        if opening.text == "⟨":
            node = self.inner(node)
        closing = self.close_bracket(opening)
        span = (opening.start, closing.end)
        if opening.text == "|":
            return Node("bars", "|", (node,), span, opening.span)
        if opening.text == "‖":
            return self.norm(node, span, opening)
        if opening.text == "⟨":
            if self.peek.kind == "_":
                self.take()
                self.at = self.past(self.at)
            return Node("call", "sum", (node,), span, opening.span)
        return Node(node.rule, node.text, node.operands, span, node.at)

    def inner(self, left: Node) -> Node:
        comma = self.peek
        if comma.kind != ",":
            self.fail("an inner product has a comma", comma.span, r"write \langle x, y \rangle")
        self.take()
        right = self.sum()
        return Node("DOTSTAR", "⟨⟩", (left, right), (left.span[0], right.span[1]), comma.span)

    def norm(self, node: Node, span: Span, opening: Piece) -> Node:
        self.hoist()
        kind = ""
        if self.peek.kind == "_":
            mark = self.take()
            last = self.past(self.at)
            kind = self.flat(self.at, last).replace("_", "")
            span = (span[0], max(span[1], self.pieces[last - 1].end))
            self.at = last
            if kind not in _NORMS:
                where = (mark.start, self.pieces[last - 1].end)
                self.fail(f"no norm is called {self.written(where)} here", where, r"write \|X\|_F, \|x\|_1 or \|X\|_*",
                          NotSupported)  # fmt: skip
        text = _NORMS[kind]
        return Node("vectornorm" if text == "‖_2" else "norm", text, (node,), span, opening.span)

    def fraction(self) -> Node:
        start = self.peek
        over, under = self.at + 1, self.past(self.at + 1)
        if self.is_derivative(over, under):
            return self.derivative()
        self.take()
        above = self.argument(start.text)
        below = self.argument(start.text)
        return Node("SLASH", "/", (above, below), (start.start, below.span[1]), start.span)

    def root(self) -> Node:
        start = self.take()
        degree = None
        if self.peek.kind == "open" and self.peek.text == "[":
            degree = self.brackets()
        inside = self.argument(start.text)
        span = (start.start, inside.span[1])
        if degree is None:
            return Node("call", "sqrt", (inside,), span, start.span)
        one = Node("literal", "1", (), start.span, start.span)
        power = Node("SLASH", "/", (one, degree), degree.span, degree.at)
        return Node("DOTHAT", ".^", (inside, power), span, start.span)

    def environment(self) -> Node:
        start = self.take()
        last = self.past(self.at)
        name = self.flat(self.at, last)
        span = (start.start, self.pieces[last - 1].end)
        hint = _ENVIRONMENTS.get("array" if "matrix" in name else name, "give the formula alone")
        self.fail(f"the environment {name[:40]} is not in the syntax", span, hint, NotSupported)

    def blackboard(self) -> Node:
        start = self.take()
        last = self.past(self.at)
        inside = self.flat(self.at, last)
        span = (start.start, self.pieces[last - 1].end)
        if inside in ("1", "0"):
            self.at = last
            return self.filled(inside, span)
        if inside == "I":
            self.at = last
            return self.identity(span)
        what = _SETS.get(inside, "a set")
        self.fail(f"{self.written(span)} is {what}; it is not in the syntax", span, kind=NotSupported)

    def bold_group(self) -> Node:
        r"""`\mathbf{x}` is a name, `\mathbf{1}` ones, `\mathbf{AX}` a product."""
        start = self.peek
        last = self.past(self.at)
        inside = self.flat(self.at, last)
        span = (start.start, self.pieces[last - 1].end)
        if inside in ("1", "0"):
            self.at = last
            return self.filled(inside, span)
        if inside == "I" and "I" not in self.known:
            self.at = last
            return self.identity(span)
        if len(inside) > 1 and (function := commands.function_named(inside)):
            self.at = last
            return self.function(function, span)
        fonts = commands.BOLD | commands.WORDS | {"{", "}"}
        letters = [p for p in self.pieces[self.at + 1 : last] if p.text not in fonts]
        accents = sum(p.kind == "command" and p.text[1:] in ACCENTS for p in letters)
        if len(letters) - accents <= 1:
            return self.named()
        self.take()
        before, self.emboldened = self.emboldened, True
        node = self.braces(note=False)
        self.emboldened = before
        if node.rule in ("juxtapose", "PLUS", "MINUS") and (self.peek.kind == "^" or self.peek.text == "'"):
            self.fail("an exponent after a product", self.peek.span, "put it inside the braces, or use brackets")
        return node


_SPECIAL: dict[str, Callable[[Operands], Node]] = {
    **dict.fromkeys([r"\mathbb", r"\mathbbm", r"\mathds"], Operands.blackboard),
    r"\sqrt": Operands.root,
    r"\nabla": Operands.nabla,
    r"\begin": Operands.environment,
}
