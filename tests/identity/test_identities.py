"""A hundred identities from the books: true by the command, true by NumPy alone, and quickly."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from closedform.cli.main import app
from closedform.identity.changes import names_of_sizes
from closedform.syntax.declare import declarations
from closedform.syntax.statement import read_statement
from tests.clock import within
from tests.identity.by_numpy import side

FILE = Path(__file__).parent.parent / "data" / "identities.txt"
SOURCE = re.compile(r"# (MC|MN|HJ)( T)? \d[\d.]*$")
LINES = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def drawn(s, rng):
    """Sizes and values, with the properties declared; differentials beside their variables."""
    sizes = {n: k for n, k in zip(names_of_sizes(s.written), rng.permutation(np.arange(2, 9)), strict=False)}
    env = {}
    for x in [*s.variables.values(), *s.left.moves]:
        X = rng.standard_normal([d.value(sizes) for d in x.shape])
        if X.shape[0] == X.shape[1] and not x.is_scalar:
            X = X / len(X) + np.eye(len(X))
        if "spd" in x.data.properties:
            X = X @ X.T
        if "symmetric" in x.data.properties:
            X = X + X.T
        if "orthogonal" in x.data.properties:
            X = np.linalg.qr(X)[0]
        env[x.data.name] = X
    return sizes, env


def test_there_are_a_hundred_each_with_its_source():
    assert len(LINES) == len(set(LINES)) == 100
    assert [line for line in LINES if not SOURCE.search(line)] == []


@pytest.mark.parametrize("line", LINES)
def test_an_identity_holds_by_numpy_alone(line):
    """Central differences: step 1e-6 and tolerance 1e-6, for second derivatives 1e-4 and 1e-5."""
    statement, _, let = line.partition("#")[0].partition(";")
    s = read_statement(statement, *declarations([let]), infer=True)
    sizes, env = drawn(s, np.random.default_rng(3))
    left, right = (side(x.node, env, sizes) for x in (s.left, s.right))
    assert left.shape == right.shape
    rtol = 1e-5 if len(s.left.variables) == 2 and s.left.kind == "derivative" else 1e-6
    assert np.abs(left - right).max() <= rtol * max(1, np.abs(right).max())


def test_the_command_calls_all_of_them_true_within_ten_seconds():
    with within(10):
        result = CliRunner().invoke(app, ["check", "--file", str(FILE), "--json"])
    verdicts = json.loads(result.stdout)
    assert result.exit_code == 0 and len(verdicts) == 100
    assert [v for v in verdicts if v["verdict"] != "true"] == []
