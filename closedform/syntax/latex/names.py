r"""Names in LaTeX: `\Sigma_{xy}`, `\hat{\mathbf{x}}`, and the plain names that the text syntax writes for them."""

from __future__ import annotations

import re
from collections.abc import Collection

_GREEK = """
    α alpha  β beta  γ gamma  δ delta  ε epsilon  ζ zeta  η eta  θ theta  ι iota  κ kappa  λ lambda  μ mu  ν nu  ξ xi
    π pi  ρ rho  σ sigma  τ tau  υ upsilon  φ phi  χ chi  ψ psi  ω omega  Γ Gamma  Δ Delta  Θ Theta  Λ Lambda  Ξ Xi
    Π Pi  Σ Sigma  Υ Upsilon  Φ Phi  Ψ Psi  Ω Omega  ε varepsilon  θ vartheta  π varpi  ρ varrho  σ varsigma
    φ varphi  κ varkappa  Γ varGamma  Σ varSigma  Ω varOmega"""
GREEK = {word: c for c, word in re.findall(r"(\w) (\w+)", _GREEK)}
ACCENTS = {  #: command to what it adds to a name
    "hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "bar", "overline": "bar",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "acute": "acute", "grave": "grave",
    "underline": "under", "mathcal": "cal", "mathscr": "scr", "mathfrak": "frak",
}  # fmt: skip
OTHER_LETTERS = {"ell": "l", "hbar": "hbar", "imath": "i", "jmath": "j"}


def known_as(name: str, known: Collection[str]) -> str:
    """The spelling of a name under which it is known: `Σ` may be declared as Sigma, `x_1` as x1."""
    return next((spelling for spelling in _spellings(name) if spelling in known), name)


def _spellings(name: str) -> list[str]:
    stem, mark, rest = name.partition("_")
    words = [word for word, c in GREEK.items() if c == stem] + ([GREEK[stem]] if stem in GREEK else [])
    return [spelling for s in (stem, *words) for spelling in (s + mark + rest, s + rest)]


def plain_name(written: str, known: Collection[str] = ()) -> str:
    r"""The plain name of a variable written in LaTeX or in words, as it is known.

    Raises:
        SyntaxProblem: LaTeX that is not one name.

    >>> plain_name(r"\mathbf{x}"), plain_name(r"\hat{\Sigma}_{1}"), plain_name("Sigma", ["Σ"]), plain_name("rate")
    ('x', 'Σ_hat_1', 'Σ', 'rate')
    """
    if re.search(r"[\\{}$^]", written):
        from closedform.syntax.latex import name_of

        written = name_of(written)
    return known_as(written, known)
