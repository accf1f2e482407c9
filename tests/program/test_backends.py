"""The same program in JAX, PyTorch and other precisions: its values, and what users of those libraries expect."""

from __future__ import annotations

import re

import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import OPS
from closedform.core.normal import normal
from closedform.errors import DomainError, NotSupported, RequestError, ShapeError
from closedform.program.compile import compile
from tests.corpus.outcome import computed, scope
from tests.program.test_code import SAMPLES, A, a

jax = pytest.importorskip("jax")
torch = pytest.importorskip("torch")
jax.config.update("jax_enable_x64", True)
BACKENDS = ("jax", "torch")
ABSENT = {"jax": {"logm"}, "torch": {"logm", "sqrtm"}}  #: what the libraries do not have


@pytest.mark.parametrize("name", scope())
def test_every_backend_gives_the_numbers_of_numpy(name: str) -> None:
    """PyTorch on every case; JAX, which compiles every call anew, on every third."""
    D, given, known = computed(name)
    for backend in BACKENDS if scope().index(name) % 3 == 0 else ["torch"]:
        try:
            run = D.compile(backend)
        except NotSupported as refusal:
            assert any(f in str(refusal) for f in ABSENT[backend]), refusal
            continue
        with jax.disable_jit():
            found = np.asarray(run(**given))
        assert found.shape == np.shape(known), run.source
        assert np.allclose(found, known, rtol=1e-8, atol=1e-9 * max(1, np.abs(known).max())), run.source


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", sorted(OPS))
def test_every_operation_has_code_or_is_refused_by_name(name: str, backend: str) -> None:
    for e in SAMPLES.get(name) or [OPS[name](A), *([] if name == "inv" else [OPS[name](a)])]:
        if name in ABSENT[backend] and not e.is_scalar:
            with pytest.raises(NotSupported, match=name):
                compile(e, backend=backend)
            continue
        if name in ("arcsin", "arccos"):
            e = OPS[name](e.args[0] / 3)
        run, numpy = compile(e, backend=backend), compile(e)
        given = {s.name: [0.2, np.full(3, 0.2), np.eye(3) + 0.2][len(s.dims)] for s in run.arguments}
        if name == "matpow" and "a" in given:
            given["a"] = 3
        sizes = dict.fromkeys(run.sizes, 3)
        assert np.allclose(run(**given, **sizes), numpy(**given, **sizes)), run.source


LOGISTIC = "sum(log(ones(m) + exp(-y.*(X*w))))"


def logistic(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"X": rng.standard_normal((5, 3)), "y": np.sign(rng.standard_normal(5)), "w": rng.standard_normal(3)}


def test_jax_code_may_be_traced_vectorised_and_differentiated() -> None:
    D = cf.derivative(cf.parse(LOGISTIC), "w")
    run, env = D.compile("jax"), logistic()
    assert np.allclose(jax.jit(lambda w: run(X=env["X"], y=env["y"], w=w))(env["w"]), D.at(**env))
    many = np.stack([env["w"], 2 * env["w"]])
    found = jax.vmap(lambda w: run(X=env["X"], y=env["y"], w=w))(many)
    assert np.allclose(found[1], D.at(**{**env, "w": many[1]}))
    H = jax.jacfwd(lambda w: run(X=env["X"], y=env["y"], w=w))(env["w"])
    assert np.allclose(H, cf.derivative(cf.parse(LOGISTIC), "w", "w").at(**env))


def test_torch_code_keeps_the_type_of_its_tensors_and_is_differentiable() -> None:
    D, env = cf.derivative(cf.parse(LOGISTIC), "w"), logistic()
    run = D.compile("torch")
    single = {k: torch.tensor(v, dtype=torch.float32) for k, v in env.items()}
    assert run(**single).dtype is torch.float32
    double = {k: torch.tensor(v) for k, v in env.items()}
    double["w"].requires_grad_()
    (H,) = torch.autograd.grad(run(**double)[0], double["w"])
    assert np.allclose(H, cf.derivative(cf.parse(LOGISTIC), "w", "w").at(**env)[0])


STEADY = [
    "x/norm2(x)",
    "log(det(expm(A)))",
    "1 - tanh(a)^2",
    "log(cosh(x)) + log(ones(n) + x.^2) + log(ones(n) - exp(-x.^2))",
    "log(2*exp(x) + 3*ones(n))",
    "log(exp(x) + exp(y))",
    "exp(x)./(exp(x) + exp(y))",
    "exp(x)./(exp(x) - ones(n))",
    "sqrt(ones(n) + x.^2)",
    "x - sign(x).*relu(abs(x) - ones(n))",
    "diag(softmax(x)) - softmax(x)*softmax(x)'",
    "2*(diag(softmax(x)) - softmax(x)*softmax(x)')*A",
    "(diag(softmax(x)) - softmax(x)*softmax(x)')*y",
    "log(exp(A)*x)",
    "erf(x) - ones(n)",
    "logsumexp(a*x)/a^2 - x'*softmax(a*x)/a",
    "diag(1./sum(exp(A), 2))*A - ((sum(exp(A).*A, 2))./sum(exp(A), 2).^2)*ones(n)'",
    "(diag(sum(A, 2)) - A)*x",
    "exp(sum(log(x))/n) + exp(-sum(log(A))/n^2)",
    "(x'*A*x)*A - A*x*x'*A",
    "logdet(eye(n) + A*A') - 2*logdet(2*eye(n) + A'*A)",
]  #: formulas whose code calls the functions that are stable


@pytest.mark.parametrize("text", STEADY)
def test_stable_code_is_traced_vectorised_and_keeps_its_type(text: str) -> None:
    shapes = {"x": ("n",), "y": ("n",), "a": (), "A": ("n", "n")}
    f = cf.parse(text, shapes={name: shape for name, shape in shapes.items() if name in re.findall(r"\w+", text)})
    e, rng = normal(f.expr), np.random.default_rng(0)
    env = {name: rng.uniform(0.2, 2, [3] * len(shapes[name])) for name in f.variables}
    known, many = compile(e)(**env), {k: np.stack([v, 0.5 * v]) for k, v in env.items()}
    run = compile(e, backend="jax")
    assert np.allclose(jax.jit(lambda given: run(**given))(env), known)
    single = {k: jax.numpy.asarray(v, dtype="float32") for k, v in env.items()}
    assert run(**single).dtype == "float32"
    tensors = {k: torch.tensor(v, dtype=torch.float32) for k, v in env.items()}
    assert compile(e, backend="torch")(**tensors).dtype is torch.float32
    for backend in BACKENDS:
        found = compile(e, backend=backend, batch=list(env))(**many)
        assert np.allclose(found[0], known) and np.allclose(found[1], compile(e)(**{k: v[1] for k, v in many.items()}))


def test_several_results_are_one_program() -> None:
    f = cf.parse("logdet(S) + x'*inv(S)*x", shapes={"S": ("n", "n"), "x": ("n",)}, properties={"S": ["spd"]})
    by_S, by_x = cf.derivative(f, "S"), cf.derivative(f, "x")
    run = cf.compile(f, by_S, by_x)
    assert run.source.split("def derivative")[1].count("cholesky(") == 1
    env = {"S": np.array([[3.0, 1.0], [1.0, 2.0]]), "x": np.array([1.0, -1.0])}
    value, G, g = run(**env)
    assert np.isclose(value, np.linalg.slogdet(env["S"])[1] + env["x"] @ np.linalg.solve(env["S"], env["x"]))
    assert np.allclose(G, by_S.at(**env)) and np.allclose(g, by_x.at(**env))
    for backend in BACKENDS:
        for found, known in zip(cf.compile(f, by_S, by_x, backend=backend)(**env), (value, G, g), strict=True):
            assert np.allclose(found, known)


def test_value_and_every_derivative_come_together() -> None:
    f, env = cf.parse(LOGISTIC), logistic()
    H = cf.derivative(f, "w", "w")
    value, gradient, hessian = H.compile(value_and_grad=True)(**env)
    assert np.isclose(value, np.logaddexp(0, -env["y"] * (env["X"] @ env["w"])).sum())
    assert np.allclose(gradient, cf.derivative(f, "w").at(**env)) and np.allclose(hessian, H.at(**env))
    J = cf.derivative(cf.parse("X*A*X"), "X", "X").compile(value_and_grad=True)
    assert [np.ndim(v) for v in J(X=np.eye(2), A=np.eye(2))] == [2, 4, 6]


@pytest.mark.parametrize("backend", ["numpy", *BACKENDS])
def test_many_points_at_once(backend: str) -> None:
    D, env = cf.derivative(cf.parse(LOGISTIC), "w"), logistic()
    many = {**env, "w": np.stack([env["w"], -env["w"], 0 * env["w"]])}
    found = np.asarray(D.compile(backend, batch=["w"])(**many))
    assert found.shape == (3, 3)
    for n in range(3):
        assert np.allclose(found[n], D.at(**{**env, "w": many["w"][n]}))


@pytest.mark.parametrize("backend", ["numpy", *BACKENDS])
def test_single_precision_stays_single(backend: str) -> None:
    for text, wrt in [(LOGISTIC, ("w", "w")), ("norm2(A*X - B)^2", ("X", "X")), ("x'*inv(A + A')*x", ("A",))]:
        D = cf.derivative(cf.parse(text), *wrt)
        run = D.compile(backend, dtype="float32")
        rng = np.random.default_rng(0)
        env = {v.name: rng.standard_normal([3] * len(v.dims)).astype(np.float32) for v in run.arguments}
        sizes = dict.fromkeys(run.sizes, 3)
        found = run(**env, **sizes)
        assert str(found.dtype).removeprefix("torch.") == "float32", run.source
        assert np.allclose(np.asarray(found), D.compile()(**env, **sizes), rtol=1e-3, atol=1e-3)


def test_extended_precision_has_more_digits() -> None:
    D = cf.derivative(cf.parse("sum(exp(x))"), "x")
    found = D.compile(dtype="longdouble")(x=np.array([1 / 3]))
    assert found.dtype == np.longdouble and found[0] == np.exp(np.longdouble(1 / 3))


MISTAKES = [
    (lambda D: D.compile("tensorflow"), RequestError, "unknown back-end 'tensorflow'"),
    (lambda D: D.compile(dtype="float16"), RequestError, "unknown precision 'float16'"),
    (lambda D: D.compile("jax", dtype="longdouble"), RequestError, "jax has no extended precision"),
    (lambda D: D.compile(batch=["q"]), RequestError, "q is not a variable of the function"),
    (lambda D: D.compile("jax", compressed=True), RequestError, "a compressed derivative comes alone"),
    (lambda D: D.compile(batch=["w"])(**logistic()), ShapeError, "w is n×1"),
    (lambda D: cf.compile(), RequestError, "nothing to compute"),
    (lambda D: cf.gradient(cf.parse("logdet(X)"), "X").compile(dtype="longdouble"), NotSupported, "no solves"),
]


@pytest.mark.parametrize(("ask", "kind", "message"), MISTAKES, ids=[m for *_, m in MISTAKES])
def test_wishes_that_cannot_be_had_are_named(ask, kind, message) -> None:
    with pytest.raises(kind, match=message):
        ask(cf.derivative(cf.parse(LOGISTIC), "w"))


def test_a_singular_matrix_is_outside_the_domain_in_torch_too() -> None:
    with pytest.raises(DomainError):
        cf.derivative(cf.parse("x'*inv(A)*x"), "x").compile("torch")(A=np.zeros((2, 2)), x=np.ones(2))


def sparse_logistic() -> dict[str, object]:
    import scipy.sparse

    env: dict[str, object] = dict(logistic())
    X = np.where(np.abs(env["X"]) > 0.5, env["X"], 0.0)  # type: ignore[arg-type]
    return {**env, "X": scipy.sparse.coo_array(X)}


def test_sparse_matrices_stay_sparse_where_the_formula_allows() -> None:
    import scipy.sparse

    env = sparse_logistic()
    dense = {**env, "X": env["X"].toarray()}  # type: ignore[attr-defined]
    for wrt in (("w",), ("w", "w")):
        D = cf.derivative(cf.parse(LOGISTIC), *wrt).compile()
        found = D(**env)
        assert scipy.sparse.issparse(found) == (len(wrt) == 2)
        assert np.allclose(found.toarray() if len(wrt) == 2 else found, D(**dense))
    for text, wrt in [("norm2(X*w - y)^2", "w"), ("norm2(2*X + X)^2", "X"), ("sum((X*w).^2)/2", "w"), ("y'*X*w", "y")]:
        D = cf.derivative(cf.parse(text), wrt).compile()
        given = {k: v for k, v in env.items() if k in D.names}
        found = D(**given)
        found = found.toarray() if scipy.sparse.issparse(found) else found
        assert np.allclose(found, D(**{k: dense[k] for k in given})), D.source


@pytest.mark.parametrize("text", ["logdet(X)", "sum(exp(X))", "norm2(X)", "tr(sqrtm(X))"])
def test_what_would_fill_a_sparse_matrix_up_is_refused_by_name(text: str) -> None:
    import scipy.sparse

    D = cf.gradient(cf.parse(text), "X").compile()
    with pytest.raises(NotSupported, match="of a sparse matrix"):
        D(X=scipy.sparse.eye_array(3).tocsr())


SIZES = {"n*sum(x)": [3, 3, 3], "n^2*sum(x)": [9, 9, 9], "n*x": 3 * np.eye(3), "2*n*sum(x) - n*sum(x)": [3, 3, 3]}


@pytest.mark.parametrize("backend", ["numpy", "numba", "dask", *BACKENDS])
@pytest.mark.parametrize("text", SIZES)
def test_a_size_everywhere_is_no_array_of_integers(text: str, backend: str) -> None:
    run = cf.derivative(cf.parse(text, shapes={"x": ("n",)}), "x").compile(backend)
    found = np.asarray(run(x=np.array([0.5, 1.5, 2.5])))
    assert found.dtype.kind == "f" and (found == SIZES[text]).all()
