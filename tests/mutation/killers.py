"""What notices a mutant: the test of the rule itself, then questions about derivatives, checked as users' are."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import numpy as np

import closedform as cf
from closedform.core.expr import OPS, symbol, symbols
from closedform.errors import ClosedFormError, NotSupported
from closedform.rules import TABLES
from closedform.syntax.declare import declarations
from closedform.verification.interpreter import evaluate
from tests.corpus.cases import cases, in_scope
from tests.mutation.mutants import BITES, Mutant
from tests.ops.test_differentials import TOLERANCE, differential_error, on_trace_error
from tests.ops.test_records import OPERANDS, SIZES

LIMIT = 60  #: seconds for one mutant
LET = "A: matrix(n,n); B: matrix(n,n); X: matrix(n,n); W: matrix(m,n); Z: matrix(m,n); a: vector(n); b: vector(n); x: vector(n); k: scalar integer"
#: what the corpus does not ask: every linear operation, on a matrix and on a column
MORE = {
    "kron(A, X)": "X", "kron(X, A)": "X", "diag(x)*A": "x", "diag(X)": "X", "vec(X)": "X", "sum(X)*A": "X", "tr(X)*A": "X",
    "X'": "X", "(a'*x)*b": "x", "A.*X": "X", "b.*x": "x", "diag(A*diag(x)*B)": "x", "kron(x, b)": "x", "(x'*A)'": "x",
    "x + A*x": "x", "(b'*x)*x": "x", "vec(X)'*vec(A)": "X", "A*X*B + X": "X", "max(A*x)": "x", "norm1(A*x)": "x",
    "(x'*b)*(A.*X)": "x", "W*X + Z": "X", "vech(X)": "X", "kron(A, x*b')": "x", "exp(A*x).*x": "x", "X*X": "X",
    "tr(A*X^k)": "X", "X^k": "X", "diag(A*(B.*(x*b'))*A)": "x", "tr(X^k*A)": "X X", "sum(kron(A, X).*kron(X, B))*B": "X", "norm2(kron(A, X))^2*B": "X", "sum(exp(kron(A, X)))*B": "X",
    "tr(kron(A, X).*kron(X, B))*A": "X", "kron(x', b')'": "x", "sum(A.*X)*exp(X)": "X", "tr(A*X)*X": "X", "diag(A*X*B)": "X", "sum(exp(X), 2)": "X",
}  # fmt: skip
QUESTIONS = [(cf.parse(function, *declarations([LET])), tuple(wrt.split())) for function, wrt in MORE.items()] + [
    (cf.parse(case["expr"], {k: tuple(v) for k, v in case["vars"].items()}, case.get("attrs", {})), tuple(case["wrt"]))
    for case in cases().values()
    if in_scope(case)
]


def noticed(mutant: Mutant) -> str:
    """What notices it: `survived` if nothing does, `idle` if it changes nothing.  Call it in a process of its own."""
    mutant.put()
    if OWN[mutant.kind](mutant):
        return f"its own test ({mutant.kind})"
    if _answers(QUESTIONS[: len(MORE)]):
        return "a checked answer"
    if not BITES:
        return "idle"
    return "a checked answer" if _answers(QUESTIONS[len(MORE) :]) else "survived"


def _differential(m: Mutant) -> bool:
    return _fails(lambda: differential_error(OPS[m.rule]) > TOLERANCE)


def _trace(m: Mutant) -> bool:
    return _fails(lambda: on_trace_error(OPS[m.rule]) > TOLERANCE)


def _fails(test: Callable[[], bool]) -> bool:
    try:
        return test()
    except NotSupported:
        return False


def _adjoint(m: Mutant) -> bool:
    op = OPS[m.rule]
    if m.rule not in OPERANDS:
        return False
    args = tuple(symbol(f"A{i}", shape) for i, shape in enumerate(OPERANDS[m.rule]))
    Y = symbol("Y", op(*args).shape)
    rng = np.random.default_rng(0)
    env = {s.data.name: rng.normal(size=[d.value(SIZES) for d in s.shape]) for s in (*args, Y)}
    for slot, A in enumerate(args):
        try:
            back = op.adjoint(slot, args, Y)
        except NotSupported:
            continue
        value = evaluate(op(*args), env, SIZES) if m.rule != "add" else env[A.data.name]
        if not np.isclose((env["Y"] * value).sum(), (evaluate(back, env, SIZES) * env[A.data.name]).sum()):
            return True
    return False


def _rewrite(m: Mutant) -> bool:
    (rule,) = [r for rules in TABLES.values() for r in rules if r.name == m.rule]
    rng = np.random.default_rng(0)
    env = {
        s.data.name: rng.uniform(0.2, 1.4, [d.value(SIZES) for d in s.shape]) for s in symbols(rule.left, rule.right)
    }
    for x in symbols(rule.left):
        if "symmetric" in x.data.properties:
            env[x.data.name] += env[x.data.name].T
    if rule.when is not None:
        env["B"] = -env["A"]
    return not np.allclose(evaluate(rule.left, env, SIZES), evaluate(rule.right, env, SIZES))


OWN: dict[str, Callable[[Mutant], bool]] = {
    "differential": _differential,
    "trace": _trace,
    "adjoint": _adjoint,
    "rewrite": _rewrite,
    "column": lambda m: False,
    "vec": lambda m: False,
}


def _answers(questions: list[tuple[cf.Function, tuple[str, ...]]]) -> bool:
    """Whether an answer, or a line of its derivation, fails its check, or what was answered no longer is."""
    for f, wrt in questions:
        try:
            D = cf.derivative(f, *wrt)
            D.check()
            D.steps()
        except NotSupported:
            continue
        except (ClosedFormError, AssertionError, ValueError, RecursionError):
            return True
    return False


def tried(mutant: Mutant) -> str:
    """`noticed`, in a process of its own; `error: …` where the test itself fails, which is a fault of ours."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(LIMIT)
        try:
            os.write(write, noticed(mutant).encode())
        except BaseException as error:
            os.write(write, f"error: {error!r}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    return "out of time" if os.WIFSIGNALED(status) else said
