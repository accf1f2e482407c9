"""The meaning of a syntax tree: shapes first, then the expression, exactly as written.

Shapes come from the signatures of the operations themselves, solved over unknown dimensions by `infer`.  Each
node becomes a `Term`: its shape, and how to build its expression once every dimension is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

from closedform.core.abstract import Abstract
from closedform.core.expr import OPS, Expr
from closedform.core.shape import Dim, Shape, dim, show
from closedform.errors import ClosedFormError, DeclarationError, ShapeError
from closedform.syntax.declare import SQUARE
from closedform.syntax.infer import SCALAR, UNIT, Names, Sizes, Unify, as_dim, named, unknowns
from closedform.syntax.names import Kind, usual_kind
from closedform.syntax.tree import Node, Span

Make = Callable[..., Expr]


@dataclass(eq=False, slots=True)
class Term:
    """A node with its shape.

    Attributes:
        node: where it came from.
        shape: rows and columns, perhaps with unknowns.
        make: the operands' expressions to this one's.
        operands: in the order `make` takes them.
        value: of a constant scalar, where it is exact and small.
        integer: whether it is certainly an integer.
    """

    node: Node
    shape: Sizes
    make: Make
    operands: tuple[Term, ...] = ()
    value: Fraction | None = None
    integer: bool = False

    @property
    def is_scalar(self) -> bool:
        return self.shape == SCALAR

    @property
    def is_vector(self) -> bool:
        return (self.shape[0] == UNIT) != (self.shape[1] == UNIT)


@dataclass(eq=False)
class Reading:
    """One text being read: its variables, sizes, equations between dimensions, and notes."""

    source: str
    infer: bool
    shapes: dict[str, Sizes]
    properties: dict[str, frozenset[str]]
    sizes: dict[str, Dim]
    functions: Mapping[str, Abstract] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)  #: of undeclared names, where not their letter decides
    notes: list[str] = field(default_factory=list)
    symbols: dict[str, Expr] = field(default_factory=dict)
    inferred: list[str] = field(default_factory=list)
    loose: list[tuple[Sizes, Node]] = field(default_factory=list)
    rule: Unify = field(default_factory=Unify)
    names: Names | None = None

    # shapes -----------------------------------------------------------------------------------------------------

    def expand(self, shape: Sizes) -> Sizes:
        return self.rule.expand(shape[0]), self.rule.expand(shape[1])

    def resolve(self, *shapes: Sizes) -> list[Shape]:
        """Shapes with a name for every unknown, the same names at every call once all is solved."""
        if self.names is not None:
            return [(as_dim(r, self.names), as_dim(c, self.names)) for r, c in map(self.expand, shapes)]
        every = [self.expand(s) for s in (*self.shapes.values(), *(s for s, _ in self.loose), *shapes)]
        names = named(every, {*self.shapes, *self.sizes})
        return [(as_dim(r, names), as_dim(c, names)) for r, c in every[len(every) - len(shapes) :]]

    def show(self, shape: Sizes) -> str:
        return show(self.resolve(shape)[0])

    def same_shape(self, a: Sizes, b: Sizes) -> bool:
        return self.rule.same(a[0], b[0]) and self.rule.same(a[1], b[1])

    def fits(self, op: str, *shapes: Sizes) -> Sizes | None:
        """The shape of an operation applied; None, and nothing learnt, when the operands do not fit."""
        return self.rule.apply(OPS[op].signatures, shapes)

    def would_fit(self, op: str, *shapes: Sizes) -> bool:
        return self.rule.attempt(lambda: self.fits(op, *shapes) is not None)

    # texts and errors -------------------------------------------------------------------------------------------

    def text(self, term: Term) -> str:
        """The source of a term, shortened."""
        written = " ".join(self.source[slice(*term.node.span)].split())
        return written if len(written) <= 40 else written[:39] + "…"

    def factor(self, term: Term) -> str:
        """The source of a term, in brackets if it needs them as an operand."""
        return self.text(term) if term.node.grouped else f"({self.text(term)})"

    def transposed(self, term: Term) -> str:
        """The source of a term's transpose."""
        if term.node.rule == "PRIME" and self.source[term.node.span[0]] != "(":
            return self.source[slice(*term.node.operands[0].span)]
        return self.factor(term) + "'"

    def misfit(self, message: str, span: Span, terms: Sequence[Term], hint: str | None = None) -> NoReturn:
        """Raise a ShapeError naming each operand and its shape."""
        hint = hint or self._guess_hint(terms)
        shapes = {self.text(t): self.show(t.shape) for t in terms}
        raise ShapeError(message, source=self.source, span=span, shapes=shapes, hint=hint)

    def _guess_hint(self, terms: Sequence[Term]) -> str | None:
        """Where a shape was guessed from a letter: how to declare another."""
        pinned = self.rule.pinned.owner if self.rule.pinned else ""
        guessed = [t.node.text for t in terms if t.node.rule == "name" and t.node.text in self.inferred]
        names = ([pinned] if pinned else []) + guessed
        return self.letter_hint(names[0]) if names else None

    def letter_hint(self, name: str) -> str:
        kind = self.kind(name)
        example = f"{name}: scalar" if kind == "vector" else f"{name}: vector(n)"
        if name in self.kinds:
            return f"{name} is read as a {kind} because of its place; declare it if it is not, e.g. {example}"
        return f"{name} is read as a {kind} because of its letter; declare it if it is not, e.g. {example}"

    def guessed_scalar(self, *terms: Term) -> str | None:
        """A variable inside these terms that is a scalar only because of its letter."""
        waiting = [t.node for t in reversed(terms)]
        while waiting:
            node = waiting.pop()
            waiting += reversed(node.operands)
            if node.rule == "name" and node.text in self.inferred and self.shapes[node.text] == SCALAR:
                return node.text
        return None

    # variables --------------------------------------------------------------------------------------------------

    def kind(self, name: str) -> Kind | None:
        """What an undeclared name stands for."""
        return self.kinds.get(name) or usual_kind(name)

    def introduce(self, name: str, span: Span) -> None:
        """Give an undeclared variable the shape of its letter.

        Raises:
            DeclarationError: a property that shape cannot have.
        """
        kind = self.kind(name)
        shape = SCALAR
        if kind != "scalar":
            shape = self.rule.fresh(name), (self.rule.fresh(name) if kind == "matrix" else UNIT)
        self.shapes[name] = shape
        self.inferred.append(name)
        properties = self.properties.get(name, frozenset())
        if properties & SQUARE and not self.rule.same(*shape):
            self._unfit(name, min(properties & SQUARE), f"matrix(n,n) {min(properties & SQUARE)}", span)
        if "integer" in properties and kind != "scalar":
            self._unfit(name, "integer", "scalar integer", span)

    def _unfit(self, name: str, p: str, declaration: str, span: Span) -> NoReturn:
        message = f"{name} is declared {p}, but is read as a {self.kind(name)}"
        raise DeclarationError(message, source=self.source, span=span, hint=f"declare {name}: {declaration}")

    def settle(self) -> None:
        """Solve the last equations between dimensions, and give every dimension a name.

        Raises:
            ShapeError: they contradict each other, or leave a length open that nothing can name.
        """
        site = self.rule.settle()
        if isinstance(site, Node):
            message, hint = (
                "the dimensions do not fit, or cannot be found from this",
                "declare the shapes of the variables",
            )
            raise ShapeError(message, source=self.source, span=site.at, hint=hint)
        for shape, node in self.loose:
            if not self.infer and unknowns(self.expand(shape)):
                raise ShapeError(f"the size of this {node.text} does not follow from its context", source=self.source,
                                 span=node.span, hint="write ones(n) or zeros(n)")  # fmt: skip
        every = [self.expand(s) for s in (*self.shapes.values(), *(s for s, _ in self.loose))]
        self.names = named(every, {*self.shapes, *self.sizes})
        self.sizes |= {name: dim(name) for name in self.names.values()}

    def build(self, terms: Sequence[Term]) -> Expr:
        """The expression of the last term; every term comes after its operands."""
        made: dict[Term, Expr] = {}
        for term in terms:
            try:
                made[term] = term.make(*(made[t] for t in term.operands))
            except ClosedFormError as error:
                raise error.at(self.source, term.node.at) from None
        return made[terms[-1]]
