"""What function calls mean: most are one operation of the same name; a table lists the few that are not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from closedform.core.abstract import Abstract, Part, Values
from closedform.core.expr import OPS, Expr, commutation, duplication, elimination, eye, number, ones, zeros
from closedform.core.shape import ONE, Dim, Shape, dim, show, triangle
from closedform.errors import ClosedFormError, DeclarationError, ShapeError, SyntaxProblem, UnknownName
from closedform.ops.abstract import abstract
from closedform.syntax.infer import SCALAR, UNIT, Sizes, size
from closedform.syntax.names import function_hint, functions
from closedform.syntax.reading import Reading, Term
from closedform.syntax.tokens import MATRICES, PRIMES, plain
from closedform.syntax.tree import Node

Call = Callable[[Reading, Node, tuple[Term, ...]], Term]


def call(reading: Reading, node: Node, *args: Term) -> Term:
    """A function applied.

    Raises:
        UnknownName: there is no such function.
        SyntaxProblem: too few or too many arguments.
        ShapeError: arguments that do not fit.
    """
    name = plain(node.text)
    stem = name.rstrip(PRIMES)
    if stem in reading.functions:
        return _abstract(reading, node, stem, len(name) - len(stem), args)
    if MATRICES.get(name) == len(args) and not _is_product(reading, node, name):
        return _matrix(reading, node, name)
    if name not in functions() or name in reading.shapes:
        raise _no_function(reading, node, name)
    _check_count(reading, node, name, functions()[name])
    return _SPECIAL.get(name, _operation)(reading, node, args)


def _check_count(reading: Reading, node: Node, name: str, wanted: tuple[int, ...]) -> None:
    given = len(node.operands)
    if given not in wanted:
        fewest, most = wanted[0], wanted[-1]
        message = f"{name} takes {most} argument{'s' if most > 1 else ''}, not {given}"
        if fewest < most:
            message = f"{name} takes {fewest} or {most} arguments, not {given}"
        raise SyntaxProblem(message, source=reading.source, span=node.span)


def records(values: Values) -> dict[str, Abstract]:
    """The abstract functions that may be called, by name: σ, or f with its derivative Df and the transpose Df_T.

    Raises:
        DeclarationError: two of them have one name.
    """
    found: dict[str, Abstract] = {}
    for name, shape in values.items():
        for part in Part if shape is not None else [Part.VALUE]:
            called = part.called(name)
            if called in found:
                raise DeclarationError(f"{called} is a function of its own, and belongs to a function beside it")
            found[called] = abstract(name, shape, part=part)
    return found


def _abstract(reading: Reading, node: Node, name: str, order: int, args: tuple[Term, ...]) -> Term:
    """A declared function applied; primes count the derivatives of an entrywise one."""
    op = reading.functions[name]
    if order and op.values is not None:
        hint = f"write D{op.function}(X, V) for its derivative at X in the direction V"
        raise SyntaxProblem(f"{name} is not entrywise and has no {node.text}", source=reading.source, span=node.at,
                            hint=hint)  # fmt: skip
    _check_count(reading, node, name, (op.part.operands,))
    X, last = args[0], args[-1]
    if op.values is None:
        return Term(node, X.shape, abstract(name, None, order), args)
    values = size(op.values[0]), size(op.values[1])
    if op.part is Part.ALONG and not reading.same_shape(X.shape, last.shape):
        reading.misfit("a direction has the shape of the argument", node.at, args)
    if op.part is Part.BACK and not reading.same_shape(values, last.shape):
        reading.misfit(f"the second argument has the shape of {op.function}, {show(op.values)}", node.at, (last,))
    return Term(node, X.shape if op.part is Part.BACK else values, op, args)


def _no_function(reading: Reading, node: Node, name: str) -> ClosedFormError:
    known, inside = name in reading.shapes or name in reading.sizes, reading.source[node.at[1] : node.span[1]]
    product = f"{name}*{inside if known else '(…)'}" if len(node.operands) == 1 else None
    hint: str | None
    if name in MATRICES:
        hint = _matrix_hint(product, name)
    elif known:
        hint = f"write {product} for a product" if product else None
    else:
        hint = function_hint(name) or _own_function_hint(name[:40], product)
    if known:
        return SyntaxProblem(f"{name} is not a function", source=reading.source, span=node.at, hint=hint)
    return UnknownName(f"unknown function {name[:40]}", source=reading.source, span=node.at, hint=hint)


def _matrix_hint(product: str | None, name: str) -> str:
    written, which = WRITTEN[name]
    if product is None:
        return f"write {written} for the {which} matrix"
    return f"write {product} for a product, {written} for the {which} matrix"


def _own_function_hint(name: str, product: str | None) -> str | None:
    if product is None:
        return None
    if len(name) > 1:
        return f"declare it if it is a function of yours, {name}: entrywise or {name}: function(m,n)"
    return (
        f"write {product} for a product; "
        f"declare it if it is a function of yours, {name}: entrywise or {name}: function(m,n)"
    )


def _is_product(reading: Reading, node: Node, name: str) -> bool:
    """Whether D(X) can only be meant as D*(X): both are variables."""
    waiting = list(node.operands) if name in reading.shapes and len(node.operands) == 1 else []
    while waiting:
        part = waiting.pop()
        if part.rule == "name" and plain(part.text) in reading.shapes and plain(part.text) not in reading.sizes:
            return True
        waiting += part.operands
    return False


def _operation(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    name = plain(node.text)
    shape = reading.fits(name, *(a.shape for a in args))
    if shape is None:
        hint = f"did you mean pinv({reading.text(args[0])})?" if name == "inv" and not args[0].is_vector else None
        span = args[0].node.span if len(args) == 1 else node.at
        reading.misfit(_wanted(name), span, args, hint)
    op = OPS[name]
    return Term(node, shape, lambda *operands: op(*operands), args)


def _wanted(name: str) -> str:
    """What an operation takes."""
    patterns = [str(s).split("->")[0].strip() for s in OPS[name].signatures]
    if patterns == ["(n,n)"]:
        return f"{name} takes a square matrix"
    if patterns == ["(n,1)", "(1,n)"]:
        return f"{name} takes a column or a row"
    return f"{name} takes operands of shape {', '.join(patterns)}"


def _sqrt(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    return Term(node, args[0].shape, lambda x: x ** number(Fraction(1, 2)), args)


def _trace(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    shape = reading.fits("tr", args[0].shape)
    if shape is None:
        reading.misfit("trace takes a square matrix", args[0].node.span, args)
    return Term(node, shape, OPS["tr"], args)


def _sum(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    """`sum(X)` of all entries; `sum(X,1)` of each column, a row; `sum(X,2)` of each row, a column."""
    X = args[0]
    if len(args) == 1:
        return Term(node, SCALAR, OPS["sum"], args, integer=X.integer)
    axis = node.operands[1].text
    if node.operands[1].rule != "literal" or axis not in ("1", "2"):
        raise SyntaxProblem("the axis of a sum is 1 (down the columns) or 2 (along the rows)", source=reading.source,
                            span=node.operands[1].span)  # fmt: skip
    if axis == "1":
        return Term(node, (UNIT, X.shape[1]), lambda X: ones((X.shape[0], ONE)).T @ X, (X,))
    return Term(node, (X.shape[0], UNIT), lambda X: X @ ones((X.shape[1], ONE)), (X,))


def _diag(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    """The diagonal matrix of a vector, the diagonal of a square matrix."""
    op = "diag" if UNIT in args[0].shape else "diagonal"
    shape = reading.fits(op, args[0].shape)
    if shape is None:
        reading.misfit("diag takes a vector or a square matrix", args[0].node.span, args)
    return Term(node, shape, OPS[op], args)


def _filled(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    """`eye(n)`, `ones(n)` (a column), `ones(m,n)`, and zeros alike."""
    make: dict[str, Callable[[Shape], Expr]] = {"eye": lambda s: eye(s[0]), "ones": ones, "zeros": zeros}
    dims = [_dimension(reading, operand, node) for operand in node.operands]
    last = dims[0] if node.text == "eye" else ONE
    shape = dims[0], dims[1] if len(dims) == 2 else last
    return Term(node, (size(shape[0]), size(shape[1])), lambda: make[node.text](shape))


def _matrix(reading: Reading, node: Node, name: str) -> Term:
    """`K(m,n)`, `D(n)` and `L(n)`: the commutation, duplication and elimination matrix."""
    dims = [_dimension(reading, operand, node) for operand in node.operands]
    _check_size(reading, node, dims[0] * dims[-1])
    make: dict[str, Callable[..., Expr]] = {"K": commutation, "D": duplication, "L": elimination}
    made = make[name](*dims)
    return Term(node, (size(made.shape[0]), size(made.shape[1])), lambda: made)


def _dimension(reading: Reading, node: Node, function: Node) -> Dim:
    """A dimension written as a name, an integer or a product of them, also `n*(n+1)/2`.

    Raises:
        ShapeError: it is something else.
    """
    result, halves = ONE, 0
    sides: list[Dim] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        word = plain(part.text)
        if part.rule in ("STAR", "juxtapose"):
            waiting += part.operands
        elif part.rule in ("SLASH", "PLUS") and part.operands[1:] and part.operands[1].text == ONE_OR_TWO[part.rule]:
            if part.rule == "SLASH":
                halves += 1
                waiting.append(part.operands[0])
            else:
                sides.append(_dimension(reading, part.operands[0], function))
        elif part.rule == "name" and word in reading.sizes:
            result = result * reading.sizes[word]
        elif part.rule == "literal" and word.isdecimal() and word.strip("0") and len(word) < 10:
            result = result * dim(int(word))
        else:
            what = (
                f"{word} is a variable"
                if word in reading.shapes
                else f"{reading.source[slice(*part.span)][:40]} is not"
            )
            raise ShapeError(f"{function.text} takes {DIMENSION}; {what}", source=reading.source, span=part.span)
    found = _with_triangles(result, sides) if halves == len(sides) else None
    if found is None:
        what = f"{reading.source[slice(*node.span)][:40]} is not"
        raise ShapeError(f"{function.text} takes {DIMENSION}; {what}", source=reading.source, span=node.span)
    _check_size(reading, node, found)
    return found


def _with_triangles(product: Dim, sides: list[Dim]) -> Dim | None:
    """The product times (n+1)/2 for each of the sides n; None if it does not have them as factors."""
    total = ONE
    for side in sides:
        rest = product.over(side)
        if rest is None:
            return None
        product, total = rest, total * triangle(side)
    return product * total


DIMENSION = "a dimension: a name, a positive integer or a product of them"
ONE_OR_TWO = {"SLASH": "2", "PLUS": "1"}  #: the numbers in n*(n+1)/2
WRITTEN = {  #: how a matrix of this name is written, and which it is
    "K": ("K(m,n)", "commutation"),
    "D": ("D(n)", "duplication"),
    "L": ("L(n)", "elimination"),
}


def _check_size(reading: Reading, node: Node, n: Dim) -> None:
    if n.count > 10**9:
        raise ShapeError("a dimension is at most 1000000000", source=reading.source, span=node.span)


def _constant(reading: Reading, node: Node, args: tuple[Term, ...]) -> Term:
    """`vector(1)`, `vector(0)`, `matrix(1)`: filled, of the size that the context asks for."""
    if node.operands[0].rule != "literal" or node.operands[0].text not in ("0", "1"):
        raise SyntaxProblem(f"{node.text} takes 0 or 1, the value of every entry", source=reading.source,
                            span=node.operands[0].span, hint="write ones(n) for a column of n ones")  # fmt: skip
    shape: Sizes = reading.rule.fresh(), (reading.rule.fresh() if node.text == "matrix" else UNIT)
    reading.loose.append((shape, node))
    make = ones if node.operands[0].text == "1" else zeros
    return Term(node, shape, lambda: make(reading.resolve(shape)[0]))


def identity(reading: Reading, node: Node) -> Term:
    """The identity matrix of the size that the context asks for."""
    n = reading.rule.fresh()
    reading.loose.append(((n, n), node))
    return Term(node, (n, n), lambda: eye(reading.resolve((n, n))[0][0]))


def sized(reading: Reading, node: Node, X: Term, count: Term) -> Term:
    """What has as many rows as a finite sum has terms.

    Raises:
        ShapeError: it has not.
    """
    n = _dimension(reading, count.node, node)
    if not reading.rule.same(X.shape[0], size(n)):
        reading.misfit(f"the sum has {n} terms", node.span, (X,))
    return Term(node, X.shape, lambda x: x, (X,))


_SPECIAL: dict[str, Call] = {
    "sqrt": _sqrt, "trace": _trace, "sum": _sum, "diag": _diag, "eye": _filled, "ones": _filled, "zeros": _filled,
    "vector": _constant, "matrix": _constant,
}  # fmt: skip
