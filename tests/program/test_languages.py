"""Code to paste gives the value of the NumPy code: it is run where its language is installed, Julia is parsed.

Octave, R and a compiler with Eigen are looked for; where one is missing its test is skipped, and says so.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import OPS, Expr, eye, number, ones, symbol, symbols
from closedform.core.normal import normal
from closedform.core.shape import ONE, dim, shape_of
from closedform.errors import ClosedFormError, NotSupported, RequestError
from closedform.program.compile import code
from closedform.program.languages import LANGUAGES, language_named
from closedform.program.languages.numpy import NUMPY, SPELLINGS
from tests.corpus.cases import cases as corpus
from tests.corpus.make_references import references
from tests.corpus.outcome import parsed, scope
from tests.hostile.test_injection import IDENTIFIERS, answers
from tests.program.running import RUNNERS, Case, Runner, case
from tests.program.test_code import LINES
from tests.strategies import SIZES, environment, squeezed

PASTED = [name for name in LANGUAGES if language_named(name).matrices]
OWN = {"weighted_gram", "signed_gram", "softmax_gram", "pair_gram", "rowexp", "rowslope", "rowdots", "columndots"}
OWN |= {f"{kind}_{what}" for kind in ("cholesky", "factor") for what in ("quadratics", "quadratic")}
TENSORS = {
    "complement",
    "einsum",
    "tensordot",
    "permute",
    "assemble",
    "stack",
    "matmul_each",
    "rowpairs",
}  #: instructions on arrays of more than two axes
FROM_CORPUS = 40  #: at least so many cases of the corpus are run in every language

n, m = dim("n"), dim("m")
a, x, y, w = symbol("a", shape_of([])), symbol("x", (n, ONE)), symbol("y", (n, ONE)), symbol("w", (m, ONE))
A, X, S = symbol("A", (n, n)), symbol("X", (m, n)), symbol("S", (n, n), ["spd"])
rows, columns = w @ ones((ONE, n)), ones((m, ONE)) @ x.T
op = OPS
s = op["softmax"](x)
SLOPE = op["diag"](s) - s @ s.T
E = op["exp"](X)
ROWS = E @ ones((n, ONE))
BY_ROW = op["diag"](ROWS**-1) @ X - (op["diagonal"](X @ E.T) * ROWS**-2) @ ones((ONE, n))
MORE = [
    *[op[f](e) for f in ("erf", "sign", "relu", "sigmoid", "softplus", "sinh", "arctan") for e in (a, x, X)],
    *[op[f](0.3 * e) for f in ("arcsin", "arccos", "tan") for e in (a, x)],
    *[1 + f * X for f in (rows, columns)],
    *[e for f in (rows, columns) for e in (X - f, f - X, X * f**-1, f * X**-1, X + 2 * f, X**2 * f, op["exp"](f) + X)],
    *[rows * columns, rows - columns, columns - rows, columns * rows**-1, rows * columns**-1, 1 / X, 2 / x, a / x],
    *[op["matpow"](A, number(k)) for k in (3, -2)],
    *[op["powersum"](A, X.T @ X, number(k)) for k in (3, -2)],
    *[op[f](e) for f in ("norm1", "norm2", "sum", "max") for e in (x, X)],
    *[op[f](A) for f in ("det", "tr", "adj", "vech", "vec", "diagonal", "expm")],
    *[op[f](S) for f in ("logdet", "logm", "sqrtm", "inv")],
    *[op[f](X) for f in ("pinv", "normnuc", "ismax")],
    *[Q @ A for Q in (X @ op["inv"](op["sqrtm"](X.T @ X)), op["inv"](op["sqrtm"](X.T @ X)) @ X.T @ X)],
    *[1 - op["tanh"](e) ** 2 for e in (a, x, X)],
    *[op["log"](f) for e in (a, x, X) for f in (op["cosh"](e), 1 + e**2, 1 - op["exp"](-(e**2)))],
    *[op["log"](op["exp"](e) + op["exp"](f) * k) for e, f in ((a, 2 * a), (x, y), (X, 2 * X)) for k in (1, 2)],
    *[op["log"](op["exp"](e) + 3) for e in (a, x, X)],
    *[(e**2 + f**2) ** number(Fraction(1, 2)) for e, f in ((a, 1), (x, y), (x, 1), (X, 2), (X, X - 1))],
    *[1 - op["erf"](e) for e in (a, x)],
    *[e - op["sign"](e) * op["relu"](op["abs"](e) - 1) for e in (a, x, X)],
    *[op["exp"](e) / (op["exp"](e) - 1) for e in (a, x, X)],
    *[op["exp"](e) / (op["exp"](e) + op["exp"](f)) for e, f in ((a, 2 * a), (x, y))],
    op["log"](op["exp"](X) @ x),
    op["log"](op["det"](A @ A)),
    op["log"](op["sum"](op["exp"](X))),
    *[SLOPE, -3 * SLOPE + A, SLOPE @ y, y.T @ SLOPE, A @ SLOPE @ A.T, SLOPE @ A @ y, X @ SLOPE],
    *[normal(e) for e in (BY_ROW, E * BY_ROW, -BY_ROW.T, (op["diag"](A @ ones((n, ONE))) - A) @ y)],
    normal(a * op["logsumexp"](2 * x) - a * 2 * (x.T @ op["softmax"](2 * x))),
    (X**2 @ ones((n, n))) + ones((m, n)) @ A.T**2 - 2 * (X @ A.T),
    *[op["exp"](normal(op["sum"](op["log"](2 + op["sin"](e))) / number(k))) for e, k in ((x, 4), (X, -5))],
    normal(op["logdet"](S + A.T @ A) - 2 * op["logdet"](S)),
    *[normal((x.T @ M @ x) * M - M @ x @ x.T @ M) for M in (A, S)],
    op["pinv"](x),
    op["logdet"](A) * op["inv"](A),
    op["logdet"](A + A.T) * op["inv"](A + A.T) @ (x + op["inv"](A + A.T) @ y),
    op["inv"](S) * op["logdet"](S),
    op["kron"](x, y),
    op["kron"](x, X),
    op["kron"](x.T, X),
]


def of_strategies(name: str, e: Expr) -> Case:
    env = environment(e, 1)
    return case(name, e, {s.data.name: squeezed(env[s.data.name], s.shape) for s in symbols(e)}, SIZES)


@cache
def cases() -> list[Case]:
    """Functions and derivatives of the corpus, and formulas that use what the corpus does not."""
    found = list[Case]()
    for name in scope():
        row = corpus()[name]
        try:
            f = parsed(row, row["expr"])
            D = cf.derivative(f, *row["wrt"])
        except NotSupported:
            continue
        sizes, env, _, _ = references()[name][0]
        found += [case(name, D.in_layout("vec").expr if D.is_array else D._last.answer, env, sizes)]
        found += [case(f"{name} itself", f.expr, env, sizes)]
    found += [of_strategies(f"{k}: {line}", e) for k, (e, line) in enumerate(LINES)]
    return found + [of_strategies(f"more {k}: {e}", e) for k, e in enumerate(MORE)]


def uses(c: Case) -> set[object]:
    """The instructions of a case, each with the ranks of its operands."""
    return {(t.op, *(a.rank for a in t.args)) for t in c.lowered.order}


@cache
def chosen() -> list[Case]:
    """Short cases that use everything that all cases use, and short ones of the corpus: for a slow compiler."""
    length = {c.name: len(c.code(NUMPY, "f")) for c in cases()}
    used = {c.name: uses(c) for c in cases()}
    wanted, found = set[object]().union(*used.values()), dict[str, Case]()
    while wanted:
        best = max(cases(), key=lambda c: len(used[c.name] & wanted) / length[c.name])
        found[best.name] = best
        wanted -= used[best.name]
    short = sorted((c for c in cases() if in_corpus(c)), key=lambda c: length[c.name])
    for c in short:
        if sum(map(in_corpus, found.values())) < FROM_CORPUS:
            found[c.name] = c
    return list(found.values())


def in_corpus(c: Case) -> bool:
    return c.name.removesuffix(" itself") in corpus()


def instructions() -> set[str]:
    """Every instruction that has NumPy code, or that lowering makes; not what NumPy alone has one instruction for."""
    made = {t.op for c in cases() for t in c.lowered.order}
    return (made | SPELLINGS.keys()) - {"variable", "number", "size", *OWN} - TENSORS


@pytest.mark.parametrize("name", PASTED)
def test_every_instruction_is_spelled(name):
    missing = instructions() - language_named(name).spellings.keys()
    assert not missing, f"{name} has no spelling of {sorted(missing)}"


def test_the_cases_use_every_instruction():
    assert instructions() == {t.op for c in chosen() for t in c.lowered.order} - {"variable", "number", "size"}


@pytest.mark.parametrize("runner", RUNNERS, ids=[r.language for r in RUNNERS])
def test_code_has_the_value_of_the_numpy_code(runner: Runner, tmp_path: Path):
    if missing := runner.missing():
        pytest.skip(f"{runner.language} code is not run: {missing} is not installed")
    tried = chosen() if runner.language == "cpp" else cases()
    assert sum(map(in_corpus, tried)) >= FROM_CORPUS
    found = runner.run(tried, tmp_path)
    wrong = {c.name: found[c.name] for c in tried if not same(found[c.name], c.expected)}
    wanting = {name for name, v in wrong.items() if isinstance(v, str) and runner.wants and runner.wants in v}
    assert not wrong.keys() - wanting, {name: wrong[name] for name in wrong.keys() - wanting}
    if wanting:
        pytest.skip(f"{runner.wants} is not installed: {len(wanting)} of {len(tried)} cases were not run")


def same(found: np.ndarray | str, expected: np.ndarray) -> bool:
    """Is it the expected array?  A vector may be a matrix of one column, a number one of one entry."""
    if isinstance(found, str):
        return False
    column = expected.reshape(*expected.shape, *([1] * (2 - expected.ndim)))
    if found.shape not in (expected.shape, column.shape, expected.shape or (1,)):
        return False
    size = max(1.0, np.abs(expected).max(initial=0))
    return np.allclose(found.reshape(expected.shape), expected, rtol=1e-9, atol=1e-9 * size, equal_nan=True)


def test_julia_code_is_parsed_without_error():
    """Julia is not run: nothing that installs it is assumed."""
    grammar = pytest.importorskip("tree_sitter_julia", reason="Julia code is not parsed: no tree-sitter-julia")
    tree_sitter = pytest.importorskip("tree_sitter")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    for c in cases():
        source = c.code(language_named("julia"), "f")
        assert not parser.parse(source.encode()).root_node.has_error, source


CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*)\.?\(")


@pytest.mark.parametrize("name", ["julia", "matlab"])
def test_a_variable_cannot_hide_a_function_that_is_called(name):
    """In Julia and MATLAB a variable named `sum` would hide the function; in R and C++ none does."""
    language = language_named(name)
    for c in cases():
        head, body = re.search(r"^function .*?f\((.*?)\)\n(.*?)^end$", c.code(language, "f"), re.M | re.S).groups()
        body = re.sub(r"^%.*$", "", body, flags=re.MULTILINE)
        own = set(re.findall(r"\w+", head)) | set(re.findall(r"^\s*(\w+) =", body, re.MULTILINE))
        assert set(CALLED.findall(body)) - own <= language.reserved, body


NAMES = [
    *IDENTIFIERS,
    "sum",
    "t",
    "c",
    "I",
    "T",
    "pi",
    "end",
    "double",
    "int",
    "template",
    "std",
    "J",
    "f",
    "exp",
    "λ",
    "Σ",
]


@pytest.mark.parametrize("runner", RUNNERS, ids=[r.language for r in RUNNERS])
def test_code_with_any_name_has_the_same_value(runner: Runner, tmp_path: Path):
    if missing := runner.missing():
        pytest.skip(f"{runner.language} code is not run: {missing} is not installed")
    rng = np.random.default_rng(1)
    values = {"A": rng.uniform(0.5, 1, (3, 3))}
    tried = [
        case(
            f"{name}: {formula}",
            D.expr,
            values | {name: rng.uniform(0.5, 1, 3) for name in D.function.variables if name != "A"},
            {"n": 3},
        )
        for name in dict.fromkeys(NAMES)
        for formula, D in answers(name)
        if runner.language != "cpp" or formula == "sum(exp(A*{0}))"
    ]
    assert len(tried) > 40
    found = runner.run(tried, tmp_path)
    assert not {c.name: found[c.name] for c in tried if not same(found[c.name], c.expected)}


@pytest.mark.parametrize("name", PASTED)
def test_greek_letters_are_words_where_a_language_wants_ascii(name):
    source = code(symbol("λ", shape_of([])) * x.T @ x, backend=name)
    body = "\n".join(line for line in source.splitlines() if not re.match(r"\s*(#(?!include)|%|//)", line))
    assert ("λ" in body) == (name == "julia") and ("lambda" in body) == (name != "julia")


@pytest.mark.parametrize("name", PASTED)
def test_an_array_of_many_axes_is_given_as_the_matrix_of_its_vectors(name):
    f = cf.parse("A*X*B", {"A": ("m", "m"), "X": ("m", "n"), "B": ("n", "n")})
    source = cf.derivative(f, "X").code(name)
    assert "d vec(F) / d vec(X)' = kron(B', A)" in source
    assert "returns: matrix, m*n by m*n" in source
    second = cf.derivative(cf.parse("exp(A*x)", {"A": ("m", "n"), "x": ("n",)}), "x", "x").code(name)
    assert "d vec(G) / d vec(x)', where G is the derivative by x = " in second


@pytest.mark.parametrize("name", PASTED)
def test_a_tensor_itself_is_refused_by_name(name):
    f = cf.parse("A*X*B", {"A": ("m", "m"), "X": ("m", "n"), "B": ("n", "n")})
    with pytest.raises(NotSupported, match=r"there is no (Julia|MATLAB|R|C\+\+) code for "):
        code(cf.derivative(f, "X").tensor, backend=name)


@pytest.mark.parametrize("name", PASTED)
@pytest.mark.parametrize("function", ["1x", "x;y", "while", "a b", "x\n", ""])
def test_a_function_is_named_by_an_identifier(name, function):
    with pytest.raises(RequestError, match="cannot name a"):
        code(x.T @ x, function, backend=name)


SEVERAL = {
    "julia": "    return dot(x, y), A * x",
    "matlab": "function [J, J_] = f(x, y, A)",
    "r": "  list(sum(x * y), drop(A %*% x))",
    "cpp": "    return {x.dot(y), A * x};",
}


@pytest.mark.parametrize("name", PASTED)
def test_several_results_are_given_back_together(name):
    assert SEVERAL[name] in code([x.T @ y, A @ x], "f", [x, y, A], name).splitlines()


def test_a_language_that_does_not_exist_is_named_with_those_that_do():
    D = cf.derivative(cf.parse("x'*x"), "x")
    with pytest.raises(RequestError, match="unknown back-end 'fortran'") as refused:
        D.code("fortran")
    assert refused.value.hint == "one of numpy, jax, torch, julia, matlab, r, cpp"
    with pytest.raises(ClosedFormError, match="unknown back-end 'julia'"):
        D.compile("julia")


LOOKS = [
    (op["inv"](A) @ x, r"A \ x", r"A \ x", "solve(A, x)", "A.partialPivLu().solve(x)"),
    (op["inv"](S) @ x, r"cholesky(Symmetric(S)) \ x", r"t0 \ (t0' \ x)",
     "backsolve(t0, backsolve(t0, x, transpose = TRUE))", "cholesky(S).solve(x)"),
    (x.T @ A @ y, "dot(x, A * y)", "x' * (A * y)", "sum(x * drop(A %*% y))", "x.dot(A * y)"),
    (X - rows, "X .- w", "X - w", "X - w", "(X.colwise() - w)"),
    (X - columns, "X .- x'", "X - x'", 'sweep(X, 2, x, "-")', "(X.rowwise() - x.transpose())"),
    (op["diag"](w) @ X, "w .* X", "w .* X", "w * X", "w.asDiagonal() * X"),
    (X @ op["diag"](x), "X .* x'", "X .* x'", 'sweep(X, 2, x, "*")', "X * x.asDiagonal()"),
    (x @ y.T, "x * y'", "x * y'", "outer(x, y)", "x * y.transpose()"),
    (op["log"](1 + op["exp"](x)), "softplus.(x)", "softplus(x)", "softplus(x)", "x.unaryExpr(&softplus)"),
    (op["exp"](a) - 1, "expm1(a)", "expm1(a)", "expm1(a)", "std::expm1(a)"),
    (-(x**2), "-x .^ 2", "-x .^ 2", "-x^2", "-x.cwiseAbs2()"),
    (a**number(3) / 3, "a^3 / 3", "a^3 / 3", "a^3 / 3", "std::pow(a, 3.0) / 3.0"),
    (A @ A.T + eye(n) * 2, "A * A' + 2 * I", "t0 + 2 * eye(size(t0))",
     "t0 + diag(2, nrow(t0))", "t0 + 2.0 * MatrixXd::Identity(t0.rows(), t0.cols())"),
]  # fmt: skip


LAST = {"julia": r"    return (.*)", "matlab": r"    J = (.*);", "r": r"  (.*)\n}$", "cpp": r"    return (.*);\n}$"}


@pytest.mark.parametrize("row", LOOKS, ids=[str(e) for e, *_ in LOOKS])
def test_code_is_what_an_expert_writes(row):
    e, *lines = row
    for name, line in zip(("julia", "matlab", "r", "cpp"), lines, strict=True):
        source = code(e, backend=name).rstrip()
        assert re.findall(f"^{LAST[name]}", source, re.MULTILINE)[0 if name == "matlab" else -1] == line, source


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_comment_has_the_formula_as_the_answer_prints_it(language: str) -> None:
    D = cf.derivative(cf.parse("sum(log(ones(m) + exp(-y.*(X*w))))"), "w")
    assert D.text == "-X'*(y.*sigmoid(-y.*(X*w)))" and D.text in D.code(language)
