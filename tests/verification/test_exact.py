"""The exact test: a finite field, oracles that keep true relations, certificates for right answers only."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.core.expr import OPS, number
from closedform.derivation.derive import lines
from closedform.derivation.prove import claim_of_lines
from closedform.errors import VerificationError
from closedform.verification import exact
from closedform.verification.exact import (
    Certificate,
    Different,
    NoTest,
    certify,
    derivative_claim,
    laid_out,
    prove,
    same,
)
from closedform.verification.field import BITS, LOG_PRIMES, Bound, Entries, NoPoint, field_number, is_prime, total_bound
from closedform.verification.interpreter import FUNCTIONS as NUMERICAL
from closedform.verification.jet import Jets, base
from closedform.verification.model import COMPLETE, FUNCTIONS, NO_TEST, Model
from closedform.verification.numeric import check
from closedform.verification.oracle import Choices, Oracle
from closedform.verification.point import Point
from tests.corpus.cases import cases
from tests.verification.identities import identities
from tests.verification.mutations import certified, mutants

F = field_number(0)
P = F.p


def entries(*values: int) -> Entries:
    return F.constant(np.array([values], dtype=object))


def expr(text: str, **shapes: object) -> cf.Expr:
    return cf.parse(text, shapes=shapes).expr


# ------------------------------------------------------------------------------------------------------ the field


def test_the_prime_is_as_the_roots_need_it():
    assert P.bit_length() == BITS and is_prime(P)
    assert P % 8 == 5 and math.gcd(15, P - 1) == 1 and F.i * F.i % P == P - 1
    assert all(is_prime(n) == all(n % k for k in range(2, n)) for n in range(5, 400, 2))
    assert math.log2(2 ** (BITS - 1) / (math.log(2) * BITS) * 3 / 32) > LOG_PRIMES


elements = st.one_of(st.integers(-20, 20), st.integers(0, P - 1)).map(lambda n: n % P)


def matrices(m: int, n: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(elements, min_size=n, max_size=n), min_size=m, max_size=m)


def of(rows: list[list[int]]) -> Entries:
    return Entries(np.array(rows, dtype=object), Bound(1))


@given(matrices(2, 3), matrices(3, 2), matrices(2, 3), elements)
def test_field_operations_are_those_of_integers_modulo_p(a, b, c, s):
    A, B, C = of(a), of(b), of(c)
    product = [[sum(x * y for x, y in zip(row, col, strict=True)) % P for col in zip(*b, strict=True)] for row in a]
    assert F.matmul(A, B).values.tolist() == product
    assert F.add(A, C).values.tolist() == [
        [(x + y) % P for x, y in zip(*r, strict=True)] for r in zip(a, c, strict=True)
    ]
    assert F.times(A, C).values.tolist() == [
        [x * y % P for x, y in zip(*r, strict=True)] for r in zip(a, c, strict=True)
    ]
    assert F.times(of([[s]]), A).values.tolist() == [[s * x % P for x in r] for r in a]
    kron = F.kron(A, B).values
    assert all(
        kron[3 * i + k, 2 * j + l] == a[i][j] * b[k][l] % P
        for i in range(2)
        for j in range(3)
        for k in range(3)
        for l in range(2)
    )


@given(matrices(3, 3))
def test_an_inverse_is_one_or_there_is_no_point(a):
    X = of(a)
    m = Model(F, {})
    (adj,), (det,) = m.adjugate((X,))
    assert F.matmul(X, adj).values.tolist() == (np.eye(3, dtype=int).astype(object) * det.values % P).tolist()
    minors = a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0])
    assert det.values[0, 0] == (minors + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0])) % P
    if det.values[0, 0]:
        assert F.matmul(X, F.inverse(X)).values.tolist() == np.eye(3, dtype=int).tolist()
    else:
        with pytest.raises(NoPoint):
            F.inverse(X)


@given(elements)
def test_roots_and_reciprocals_undo_powers(u):
    if not u:
        with pytest.raises(NoPoint):
            F.inverse_of(u)
        return
    assert u * F.inverse_of(u) % P == 1
    assert F.square_root(u * u % P) in (u, P - u)
    assert all(F.odd_root(pow(u, q, P), q) == u for q in (3, 5, 9, 15))
    if pow(u, (P - 1) // 2, P) != 1:
        with pytest.raises(NoPoint):
            F.square_root(u)


@given(st.fractions(max_denominator=10**9))
def test_a_fraction_is_its_numerator_over_its_denominator(q):
    assert F.fraction(q).values[0, 0] * q.denominator % P == q.numerator % P


# ------------------------------------------------------------------------------------------------------ degrees


def test_the_degree_of_a_polynomial_and_of_an_inverse_is_bounded():
    X = F.draw(3, 3)
    assert F.matmul(X, F.matmul(X, X)).bound.degree == 3
    Y = F.inverse(X).bound
    assert (Y.degree, Y.den_degree) == (2, 3) and Y.bits >= 1
    assert total_bound([Y, Y]).den_degree == 3, "a common denominator counts once"
    assert F.matmul(F.inverse(X), F.inverse(X)).bound.den_degree == 6
    assert F.constant(1000).bound.bits >= math.log2(1000)


def test_a_large_degree_gives_no_certificate():
    x = expr("x", x=())
    for _ in range(150):
        x = x * x + 1
    outcome = same(x, x)
    assert isinstance(outcome, NoTest) and "degree" in outcome.reason


def test_a_multiple_of_the_prime_is_not_zero():
    """The prime is unknown to whoever writes the answer, so its size is what counts."""
    outcome = same(number(2**500) * expr("x", x=()), expr("x", x=()))
    assert isinstance(outcome, Different) and outcome.proved


# -------------------------------------------------------------------------------------------------------- jets


@given(matrices(2, 2), matrices(2, 2), matrices(2, 2), matrices(2, 2))
@settings(max_examples=30)
def test_jets_keep_the_rules_of_derivatives(a, b, c, d):
    """(X Y)′ = X′ Y + X Y′, (X⁻¹)′ = −X⁻¹ X′ X⁻¹, and mixed second derivatives of X⁻¹ X = I are 0."""
    J = Jets(F)
    X, Y = (of(a), of(b)), (of(c), of(d))
    left = F.add(F.matmul(X[1], Y[0]), F.matmul(X[0], Y[1]))
    assert (J.matmul(X, Y)[1].values == left.values).all()
    try:
        Z = (of(a), of(b), of(c), of(d))
        one = J.matmul(J.inverse(Z), Z)
    except NoPoint:
        return
    assert base(one).values.tolist() == [[1, 0], [0, 1]] and not any(p.values.any() for p in one[1:])


RELATIONS = {
    "exp(x + y)": "exp(x).*exp(y)",
    "exp(-x)": "1./exp(x)",
    "exp(2*x)": "exp(x).^2",
    "sqrt(exp(x))": "exp(x/2)",
    "log(exp(x))": "x",
    "exp(log(x))": "x",
    "log(1./x)": "-log(x)",
    "log(x.*y)": "log(x) + log(y)",
    "sin(x).^2 + cos(x).^2": "x./x",
    "sin(-x)": "-sin(x)",
    "cos(-x)": "cos(x)",
    "sin(2*x)": "2*sin(x).*cos(x)",
    "sin(x + y)": "sin(x).*cos(y) + cos(x).*sin(y)",
    "tan(x)": "sin(x)./cos(x)",
    "cosh(x).^2 - sinh(x).^2": "x./x",
    "tanh(x)": "sinh(x)./cosh(x)",
    "sigmoid(-x)": "ones(n) - sigmoid(x)",
    "sigmoid(x)": "1./(ones(n) + exp(-x))",
    "softplus(x)": "log(ones(n) + exp(x))",
    "log(sigmoid(x))": "-softplus(-x)",
    "log(ones(n) - sigmoid(x))": "-softplus(x)",
    "sign(x).*abs(x)": "x",
    "abs(abs(x))": "abs(x)",
    "abs(-x)": "abs(x)",
    "sign(exp(x))": "x./x",
    "relu(x) - relu(-x)": "x",
    "relu(x).*sign(x)": "relu(x)",
    "abs(x).*abs(x)": "x.*x",
    "sqrt(x).^2": "x",
    "sqrt(4*x)": "2*sqrt(x)",
    "x.^(3/2)": "x.*sqrt(x)",
    "x.^(2/3)": "(x.^2).^(1/3)",
    "x.^a.*x": "x.^(a + 1)",
    "arcsin(-x)": "-arcsin(x)",
    "arctan(-x)": "-arctan(x)",
    "logsumexp(x)": "log(sum(exp(x)))",
    "softmax(x)": "exp(x)/sum(exp(x))",
    "norm2(x)^2": "x'*x",
    "norm2(3*x)": "3*norm2(x)",
    "norm1(x)": "sum(abs(x))",
    "logdet(X*Y)": "logdet(X) + logdet(Y)",
    "logdet(inv(X))": "-logdet(X)",
    "exp(logdet(X))": "abs(det(X))",
    "inv(X)*X": "eye(n)",
    "adj(X)": "det(X)*inv(X)",
    "pinv(X)": "inv(X)",
    "X^(-2)": "inv(X*X)",
    "kron(X, Y)*vec(Z)": "vec(Y*Z*X')",
    "max(x)": "max(x)",
}
SHAPES = {"x": ("n",), "y": ("n",), "a": (), "X": ("n", "n"), "Y": ("n", "n"), "Z": ("n", "n")}


@pytest.mark.parametrize("left", RELATIONS)
def test_a_relation_between_functions_is_kept(left):
    outcome = same(*[expr(t, **{k: v for k, v in SHAPES.items() if k in t}) for t in (left, RELATIONS[left])])
    assert isinstance(outcome, Certificate) and outcome.log2 < -100


WRONG = {
    "sqrt(x.^2)": "x",
    "abs(x)": "x",
    "abs(x) ": "-x",
    "sign(x).*sign(y)": "x./x",
    "relu(x)": "x",
    "sqrt(x.*y)": "-sqrt(x).*sqrt(y)",
    "sqrt(x.*x.*y.*y)": "x.*y",
    "sqrt(ones(n) + x.^2)": "-sqrt(ones(n) + x.^2)",
    "sqrt(ones(n) + x.^2) ": "ones(n) + x",
    "max(x)": "sum(x)",
    "exp(x.*y)": "exp(x).*exp(y)",
    "sin(x)": "cos(x)",
    "log(x + y)": "log(x) + log(y)",
    "det(Q)": "1",
    "Q*Q'": "2*eye(n)",
    "arctan(x)": "arcsin(x)",
    "(x.^3).^(1/3)": "-x",
    "f(x)": "f(y)",
    "tanh(x)": "tanh(2*x)/2",
    "det(X)": "det(Y)",
    "inv(X + Y)": "inv(X) + inv(Y)",
}


@pytest.mark.parametrize("left", WRONG)
def test_what_is_wrong_on_some_branch_is_never_certified(left):
    shapes = {**SHAPES, "Q": ("n", "n")}
    sides = []
    for t in (left, WRONG[left]):
        used = {k: v for k, v in shapes.items() if k in t}
        sides.append(
            cf.parse(
                t, used, {"Q": ["orthogonal"]} if "Q" in t else None, {"f": "entrywise"} if "f(" in t else None
            ).expr
        )
    for _ in range(8):
        assert not isinstance(same(*sides), Certificate)


def test_orthogonal_matrices_of_both_determinants_are_tried():
    Q = cf.parse("det(Q)^2", {"Q": ("n", "n")}, {"Q": ["orthogonal"]}).expr
    assert isinstance(same(Q, number(1)), Certificate)


PROPERTIES = [
    ("S - S'", ["symmetric"], "0*S"),
    ("S - S'", ["spd"], "0*S"),
    ("S - diag(diag(S))", ["diagonal"], "0*S"),
    ("S*S' - eye(n)", ["orthogonal"], "0*S"),
    ("abs(S)", ["positive"], "S"),
]


@pytest.mark.parametrize(("left", "properties", "right"), PROPERTIES)
def test_a_variable_is_drawn_within_its_set_and_no_narrower(left, properties, right):
    sides = [cf.parse(t, {"S": ("n", "n")}, {"S": properties}).expr for t in (left, right)]
    assert isinstance(same(*sides), Certificate)
    free = [cf.parse(t, {"S": ("n", "n")}).expr for t in (left, right)]
    assert isinstance(same(*free), Different)


def test_an_integer_exponent_is_a_size_of_the_certificate():
    X = {"X": ("n", "n"), "k": ()}
    outcome = same(*[cf.parse(t, X, {"k": ["integer"]}).expr for t in ("X^(k+1)", "X^k*X")])
    assert isinstance(outcome, Certificate) and all(2 <= s["k"] <= 4 for s in outcome.sizes)


def test_choices_are_tried_in_every_order_and_no_two_twice():
    choices, seen = Choices(), []
    while True:
        first = choices.choose(2, "a")
        seen.append((first, choices.choose(3, "b")) if first else (first,))
        if not choices.advance():
            break
    assert seen == [(0,), (1, 0), (1, 1), (1, 2)]


@given(st.lists(elements, min_size=2, max_size=2, unique=True))
@settings(max_examples=20)
def test_a_table_gives_equal_arguments_equal_values(pair):
    oracle = Oracle(F)
    for function in (
        oracle.exp,
        lambda X: oracle.log(X, magnitude=True),
        lambda X: oracle.odd("f", X),
        lambda X: oracle.entrywise("f", X),
    ):
        if 0 not in pair:
            once, again = function(entries(*pair)).values, function(entries(*pair[::-1])).values
            assert once.tolist() == [again[0].tolist()[::-1]]


# ----------------------------------------------------------------------------------------------- certificates


def test_every_operation_of_the_judge_has_a_line_or_a_reason():
    special = {"power", "matpow", "powersum"}
    assert set(NUMERICAL) == set(FUNCTIONS) | set(NO_TEST) | special and not set(FUNCTIONS) & set(NO_TEST)
    assert set(OPS) >= COMPLETE


WITHOUT = {
    "cookbook-128e": "expm",
    "mf-expmt": "expm",
    "mf-trlogm": "logm",
    "mf-trsqrtm": "sqrtm",
    "mf-bures": "sqrtm",
    "qa-2305043": "sqrtm",
    "qa-nuclL": "normnuc",
    "qa-2811249": "normnuc",
    "sc-erf": "erf",
    "dm-absxx": "a relation that it needs",  # x'x > 0
}


def test_the_corpus_is_certified_but_for_the_cases_named_here():
    every = {name for name, _ in certified()}
    assert len(every) >= 0.9 * len(cases())


@pytest.mark.parametrize("name", WITHOUT)
def test_a_case_without_a_certificate_says_why(name):
    from tests.corpus.outcome import parsed

    case = cases()[name]
    D = cf.derivative(parsed(case, case["expr"]), *case["wrt"])
    report = D.check()
    assert not report.certificate.proved and WITHOUT[name] in report.certificate.reason
    assert str(report).startswith("checked numerically: ") and "; no exact test: " in str(report)
    assert report.as_dict()["certificate"] == {"proved": False, "reason": report.certificate.reason}


def test_a_certificate_is_in_the_report():
    report = cf.derivative(cf.parse("x'*A*x"), "x").check()
    found = report.as_dict()
    assert str(report) == found["verdict"] == str(report.certificate)
    assert str(report).startswith("proved at 2 sizes: exact test, error probability < 2^-1")
    assert found["certificate"]["sizes"] == [{"n": 2}, {"n": 3}] and found["certificate"]["log2_error"] < -100
    assert found["points"] > 0 and found["max_error"] < found["tolerance"]


LAYOUTS = ["a'*x", "tr(A*X)", "A*x", "A*X*B", "x*a", "norm2(A*x)^2", "X*x"]


@pytest.mark.parametrize("text", LAYOUTS)
def test_every_layout_of_a_derivative_is_certified(text):
    f = cf.parse(
        text, {"a": ("n",) if text == "a'*x" else (), "A": ("n", "n"), "X": ("n", "n"), "B": ("n", "n")} | {"x": ("n",)}
    )
    for x in [v for v in ("x", "X", "a") if v in f.variables]:
        for D in cf.derivative(f, x).in_layouts():
            assert D.check().certificate.proved, D.layout


def test_a_formula_in_another_arrangement_is_refused():
    f = cf.parse("tr(A*X)", {"A": ("n", "n"), "X": ("n", "n")})
    (stage,) = cf.derivative(f, "X").stages
    assert isinstance(prove(laid_out(stage.answer, stage.answer, "as it is")), Certificate)
    assert isinstance(prove(laid_out(stage.answer, stage.answer, "transposed")), Different)


ORDERS = ["(a'*x)^4", "log(sum(exp(x)))", "norm2(x)^3", "sum(x.^3./(ones(n) + x.^2))", "sum(arctan(x))", "sum(arcsin(a.*x))",
          "1/(x'*x)", "sum(sin(x).*exp(a.*x))", "sum(f(x))", "sum(arccos(x))", "sum(sqrt(x))", "sum(log(x).*x)"]  # fmt: skip


@pytest.mark.parametrize("text", ORDERS)
def test_second_and_third_orders_are_certified_from_the_function_itself(text):
    f = cf.parse(text, {"x": ("n",), "a": ("n",)}, None, {"f": "entrywise"} if "f(" in text else None)
    (x,) = [e for e in cf.derivative(f, "x").variables]
    second = cf.derivative(f, "x", "x")
    assert second.check().certificate.proved
    assert certify(f.expr, [x, x], second.expr).proved
    third = cf.derivative(f, "x", "x", "x")
    assert third.check().certificate.proved


def test_a_wrong_second_derivative_is_proved_wrong():
    f = cf.parse("(x'*A*x)^2")
    D = cf.derivative(f, "x", "x")
    check(f.expr, D.variables, D.expr)
    assert certify(f.expr, D.variables, D.expr).proved
    for wrong in (2 * D.expr, -D.expr):
        with pytest.raises(VerificationError, match="fails its exact test"):
            certify(f.expr, D.variables, wrong)


SYMMETRIC = ["tr(A*S)", "logdet(S)", "inv(S)", "x'*S*x", "S*x"]


@pytest.mark.parametrize("text", SYMMETRIC)
@pytest.mark.parametrize("convention", ["projected", "entries"])
def test_conventions_for_symmetric_variables_are_certified(text, convention):
    f = cf.parse(text, {"S": ("n", "n"), "A": ("n", "n"), "x": ("n",)}, {"S": ["spd"]})
    D = cf.derivative(f, "S", symmetric=convention) if convention == "entries" else cf.derivative(f, "S")
    assert D.check().certificate.proved
    if f.expr.is_scalar:
        free = cf.derivative(cf.parse(text, {"S": ("n", "n"), "A": ("n", "n"), "x": ("n",)}), "S")
        claim = derivative_claim(f.expr, D.variables, free.expr, by_entries=convention == "entries")
        assert text in ("logdet(S)", "x'*S*x") or not isinstance(prove(claim), Certificate)
        assert all(form.check().certificate.proved for form in D.in_layouts())


@pytest.mark.parametrize("text", ["x'*A*x", "A*exp(X*B)", "tr(inv(X)*C)", "softmax(A*x)", "y.*(A*x)", "norm2(A*x)^2"])
@pytest.mark.parametrize("route", ["differentials", "expansion"])
def test_every_line_of_a_derivation_is_proved_and_a_wrong_one_is_not(text, route):
    from dataclasses import replace

    f = cf.parse(text)
    D = cf.derivative(f, "X" if "X" in f.variables else "x")
    (stage,) = D.stages
    right = lines(stage, route)
    assert isinstance(prove(claim_of_lines(stage.function, stage.variable, right)), Certificate)
    for i, line in enumerate(right):
        wrong = [*right[:i], replace(line, expr=2 * line.expr), *right[i + 1 :]]
        assert not isinstance(prove(claim_of_lines(stage.function, stage.variable, wrong)), Certificate)
    assert D.steps(route=route).certificate.proved


def test_abstract_functions_are_certified():
    shapes = {"A": ("m", "n"), "x": ("n",), "c": ("k",), "X": ("n", "n")}
    entrywise = cf.parse("sum(f(A*x))", shapes, None, {"f": "entrywise"})
    assert cf.derivative(entrywise, "x").check().certificate.proved
    assert cf.derivative(entrywise, "x", "x").check().certificate.proved
    of_shape = cf.parse("c'*f(A*x)", shapes, None, {"f": ("k",)})
    D = cf.derivative(of_shape, "x")
    assert "Df_T" in D.text and D.check().certificate.proved
    assert not isinstance(prove(derivative_claim(of_shape.expr, D.variables, 2 * D.expr)), Certificate)
    of_matrices = cf.parse("tr(X*f(X))", shapes, None, {"f": ("n", "n")})
    assert cf.derivative(of_matrices, "X").check().certificate.proved


UNSOUND = {
    "tr(sqrtm(X))": "sqrtm",
    "tr(logm(X))": "logm",
    "tr(expm(X))": "expm",
    "erf(a)": "erf",
    "sum(x.^(1/7))": "a root of order 7",
    "a^(13/17)": "no simple fraction",
}


@pytest.mark.parametrize("text", UNSOUND)
def test_what_has_no_sound_treatment_is_named(text):
    f = cf.parse(text, {"X": ("n", "n"), "x": ("n",), "a": ()})
    outcome = same(f.expr, f.expr)
    assert isinstance(outcome, NoTest) and UNSOUND[text] in outcome.reason
    assert str(outcome).startswith("no exact test: ")


def test_too_many_branches_are_no_certificate():
    x = expr("norm1(X*Y)", X=(6, 6), Y=(6, 6))
    outcome = same(x, x)
    assert isinstance(outcome, NoTest) and "branches" in outcome.reason


def test_more_roots_than_few_points_have_are_no_certificate_however_lucky_the_points():
    def outcomes(names: str) -> set[str]:
        e = expr("*".join(f"sqrt({x} + 1)" for x in names), **{x: () for x in names})
        return {str(same(e, e)) for _ in range(20)}

    assert outcomes("abcd") == {"no exact test: it has too many branches"}
    (proved,) = outcomes("abc")
    assert proved.startswith("proved at")


def test_a_root_of_a_constant_is_looked_for_in_other_fields_only(monkeypatch):
    """2 is no square modulo any of the primes."""
    drawn = []
    monkeypatch.setattr(exact, "Point", lambda model, *given: drawn.append(model.field) or Point(model, *given))
    outcome = same(expr("sqrt(2)*a", a=()), expr("a*sqrt(2)", a=()))
    assert isinstance(outcome, NoTest) and len(set(drawn)) == exact.PRIMES
    assert max(map(drawn.count, drawn)) == 2, "once at each assignment of sizes"


def test_the_square_of_a_norm_takes_no_root():
    m, env = Model(F, {"n": 3}), {"x": ((F.draw(3, 1)), F.draw(3, 1))}
    squared, inner = (m.value(expr(t, x=("n",)), env) for t in ("norm2(x)^4", "(x'*x)^2"))
    assert not m.oracle.found
    assert [p.values.tolist() for p in squared] == [p.values.tolist() for p in inner]
    assert Model(F, {"n": 3}).value(expr("norm2(x)^(-2)*(x'*x)", x=("n",)), env)[0].values.tolist() == [[1]]


def test_what_chance_costs_does_not_count():
    """Points without a root are tried again, and a certificate has its price, whatever the luck."""
    e = expr("sqrt(a + 1)*sqrt(b + 1)", a=(), b=())
    left = set()
    for _ in range(20):
        effort = exact.Effort()
        exact._prove_at([exact.equal(e, e)], [e], {}, effort)
        left.add(effort.left)
    assert len(left) == 1 and left.pop() < exact.EFFORT


def test_a_value_that_exists_nowhere_is_no_certificate():
    X = expr("inv(X - X)", X=("n", "n"))
    outcome = same(X, X)
    assert isinstance(outcome, NoTest) and "no point" in outcome.reason


def test_a_zero_that_is_no_chance_is_given_up_soon(monkeypatch):
    """Where the first layer is off, the second one is at its kink, at every point of the field."""
    drawn = []
    monkeypatch.setattr(exact, "Point", lambda *given: drawn.append(given) or Point(*given))
    D = cf.derivative(cf.parse("relu(A*relu(B*x))"), "x")
    assert isinstance(D.check().certificate, NoTest) and len(drawn) <= 4 * exact.TRIED[NoPoint]


def test_a_difference_is_proved_only_where_every_relation_is_kept():
    wrong = same(expr("inv(A)*B", A=("n", "n"), B=("n", "n")), expr("B*inv(A)", A=("n", "n"), B=("n", "n")))
    unsettled = same(expr("sqrt(a*b)", a=(), b=()), expr("sqrt(a)*sqrt(b)", a=(), b=()))
    assert isinstance(wrong, Different) and wrong.proved and "different at" in str(wrong)
    assert not isinstance(unsettled, Different) or not unsettled.proved
    x = cf.parse("0.1*x").expr
    rounded = same(number(0.1) * expr("x", x=()), x)
    assert not isinstance(rounded, Different) or not rounded.proved, "a rounded constant proves nothing"


def test_a_fixed_slice_of_wrong_answers_is_rejected():
    passed = [m for m in mutants(2000) if isinstance(m.outcome, Certificate)]
    assert not passed, "\n".join(f"{m.case}: {m.wrong}" for m in passed)


def test_no_false_identity_of_random_functions_is_proved_and_no_true_one_disproved():
    for i in identities(700):
        assert not (isinstance(i.outcome, Certificate) and i.values == "different"), f"{i.left} = {i.right}"
        assert not (isinstance(i.outcome, Different) and i.outcome.proved and i.values == "equal"), (
            f"{i.left} = {i.right}"
        )


def test_fractions_of_floats_are_exact():
    assert isinstance(same(number(0.5) * expr("x", x=()), number(Fraction(1, 2)) * expr("x", x=())), Certificate)
