r"""The commands of LaTeX that are read, and those that are refused by name."""

from __future__ import annotations

from closedform.syntax.latex_names import ACCENTS, GREEK, OTHER_LETTERS
from closedform.syntax.names import closest, functions

PRODUCTS = {  #: spelling to the operator of the grammar
    "*": "STAR", r"\cdot": "STAR", r"\times": "STAR", r"\ast": "STAR", r"\bullet": "STAR", "/": "SLASH",
    r"\div": "SLASH", r"\odot": "DOTSTAR", r"\circ": "DOTSTAR", r"\oslash": "DOTSLASH", r"\otimes": "KRON",
    "⊗": "KRON", ".*": "DOTSTAR", "./": "DOTSLASH",
}  # fmt: skip
EQUALS = frozenset({"=", r"\equiv", r"\triangleq", r"\coloneqq", r"\doteq"})
BOLD = frozenset(map("\\".__add__, "mathbf boldsymbol bm pmb textbf symbf mathbfit bf vec vect overrightarrow".split()))
WORDS = frozenset(
    map("\\".__add__, "mathrm operatorname operatorname* text textrm mbox mathsf textsf mathit textit mathtt rm sf it".split())
)
FRACTIONS = frozenset({r"\frac", r"\tfrac", r"\dfrac", r"\cfrac"})
SUMS = frozenset({r"\sum", "∑"})
TRANSPOSED = frozenset({"T", "t", r"\top", r"\intercal", r"\prime", r"\tran", r"\transpose", "⊤", "'"})
WORD_TO_FUNCTION = {  #: words of LaTeX that are functions under another name here
    "Tr": "tr", "trace": "tr", "Trace": "tr", "ln": "log", "sgn": "sign", "Sign": "sign", "Diag": "diag", "dg": "diag",
    "ReLU": "relu", "Relu": "relu", "lse": "logsumexp", "LSE": "logsumexp", "Det": "det", "determinant": "det",
    "logistic": "sigmoid", "Vec": "vec", "Softmax": "softmax", "Exp": "exp", "Log": "log", "adjugate": "adj",
    "arctanh": "", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "Sigmoid": "sigmoid",
}  # fmt: skip
REFUSED_WORDS = {  #: function words that mean something, but nothing that is in the syntax
    "rank": "the rank of a matrix", "rk": "the rank of a matrix", "E": "an expectation", "Var": "a variance", "Cov": "a covariance", "vech": "a half-vectorisation",
    "argmin": "a minimiser", "argmax": "a maximiser", "min": "a minimum", "eig": "an eigenvalue", "span": "a span",
    "KL": "a divergence", "mean": "a mean", "prox": "a proximal map", "Pr": "a probability", "sech": "a hyperbolic secant",
    "csc": "a cosecant", "sec": "a secant", "cot": "a cotangent", "coth": "a hyperbolic cotangent", "cond": "a condition number", "blkdiag": "a block matrix",
    "arctanh": "an inverse hyperbolic tangent", "dim": "a dimension", "ker": "a kernel", "sup": "a supremum", "inf": "an infimum",
    "lim": "a limit", "arg": "a minimiser or maximiser", "gcd": "a divisor", "proj": "a projection",
}  # fmt: skip
_REFUSED = {
    "int": "an integral", "iint": "an integral", "iiint": "an integral", "oint": "an integral", "prod": "a product",
    "lim": "a limit", "sup": "a supremum", "inf": "an infimum", "arg": "a minimiser or maximiser",
    "argmin": "a minimiser", "argmax": "a maximiser", "min": "a minimum", "binom": "a binomial coefficient",
    "infty": "infinity", "pm": "a choice of signs", "mp": "a choice of signs", "forall": "a statement for all",
    "exists": "a statement", "in": "a statement about a set", "leq": "an inequality", "geq": "an inequality",
    "le": "an inequality", "ge": "an inequality", "neq": "an inequality", "ne": "an inequality", "sim": "a distribution",
    "approx": "an approximation", "propto": "a proportionality", "to": "a map", "mapsto": "a map", "cdots": "an ellipsis",
    "rightarrow": "a map", "implies": "an implication", "iff": "an equivalence", "succeq": "an inequality",
    "succ": "an inequality", "preceq": "an inequality", "ldots": "an ellipsis", "dots": "an ellipsis",
    "vdots": "an ellipsis", "ddots": "an ellipsis", "oplus": "a direct sum", "bigoplus": "a direct sum",
    "cup": "a union", "cap": "an intersection", "perp": "an orthogonal complement", "dagger": "a pseudo-inverse mark",
    "Re": "a real part", "Im": "an imaginary part", "gcd": "a divisor", "dim": "a dimension", "ker": "a kernel",
    "cases": "a definition by cases", "Pr": "a probability",
    "underbrace": "an annotation", "overbrace": "an annotation", "star": "a convolution", "matrix": "a written-out matrix",
    "pmatrix": "a written-out matrix", "bmatrix": "a written-out matrix", "wedge": "an exterior product",
    "lfloor": "a floor", "lceil": "a ceiling", "setminus": "a difference of sets", "sqcup": "a union",
    "eqalign": "an array of formulas", "hline": "a line",
}  # fmt: skip
REFUSED = {"\\" + word: what for word, what in _REFUSED.items()}
HINTS = {
    r"\prod": "write \\exp of a sum of logarithms, or \\det of a diagonal matrix", r"\min": "write -\\max(-x)",
    r"\star": "write \\odot for the product entry by entry", r"\infty": "declare a scalar for it",
    r"\oplus": "declare a matrix for it",
}  # fmt: skip
_STRUCTURE = (
    "frac tfrac dfrac sqrt sum cdot times odot circ otimes oslash left right partial nabla mathbb top over intercal log"
    " exp det tr max operatorname mathrm text begin end langle rangle lVert rVert lvert rvert quad mathbf boldsymbol"
).split()


def function_named(word: str) -> str | None:
    """The function of the text syntax that a word of LaTeX names.

    >>> function_named("Tr"), function_named("ln"), function_named("rate")
    ('tr', 'log', None)
    """
    name = WORD_TO_FUNCTION.get(word, word)
    return name if name in functions() and name not in ("eye", "ones", "zeros", "vector", "matrix") else None


def command_hint(command: str) -> str | None:
    """The command that was meant by an unknown one."""
    known = {*_STRUCTURE, *GREEK, *ACCENTS, *OTHER_LETTERS, *functions()}
    found = closest(command[1:], known)
    if found is None:
        return None
    word = found.removeprefix("did you mean ").removesuffix("?")
    is_word = word in functions() and word not in ("log", "exp", "det", "max", "sin", "cos", "tan", "sinh", "cosh", "tanh")
    return rf"did you mean \operatorname{{{word}}}?" if is_word else rf"did you mean \{word}?"
