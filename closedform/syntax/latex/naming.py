r"""Names in LaTeX source: letters with fonts, accents and subscripts, and letters that mean something."""

from __future__ import annotations

from closedform.errors import NotSupported, TooLarge, UnknownName
from closedform.syntax.latex import commands
from closedform.syntax.latex.cursor import MAX_GROUPS
from closedform.syntax.latex.meanings import COMMUTATION, Meanings
from closedform.syntax.latex.names import ACCENTS, GREEK, OTHER_LETTERS, known_as
from closedform.syntax.latex.tokens import Piece
from closedform.syntax.tree import Node, Span

_INDEX_LETTERS = frozenset("ijkl")
_APPLIED = frozenset("fghφψ")  #: letters that stand for functions before a bracket


class Naming(Meanings):
    """Reads names."""

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
        if word in commands.REFUSED and word not in self.known and (applied or len(word) > 1):
            self.fail(f"{word} is {commands.REFUSED[word]}; it is not in the syntax", span, kind=NotSupported)
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
            name = self.flat(self.at, last).replace("\\_", "_")
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
        hoisted = self.hoist()
        p = self.peek
        name = known_as(name, self.known)
        applied = p.kind == "open" and p.text in "(["
        if name not in self.known:
            if name == "e" and p.kind == "^" and not self.is_transposed(span):
                return self.euler(span)
            if name == "I":
                return self.identity(span)
            if name == COMMUTATION and p.kind == "_" and self.is_pair_of_sizes():
                return self.commutation(span)
            if name == "σ" and applied:
                self.note(f"{self.written(span)} is read as the logistic function, as it is applied")
                return self.function("sigmoid", span)
            if applied and p.text == "(" and name in _APPLIED:
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
        if name not in self.known and self.peek.kind == "open" and self.peek.text == "(" and self.is_bare(self.at + 1):
            self.fail(f"{name}(…) may be a function or a product", span, f"declare {name}, e.g. {name}: entrywise")
        if indices:
            if hoisted and len(indices) > 1:
                indices = self.of_whole(indices)
            if bold:
                self.bold[name + "[]"] = "vector"
            return Node("indexed", name, tuple(self.index_node(i, span) for i in indices), span, span)
        return self.leaf(name, bold, span)

    def of_whole(self, indices: list[str]) -> list[str]:
        r"""The indices of `A^\top_{ij}`, which is `A_{ji}`.

        Raises:
            SyntaxProblem: another power, which may be that of the matrix or of its entry.
        """
        mark = self.take()
        last = self.past(self.at)
        if self.flat(self.at, last) not in commands.TRANSPOSED:
            where = (mark.start, self.pieces[last - 1].end)
            self.fail("a power of the matrix or of its entry", where, "put brackets around one of them")
        self.at = last
        return indices[::-1]

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
            upper = self.bracketed(self.at + 1, last)
            if upper is not None:
                parts = self.parts(*upper) + parts
                end, self.at = max(end, self.pieces[last - 1].end), last
                if not set(parts) & set(self.indices):
                    self.note(f"{self.written((span[0], end))} is read as a name, not as a power")
        if not parts:
            return [], name, end
        indices = self.bound(parts, (self.pieces[where[0]].start, end))
        return indices, name if indices else "_".join([name, *parts]), end

    def bracketed(self, first: int, last: int) -> tuple[int, int] | None:
        """The tokens of a superscript in brackets, `x^{(i)}`, which is an index and no power."""
        inner = [i for i in range(first, last) if self.pieces[i].kind not in ("{", "}")]
        kinds = [self.pieces[i].kind for i in inner]
        plain = all(kind in ("letter", "number", ",") for kind in kinds[1:-1])
        if (
            len(inner) < 3
            or not plain
            or kinds[0] != "open"
            or kinds[-1] != "close"
            or self.pieces[inner[0]].text != "("
        ):
            return None
        return inner[1], inner[-1]

    def subscripted(self, name: str, span: Span) -> tuple[str, int]:
        _, name, end = self.indexed(name, span)
        return name, end

    # letters with a meaning -------------------------------------------------------------------------------------
