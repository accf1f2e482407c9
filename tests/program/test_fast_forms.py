"""Code that is fast and holds little gives the same values: weighted Gram matrices, slopes of sigmoids, solves."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest

import closedform as cf
from closedform.core.normal import normal
from closedform.program import runtime, strips
from closedform.program.compile import compile
from closedform.program.signs import negated, sign

SIDES = [(1, 1), (7, 5), (5, 7), (33, 17), (70, 3), (3, 0), (0, 3), (9, 9)]
DTYPES = ["float64", "float32", "longdouble"]
GRAMS = [strips.weighted_gram, strips.signed_gram]


def drawn(*shape: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape).astype(dtype)


def assert_near(found: np.ndarray, wanted: np.ndarray, dtype: str = "float64") -> None:
    """To a hundred roundings of the largest entry."""
    assert found.dtype == np.dtype(dtype)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max(initial=0) <= 100 * np.finfo(dtype).eps * np.abs(wanted).max(initial=0)


# weighted Gram matrices


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gram", GRAMS)
@pytest.mark.parametrize(("m", "n"), SIDES)
def test_a_gram_matrix_is_right_whole_and_in_strips(gram, m, n, dtype):
    X, w = drawn(m, n, dtype=dtype), drawn(m, dtype=dtype)
    w = np.abs(w) if gram is strips.weighted_gram else w
    wanted = (X.T.astype("longdouble") * w) @ X
    out = np.empty((n, n), dtype)
    for found in (gram(X, w), gram(X, w, out=out), gram(np.asfortranarray(X), w)):
        assert_near(found, wanted, dtype)
    assert_near(out, wanted, dtype)
    if n:
        assert_near(strips.gram_in_strips(X, w), wanted, dtype)
        strips.gram_in_strips(X, w, out.T)
        assert_near(out, wanted, dtype)


@pytest.mark.parametrize("gram", GRAMS)
@pytest.mark.parametrize(("m", "n"), [(1024, 512), (1100, 1003), (70_001, 17), (300, 4001), (1_100_000, 1)])
def test_a_large_gram_matrix_is_right_symmetric_and_holds_no_second_array_of_that_size(gram, m, n):
    X, w = drawn(m, n), np.abs(drawn(m))
    tracemalloc.start()
    found = gram(X, w)
    held = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    assert_near(found, (X.T * w) @ X)
    assert (found == found.T).all()
    assert held < 0.2 * (X.nbytes + found.nbytes) + 2**20


def test_weights_that_are_not_negative_are_halved_and_others_are_not():
    D = cf.derivative(cf.parse("sum(exp(X*w))"), "w", "w")
    assert "weighted_gram(X, np.exp(X @ w))" in D.code()
    X, w = drawn(30, 4), drawn(4)
    assert_near(D.compile()(X=X, w=w), (X.T * np.exp(X @ w)) @ X)
    D = cf.derivative(cf.parse("sum((X*w).^3)"), "w", "w")
    assert "signed_gram(X, " in D.code()
    assert_near(D.compile()(X=X, w=w), (X.T * (6 * X @ w)) @ X)


def test_what_else_is_needed_of_a_gram_matrix_is_computed_once():
    f = cf.parse("X'*diag(w.^2)*X + ones(n)*sum(sum(diag(w.^2)*X))*ones(n)'")
    X, w = drawn(6, 3), drawn(6)
    assert_near(compile(f.expr)(X=X, w=w), (X.T * w**2) @ X + (X.T @ w**2).sum())


def test_the_memory_of_a_large_gram_matrix_is_known_before():
    D, m, n = cf.derivative(cf.parse("sum(exp(X*w))"), "w", "w"), 4096, 1024
    X, w = drawn(m, n) / n, drawn(n)
    run = D.compile()
    tracemalloc.start()
    found = run(X=X, w=w)
    made = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    given = X.nbytes + w.nbytes
    assert given + made <= D.cost(m=m, n=n).peak <= 1.35 * (given + found.nbytes)
    assert given + made <= 1.2 * (given + found.nbytes)


def test_a_gram_matrix_is_written_where_it_is_wanted():
    D = cf.derivative(cf.parse("sum(exp(X*w))"), "w", "w")
    X, w, out = drawn(1100, 1003) / 100, drawn(1003), np.empty((1003, 1003))
    run = D.compile()
    assert run(X=X, w=w, out=out) is out
    assert_near(out, run(X=X, w=w))


def test_a_number_before_a_new_matrix_makes_no_second_one():
    D, n = cf.derivative(cf.parse("(b'*x)*x'*A*x", shapes={"A": ("n", "n"), "b": ("n",), "x": ("n",)}), "x", "x"), 600
    A, b, x = drawn(n, n), drawn(n), drawn(n)
    run = D.compile()
    tracemalloc.start()
    found = run(A=A, b=b, x=x)
    made = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made < 1.2 * found.nbytes
    S, u = A + A.T, np.outer(b, (A + A.T) @ x)
    assert_near(found, b @ x * S + u + u.T)


# sigmoids


@pytest.mark.filterwarnings("error")
def test_the_slope_of_a_sigmoid_is_exact_at_both_ends():
    f = cf.derivative(cf.parse("sigmoid(a)"), "a")
    assert "sech2(a / 2) / 4" in f.code()
    for z in (-700.0, -40.0, 0.0, 1e-9, 40.0, 700.0):
        wanted = np.exp(-abs(np.longdouble(z))) / (1 + np.exp(-abs(np.longdouble(z)))) ** 2
        assert abs(f.at(z) - wanted) <= 1e-15 * wanted
    assert f.at(-1e4) == f.at(1e4) == 0


def test_every_pair_of_opposite_sigmoids_is_one_function():
    f = cf.parse("sigmoid(x).*y.*sigmoid(-x).*sigmoid(y).*sigmoid(x)")
    x, y = drawn(9), drawn(9) + 3
    assert_near(compile(f.expr)(x=x, y=y), y / (1 + np.exp(-y)) / (1 + np.exp(-x)) ** 2 / (1 + np.exp(x)))


# solves


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("columns", [(), (1,), (4,), (11,), (0,)])
def test_a_cholesky_solve_takes_right_sides_of_every_layout(columns, dtype):
    n = 7
    A, B = drawn(n, n), drawn(n, *columns, dtype=dtype)
    S = (A @ A.T + n * np.eye(n)).astype(dtype)
    L, wanted = runtime.cholesky(S), np.linalg.solve(S, B)
    for right in (B, np.asfortranarray(B), np.repeat(B, 2, axis=-1)[..., ::2] if columns else B):
        kept = right.copy()
        assert_near(runtime.cholesky_solve(L, right), wanted, dtype)
        assert (right == kept).all()


@pytest.mark.parametrize("text", ["inv(U*U' + c*eye(n))*U", "inv(U*U' + diag(d))*U", "inv(U*U' + diag(d))*b"])
@pytest.mark.parametrize("spread", [1.0, 1e-4])
def test_a_diagonal_plus_a_thin_product_is_solved_by_the_thin_one(text, spread):
    n = 12
    env = {"U": drawn(n, 3), "d": np.linspace(spread, 2, n), "c": spread, "b": drawn(n)}
    f = cf.parse(
        text, shapes={"U": ("n", "k"), "d": ("n",), "b": ("n",)} if "c*eye" not in text else {"U": ("n", "k"), "c": ()}
    )
    D = env["c"] * np.eye(n) if "c*eye" in text else np.diag(env["d"])
    run = compile(f.expr)
    assert "lowrank_solve" in run.source
    wanted = np.linalg.solve(env["U"] @ env["U"].T + D, env["b"] if text.endswith("b") else env["U"])
    found = run(**{name: env[name] for name in run.names})
    assert np.allclose(found, wanted, rtol=1e-8, atol=1e-10)


# what weighs the rows

ROWS = {"X": ("m", "n"), "y": ("m",), "w": ("n",), "r": (), "k": (), "a": ("m",), "b": ("m",), "c": ()}


def rows_of(text: str, **properties: list[str]) -> cf.Function:
    """A function of X (m×n), y, a, b (m), w (n) and r, k, c, those that occur."""
    return cf.parse(text, {k: ROWS[k] for k in re.findall(r"\b[a-zX]\b", text) if k in ROWS}, properties)


def given(f: cf.Function, m: int, n: int) -> dict[str, np.ndarray]:
    """Values for its variables, all positive but X, w and a."""
    sizes = {"X": (m, n), "w": (n,), "y": (m,), "a": (m,), "b": (m,)}
    values = {k: drawn(*sizes.get(k, ())) for k in f.variables}
    return {k: v / 4 if k in "Xwa" else np.abs(v) + 0.5 for k, v in values.items()}


def differences(f: cf.Function, env: dict[str, np.ndarray]) -> np.ndarray:
    """The Hessian by w from differences of gradients, to about 1e-9 of the largest entry."""
    slope, steps = cf.derivative(f, "w").compile(), np.eye(len(env["w"])) * 1e-5
    return np.array([(slope(**env | {"w": env["w"] + h}) - slope(**env | {"w": env["w"] - h})) / 2e-5 for h in steps])


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 4), (9, 1), (30, 7)])
@pytest.mark.parametrize(
    "text",
    [
        "sum(log(vector(1) + (y - X*w).^2/k))",
        "sum(log(vector(1) + (y - X*w).^2/k^2)) + 0.5*r*w'*w",
        "sum(k^2*(sqrt(vector(1) + (y - X*w).^2/k^2) - vector(1)))",
        "-sum(log(0.5*vector(1) + 0.5*erf(y.*(X*w)/sqrt(2)))) + 0.5*r*w'*w",
    ],
)
def test_diagonals_with_numbers_before_them_are_one_diagonal(text, m, n):
    f = rows_of(text)
    D = cf.derivative(f, "w", "w")
    body, env = D.code().split("def derivative(")[1], given(f, m, n)
    assert body.count("signed_gram(X, ") == body.count(" @ ") == 1
    assert "np.diag(" not in body
    assert np.allclose(D.compile()(**env), differences(f, env), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (9, 1), (30, 7)])
@pytest.mark.parametrize("middle", ["(c*diag(a)/sqrt(2) + r*diag(b))", "(c*eye(m) - diag(a))", "(diag(a) + r*eye(m))'"])
def test_a_product_with_a_sum_of_diagonals_is_one_gram_matrix(middle, m, n):
    f = rows_of(f"X'*{middle}*X")
    run, env = compile(f.expr), given(f, m, n)
    assert "return signed_gram(" in run.source
    a, b, c, r = (env.get(k, np.ones(m)) for k in "abcr")
    weights = {"(c*d": c * a / np.sqrt(2) + r * b, "(c*e": c - a, "(dia": a + r}[middle[:4]]
    assert_near(run(**env), (env["X"].T * weights) @ env["X"])


@pytest.mark.parametrize(
    ("text", "positive"),
    [
        ("sum(log(cosh(y - X*w)))", ""),
        ("sum((y + r*vector(1)).*softplus(X*w) - y.*(X*w))", "yr"),
        ("sum(y.*log(vector(1) + exp(X*w)))", "y"),
        ("-sum(y.*log(sigmoid(X*w)))", "y"),
        ("sum(cosh(X*w))", ""),
        ("sum((X*w).^4)", ""),
    ],
)
def test_weights_of_one_sign_have_a_root(text, positive):
    f = rows_of(text, **{k: ["positive"] for k in positive})
    D = cf.derivative(f, "w", "w")
    assert "weighted_gram(X, " in D.code()
    for m, n in ((1, 1), (1, 3), (20, 6)):
        env = given(f, m, n)
        assert np.allclose(D.compile()(**env), differences(f, env), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("sigmoid(x).*(sigmoid(x) - vector(1))", -1),
        ("-(sigmoid(x).*(sigmoid(x) - vector(1)))", 1),
        ("vector(1) - tanh(x).^2", 1),
        ("tanh(x).^2 - vector(1)", -1),
        ("2*vector(1) - 3*sin(x)", 0),
        ("diag(X*X')", 1),
        ("diag(X*S*X')", 1),
        ("x'*S*x", 1),
        ("diag(X*M*X')", 0),
        ("sqrt(x)./exp(x) + 2*x.^2", 1),
        ("-x.^2 - exp(x)", -1),
        ("x.^3", 0),
        ("log(vector(1) + x.^2)", 1),
        ("1/(1 + c^2)", 1),
    ],
)
def test_signs_are_known(text, known):
    shapes = {"x": ("n",), "X": ("n", "k"), "S": ("k", "k"), "M": ("k", "k"), "c": ()}
    if text == "x'*S*x":
        shapes["S"] = ("n", "n")
    used = {k: shapes[k] for k in re.findall(r"\b[a-zXSM]\b", text)}
    f = cf.parse(text, used, {"S": ["spd"]} if "S" in used else {})
    e = normal(f.expr)
    assert sign(e) == known
    assert sign(normal(-e)) == sign(negated(e)) == -known


# products with sums

SIDES_OF_SUMS = [(1, 1), (9, 1), (1, 3), (30, 7)]
COX = "e'*log(R*exp(X*w)) - e'*X*w"
COX_SHAPES = {"X": ("m", "n"), "R": ("m", "m"), "e": ("m",), "w": ("n",)}
METRIC = "sum(exp(-(sum((X*L).^2,2)*ones(n)' + ones(n)*sum((X*L).^2,2)' - 2*X*L*L'*X')).*S)"


def body(source: str) -> str:
    return source.split('"""')[-1]


@pytest.mark.parametrize(("m", "n"), SIDES_OF_SUMS)
def test_a_gram_matrix_less_a_row_by_a_column_is_one_gram_matrix_and_an_outer_product_in_place(m, n):
    D = cf.derivative(cf.parse("logsumexp((A*x).^2 + b)", {"A": ("m", "n"), "x": ("n",), "b": ("m",)}), "x", "x")
    assert "return plus_outers(weighted_gram(A, " in D.code()
    A, x, b = drawn(m, n), drawn(n), drawn(m)
    t = A @ x
    p = np.exp(t**2 + b - (t**2 + b).max())
    p /= p.sum()
    g = 2 * (p * t) @ A
    assert np.allclose(D.compile()(A=A, x=x, b=b), (A.T * (p * (2 + 4 * t**2))) @ A - np.outer(g, g), rtol=1e-10)


@pytest.mark.parametrize(("m", "n"), SIDES_OF_SUMS)
def test_a_diagonal_less_a_product_between_thin_matrices_is_two_gram_matrices(m, n):
    D = cf.derivative(cf.parse(COX, COX_SHAPES), "w", "w")
    assert body(D.code()).count("signed_gram(") == 2
    assert "plus_diagonal" not in D.code()
    X, R, e, w = drawn(m, n) / 2, np.triu(np.ones((m, m))), np.abs(drawn(m)), drawn(n) / 2
    t = np.exp(X @ w)
    s = R @ t
    B = R @ (t[:, None] * X)
    wanted = (X.T * (t * ((e / s) @ R))) @ X - (B.T * (e / s**2)) @ B
    assert np.allclose(D.compile()(X=X, R=R, e=e, w=w), wanted, rtol=1e-9, atol=1e-12)


def test_a_product_with_a_sum_forms_no_matrix_as_large_as_its_middle():
    m, n = 700, 20
    D = cf.derivative(cf.parse(COX, COX_SHAPES), "w", "w")
    X, R, e, w = drawn(m, n) / 9, np.triu(np.ones((m, m))), np.abs(drawn(m)), drawn(n) / 9
    run = D.compile()
    tracemalloc.start()
    run(X=X, R=R, e=e, w=w)
    made = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made < 0.3 * R.nbytes
    assert D.cost(m=m, n=n).peak < 1.3 * R.nbytes
    assert D.cost(m=m, n=n).flops < 3 * m * m * n


@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (5, 1, 2), (12, 4, 3)])
def test_a_matrix_less_a_diagonal_is_not_copied_before_a_thin_matrix(n, d, k):
    shapes = {"X": ("n", "d"), "L": ("d", "k"), "S": ("n", "n")}
    D = cf.derivative(cf.parse(METRIC, shapes, {"S": ["symmetric"]}), "L")
    assert "plus_diagonal" not in D.code()
    X, L, S = drawn(n, d) / 2, drawn(d, k), drawn(n, n)
    S = S + S.T
    Z = X @ L
    T = 2 * S * np.exp(-((Z[:, None] - Z[None]) ** 2).sum(2))
    wanted = 2 * X.T @ (T @ Z - T.sum(1)[:, None] * Z)
    assert np.allclose(D.compile()(X=X, L=L, S=S), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("m", "n"), SIDES_OF_SUMS)
@pytest.mark.parametrize(
    ("text", "middle", "code"),
    [
        ("X'*(diag(a) + c*M)*X", lambda M, a, b, c: np.diag(a) + c * M, "X.T @ (a[:, None] * X + M @ X * c)"),
        ("X'*(diag(a) - M'*diag(b)*M)*X", lambda M, a, b, c: np.diag(a) - M.T * b @ M, "signed_gram(M @ X, b)"),
        ("X'*(c*eye(m) + M'*M)*X", lambda M, a, b, c: c * np.eye(len(M)) + M.T @ M, "X.T @ X * c + t0.T @ t0"),
        ("X'*(M + 2*M')*X", lambda M, a, b, c: M + 2 * M.T, "X.T @ ((2 * M.T + M) @ X)"),
        ("X'*(diag(a)*M*diag(b)*X + diag(b)*X)", lambda M, a, b, c: a[:, None] * M * b + np.diag(b), ""),
        ("X'*(diag(a)*diag(b)*X + c*diag(b)*X + a*b'*X)", lambda M, a, b, c: np.diag(a * b + c * b) + np.outer(a, b),
         "plus_outers(signed_gram(X, "),
    ],
)  # fmt: skip
def test_a_sum_between_two_matrices_is_multiplied_out_where_that_is_less(text, middle, code, m, n):
    shapes = {k: v for k, v in (ROWS | {"M": ("m", "m")}).items() if re.search(rf"\b{k}\b", text)}
    run = compile(normal(cf.parse(text, shapes).expr))
    assert code in run.source
    env = {"X": drawn(m, n), "M": drawn(m, m) / 3, "a": drawn(m), "b": drawn(m) + 1, "c": 1.5}
    wanted = env["X"].T @ middle(*(env[k] for k in "Mabc")) @ env["X"]
    assert np.allclose(run(**{k: env[k] for k in run.names}), wanted, rtol=1e-9, atol=1e-9)


def test_a_product_is_not_multiplied_out_where_a_factorisation_would_be_used_twice():
    f = cf.parse("inv(S)*(C*inv(S) - c*eye(n))", {"S": ("n", "n"), "C": ("n", "n"), "c": ()}, {"S": ["spd"]})
    assert body(compile(normal(f.expr)).source).count("solve(") == 2
    assert "inverse" not in compile(normal(f.expr)).source


@pytest.mark.parametrize("front", ["3*c^2", "2/c^2", "2", "1/(1 + c^2)"])
def test_a_number_that_is_not_negative_is_multiplied_into_the_weights(front):
    f = cf.parse(f"{front}*X'*diag(exp(a)/c)*X", {"X": ("m", "n"), "a": ("m",), "c": ()}, {"c": ["positive"]})
    run = compile(normal(f.expr))
    assert re.search(r"return weighted_gram\(.*\)\n", run.source)
    X, a, c = drawn(9, 4), drawn(9), 1.5
    number = {"3*c^2": 3 * c**2, "2/c^2": 2 / c**2, "2": 2, "1/(1 + c^2)": 1 / (1 + c**2)}[front]
    assert_near(run(X=X, a=a, c=c), number / c * (X.T * np.exp(a)) @ X)


def test_the_diagonal_of_a_row_is_that_of_a_column():
    shapes = {"X": ("m", "n"), "a": ("m",), "b": ("m",)}
    for text in ("X'*(diag(a') + 2*diag(b))*X", "X'*(diag(a')*X + 2*diag(b)*X)"):
        X, a, b = drawn(9, 4), drawn(9), drawn(9) + 1
        assert_near(compile(cf.parse(text, shapes).expr)(X=X, a=a, b=b), (X.T * (a + 2 * b)) @ X)


#: a derivative, and what its code has and has not
FORMS_OF_DIAGONALS = [
    ("logdet(X'*diag(w)*X)", "w", "rowdots(X, np.linalg.solve(signed_gram(X, w), X.T).T)", "np.diagonal"),
    ("u'*(eye(m).*(A*diag(v.^2)*A'))*u", "u", "A**2 @ v**2", "np.eye"),
    ("norm2(diag(u)*A*diag(v))^2", "v", "(A**2).T @ u**2", "v[:, None]"),
    ("sum((ones(m,n) + exp(A)).^2.5)", "A", "np.sqrt(", "**1.5"),
    ("sum((ones(m,n) + A.^2).^2.5)", "A", "np.hypot(1.0, A)", "np.ones"),
    ("tr(inv(X'*X)*B)", "B", "factor_inverse", "np.linalg.inv"),
    ("(x'*S*x)^2", "x", "S @ x", "x @ S"),
]


@pytest.mark.parametrize(("text", "by", "has", "has_not"), FORMS_OF_DIAGONALS)
def test_diagonals_scaled_products_and_powers_take_the_short_way(text, by, has, has_not):
    f = cf.parse(text, properties={"S": ["symmetric"]} if "S" in text else {})
    D = cf.derivative(f, by)
    source = D.code()
    body = source[source.index("float)") :]
    assert has in body and has_not not in body, source
    D.check()


@pytest.mark.parametrize("sign", ["", "-", "3*"])
def test_a_factor_that_a_number_was_put_into_is_another_one_than_before(sign):
    shapes = {"y": ("n",), "X": ("n", "p"), "w": ("p",), "S": ("n", "n")}
    D = cf.derivative(cf.parse(f"{sign}(y - X*w)'*inv(S)*(y - X*w)", shapes, {"S": ["spd"]}), "S")
    X, y, w, A = drawn(6, 2), drawn(6), drawn(2), drawn(6, 6)
    S = A @ A.T + np.eye(6)
    z = np.linalg.solve(S, y - X @ w)
    wanted = -{"": 1, "-": -1, "3*": 3}[sign] * np.outer(z, z)
    assert np.allclose(D.compile()(y=y, X=X, w=w, S=S), wanted, rtol=1e-9, atol=1e-12)
