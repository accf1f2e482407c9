"""Requests to refuse: each with a message and a position, quickly, and without much memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import closedform as cf
from closedform.errors import ClosedFormError, DeclarationError
from tests.clock import within
from tests.corpus.cases import bad_rows

MUST = [row for row in bad_rows() if row["must"] == "reject"]
SECONDS, MEGABYTES = 1.0, 200


def ask(row):
    """Answer one request of the corpus, which is to raise."""
    f = cf.parse(row["expr"], shapes=row["vars"], properties=row["attrs"])
    return cf.derivative(f, *row["wrt"])


@pytest.mark.parametrize("row", MUST, ids=lambda row: row["id"])
def test_a_bad_request_is_refused_with_a_position_within_a_second(row):
    with within(SECONDS), pytest.raises(ClosedFormError) as refusal:
        ask(row)
    error = refusal.value
    assert error.message and len(str(error)) < 2000
    if row["kind"] != "request" and not isinstance(error, DeclarationError):
        start, end = error.span
        assert 0 <= start <= end <= len(row["expr"])


@pytest.mark.parametrize("row", [r for r in bad_rows() if r["must"] == "policy"], ids=lambda row: row["id"])
def test_a_debatable_request_is_answered_or_refused_but_never_crashes(row):
    try:
        ask(row)
    except ClosedFormError as refusal:
        assert refusal.message


MEASURE = """
import json, resource, closedform as cf
from closedform.errors import ClosedFormError
from tests.corpus.cases import bad_rows
rows = bad_rows()
cf.derivative(cf.parse("x'*x", shapes={"x": ["n"]}), "x")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for row in rows:
    try:
        cf.derivative(cf.parse(row["expr"], shapes=row["vars"], properties=row["attrs"]), *row["wrt"])
    except ClosedFormError:
        pass
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))
"""


def test_all_bad_requests_together_stay_within_200_megabytes():
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout) < MEGABYTES
