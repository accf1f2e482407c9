"""NumPy code that writes its result into a given array: the same program, whose last instructions say where."""

from __future__ import annotations

import re
from dataclasses import replace

from closedform.program.languages import python
from closedform.program.languages.inplace import UFUNCS
from closedform.program.languages.numpy import NUMPY
from closedform.program.languages.python import is_fresh
from closedform.program.source import Writer
from closedform.program.term import Term

OUT = "out"  #: the parameter
OWN = ("softmaxslope", "plus_transpose", "weighted_gram", "signed_gram", "softmax_gram", "pair_gram")  #: ours
FUNCTIONS = {
    **{op: op for op in OWN},
    **UFUNCS,
    "outer": "np.outer",
    **dict.fromkeys(["matmul", "matvec", "vecmat", "matmul_each"], "np.matmul"),
}
WHOLE = {"outer", "matmul", "matvec", "vecmat", "matmul_each", *OWN}  #: not entry by entry


def stored(t: Term, place: str, writer: Writer) -> list[str]:
    """Lines that write the value of a term to a place; what only it needs and has its shape is written there first."""
    code = writer.shown[t][0]
    if code == place:
        return []
    if re.fullmatch(r"\w+", code):
        return [f"{place}[...] = {code}"]
    if t.op == "transpose":
        return stored(t.args[0], f"{place}.T", writer)
    if t.op == "plus_diagonal" and is_fresh(t.args[0], writer):
        return [*stored(t.args[0], place, writer), f"plus_diagonal({place}, {writer.shown[t.args[1]][0]})"]
    if t.op == "einsum":
        return [_einsum(t, place, writer)]
    if t.op not in FUNCTIONS:
        return [f"{place}[...] = {code}"]
    if t.op == "pair_gram":
        return [f"{code[:-1]}, out={place})"]
    first = next((a for a in t.args if _first(a, t, writer)), None) if t.op not in WHOLE else None
    lines = [] if first is None else stored(first, place, writer)
    operands = [place if a is first else writer.shown[a][0] for a in t.args]
    return [*lines, f"{FUNCTIONS[t.op]}({', '.join(operands)}, out={place})"]


def _first(a: Term, t: Term, writer: Writer) -> bool:
    """May an operand be written to the place of the result?"""
    once = writer.uses[a] == 1 and not re.fullmatch(r"\w+", writer.shown[a][0])
    direct = a.op in FUNCTIONS or a.op in ("plus_diagonal", "einsum")
    return once and direct and a.axes == t.axes and is_fresh(a, writer)


def _einsum(t: Term, place: str, writer: Writer) -> str:
    operands = [writer.operand(a, 4) for a in t.args]
    pair, out = python.outer_words(t)
    if not pair:
        return f"np.einsum('{t.data}', {', '.join(operands)}, out={place})"
    left, right = (python.spread(code, word, out) for code, word in zip(operands, pair, strict=True))
    return f"np.multiply({left}, {right}, out={place})"


INTO = replace(NUMPY, reserved=NUMPY.reserved | {OUT}, into=OUT, stored=stored)
