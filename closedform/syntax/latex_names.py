r"""Names in LaTeX: `\Sigma_{xy}`, `\hat{\mathbf{x}}`, and the plain names that the text syntax writes for them."""

from __future__ import annotations

import re
from collections.abc import Collection

GREEK = dict(
    zip(
        """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
        omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varpi varrho varsigma
        varphi varkappa varGamma varSigma varOmega""".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩεθπρσφκΓΣΩ",
        strict=True,
    )
)
ACCENTS = {  #: command to what it adds to a name
    "hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "bar", "overline": "bar",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "acute": "acute", "grave": "grave",
    "underline": "under", "mathcal": "cal", "mathscr": "scr", "mathfrak": "frak",
}  # fmt: skip
PRINTED = ("hat", "tilde", "bar", "dot", "ddot", "check", "breve", "acute", "grave", "mathcal", "mathscr", "mathfrak")
OTHER_LETTERS = {"ell": "l", "hbar": "hbar", "imath": "i", "jmath": "j"}


def known_as(name: str, known: Collection[str]) -> str:
    """The spelling of a name under which it is known: `Σ` may be declared as Sigma, `x_1` as x1."""
    for spelling in _spellings(name):
        if spelling in known:
            return spelling
    return name


def _spellings(name: str) -> list[str]:
    stem, _, rest = name.partition("_")
    words = [word for word, c in GREEK.items() if c == stem] + ([GREEK[stem]] if stem in GREEK else [])
    tail = "_" + rest if rest else ""
    return [s for stem in (stem, *words) for s in (stem + tail, stem + rest)]


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
