"""The exercises: one row each.  Letters are changed from draw to draw, the mathematics is not.

Every answer, hint and judgement is the engine's own; nothing here states a derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

TOPICS = ("forms", "trace", "inverse", "entries", "jacobian", "vec", "hessian")  #: as `--topic` takes them
LEVELS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Pattern:
    """An exercise in standard letters.

    Attributes:
        topic: one of `TOPICS`.
        level: 1 to 3.
        function: what is to be differentiated.
        wrt: the variables, in order.
        let: shapes of all names, as `--let` takes them.
    """

    topic: str
    level: int
    function: str
    wrt: str
    let: str


_X, _AX = "x: vector(n)", "A: matrix(m,n); x: vector(n)"
_SQUARE = "A: matrix(n,n); x: vector(n)"
_FIT = "A: matrix(m,n); x: vector(n); b: vector(m)"
_REGULAR = "A: matrix(n,n); X: matrix(n,n)"
_CHAIN = "A: matrix(m,p); X: matrix(p,q); B: matrix(q,n)"

# fmt: off
PATTERNS = tuple(Pattern(*row) for row in (
    ("forms", 1, "a'*x", "x", "a: vector(n); x: vector(n)"),
    ("forms", 1, "x'*x", "x", _X),
    ("forms", 1, "x'*A*x", "x", _SQUARE),
    ("forms", 2, "norm2(A*x - b)^2", "x", _FIT),
    ("forms", 2, "a'*X*b", "X", "a: vector(m); X: matrix(m,n); b: vector(n)"),
    ("forms", 2, "(a'*x)^2", "x", "a: vector(n); x: vector(n)"),
    ("forms", 3, "(A*x - b)'*W*(A*x - b)", "x", _FIT + "; W: matrix(m,m) symmetric"),
    ("forms", 3, "norm2(A*x - b)", "x", _FIT),
    ("forms", 3, "x'*A*x/(x'*x)", "x", _SQUARE),
    ("trace", 1, "tr(A*X)", "X", "A: matrix(m,n); X: matrix(n,m)"),
    ("trace", 1, "tr(A*X')", "X", "A: matrix(m,n); X: matrix(m,n)"),
    ("trace", 1, "tr(X'*X)", "X", "X: matrix(m,n)"),
    ("trace", 2, "tr(A*X*B)", "X", "A: matrix(n,p); X: matrix(p,q); B: matrix(q,n)"),
    ("trace", 2, "tr(X'*A*X)", "X", "X: matrix(m,n); A: matrix(m,m)"),
    ("trace", 2, "tr(X*X)", "X", "X: matrix(n,n)"),
    ("trace", 3, "tr(X'*A*X*B)", "X", "X: matrix(m,n); A: matrix(m,m); B: matrix(n,n)"),
    ("trace", 3, "norm2(A*X*B - C)^2", "X", _CHAIN + "; C: matrix(m,n)"),
    ("inverse", 1, "logdet(X)", "X", "X: matrix(n,n)"),
    ("inverse", 1, "tr(inv(X))", "X", "X: matrix(n,n)"),
    ("inverse", 2, "det(X)", "X", "X: matrix(n,n)"),
    ("inverse", 2, "tr(A*inv(X))", "X", _REGULAR),
    ("inverse", 2, "a'*inv(X)*b", "X", "a: vector(n); X: matrix(n,n); b: vector(n)"),
    ("inverse", 3, "logdet(X'*A*X)", "X", "X: matrix(m,n); A: matrix(m,m)"),
    ("inverse", 3, "logdet(X) + tr(A*inv(X))", "X", _REGULAR),
    ("entries", 1, "sum(exp(x))", "x", _X),
    ("entries", 1, "sum(a.*x)", "x", "a: vector(n); x: vector(n)"),
    ("entries", 2, "sum(exp(A*x))", "x", _AX),
    ("entries", 2, "sum(A.*X.*X)", "X", "A: matrix(m,n); X: matrix(m,n)"),
    ("entries", 2, "b'*tanh(A*x)", "x", _FIT),
    ("entries", 3, "sum(log(ones(m) + exp(A*x)))", "x", _AX),
    ("entries", 3, "tr(A'*(B.*X))", "X", "A: matrix(m,n); B: matrix(m,n); X: matrix(m,n)"),
    ("entries", 3, "norm2(tanh(A*x) - b)^2", "x", _FIT),
    ("jacobian", 1, "A*x", "x", _AX),
    ("jacobian", 1, "exp(x)", "x", _X),
    ("jacobian", 2, "tanh(A*x)", "x", _AX),
    ("jacobian", 2, "a.*x", "x", "a: vector(n); x: vector(n)"),
    ("jacobian", 2, "a*(b'*x)", "x", "a: vector(m); b: vector(n); x: vector(n)"),
    ("jacobian", 3, "x*(x'*a)", "x", "a: vector(n); x: vector(n)"),
    ("jacobian", 3, "softmax(A*x)", "x", _AX),
    ("vec", 1, "A*X", "X", "A: matrix(m,n); X: matrix(n,p)"),
    ("vec", 1, "X*B", "X", "X: matrix(m,n); B: matrix(n,p)"),
    ("vec", 2, "A*X*B", "X", _CHAIN),
    ("vec", 2, "inv(X)", "X", "X: matrix(n,n)"),
    ("vec", 2, "A.*X", "X", "A: matrix(m,n); X: matrix(m,n)"),
    ("vec", 3, "X'*A*X", "X", "X: matrix(m,n); A: matrix(m,m)"),
    ("vec", 3, "A*exp(X*B)", "X", _CHAIN),
    ("hessian", 1, "x'*A*x", "x x", _SQUARE),
    ("hessian", 2, "norm2(A*x - b)^2", "x x", _FIT),
    ("hessian", 2, "sum(exp(x))", "x x", _X),
    ("hessian", 3, "sum(exp(A*x))", "x x", _AX),
    ("hessian", 3, "sum(log(ones(m) + exp(A*x)))", "x x", _AX),
))
# fmt: on
