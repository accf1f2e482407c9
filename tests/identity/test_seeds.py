"""The seed notes: what is right in them is true in the layout of its note, what is wrong is found and corrected."""

from __future__ import annotations

import pytest

import closedform as cf
from closedform.errors import ClosedFormError
from closedform.syntax.declare import declarations
from tests.seeds.items import DIFFERENTIALS, DIFFS, IDENTITIES, LINES, OK, WRONG, seed


def check(statement, let=""):
    return cf.check(statement, *declarations([let] if let else []), infer=True)


#: the arrays of the notes, as the matrices ∂vec F/∂(vec X)' of which they are another arrangement
STACKED = {
    "A*X*B": "kron(B', A)",
    "U*diag(x)*V": "kron(V', ones(4)).*kron(ones(2), U)",
    "(A*X*B)'": "K(m,n)*kron(B', A)",
    "inv(X)": "-kron(inv(X)', inv(X))",
    "X*a": "kron(a', eye(m))",
    "A*X*b": "kron(b', A)",
}
ARRAYS = [d for d in DIFFS if d.formula.startswith("J_")]
MATRICES = [d for d in DIFFS if not d.formula.startswith("J_")]


def derivative(case):
    wrt = case.wrt.split()
    return f"{'d' if len(wrt) == 1 else 'd2'}({case.function})/{' '.join('d' + x for x in wrt)}"


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda c: f"{c.item} {getattr(c, 'function', None) or c.left}")


@each(MATRICES)
def test_a_derivative_of_a_note_is_true_in_its_layout(case):
    v = check(f"{derivative(case)} = {case.formula}", case.let)
    assert v.verdict == "true"
    assert seed(case.item) in v.layouts


@each(DIFFERENTIALS)
def test_a_differential_of_a_note_is_true(case):
    assert check(f"d({case.function}) = {case.formula}", case.let).verdict == "true"


@each(IDENTITIES)
def test_an_identity_of_a_note_is_true(case):
    v = check(f"{case.left} = {case.right}", case.let)
    assert v.verdict == "true"
    assert v.layouts == ()


@each(ARRAYS)
def test_an_array_of_a_note_is_true_as_the_matrix_of_d_vec_F(case):
    v = check(f"{derivative(case)} = {STACKED[case.function]}", case.let)
    assert v.verdict == "true"
    assert "vec" in v.layouts


def test_every_right_formula_of_the_notes_was_checked():
    """The other items are lines of Python, tests of their own in tests/seeds."""
    assert {c.item for c in (*DIFFS, *DIFFERENTIALS, *IDENTITIES, *LINES)} >= set(OK)
    assert len(ARRAYS) + len(MATRICES) == len(DIFFS)


# ---------------------------------------------------------------------------------------------------------- errors

#: statement, declarations, verdict, conditions, the corrected statement
ERRORS = {
    "E-1": ("K(m,n) = K(m,n)'", "", "conditional", ["m = n or min(m, n) = 1"], "K(m,n) = K(n, m)'"),
    "E-2": ("K(m,n)*K(m,n) = eye(m*n)", "", "conditional", ["m = n or min(m, n) = 1"], "K(n, m)*K(m, n) = eye(m*n)"),
    "E-3": ("d(X'*X)/dX = 2*X", "X: matrix(p,q)", "conditional",
            ["q = 1: X is a vector", "the function is tr(X'*X)"],
            "d(X'*X)/dX = kron(X', eye(q))*K(p, q) + kron(eye(q), X')"),
    "E-4": ("d(X'*A*X)/dX = (A + A')*X", "A: matrix(p,p); X: matrix(p,q)", "conditional",
            ["q = 1: X is a vector", "the function is tr(X'*A*X)"],
            "d(X'*A*X)/dX = kron((A*X)', eye(q))*K(p, q) + kron(eye(q), X'*A)"),
    "E-5": ("d(β'*X)/dX = β", "β: vector(p); X: matrix(p,q)", "conditional", ["q = 1: X is a vector"],
            "d(β'*X)/dX = kron(eye(q), β')"),
    "E-6": ("kron(u*p' + v*q', B) = kron(u*p', ones(s,t)) + kron(v*q', B)",
            "u, v: vector(m); p, q: vector(2); B: matrix(s,t)", "false", [], None),
    "E-7": ("d((x - A*s)'*W*(x - A*s))/dx = -2*(x - A*s)'*W*A",
            "x: vector(m); A: matrix(m,n); s: vector(n); W: matrix(m,m) symmetric", "conditional",
            ["the derivative is by s"], "d((x - A*s)'*W*(x - A*s))/dx = 2*(x - A*s)'*W"),
    "E-8": ("-2*(y - A*x)'*A*h = (-A*x)'*(y - A*x) - (y - A*x)'*A*h",
            "y: vector(m); A: matrix(m,n); x, h: vector(n)", "false", [],
            "-2*(y - A*x)'*A*h = (-A*h)'*(y - A*x) - (y - A*x)'*A*h"),
    "E-8 as a differential": ("d((y - A*x)'*(y - A*x)) = (-A*x)'*(y - A*x) - (y - A*x)'*A*dx",
            "y: vector(m); A: matrix(m,n); x: vector(n)", "false", [],
            "d((y - A*x)'*(y - A*x)) = 2*(A*dx)'*(A*x - y)"),
    "E-9": ("d(a)/da = 0", "", "false", [], "d(a)/da = 1"),
    "E-10, dx": ("d(x) = x", "", "false", [], "d(x) = dx"),
    "E-10, df": ("d(A*x) = A*x + 0*dx", "", "false", [], "d(A*x) = A*dx"),
    "E-10, the matrix": ("d(cos(A*x)) = -diag(sin(A*x))*A*diag(dx)*dx", "A: matrix(m,n); x: vector(n)", "false", [],
             None),
    "E-12": ("h'*A'*(y - A*x) = (y - A*x)'*A*h", "A: matrix(n,m); y, x, h: vector(n)", "conditional", ["n = m"], None),
    "E-13": ("(y - A*(x + h))'*(y - A*(x + h)) - (y - A*x)'*(y - A*x) = -2*(y - A*x)'*A*h",
             "y: vector(m); A: matrix(m,n); x, h: vector(n)", "false", [],
             "(y - A*(x + h))'*(y - A*(x + h)) - (y - A*x)'*(y - A*x) = -2*(y - A*x)'*A*h + norm2(A*h)^2"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_the_notes_is_found_with_its_condition_and_correction(name):
    statement, let, verdict, conditions, corrected = ERRORS[name]
    v = check(statement, let)
    assert v.verdict == verdict
    assert v.conditions[: len(conditions)] == conditions
    assert v.counterexample is not None or v.reason is not None
    if corrected is not None:
        assert v.corrected.statement == corrected
        assert check(corrected, let).verdict == "true"


def test_E_11_by_a_symmetric_matrix_the_conventions_are_named_and_the_default_one_is_the_correction():
    let = "B: matrix(n,n); A: matrix(n,n) symmetric"
    v = check("d(tr(B*A))/dA = B'", let)
    assert v.verdict == "ambiguous"
    assert [r.holds for r in v.readings[:3]] == [False, False, True]
    assert v.correction == "0.5*(B + B')"
    projected = check("d(tr(B*A))/dA = 0.5*(B + B')", let)
    entries = check("d(tr(B*A))/dA = B + B' - B.*eye(n)", let)
    assert projected.verdict == entries.verdict == "true"
    assert "sym(G)" in projected.convention.text() and "independent entries" in entries.convention.text()


@each(WRONG)
def test_what_the_notes_print_is_never_called_true(case):
    statement = f"d({case.left})/d{case.wrt} = " if case.wrt else f"{case.left} = "
    assert check(statement + case.printed, case.let).verdict in ("false", "conditional")
    v = check(statement + case.correct, case.let)
    assert v.verdict == "true" and (not case.wrt or seed(case.item) in v.layouts)


def test_every_error_of_the_inventory_has_its_test():
    assert {name.split(",")[0].split()[0] for name in ERRORS} | {"E-11"} == {f"E-{k}" for k in range(1, 14)}


def test_E_12_is_also_refused_as_a_formula():
    with pytest.raises(ClosedFormError):
        cf.parse("h'*A'*(y - A*x)", {"A": ("n", "m"), "y": ("n",), "x": ("n",), "h": ("n",)})
