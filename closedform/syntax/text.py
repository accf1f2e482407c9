"""The text syntax: a formula as typed, to a function with shapes.

text → tokens (tokens.py) → tree (tree.py, text.lark) → shapes (reading.py, operators, calls) → expression
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from closedform.core.expr import symbol
from closedform.core.function import Function
from closedform.core.shape import ONE, SCALAR, Dim, Shape, dim, show
from closedform.errors import DeclarationError, RequestError, SyntaxProblem, TooLarge
from closedform.syntax import calls, operators, powers
from closedform.syntax.declare import (
    Functions,
    Properties,
    Shapes,
    check_fit,
    declared_functions,
    declared_properties,
    declared_shapes,
)
from closedform.syntax.infer import size
from closedform.syntax.names import functions as known_functions
from closedform.syntax.reading import Reading, Term
from closedform.syntax.tokens import NOTHING_ELSE, scan, sizes, split_products
from closedform.syntax.tree import STATEMENTS, Node, postorder, tree

Syntax = Literal["text", "latex"]

if TYPE_CHECKING:
    from lark import Token

MEANING: dict[str, Callable[..., Term]] = {  #: rule or operator of the grammar to its meaning
    "literal": operators.literal,
    "name": operators.name,
    "PLUS": operators.add,
    "MINUS": operators.add,
    "STAR": operators.product,
    "juxtapose": operators.juxtapose,
    "SLASH": operators.divide,
    "DOTSTAR": operators.by_entry,
    "DOTSLASH": operators.by_entry,
    "KRON": operators.kron,
    "HAT": powers.power,
    "DOTHAT": powers.entry_power,
    "SUPER": powers.superscript,
    "PRIME": operators.transpose,
    "negative": operators.negative,
    "positive": operators.positive,
    "norm": operators.norm,
    "vectornorm": operators.vector_norm,
    "bars": operators.bars,
    "half": powers.half,
    "identity": calls.identity,
    "sized": calls.sized,
    "root": operators.root,
    "call": calls.call,
}


def parse(
    text: str,
    shapes: Shapes | None = None,
    properties: Properties | None = None,
    functions: Functions | None = None,
    *,
    dims: Iterable[str] = (),
    infer: bool | None = None,
    syntax: Syntax | None = None,
) -> Function:
    r"""Read a function from text.

    Args:
        text: the formula, such as `x'*A*x`, `½xᵀAx` or the LaTeX `x^{\top} A x`.
        shapes: name to dimensions: `()` a scalar, `("n",)` a column of n entries, `("m", "n")` a matrix.
        properties: name to properties: symmetric, spd, diagonal, orthogonal, triangular, positive, integer.
        functions: name to `"entrywise"`, or to the dimensions of its value: functions of which nothing else is known.
        dims: names that are sizes although no declared shape has them.
        infer: whether undeclared names are welcome (a–g scalars, h–z columns, A–Z matrices), their dimensions found
            from how they are used; by default when no shapes are declared.
        syntax: `"text"` or `"latex"`; by default LaTeX when there is a backslash, a dollar sign, `^{` or `_{`.

    Returns:
        The function as written, not simplified; its `notes` say what was inferred.

    Raises:
        SyntaxProblem: text that is no formula, or states something about a derivative.
        UnknownName: an undeclared variable, or no such function.
        DeclarationError: a shape, property or function that cannot be.
        ShapeError: operands that do not fit.
        TooLarge: beyond the limits on length, nesting, or numbers.
        DomainError: a constant divided by zero.
        NotSupported: LaTeX that means something else than an expression of the syntax.
        RequestError: no such syntax.

    >>> f = parse("x'*A*x")
    >>> f.variables["A"].shape, f.notes
    ((n, n), ('x is a column of n entries', 'A is n×n'))
    >>> parse("A*B", shapes={"A": ("m", "n"), "B": ("m", "p")})
    Traceback (most recent call last):
    closedform.errors.ShapeError: matrix product needs equal inner dimensions: A is m×n, B is m×p
      A*B
       ^
    hint: did you mean A'*B?
    >>> print(parse("sum(f'(A*x))", functions={"f": "entrywise"}).expr)
    sum(f'(A*x))
    """
    infer = shapes is None if infer is None else infer
    declared, facts, values = checked(shapes or {}, properties or {}, functions or {}, infer)
    if syntax_of(text, syntax) == "latex":
        root, reading = begin_latex(text, declared, facts, values, list(dims), infer)
    else:
        tokens, reading = begin(text, declared, facts, values, list(dims), infer)
        root = tree(tokens, text)
    return _function(reading, postorder(root, text))


Checked = tuple[dict[str, Shape], dict[str, frozenset[str]], dict[str, Shape | None]]


def checked(shapes: Shapes, properties: Properties, functions: Functions, infer: bool) -> Checked:
    """Declarations, each one possible and in keeping with the others.

    Raises:
        DeclarationError: one that cannot be.
    """
    declared = declared_shapes(shapes)
    facts = declared_properties(properties)
    for name, given in facts.items():
        if name in declared:
            check_fit(name, declared[name], given)
        elif not infer:
            raise DeclarationError(f"{name} has properties, but no shape was declared for it")
    return declared, facts, declared_functions(functions, declared)


def syntax_of(text: str, syntax: Syntax | None = None) -> Syntax:
    """The syntax that was named; or LaTeX if there is a backslash, a dollar sign, or a brace after `^` or `_`.

    Raises:
        RequestError: no such syntax.

    >>> syntax_of("x'*A*x"), syntax_of("x^{2}")
    ('text', 'latex')
    """
    if syntax not in (None, "text", "latex"):
        raise RequestError(f"no such syntax: {syntax!r}"[:100], hint="it is text or latex")
    return syntax or ("latex" if any(mark in str(text) for mark in ("\\", "$", "^{", "_{")) else "text")


Values = dict[str, Shape | None]
Facts = dict[str, frozenset[str]]


def begin(
    text: str,
    declared: dict[str, Shape],
    facts: dict[str, frozenset[str]],
    values: dict[str, Shape | None],
    dims: list[str],
    infer: bool,
    also: Mapping[str, str] = NOTHING_ELSE,
) -> tuple[list[Token], Reading]:
    """The tokens of a text, and a reading of it in which nothing has been read yet; `also` as for `scan`."""
    called = calls.records(values)
    tokens = scan(text, {*(known_functions().keys() - declared.keys()), *called}, primed=values.keys(), also=also)
    found, notes = _named_sizes(declared, values, dims, sizes(tokens), called)
    whole = {*declared, *found, *known_functions(), *facts, *called}
    split = split_products(tokens, declared, whole, infer)
    if split is not tokens:
        seen = [str(t) for t in tokens if t.type == "NAME" and not any(t is s for s in split)]
        notes += [f"{n} is read as {'*'.join(n)}" for n in dict.fromkeys(seen)]
    known = {n: (size(s[0]), size(s[1])) for n, s in declared.items()}
    return split, Reading(text, infer, known, facts, found, called, notes=notes)


def begin_latex(
    text: str,
    declared: dict[str, Shape],
    facts: dict[str, frozenset[str]],
    values: Values,
    dims: list[str],
    infer: bool,
    statement: bool = False,
) -> tuple[Node, Reading]:
    """The tree of LaTeX, and a reading of it in which nothing has been read yet; `statement` as for `latex.read`."""
    from closedform.syntax.latex import read

    called = calls.records(values)
    written = read(text, declared, called, facts, statement=statement)
    found, notes = _named_sizes(declared, values, dims, written.sizes, called)
    known = {n: (size(s[0]), size(s[1])) for n, s in declared.items()}
    return written.tree, Reading(text, infer, known, facts, found, called, written.kinds, notes + written.notes)


def _named_sizes(
    declared: dict[str, Shape], values: Values, dims: list[str], used: Iterable[str], called: Collection[str]
) -> tuple[dict[str, Dim], list[str]]:
    """The sizes that have a name: of declared shapes, given ones, and those that the text uses."""
    named = {d: dim(d) for d in dims}
    shown = {**declared, **{name: shape for name, shape in values.items() if shape is not None}}
    found, notes = _sizes(shown, [n for n in used if n not in named and n not in called])
    return found | {n: d for n, d in named.items() if n not in declared}, notes


def _sizes(declared: dict[str, Shape], used: Iterable[str]) -> tuple[dict[str, Dim], list[str]]:
    """The named sizes: those of declared shapes, and the arguments of eye, ones, zeros and K(m,n)."""
    found = {name: dim(name) for shape in declared.values() for d in shape for name in d.names}
    new = [n for n in used if n not in found and n not in declared and n.isidentifier()]
    notes = [f"{n} is a dimension" for n in new]
    return found | {n: dim(n) for n in new}, notes


def _function(reading: Reading, nodes: list[Node]) -> Function:
    statement = next((node for node in reversed(nodes) if node.rule in STATEMENTS), None)
    if statement is not None:
        raise SyntaxProblem(f"this is {STATEMENTS[statement.rule]}, a statement and not an expression",
                            source=reading.source, span=statement.at, hint="ask `closedform check`")  # fmt: skip
    terms = terms_of(reading, nodes)
    notes = settled(reading)
    expr = reading.build(terms)
    return Function(expr, dict(reading.symbols), dict(reading.sizes), notes, reading.source)


def terms_of(reading: Reading, nodes: Iterable[Node]) -> list[Term]:
    """What every node means, operands before the nodes that use them."""
    terms: dict[Node, Term] = {}
    for node in nodes:
        reading.rule.site, reading.rule.pinned = node, None
        try:
            terms[node] = MEANING[node.rule](reading, node, *(terms[operand] for operand in node.operands))
        except TooLarge as error:
            raise error.at(reading.source, node.at) from None
    return list(terms.values())


def settled(reading: Reading) -> tuple[str, ...]:
    """Solve all dimensions and make the symbols; returns what was inferred."""
    reading.settle()
    unused = reading.properties.keys() - reading.shapes.keys()
    if unused:
        raise DeclarationError(f"{min(unused)} has properties, but is not declared and does not occur")
    final = dict(zip(reading.shapes, reading.resolve(*reading.shapes.values()), strict=True))
    for name, shape in final.items():
        reading.symbols[name] = symbol(name, shape, reading.properties.get(name, ()))
    notes = [_note(name, final[name]) for name in reading.inferred]
    return *notes, *dict.fromkeys(reading.notes)


def _note(name: str, shape: Shape) -> str:
    if shape == SCALAR:
        return f"{name} is a scalar"
    return f"{name} is a column of {shape[0]} entries" if shape[1] is ONE else f"{name} is {show(shape)}"
