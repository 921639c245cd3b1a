"""What is served over HTTP, as OpenAPI 3.1, from the nouns that are served: written by `python -m deploy.schemas`."""

import json
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec

from collector.model import Status
from collector.web.facts import Detail, Health, Summary
from collector.web.status.query import API, LAST_PAGE, LONGEST, MOST, PAGE, SORTS
from collector.web.status.told import Faults, Found, is_time

_SORTED = [sign + word for word in SORTS for sign in ("", "-")]
_SENTENCE = {"text/plain": {"schema": {"type": "string"}}}
_DESCRIPTION = """\
Times are RFC 3339 in UTC with milliseconds, durations are seconds, and what is not known is null.
HEAD is answered like GET without a body.
Where a web configuration asks for users or certificates, it does so for every path.
Over 40 requests at once are answered with 503.
"""
_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST}
_ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "project": ("The project's name.", _TEXT),
    "workflow": ("The workflow's id.", _TEXT),
    "execution": (
        "The id of an execution that is under way or remembered; leaves its workflow.",
        _TEXT,
    ),
    "q": ("Words that are all in the name, the id or the project, whatever their case.", _TEXT),
    "health": (
        "How a workflow stands; may be given several times.",
        {"type": "array", "items": {"enum": [each.value for each in Health]}},
    ),
    "status": ("The status of the latest execution.", {"enum": [each.value for each in Status]}),
    "sort": (
        "The order, reversed by `-`: `attention` is failures first; who lacks what is sorted by comes last.",
        {"enum": _SORTED, "default": "attention"},
    ),
    "page": ("Which page.", {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}),
    "per_page": ("Workflows on a page.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": MOST}),
}


def document() -> str:
    """The whole description as JSON."""
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "aom-collector",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {"schemas": _schemas()},
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _paths() -> dict[str, Any]:
    metrics = {
        "text/plain": {"schema": {"type": "string"}},
        "application/openmetrics-text": {"schema": {"type": "string"}},
    }
    workflows = {
        "200": _answer("What the query leaves.", _json("Workflows")),
        "400": _answer("The query cannot be read; as text where the address is too long.", _json("Faults") | _SENTENCE),
        "503": _answer("The state is not loaded yet.", _SENTENCE),
    }
    page = {"200": _answer("The page.", {"text/html": {"schema": {"type": "string"}}})}
    reload = {
        "200": _answer("Reloaded; it says what changed.", _SENTENCE),
        "400": _answer("The file is bad; the one before still holds.", _SENTENCE),
        "403": _answer("Reloading over HTTP is off, or another site asked.", _SENTENCE),
        "503": _answer("The state cannot be read.", _SENTENCE),
    }
    return {
        "/": {"get": _operation("page", "The status page", page, [_loosely(name) for name in PAGE])},
        "/api/v1/workflows": {
            "get": _operation(
                "workflows", "The status page's facts as JSON", workflows, [_strictly(name) for name in API]
            )
        },
        "/metrics": {
            "get": _operation(
                "metrics",
                "The exposition: text 0.0.4, text 1.0.0 or OpenMetrics 1.0.0 as `Accept` says",
                {"200": _answer("The metrics.", metrics), "503": _answer("The state is not loaded yet.", _SENTENCE)},
            )
        },
        "/-/healthy": {"get": _operation("healthy", "Whether the collector turns", _yes_or_no("It does."))},
        "/-/ready": {"get": _operation("ready", "Whether the collector is ready", _yes_or_no("It is."))},
        "/-/reload": {
            "post": _operation("reload", "Read the configuration again", reload),
            "put": _operation("reloadAlike", "Read the configuration again", reload),
        },
    }


def _operation(
    name: str, says: str, answers: dict[str, Any], parameters: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    refused = _answer("Whoever asks may not come in, or too many ask at once.", _SENTENCE)
    asked = {"parameters": list(parameters)} if parameters else {}
    return {"operationId": name, "summary": says, **asked, "responses": answers | {"default": refused}}


def _answer(says: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": says, "content": content}


def _json(noun: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{noun}"}}}


def _yes_or_no(yes: str) -> dict[str, Any]:
    return {"200": _answer(yes, _SENTENCE), "503": _answer("It is not so.", _SENTENCE)}


def _strictly(name: str) -> dict[str, Any]:
    says, schema = _ASKED[name]
    return {"name": name, "in": "query", "description": says, "schema": schema}


def _loosely(name: str) -> dict[str, Any]:
    """For people, what cannot be read is left out, and the page says so."""
    says, schema = _ASKED[name]
    kind = {"type": "array", "items": {"type": "string"}} if schema.get("type") == "array" else {"type": "string"}
    return {"name": name, "in": "query", "description": says, "schema": kind}


def _schemas() -> dict[str, Any]:
    _, nouns = msgspec.json.schema_components(
        (Found, Summary, Detail, Faults), ref_template="#/components/schemas/{name}"
    )
    found, summary, detail = nouns.pop("Found"), nouns.pop("Summary"), nouns.pop("Detail")
    nouns["Workflow"] = {
        "title": "Workflow",
        "type": "object",
        "description": f"{cleandoc(summary['description'])}\n\n{cleandoc(detail['description'])}",
        "properties": summary["properties"] | detail["properties"],
    }
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Workflow"}, "maxItems": MOST}
    nouns["Workflows"] = found | {"title": "Workflows", "properties": found["properties"] | {"workflows": rows}}
    return {name: _whole(noun) for name, noun in sorted(nouns.items())}


def _whole(noun: dict[str, Any]) -> dict[str, Any]:
    """Every field is always there, and no other; times are texts."""
    noun = noun | {"description": cleandoc(noun["description"])}
    if "properties" not in noun:
        return noun
    fields = {name: _field(name, field) for name, field in noun["properties"].items()}
    return noun | {"properties": fields, "required": list(fields), "additionalProperties": False}


def _field(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in schema.items() if key != "default"}
    if not is_time(name):
        return schema
    absent = any(each.get("type") == "null" for each in schema.get("anyOf", ()))
    return {"type": ["string", "null"] if absent else "string", "format": "date-time"}
