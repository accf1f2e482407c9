"""Diagonal matrices and outer products with ones, under an entry-by-entry product."""

from closedform.core.expr import eye, ones
from closedform.core.rewrite import Rule
from closedform.core.shape import ONE
from closedform.ops.structure import diag, diagonal
from closedform.rules.wildcards import A, M, N, X, a, r, u, v

ROW, COLUMN = ones((ONE, N)), ones((M, ONE))

DIAGONAL = [
    Rule("scale-rows", (u @ ROW) * A, diag(u) @ A),
    Rule("scale-columns", (COLUMN @ r) * A, A @ diag(r.T)),
    Rule("power-of-rows", (u @ ROW) ** a, u**a @ ROW),
    Rule("power-of-columns", (COLUMN @ r) ** a, COLUMN @ r**a),
    Rule("identity-as-mask", eye(N) * X.T, eye(N) * X),
    Rule("diagonal-under-mask", diag(v) * X, diag(v * diagonal(X))),
]
