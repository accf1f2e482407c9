"""Formulas as users type them, each of which fails when it is computed as it is written."""

from __future__ import annotations

import re

from tests.corpus.cases import Case

#: formula, variables with what they are drawn from, what to differentiate by
ROWS = """
exp(x)./sum(exp(x))                     | x n                | x
log(sum(exp(x)))                        | x n                | x x
log(sum(exp(X)))                        | X m n              | X
sum(log(sum(exp(X), 2)))                | X m n              | X
sum(log(sum(exp(X), 1)))                | X m n              | X
sum(log(exp(X)*w))                      | X m n, w n positive | X
sum(log(exp(X)*w))                      | X m n, w n positive | w
log(sum(exp(X)))                        | X m n              | X X
sum(log(sum(exp(X), 2)))                | X m n              | X X
sum(log(sum(exp(X), 1)).*v')            | X m n, v n         | X X
sum(log(exp(X)*w))                      | X m n, w n positive | X X
sum(log(sum(exp(X*W), 2))) - sum(Y.*(X*W)) | X m n, W n n, Y m n | W W
diag(1./sum(exp(X), 2))*exp(X)          | X m n              | X
y'*(diag(1./sum(exp(X), 2))*exp(X))*w   | X m n, w n, y m    | w
log(ones(n) + exp(x))                   | x n                | x
1./(ones(n) + exp(-x))                  | x n                | x
exp(x)./(ones(n) + exp(x))              | x n                | x
log(exp(x) + exp(y))                    | x n, y n           | x
log(2*exp(x) + 0.5*exp(y))              | x n, y n           | x
log(3*ones(n) + exp(x))                 | x n                | x
log(exp(a) + exp(b))                    | a, b               | a a
exp(a)/(exp(a) + exp(b))                | a, b               | a
exp(a)/(exp(a) + exp(b) + exp(c))       | a, b, c            | a
exp(a)/(exp(a) - 1)                     | a                  | a
log(1 - exp(-a))                        | a positive         | a
log(sigmoid(x))                         | x n                | x
log(ones(n) - sigmoid(x))               | x n                | x
ones(n) - sigmoid(x)                    | x n                | x
sigmoid(a)                              | a                  | a a
sigmoid(x)                              | x n                | x
softplus(a)                             | a                  | a a
tanh(x)                                 | x n                | x
tanh(a)                                 | a                  | a a
log(cosh(x))                            | x n                | x
erf(a)                                  | a                  | a
1 - erf(a)                              | a                  | a
exp(a) - 1                              | a                  | a
log(1 + a)                              | a positive         | a
1 - cos(a)                              | a                  | a
cosh(a) - 1                             | a                  | a
a^2 - b^2                               | a, b               | a
x'*x - y'*y                             | x n, y n           | x
norm2(x - y)^2 - norm2(x - z)^2         | x n, y n, z n      | x
sqrt(a^2 + b^2)                         | a, b               | a
sqrt(x'*x)                              | x n                | x
norm2(x)                                | x n                | x
norm2(X)                                | X m n              | X
x'*c/norm2(x)                          | x n, c n           | c
norm2(A*x - b)                          | A m n, x n, b m    | x
log(x'*x)                               | x n                | x
log(1 + x'*x)                           | x n                | x
sum(log(ones(n) + x.^2))                | x n                | x
sqrt(a)                                 | a positive         | a
log(det(X))                             | X n n spd          | X
logdet(X)                               | X n n wellconditioned | X
det(X)                                  | X n n wellconditioned | X
tr(inv(S)*B)                            | S n n spd, B n n   | S
b'*inv(A)*c                             | A n n wellconditioned, b n, c n | A
logsumexp(A*x)                          | A m n, x n         | x x
softmax(x)                              | x n                | x
logsumexp(a*x)/a                        | x n, a positive    | a
logsumexp(x) - x'*softmax(x)            | x n                | x
sum(softmax(x).*log(softmax(x)))        | x n                | x
sum(C.*(exp(X)./(sum(exp(X), 2)*ones(n)'))) | X m n, C m n   | X
sum(C.*(exp(X)./(ones(m)*sum(exp(X), 1)))) | X m n, C m n    | X
x'*(diag(sum(A, 2)) - A)*x              | A n n symmetric, x n | x
tr(expm(A))                             | A n n              | A
-0.5*logdet(S) - 0.5*(x - u)'*inv(S)*(x - u) | S n n spd, x n, u n | S
-0.5*logdet(S) - 0.5*(x - u)'*inv(S)*(x - u) | S n n spd, x n, u n | u
-0.5*logdet(S) - 0.5*(x - u)'*inv(S)*(x - u) | S n n spd, x n, u n | u u
"""


def patterns() -> dict[str, Case]:
    """Every row as a case, like those of the corpus."""
    return {case["id"]: case for case in map(_case, filter(None, ROWS.splitlines()))}


def _case(row: str) -> Case:
    expr, variables, wrt = (part.strip() for part in row.split("|"))
    declared, sample = {}, {}
    for variable in variables.split(","):
        name, *rest = variable.split()
        declared[name] = [d for d in rest if re.fullmatch("[mn]", d)]
        sample[name] = next((d for d in rest if len(d) > 1), "normal")
    attrs = {n: ["spd"] if kind == "spd" else [] for n, kind in sample.items()}
    name = f"{expr} by {wrt}"
    return {"id": name, "expr": expr, "vars": declared, "attrs": attrs, "wrt": wrt.split(), "sample": sample}
