"""Names: which functions exist, what a letter means, and what a foreign name should have been.

Functions are the registered operations, less those written as operators, plus a few spellings of our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Literal

import closedform.ops  # noqa: F401  (registers the operations)
from closedform.core.expr import OPS

Kind = Literal["scalar", "vector", "matrix"]

WRITTEN_AS_OPERATORS = {"add", "scale", "hadamard", "power", "matmul", "transpose", "matpow"}
SPECIAL = {  #: functions that are not one operation of the same name, with how many arguments they take
    "sqrt": (1,), "sum": (1, 2), "diag": (1,), "trace": (1,), "eye": (1,), "ones": (1, 2), "zeros": (1, 2),
    "vector": (1,), "matrix": (1,),
}  # fmt: skip
FOREIGN = {  #: names from elsewhere, and what to write here
    "transpose": "write x' for the transpose", "T": "write x' for the transpose", "t": "write x' for the transpose",
    "dot": "write x'*y for the inner product", "inner": "write x'*y for the inner product",
    "outer": "write x*y' for the outer product", "matmul": "write A*B", "mul": "write A*B", "times": "write A*B",
    "hadamard": "write A.*B", "multiply": "write A.*B", "scale": "write a*A", "add": "write A + B",
    "mean": "write sum(x)/n", "average": "write sum(x)/n", "var": "write norm2(x - sum(x)/n*ones(n))^2/n",
    "norm": "did you mean norm2?", "frobenius": "did you mean norm2?", "fro": "did you mean norm2?",
    "nuclear": "did you mean normnuc?", "ln": "did you mean log?", "log2": "write log(x)/log(2)",
    "log10": "write log(x)/log(10)", "inverse": "did you mean inv?", "log_det": "did you mean logdet?",
    "slogdet": "did you mean logdet?", "determinant": "did you mean det?", "adjugate": "did you mean adj?",
    "identity": "did you mean eye?", "eyes": "did you mean eye?", "one": "did you mean ones?",
    "expit": "did you mean sigmoid?", "logistic": "did you mean sigmoid?", "relu6": "did you mean relu?",
    "power": "write x.^a entry by entry, X^k for a matrix power", "pow": "write x.^a", "square": "write x.^2",
    "matrix_power": "write X^k", "matpow": "write X^k", "asin": "did you mean arcsin?",
    "acos": "did you mean arccos?", "atan": "did you mean arctan?", "sgn": "did you mean sign?",
    "Tr": "did you mean tr?", "lse": "did you mean logsumexp?", "min": "write -max(-x)",
    "maximum": "write max(x), or relu(x) for max(x, 0)", "pseudoinverse": "did you mean pinv?",
    "commutation": "write K(m,n) for the commutation matrix", "duplication": "write D(n) for the duplication matrix",
    "elimination": "write L(n) for the elimination matrix",
    "cholesky": "a Cholesky factor is not in the syntax; declare it as a triangular variable",
}  # fmt: skip


@cache
def _arities(count: int) -> dict[str, tuple[int, ...]]:
    """`count` is how many operations are registered, so that one added later is seen."""
    functions = {
        op.name: tuple(sorted({len(s.operands) for s in op.signatures}))
        for op in OPS.values()
        if op.kind != "leaf" and op.name not in WRITTEN_AS_OPERATORS
    }
    return functions | SPECIAL


def functions() -> dict[str, tuple[int, ...]]:
    """Every function of the syntax, with the numbers of arguments it takes."""
    return _arities(len(OPS))


def function_hint(name: str) -> str | None:
    """What an unknown function should have been."""
    if name in FOREIGN:
        return FOREIGN[name]
    lower = name.lower()
    if lower in functions():
        return f"did you mean {lower}?"
    return FOREIGN[lower] if lower in FOREIGN else closest(name, functions())


def closest(name: str, known: Iterable[str]) -> str | None:
    """The hint for a misspelt name."""
    known = list(known)
    other_case = [k for k in known if k != name and k.lower() == name.lower()]
    found = other_case or get_close_matches(name[:50], known, n=1, cutoff=0.7)
    return f"did you mean {found[0]}?" if found else None


def usual_kind(name: str) -> Kind | None:
    """What an undeclared name stands for: a–g scalar, h–z column, A–Z matrix; Greek small scalar, capital matrix.

    >>> usual_kind("x1"), usual_kind("λ"), usual_kind("Σ")
    ('vector', 'scalar', 'matrix')
    """
    c = name[0]
    if "A" <= c <= "Z":
        return "matrix"
    if "a" <= c <= "z":
        return "scalar" if c <= "g" else "vector"
    if "\u0370" <= c <= "\u03ff" and c.isalpha():
        return "matrix" if c.isupper() else "scalar"
    return None
