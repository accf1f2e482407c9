"""What the Python languages have in common: the source of a function, its helpers, its docstring."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from textwrap import indent

from closedform.errors import RequestError
from closedform.program.language import ATOM, MULTIPLY, NEGATE, POWER, Spell, Spelling, called, infix, listed, postfix
from closedform.program.source import Program, Writer
from closedform.program.term import VIEWS, Term

KEYWORDS = frozenset(keyword.kwlist) | {"float", "int", "len", "range"}


def _known(t: Term) -> float | None:
    """A number or a fraction."""
    if t.op != "divide":
        return t.value
    top, bottom = (a.value for a in t.args)
    return top / bottom if top is not None and bottom else None


def _power(t: Term, writer: Writer) -> Spelling:
    """A number below 0 has no root; Python's would be complex."""
    base, exponent = map(_known, t.args)
    if base is not None and exponent is not None and base < 0 < exponent % 1:
        return Spelling("float('nan')")
    return Spelling("{0}**{1}", POWER, ATOM, ATOM)


OPERATORS: dict[str, Spelling | Spell] = {
    "add": infix("+", 0),
    "subtract": infix("-", 0),
    "multiply": infix("*", MULTIPLY),
    "divide": infix("/", MULTIPLY),
    **dict.fromkeys(["matmul", "matvec", "vecmat", "inner"], infix("@", MULTIPLY)),
    "power": _power,
    "negative": Spelling("-{0}", NEGATE, POWER),
    "triangle": Spelling("{0} * ({0} + 1) // 2", MULTIPLY, ATOM),
    "integer": Spelling("int({0})"),
    "transpose": postfix("{0}.T"),
    "column": postfix("{0}[:, None]"),
    "row": postfix("{0}[None, :]"),
    "first": postfix("{0}[0]"),
    "over": Spelling("over({0}, {1})"),
}  #: spelled alike in every array library


def calls(names: str, prefix: str = "") -> dict[str, Spelling]:
    """Functions of one operand, called by their own names."""
    return {name: Spelling(f"{prefix}{name}({{0}})") for name in names.split()}


def tuple_of(start: int, end: int) -> str:
    """Places for a tuple of sizes; one size stands alone."""
    return f"({listed(start, end)})" if end - start > 1 else listed(start, end)


def by_its_name(t: Term, writer: object) -> Spelling:
    """A function by its own name, of as many operands as there are."""
    return Spelling(f"{t.op}({listed(0, len(t.args))})")


def taken(t: Term, writer: object) -> Spelling:
    return postfix("{0}[{1}]" if t.data == 0 else "{0}[:, {1}]")


def rows(t: Term, writer: object) -> Spelling:
    return postfix(f"{{0}}.shape[{t.data}]")


def outer_words(t: Term) -> tuple[list[str], str]:
    """The letters of two operands that are multiplied without a sum, and of the result; else no operands."""
    words, out = str(t.data).split("->")
    pair = words.split(",")
    plain = all(len(set(w)) == len(w) for w in (*pair, out)) and set("".join(pair)) == set(out)
    return (pair if len(pair) == 2 and plain else []), out


def spread(place: str, word: str, out: str) -> str:
    """An array with its axes among those of a product; axes of length 1 at the front go without saying."""
    order = sorted(range(len(word)), key=lambda n: out.index(word[n]))
    if order != sorted(order):
        place = f"{place}.T" if len(order) == 2 else f"{place}.transpose({', '.join(map(str, order))})"
    start = min((out.index(c) for c in word), default=len(out))
    inside = ", ".join(":" if c in word else "None" for c in out[start:])
    return f"{place}[{inside}]" if "None" in inside else place


def _may_be_itself(t: Term) -> bool:
    """X¹ is X, not a copy."""
    return t.op == "matpow" and t.args[1].value in (None, 1)


def is_view(t: Term, borrowing: frozenset[str]) -> bool:
    """Does an array share its memory with an argument, or refuse to be written to?"""
    while t.args and (t.op in VIEWS or t.op in borrowing or _may_be_itself(t)):
        if t.op == "diagonal":
            return True
        t = t.args[0]
    return t.op == "variable"


def is_fresh(t: Term, writer: Writer) -> bool:
    """Is an array nobody else's, itself or what it is a view of?"""
    while t.op in VIEWS or t.op in ("vec", "permute", "first") or _may_be_itself(t):
        if writer.uses[t] != 1:
            return False
        t = t.args[0]
    unary = t.op == "einsum" and len(t.args) == 1
    return writer.uses[t] == 1 and bool(t.args) and not unary and t.op != "diagonal"


def first_array(p: Program) -> str | None:
    """The parameter whose type new arrays have: the first that is no number, else the first."""
    ordered = [*[a for a in p.arguments if a.dims], *p.arguments]
    return p.names[ordered[0].name] if ordered else None


def arrays(p: Program, made_by: str) -> list[str]:
    """Lines that make arrays of the arguments; and their type, where new arrays have it."""
    lines = [f"{p.names[a.name]} = {made_by}({p.names[a.name]})" for a in p.arguments]
    if any("dtype)" in line or "dtype=dtype" in line for line in [*p.lines, *p.results]):
        first = first_array(p)
        lines.append(f"dtype = {first}.dtype" if first else "dtype = float")
    return lines


def sized(name: str, axis: int, rank: int) -> str:
    return f"{name}.shape[{axis}]"


def source(
    p: Program, name: str, imports: Mapping[str, str], helpers: Mapping[str, str], arguments: Iterable[str]
) -> str:
    """The source of a function that runs a program.

    Args:
        p: the program.
        name: of the function.
        imports: a prefix in the code, and the line that imports it.
        helpers: the source of the functions that the code may call.
        arguments: lines that make arrays of the arguments.

    Raises:
        RequestError: `name` is not an identifier.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RequestError(f"{name[:40]!r} cannot name a Python function")
    body = [*arguments, *[f"{p.dims[n]} = {place}" for n, place in p.bindings.items()], *p.lines]
    body.append(f"return {', '.join(p.results)}" + ("," if p.several and len(p.results) == 1 else ""))
    lines = indent("\n".join(body), "    ")
    needs = called(lines, helpers)
    written = lines + "".join(needs)
    needed = [line for prefix, line in imports.items() if re.search(rf"(?<![\w.]){re.escape(prefix)}", written)]
    head = f"\n\ndef {name}({', '.join(p.parameters)}):"
    return "\n".join([*needed, *["\n\n" + h for h in needs], head, _docstring(p), lines, ""]).lstrip("\n")


def _docstring(p: Program) -> str:
    arguments = "".join(f"\n        {name}: {what}" for name, what in p.explained)
    arguments = f"\n\n    Args:{arguments}" if arguments else ""
    formula = p.outputs[0] if not p.several else "Several results at once."
    shown = zip(p.outputs, p.returns, strict=True)
    returns = p.returns[0] if not p.several else "\n        ".join(f"{o}: {r}" for o, r in shown)
    return f'    """{formula}{arguments}\n\n    Returns:\n        {returns}\n    """'
