"""Leaves: what an expression ends in."""

from closedform.core.op import leaf

symbol = leaf("symbol", "A variable.")
number = leaf("number", "A constant: exact when it is an integer, a decimal or a fraction.")
dim = leaf("dim", "A dimension used as a number, as in sum(x)/n.")
ones = leaf("ones", "All entries 1.", latex=r"\mathbf{{1}}", code="np.ones({0})")
zeros = leaf("zeros", "All entries 0.", latex=r"\mathbf{{0}}", code="np.zeros({0})", weight=1)
commutation = leaf(
    "commutation",
    "K(m,n), the permutation with K(m,n) vec(A) = vec(A') for A m×n.",
    latex=r"K",
    code="commutation({0})",
)
duplication = leaf(
    "duplication",
    "D(n), the n² × n(n+1)/2 matrix with D(n) vech(S) = vec(S) for symmetric S.",
    latex=r"D",
    code="duplication({0})",
)
elimination = leaf(
    "elimination",
    "L(n), the n(n+1)/2 × n² matrix with L(n) vec(A) = vech(A).",
    latex=r"L",
    code="elimination({0})",
)
eye = leaf("eye", "The identity matrix.", latex=r"I", code="np.eye({0})")
