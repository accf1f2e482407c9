"""Functions built in Python are those that are read from text."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest

import closedform as cf
from closedform.ask import DEEPEST

A, x, b, a = cf.matrix("A", "m", "n"), cf.vector("x", "n"), cf.vector("b", "m"), cf.scalar("a")
X, S = cf.matrix("X", "n", "n"), cf.matrix("S", "n", "n", "spd")
SHAPES = {"A": ("m", "n"), "x": ["n"], "b": ["m"], "a": [], "X": ("n", "n"), "S": ("n", "n")}
SAME = [
    (cf.norm2(A @ x - b) ** 2, "norm2(A*x - b)^2"),
    (cf.sum(cf.log(1 + cf.exp(-(A @ x)))), "sum(log(ones(m) + exp(-A*x)))"),
    (x.T @ X @ x / a, "x'*X*x/a"),
    (cf.tr(cf.matrix_power(X, 3)), "tr(X^3)"),
    (cf.logdet(S) + x.T @ cf.inv(S) @ x, "logdet(S) + x'*inv(S)*x"),
    (cf.sum(cf.sqrt(x * x)), "sum(sqrt(x.*x))"),
    (cf.sum(cf.diag(X)) + cf.sum(cf.diag(x)), "sum(diag(X)) + sum(diag(x))"),
    (cf.tr(X + 2 * cf.eye("n")), "tr(X + 2*eye(n))"),
    (cf.ones("m").T @ A @ x, "ones(m)'*A*x"),
    (a**3 - 2 * a + 1, "a^3 - 2*a + 1"),
    (cf.logsumexp(A @ x) - cf.max(x), "logsumexp(A*x) - max(x)"),
    (cf.vec(A).T @ cf.vec(A), "vec(A)'*vec(A)"),
    (cf.sum(cf.duplication("n").T @ cf.vec(X)), "sum(D(n)'*vec(X))"),
    (cf.sum(cf.elimination("n") @ cf.commutation("n", "n") @ cf.vec(X)), "sum(L(n)*K(n,n)*vec(X))"),
    (cf.norm2(cf.vech(S)), "norm2(vech(S))"),
]


@pytest.mark.parametrize(("built", "text"), SAME, ids=[text for _, text in SAME])
def test_a_function_built_is_the_function_read(built, text):
    from closedform.core.normal import normal

    read = cf.parse(text, shapes=SHAPES, properties={"S": ["spd"]})
    assert normal(built) is normal(read.expr)
    name = built_variable(built).data.name
    assert str(cf.derivative(built, name)) == str(cf.derivative(read, name))


def built_variable(e):
    from closedform.core.expr import symbols

    return symbols(e)[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cf.matrix("exp", "n", "n"), "exp"),
        (lambda: cf.matrix("B", "m", "n", "symmetric"), "symmetric"),
        (lambda: cf.vector("y", 0), "dimension"),
        (lambda: cf.vector("y", "n", "spd"), "spd"),
        (lambda: cf.scalar("c", "round"), "unknown property"),
        (lambda: A @ b, "shapes"),
        (lambda: A + x, "shapes"),
        (lambda: A * x, "equal shapes"),
        (lambda: cf.inv(A), "shapes"),
    ],
)
def test_a_mistake_in_building_is_one_of_our_errors(make, message):
    with pytest.raises(cf.ClosedFormError, match=message):
        make()


def test_no_public_name_hides_a_module():
    """`import closedform.verification.exact as exact` finds the module; a function called like a package would hide it."""
    assert not {module.name for module in iter_modules(cf.__path__)} & set(cf.__all__)


def test_an_expression_may_be_as_deep_as_can_be_worked_on():
    """Sums and products of many parts are not deep."""
    e = a
    for _ in range(DEEPEST):
        e = cf.sin(e)
    assert cf.derivative(e, a).code()
    with pytest.raises(cf.ClosedFormError, match=f"more than {DEEPEST} operations inside one another"):
        cf.derivative(cf.sin(e), a)
    assert cf.derivative(sum((k * a for k in range(3 * DEEPEST)), a), a).expr.op.name == "number"
