"""The OpenAPI 3.1 document, made from the router: what every endpoint answers beside what it promises. API9.

The errors that the door gives are the same everywhere, so they are written here once for all.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from cheban.api.door import WITHOUT_KEY
from cheban.api.problems import CONTENT_TYPE
from cheban.api.schemas import Problem

PREFIX = "/api/v1"
ERRORS = {
    400: "Unreadable JSON, or a missing Idempotency-Key",
    401: "No token, or one that has ended",
    403: "The token lacks the scope, or its maker the permission",
    404: "Absent, or another store's",
    409: "Not now: a wrong state, or the same key is being worked on",
    413: "Body over 4 MB",
    415: "Not application/json",
    422: "Understood and refused; `fields` says what is wrong",
    429: "Too many requests; see Retry-After",
    503: "The database recovers; see Retry-After",
}
OF_BODY = (400, 413, 415)
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "1-128 visible ASCII characters, e.g. a UUID. The same key gives the same answer for 48 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]{1,128}$"},
}


@cache
def openapi() -> dict[str, Any]:
    """The document; the same for everybody."""
    from cheban.api import v1

    document = copy.deepcopy(dict(v1.api.get_openapi_schema(path_prefix=PREFIX.strip("/") + "/")))
    document["servers"] = [{"url": "/"}]
    scheme = {"type": "http", "scheme": "bearer", "description": "A token of the settings page: cbn_…"}
    document["components"]["securitySchemes"] = {"token": scheme}
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    document["components"]["headers"] = {
        name: {"schema": {"type": "integer"}} for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    }
    for method, route, operation in v1.operations():
        entry = document["paths"][PREFIX + route][method.lower()]
        entry["operationId"] = operation.view_func.__name__
        entry["security"] = [{"token": []}]
        scope = operation.auth_callbacks[0].scope
        entry["x-scope"] = scope
        if scope:
            entry["description"] = f"{entry.get('description', '')}\n\nScope: `{scope}`".strip()
        may_have_key = method != "GET" and operation.view_func.__name__ not in WITHOUT_KEY
        if may_have_key:
            entry["parameters"] = [*entry.get("parameters", []), KEY | {"required": method == "POST"}]
        for status, words in ERRORS.items():
            if status in OF_BODY and method == "GET":
                continue
            entry["responses"][status] = {
                "description": words,
                "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        if method == "GET":
            entry["responses"][400] = {
                "description": ERRORS[400],
                "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        entry["responses"] = {str(status): answer for status, answer in sorted(entry["responses"].items())}
    return document


def reference() -> list[dict[str, Any]]:
    """The document as the reference page shows it: groups of endpoints with parameters, bodies and answers."""
    document = openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for route, methods in document["paths"].items():
        for method, entry in methods.items():
            body = entry.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            good = next((a for s, a in entry["responses"].items() if s.startswith("2")), {})
            answer = good.get("content", {}).get("application/json", {}).get("schema")
            groups.setdefault(entry["tags"][0], []).append(
                {
                    "id": entry["operationId"],
                    "method": method.upper(),
                    "path": route,
                    "summary": entry["summary"],
                    "description": entry.get("description", "").partition("\n\nScope:")[0],
                    "scope": entry["x-scope"],
                    "status": next((s for s in entry["responses"] if s.startswith("2")), ""),
                    "parameters": [
                        {
                            "name": p["name"],
                            "in": p["in"],
                            "required": p.get("required", False),
                            "type": _type(p["schema"]),
                            "about": p.get("description", ""),
                        }
                        for p in entry.get("parameters", [])
                    ],
                    "body": _fields(body, document),
                    "answer": _fields(answer, document),
                }
            )
    return [{"name": name, "endpoints": endpoints} for name, endpoints in groups.items()]


def _resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _fields(schema: dict[str, Any] | None, document: dict[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """Fields of an object, those of its objects and lists after it with a dotted name."""
    if not schema:
        return []
    schema, found = _resolve(schema, document), []
    for name, part in schema.get("properties", {}).items():
        found.append(
            {
                "name": prefix + name,
                "type": _type(part),
                "required": name in schema.get("required", []),
                "about": part.get("description", ""),
            }
        )
        inner = part.get("items", part)
        if "$ref" in inner and prefix.count(".") < 2:
            found += _fields(inner, document, f"{prefix}{name}{'[]' if 'items' in part else ''}.")
    return found


def _type(schema: dict[str, Any]) -> str:
    """'string <= 64', 'integer | null', 'a | b': short words for a schema."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return " | ".join(str(v) or '""' for v in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    words = schema.get("format") or schema.get("type", "any")
    return f"{words} ≤ {schema['maxLength']}" if "maxLength" in schema else str(words)
