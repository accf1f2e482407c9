"""The comparison with SymPy: its judge of SymPy's answers, on answers that are known to be right and wrong."""

from __future__ import annotations

import numpy as np
import pytest

sp = pytest.importorskip("sympy")

from benchmarks.common import TookTooLong, within  # noqa: E402
from benchmarks.peers import Mistranslated, Verdict, _agrees, ours, spelled, sympys, timed  # noqa: E402
from benchmarks.sympy_matrices import size  # noqa: E402
from benchmarks.sympy_values import NoValue, value  # noqa: E402
from tests.corpus.cases import cases, stated_peers  # noqa: E402
from tests.corpus.make_references import peer_references, references  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sympy.utilities.exceptions.SymPyDeprecationWarning")
n = sp.Symbol("n", integer=True, positive=True)
A, B = (sp.MatrixSymbol(name, n, n) for name in "AB")
x = sp.MatrixSymbol("x", n, 1)
s = sp.Symbol("s", real=True)
RNG = np.random.default_rng(0)
ENV = {
    n: np.asarray(3),
    A: RNG.normal(size=(3, 3)),
    B: RNG.normal(size=(3, 3)),
    x: RNG.uniform(1, 2, (3, 1)),
    s: np.asarray(2.0),
}
a, b, v = ENV[A], ENV[B], ENV[x]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (A * B + 2 * s * A.T, a @ b + 4 * a.T),
        (A.I * x, np.linalg.solve(a, v)),
        (A**3, a @ a @ a),
        (sp.sqrt(sp.Trace(A.T * A)), np.linalg.norm(a)),
        ((x.T * x) ** sp.S.Half, [[np.linalg.norm(v)]]),
        (sp.log(sp.Abs(sp.Determinant(A))), np.linalg.slogdet(a)[1]),
        (sp.HadamardProduct(A, B) - sp.OneMatrix(n, n), a * b - 1),
        (sp.HadamardPower(x, s), v**2),
        (sp.DiagMatrix(x) + sp.Identity(n), np.diagflat(v) + np.eye(3)),
        (sp.KroneckerProduct(A, x), np.kron(a, v)),
        (x.applyfunc(sp.Lambda(s, sp.cos(s) ** 2)), np.cos(v) ** 2),
        (sp.sin(sp.Trace(A)) * x, np.sin(np.trace(a)) * v),
        (A.diff(A), np.einsum("ik,jl->ijkl", np.eye(3), np.eye(3))),
        (A.T.diff(A), np.einsum("il,jk->ijkl", np.eye(3), np.eye(3))),
        (A.applyfunc(sp.exp).diff(A), np.einsum("ij,ik,jl->ijkl", np.exp(a), np.eye(3), np.eye(3))),
    ],
    ids=str,
)
def test_an_expression_of_sympy_has_the_value_that_numpy_gives_it(expression, expected):
    assert np.allclose(value(expression, ENV), expected)


def test_an_expression_of_an_unknown_class_has_no_value():
    with pytest.raises(NoValue):
        value(sp.Sum(s, (s, 1, n)), ENV)


def test_a_derivative_agrees_in_any_layout_and_not_with_an_axis_of_the_variable_turned():
    J, G = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4))
    assert _agrees(J.T, J, 1e-9, [1, 1])
    assert not _agrees(G.T, G, 1e-9, [0, 2])
    assert not _agrees(2 * G, G, 1e-9, [0, 2])
    assert not _agrees(np.asarray(0.0), G, 1e-9, [0, 2])
    assert _agrees(np.asarray(0.0), 0 * G, 1e-9, [0, 2])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (A.T, "correct"),
        (A, "wrong"),
        (sp.Integer(0), "wrong"),
        (sp.Trace(A), "wrong"),
        (sp.MatMul(A, sp.OneMatrix(n + 1, n), evaluate=False), "wrong"),
    ],
    ids=["right", "transposed", "lost", "shape", "factors that do not fit"],
)
def test_sympy_is_judged_by_value(answer, kind, monkeypatch):
    """d tr(X*A)/dX = A', whatever SymPy says."""
    case = stated_peers()["sympy-matrix-derivatives-of-traces-5"]
    assert case["expr"] == "tr(X*A)"
    monkeypatch.setattr("benchmarks.peers.differentiate", lambda *_: answer.subs(n, size("k")))
    assert sympys(case, peer_references()[case["id"]]).kind == kind


def test_sympy_answers_what_it_tests_itself():
    name = "sympy-matrix-derivative-with-inverse-1"
    assert sympys(stated_peers()[name], peer_references()[name]).kind == "correct"


def test_a_case_that_matrix_expressions_cannot_state_is_refused():
    name = "tensorgrad-softmax-jac-1"
    verdict = sympys(stated_peers()[name], peer_references()[name])
    assert verdict == Verdict("refused", "no such operation: softmax")


def test_a_translation_of_another_value_is_no_answer_of_sympy():
    case = {**cases()["cookbook-49"], "expr": "2*det(X)"}
    with pytest.raises(Mistranslated):
        spelled(case, references()["cookbook-49"], matrices=False)


def test_ours_is_judged_by_value():
    assert ours(cases()["cookbook-49"], references()["cookbook-49"]).kind == "correct"
    wrong = {**cases()["cookbook-49"], "expr": "2*det(X)"}
    assert ours(wrong, references()["cookbook-49"]).kind == "wrong"
    assert ours({**wrong, "expr": "det(X"}, references()["cookbook-49"]).kind == "refused"


def test_what_takes_too_long_is_stopped():
    def forever(case, points):
        while True:
            pass

    assert timed(forever, {}, [], 0.05).kind == "timed out"
    with pytest.raises(TookTooLong), within(0.05):
        while True:
            pass
