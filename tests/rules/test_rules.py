"""Every rewrite rule, by walking the tables: it preserves the value, it fires, and it makes things smaller."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.core.expr import symbols
from closedform.core.normal import normal
from closedform.core.rewrite import Rule
from closedform.rules import TABLES
from closedform.verification.interpreter import evaluate

RULES = [pytest.param(rule, id=f"{table}-{rule.name}") for table, rules in TABLES.items() for rule in rules]
SIZES = st.sampled_from([1, 2, 3, 4])


@pytest.mark.parametrize("rule", RULES)
@given(m=SIZES, n=SIZES, p=SIZES, q=SIZES, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_every_rule_preserves_the_value(rule: Rule, m, n, p, q, seed):
    sizes = {"m": m, "n": n, "p": p, "q": q}
    rng = np.random.default_rng(seed)
    env = {
        s.data.name: rng.uniform(0.2, 1.4, [d.value(sizes) for d in s.shape]) for s in symbols(rule.left, rule.right)
    }
    for x in symbols(rule.left):
        if "symmetric" in x.data.properties:
            env[x.data.name] += env[x.data.name].T
    if rule.when is not None:  # the condition of all such rules: B = −A
        env["B"] = -env["A"]
    assert np.allclose(evaluate(rule.left, env, sizes), evaluate(rule.right, env, sizes), rtol=1e-10)


@pytest.mark.parametrize("rule", [r for r in RULES if r.values[0].when is None])
def test_every_rule_is_applied(rule: Rule):
    assert normal(rule.left) is normal(rule.right)


def test_no_two_rules_share_a_name():
    names = [rule.name for rules in TABLES.values() for rule in rules]
    assert len(names) == len(set(names))
