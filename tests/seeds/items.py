"""The five seed notes as data: every formula of theirs, in the note's own layout.

Ids are those of the inventory of the notes.  A `Diff` is a derivative, a `Differential` a rule for dF, an
`Identity` an equation without a derivative, a `Wrong` a printed formula that does not hold, with the corrected one;
a `Line` is a line of Python and its value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Numeric = Callable[..., np.ndarray]

#: The items of which the inventory says OK, by note: 62, and S3-07, of which it says "result OK".
RIGHT = (
    (2, 4, 9, *range(11, 16)),
    (2, 3, *range(5, 10)),
    range(1, 9),
    (2, 5, 6, 7, 9, 10, 11, 13, 16, 17, 19),
    (*range(2, 10), *range(11, 29), 30, 32, 33),
)
OK = [f"S{note}-{k:02}" for note, items in enumerate(RIGHT) for k in items]


def seed(item: str) -> str:
    """The layout of the note that an item is from."""
    return "seed-00" + item[1]


@dataclass(frozen=True)
class Diff:
    """A derivative in the layout of its note.

    Attributes:
        item: the id.
        says: the statement in words.
        function, wrt, let: what to ask, as on the command line.
        shape: of the answer in the note.
        formula: of the note, corrected where it is wrong; of an array its entry, as closedform prints it.
        value: the function by NumPy, for central differences.
        printed: whether closedform prints just that formula; otherwise it prints an equal one, see the table.
    """

    item: str
    says: str
    function: str
    wrt: str
    let: str
    shape: str
    formula: str
    value: Numeric
    printed: bool = True


@dataclass(frozen=True)
class Differential:
    """A rule for dF: like `Diff`, and the formula is that of dF."""

    item: str
    says: str
    function: str
    wrt: str
    let: str
    formula: str
    value: Numeric
    printed: bool = True


@dataclass(frozen=True)
class Identity:
    """An equation that holds at all sizes; `identified`: both sides have one normal form."""

    item: str
    says: str
    left: str
    right: str
    let: str = ""
    identified: bool = True


@dataclass(frozen=True)
class Wrong:
    """What a note prints, and what holds: `left` is not `printed` but `correct`.

    With `wrt`, left is the function, and the formulas are its derivative in the layout of the note.
    `shapes`: already the shapes of left and printed differ, at any sizes.
    """

    error: str
    item: str
    left: str
    printed: str
    correct: str
    let: str = ""
    wrt: str = ""
    shapes: bool = False


@dataclass(frozen=True)
class Line:
    """A line of Python in the session of docs/seeds.md, and its value."""

    item: str
    says: str
    code: str
    answer: str


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def det(X):
    return np.linalg.det(X)


def inv(X):
    return np.linalg.inv(X)


def log_abs_det(X):
    return np.linalg.slogdet(X)[1]


def squared(x):
    return (x * x).sum()


EXAMPLE = "U: matrix(4,3); x: vector(3); V: matrix(3,2)"
LINEAR = "A: matrix(m,p); X: matrix(p,q); B: matrix(q,n)"
SQUARED = "A: matrix(n,p); X: matrix(p,q); B: matrix(q,n)"
BILINEAR = "a: vector(m); X: matrix(m,n); b: vector(n)"
SQUARE = "A: matrix(n,n); x: vector(n)"
FIT = "y: vector(m); A: matrix(m,n); x: vector(n)"
WEIGHTED = "x: vector(m); A: matrix(m,n); s: vector(n); W: matrix(m,m)"
MAP = "A: matrix(m,n); x: vector(n)"
PRODUCT = "X: matrix(m,p); Y: matrix(p,n)"
SAME = "X: matrix(m,n); Y: matrix(m,n)"

# one record, one row
# fmt: off

DIFFS = (
    # ---- note 000: rows for vectors, the shape of X for matrices, arrays with the axes of the function first
    Diff("S0-02", "matrix by matrix: J_ijkl = ∂A_ij/∂B_kl", "A*X*B", "X", LINEAR, "m n p q", "J_ijkl = A_ik*B_lj", lambda A, X, B: A @ X @ B),
    Diff("S0-03", "a 4×2 matrix by x in R³", "U*diag(x)*V", "x", EXAMPLE, "4 2 3", "J_ijk = U_ik*V_kj", lambda U, x, V: U * x @ V),
    Diff("S0-07", "∂f(X)'/∂X, transposed in the axes of f", "(A*X*B)'", "X", LINEAR, "n m p q", "J_ijkl = A_jk*B_li", lambda A, X, B: (A @ X @ B).T),
    Diff("S0-08", "∂ tr f(X)/∂X, trace over the axes of f", "tr(A*X*B)", "X", SQUARED, "p q", "A'*B'", lambda A, X, B: np.trace(A @ X @ B), printed=False),
    Diff("S0-09", "∂ det f(X)/∂X", "det(A*X*B)", "X", SQUARED, "p q", "det(A*X*B)*(B*inv(A*X*B)*A)'", lambda A, X, B: det(A @ X @ B)),
    Diff("S0-10", "∂ f(X)^-1/∂X", "inv(X)", "X", "X: matrix(n,n)", "n n n n", "J_ijkl = -(inv(X))_ik*(inv(X))_lj", lambda X: inv(X)),
    Diff("S0-11", "∂(a'X^-1 b)/∂X", "a'*inv(X)*b", "X", "a: vector(n); X: matrix(n,n); b: vector(n)", "n n", "-inv(X)'*a*b'*inv(X)'", lambda a, X, b: a @ inv(X) @ b, printed=False),
    Diff("S0-12", "∂(x'a)/∂x", "x'*a", "x", "a: vector(n)", "1 n", "a'", lambda x, a: x @ a),
    Diff("S0-13", "∂(a'x)/∂x", "a'*x", "x", "a: vector(n)", "1 n", "a'", lambda x, a: a @ x),
    Diff("S0-14", "∂(a'Xb)/∂X", "a'*X*b", "X", BILINEAR, "m n", "a*b'", lambda a, X, b: a @ X @ b),
    Diff("S0-15", "∂(x'Bx)/∂x", "x'*B*x", "x", "B: matrix(n,n)", "1 n", "x'*(B + B')", lambda x, B: x @ B @ x),
    Diff("S0-16", "weighted least squares by s, W symmetric (the note has x for s)", "(x - A*s)'*W*(x - A*s)", "s", WEIGHTED + " symmetric", "1 n", "-2*(x - A*s)'*W*A", lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s), printed=False),
    Diff("S0-16", "the same by x", "(x - A*s)'*W*(x - A*s)", "x", WEIGHTED + " symmetric", "1 m", "2*(x - A*s)'*W", lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s)),
    Diff("S0-16", "by s, any W", "(x - A*s)'*W*(x - A*s)", "s", WEIGHTED, "1 n", "-(x - A*s)'*(W + W')*A", lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s), printed=False),
    # ---- note 001: a column, and a row for a vector by a scalar
    Diff("S1-02", "gradient of a scalar function, a column", "sum(exp(A*x))", "x", MAP, "n 1", "A'*exp(A*x)", lambda A, x: np.exp(A @ x).sum()),
    Diff("S1-03", "scalar by matrix: the shape of X", "norm2(A*X)^2", "X", "A: matrix(p,m); X: matrix(m,n)", "m n", "2*A'*A*X", lambda A, X: squared(A @ X)),
    Diff("S1-04", "vector by scalar: a row", "sin(t*a)", "t", "a: vector(m); t: scalar", "1 m", "(a.*cos(a*t))'", lambda a, t: np.sin(t * a), printed=False),
    Diff("S1-05", "Jacobian: rows count the function", "sin(A*x)", "x", MAP, "m n", "diag(cos(A*x))*A", lambda A, x: np.sin(A @ x)),
    Diff("S1-06", "Hessian: the Jacobian of the gradient", "sum(exp(A*x))", "x x", MAP, "n n", "A'*diag(exp(A*x))*A", lambda A, x: np.exp(A @ x).sum()),
    Diff("S1-07", "∂(w'x)/∂x", "w'*x", "x", "", "n 1", "w", lambda w, x: w @ x),
    Diff("S1-07", "∂(x'w)/∂x", "x'*w", "x", "", "n 1", "w", lambda w, x: x @ w),
    Diff("S1-08", "∂(x'Ax)/∂x", "x'*A*x", "x", SQUARE, "n 1", "(A + A')*x", lambda A, x: x @ A @ x),
    Diff("S1-09", "∂tr(BA)/∂A", "tr(B*A)", "A", "B: matrix(n,m); A: matrix(m,n)", "m n", "B'", lambda B, A: np.trace(B @ A)),
    Diff("S1-10", "∂log(det A)/∂A, det A > 0", "log(det(A))", "A", "A: matrix(n,n)", "n n", "inv(A)'", lambda A: log_abs_det(A)),
    Diff("S1-10", "∂log|det A|/∂A", "logdet(A)", "A", "A: matrix(n,n)", "n n", "inv(A)'", lambda A: log_abs_det(A)),
    # ---- note 002: columns are gradients, arrays with the axes of the variable first
    Diff("S2-01", "a gradient: scalar by vector", "x'*A*x", "x", SQUARE, "n 1", "(A + A')*x", lambda A, x: x @ A @ x),
    Diff("S2-01", "a Jacobian: vector by vector", "sin(A*x)", "x", MAP, "n m", "A'*diag(cos(A*x))", lambda A, x: np.sin(A @ x)),
    Diff("S2-01", "a Hessian: scalar by vector, twice", "x'*A*x", "x x", SQUARE, "n n", "A + A'", lambda A, x: x @ A @ x),
    Diff("S2-02", "scalar by matrix: entry ij is ∂f/∂x_ij", "a'*X*b", "X", BILINEAR, "m n", "a*b'", lambda a, X, b: a @ X @ b),
    Diff("S2-03", "df/dX for f = trace(WX)", "tr(W*X)", "X", "W: matrix(n,n); X: matrix(n,n)", "n n", "W'", lambda W, X: np.trace(W @ X)),
    Diff("S2-04", "vector by matrix: a third-order tensor", "X*a", "X", "X: matrix(m,n); a: vector(n)", "m n m", "J_ijk = delta_ik*a_j", lambda X, a: X @ a),
    Diff("S2-05", "scalar by vector: the length of x", "sum(exp(x))", "x", "", "n 1", "exp(x)", lambda x: np.exp(x).sum()),
    Diff("S2-06", "vector by vector: column k is the gradient of f_k", "A*x", "x", MAP, "n m", "A'", lambda A, x: A @ x),
    Diff("S2-07", "scalar by matrix: the size of X", "norm2(X*A - B)^2", "X", "X: matrix(m,n); A: matrix(n,p); B: matrix(m,p)", "m n", "2*(X*A - B)*A'", lambda X, A, B: squared(X @ A - B)),
    Diff("S2-08", "vector by matrix: T_ijk = ∂f_k/∂X_ij", "A*X*b", "X", "A: matrix(p,m); X: matrix(m,n); b: vector(n)", "m n p", "J_ijk = A_ki*b_j", lambda A, X, b: A @ X @ b),
    # ---- note 003: rows, and the shape of X for matrices
    Diff("S3-02", "scalar by vector, written ∂f/∂x': a row", "x'*A*x", "x", SQUARE, "1 n", "x'*(A + A')", lambda A, x: x @ A @ x),
    Diff("S3-07", "least squares", "(y - A*x)'*(y - A*x)", "x", FIT, "1 n", "-2*(y - A*x)'*A", lambda y, A, x: squared(y - A @ x), printed=False),
    Diff("S3-10", "the same as the entrywise partials", "norm2(y - A*x)^2", "x", FIT, "1 n", "-2*(y - A*x)'*A", lambda y, A, x: squared(y - A @ x), printed=False),
    Diff("S3-13", "vector by vector: rows are those of the components", "sin(A*x)", "x", MAP, "m n", "diag(cos(A*x))*A", lambda A, x: np.sin(A @ x)),
    Diff("S3-16", "the Hessian of least squares", "(y - A*x)'*(y - A*x)", "x x", FIT, "n n", "2*A'*A", lambda y, A, x: squared(y - A @ x)),
    Diff("S3-17", "scalar by 2×2 matrix", "a'*X*b", "X", "a: vector(2); X: matrix(2,2); b: vector(2)", "2 2", "a*b'", lambda a, X, b: a @ X @ b),
    # ---- note 004: rows count the variable, columns the function; a matrix by a matrix is PQ×MN
    Diff("S4-10", "∂|X|/∂X", "det(X)", "X", "X: matrix(n,n)", "n n", "adj(X)'", lambda X: det(X), printed=False),
    Diff("S4-13", "scalar by matrix: the shape of X", "norm2(A*X)^2", "X", "A: matrix(p,m); X: matrix(m,n)", "m n", "2*A'*A*X", lambda A, X: squared(A @ X)),
    Diff("S4-15", "the trace trick: tr(X'AXB)", "tr(X'*A*X*B)", "X", "A: matrix(m,m); X: matrix(m,n); B: matrix(n,n)", "m n", "A*X*B + A'*X*B'", lambda A, X, B: np.trace(X.T @ A @ X @ B)),
    Diff("S4-16", "f(AXB) for f(Y) = sum of sin(Y)", "sum(sin(A*X*B))", "X", LINEAR, "p q", "A'*cos(A*X*B)*B'", lambda A, X, B: np.sin(A @ X @ B).sum()),
    Diff("S4-18", "vector by vector: rows count x, columns f", "sin(A*x)", "x", MAP, "n m", "A'*diag(cos(A*x))", lambda A, x: np.sin(A @ x)),
    Diff("S4-20", "matrix by matrix: ∂vec(F)/∂vec(X), PQ×MN", "A*X*B", "X", LINEAR, "p*q m*n", "kron(B, A')", lambda A, X, B: A @ X @ B),
    Diff("S4-33", "F = A exp(XB), exp entry by entry", "A*exp(X*B)", "X", "A: matrix(m,p); X: matrix(p,q); B: matrix(q,n)", "p*q m*n", "kron(B, eye(p))*diag(vec(exp(X*B)))*kron(eye(n), A')", lambda A, X, B: A @ np.exp(X @ B)),
    Diff("S4-34", "∂(β'X)/∂X for a vector X", "β'*x", "x", "β: vector(p); x: vector(p)", "p 1", "β", lambda β, x: β @ x),
    Diff("S4-34", "∂(β'X)/∂X for a matrix X (the note has β)", "β'*X", "X", "β: vector(p); X: matrix(p,q)", "p*q q", "kron(eye(q), β)", lambda β, X: β @ X),
    Diff("S4-35", "∂(X'X)/∂X (the note has 2X)", "X'*X", "X", "X: matrix(p,q)", "p*q q*q", "kron(eye(q), X)*(eye(q*q) + K(q,q))", lambda X: X.T @ X, printed=False),
    Diff("S4-35", "2X is the derivative of tr(X'X)", "tr(X'*X)", "X", "X: matrix(p,q)", "p q", "2*X", lambda X: squared(X)),
    Diff("S4-35", "and of x'x", "x'*x", "x", "", "n 1", "2*x", lambda x: x @ x),
    Diff("S4-36", "∂(X'AX)/∂X (the note has (A + A')X)", "X'*A*X", "X", "A: matrix(p,p); X: matrix(p,q)", "p*q q*q", "kron(eye(q), A'*X) + kron(eye(q), A*X)*K(q,q)", lambda A, X: X.T @ A @ X, printed=False),
    Diff("S4-36", "(A + A')X is the derivative of tr(X'AX)", "tr(X'*A*X)", "X", "A: matrix(p,p); X: matrix(p,q)", "p q", "(A + A')*X", lambda A, X: np.trace(X.T @ A @ X)),
    Diff("S4-36", "and of x'Ax", "x'*A*x", "x", SQUARE, "n 1", "(A + A')*x", lambda A, x: x @ A @ x),
)

DIFFERENTIALS = (
    Differential("S3-05", "df = (row)·dx", "x'*A*x", "x", SQUARE, "x'*(A + A')*dx", lambda A, x: x @ A @ x, printed=False),
    Differential("S3-07", "least squares", "(y - A*x)'*(y - A*x)", "x", FIT, "-2*(y - A*x)'*A*dx", lambda y, A, x: squared(y - A @ x), printed=False),
    Differential("S3-11", "the product rule", "x'*y", "x y", "", "dx'*y + x'*dy", lambda x, y: x @ y, printed=False),
    Differential("S3-15", "df is the matrix of partials times dx (the note has dx in the matrix)", "sin(A*x)", "x", MAP, "diag(cos(A*x))*A*dx", lambda A, x: np.sin(A @ x), printed=False),
    Differential("S3-19", "df = tr(G'dX)", "norm2(A*X)^2", "X", "A: matrix(p,m); X: matrix(m,n)", "2*tr(X'*A'*A*dX)", lambda A, X: squared(A @ X), printed=False),
    Differential("S4-08", "d(X + Y)", "X + Y", "X Y", SAME, "dX + dY", lambda X, Y: X + Y),
    Differential("S4-08", "d(X - Y)", "X - Y", "X Y", SAME, "dX - dY", lambda X, Y: X - Y),
    Differential("S4-08", "d(XY)", "X*Y", "X Y", PRODUCT, "dX*Y + X*dY", lambda X, Y: X @ Y, printed=False),
    Differential("S4-08", "d(X')", "X'", "X", "X: matrix(m,n)", "dX'", lambda X: X.T),
    Differential("S4-08", "d tr X", "tr(X)", "X", "X: matrix(n,n)", "tr(dX)", lambda X: np.trace(X)),
    Differential("S4-09", "dX^-1", "inv(X)", "X", "X: matrix(n,n)", "-inv(X)*dX*inv(X)", lambda X: inv(X)),
    Differential("S4-10", "d|X|, X* the adjugate", "det(X)", "X", "X: matrix(n,n)", "tr(adj(X)*dX)", lambda X: det(X), printed=False),
    Differential("S4-11", "d(X⊙Y)", "X.*Y", "X Y", SAME, "dX.*Y + X.*dY", lambda X, Y: X * Y, printed=False),
    Differential("S4-12", "dσ(X) = σ'(X)⊙dX, entry by entry", "sin(X)", "X", "X: matrix(m,n)", "cos(X).*dX", lambda X: np.sin(X), printed=False),
    Differential("S4-12", "the same for the logistic σ", "sigmoid(X)", "X", "X: matrix(m,n)", "sigmoid(X).*(ones(m,n) - sigmoid(X)).*dX", lambda X: sigmoid(X), printed=False),
    Differential("S4-14", "df = (∂f/∂x)'dx", "sum(exp(x))", "x", "", "exp(x)'*dx", lambda x: np.exp(x).sum(), printed=False),
    Differential("S4-14", "df = tr((∂f/∂X)'dX)", "a'*X*b", "X", BILINEAR, "tr(b*a'*dX)", lambda a, X, b: a @ X @ b, printed=False),
    Differential("S4-15", "wrap in tr, move everything left of dX", "tr(X'*A*X*B)", "X", "A: matrix(m,m); X: matrix(m,n); B: matrix(n,n)", "tr((B*X'*A + B'*X'*A')*dX)", lambda A, X, B: np.trace(X.T @ A @ X @ B), printed=False),
    Differential("S4-16", "Y = AXB", "A*X*B", "X", LINEAR, "A*dX*B", lambda A, X, B: A @ X @ B),
    Differential("S4-32", "vec dF = (∂F/∂X)' vec dX", "vec(A*X*B)", "X", LINEAR, "kron(B', A)*vec(dX)", lambda A, X, B: (A @ X @ B).ravel(order="F"), printed=False),
    Differential("S4-33", "F = A exp(XB)", "A*exp(X*B)", "X", LINEAR.replace("m,p", "m,r").replace("p,q", "r,q"), "A*(exp(X*B).*(dX*B))", lambda A, X, B: A @ np.exp(X @ B), printed=False),
)

RESIDUAL = FIT + "; h: vector(n)"

IDENTITIES = (
    Identity("S3-06", "the increment of least squares: first order, and a squared term", "(y - A*(x + h))'*(y - A*(x + h)) - (y - A*x)'*(y - A*x)", "-2*(y - A*x)'*A*h + h'*A'*A*h", RESIDUAL, identified=False),
    Identity("S3-09", "a scalar equals its transpose", "h'*A'*(y - A*x)", "(y - A*x)'*A*h", RESIDUAL),
    Identity("S3-12", "the product rule for least squares (the note has Ax for A dx)", "(-A*h)'*(y - A*x) - (y - A*x)'*A*h", "-2*(y - A*x)'*A*h", RESIDUAL),
    Identity("S4-02", "the trace is the sum of the diagonal", "tr(A)", "sum(diag(A))", "A: matrix(n,n)", identified=False),
    Identity("S4-03", "a scalar is its trace", "a", "tr(a)", "a: scalar"),
    Identity("S4-04", "trace of a transpose", "tr(A')", "tr(A)", "A: matrix(n,n)"),
    Identity("S4-05", "trace of a sum", "tr(A + B)", "tr(A) + tr(B)", "A: matrix(n,n); B: matrix(n,n)"),
    Identity("S4-05", "trace of a difference", "tr(A - B)", "tr(A) - tr(B)", "A: matrix(n,n); B: matrix(n,n)"),
    Identity("S4-06", "trace of a product, A of the shape of B'", "tr(A*B)", "tr(B*A)", "A: matrix(m,n); B: matrix(n,m)"),
    Identity("S4-07", "trace and entrywise product", "tr(A'*(B.*C))", "tr((A.*B)'*C)", "A: matrix(m,n); B: matrix(m,n); C: matrix(m,n)"),
    Identity("S4-21", "vec of a sum", "vec(A + B)", "vec(A) + vec(B)", "A: matrix(m,n); B: matrix(m,n)"),
    Identity("S4-22", "vec of a product", "vec(A*X*B)", "kron(B', A)*vec(X)", LINEAR),
    Identity("S4-23", "vec of a transpose", "vec(A')", "K(m,n)*vec(A)", "A: matrix(m,n)"),
    Identity("S4-24", "vec of an entrywise product; diag(A) is diag(vec A)", "vec(A.*X)", "diag(vec(A))*vec(X)", "A: matrix(m,n); X: matrix(m,n)"),
    Identity("S4-26", "transpose of a Kronecker product", "kron(A, B)'", "kron(A', B')", "A: matrix(m,n); B: matrix(p,q)"),
    Identity("S4-27", "vec of an outer product", "vec(a*b')", "kron(b, a)", "a: vector(m); b: vector(n)", identified=False),
    Identity("S4-28", "product of Kronecker products", "kron(A, B)*kron(C, D)", "kron(A*C, B*D)", "A: matrix(m,n); B: matrix(p,q); C: matrix(n,r); D: matrix(q,s)"),
    Identity("S4-29", "transpose of K (the note has K_mn)", "K(m,n)'", "K(n,m)"),
    Identity("S4-30", "K exchanges the factors", "K(p,m)*kron(A, B)*K(n,q)", "kron(B, A)", "A: matrix(m,n); B: matrix(p,q)"),
    Identity("S4-31", "K_nm K_mn = I (the note has K_mn K_mn)", "K(n,m)*K(m,n)", "eye(m*n)"),
)

WRONG = (
    Wrong("E-1", "S4-29", "K(m,n)'", "K(m,n)", "K(n,m)"),
    Wrong("E-2", "S4-31", "eye(m*n)", "K(m,n)*K(m,n)", "K(n,m)*K(m,n)"),
    Wrong("E-3", "S4-35", "X'*X", "2*X", "kron(eye(q), X)*(eye(q*q) + K(q,q))", "X: matrix(p,q)", "X", shapes=True),
    Wrong("E-4", "S4-36", "X'*A*X", "(A + A')*X", "kron(eye(q), A'*X) + kron(eye(q), A*X)*K(q,q)", "A: matrix(p,p); X: matrix(p,q)", "X", shapes=True),
    Wrong("E-5", "S4-34", "β'*X", "β", "kron(eye(q), β)", "β: vector(p); X: matrix(p,q)", "X", shapes=True),
    Wrong("E-7", "S0-16", "(x - A*s)'*W*(x - A*s)", "-2*(x - A*s)'*W*A", "2*(x - A*s)'*W", WEIGHTED + " symmetric", "x", shapes=True),
    Wrong("E-7", "S0-16", "(x - A*s)'*W*(x - A*s)", "-2*(x - A*s)'*W*A", "2*(x - A*s)'*W", "x: vector(n); A: matrix(n,n); s: vector(n); W: matrix(n,n) symmetric", "x"),
    Wrong("E-8", "S3-12", "-2*(y - A*x)'*A*h", "(-A*x)'*(y - A*x) - (y - A*x)'*A*h", "(-A*h)'*(y - A*x) - (y - A*x)'*A*h", RESIDUAL),
    Wrong("E-10", "S3-15", "cos(A*x).*(A*h)", "diag(cos(A*x))*A*diag(h)*h", "diag(cos(A*x))*A*h", "A: matrix(m,n); x: vector(n); h: vector(n)"),
    Wrong("E-13", "S3-07", "(y - A*(x + h))'*(y - A*(x + h)) - (y - A*x)'*(y - A*x)", "-2*(y - A*x)'*A*h", "-2*(y - A*x)'*A*h + h'*A'*A*h", RESIDUAL),
)

LINES = (
    Line("S0-04", "stack the partials along a third axis", "np.allclose(stacked, whole)", "True"),
    Line("S0-04", "the same, written out and compared", "np.allclose(both.stacked, whole)", "True"),
    Line("S0-05", "flatten by columns, differentiate, reshape by columns", 'np.allclose(flat.reshape(4, 2, 3, order="F"), whole)', "True"),
    Line("S0-05", "reshape by rows: wrong", "np.allclose(flat.reshape(4, 2, 3), whole)", "False"),
    Line("S0-05", "both views give one array, by columns", "both.difference < 1e-12 < both.by_rows", "True"),
    Line("S4-16", "f(AXB), any f: Y stands for ∂f/∂Y", 'cf.vjp(cf.parse("A*X*B"), "X", "Y")', "A'*Y*B'"),
    Line("S4-17", "F M×N by X P×Q: MNPQ partials", f'cf.derivative(read("A*X*B", "{LINEAR}"), "X").entries(m=4, n=3, p=2, q=5)', "120"),
    Line("S4-19", "vec stacks the columns", 'value("vec(X)", X=[[1, 2], [3, 4]]).ravel().tolist()', "[1, 3, 2, 4]"),
    Line("S4-25", "every block of A⊗B is a_ij B", 'value("kron(A,B)", A=[[1, 2]], B=[[3, 4]]).tolist()', "[[3, 4, 6, 8]]"),
)
