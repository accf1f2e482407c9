"""The rules of derivations: one row per rule, its formula as books print it.

The keys are those of the catalogues, which have the names of the rules in every language.  The rule of a function is
stated by its record; its formula is made from that.
"""

from __future__ import annotations

from closedform.compact.present import present
from closedform.core.expr import OPS, Expr, Op, symbol
from closedform.core.normal import normal
from closedform.core.shape import ONE, Shape, dim
from closedform.emit.unicode import unicode
from closedform.errors import NotSupported, ShapeError

FORMULAS = {
    "start": "",
    "again": "",
    "increment": "",
    "multiply-out": "",
    "first-order": "",
    "name": "",
    "coefficient": "",
    "chain": "",
    "chain-coefficient": "",
    "likewise": "",
    "constant": "dA = 0",
    "sum": "d(X + Y) = dX + dY",
    "product": "d(XY) = dX·Y + X·dY",
    "constant-factor": "d(AX) = A·dX",
    "trace-function": "d tr f(X) = tr(f′(X) dX)",
    "abstract": "df(X) = Df(X)[dX]",
    "abstract-entrywise": "dσ(X) = σ′(X) ⊙ dX",
    "associate": "",
    "split": "A(X + Y) = AX + AY",
    "scalar-transpose": "uᵀAv = vᵀAᵀu",
    "scalar-trace": "uᵀXv = tr(vuᵀX)",
    "scalar-out": "tr(sA) = s tr(A)",
    "cyclic": "tr(ABC) = tr(CAB)",
    "sum-hadamard": "sum(A ⊙ X) = tr(AᵀX)",
    "sum-ones": "sum(X) = tr(𝟏𝟏ᵀX)",
    "trace-hadamard": "tr(Aᵀ(B ⊙ X)) = tr((A ⊙ B)ᵀX)",
    "trace-transpose": "tr(AXᵀ) = tr(AᵀX)",
    "adjoint-diag": "tr(A diag(u)) = diag(A)ᵀu",
    "adjoint-diagonal": "uᵀdiag(X) = tr(diag(u) X)",
    "adjoint-abstract": "Df(X)[dX] = ⟨Df(X)ᵀ[1], dX⟩",
    "adjoint": "⟨Y, L(X)⟩ = ⟨Lᵀ(Y), X⟩",
    "entries-diag": "c ⊙ x = diag(c) x",
    "diag-swap": "diag(x) v = diag(v) x",
    "scalar-last": "s v = v s",
    "scalar-variable": "A dx B = AB dx",
    "whole": "dF = J dx",
    "transpose-row": "",
    "vec-both": "d vec F = vec(dF)",
    "vec-matmul": "vec(AXB) = (Bᵀ ⊗ A) vec(X)",
    "vec-hadamard": "vec(A ⊙ X) = diag(vec A) vec(X)",
    "vec-transpose": "vec(Xᵀ) = K vec(X)",
    "vec-scale": "vec(aX) = a vec(X)",
    "vec-sum": "sum(X) = 𝟏ᵀ vec(X)",
    "vec-tr": "tr(X) = vec(I)ᵀ vec(X)",
    "vec-kron": "vec(A ⊗ B) = (I ⊗ K ⊗ I)(vec A ⊗ vec B)",
    "vec": "vec(L(X)) = M vec(X)",
    "collect": "",
    "read-off-gradient": "df = tr(GᵀdX)  ⇒  ∂f/∂X = G",
    "read-off-vector": "df = gᵀdx  ⇒  ∂f/∂x = g",
    "read-off-hessian": "dg = H dx  ⇒  ∂g/∂x = H",
    "read-off-jacobian": "dF = J dx  ⇒  ∂F/∂x = J",
    "read-off-stacked": "d vec F = J d vec X  ⇒  J",
    "unstack": "df = vec(G)ᵀ vec(dX)  ⇒  ∂f/∂X = G",
    "structure": "",
    "simplify": "",
    "put-back": "",
    "layout": "",
}
FAMILIES = ("d", "vec", "adjoint")  #: rules that are one for every operation
QUIET = frozenset({"associate", "split", "constant-factor", "sum", "d-transpose", "d-vec", "scalar-last", "vec-scale"})
#: what a reader who knows the rules does without a line of its own


def named(key: str) -> tuple[str, str]:
    """The key of a rule in the catalogues, and the operation that it is about, if it is one of a family.

    >>> named("d-tanh"), named("vec-matmul"), named("vec-softmax")
    (('function', 'tanh'), ('vec-matmul', ''), ('vec', 'softmax'))
    """
    family, _, name = key.partition("-")
    if key in FORMULAS or family not in FAMILIES:
        return key, ""
    if family == "d":
        family = "linear" if OPS[name].kind == "multilinear" else "function"
    return family, name


def formula(key: str) -> str:
    """The formula of a rule; empty if its name says it all."""
    sentence, name = named(key)
    if sentence in FORMULAS:
        return FORMULAS[sentence]
    return _of_record(OPS[name])


def _of_record(op: Op) -> str:
    """d f(X) as its record has it, for a general X of a shape that it takes; empty if it takes none."""
    n = dim("n")
    shapes: list[Shape] = [(n, n), (n, ONE)]
    for shape in shapes if op.kind != "elementwise" else shapes[1:]:
        try:
            return _stated(op, shape)
        except ShapeError:
            continue
    return ""  # of several operands: its name says what it can


def _stated(op: Op, shape: Shape) -> str:
    letter = "X" if shape[1] is not ONE else "x"
    X, dX = symbol(letter, shape), symbol(f"d{letter}", shape, ["differential"])
    if op.name in ("power", "matpow"):
        return f"d({letter}ᵏ) = k {letter}ᵏ⁻¹ d{letter}" if op.name == "power" else "d(Xᵏ) = Σ Xⁱ dX Xᵏ⁻¹⁻ⁱ"
    before = op(X)
    if op.kind == "multilinear":
        return f"d({unicode(before)}) = {unicode(op(dX))}"
    assert op.differential is not None
    try:
        after: Expr = op.differential(X, before) * dX if op.kind == "elementwise" else op.differential(X, dX)
    except NotSupported:
        return ""
    return f"d({unicode(before)}) = {unicode(present(normal(after)))}"
