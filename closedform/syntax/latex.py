r"""LaTeX, as people write it in papers and questions, to the syntax tree that the text syntax makes.

LaTeX → tokens (latex_tokens.py) → tree (here), less its finite sums (latex_sums.py), with the kinds of letters that
their places decide (latex_kinds.py).  Spans point into the LaTeX source.  What is ambiguous is noted or refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from closedform.core.shape import Shape
from closedform.errors import ClosedFormError, NotSupported, SyntaxProblem, TooLarge, UnknownName
from closedform.syntax import latex_commands as commands
from closedform.syntax.latex_kinds import Kinds
from closedform.syntax.latex_names import ACCENTS, GREEK, OTHER_LETTERS, known_as
from closedform.syntax.latex_sums import without_sums
from closedform.syntax.latex_tokens import Piece, pieces
from closedform.syntax.names import Kind
from closedform.syntax.tokens import COMMUTATION, SIZED
from closedform.syntax.tree import Node, Span, postorder

MAX_GROUPS = 60  #: brackets, braces and arguments inside one another
_INDEX_LETTERS = frozenset("ijkl")
_APPLIED = frozenset("fghφψ")  #: letters that stand for functions before a bracket
_MATRIX_VALUED = frozenset({"diag", "vec", "inv", "adj", "pinv", "expm", "logm", "sqrtm", "kron"})
_SCALAR_VALUED = frozenset({"tr", "det", "logdet", "norm1", "norm2", "normnuc", "logsumexp"})


@dataclass(frozen=True, slots=True)
class Written:
    """What a LaTeX source says.

    Attributes:
        tree: the syntax tree, as the text syntax makes it.
        kinds: what undeclared names stand for where their letter alone does not say it.
        sizes: names used as dimensions, with their places.
        notes: the readings that were chosen.
    """

    tree: Node
    kinds: Mapping[str, Kind]
    sizes: Mapping[str, Span]
    notes: list[str]


def read(
    source: str,
    shapes: Mapping[str, Shape] | None = None,
    abstract: Collection[str] = (),
    *,
    statement: bool = False,
) -> Written:
    r"""The syntax tree of LaTeX source.

    Args:
        source: the formula.
        shapes: declared shapes.
        abstract: declared functions.
        statement: whether `f(x) = …` is an equation to keep, rather than the name of the function.

    Raises:
        SyntaxProblem: it cannot be understood, or can be understood in two ways.
        UnknownName: a command that is not known.
        NotSupported: it means something that is not in the syntax.
        TooLarge: too long or too deep.

    >>> read(r"\frac{1}{2} x^\top A x").tree.rule
    'juxtapose'
    """
    shapes = shapes or {}
    reader = _Reader(source, pieces(source), {*shapes, *abstract}, frozenset(abstract))
    if not statement:
        reader.skip_head()
    tree = reader.statement()
    kinds = Kinds(shapes, reader.bold, reader.changes)
    kinds.settle(postorder(tree, source))
    plain, notes = without_sums(tree, source, kinds)
    order = postorder(plain, source)
    sizes = _sizes(order)
    kinds.settle(order)
    for node in order:
        if node.rule == "call" and node.text == "exp" and "exp" not in source[slice(*node.at)] and kinds.of(node) != "scalar":
            reader.exponential(node)
    notes = [*reader.notes, *notes, *_spellings(reader)]
    return Written(plain, {n: k for n, k in kinds.chosen().items() if n not in sizes}, sizes, notes)


def name_of(written: str) -> str:
    r"""The plain name of one variable written in LaTeX.

    Raises:
        SyntaxProblem: it is not one name.
    """
    reader = _Reader(written, pieces(written), frozenset(), frozenset())
    node = reader.variable()
    if reader.peek.kind != "end":
        reader.fail("a variable is one name", reader.peek.span)
    return node.text


def _sizes(order: list[Node]) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for node in order:
        if node.rule == "sized" or (node.rule == "call" and node.text in (*SIZED, COMMUTATION)):
            waiting = list(node.operands[1:] if node.rule == "sized" else node.operands)
            while waiting:
                part = waiting.pop()
                waiting += part.operands
                if part.rule == "name":
                    found.setdefault(part.text, part.span)
    return found


def _spellings(reader: _Reader) -> list[str]:
    several = {name: forms.values() for name, forms in reader.spelled.items() if len(forms) > 1}
    return [f"{' and '.join(forms)} are read as one variable, {name}" for name, forms in several.items()]


@dataclass
class _Reader:
    """Recursive descent over the tokens, at most `MAX_GROUPS` deep."""

    source: str
    pieces: list[Piece]
    known: Collection[str]
    abstract: frozenset[str]
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

    # tokens -----------------------------------------------------------------------------------------------------

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
        p = self.pieces[at]
        if p.kind == "{":
            depth = 0
            for i in range(at, len(self.pieces)):
                depth += {"{": 1, "}": -1}.get(self.pieces[i].kind, 0)
                if depth == 0:
                    return i + 1
            self.fail("this brace is never closed", p.span)
        if p.kind == "command" and p.text in commands.BOLD | commands.WORDS | {r"\mathbb"}:
            return self.past(at + 1)
        if p.kind == "command" and p.text[1:] in ACCENTS:
            return self.past(at + 1)
        if p.text in commands.FRACTIONS:
            return self.past(self.past(at + 1))
        if p.kind in ("end", "}"):
            self.missing(at)
        return at + 1

    def missing(self, at: int) -> NoReturn:
        before = self.pieces[at - 1] if at else self.pieces[at]
        self.fail(f"an argument is missing after {before.text or 'this'}", before.span)

    def flat(self, first: int, last: int) -> str:
        """The letters of some tokens, without braces and fonts."""
        dropped = commands.WORDS | commands.BOLD | {"{", "}"}
        return "".join(p.text for p in self.pieces[first:last] if p.text not in dropped)

    def hoist(self) -> None:
        """Put a subscript that follows a superscript before it: `x^2_i` is `x_i^2`."""
        if self.peek.kind != "^" or self.at + 1 >= len(self.pieces):
            return
        middle = self.past(self.at + 1)
        if self.pieces[middle].kind == "_":
            end = self.past(middle + 1)
            self.pieces[self.at : end] = self.pieces[middle:end] + self.pieces[self.at : middle]

    # formulas ---------------------------------------------------------------------------------------------------

    def skip_head(self) -> None:
        """Leave out `f(x) =`: it names the function."""
        end = next((i for i, p in enumerate(self.pieces) if p.text in commands.EQUALS), None)
        if not end:
            return
        i = self.past(0) if self.pieces[0].kind in ("letter", "command") else end + 1
        if self.pieces[0].kind == "command" and self.pieces[0].text[1:] not in {*GREEK, *ACCENTS, *OTHER_LETTERS}:
            i = i if self.pieces[0].text in commands.BOLD | commands.WORDS else end + 1
        if i < end and self.pieces[i].kind == "_":
            i = self.past(i + 1)
        rest = self.pieces[i:end]
        colon = bool(rest) and rest[-1].text == ":"
        rest = rest[:-1] if colon else rest
        applied = bool(rest) and rest[0].kind == "open" and rest[-1].kind == "close"
        plain = all(p.kind in ("letter", "command", "{", "}", "_", ",", "open", "close", "bar", "number") or p.text == ";"
                    for p in rest)  # fmt: skip
        if i <= end and (not rest or (applied and plain)):
            head = self.written((self.pieces[0].start, self.pieces[end - 1 - colon].end))
            self.note(f"{head} is the name of the function")
            self.at = end + 1

    def statement(self) -> Node:
        """A formula, or two with an equals sign between them."""
        left = self.sum()
        if self.peek.text in commands.EQUALS or (self.peek.text == ":" and self.pieces[self.at + 1].text == "="):
            self.at += self.peek.text == ":"
            sign = self.take()
            right = self.sum()
            left = Node("EQUALS", "=", (left, right), (left.span[0], right.span[1]), sign.span, False)
            if self.peek.text in commands.EQUALS:
                self.fail("a second equals sign", self.peek.span, "give one equation at a time")
        if self.peek.kind != "end":
            self.unexpected()
        return left

    def sum(self) -> Node:
        left = self.product()
        while self.peek.text in ("+", "-") and self.peek.kind == "operator":
            sign = self.take()
            right = self.product()
            left = self.binary("PLUS" if sign.text == "+" else "MINUS", left, sign, right)
        return left

    def product(self) -> Node:
        left = self.signed()
        while True:
            p = self.peek
            if p.text in commands.PRODUCTS:
                self.take()
                left = self.binary(commands.PRODUCTS[p.text], left, p, self.signed())
            elif self.starts_operand():
                right = self.powered()
                left = Node("juxtapose", "", (left, right), (left.span[0], right.span[1]), right.span, False)
            else:
                return left

    def binary(self, rule: str, left: Node, p: Piece, right: Node) -> Node:
        return Node(rule, p.text, (left, right), (left.span[0], right.span[1]), p.span, False)

    def signed(self) -> Node:
        signs: list[Piece] = []
        while self.peek.text in ("+", "-") and self.peek.kind == "operator":
            signs.append(self.take())
            if len(signs) > MAX_GROUPS:
                self.fail("too many signs in a row", signs[-1].span, kind=TooLarge)
        node = self.powered()
        for p in reversed(signs):
            rule = "negative" if p.text == "-" else "positive"
            node = Node(rule, p.text, (node,), (p.start, node.span[1]), p.span, False)
        return node

    def starts_operand(self) -> bool:
        p = self.peek
        if p.kind == "bar":
            last = self.closers[-1].text if self.closers else ""
            if self.source[p.start : p.end] == "||" and last == "|":
                middle = p.start + 1
                self.pieces[self.at : self.at + 1] = [Piece("bar", "|", p.start, middle), Piece("bar", "|", middle, p.end)]
                return False
            return last != p.text
        if p.kind == "command":
            return p.text not in commands.EQUALS and p.text not in commands.PRODUCTS
        return p.kind in ("letter", "number", "open", "{")

    def unexpected(self) -> NoReturn:
        p = self.peek
        hint = None
        if p.kind == "end" and self.closers:
            what = "brace" if self.closers[-1].kind == "{" else "bracket"
            self.fail(f"this {what} is never closed", self.closers[-1].span)
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

    # exponents --------------------------------------------------------------------------------------------------

    def powered(self) -> Node:
        """An operand with its primes, transposes and exponents."""
        node = self.operand()
        raised = False
        for _ in range(MAX_GROUPS):
            p = self.peek
            if p.text == "'":
                self.take()
                node = Node("PRIME", "'", (node,), (node.span[0], p.end), p.span)
            elif p.kind == "^":
                if raised:
                    self.fail("a second exponent", p.span, "put brackets around the first power")
                node, raised = self.exponent(node), True
            elif p.text == ".^":
                self.take()
                power = self.operand()
                node = Node("DOTHAT", ".^", (node, power), (node.span[0], power.span[1]), p.span)
            elif p.kind == "_":
                node = self.entry(node)
            else:
                return node
        self.fail("too many primes in a row", self.peek.span, kind=TooLarge)

    def exponent(self, node: Node) -> Node:
        """What `^…` makes of an operand."""
        mark = self.take()
        first, last = self.at, self.past(self.at)
        inside = self.flat(first, last)
        end = self.pieces[last - 1].end
        span = (node.span[0], max(end, node.span[1]))
        whole = (mark.start, end)
        if node.rule == "name" and node.text in self.changes and inside not in commands.TRANSPOSED:
            X = self.changes[node.text]
            self.fail(f"a power of d{X} or the differential of a power", whole, f"write d({X}^…) or (d{X})^…")
        if inside in commands.TRANSPOSED and not (inside == "t" and "t" in self.known):
            self.at = last
            if inside == "t":
                self.note(f"{self.written(span)} is read as a transpose")
            return Node("PRIME", "^" + inside, (node,), span, whole)
        if inside == "-1" or (inside[:1] == "-" and inside[1:] in commands.TRANSPOSED - {"t"}):
            self.at = last
            return Node("SUPER", "⁻¹" if inside == "-1" else "⁻ᵀ", (node,), span, whole)
        if inside in ("+", r"\dagger", "†"):
            self.at = last
            return Node("call", "pinv", (node,), span, whole)
        if inside in ("*", r"\ast", r"\star", "H", r"\mathsf{H}"):
            self.fail(f"^{inside} is ambiguous: an adjoint, an optimum or an adjugate", whole,
                      r"write X^\top for the transpose, \operatorname{adj}(X) for the adjugate, or another name")  # fmt: skip
        if inside in ("1/2", r"\frac12", r"\tfrac12", "½", "0.5"):
            self.at = last
            return Node("half", "^" + inside, (node,), span, whole)
        if inside[:5] in (r"\circ", r"\odot"):
            return self.entry_power(node, first, last, span, whole)
        return Node("HAT", "^", (node, self.argument("^")), span, mark.span)

    def entry_power(self, node: Node, first: int, last: int, span: Span, whole: Span) -> Node:
        r"""`x^{\circ 2}`, the power of every entry."""
        braced = self.pieces[first].kind == "{"
        self.at = first + 1 + braced
        if self.at >= last - braced:
            self.fail(f"^{self.pieces[first + braced].text} says no power", whole, r"write x^{\circ 2}")
        power = self.sum()
        if braced:
            self.close_brace(self.pieces[first])
        return Node("DOTHAT", ".^", (node, power), span, whole)

    def entry(self, node: Node) -> Node:
        """A subscript after something that is no name: an entry, inside a sum over its index."""
        mark = self.take()
        last = self.past(self.at)
        end = self.pieces[last - 1].end
        indices = self.bound(self.parts(self.at, last), (mark.start, end))
        if not indices:
            self.fail("a subscript belongs to a name", (mark.start, end), "an entry is read inside a sum over its index")
        self.at = last
        return Node("entry", ",".join(indices), (node,), (node.span[0], end), (mark.start, end))

    # operands ---------------------------------------------------------------------------------------------------

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
        special = {r"\sqrt": self.root, r"\nabla": self.nabla, r"\mathbb": self.blackboard, r"\mathbbm": self.blackboard,
                   r"\mathds": self.blackboard, r"\begin": self.environment}  # fmt: skip
        if p.text in special:
            return special[p.text]()
        function = commands.function_named(word)
        if function is not None:
            self.take()
            return self.function(function, p.span)
        if p.text in commands.REFUSED or word in commands.REFUSED_WORDS:
            what = commands.REFUSED.get(p.text) or commands.REFUSED_WORDS[word]
            self.fail(f"{p.text} is {what}; it is not in the syntax", p.span, commands.HINTS.get(p.text), NotSupported)
        self.fail(f"unknown command {p.text[:40]}", p.span, commands.command_hint(p.text), UnknownName)

    def argument(self, of: str) -> Node:
        """A group in braces, or one token."""
        p = self.peek
        if p.kind in ("end", "}") or p.text in ("+", "-", "="):
            what = "an exponent" if of == "^" else f"an argument of {of}"
            self.fail(f"{what} is missing", self.pieces[self.at - 1].span)
        if p.kind == "{":
            return self.braces(note=False)
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

    def close_brace(self, opening: Piece) -> Piece:
        if self.peek.kind == "end":
            self.fail("this brace is never closed", opening.span)
        if self.peek.kind != "}":
            self.unexpected()
        return self.take()

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

    def inner(self, left: Node) -> Node:
        comma = self.peek
        if comma.kind != ",":
            self.fail("an inner product has a comma", comma.span, r"write \langle x, y \rangle")
        self.take()
        right = self.sum()
        return Node("DOTSTAR", "⟨⟩", (left, right), (left.span[0], right.span[1]), comma.span)

    _NORMS = {"": "‖", "2": "‖_2", "F": "‖", "Fro": "‖", "fro": "‖", "1": "‖_1", "*": "‖_*", r"\ast": "‖_*", r"\star": "‖_*",
              r"\ell2": "‖_2", r"\ell1": "‖_1", "HS": "‖", "nuc": "‖_*"}  # fmt: skip

    def norm(self, node: Node, span: Span, opening: Piece) -> Node:
        self.hoist()
        kind = ""
        if self.peek.kind == "_":
            mark = self.take()
            last = self.past(self.at)
            kind = self.flat(self.at, last).replace("_", "")
            span = (span[0], max(span[1], self.pieces[last - 1].end))
            self.at = last
            if kind not in self._NORMS:
                where = (mark.start, self.pieces[last - 1].end)
                self.fail(f"no norm is called {self.written(where)} here", where, r"write \|X\|_F, \|x\|_1 or \|X\|_*",
                          NotSupported)  # fmt: skip
        text = self._NORMS[kind]
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
        self.fail(f"the environment {name[:40]} is not in the syntax", span,
                  "name the matrix and declare its shape" if "matrix" in name or name == "array" else
                  "give each case on its own" if name == "cases" else "give the formula alone", NotSupported)  # fmt: skip

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
        what = {"E": "an expectation", "P": "a probability", "R": "a set of numbers"}.get(inside, "a set")
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
        letters = [p for p in self.pieces[self.at + 1 : last] if p.text not in commands.BOLD | commands.WORDS | {"{", "}"}]
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

    # names ------------------------------------------------------------------------------------------------------

    def letters(self) -> Node | None:
        """Letters that are more than a name: `tr(…)` in plain letters, `dX`, `d(…)`."""
        first = self.at
        last = first
        while self.pieces[last].kind == "letter" and self.pieces[last].text.isascii() and (
            last == first or self.pieces[last].start == self.pieces[last - 1].end
        ):  # fmt: skip
            last += 1
        word = "".join(p.text for p in self.pieces[first:last])
        opened = self.pieces[last].kind == "open" and self.pieces[last].text in "(["
        start = self.pieces[first]
        if len(word) > 1 and opened and (function := commands.function_named(word)) and word not in self.known:
            self.at = last
            return self.function(function, (start.start, self.pieces[last - 1].end))
        if len(word) > 1 and word in self.known:
            self.at = last
            return self.name(word, False, (start.start, self.pieces[last - 1].end))
        mark = self.mark_end(first)
        if mark is not None and self.pieces[mark].start == start.end and (
            self.pieces[mark].kind in ("letter", "command") or (self.pieces[mark].kind == "open" and last == first + 1)
        ):  # fmt: skip
            return self.change()
        return None

    def word(self) -> Node:
        r"""`\operatorname{tr}`, `\mathrm{rate}`: a function or a name of several letters."""
        start = self.peek
        last = self.past(self.at)
        word = self.flat(self.at, last)
        span = (start.start, self.pieces[last - 1].end)
        if word == "I" and "I" not in self.known:
            self.at = last
            return self.identity(span)
        if len(word) > 1 and (function := commands.function_named(word)) and word not in self.known:
            self.at = last
            return self.function(function, span)
        applied = self.pieces[last].kind == "open"
        if word in commands.REFUSED_WORDS and word not in self.known and (applied or len(word) > 1):
            self.fail(f"{word} is {commands.REFUSED_WORDS[word]}; it is not in the syntax", span, kind=NotSupported)
        if start.text.startswith(r"\operatorname") or (applied and len(word) > 1 and word not in self.known):
            from closedform.syntax.names import function_hint

            self.fail(f"unknown function {word[:40]}", span, function_hint(word), UnknownName)
        return self.named()

    def named(self) -> Node:
        """A variable, or a letter that means something in its place."""
        return self.name(*self.base_name())

    def variable(self) -> Node:
        """A name and nothing else."""
        name, bold, span = self.base_name()
        name, end = self.subscripted(name, span)
        return self.leaf(name, bold, (span[0], end))

    def base_name(self) -> tuple[str, bool, Span]:
        """The letter of a name with its font and accents: name, whether it is bold, and its place."""
        self.depth += 1
        if self.depth > MAX_GROUPS:
            self.fail(f"groups nest deeper than {MAX_GROUPS}", self.peek.span, kind=TooLarge)
        p = self.take()
        name, bold, end = self._base(p)
        self.depth -= 1
        return name, bold or self.emboldened, (p.start, end)

    def _base(self, p: Piece) -> tuple[str, bool, int]:
        word = p.text[1:]
        if p.kind == "letter":
            return p.text, False, p.end
        if word in GREEK or word in OTHER_LETTERS:
            return GREEK.get(word) or OTHER_LETTERS[word], False, p.end
        if p.text in commands.WORDS:
            last = self.past(self.at)
            name = self.flat(self.at, last)
            self.at = last
            if not name.isidentifier():
                self.fail("a name has letters and digits only", (p.start, self.pieces[last - 1].end))
            return name, False, self.pieces[last - 1].end
        if p.text in commands.BOLD or word in ACCENTS or p.kind == "{":
            if p.kind != "{" and self.peek.kind != "{":
                name, bold, span = self.base_name()
                end = span[1]
            else:
                opening = p if p.kind == "{" else self.take()
                name, bold, span = self.base_name()
                name, _ = self.subscripted(name, span)
                end = self.close_brace(opening).end
            return name + ("_" + ACCENTS[word] if word in ACCENTS else ""), bold or p.text in commands.BOLD, end
        self.at -= p.kind != "end"
        self.fail("a name is expected here", p.span)

    def name(self, name: str, bold: bool, span: Span) -> Node:
        """What a letter means here: e to a power, the identity, σ applied, an indexed row, or a variable."""
        self.hoist()
        p = self.peek
        name = known_as(name, self.known)
        applied = p.kind == "open" and p.text in "(["
        if name not in self.known:
            if name == "e" and p.kind == "^":
                return self.euler(span)
            if name == "I":
                return self.identity(span)
            if name == COMMUTATION and p.kind == "_" and len(self.parts(self.at + 1, self.past(self.at + 1))) == 2:
                return self.sized_call(COMMUTATION, span, 2)
            if name == "σ" and applied:
                self.note(f"{self.written(span)} is read as the logistic function, as it is applied")
                return self.function("sigmoid", span)
            if name in _APPLIED and applied and p.text == "(":
                self.fail(f"{name}(…) may be a function or a product", span, f"declare {name}, e.g. {name}: entrywise")
            if name == "E" and applied and p.text == "[":
                self.fail("E[…] is an expectation; it is not in the syntax", span, kind=NotSupported)
        if name in self.abstract:
            return self.abstract_call(name, span)
        start, indices = span[0], None
        if p.kind == "_" or p.kind == "^":
            indices, name, end = self.indexed(name, span)
            span = (start, end)
        name = known_as(name, self.known)
        if indices:
            if bold:
                self.bold[name + "[]"] = "vector"
            return Node("indexed", name, tuple(self.index_node(i, span) for i in indices), span, span)
        return self.leaf(name, bold, span)

    def leaf(self, name: str, bold: bool, span: Span) -> Node:
        name = known_as(name, self.known)
        flat = "".join(c for c in self.source[slice(*span)] if c not in "{} ")
        self.spelled.setdefault(name, {}).setdefault(flat, self.written(span))
        if bold:
            self.bold[name] = "matrix" if name[0].isupper() else "vector"
        if name == "π" and name not in self.known:
            self.note("π is read as a variable, not as the number")
        return Node("name", name, (), span, span)

    def index_node(self, name: str, span: Span) -> Node:
        return Node("index", name, (), span, span)

    def parts(self, first: int, last: int) -> list[str]:
        """A subscript's parts: between commas, else every single letter where all are indices of sums."""
        dropped = commands.WORDS | commands.BOLD | {"{", "}"}
        found: list[list[Piece]] = [[]]
        for p in self.pieces[first:last]:
            if p.kind == "," or p.text == r"\times":
                found.append([])
            elif p.text not in dropped:
                found[-1].append(p)
        if len(found) == 1 and len(found[0]) > 1 and all(p.text in self.indices for p in found[0]):
            return [p.text for p in found[0]]
        return ["".join(self.in_name(p) for p in part) for part in found]

    def in_name(self, p: Piece) -> str:
        """A token as part of a name."""
        word = p.text[1:]
        if p.kind in ("letter", "number") and "." not in p.text:
            return p.text
        if p.kind == "command" and (word in GREEK or word in OTHER_LETTERS):
            return GREEK.get(word) or OTHER_LETTERS[word]
        if p.text in ("*", r"\star", r"\ast"):
            return "star"
        if p.kind == "command" and word in ("max", "min"):
            return word
        hint = "write letters and digits in a subscript"
        if p.text in ("+", "-"):
            hint = "a shifted index is not in the syntax; " + hint
        self.fail(f"{p.text} in a subscript", p.span, hint)

    def bound(self, parts: list[str], span: Span) -> list[str]:
        """The parts of a subscript, if they are indices of the sums around it; nothing if none is.

        Raises:
            SyntaxProblem: some are and some are not.
        """
        known = [part for part in parts if part in self.indices]
        if len(known) == len(parts):
            return known
        free = [part for part in parts if part not in self.indices]
        if any(part in self.summed for part in free):
            self.fail(f"{free[0]} is the index of a sum that ended before", span, "put brackets around what is summed")
        if known or (self.indices and all(set(part) <= _INDEX_LETTERS for part in free)):
            over = ", ".join(self.indices)
            self.fail(f"{free[0]} is not an index of the sum", span, f"the sum is over {over}")
        if len("".join(parts)) > 1 and all(set(part) <= _INDEX_LETTERS for part in parts):
            self.fail("an entry is read inside a sum over its indices only", span, r"write \sum_{i,j}, or the matrix")
        return []

    def indexed(self, name: str, span: Span) -> tuple[list[str], str, int]:
        """The indices of a name, or its name with the subscript in it; and where it ends."""
        parts: list[str] = []
        end = span[1]
        where = [self.at]
        if self.peek.kind == "_":
            last = self.past(self.at + 1)
            parts = self.parts(self.at + 1, last)
            end, self.at = max(end, self.pieces[last - 1].end), last
            where.append(last)
        if self.peek.kind == "^":
            last = self.past(self.at + 1)
            inner = [p for p in self.pieces[self.at + 1 : last] if p.kind not in "{}"]
            if len(inner) > 2 and (inner[0].kind, inner[-1].kind) == ("open", "close") and inner[0].text == "(":
                opened = next(i for i in range(self.at + 1, last) if self.pieces[i].kind == "open")
                parts = self.parts(opened + 1, opened + len(inner) - 1) + parts
                end, self.at = max(end, self.pieces[last - 1].end), last
        if not parts:
            return [], name, end
        indices = self.bound(parts, (self.pieces[where[0]].start, end))
        return indices, name if indices else "_".join([name, *parts]), end

    def subscripted(self, name: str, span: Span) -> tuple[str, int]:
        _, name, end = self.indexed(name, span)
        return name, end

    # letters with a meaning -------------------------------------------------------------------------------------

    def euler(self, span: Span) -> Node:
        """e to a power: exp, entry by entry."""
        mark = self.take()
        power = self.argument("^")
        whole = (span[0], max(power.span[1], mark.end))
        return Node("call", "exp", (power,), whole, span)

    def exponential(self, node: Node) -> None:
        """Say how e to a vector or a matrix is read."""
        shown = self.written(node.span)
        self.note(f"{shown} is read entry by entry; the exponential of a matrix is \\operatorname{{expm}}(…)")

    def identity(self, span: Span) -> Node:
        if self.peek.kind == "_":
            return self.sized_call("eye", span, 1)
        return Node("identity", "I", (), span, span)

    def filled(self, value: str, span: Span) -> Node:
        if self.peek.kind == "_":
            return self.sized_call("ones" if value == "1" else "zeros", span, 0)
        literal = Node("literal", value, (), span, span)
        return Node("call", "vector", (literal,), span, span)

    def sized_call(self, function: str, span: Span, count: int) -> Node:
        r"""`I_n`, `\mathbf{1}_{m \times n}`, `K_{m,n}`."""
        mark = self.take()
        first, last = self.at, self.past(self.at)
        dims: list[Node | None] = [None]
        for p in self.pieces[first:last]:
            if p.kind in "{}":
                continue
            if p.kind == "," or p.text == r"\times":
                dims.append(None)
                continue
            if p.kind not in ("letter", "number"):
                self.fail("a size is a name, a number or a product of them", p.span)
            leaf = Node("name" if p.kind == "letter" else "literal", p.text, (), p.span, p.span)
            before = dims[-1]
            dims[-1] = leaf if before is None else Node("juxtapose", "", (before, leaf), (before.span[0], p.end), p.span)
        self.at = last
        end = self.pieces[last - 1].end
        sizes = [d for d in dims if d is not None]
        if count == 1 and len(sizes) == 2 and sizes[0].text == sizes[1].text:
            sizes = sizes[:1]
        if len(sizes) != len(dims) or len(sizes) not in ((1, 2) if count == 0 else (count,)):
            self.fail("this subscript says no size", (mark.start, end))
        return Node("call", function, tuple(sizes), (span[0], end), span)

    # functions --------------------------------------------------------------------------------------------------

    def function(self, name: str, span: Span) -> Node:
        """A function with its argument, in brackets or not."""
        self.hoist()
        if self.peek.kind == "_":
            last = self.past(self.at + 1)
            where = (span[0], self.pieces[last - 1].end)
            hint = {"log": r"write \frac{\log x}{\log 2}", "max": r"write \max(x) for the largest entry"}.get(name)
            self.fail(f"{self.written(where)} has a subscript, which is not in the syntax", where, hint, NotSupported)
        power = self.function_power(name, span)
        args, end, bracketed = self.function_arguments(name, span)
        at = span
        if name == "log" and args[0].rule == "call" and args[0].text == "det":
            name, args = "logdet", list(args[0].operands)
        node = Node("call", name, tuple(args), (span[0], end), at)
        if bracketed and name in _SCALAR_VALUED and self.peek.kind in ("letter", "open", "command") and self.starts_operand():
            self.note(f"the argument of {name} ends at its bracket: {self.written(node.span)}")
        return node if power is None else Node("DOTHAT", ".^", (node, power), node.span, span)

    def function_power(self, name: str, span: Span) -> Node | None:
        r"""The 2 of `\log^2 x`."""
        if self.peek.kind != "^":
            return None
        last = self.past(self.at + 1)
        where = (span[0], self.pieces[last - 1].end)
        inside = self.flat(self.at + 1, last)
        if not inside.isdigit():
            hint = rf"write \arc{name} for the inverse function" if name in ("sin", "cos", "tan") else "write the power last"
            self.fail(f"{self.written(where)} is ambiguous: a power or an inverse", where, hint)
        self.take()
        return self.argument("^")

    def function_arguments(self, name: str, span: Span) -> tuple[list[Node], int, bool]:
        p = self.peek
        if p.kind == "open" and p.text in "([{":
            self.take()
            self.closers.append(p)
            args = [self.sum()]
            while self.peek.kind == ",":
                self.take()
                args.append(self.sum())
            closing = self.close_bracket(p)
            return args, closing.end, True
        if p.kind == "{":
            inside = self.braces(note=False)
            return [inside], inside.span[1], True
        if p.kind in ("bar", "open") and self.starts_operand():
            inside = self.powered()
            return [inside], inside.span[1], True
        if not self.starts_operand() and p.text != "-":
            self.fail(f"{name} has no argument", span, f"write {self.written(span)}(…)")
        inside = self.implied(name, span)
        return [inside], inside.span[1], False

    def implied(self, name: str, span: Span) -> Node:
        """The product that a function without brackets applies to."""
        entrywise = name not in _SCALAR_VALUED | _MATRIX_VALUED | {"sum", "max"}
        first = self.peek
        node = self.signed()
        alone = node
        if self.next_function(first) is not None and node.rule == "call":
            return node
        while True:
            p = self.peek
            function = self.next_function(p)
            if function is not None or p.text in commands.SUMS:
                if entrywise or function in _SCALAR_VALUED:
                    break
                if function not in _MATRIX_VALUED:
                    self.fail(f"where the argument of {name} ends is not clear", span, f"write {self.written(span)}(…)")
            if p.text in commands.PRODUCTS and p.text != "/" and not entrywise:
                self.take()
                node = self.binary(commands.PRODUCTS[p.text], node, p, self.signed())
            elif self.starts_operand():
                right = self.powered()
                node = Node("juxtapose", "", (node, right), (node.span[0], right.span[1]), right.span, False)
            else:
                break
        if node is not alone or self.peek.text in commands.PRODUCTS:
            self.note(f"{self.written((span[0], node.span[1]))} is read as {name}({self.written(node.span)})")
        return Node(node.rule, node.text, node.operands, node.span, node.at)

    def next_function(self, p: Piece) -> str | None:
        """The function that begins at a token."""
        if p.kind != "command":
            return None
        if p.text in commands.WORDS:
            at = self.pieces.index(p, self.at) if p in self.pieces[self.at :] else None
            word = self.flat(at, self.past(at)) if at is not None else self.source[p.end : p.end + 20].strip("{ ").split("}")[0]
            return commands.function_named(word) if len(word) > 1 else None
        return commands.function_named(p.text[1:])

    def abstract_call(self, name: str, span: Span) -> Node:
        """A declared function applied, with its primes."""
        primes = 0
        while self.peek.text == "'":
            self.take()
            primes += 1
        p = self.peek
        if p.kind != "open" or p.text not in "([":
            self.fail(f"{name} is a function; it needs its argument in brackets", span, f"write {name}(…)")
        args, end, _ = self.function_arguments(name, span)
        return Node("call", name + "'" * primes, tuple(args), (span[0], end), span)

    # sums -------------------------------------------------------------------------------------------------------

    def indexed_sum(self) -> Node:
        r"""`\sum_{i=1}^n` and the product that follows."""
        start = self.take()
        self.hoist()
        if self.peek.kind != "_":
            self.fail("a sum without an index", start.span, r"write \sum_i, or \operatorname{sum}(x)")
        mark = self.take()
        last = self.past(self.at)
        where = (mark.start, self.pieces[last - 1].end)
        indices, first = self.range(self.at, last, where)
        self.at = last
        bound = None
        if self.peek.kind == "^":
            self.take()
            bound = self.upper(self.argument("^"), first)
        end = self.pieces[self.at - 1].end
        for i in indices:
            if i in self.indices:
                self.fail(f"{i} is the index of a sum already", where)
        self.indices += indices
        if not self.starts_operand() and self.peek.text != "-":
            self.fail("nothing is summed", (start.start, end))
        body = self.product()
        del self.indices[len(self.indices) - len(indices) :]
        self.summed.update(indices)
        for i in reversed(indices):
            operands = (body,) if bound is None else (body, bound)
            body = Node("SUM", i, operands, (start.start, body.span[1]), (start.start, end))
        return body

    def range(self, first: int, last: int, where: Span) -> tuple[list[str], str]:
        """The indices under a sum sign, and where they begin."""
        inside = self.flat(first, last)
        names, _, begin = inside.partition("=")
        indices = [i for i in names.split(",") if i] if "," in names else list(names)
        if not indices or any(len(i) != 1 or not i.isalpha() for i in indices) or begin not in ("", "1", "0"):
            self.fail(f"a sum over {inside[:40]} is not read", where, r"write \sum_{i=1}^n, \sum_i or \sum_{i,j}")
        if len(set(indices)) < len(indices):
            self.fail("one index twice", where)
        return indices, begin

    def upper(self, bound: Node, first: str) -> Node:
        """The number of terms: the bound, or one more where the sum begins at 0."""
        if first == "0":
            one = bound.rule == "MINUS" and bound.operands[1].rule == "literal" and bound.operands[1].text == "1"
            if not one:
                self.fail("a sum from 0 runs to n-1", bound.span, r"write \sum_{i=1}^n")
            bound = bound.operands[0]
        waiting = [bound]
        while waiting:
            part = waiting.pop()
            waiting += part.operands
            if part.rule not in ("name", "literal", "juxtapose", "STAR"):
                self.fail("the number of terms is a name or a number", bound.span)
        return bound

    # derivatives and differentials ------------------------------------------------------------------------------

    def mark_end(self, at: int) -> int | None:
        r"""Where a `d`, `\mathrm{d}` or `\partial` ends."""
        p = self.pieces[at]
        if p.text == r"\partial":
            return at + 1
        if p.kind == "letter" and p.text == "d" and "d" not in self.known:
            return at + 1
        if p.text in commands.WORDS:
            last = self.past(at)
            return last if self.flat(at, last) == "d" else None
        return None

    def is_derivative(self, over: int, under: int) -> bool:
        if self.pieces[over].kind != "{" or self.pieces[under].kind != "{":
            return False
        mark = self.mark_end(under + 1)
        return self.mark_end(over + 1) is not None and mark is not None and self.pieces[mark].kind != "}"

    def order(self) -> tuple[int, Span]:
        """The 2 of `∂²`."""
        if self.peek.kind != "^":
            return 1, self.pieces[self.at - 1].span
        mark = self.take()
        last = self.past(self.at)
        inside = self.flat(self.at, last)
        where = (mark.start, self.pieces[last - 1].end)
        if not inside.isdecimal() or len(inside) > 1 or inside == "0":
            self.fail("the order of a derivative is a number", where)
        self.at = last
        return int(inside), where

    def derivative(self) -> Node:
        r"""`\frac{\partial f}{\partial x}` and `\frac{\partial}{\partial x} f`."""
        start = self.take()
        opening = self.take()
        self.at = self.mark_end(self.at) or self.at
        order, where = self.order()
        function = None if self.peek.kind == "}" else self.sum()
        self.close_brace(opening)
        opening = self.take()
        variables = self.variables()
        closing = self.close_brace(opening)
        span = (start.start, closing.end)
        if len(variables) != order:
            self.fail(f"a derivative of order {order} by {len(variables)} variables", where)
        if function is None:
            function = self.applied_to(span)
        return Node("derivative", self.source[slice(*span)], (function, *variables), (span[0], max(span[1], function.span[1])),
                    span)  # fmt: skip

    def applied_to(self, span: Span) -> Node:
        if not self.starts_operand() and self.peek.text != "-":
            self.fail("a derivative of nothing", span, "write the function behind it")
        return self.product()

    def variables(self) -> list[Node]:
        r"""What stands under the line: `\partial x \partial x^\top`, `\partial x^2`."""
        found: list[Node] = []
        while (mark := self.mark_end(self.at)) is not None:
            self.at = mark
            p = self.peek
            if p.text in commands.WORDS and self.next_function(p) or p.kind == "open":
                self.fail("a derivative is by a variable", p.span, "name what stands there, and differentiate by the name")
            node = self.variable()
            if self.peek.text == "'":
                prime = self.take()
                node = Node("PRIME", "'", (node,), (node.span[0], prime.end), prime.span)
            times = 1
            if self.peek.kind == "^":
                last = self.past(self.at + 1)
                inside = self.flat(self.at + 1, last)
                where = (self.peek.start, self.pieces[last - 1].end)
                if inside in commands.TRANSPOSED:
                    node = Node("PRIME", "^" + inside, (node,), (node.span[0], where[1]), where)
                elif inside.isdecimal() and len(inside) == 1:
                    times = int(inside)
                else:
                    self.fail("a derivative is by a variable", where)
                self.at = last
            found += [node] * times
        return found

    def nabla(self) -> Node:
        r"""`\nabla_x f`, `\nabla_x^2 f`."""
        start = self.take()
        self.hoist()
        if self.peek.kind != "_":
            self.fail(f"{start.text} by which variable", start.span, rf"write {start.text}_x")
        return self.by_subscript(start)

    def by_subscript(self, start: Piece) -> Node:
        self.take()
        braced = self.peek.kind == "{"
        opening = self.take() if braced else self.peek
        variables = [self.variable() if braced else self.leaf(*self.base_name())]
        while braced and self.peek.kind == ",":
            self.take()
            variables.append(self.variable())
        if braced:
            self.close_brace(opening)
        end = self.pieces[self.at - 1].end
        order = 1
        if self.peek.kind == "^":
            order, where = self.order()
            end = where[1]
        if len(variables) == 1:
            variables = variables * order
        elif order != len(variables):
            self.fail(f"a derivative of order {order} by {len(variables)} variables", (start.start, end))
        span = (start.start, end)
        function = self.applied_to(span)
        return Node("derivative", self.source[slice(*span)], (function, *variables), (start.start, function.span[1]), span)

    def change(self) -> Node:
        r"""`dX` is a name, `d(…)` a differential, `\partial f/\partial x` a derivative, `\partial_x f` too."""
        first = self.at
        start = self.pieces[first]
        self.at = self.mark_end(first) or first
        mark = (start.start, self.pieces[self.at - 1].end)
        if start.text == r"\partial" and self.peek.kind == "_":
            return self.by_subscript(start)
        order, where = self.order()
        p = self.peek
        plain = (p.kind == "letter" or (p.kind == "command" and p.text[1:] in {*GREEK, *ACCENTS})
                 or p.text in commands.BOLD) and self.next_function(p) is None  # fmt: skip
        if not self.starts_operand():
            self.fail(f"a differential of nothing after {self.written(mark)}", mark)
        inside = self.variable() if plain else self.operand()
        if self.peek.text == "/" and self.mark_end(self.at + 1) is not None:
            self.take()
            variables = self.variables()
            if len(variables) != order:
                self.fail(f"a derivative of order {order} by {len(variables)} variables", where)
            span = (start.start, variables[-1].span[1])
            return Node("derivative", self.source[slice(*span)], (inside, *variables), span, mark)
        if order != 1:
            self.fail("a second differential", where, "a first differential is read")
        span = (start.start, inside.span[1])
        if not plain:
            return Node("differential", self.source[slice(*mark)], (inside,), span, mark)
        if start.text == "d":
            self.note(f"{self.written(span)} is read as the differential of {inside.text}")
        name = "d" + inside.text
        self.changes[name] = inside.text
        return Node("name", name, (), span, span)


