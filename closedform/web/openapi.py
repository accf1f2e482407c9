"""The OpenAPI description of the JSON API, made from the table of calls."""

from __future__ import annotations

from typing import Any

from closedform import __version__
from closedform.web.calls import CALLS, LONGEST, MOST, Call, Field

TEXT, NUMBER, WHOLE, TRUTH = ({"type": t} for t in ("string", "number", "integer", "boolean"))
TEXTS = {"type": "array", "items": TEXT}
ANY_OBJECT = {"type": "object", "additionalProperties": True}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def _record(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all these fields."""
    return {"type": "object", "required": list(properties), "properties": properties}


STEP = _record(rules=TEXTS, sentence=TEXT, formulas=TEXTS, head=TEXT, relation=TEXT, before=TEXT, after=TEXT,
               unicode=TEXT, latex=TEXT, shapes={"type": "array", "items": TEXTS})  # fmt: skip
DERIVATION = _record(lang=TEXT, level=TEXT, steps={"type": "array", "items": STEP}, max_error=NUMBER,
                     certificate=_or_null(ANY_OBJECT))  # fmt: skip
REPORT = _record(sizes={"type": "array", "items": ANY_OBJECT}, points=WHOLE, max_error=NUMBER, method=TEXT,
                 tolerance=NUMBER, certificate=_or_null(ANY_OBJECT), verdict=TEXT)  # fmt: skip
SCHEMAS = {
    "derivative": _record(
        function=TEXT, variables=TEXTS, text=TEXT, unicode=TEXT, latex=TEXT, shape=TEXTS, layout=TEXT, operator=TEXT,
        index=_or_null(TEXT), conditions=TEXTS, conventions=TEXTS, inferred=TEXTS,
        code={"type": "object", "additionalProperties": _or_null(TEXT)}, steps=_or_null(DERIVATION), check=REPORT,
    ),
    "steps": {"allOf": [DERIVATION, _record(text=TEXT, verdict=TEXT, latex=TEXT)]},
    "check": _record(
        statement=TEXT, verdict={"enum": ["true", "conditional", "false", "ambiguous"]}, conditions=TEXTS,
        layouts=TEXTS, convention=_or_null(TEXT), readings={"type": "array", "items": ANY_OBJECT},
        reason=_or_null(TEXT), counterexample=_or_null(ANY_OBJECT), correction=_or_null(TEXT),
        corrected=_or_null(TEXT), inferred=TEXTS, unfinished=TRUTH, **{"domain": TEXTS},
    ),
    "judge": _record(
        verdict={"enum": ["right", "layout", "wrong"]}, layouts=TEXTS, asked=TEXT, line=_or_null(WHOLE), mine=TEXT,
        slip=_or_null(TEXT), said=TEXTS, correct=TEXT, step=_or_null(WHOLE),
    ),
    "error": _record(error=_record(
        type=TEXT, message=TEXT, hint=_or_null(TEXT), span=_or_null({"type": "array", "items": WHOLE}),
        source=_or_null(TEXT), shapes=ANY_OBJECT, status=WHOLE,
    )),
}  # fmt: skip
REFUSALS = {
    "400": "the request is no question: no JSON, or a field is missing, unknown or of the wrong type",
    "413": "the request, the formula or its answer is too large",
    "422": "a mistake in the question: message, hint, and its place in the text",
    "429": "too many questions of this client",
    "500": "an answer failed its check and is not shown, or another mistake of ours",
    "503": "too many questions of all clients",
    "504": "the question takes too long",
}


def description() -> dict[str, Any]:
    """The description, in OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "closedform",
            "version": __version__,
            "summary": "Matrix calculus: derivatives in closed matrix notation, checked before they are shown.",
        },
        "paths": {f"/api/v1/{name}": {"post": _operation(name, call)} for name, call in CALLS.items()},
        "components": {"schemas": SCHEMAS},
    }


def _operation(name: str, call: Call) -> dict[str, Any]:
    def answer(schema: str, doc: str) -> dict[str, Any]:
        reference = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
        return {"description": doc, "content": {"application/json": reference}}

    return {
        "operationId": name,
        "summary": call.doc,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": request_schema(call), "example": call.example}},
        },
        "responses": {"200": answer(name, "the answer")} | {s: answer("error", d) for s, d in REFUSALS.items()},
    }


def request_schema(call: Call) -> dict[str, Any]:
    """The schema of a request."""
    return {
        "type": "object",
        "required": [n for n, f in call.fields.items() if f.default is None and not f.optional],
        "additionalProperties": False,
        "properties": {n: _field(f) for n, f in call.fields.items()},
    }


def _field(f: Field) -> dict[str, Any]:
    about: dict[str, Any] = {"description": f.doc}
    if f.default is not None:
        about["default"] = f.default
    text: dict[str, Any] = {"type": "string", "maxLength": LONGEST} | ({"enum": list(f.choices)} if f.choices else {})
    if not f.many:
        return text | about
    return {"oneOf": [text, {"type": "array", "items": text, "minItems": 1, "maxItems": MOST}]} | about
