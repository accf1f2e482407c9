r"""LaTeX, as people write it in papers and questions, to the syntax tree that the text syntax makes.

LaTeX → tokens (tokens.py) → tree (formulas.py and the files it builds on), less its finite sums (sums.py), with the
kinds of letters that their places decide (kinds.py).  There is no meaning here: that is the text syntax's.  Spans point
into the LaTeX source.  What is ambiguous is noted or refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from closedform.core.shape import Shape
from closedform.syntax.latex.formulas import Reader
from closedform.syntax.latex.kinds import Kinds
from closedform.syntax.latex.sums import without_sums
from closedform.syntax.latex.tokens import pieces
from closedform.syntax.names import Kind
from closedform.syntax.tokens import MATRICES, SIZED
from closedform.syntax.tree import Node, Span, postorder


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
    named: Collection[str] = (),
    *,
    statement: bool = False,
) -> Written:
    r"""The syntax tree of LaTeX source.

    Args:
        source: the formula.
        shapes: declared shapes.
        abstract: declared functions.
        named: names of which only properties are declared.
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
    reader = Reader(source, pieces(source), {*shapes, *abstract, *named}, frozenset(abstract), not statement)
    if not statement:
        reader.skip_head()
    tree = reader.statement()
    kinds = Kinds(shapes, reader.bold, reader.changes)
    kinds.settle(postorder(tree, source))
    reader.note_entrywise(kinds.of, postorder(tree, source))
    plain, notes = without_sums(tree, source, kinds)
    order = postorder(plain, source)
    sizes = _sizes(order)
    kinds.settle(order)
    notes = [*reader.notes, *notes, *_spellings(reader)]
    return Written(plain, {n: k for n, k in kinds.chosen().items() if n not in sizes}, sizes, notes)


def name_of(written: str) -> str:
    r"""The plain name of one variable written in LaTeX.

    Raises:
        SyntaxProblem: it is not one name.
    """
    reader = Reader(written, pieces(written), frozenset(), frozenset())
    node = reader.variable()
    if reader.peek.kind != "end":
        reader.fail("a variable is one name", reader.peek.span)
    return node.text


def _sizes(order: list[Node]) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for node in order:
        if node.rule == "sized" or (node.rule == "call" and node.text in (*SIZED, *MATRICES)):
            waiting = list(node.operands[1:] if node.rule == "sized" else node.operands)
            while waiting:
                part = waiting.pop()
                waiting += part.operands
                if part.rule == "name":
                    found.setdefault(part.text, part.span)
    return found


def _spellings(reader: Reader) -> list[str]:
    several = {name: forms.values() for name, forms in reader.spelled.items() if len(forms) > 1}
    return [f"{' and '.join(forms)} are read as one variable, {name}" for name, forms in several.items()]
