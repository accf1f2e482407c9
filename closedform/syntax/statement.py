"""Statements in the text syntax: `left = right`, a side an expression, a derivative or a differential.

    d(tr(A*X))/dX      ∂(x'*A*x)/∂x'      d2(f)/dx dx      ∂²(f)/∂x∂x'      d(vec(F))/d(vec(X))
    grad(f, x)         jac(f, x)          hess(f, x)       d(A*X) = A*dX

Only the tree is made here, in the nodes of `tree.py`; what it means is in `sides.py`:

    Node("EQUALS", "=", (left, right))
    Node("derivative", operator as written, (function, variable, …))   a variable is X, X', vec(X) or vec(X)'
    Node("differential", operator as written, (function,))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from closedform.errors import NotSupported, SyntaxProblem
from closedform.syntax.declare import Functions, Properties, Shapes
from closedform.syntax.sides import Statement, Written, no_part, statement_of
from closedform.syntax.text import begin, begin_latex, checked, syntax_of
from closedform.syntax.tree import Node, Span, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lark import Token

ALSO = {"=": "EQUALS", "∂": "PARTIAL"}  #: characters of statements only
NAMED = {"grad": 1, "jac": 1, "hess": 2}  #: derivatives written as functions, and their order
_OPEN, _CLOSE = ("LPAR", "_LPAR"), ("RPAR",)
_BINARY = ("PLUS", "MINUS", "STAR", "SLASH", "DOTSTAR", "DOTSLASH", "KRON")
_SECOND = {"²": 2, "2": 2}
Tokens = list["Token"]


def read_statement(
    text: str,
    shapes: Shapes | None = None,
    properties: Properties | None = None,
    functions: Functions | None = None,
    *,
    dims: Iterable[str] = (),
    infer: bool | None = None,
) -> Statement:
    """Read a statement; arguments and errors as for `parse`.

    Raises:
        SyntaxProblem: no `=`, or two; a derivative that is not written as one.

    >>> s = read_statement("d(x'*A*x)/dx = (A + A')*x")
    >>> s.left.kind, s.left.expr, s.left.variables[0].symbol, s.right.expr
    ('derivative', x'*A*x, x, (A + A')*x)
    """
    return statement_of(written(text, shapes, properties, functions, dims=dims, infer=infer))


def written(
    text: str,
    shapes: Shapes | None = None,
    properties: Properties | None = None,
    functions: Functions | None = None,
    *,
    dims: Iterable[str] = (),
    infer: bool | None = None,
) -> Written:
    """The tree of a statement with what was declared, before any shape is found."""
    infer = shapes is None if infer is None else infer
    declared, facts, values = checked(shapes or {}, properties or {}, functions or {}, infer)
    if syntax_of(text) == "latex":
        root, reading = begin_latex(text, declared, facts, values, list(dims), infer, statement=True)
        if root.rule != "EQUALS":
            raise _no_equation(text)
    else:
        tokens, reading = begin(text, declared, facts, values, list(dims), infer, ALSO)
        root = _equation(tokens, text)
    return Written(root, text, declared, facts, values, reading.sizes, infer, tuple(reading.notes), reading.kinds)


def _no_equation(source: str) -> SyntaxProblem:
    return SyntaxProblem("a statement needs an =", source=source, span=(0, len(source)), hint="write left = right")


def _equation(tokens: Tokens, source: str) -> Node:
    depths = _depths(tokens)
    signs = [i for i, t in enumerate(tokens) if t.type == "EQUALS"]
    if not signs:
        raise _no_equation(source)
    if len(signs) > 1:
        raise SyntaxProblem("a statement has one =", source=source, span=_place(tokens[signs[1]]),
                            hint="check the equations one at a time")  # fmt: skip
    at = signs[0]
    if depths[at]:
        raise SyntaxProblem("this = stands inside brackets", source=source, span=_place(tokens[at]))
    if not tokens[:at] or not tokens[at + 1 :]:
        message = "something is missing before =" if not tokens[:at] else "something is missing after ="
        raise SyntaxProblem(message, source=source, span=_place(tokens[at]))
    left, right = side(tokens[:at], source), side(tokens[at + 1 :], source)
    return Node("EQUALS", "=", (left, right), (left.span[0], right.span[1]), _place(tokens[at]), False)


def side(tokens: Tokens, source: str) -> Node:
    """One side of a statement as a tree."""
    if tokens[0].type == "CALL" and str(tokens[0]) in NAMED and _is_group(tokens[1:]):
        return _named(tokens, source)
    operator = _operator(tokens)
    if operator:
        order, length = operator
        quotient = _quotient(tokens, length)
        if quotient is not None:
            return _derivative(tokens, order, length, quotient, source)
        if order == 1 and _is_group(tokens[length:]) and tokens[0].type != "NAME":
            function = tree(_freed(tokens[length:]), source)
            return Node("differential", str(tokens[0]), (function,), _whole(tokens), _place(tokens[0]))
    _no_partial(tokens, source)
    return tree(_differentials(tokens), source)


def _named(tokens: Tokens, source: str) -> Node:
    """`grad(f, x)`, `jac(f, x)`, `hess(f, x)`, `hess(f, x, y)`."""
    name, order = str(tokens[0]), NAMED[str(tokens[0])]
    parts = _split(tokens[2:-1], "_COMMA")
    if not 2 <= len(parts) <= 1 + order or not all(parts):
        raise SyntaxProblem(f"{name} takes a function and {order} variable{'s' if order > 1 else ''}", source=source,
                            span=_whole(tokens), hint=f"write {name}(f, x)")  # fmt: skip
    function, *variables = (tree(part, source) for part in parts)
    if len(variables) < order:
        variables *= 2
    return Node("derivative", name, (function, *variables), _whole(tokens), _place(tokens[0]))


def _operator(tokens: Tokens) -> tuple[int, int] | None:
    """The order of a d or ∂ that begins a side, and how many tokens it takes."""
    first, *rest = tokens
    if first.type != "PARTIAL" and not (first.type in ("NAME", "CALL") and str(first) in ("d", "d2")):
        return None
    if rest and rest[0].type in _BINARY:  # a variable named d
        return None
    if str(first) == "d2":
        return 2, 1
    if rest and rest[0].type == "SUPER" and str(rest[0]) in _SECOND:
        return 2, 2
    if len(rest) > 1 and rest[0].type == "HAT" and str(rest[1]) in _SECOND:
        return 2, 3
    return 1, 1


def _quotient(tokens: Tokens, length: int) -> int | None:
    """Where the `/` of a derivative stands: the last one before a differential, outside brackets."""
    depths = _depths(tokens)
    for i in range(len(tokens) - 2, length, -1):
        if tokens[i].type == "SLASH" and not depths[i]:
            after = i + 2 if tokens[i + 1].type == "LPAR" else i + 1
            if after < len(tokens) and _begins_differential(tokens[after]):
                return i
    return None


def _begins_differential(token: Token) -> bool:
    return token.type == "PARTIAL" or (token.type in ("NAME", "CALL") and token.startswith("d"))


def _derivative(tokens: Tokens, order: int, length: int, slash: int, source: str) -> Node:
    body, below = tokens[length:slash], tokens[slash + 1 :]
    depths = _depths(body)
    loose = [t for t, depth in zip(body, depths, strict=True) if not depth and t.type in _BINARY]
    if loose:
        raise SyntaxProblem("the function of a derivative stands in brackets", source=source, span=_place(loose[0]),
                            hint="write d(f)/dx")  # fmt: skip
    variables = _variables(below, source)
    if len(variables) != order:
        _wrong_order(order, len(variables), _whole(below), source)
    function = tree(_freed(body), source)
    return Node("derivative", str(tokens[0]), (function, *variables), _whole(tokens), _place(tokens[0]))


def _wrong_order(order: int, variables: int, span: Span, source: str) -> NoReturn:
    if max(order, variables) > 2:
        raise NotSupported("statements about third derivatives are not checked yet", source=source, span=span)
    raise SyntaxProblem(
        f"a derivative of order {order} is by {order} variable{'s' if order > 1 else ''}, not {variables}",
        source=source, span=span, hint="write d(f)/dx, or d2(f)/dx dy for a second derivative",
    )  # fmt: skip


def _variables(tokens: Tokens, source: str) -> list[Node]:
    """`dX`, `dx dx'`, `(∂x∂x')`, `dx²`, `d(vec(X))`, `∂vec(X)`: the trees of X, x and x', x and x, vec(X)."""
    if tokens[0].type == "LPAR" and _is_group(tokens):
        tokens = tokens[1:-1]
    found: list[Node] = []
    at = 0
    while at < len(tokens):
        if tokens[at].type == "STAR" and found:
            at += 1
            continue
        end, inner = _one_variable(tokens, at, source)
        times = 1
        while end < len(tokens) and tokens[end].type == "PRIME":
            inner = [*inner, tokens[end]]
            end += 1
        if end < len(tokens) and tokens[end].type == "SUPER":
            times, end = _repeated(str(tokens[end])), end + 1
        elif end + 1 < len(tokens) and tokens[end].type == "HAT":
            times, end = _repeated(str(tokens[end + 1])), end + 2
        found += [tree(inner, source)] * times
        at = end
    return found


def _repeated(exponent: str) -> int:
    return _SECOND.get(exponent, 3)


def _one_variable(tokens: Tokens, at: int, source: str) -> tuple[int, Tokens]:
    """The end of a differential in a denominator, and the tokens of its variable."""
    first = tokens[at]
    if not _begins_differential(first):
        raise SyntaxProblem(f"a differential such as dX is expected, not {first}", source=source, span=_place(first))
    if first.type == "PARTIAL" or str(first) == "d":
        at += 1
        if at == len(tokens):
            raise SyntaxProblem(f"a variable is missing after {first}", source=source, span=_place(first))
        name = tokens[at]
    else:
        name = first.update(first.type, str(first)[1:])
        name.start_pos, name.end_pos = (first.start_pos or 0) + 1, first.end_pos
    if name.type in _OPEN or name.type == "CALL":
        opening = at if name.type in _OPEN else at + 1
        end = _closing(tokens, opening) + 1
        return end, _freed(tokens[opening:end]) if name.type in _OPEN else [name, *tokens[opening:end]]
    if name.type != "NAME":
        raise SyntaxProblem(f"a variable is expected here, not {name}", source=source, span=_place(name))
    return at + 1, [name]


def _differentials(tokens: Tokens) -> Tokens:
    """`d(X)` and `∂X` inside an expression as the name dX."""
    found: Tokens = []
    at = 0
    while at < len(tokens):
        t = tokens[at]
        inner = [x.type for x in tokens[at + 1 : at + 4]]
        if t.type == "CALL" and str(t) == "d" and inner == ["_LPAR", "NAME", "RPAR"]:
            found.append(t.update("NAME", "d" + str(tokens[at + 2])))
            at += 4
        else:
            found.append(t)
            at += 1
    return found


def _no_partial(tokens: Tokens, source: str) -> None:
    """Whether a derivative or a differential stands inside an expression; d(X) of a variable may.

    Raises:
        SyntaxProblem: one does.
    """
    for i, t in enumerate(tokens):
        inner = [x.type for x in tokens[i + 1 : i + 4]]
        if t.type == "PARTIAL" or (t.type == "CALL" and str(t) == "d" and inner != ["_LPAR", "NAME", "RPAR"]):
            raise no_part(source, _place(t))


# ------------------------------------------------------------------------------------------------------ brackets


def _depths(tokens: Sequence[Token]) -> list[int]:
    """How many brackets are open at each token; at a bracket, outside it."""
    found, depth = [], 0
    for t in tokens:
        depth -= t.type in ("RPAR", "UNBAR")
        found.append(depth)
        depth += t.type in (*_OPEN, "BAR")
    return found


def _closing(tokens: Tokens, opening: int) -> int:
    depths = _depths(tokens)
    return next(i for i in range(opening + 1, len(tokens)) if tokens[i].type in _CLOSE and depths[i] == depths[opening])


def _is_group(tokens: Tokens) -> bool:
    """Whether one pair of brackets holds all of it."""
    return len(tokens) > 2 and tokens[0].type in _OPEN and _closing(tokens, 0) == len(tokens) - 1


def _split(tokens: Tokens, kind: str) -> list[Tokens]:
    parts: list[Tokens] = [[]]
    for t, depth in zip(tokens, _depths(tokens), strict=True):
        if t.type == kind and not depth:
            parts.append([])
        else:
            parts[-1].append(t)
    return parts


def _freed(tokens: Tokens) -> Tokens:
    """The tokens with a first bracket that no longer belongs to a call."""
    first = tokens[0]
    return [first.update("LPAR") if first.type == "_LPAR" else first, *tokens[1:]]


def _place(token: Token) -> Span:
    return token.start_pos or 0, token.end_pos or 0


def _whole(tokens: Sequence[Token]) -> Span:
    return _place(tokens[0])[0], _place(tokens[-1])[1]
