r"""The commands of LaTeX that are read, and those that are refused by name."""

from __future__ import annotations

import re

from closedform.syntax.latex.names import ACCENTS, GREEK, OTHER_LETTERS
from closedform.syntax.names import closest, functions


def _commands(words: str) -> frozenset[str]:
    return frozenset("\\" + word for word in words.split())


PRODUCTS = {  #: spelling to the operator of the grammar
    "*": "STAR", r"\cdot": "STAR", r"\times": "STAR", r"\ast": "STAR", "/": "SLASH", r"\div": "SLASH",
    r"\odot": "DOTSTAR", r"\circ": "DOTSTAR", r"\oslash": "DOTSLASH", r"\otimes": "KRON", "⊗": "KRON",
    ".*": "DOTSTAR", "./": "DOTSLASH",
}  # fmt: skip
EQUALS = {"="} | _commands("equiv triangleq coloneqq doteq")
BOLD = _commands("mathbf boldsymbol bm pmb textbf symbf mathbfit bf vec vect overrightarrow")
WORDS = _commands("mathrm operatorname operatorname* text textrm mbox mathsf textsf mathit textit mathtt rm sf it")
FRACTIONS = _commands("frac tfrac dfrac cfrac")
SUMS = {r"\sum", "∑"}
TRANSPOSED = {"T", "t", "⊤", "'"} | _commands("top intercal prime tran transpose")
WORD_TO_FUNCTION = {  #: words of LaTeX that are functions under another name here
    "Tr": "tr", "trace": "tr", "Trace": "tr", "ln": "log", "sgn": "sign", "Sign": "sign", "Diag": "diag", "dg": "diag",
    "ReLU": "relu", "Relu": "relu", "lse": "logsumexp", "LSE": "logsumexp", "Det": "det", "determinant": "det",
    "logistic": "sigmoid", "Vec": "vec", "Softmax": "softmax", "Exp": "exp", "Log": "log", "adjugate": "adj",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "Sigmoid": "sigmoid",
}  # fmt: skip
_NO_WORDS = frozenset({"eye", "ones", "zeros", "vector", "matrix"})  #: LaTeX writes them as letters
_REFUSED = """
an integral: int iint iiint oint
a product: prod
a limit: lim limsup liminf
a supremum: sup
an infimum: inf
a minimiser or maximiser: arg argmin argmax
a minimum: min
the rank of a matrix: rank rk
an expectation: E Ex
a variance: Var
a covariance: Cov
a probability: Pr
a mean: mean
an eigenvalue: eig
a span: span
a divergence: KL
a proximal map: prox
a projection: proj
a condition number: cond
a block matrix: blkdiag
a dimension: dim
a kernel: ker
a divisor: gcd
another trigonometric function: sec csc cot sech csch coth
an inverse hyperbolic function: arcsinh arccosh arctanh arsinh arcosh artanh
a binomial coefficient: binom
infinity: infty
a choice of signs: pm mp
a logical statement: forall exists implies iff Rightarrow Leftrightarrow
a statement about a set: in notin subset subseteq setminus cup cap sqcup
an inequality: leq geq le ge neq ne ll gg succeq succ preceq prec lt gt
a distribution: sim
an approximation: approx simeq propto
a map: to mapsto rightarrow longrightarrow
an ellipsis: cdots ldots dots vdots ddots
a direct sum: oplus bigoplus
an orthogonal complement: perp
a real or imaginary part: Re Im
a convolution: star
an exterior product: wedge
a rounding: lfloor lceil
an annotation: underbrace overbrace
a written-out matrix: matrix pmatrix bmatrix
an array of formulas: eqalign
"""
REFUSED = {
    word: what for what, words in re.findall(r"(.+): (.+)", _REFUSED) for word in words.split()
}  #: word to what it is; nothing that is in the syntax
HINTS = {
    "prod": r"write \exp of a sum of logarithms, or \det of a diagonal matrix", "min": r"write -\max(-x)",
    "star": r"write \odot for the product entry by entry", "infty": "declare a scalar for it",
}  # fmt: skip
_STRUCTURE = """
    frac sqrt sum cdot times odot circ otimes oslash left right partial nabla mathbb top intercal log exp det tr
    max operatorname mathrm text begin end langle rangle lVert rVert lvert rvert quad mathbf boldsymbol"""
_OWN_COMMAND = frozenset(
    ["log", "exp", "det", "max", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan"]
)


def function_named(word: str) -> str | None:
    """The function of the text syntax that a word of LaTeX names.

    >>> function_named("Tr"), function_named("ln"), function_named("rate")
    ('tr', 'log', None)
    """
    name = WORD_TO_FUNCTION.get(word, word)
    return name if name in functions() and name not in _NO_WORDS else None


def command_hint(command: str) -> str | None:
    r"""The command that was meant by an unknown one.

    >>> command_hint(r"\alhpa"), command_hint(r"\softmx")
    ('did you mean \\alpha?', 'did you mean \\operatorname{softmax}?')
    """
    found = closest(command[1:], {*_STRUCTURE.split(), *GREEK, *ACCENTS, *OTHER_LETTERS, *functions()})
    if found is None:
        return None
    word = found.removeprefix("did you mean ").removesuffix("?")
    needs_operator = word in functions() and word not in _OWN_COMMAND
    return rf"did you mean \operatorname{{{word}}}?" if needs_operator else rf"did you mean \{word}?"
