"""Declarations: the shapes and properties of variables, checked before they are used.

`X: matrix(m,n)`, `x: vector(n)`, `a: scalar`, each with properties; a variable in many lines of one meaning may be
grouped, `A, B: matrix(n,n) symmetric`.  Functions that are left abstract: `sigma: entrywise`, `f: function(m,n)`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from closedform.core.abstract import ENTRYWISE, Part
from closedform.core.expr import OPS
from closedform.core.shape import SCALAR, Dim, Shape, shape_of, show
from closedform.errors import ClosedFormError, DeclarationError
from closedform.syntax.names import closest, functions
from closedform.syntax.tokens import MATRICES, plain

SQUARE = frozenset({"symmetric", "spd", "diagonal", "orthogonal", "triangular"})  #: need an n×n variable
PROPERTIES = (*sorted(SQUARE), "positive", "integer")

Shapes = Mapping[str, Sequence[int | str | Dim]]
Properties = Mapping[str, Iterable[str]]
Functions = Mapping[str, str | Sequence[int | str | Dim]]


def declared_shapes(shapes: Shapes) -> dict[str, Shape]:
    """The declared shapes, checked.

    Raises:
        DeclarationError: not a name, the name of a function, or not a shape.
    """
    found: dict[str, Shape] = {}
    for name, dims in shapes.items():
        name = check_name(name)
        if isinstance(dims, str) or not isinstance(dims, Sequence):
            raise DeclarationError(f"the shape of {name} is a list of dimensions, not {dims!r}"[:200],
                                   hint='() is a scalar, ("n",) a vector, ("m", "n") a matrix')  # fmt: skip
        found[name] = shape_of(dims)
    return found


def declared_functions(given: Functions, variables: Collection[str]) -> dict[str, Shape | None]:
    """The abstract functions, checked: the shape of each one's value, None if it works entry by entry.

    Args:
        given: name to `"entrywise"`, or to the dimensions of its value.
        variables: the declared variables.

    Raises:
        DeclarationError: not a name, or one that is taken; neither `"entrywise"` nor a shape.
    """
    found: dict[str, Shape | None] = {}
    for name, kind in given.items():
        name = _function_name(name)
        if kind != ENTRYWISE and (isinstance(kind, str) or not isinstance(kind, Sequence)):
            raise DeclarationError(f"the function {name} is entrywise, or a list of dimensions, not {kind!r}"[:200],
                                   hint='"entrywise", or the shape of its value: (), ("n",), ("m", "n")')  # fmt: skip
        found[name] = None if isinstance(kind, str) else shape_of(kind)
        parts = [name] if isinstance(kind, str) else [part.called(name) for part in Part]
        for taken in parts:
            if taken in variables:
                raise DeclarationError(f"{taken} is a variable and a function")
    dims = {d for shape in found.values() if shape for size in shape for d in size.names}
    if dims & found.keys():
        raise DeclarationError(f"{min(dims & found.keys())} is a function and a dimension")
    return found


def _function_name(name: str) -> str:
    """An abstract function's name in its ordinary letters.

    Raises:
        DeclarationError: it is no name, or has a meaning of its own.
    """
    if not isinstance(name, str) or not plain(name).isidentifier():
        raise DeclarationError(f"a function's name is a word, not {name!r}"[:200])
    name = plain(name)
    if name in functions() or name in OPS or name in MATRICES:
        raise DeclarationError(f"{name} has a meaning of its own; a function needs another name")
    return name


def check_name(name: str) -> str:
    """A variable's name in its ordinary letters.

    Raises:
        DeclarationError: it is no name, or it is a function's.
    """
    if not isinstance(name, str) or not plain(name).isidentifier():
        raise DeclarationError(f"a variable's name is a word, not {name!r}"[:200])
    name = plain(name)
    if name in functions():
        raise DeclarationError(f"{name} is a function; a variable needs another name")
    return name


def declared_properties(properties: Properties) -> dict[str, frozenset[str]]:
    """The declared properties, each one known.

    Raises:
        DeclarationError: an unknown property.
    """
    found: dict[str, frozenset[str]] = {}
    for name, given in properties.items():
        listed = [given] if isinstance(given, str) else list(given)
        for p in listed:
            check_property(p)
        if listed:
            found[plain(name)] = frozenset(listed)
    return found


def check_property(p: str) -> None:
    if p not in PROPERTIES:
        hint = closest(str(p), (*PROPERTIES, ENTRYWISE)) or "the properties are " + ", ".join(PROPERTIES)
        raise DeclarationError(f"unknown property {p!r}"[:200], hint=hint)


def check_fit(name: str, shape: Shape, properties: Iterable[str]) -> None:
    """Whether a variable of that shape can have these properties.

    Raises:
        DeclarationError: a non-square matrix declared symmetric, a vector declared integer.
    """
    for p in sorted(properties):
        if p in SQUARE and shape[0] is not shape[1]:
            raise DeclarationError(f"{name} is declared {p}, but is {show(shape)}", hint=f"only a square matrix is {p}")
        if p == "integer" and shape != SCALAR:
            raise DeclarationError(f"{name} is declared integer, but is {show(shape)}", hint="only a scalar is integer")


_ENTRY = re.compile(r"(?P<names>[^:]*?)\s*:\s*(?P<rest>.*?)\s*$", re.DOTALL)
_INSIDE = r"\(((?:[^()]|\([^()]*\))*)\)"  #: brackets, with brackets inside for n*(n+1)/2
_KIND = re.compile(rf"(scalar|vector|matrix)\b\s*(?:{_INSIDE})?|(\w+)(\s*\()?")
_FUNCTION = re.compile(rf"(entrywise)\b|(function)\b\s*(?:{_INSIDE})?")
_COUNT = {"scalar": (0,), "vector": (1,), "matrix": (2,), "function": (0, 1, 2)}
Dims = tuple[int | str, ...]


class Declarations(NamedTuple):
    """What `parse` takes: shapes, properties and functions by name."""

    shapes: dict[str, Dims]
    properties: dict[str, list[str]]
    functions: dict[str, str | Dims]


def declarations(lines: str | Iterable[str]) -> Declarations:
    """Shapes, properties and functions from declarations such as `A: matrix(n,n) symmetric; x: vector(n); a: scalar`.

    Returns:
        `(shapes, properties, functions)` for `parse`.  A name with properties only (`S: spd`) has no shape, to be
        inferred.

    Raises:
        DeclarationError: with its place in the line.

    >>> shapes, properties, functions = declarations(["A: matrix(n,n) symmetric; x: vector(n)", "s: entrywise"])
    >>> shapes, properties, functions
    ({'A': ('n', 'n'), 'x': ('n',)}, {'A': ['symmetric']}, {'s': 'entrywise'})
    """
    found = Declarations({}, {}, {})
    for line in [lines] if isinstance(lines, str) else lines:
        for entry in re.finditer(r"[^;\n]+", line):
            if entry.group().strip():
                _declare(line, entry.start(), entry.group(), found)
    return found


def _declare(line: str, start: int, entry: str, found: Declarations) -> None:
    match = _ENTRY.match(entry)
    if match is None:
        raise DeclarationError("a declaration is a name, a colon and a shape", source=line,
                               span=_trimmed(entry, start, 0, len(entry)), hint="write A: matrix(m,n)")  # fmt: skip
    kind = _function(line, start + match.start("rest"), match["rest"])
    dims, listed = (None, []) if kind is not None else _meaning(line, start + match.start("rest"), match["rest"])
    at = match.start("names")
    for part in match["names"].split(","):
        span = _trimmed(entry, start, at, at + len(part))
        at += len(part) + 1
        with _Place(line, span):
            name = check_name(part.strip()) if kind is None else _function_name(part.strip())
            if any(name in declared for declared in found):
                raise DeclarationError(f"{name} is declared twice")
            if kind is not None:
                declared_functions({name: kind}, found.shapes)
                found.functions[name] = kind
            if dims is not None:
                check_fit(name, shape_of(dims), listed)
                found.shapes[name] = dims
            if listed:
                found.properties[name] = list(listed)


def _function(line: str, start: int, rest: str) -> str | Dims | None:
    """What is declared of a function; None of a variable."""
    match = _FUNCTION.match(rest)
    if match is None:
        return None
    with _Place(line, (start, start + match.end())):
        if match.end() < len(rest):
            raise DeclarationError(f"nothing more is known of a function than {match[0].strip()}")
        return ENTRYWISE if match[1] else _dimensions(match[2], match[3])


def _meaning(line: str, start: int, rest: str) -> tuple[tuple[int | str, ...] | None, list[str]]:
    """Dimensions and properties, the part after the colon."""
    dims: tuple[int | str, ...] | None = None
    listed: list[str] = []
    at = 0
    while at < len(rest):
        match = _KIND.match(rest, at)
        if match is None and rest[at] in " \t\r,":
            at += 1
            continue
        end = match.end() if match else at + 1
        with _Place(line, (start + at, start + end)):
            if match is None:
                raise DeclarationError(f"unexpected {rest[at]!r}", hint="write A: matrix(m,n) symmetric")
            if match[1] and dims is not None:
                raise DeclarationError("a second shape")
            if match[1]:
                dims = _dimensions(match[1], match[2])
            elif match[4]:
                raise DeclarationError(f"unknown shape {match[3]}", hint="write scalar, vector(n) or matrix(m,n)")
            else:
                check_property(match[3])
                listed.append(match[3])
        at = end
    if dims is None and not listed:
        raise DeclarationError("a shape is missing", source=line, span=(start, start),
                               hint="write scalar, vector(n) or matrix(m,n)")  # fmt: skip
    return dims, listed


def _dimensions(kind: str, inside: str | None) -> tuple[int | str, ...]:
    parts = [p.strip() for p in inside.split(",")] if inside and inside.strip() else []
    if len(parts) not in _COUNT[kind]:
        wanted = {"scalar": "scalar", "vector": "vector(n)", "matrix": "matrix(m,n)", "function": "function(m,n)"}[kind]
        raise DeclarationError(f"{kind} takes {_COUNT[kind][-1]} dimensions, not {len(parts)}", hint=f"write {wanted}")
    dims = tuple(int(p) if p.isdecimal() and p.isascii() and len(p) < 10 else p for p in parts)
    return tuple(d.count if not d.names else d.text for d in shape_of(dims)[: len(dims)])


def _trimmed(entry: str, start: int, first: int, last: int) -> tuple[int, int]:
    part = entry[first:last]
    left = len(part) - len(part.lstrip())
    return start + first + left, start + max(first + left, first + len(part.rstrip()))


class _Place:
    """Gives the errors raised inside a position."""

    def __init__(self, source: str, span: tuple[int, int]) -> None:
        self.source, self.span = source, span

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClosedFormError):
            error.at(self.source, self.span)
