"""The judge: right answers pass, wrong ones are refused, functions without a domain are named."""

from __future__ import annotations

import json

import numpy as np
import pytest

import closedform.ops  # noqa: F401  registers the operations
from closedform.core.expr import OPS, Expr, eye, number, symbol
from closedform.core.shape import ONE, SCALAR, dim
from closedform.errors import DomainError, TooLarge, VerificationError
from closedform.verification.numeric import check, merged
from closedform.verification.sample import difference, same_value, samples

M, N, P = dim("m"), dim("n"), dim("p")
A, B, S = symbol("A", (M, N)), symbol("B", (N, P)), symbol("S", (N, N))
x, y, t = symbol("x", (N, ONE)), symbol("y", (N, ONE)), symbol("t", SCALAR)
V = symbol("V", (N, N), ["spd"])


def op(name: str, *args: Expr) -> Expr:
    return OPS[name](*args)


RIGHT = [
    (op("sum", op("log", op("softplus", 100 * x))), [x], 100 * op("sigmoid", 100 * x) / op("softplus", 100 * x)),
    (x.T @ S @ x, [x], (S + S.T) @ x),
    (x.T @ S @ x, [S], x @ x.T),
    (x.T @ S @ x, [x, x], S + S.T),
    (x.T @ S @ y, [x, y], S),
    (x.T @ S @ y * t, [x, t], S @ y),
    (x.T @ S @ y * t, [t, x], y.T @ S.T),
    (t**3, [t, t], 6 * t),
    (A @ x, [x], A),
    ((A @ x).T, [x], A),
    (t**2 * A, [t], 2 * t * A),
    (op("logdet", A.T @ A), [A], 2 * (A @ op("inv", A.T @ A))),
    (op("sum", op("log", x)), [x], x**-1),
    (op("logdet", V), [V], op("inv", V)),
    (op("norm2", x), [x, x], 1 / op("norm2", x) * eye(N) - op("norm2", x) ** -3 * (x @ x.T)),
    (op("sum", op("relu", x) ** 2), [x, x], op("diag", 1 + op("sign", x))),
    (op("normnuc", S), [S], S @ op("inv", op("sqrtm", S.T @ S))),
    (x.T @ y - y.T @ x, [x], 0 * x),
]


@pytest.mark.parametrize(("f", "wrt", "answer"), RIGHT, ids=lambda v: str(len(v)) if isinstance(v, list) else "")
def test_a_right_answer_passes(f, wrt, answer):
    report = check(f, wrt, answer, "gradient" if f.is_scalar else "jacobian")
    assert report.max_error < report.tolerance
    assert report.points >= 2


@pytest.mark.parametrize("change", ["sign", "factor", "transpose", "offset", "shape", "nan"])
@pytest.mark.parametrize("order", [1, 2])
def test_a_wrong_answer_is_refused(change, order):
    f, answer = op("sum", op("exp", S @ x)), S.T @ op("exp", S @ x)
    if order == 2:
        answer = S.T @ op("diag", op("exp", S @ x)) @ S
    wrong = {
        "sign": -answer,
        "factor": 2 * answer,
        "transpose": op("exp", S @ x) * (S @ x) if order == 1 else S @ op("diag", op("exp", S @ x)) @ S.T,
        "offset": answer + number(0.001) * answer,
        "shape": A @ x if order == 1 else answer @ x,
        "nan": answer + op("sum", op("log", -(x**2))) * answer,
    }[change]
    check(f, [x] * order, answer)
    with pytest.raises(VerificationError, match="bug of closedform"):
        check(f, [x] * order, wrong)


def test_a_transposed_gradient_of_a_square_matrix_is_refused():
    with pytest.raises(VerificationError, match="should be"):
        check(op("logdet", S), [S], op("inv", S))


def test_a_derivative_by_a_structured_variable_is_projected_on_its_structure():
    C = symbol("C", (N, N))
    D = symbol("D", (N, N), ["diagonal"])
    check(op("tr", C @ V), V, 0.5 * (C + C.T))
    check(op("tr", C @ D), D, C * eye(N))
    with pytest.raises(VerificationError):
        check(op("tr", C @ V), V, C.T)


def test_a_report_of_stages_has_the_points_of_all():
    one, two = check(x.T @ S @ x, x, (S + S.T) @ x), check((S + S.T) @ x, x, S + S.T)
    assert merged([one, two]).points == one.points + two.points


def test_layouts_agree_with_the_reference():
    f = op("tanh", A @ x)
    J = op("diag", 1 - f**2) @ A
    check(f, [x], J, "numerator")
    check(f, [x], J.T, "denominator")
    check(A @ B, [A], op("kron", B.T, eye(M)), "vec")
    with pytest.raises(VerificationError):
        check(f, [x], J.T, "numerator")


def test_a_dimension_of_one_is_among_the_sizes():
    report = check(x.T @ S @ x, [x], (S + S.T) @ x)
    assert 1 in [s["n"] for s in report.sizes]
    assert len(report.sizes) == 6


@pytest.mark.parametrize("f", [op("log", -(x.T @ x) - 1), op("inv", x @ x.T - x @ x.T), op("norm2", x - x)])
def test_a_function_defined_nowhere_is_a_domain_error(f):
    with pytest.raises(DomainError, match="no point was found") as error:
        check(op("sum", f), [x], x)
    assert "declare" in error.value.hint


def test_checks_are_deterministic_and_are_json():
    one, two = (check(op("logdet", A.T @ A), [A], 2 * (A @ op("inv", A.T @ A))) for _ in range(2))
    assert one == two
    assert json.loads(json.dumps(one.as_dict()))["points"] == one.points
    assert str(one).startswith("checked numerically: ")


def test_properties_hold_at_the_sampled_points():
    kinds = ["spd", "symmetric", "diagonal", "orthogonal", "triangular", "positive"]
    matrices = {k: symbol(k, (N, N), [k]) for k in kinds}
    p = symbol("p", SCALAR, ["integer"])
    total = p * matrices["spd"]
    for v in matrices.values():
        total = total + v
    for sample in samples([total]):
        for X, kind in [(X, k) for k in kinds for X in sample.env[k]]:
            n = np.eye(len(X))
            holds = {
                "spd": np.allclose(X, X.T) and np.linalg.eigvalsh(X).min() > 0,
                "symmetric": np.allclose(X, X.T),
                "diagonal": np.allclose(X, X * n),
                "orthogonal": np.allclose(X @ X.T, n),
                "triangular": np.allclose(X, np.tril(X)),
                "positive": (X > 0).all(),
            }
            assert holds[kind], kind
        assert set(sample.env["p"].ravel()) <= {2, 3, 4}


def test_same_value_tells_equal_expressions_from_different_ones():
    assert same_value((A @ B).T, B.T @ A.T)
    assert not same_value(S @ S.T, S.T @ S)
    assert not same_value(A, A.T)
    assert difference(2 * A, A + A) == 0


def test_a_huge_declared_size_is_refused():
    X = symbol("X", (dim(10**6), dim(10**6)))
    with pytest.raises(TooLarge, match="too large to check"):
        check(op("sum", X), [X], X)


def test_a_large_declared_size_is_checked_at_some_entries():
    X = symbol("X", (dim(300), dim(300)))
    assert check(op("sum", X * X), [X], 2 * X).points
    with pytest.raises(VerificationError):
        check(op("sum", X * X), [X], 3 * X)


def test_no_point_lies_where_an_arcus_has_no_derivative():
    """softmax of one entry is 1, where arccos has a value and no derivative."""
    s = op("softmax", x)
    found = samples([op("arccos", s)])
    assert found and all(sample.sizes["n"] > 1 for sample in found)
