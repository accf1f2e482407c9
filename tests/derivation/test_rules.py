"""The table of rules: every formula holds, every rule has a sentence, no rule is without use."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf
from closedform.core.expr import OPS
from closedform.derivation.rules import FORMULAS, QUIET, formula, named
from closedform.emit.unicode import unicode
from closedform.lang import LANGUAGES, catalogue
from closedform.syntax.declare import declarations
from closedform.verification.interpreter import evaluate
from closedform.verification.sample import samples

#: the formulas that are identities, in the text syntax
IDENTITIES = {
    "split": ("A*(X + Y)", "A*X + A*Y", ""),
    "scalar-transpose": ("u'*A*v", "v'*A'*u", ""),
    "scalar-trace": ("u'*X*v", "tr(v*u'*X)", ""),
    "cyclic": ("tr(A*B*C)", "tr(C*A*B)", ""),
    "sum-hadamard": ("sum(A.*X)", "tr(A'*X)", ""),
    "trace-hadamard": ("tr(A'*(B.*X))", "tr((A.*B)'*X)", ""),
    "trace-transpose": ("tr(A*X')", "tr(A'*X)", "A: matrix(n,n); X: matrix(n,n)"),
    "adjoint-diag": ("tr(A*diag(u))", "diag(A)'*u", ""),
    "adjoint-diagonal": ("u'*diag(X)", "tr(diag(u)*X)", "X: matrix(n,n); u: vector(n)"),
    "entries-diag": ("c.*x", "diag(c)*x", "c: vector(n); x: vector(n)"),
    "diag-swap": ("diag(x)*v", "diag(v)*x", ""),
    "vec-matmul": ("vec(A*X*B)", "kron(B', A)*vec(X)", ""),
    "vec-hadamard": ("vec(A.*X)", "diag(vec(A))*vec(X)", ""),
}


def sides(key):
    left, right, let = IDENTITIES[key]
    shapes, properties, _ = declarations([let] if let else [])
    both = cf.parse(f"{left} - ({right})", shapes, properties, infer=True)
    known = {name: x.shape for name, x in both.variables.items()}
    return cf.parse(left, known).expr, cf.parse(right, known).expr


@pytest.mark.parametrize("key", IDENTITIES)
def test_a_formula_holds(key):
    left, right = sides(key)
    for sample in samples([left, right]):
        values = [evaluate(side, sample.env, sample.sizes) for side in (left, right)]
        np.testing.assert_allclose(*values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("key", IDENTITIES)
def test_a_formula_is_shown_as_the_identity_that_was_tested(key):
    left, right = sides(key)
    shown = f"{unicode(left)} = {unicode(right)}"
    assert formula(key).replace(" ", "").replace("vecA", "vec(A)") == shown.replace(" ", "").replace("·", "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_has_a_sentence(lang):
    assert {f"step.{key}" for key in FORMULAS} <= catalogue(lang).keys()


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.differential or op.adjoint], ids=lambda op: op.name)
def test_the_rule_of_every_operation_has_a_sentence(op):
    for family in ("d", "vec", "adjoint"):
        key, name = named(f"{family}-{op.name}")
        assert name == op.name or f"{family}-{op.name}" == key
        assert f"step.{key}" in catalogue("en")


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.kind == "elementwise"])
def test_the_rule_of_a_function_is_stated_by_its_record(name):
    assert formula(f"d-{name}").startswith("d(") and " = " in formula(f"d-{name}")


def test_what_is_quiet_is_a_rule():
    assert {key for key in QUIET if not key.startswith("d-")} <= FORMULAS.keys()
