"""Duplication, elimination and commutation matrices, and vech.

Source: Magnus & Neudecker, Matrix Differential Calculus, 3rd ed. (2019), ch. 3.8.
"""

from closedform.core.expr import commutation, duplication, elimination, eye, ones
from closedform.core.rewrite import Rule
from closedform.core.shape import ONE, triangle
from closedform.ops.structure import vec, vech
from closedform.rules.wildcards import N, S, X, Y

D, L, K = duplication(N), elimination(N), commutation(N, N)
FREE, ALL = triangle(N), N * N  #: how many entries are free, and how many there are

SYMMETRIC = [
    Rule("eliminate-what-was-duplicated", L @ D, eye(FREE)),
    Rule("eliminate-what-was-duplicated, turned", D.T @ L.T, eye(FREE)),
    Rule("commute-what-was-duplicated", K @ D, D),
    Rule("commute-what-was-duplicated, turned", D.T @ K, D.T),
    Rule("duplicate-free-entries", D @ vech(S), vec(S)),
    Rule("eliminate-stacked", L @ vec(X), vech(X)),
    Rule("duplicate-ones", D @ ones((FREE, ONE)), ones((ALL, ONE))),
    Rule("eliminate-ones", L @ ones((ALL, ONE)), ones((FREE, ONE))),
    Rule("vech-entrywise", vech(X) * vech(Y), vech(X * Y)),
]
