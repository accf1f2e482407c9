"""Languages: how each instruction is spelled, and what stands around a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from unicodedata import normalize

from closedform.program.term import Term

if TYPE_CHECKING:
    from closedform.program.source import Program, Writer

ADD, MULTIPLY, NEGATE, POWER, ATOM = range(5)  #: how tightly code binds, as far as it is needed


@dataclass(frozen=True, slots=True)
class Spelling:
    """Code with `{0}`, `{1}` for the operands.

    Attributes:
        template: the code.
        level: how tightly it binds.
        first: how tightly the first operand must bind to stand without parentheses.
        others: the same for the others.
    """

    template: str
    level: int = ATOM
    first: int = ADD
    others: int = ADD


Spell = Callable[[Term, "Writer"], Spelling]  #: a spelling that depends on the term


def python_name(name: str) -> str:
    """The identifier that Python reads a name as."""
    safe = normalize("NFKC", name)
    return safe if safe.isidentifier() and not safe.startswith("__") else "v"


@dataclass(frozen=True, slots=True)
class Language:
    """A language that programs are written in.

    Attributes:
        name: as it is asked for.
        spellings: of the instructions.
        otherwise: the spelling of an instruction that is not among them; raises `NotSupported`.
        reserved: words that may not be names.
        number: the literal of a number.
        assign: a line that gives a value a name; `{0}` is the name, `{1}` the value, `{2}` its type.
        returned: the code that gives back the value of a term that has this code; most often it is this code.
        write: the source of a program under a name.
        dtype: the code of the precision, where it is not the usual one.
        matrices: whether arrays have at most two axes.
        sized: the code that reads a dimension from an argument: its name, the axis, the argument's rank.
        kind: the type of a value, where it is declared.
        into: the parameter that the result is written to, if it is.
        stored: the lines that write a term there.
        spelled: the nearest identifier to a name, which may be reserved.
        fused: the terms of the results, with what the language has one instruction for.
    """

    name: str
    spellings: Mapping[str, Spelling | Spell]
    otherwise: Callable[[Term], Spelling]
    reserved: frozenset[str]
    number: Callable[[float], str]
    write: Callable[[Program, str], str]
    sized: Callable[[str, int, int], str]
    assign: str = "{0} = {1}"
    returned: Callable[[Term, str], str] = lambda t, code: code
    dtype: str = ""
    matrices: bool = False
    kind: Callable[[Term], str] = lambda t: ""
    spelled: Callable[[str], str] = python_name
    into: str = ""
    stored: Callable[[Term, str, Writer], list[str]] | None = None
    fused: Callable[[Sequence[Term]], Sequence[Term]] = tuple

    def typed(self, dtype: str) -> Language:
        """The same language in another precision."""
        return replace(self, dtype=dtype)

    def spelling(self, t: Term, writer: Writer) -> Spelling:
        found = self.spellings.get(t.op)
        if found is None:
            return self.otherwise(t)
        return found if isinstance(found, Spelling) else found(t, writer)


def infix(symbol: str, level: int) -> Spelling:
    """Associative to the left: the operand on the right must bind more tightly."""
    return Spelling("{0} " + symbol + " {1}", level, level, level + 1)


def postfix(template: str) -> Spelling:
    """The first operand stands bare before a dot or a bracket: `{0}.T`."""
    return Spelling(template, ATOM, ATOM)


def listed(start: int, end: int) -> str:
    """Places for several operands: `{1}, {2}`."""
    return ", ".join(f"{{{n}}}" for n in range(start, end))


def halves(t: Term, start: int = 0) -> tuple[str, str]:
    """Places for columns, and for as many rows: `{0}, {1}` and `{2}, {3}`."""
    middle = (start + len(t.args)) // 2
    return listed(start, middle), listed(middle, len(t.args))


def added_to(outer: str, outers: Callable[[Term, Writer, int], Spelling]) -> Spell:
    """The spelling of `plus_outers`, by that of one product u v' and of several whose operands start at a place."""

    def spell(t: Term, writer: Writer) -> Spelling:
        if len(t.args) > 3:
            return Spelling("{0} + " + outers(t, writer, 1).template, ADD, ADD, ATOM)
        u, sign = t.args[1], "+"
        if u.op == "negative" and writer.shown[u][1] == NEGATE:
            u, sign = u.args[0], "-"
        return Spelling(f"{{0}} {sign} {outer.format(writer.operand(u, ATOM), '{2}')}", ADD, ADD, ATOM)

    return spell


def called(code: str, helpers: Mapping[str, str]) -> list[str]:
    """The sources of the helpers that some code calls, and that they call themselves."""
    found: dict[str, str] = {}
    todo = [code]
    while todo:
        code = todo.pop()
        for name, text in helpers.items():
            if (
                name not in found
                and name in code
                and re.search(rf"(?<![\w.])(&{name}\b|{name}\.?\()|\bdelayed\({name}\)", code)
            ):
                found[name] = text
                todo.append(text)
    return [found[name] for name in helpers if name in found]
