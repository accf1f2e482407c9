"""Matrices that NumPy takes entry by entry, in the memory of an operand that nobody else needs.

NumPy does so by itself where a sum or product takes an operand without a name and another of the same shape; not for
functions, not where a vector is broadcast, and not for what has a name.  Those get lines of their own: `t0 -= u`,
`np.exp(t0, out=t0)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from closedform.core.expr import OPS
from closedform.program.language import ADD, Spell, Spelling
from closedform.program.languages.python import is_fresh
from closedform.program.source import Writer
from closedform.program.term import VIEWS, Term

AUGMENTED = {"add": "+=", "subtract": "-=", "multiply": "*=", "divide": "/="}
COMMUTATIVE = frozenset({"add", "multiply"})
UNARY = {"sqrt": "np.sqrt", "expm1": "np.expm1", "log1p": "np.log1p", "erfc": "scipy.special.erfc"}
BINARY = {"hypot": "np.hypot", "logaddexp": "np.logaddexp", "larger": "np.maximum", "smaller": "np.minimum"}
OURS = ("sigmoid", "softplus")  #: functions of ours that take `out=` as well
UFUNCS = {
    **{op: f"np.{op}" for op in (*AUGMENTED, "negative", "power")},
    **{name: op.code.partition("(")[0] for name, op in OPS.items()
       if op.kind == "elementwise" and re.fullmatch(r"(np|scipy\.special)\.\w+\(\{0\}\)", op.code)},
    **{op: op for op in OURS},
    **UNARY,
    **BINARY,
}  #: the function of each instruction that is taken entry by entry, which takes `out=`  # fmt: skip


def in_place(spellings: Mapping[str, Spelling | Spell]) -> dict[str, Spelling | Spell]:
    """The spellings, where matrices are taken entry by entry in the memory of an operand if NumPy would not."""
    return {**spellings, **{op: _written_over(op, spellings.get(op)) for op in UFUNCS}}


def _written_over(op: str, plain: Spelling | Spell | None) -> Spell:
    def spell(t: Term, writer: Writer) -> Spelling:
        place = next((n for n in range(len(t.args)) if _may_be_written(t, n, writer)), None)
        if place is not None and not _elided(t, place, writer) and not _goes_to_result(t, writer):
            return Spelling(_over(t, place, writer))
        if plain is None:
            return writer.language.otherwise(t)
        return plain if isinstance(plain, Spelling) else plain(t, writer)

    return spell


def _may_be_written(t: Term, n: int, writer: Writer) -> bool:
    a = t.args[n]
    return t.rank > 1 and a.axes == t.axes and a.op not in VIEWS and a.op != "assemble" and is_fresh(a, writer)


def _elided(t: Term, place: int, writer: Writer) -> bool:
    """Does NumPy itself write over an operand?"""
    if re.fullmatch(r"\w+", writer.shown[t.args[place]][0]):
        return False
    if t.op == "negative" or (t.op == "power" and place == 0 and t.args[1].value == 2):
        return True
    whole = all(a.rank == 0 or a.axes == t.axes for a in t.args)
    return whole and t.op in AUGMENTED and (place == 0 or t.op in COMMUTATIVE)


def _goes_to_result(t: Term, writer: Writer) -> bool:
    """Is it written to the array that the caller gives for the result?"""
    node = writer.roots[0] if writer.language.into else None
    while node is not None and node is not t:
        node = node.args[0] if node.op == "transpose" else next((a for a in node.args if a.axes == t.axes), None)
    return node is t


def _over(t: Term, place: int, writer: Writer) -> str:
    """The name of the operand, after a line that writes the result over it."""
    a = t.args[place]
    name = writer.named(a)
    if t.op in AUGMENTED and (place == 0 or t.op in COMMUTATIVE):
        writer.lines.append(f"{name} {AUGMENTED[t.op]} {writer.shown[t.args[1 - place]][0]}")
    else:
        operands = ", ".join(writer.operand(x, ADD) for x in t.args)
        writer.lines.append(f"{UFUNCS[t.op]}({operands}, out={name})")
    writer.kept.discard(a)
    writer.kept.add(t)
    return name
