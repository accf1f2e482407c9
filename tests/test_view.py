"""The heading of an answer, in Unicode and in LaTeX."""

from __future__ import annotations

import pytest

import closedform as cf
from closedform.view import heading, heading_latex

VEC, TOP = r"\operatorname{vec}", r"^{\top}"
S = {"S": ["symmetric"]}


@pytest.mark.parametrize(("f", "wrt", "layout", "unicode", "latex"), [
    ("x'*A*x", "x", None, "∂f/∂x", r"\frac{\partial f}{\partial x}"),
    ("x'*A*x", "x x", None, "∂²f/∂x²", r"\frac{\partial^{2} f}{\partial x^{2}}"),
    ("x'*A*y", "x y", None, "∂²f/∂x∂y", r"\frac{\partial^{2} f}{\partial x \partial y}"),
    ("f'*x_1", "x_1", None, "∂F/∂x_1", r"\frac{\partial F}{\partial x_{1}}"),
    ("A*X*B", "X", None, "∂vec f/∂(vec X)ᵀ", rf"\frac{{\partial {VEC} f}}{{\partial ({VEC} X){TOP}}}"),
    ("A*X*B", "X", "tensor", "∂f/∂X", r"\frac{\partial f}{\partial X}"),
    ("tr(A*S)", "S", "vech", "∂f/∂vech S", r"\frac{\partial f}{\partial \operatorname{vech} S}"),
    ("A*S", "S", "vech", "∂vec f/∂(vech S)ᵀ",
     rf"\frac{{\partial {VEC} f}}{{\partial (\operatorname{{vech}} S){TOP}}}"),
    ("logdet(S)", "S S", "vech", "∂²f/∂vech S ∂(vech S)ᵀ",
     rf"\frac{{\partial^{{2}} f}}{{\partial \operatorname{{vech}} S \partial (\operatorname{{vech}} S){TOP}}}"),
])  # fmt: skip
def test_a_heading_says_what_is_differentiated_by_what(f, wrt, layout, unicode, latex):
    D = cf.derivative(cf.parse(f, properties=S if "S" in wrt else {}), *wrt.split(), layout=layout)
    assert (heading(D), heading_latex(D)) == (unicode, latex)
