"""Hostile strings without end, each from its number: mutations of real formulas, deep nests, ladders, Unicode."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.hostile.inputs import INPUTS, ladder

DATA = Path(__file__).parents[1] / "data"
LONGEST = 12_000  #: characters; a little more than is read
PIECES = (
    *"abcdxyzABXYnm0123456789.+-*/^'(),‖ᵀ⁻¹²√½⊗⊙∂=;:_{}[]|&%$#@!~<>\"` \t\n\\",
    ".*", "./", ".^", "**", "inv(", "tr(", "det(", "logdet(", "exp(", "sum(", "norm2(", "kron(", "diag(", "vec(",
    "eye(n)", "ones(m,n)", "K(m,n)", "D(n)", "softmax(", "d(", ")/dx", ")/dX", "d2(", "dx dx'", "grad(", ", x)",
    r"\frac{", r"\sqrt{", r"\left(", r"\right)", r"^{\top}", r"^{-1}", r"\operatorname{tr}", r"\sum_{i=1}^{n}",
    r"\begin{pmatrix}", r"\end{pmatrix}", r"\lVert", r"\rVert", r"\mathbf{", "_{ij}", "}", "{", "x_i", "A_{ij}",
    ": vector(n)", ": matrix(m,n)", " symmetric", " spd", ": scalar", ": entrywise", "1e9", "10^9", "9" * 40,
)  # fmt: skip
ODD = (
    "\u202e",
    "\u200b",
    "\u0301",
    "\ufeff",
    "\x00",
    "\x1b",
    "\u2028",
    "\ud800",
    "\U000e0041",
    "ﷺ",
    "𝐱",
    "ſ",
    "İ",
    "٣",
    "Ⅷ",
    "㎏",
    "́",
)
NESTS = (("(", ")"), ("exp(", ")"), ("inv(", ")"), ("‖", "‖"), ("-", ""), ("", "'"), ("", "^2"), (r"\frac{1}{", "}"), (r"\sqrt{", "}"), ("{", "}"), (r"\left(", r"\right)"), ("x+(", ")"), ("kron(A,", ")"), ("diag(", ")"), ("tr(X*", ")"))  # fmt: skip
RUNGS = ("({}*{})", "({}+{})", "{}.*{}", "kron({},{})", "({})^2", r"\frac{{}}{{}}", "sum({}.*{})", "({}'*{})")


@cache
def seeds() -> tuple[str, ...]:
    """Formulas, statements and declarations of the test data, and the table of hostile texts."""
    found = [text for kind in INPUTS.values() for text in kind.values() if len(text) < 400]
    for name in ("cases.jsonl", "latex.jsonl", "bad.jsonl"):
        rows = map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())
        found += [v for row in rows for k, v in row.items() if k in ("expr", "latex", "text") and isinstance(v, str)]
    found += (DATA / "identities.txt").read_text(encoding="utf-8").splitlines()
    return tuple(found)


def _mutated(rng: random.Random) -> str:
    """A real formula with a few pieces put in, left out, doubled, exchanged or spliced with another."""
    text = rng.choice(seeds())
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(text))
        to = min(len(text), at + rng.randint(0, 8))
        put = rng.choice(
            (rng.choice(PIECES), rng.choice(ODD), "", text[at:to] * 2, rng.choice(seeds())[: rng.randint(1, 40)])
        )
        text = text[:at] + put + text[rng.choice((at, to)) :]
    return text


def _pieces(rng: random.Random) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 60)))


def _characters(rng: random.Random) -> str:
    """Any code points, lone surrogates among them."""
    return "".join(
        rng.choice((chr(rng.randrange(0x110000)), rng.choice(ODD), rng.choice("xA*+'()")))
        for _ in range(rng.randint(1, 40))
    )


def _nested(rng: random.Random) -> str:
    opening, closing = rng.choice(NESTS)
    depth = rng.choice((3, 30, 99, 101, 500, 2000))
    return opening * depth + rng.choice(("x", "X", "x'*x", "", "a")) + closing * (depth - rng.choice((0, 0, 0, 1)))


def _ladder(rng: random.Random) -> str:
    return ladder(rng.choice(RUNGS), rng.randint(2, 12), rng.choice(("x", "X", "a", "x'*x", "A*x")))


def _repeated(rng: random.Random) -> str:
    return rng.choice((*PIECES, *ODD)) * rng.choice((10, 200, 3000))


KINDS: tuple[tuple[int, Callable[[random.Random], str]], ...] = (
    (50, _mutated), (28, _pieces), (15, _characters), (4, _nested), (2, _ladder), (1, _repeated),
)  #: of a hundred strings, so many  # fmt: skip
DRAWN = [make for weight, make in KINDS for _ in range(weight)]


def hostile(number: int) -> str:
    """The string of that number; the same in every process."""
    rng = random.Random(number)
    return rng.choice(DRAWN)(rng)[:LONGEST]
