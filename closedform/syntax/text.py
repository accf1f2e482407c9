"""The text syntax: a formula as typed, to a function with shapes.

text → tokens (tokens.py) → tree (tree.py, text.lark) → shapes (reading.py, operators, calls) → expression
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from closedform.core.expr import symbol
from closedform.core.function import Function
from closedform.core.shape import ONE, SCALAR, Dim, Shape, dim, show
from closedform.errors import DeclarationError
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
from closedform.syntax.tokens import scan, sizes, split_products
from closedform.syntax.tree import Node, postorder, tree

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
) -> Function:
    """Read a function from text.

    Args:
        text: the formula, such as `x'*A*x` or `½xᵀAx`.
        shapes: name to dimensions: `()` a scalar, `("n",)` a column of n entries, `("m", "n")` a matrix.
        properties: name to properties: symmetric, spd, diagonal, orthogonal, triangular, positive, integer.
        functions: name to `"entrywise"`, or to the dimensions of its value: functions of which nothing else is known.
        dims: names that are sizes although no declared shape has them.
        infer: whether undeclared names are welcome (a–g scalars, h–z columns, A–Z matrices), their dimensions found
            from how they are used; by default when no shapes are declared.

    Returns:
        The function as written, not simplified; its `notes` say what was inferred.

    Raises:
        SyntaxProblem: text that is no formula.
        UnknownName: an undeclared variable, or no such function.
        DeclarationError: a shape, property or function that cannot be.
        ShapeError: operands that do not fit.
        TooLarge: beyond the limits on length, nesting, or numbers.
        DomainError: a constant divided by zero.

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
    declared = declared_shapes(shapes or {})
    facts = declared_properties(properties or {})
    infer = shapes is None if infer is None else infer
    for name, given in facts.items():
        if name in declared:
            check_fit(name, declared[name], given)
        elif not infer:
            raise DeclarationError(f"{name} has properties, but no shape was declared for it")
    return _read(text, declared, facts, declared_functions(functions or {}, declared), list(dims), infer)


def _read(
    text: str,
    declared: dict[str, Shape],
    facts: dict[str, frozenset[str]],
    values: dict[str, Shape | None],
    dims: list[str],
    infer: bool,
) -> Function:
    """Tokens, tree, shapes, expression."""
    called = calls.records(values)
    tokens = scan(text, {*(known_functions().keys() - declared.keys()), *called}, primed=values.keys())
    named = {d: dim(d) for d in dims}
    shown = {**declared, **{name: shape for name, shape in values.items() if shape is not None}}
    found, notes = _sizes(shown, [n for n in sizes(tokens) if n not in named and n not in called])
    found |= {n: d for n, d in named.items() if n not in declared}
    whole = {*declared, *found, *known_functions(), *facts, *called}
    split = split_products(tokens, declared, whole, infer)
    if split is not tokens:
        seen = [str(t) for t in tokens if t.type == "NAME" and not any(t is s for s in split)]
        notes += [f"{n} is read as {'*'.join(n)}" for n in dict.fromkeys(seen)]
    known = {n: (size(s[0]), size(s[1])) for n, s in declared.items()}
    reading = Reading(text, infer, known, facts, found, called, notes)
    return _function(reading, postorder(tree(split, text), text))


def _sizes(declared: dict[str, Shape], used: Iterable[str]) -> tuple[dict[str, Dim], list[str]]:
    """The named sizes: those of declared shapes, and the arguments of eye, ones, zeros and K(m,n)."""
    found = {name: dim(name) for shape in declared.values() for d in shape for name in d.names}
    new = [n for n in used if n not in found and n not in declared and n.isidentifier()]
    notes = [f"{n} is a dimension" for n in new]
    return found | {n: dim(n) for n in new}, notes


def _function(reading: Reading, nodes: list[Node]) -> Function:
    terms: dict[Node, Term] = {}
    for node in nodes:
        reading.rule.site, reading.rule.pinned = node, None
        terms[node] = MEANING[node.rule](reading, node, *(terms[operand] for operand in node.operands))
    reading.settle()
    unused = reading.properties.keys() - reading.shapes.keys()
    if unused:
        raise DeclarationError(f"{min(unused)} has properties, but is not declared and does not occur")
    final = dict(zip(reading.shapes, reading.resolve(*reading.shapes.values()), strict=True))
    for name, shape in final.items():
        reading.symbols[name] = symbol(name, shape, reading.properties.get(name, ()))
    notes = [_note(name, final[name]) for name in reading.inferred]
    expr = reading.build(list(terms.values()))
    return Function(
        expr, dict(reading.symbols), dict(reading.sizes), (*notes, *dict.fromkeys(reading.notes)), reading.source
    )


def _note(name: str, shape: Shape) -> str:
    if shape == SCALAR:
        return f"{name} is a scalar"
    return f"{name} is a column of {shape[0]} entries" if shape[1] is ONE else f"{name} is {show(shape)}"
