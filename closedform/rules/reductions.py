"""Log-sum-exp and softmax, Kronecker products and vec."""

from closedform.core.rewrite import Rule
from closedform.ops.elementwise import exp, log
from closedform.ops.reductions import logsumexp, softmax, sum
from closedform.ops.structure import kron, vec
from closedform.rules.wildcards import A, B, C, D, u

REDUCTIONS = [
    Rule("log-sum-exp", log(sum(exp(u))), logsumexp(u)),
    Rule("softmax", sum(exp(u)) ** -1 * exp(u), softmax(u)),
    Rule("kron-times-vec", kron(A, C) @ vec(D), vec(C @ D @ A.T)),
    Rule("vec-entrywise", vec(A) * vec(B), vec(A * B)),
]
