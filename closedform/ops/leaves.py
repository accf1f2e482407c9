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
eye = leaf("eye", "The identity matrix.", latex=r"I", code="np.eye({0})")
