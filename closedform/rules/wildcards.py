"""Wildcards that the tables share: A of any shape, X square, S symmetric, u and v columns, a and b scalars."""

from closedform.core.expr import symbol
from closedform.core.shape import ONE, SCALAR, dim

M, N, P, Q = (dim(name) for name in ("m", "n", "p", "q"))
A, B = symbol("A", (M, N)), symbol("B", (M, N))
C = symbol("C", (P, Q))
D = symbol("D", (Q, N))
X, Y = symbol("X", (N, N)), symbol("Y", (N, N))
S = symbol("S", (N, N), ["symmetric"])
u, v = symbol("u", (M, ONE)), symbol("v", (N, ONE))
w = symbol("w", (M, ONE))
r = symbol("r", (ONE, N))
a, b = symbol("a", SCALAR), symbol("b", SCALAR)
