"""Every formula of the five seed notes: reproduced in the note's layout, or corrected where the note is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from closedform.core.normal import normal
from closedform.verification.interpreter import evaluate
from closedform.verification.sample import difference, same_value
from closedform.verification.tensor import tensor_value
from tests.seeds.items import DIFFERENTIALS, DIFFS, EXAMPLE, FIT, IDENTITIES, LINEAR, LINES, OK, SQUARED, WRONG, seed
from tests.seeds.reading import (
    SIZES,
    arranged,
    beside,
    central,
    columns,
    derivative,
    differential,
    expression,
    numbers,
    read,
)


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda c: f"{c.item} {getattr(c, 'function', None) or c.left}")


def close(a, b, rtol):
    """Relative to the largest entry, so that entries that cancel to zero do not fail."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert np.abs(a - b).max() <= rtol * max(1e-3, np.abs(b).max()), f"\n{a}\nis not\n{b}"


# ------------------------------------------------------------------------------------------------- derivatives


@each(DIFFS)
def test_the_derivative_is_the_formula_of_the_note_in_its_layout(case):
    D = derivative(case)
    assert " ".join(D.shape) == case.shape
    if case.printed:
        assert D.text == case.formula
    else:
        assert same_value(beside(case.formula, D), D.expr)
    D.check()


@each(DIFFS)
def test_the_derivative_is_that_of_central_differences_arranged_as_the_note_says(case):
    """Step 1e-6 and tolerance 1e-6; for second derivatives 1e-4 and 1e-5. No part of closedform is used for them."""
    f, D, wrt = read(case.function, case.let), derivative(case), case.wrt.split()
    given = numbers(f, np.random.default_rng(5))
    step, rtol = (1e-6, 1e-6) if len(wrt) == 1 else (1e-4, 1e-5)
    J = central(case.value, given, wrt, step)
    close(D.compile()(**given), J, rtol)
    output = np.ndim(case.value(**given)) + len(wrt) - 1
    if D.arrangement.axes:
        shown = tensor_value(D._array, columns(given), SIZES)
    else:
        shown = evaluate(D.expr, columns(given), SIZES)
    expected = J if len(wrt) == 2 else arranged(seed(case.item), J, output, np.ndim(given[wrt[0]]))
    close(shown, expected, rtol)


@each(DIFFERENTIALS)
def test_the_differential_is_the_rule_of_the_note(case):
    dF = differential(case)
    if case.printed:
        assert dF.text == case.formula
    else:
        assert same_value(beside(case.formula, dF), dF.expr)


@each(DIFFERENTIALS)
def test_the_differential_is_the_change_of_the_function_to_first_order(case):
    """(F(X + h·dX) − F(X − h·dX)) / 2h with h = 1e-6, all variables moved at once."""
    f, dF, rng, h = read(case.function, case.let), differential(case), np.random.default_rng(6), 1e-6
    given = numbers(f, rng)
    move = {x: rng.standard_normal(np.shape(given[x])) for x in case.wrt.split()}
    ahead, behind = (case.value(**{**given, **{x: given[x] + s * d for x, d in move.items()}}) for s in (h, -h))
    env = columns({**given, **{"d" + x: d for x, d in move.items()}})
    expected = np.asarray((ahead - behind) / (2 * h))
    close(evaluate(dF.expr, env, SIZES).reshape(expected.shape), expected, 1e-6)


# -------------------------------------------------------------------------------------------------- identities


@each(IDENTITIES)
def test_the_two_sides_of_an_identity_have_equal_values_at_random_sizes(case):
    assert same_value(expression(case.left, case.let), expression(case.right, case.let))


@each([c for c in IDENTITIES if c.identified])
def test_the_two_sides_of_an_identity_have_one_normal_form(case):
    assert normal(expression(case.left, case.let)) is normal(expression(case.right, case.let))


@each(WRONG)
def test_what_the_note_prints_is_wrong_and_the_correction_is_right(case):
    if case.wrt:
        D = cf.derivative(read(case.left, case.let), case.wrt).in_layout(seed(case.item))
        truth, printed, correct = D.expr, beside(case.printed, D), beside(case.correct, D)
    else:
        truth, printed, correct = (expression(e, case.let) for e in (case.left, case.printed, case.correct))
    assert same_value(truth, correct)
    assert not same_value(truth, printed)
    assert truth.shape != printed.shape if case.shapes else difference(truth, printed) > 0.1


@pytest.mark.parametrize("sizes", ["m,m", "1,n", "m,1"])
def test_S4_29_and_S4_31_hold_for_a_square_or_when_one_size_is_1(sizes):
    m, n = sizes.split(",")
    K, dims = f"K({sizes})", f"A: matrix({sizes})"
    assert same_value(expression(f"{K}'", dims), expression(K, dims))
    assert same_value(expression(f"{K}*{K}", dims), expression(f"eye({m}*{n})", dims))


# ---------------------------------------------------------------------------- definitions, methods, single items


def jacobian(function, x, let):
    """The array of partials, axes of the function first, and the values it was taken at."""
    f = read(function, let)
    given = numbers(f, np.random.default_rng(7))
    return cf.derivative(f, x).compile()(**given), columns(given) if "a" in given else given


def test_S0_04_and_S0_05_stacked_partials_and_the_reshaped_flat_jacobian_are_the_derivative():
    D = cf.derivative(read("U*diag(x)*V", EXAMPLE), "x", layout="seed-000")
    given = numbers(D.function, np.random.default_rng(1))
    whole, U, V = D.compile()(**given), given["U"], given["V"]
    e = np.eye(3)
    stacked = np.stack([(U * e[i]) @ V for i in range(3)], axis=-1)
    close(whole, stacked, 1e-12)
    flat = cf.jacobian(read("vec(U*diag(x)*V)", EXAMPLE), "x").compile()(**given)
    assert flat.shape == (8, 3)
    close(flat.reshape(4, 2, 3, order="F"), whole, 1e-12)
    assert np.abs(flat.reshape(4, 2, 3) - whole).max() > 0.1  # by rows, as NumPy does unasked


@pytest.mark.parametrize("function", ["A*X*B", "sin(A*X*B)", "A*inv(X)*B"])
def test_S0_07_to_S0_10_hold_when_transpose_trace_and_product_act_on_the_axes_of_the_function(function):
    let = SQUARED if "inv" not in function else "A: matrix(n,n); X: matrix(n,n); B: matrix(n,n)"
    J, given = jacobian(function, "X", let)
    F = evaluate(expression(function, let), given, SIZES)
    Fi = np.linalg.inv(F)
    close(jacobian(f"({function})'", "X", let)[0], J.transpose(1, 0, 2, 3), 1e-9)
    close(jacobian(f"tr({function})", "X", let)[0], np.trace(J), 1e-9)
    close(jacobian(f"det({function})", "X", let)[0], np.linalg.det(F) * np.einsum("ij,jikl->kl", Fi, J), 1e-9)
    of_inverse = jacobian(f"inv({function})", "X", let)[0]
    close(of_inverse, -np.einsum("ia,abkl,bj->ijkl", Fi, J, Fi), 1e-9)


def test_S0_07_to_S0_10_fail_on_the_last_axes():
    let = "A: matrix(n,n); X: matrix(n,n); B: matrix(n,n)"
    J, given = jacobian("A*X*B", "X", let)
    Fi = np.linalg.inv(evaluate(expression("A*X*B", let), given, SIZES))
    assert np.abs(jacobian("(A*X*B)'", "X", let)[0] - J.transpose(3, 2, 1, 0)).max() > 0.1
    assert np.abs(jacobian("tr(A*X*B)", "X", let)[0] - np.trace(J, axis1=2, axis2=3)).max() > 0.1
    assert np.abs(jacobian("inv(A*X*B)", "X", let)[0] + Fi @ J @ Fi).max() > 0.1


def test_S1_06_the_hessian_is_the_jacobian_of_the_gradient_and_symmetric():
    f = read("sum(exp(A*x))", "A: matrix(m,n)")
    gradient = cf.gradient(f, "x")
    H = cf.hessian(f, "x")
    assert cf.jacobian(gradient.expr, "x").expr is H.expr
    assert normal(H.expr.T) is H.expr


def test_S2_08_slice_k_is_the_derivative_of_component_k():
    let = "X: matrix(m,n); a: vector(n)"
    D = cf.derivative(read("X*a", let), "X", layout="seed-002")
    given = numbers(D.function, np.random.default_rng(2))
    T = tensor_value(D._array, columns(given), SIZES)
    component = cf.derivative(read("u'*X*a", let + "; u: vector(m)"), "X").compile()
    for k, u in enumerate(np.eye(4)):
        close(T[:, :, k], component(u=u, **given), 1e-12)


def test_S3_05_the_derivative_is_what_stands_before_dx():
    f = read("x'*A*x", "A: matrix(n,n)")
    row = cf.derivative(f, "x", layout="seed-003")
    df = cf.differential(f, "x")
    assert same_value(beside(f"({row.text})*dx", df), df.expr)


@pytest.mark.parametrize("h", [1e-2, 1e-4])
def test_S3_06_what_the_first_order_leaves_out_is_of_second_order(h):
    f = read("sum(exp(A*x))", "A: matrix(m,n)")
    given = numbers(f, np.random.default_rng(3))
    g, A, x = cf.gradient(f, "x").compile()(**given), given["A"], given["x"]
    step = h * np.ones(2)
    rest = np.exp(A @ (x + step)).sum() - np.exp(A @ x).sum() - g @ step
    assert 0 < rest / h**2 < 1e4


def test_S3_07_the_part_that_the_note_drops_is_the_squared_one():
    """E-13: its line says "=", with h'A'A h left out."""
    let = FIT + "; h: vector(n)"
    exact = "(y - A*(x + h))'*(y - A*(x + h)) - (y - A*x)'*(y - A*x) + 2*(y - A*x)'*A*h"
    assert same_value(expression(exact, let), expression("h'*A'*A*h", let))


def test_S3_08_the_difference_quotient_goes_to_the_derivative():
    """E-9: the note says to 0; what goes to 0 is the second-order part over dx."""
    D = cf.derivative(read("x^2", "x: scalar"), "x").compile()
    for h in (1e-2, 1e-4, 1e-6):
        assert abs(((3 + h) ** 2 - 9) / h - D(x=3.0)) < 2 * h + 1e-8


def test_S3_09_the_sizes_of_the_note_fit_only_a_square_matrix():
    """E-12: with A' m×n and y - Ax n×1, x n×1."""
    with pytest.raises(cf.ClosedFormError):
        read("h'*A'*(y - A*x)", "A: matrix(n,m); y: vector(n); h: vector(n); x: vector(n)")


def test_S3_14_the_differential_of_a_vector_is_that_of_its_entries():
    let = "A: matrix(m,n); x: vector(n); u: vector(m)"
    df, component = cf.differential(read("sin(A*x)", let), "x"), cf.differential(read("u'*sin(A*x)", let), "x")
    assert same_value(beside(f"u'*({df.text})", component), component.expr)


@pytest.mark.parametrize(
    ("function", "let"),
    [
        ("tr(A*X)", "A: matrix(n,m); X: matrix(m,n)"),
        ("norm2(A*X)^2", "A: matrix(p,m); X: matrix(m,n)"),
        ("logdet(X)", "X: matrix(n,n)"),
        ("sum(sin(A*X*B))", LINEAR),
        ("tr(X'*A*X*B)", "A: matrix(m,m); X: matrix(m,n); B: matrix(n,n)"),
    ],
)
def test_S3_19_S4_14_and_S4_15_df_is_the_trace_of_the_transposed_gradient_times_dX(function, let):
    f = read(function, let)
    G, df = cf.gradient(f, "X"), cf.differential(f, "X")
    assert same_value(beside(f"tr(({G.text})'*dX)", df), df.expr)


def test_S3_19_fails_without_the_transpose():
    f = read("tr(A*X)", "A: matrix(n,n)")
    G, df = cf.gradient(f, "X"), cf.differential(f, "X")
    assert difference(beside(f"tr(({G.text})*dX)", df), df.expr) > 0.1


def test_S1_09_of_a_symmetric_variable_the_answer_names_its_convention():
    """E-11: sym(G), for which df = ⟨G, dX⟩ on symmetric dX; the other convention is G + G' - diag(G)."""
    D = cf.derivative(read("tr(B*A)", "B: matrix(n,n); A: matrix(n,n) symmetric"), "A")
    assert same_value(D.expr, beside("0.5*(B + B')", D))
    assert not same_value(D.expr, beside("B'", D))
    assert any("symmetric" in line for line in D.conventions)


def test_S4_10_the_adjugate_gives_the_differential_of_det_also_where_det_is_zero():
    """Not the conjugate transpose."""
    rng, h = np.random.default_rng(4), 1e-6
    X = np.outer(rng.standard_normal(3), rng.standard_normal(3)) + np.outer(rng.standard_normal(3), [1, 2, 0])
    dX = rng.standard_normal((3, 3))
    adjugate = evaluate(expression("adj(X)", "X: matrix(n,n)"), {"X": X}, SIZES)
    change = (np.linalg.det(X + h * dX) - np.linalg.det(X - h * dX)) / (2 * h)
    assert abs(np.trace(adjugate @ dX) - change) < 1e-6 < 0.1 < abs(np.trace(X.T @ dX) - change)


def test_S4_16_the_gradient_through_AXB_of_any_function_of_it():
    """∂f/∂X = A'(∂f/∂Y)B', with a symbol for ∂f/∂Y."""
    f = read("A*X*B", LINEAR)
    assert cf.vjp(f, "X", "Y").text == "A'*Y*B'"
    assert cf.derivative(read("sum(sin(A*X*B))", LINEAR), "X").text == "A'*cos(A*X*B)*B'"


def test_S4_17_a_matrix_by_a_matrix_has_MNPQ_partials():
    D = cf.derivative(read("A*X*B", LINEAR), "X")
    assert D.entries(**SIZES) == 4 * 2 * 3 * 5 == D.compile()(**numbers(D.function, np.random.default_rng(0))).size


def test_S4_19_vec_stacks_columns():
    X = np.arange(6.0).reshape(2, 3)
    stacked = evaluate(expression("vec(X)", "X: matrix(2,3)"), {"X": X}, {})
    assert stacked.ravel().tolist() == X.ravel(order="F").tolist() != X.ravel().tolist()


def test_S4_22_by_rows_the_factors_are_exchanged():
    A, X, B = (numbers(read("A*X*B", LINEAR), np.random.default_rng(8))[k] for k in "AXB")
    close((A @ X @ B).ravel(), np.kron(A, B.T) @ X.ravel(), 1e-12)


def test_S4_25_and_S4_37_every_block_of_a_kronecker_product_is_an_entry_times_B():
    """E-6: the note has bare entries a_ij but in the last column of blocks."""
    rng = np.random.default_rng(9)
    A, B = rng.standard_normal((3, 2)), rng.standard_normal((2, 4))
    product = evaluate(expression("kron(A, B)", "A: matrix(3,2); B: matrix(2,4)"), {"A": A, "B": B}, {})
    assert product.shape == (6, 8)
    close(product, np.block([[A[i, j] * B for j in range(2)] for i in range(3)]), 1e-12)
    bare = np.block([[A[i, j] * (B if j == 1 else np.ones_like(B)) for j in range(2)] for i in range(3)])
    assert np.abs(product - bare).max() > 0.1


@pytest.mark.parametrize("function", ["A*X*B", "A*exp(X*B)", "X'*X", "inv(X)"])
def test_S4_20_and_S4_32_the_answer_is_read_off_vec_dF(function):
    """vec dF = (∂F/∂X)' vec dX."""
    f = read(function, {"A*X*B": LINEAR, "A*exp(X*B)": LINEAR}.get(function, ""))
    D, dF = cf.derivative(f, "X", layout="seed-004"), cf.differential(f, "X")
    left = normal(beside(f"vec({dF.text})", dF))
    assert same_value(left, beside(f"({D.text})'*vec(dX)", dF))


def test_S4_33_is_false_for_the_matrix_exponential():
    X = 0.5 * np.random.default_rng(10).standard_normal((3, 3))
    of_entries = evaluate(expression("exp(X)", "X: matrix(n,n)"), {"X": X}, SIZES)
    of_the_matrix = evaluate(expression("expm(X)", "X: matrix(n,n)"), {"X": X}, SIZES)
    assert np.abs(of_entries - of_the_matrix).max() > 0.1


# ------------------------------------------------------------------------------------- conventions, completeness


def test_the_notes_print_transposes_of_each_other():
    """One Jacobian, one gradient, in the layouts of the five notes."""
    J = cf.jacobian(read("sin(A*x)", "A: matrix(m,n); x: vector(n)"), "x")
    shapes = {name: " ".join(J.in_layout(name).shape) for name in ("seed-000", "seed-001", "seed-002", "seed-003")}
    assert shapes == {"seed-000": "m n", "seed-001": "m n", "seed-002": "n m", "seed-003": "m n"}
    assert J.in_layout("seed-004").expr is J.in_layout("seed-002").expr is normal(J.expr.T)
    G = cf.gradient(read("x'*A*x"), "x")
    assert [G.in_layout(f"seed-00{k}").shape[0] for k in range(5)] == ["1", "n", "n", "1", "n"]


def test_every_item_that_is_right_has_its_test():
    covered = {c.item for cases in (DIFFS, DIFFERENTIALS, IDENTITIES, LINES) for c in cases}
    assert len(OK) == len(set(OK)) == 63
    assert set(OK) <= covered


def test_every_formula_that_is_wrong_has_its_counterexample():
    """The others, E-6, E-9, E-11 and E-12, are tests of their own above."""
    assert {c.error for c in WRONG} == {"E-1", "E-2", "E-3", "E-4", "E-5", "E-7", "E-8", "E-10", "E-13"}
