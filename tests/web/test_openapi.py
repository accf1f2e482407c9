"""The description of the API is valid, and what the API answers is as described."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from closedform.errors import ClosedFormError
from closedform.web.calls import CALLS, Call
from closedform.web.openapi import description
from closedform.web.work import work

DESCRIPTION = description()
ASKED = [
    ("derivative", {"f": "A*inv(X)*B", "by": "X", "lang": "ko", "level": "full"}),
    ("derivative", {"f": "max(x)", "by": ["x"], "layout": "all"}),
    ("derivative", {"f": "sum(sigma(A*x))", "by": ["x"], "let": "sigma: entrywise"}),
    ("derivative", {"f": "logdet(S)", "by": ["S"], "let": "S: spd", "symmetric": "entries"}),
    ("steps", {"f": "tr(A*X*B)", "by": ["X"], "route": "expansion"}),
    ("check", {"statement": "A*B = B*A + A"}),
    ("check", {"statement": "d(inv(X)) = -inv(X)*dX*inv(X)", "lang": "zh"}),
    ("judge", {"f": "x'*A*x", "by": ["x"], "mine": "df = dx'*A*x; A*x"}),
    *((name, call.example) for name, call in CALLS.items()),
]
REFUSED = [("derivative", {"f": "x+", "by": "x"}), ("check", {"statement": "x"}), ("judge", {}), ("steps", [])]


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator({**DESCRIPTION["components"]["schemas"][name]})


def ask(name: str, fields: Any) -> tuple[int, Any]:
    status, _, body = work(json.dumps({"kind": f"api/{name}", "fields": fields}).encode()).decode().partition(" ")
    return int(status), json.loads(body)


def test_the_description_is_valid():
    validate(DESCRIPTION)


@pytest.mark.parametrize(("name", "fields"), ASKED)
def test_requests_and_answers_are_as_described(name, fields):
    operation = DESCRIPTION["paths"][f"/api/v1/{name}"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator(request).validate(fields)
    status, answer = ask(name, fields)
    assert status == 200, answer
    schema(name).validate(answer)


@pytest.mark.parametrize("name", CALLS)
def test_no_field_of_an_answer_is_left_out_of_the_description(name):
    described = DESCRIPTION["components"]["schemas"][name]
    records = described.get("allOf", [described])
    _, answer = ask(name, CALLS[name].example)
    known = {field for record in records for field in record["properties"]}
    assert set(answer) - known <= {"constants", "corrected_layout", "check"}


@pytest.mark.parametrize(("name", "fields"), REFUSED)
def test_errors_are_as_described(name, fields):
    status, answer = ask(name, fields)
    schema("error").validate(answer)
    assert (
        status == answer["error"]["status"]
        and str(status) in DESCRIPTION["paths"][f"/api/v1/{name}"]["post"]["responses"]
    )


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_request_that_the_description_refuses_is_refused(call: Call):
    for wrong in ({**call.example, "evil": "1"}, {}, {k: 1 for k in call.example}, []):
        with pytest.raises(ClosedFormError):
            call.read(wrong)
