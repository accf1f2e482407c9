"""Index notation, case by case."""

from __future__ import annotations

import pytest

from closedform.compact.present import present
from closedform.core.expr import number, symbol
from closedform.core.shape import dim
from closedform.emit.index import index_latex, index_text, index_unicode
from closedform.errors import TooLarge
from closedform.index.lowering import tensor_of
from closedform.index.tensor import Factor, Index, Product, Tensor
from tests.index.tensors import tensor

CASES = [
    ("A*X*B", "X", "J_ijkl = A_ik*B_lj", "Jᵢⱼₖₗ = Aᵢₖ Bₗⱼ"),
    ("X*X'", "X", "J_ijkl = delta_ik*X_jl + delta_jk*X_il", "Jᵢⱼₖₗ = δᵢₖ Xⱼₗ + δⱼₖ Xᵢₗ"),
    ("X'*X", "X", "J_ijkl = delta_il*X_kj + delta_jl*X_ki", "Jᵢⱼₖₗ = δᵢₗ Xₖⱼ + δⱼₗ Xₖᵢ"),
    ("inv(X)", "X", "J_ijkl = -(inv(X))_ik*(inv(X))_lj", "Jᵢⱼₖₗ = −(X⁻¹)ᵢₖ (X⁻¹)ₗⱼ"),
    ("X^2", "X", "J_ijkl = delta_ik*X_lj + delta_jl*X_ik", "Jᵢⱼₖₗ = δᵢₖ Xₗⱼ + δⱼₗ Xᵢₖ"),
    ("tr(X^2)", "XX", "J_ijkl = 2*delta_il*delta_jk", "Jᵢⱼₖₗ = 2δᵢₗ δⱼₖ"),
    ("diag(x)", "x", "J_ijk = delta_ij*delta_ik", "Jᵢⱼₖ = δᵢⱼ δᵢₖ"),
    ("x*x'", "x", "J_ijk = delta_ik*x_j + delta_jk*x_i", "Jᵢⱼₖ = δᵢₖ xⱼ + δⱼₖ xᵢ"),
    (
        "tanh(W*X)",
        "W",
        "J_ijkl = delta_ik*X_lj*(ones(m, p) - tanh(W*X).^2)_ij",
        "Jᵢⱼₖₗ = δᵢₖ Xₗⱼ (𝟏ₘ𝟏ₚᵀ − tanh(WX)∘²)ᵢⱼ",
    ),
    (
        "X/norm2(X)",
        "X",
        "J_ijkl = delta_ik*delta_jl/norm2(X) - X_ij*X_kl/norm2(X)^3",
        "Jᵢⱼₖₗ = δᵢₖ δⱼₗ/‖X‖ − Xᵢⱼ Xₖₗ/‖X‖³",
    ),
    ("vec(X')", "X", "J_(ij)kl = delta_ik*delta_jl", "J₍ᵢⱼ₎ₖₗ = δᵢₖ δⱼₗ"),
    ("kron(x,x)", "x", "J_(ij)k = delta_ik*x_j + delta_jk*x_i", "J₍ᵢⱼ₎ₖ = δᵢₖ xⱼ + δⱼₖ xᵢ"),
    ("kron(X,A)", "X", "J_(ij)(kl)mn = delta_im*delta_kn*A_jl", "J₍ᵢⱼ₎₍ₖₗ₎ₘₙ = δᵢₘ δₖₙ Aⱼₗ"),
    ("sum(X,2)", "X", "J_ijk = delta_ij", "Jᵢⱼₖ = δᵢⱼ"),
    ("sum(X)", "XX", "J_ijkl = 0", "Jᵢⱼₖₗ = 0"),
    ("x'*y*X", "x", "J_ijk = X_ij*y_k", "Jᵢⱼₖ = Xᵢⱼ yₖ"),
    ("x'*y*X", "X", "J_ijkl = (x'*y)*delta_ik*delta_jl", "Jᵢⱼₖₗ = (xᵀy) δᵢₖ δⱼₗ"),
    ("sum(exp(X*w))", "www", "J_ijk = X_li*X_lj*X_lk*(exp(X*w))_l", "Jᵢⱼₖ = Xₗᵢ Xₗⱼ Xₗₖ (exp(Xw))ₗ"),
]


@pytest.mark.parametrize(("source", "by", "text", "unicode"), CASES)
def test_notation(source: str, by: str, text: str, unicode: str) -> None:
    t, _ = tensor(source, by)
    assert index_text(t, show=present) == text
    assert index_unicode(t, show=present) == unicode


@pytest.mark.parametrize(
    ("source", "by", "latex"),
    [
        ("A*X*B", "X", "J_{ijkl} = A_{ik} B_{lj}"),
        ("inv(X)", "X", "J_{ijkl} = -(X^{-1})_{ik} (X^{-1})_{lj}"),
        ("tr(X^2)", "XX", r"J_{ijkl} = 2 \delta_{il} \delta_{jk}"),
        ("vec(X')", "X", r"J_{(ij)kl} = \delta_{ik} \delta_{jl}"),
        (
            "X/norm2(X)",
            "X",
            r"J_{ijkl} = \frac{\delta_{ik} \delta_{jl}}{\lVert X \rVert} - \frac{X_{ij} X_{kl}}{\lVert X \rVert^{3}}",
        ),
    ],
)
def test_latex(source: str, by: str, latex: str) -> None:
    assert index_latex(tensor(source, by)[0], show=present) == latex


def test_letters_of_the_formula_are_no_indices() -> None:
    t, _ = tensor("a*X*j*k'", "X", shapes={"a": (), "X": ("m", "n"), "j": ("n",), "k": ("p",)})
    assert index_text(t) == "J_ilmn = a*delta_im*(j*k')_nl"


def test_names_that_need_care() -> None:
    t, _ = tensor("x_1*exp(delta)'", ["delta"], shapes={"x_1": ("m",), "delta": ("n",)})
    assert index_text(t) == "J_ijk = (eye(n))_jk*(x_1)_i*(exp(delta))_j"
    assert index_latex(t) == r"J_{ijk} = (I_{n})_{jk} (x_{1})_{i} (\exp(\delta))_{j}"


def test_letters_without_a_subscript_stand_in_braces() -> None:
    n = dim("n")
    x, free = symbol("x", (n, dim(1))), tuple(Index(n) for _ in range(18))
    t = Tensor(free, (18,), (Product(number(1), tuple(Factor(x, (i,)) for i in free)),))
    assert index_unicode(t).startswith("J_{ijk")


def test_too_long_is_refused() -> None:
    n = dim("n")
    A, X = symbol("A", (n, n)), symbol("X", (n, n))
    e = X
    for _ in range(40):
        e = A @ e + e
    with pytest.raises(TooLarge):
        index_text(tensor_of(e))
    p = Product(number(1), (Factor(A, (Index(n), Index(n))),))
    with pytest.raises(TooLarge):
        index_latex(Tensor((), (0,), (p,) * 2001))
