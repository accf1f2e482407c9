"""What is printed reads back as the same value, in reading order, and stays inside its notation."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from closedform.core.expr import OPS, Expr, commutation, eye, number, ones, size_of, symbol, symbols, topological
from closedform.core.shape import ONE, dim, shape_of
from closedform.emit.latex import latex, spelled
from closedform.emit.text import text
from closedform.emit.unicode import unicode
from closedform.errors import DomainError, TooLarge
from closedform.syntax.text import parse
from closedform.verification.interpreter import evaluate, values
from tests.strategies import SIZES, WIDE, environment, expressions, stacked

n, m = dim("n"), dim("m")
x, y, s, w = (symbol(name, shape_of(d)) for name, d in (("x", "n"), ("y", "n"), ("s", "n"), ("w", "m")))
A, B, X = symbol("A", (n, n)), symbol("B", (n, n)), symbol("X", (m, n))
a, b = symbol("a", shape_of([])), symbol("b", shape_of([]))
inv, norm2, diag, tr, exp = (OPS[name] for name in ("inv", "norm2", "diag", "tr", "exp"))
HALF = Fraction(1, 2)


def read(shown: str, like: Expr) -> Expr:
    shapes = {v.data.name: tuple(d.text for d in v.shape) for v in symbols(like)}
    properties = {v.data.name: sorted(v.data.properties) for v in symbols(like) if v.data.properties}
    try:
        return parse(shown, shapes={**shapes, "Unused": ("m", "n")}, properties=properties, infer=False).expr
    except DomainError:  # 1/0
        reject()


@given(e=expressions() | stacked() | expressions(world=WIDE), seed=st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_text_reads_back_with_the_same_value(e: Expr, seed: int) -> None:
    env, shown = environment(e, seed), text(e)
    back = read(shown, e)
    assert back.shape == e.shape
    known = values(e, env, SIZES)
    sizes = [np.abs(v).max() for v in known.values()]
    if np.isfinite(sizes).all() and max(sizes) < 1e6:
        found = evaluate(back, env, SIZES)
        assert np.allclose(found, known[e], rtol=1e-6, atol=1e-7 * max(sizes)), shown


@pytest.mark.parametrize("shown", ["zeros(m, n)", "zeros(n)", "zeros(n)'", "zeros(n*n, n)", "x + zeros(n)"])
def test_zeros_are_written_as_such(shown: str) -> None:
    e = parse(shown, {"x": ("n",)}, infer=True).expr
    assert text(e) == shown and parse(shown, {"x": ("n",)}, infer=True).expr is e


@given(e=expressions() | stacked())
@settings(max_examples=200, deadline=None)
def test_reading_and_printing_again_changes_nothing(e: Expr) -> None:
    assume(not any(n.op.name == "zeros" and n.shape[0] is ONE for n in topological([e])))  # read as a transpose
    once = text(e)
    assert text(read(once, e)) == once


@given(e=expressions() | stacked() | expressions(world=WIDE))
@settings(max_examples=100, deadline=None)
def test_latex_is_balanced_and_only_of_known_commands(e: Expr) -> None:
    shown = latex(e)
    depth = 0
    for c in re.sub(r"\\.", "", shown):
        depth += (c == "{") - (c == "}")
        assert depth >= 0, shown
    assert depth == 0 and not re.search(r"[$%#&~]", shown), shown
    assert "--" not in shown and "_{}" not in shown


@given(e=expressions() | stacked() | expressions(world=WIDE))
@settings(max_examples=100, deadline=None)
def test_unicode_is_one_line(e: Expr) -> None:
    shown = unicode(e)
    assert shown and shown.isprintable() and "--" not in shown and "−−" not in shown


C, D, p = symbol("C", (m, m)), symbol("D", (m, n)), dim("p")
K, kron, vec = commutation(m, n), OPS["kron"], OPS["vec"]

GOLDEN = [
    (K @ vec(X), "K(m, n)*vec(X)", "K₍ₘ,ₙ₎ vec(X)", r"K_{m,n} \operatorname{vec}(X)"),
    (K.T @ K, "K(m, n)'*K(m, n)", "K₍ₘ,ₙ₎ᵀK₍ₘ,ₙ₎", r"K_{m,n}^{\top} K_{m,n}"),
    (commutation(m * p, dim(2)), "K(m*p, 2)", "K₍ₘₚ,₂₎", "K_{m p,2}"),
    (symbol("Z", (m, dim("w") * n)) @ commutation(dim("w"), n), "Z*K(w, n)", "Z K(w,n)", "Z K_{w,n}"),
    (eye(n * n) + commutation(n, n), "K(n, n) + eye(n*n)", "K₍ₙ,ₙ₎ + Iₙₙ", "K_{n,n} + I_{n n}"),
    (kron(B.T, C) @ vec(X), "kron(B', C)*vec(X)", "(Bᵀ ⊗ C) vec(X)", r"(B^{\top} \otimes C) \operatorname{vec}(X)"),
    (kron(kron(A, B), C), "kron(kron(A, B), C)", "A ⊗ B ⊗ C", r"A \otimes B \otimes C"),
    (kron(A, kron(B, C)), "kron(A, kron(B, C))", "A ⊗ (B ⊗ C)", r"A \otimes (B \otimes C)"),
    (kron(A, eye(n)), "kron(A, eye(n))", "A ⊗ Iₙ", r"A \otimes I_{n}"),
    (vec(A).T, "vec(A)'", "vec(A)ᵀ", r"\operatorname{vec}(A)^{\top}"),
    (diag(vec(X)), "diag(vec(X))", "diag(vec(X))", r"\operatorname{diag}(\operatorname{vec}(X))"),
    (ones((m * n, ONE)), "ones(m*n)", "𝟏ₘₙ", r"\mathbf{1}_{m n}"),
    (x.T @ A @ x, "x'*A*x", "xᵀAx", r"x^{\top} A x"),
    (2 * X.T @ (X @ x - w), "2*X'*(X*x - w)", "2Xᵀ(Xx − w)", r"2 X^{\top} (X x - w)"),
    (OPS["sum"](x * y), "x'*y", "xᵀy", r"x^{\top} y"),
    (OPS["scale"](x.T @ y, A), "(x'*y)*A", "(xᵀy)A", r"(x^{\top} y) A"),
    ((A @ x) * y, "y.*(A*x)", "y ⊙ (Ax)", r"y \odot (A x)"),
    (x**-1, "1./x", "1 ⊘ x", r"1 \oslash x"),
    (x * y**-2, "x./y.^2", "x ⊘ y∘²", r"x \oslash y^{\circ 2}"),
    (Fraction(1, 3) * x, "x/3", "⅓x", r"\frac{x}{3}"),
    (Fraction(2, 3) * a / b, "2*a/(3*b)", "⅔a/b", r"\frac{2 a}{3 b}"),
    (a ** Fraction(-3, 2), "a^(-1.5)", "a^(-1.5)", "a^{-1.5}"),
    (x ** Fraction(1, 3), "x.^(1/3)", "x∘^⅓", r"x^{\circ \frac{1}{3}}"),
    (HALF * x, "0.5*x", "½x", "0.5 x"),
    (inv(A).T @ x, "inv(A)'*x", "A⁻ᵀx", r"A^{-\top} x"),
    ((A + B) / size_of(n), "(A + B)/n", "(A + B)/n", r"\frac{A + B}{n}"),
    (a / (b * norm2(x)), "a/(b*norm2(x))", "a/(b‖x‖)", r"\frac{a}{b \lVert x \rVert}"),
    (norm2(x) ** -1 * (x @ x.T), "x*x'/norm2(x)", "xxᵀ/‖x‖", r"\frac{x x^{\top}}{\lVert x \rVert}"),
    (
        diag(s * (1 - s)),
        "diag(s.*(ones(n) - s))",
        "diag(s ⊙ (𝟏ₙ − s))",
        r"\operatorname{diag}(s \odot (\mathbf{1}_{n} - s))",
    ),
    (eye(n) - A * a, "eye(n) - a*A", "Iₙ − aA", "I_{n} - a A"),
    (ones((ONE, n)), "ones(n)'", "𝟏ₙᵀ", r"\mathbf{1}_{n}^{\top}"),
    ((x**2).T, "(x.^2)'", "(x∘²)ᵀ", r"(x^{\circ 2})^{\top}"),
    (-(a * x) - b * y, "-a*x - b*y", "−ax − by", "-a x - b y"),
    (A.T.T, "A", "A", "A"),
    (a**-HALF, "1/sqrt(a)", "1/√a", r"\frac{1}{\sqrt{a}}"),
    (OPS["kron"](A, B, A), "kron(kron(A, B), A)", "A ⊗ B ⊗ A", r"A \otimes B \otimes A"),
    (OPS["matpow"](A, number(-2)), "A^(-2)", "A⁻²", "A^{-2}"),
    (number(-2) ** a, "(-2)^a", "(−2)^a", "(-2)^{a}"),
    (exp(A @ x), "exp(A*x)", "exp(Ax)", r"\exp(A x)"),
    (b + a - 3, "a + b - 3", "a + b − 3", "a + b - 3"),
]


@pytest.mark.parametrize(("e", "as_text", "as_unicode", "as_latex"), GOLDEN, ids=[g[1] for g in GOLDEN])
def test_formulas_print_as_a_careful_author_writes_them(e: Expr, as_text: str, as_unicode: str, as_latex: str) -> None:
    assert (text(e), unicode(e), latex(e)) == (as_text, as_unicode, as_latex)


def test_long_names_are_set_apart() -> None:
    rate, lag = symbol("rate", shape_of([])), symbol("x_1", shape_of("n"))
    assert unicode(rate * lag) == "rate·x_1" and latex(rate * lag) == r"\mathrm{rate} x_{1}"
    assert unicode(A @ diag(x) @ A) == "A diag(x)A"


HOSTILE = ["x}\\input{/etc/passwd}", "$x$", "a%b", "<b>", "\\alpha", "x^2", "a b", "_", "Σ", "변수"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_injects_latex(name: str) -> None:
    shown = spelled(name)
    assert re.fullmatch(r"(\\mathrm\{(\w|\\_)*\}|\\?\w+)(_\{\d+\})?", shown.replace(r"\_", "u")), shown


def test_a_formula_too_long_to_write_is_refused_with_a_way_out() -> None:
    e = x
    for _ in range(30):
        e = OPS["hadamard"](e + 1, e)
    for write in (text, unicode, latex):
        with pytest.raises(TooLarge, match="compile"):
            write(e)


def test_deep_formulas_need_no_recursion() -> None:
    e = x
    for _ in range(2000):
        e = OPS["sin"](e)
    for write in (text, unicode, latex):
        assert write(e).count("sin") == 2000


def test_every_inner_product_in_a_chain_is_a_factor_of_its_own() -> None:
    assert text(OPS["matmul"](x.T, y, y.T, s, x.T)) == "(x'*y)*(y'*s)*x'"
