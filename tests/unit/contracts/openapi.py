"""A document that keeps every rule of the profile, and small changes to it by JSON pointer."""

import copy
from typing import Any

GONE = object()
_JSON = "application/json"
_PROBLEM = {
    "description": "Something is wrong / Något är fel",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_ABOUT = {
    "get": {
        "description": "What this API is",
        "responses": {
            "200": {
                "description": "Name and version",
                "content": {_JSON: {"schema": {"type": "object"}, "example": {"apiName": "bygglov"}}},
            }
        },
    }
}
_CASES = {
    "get": {
        "description": "Cases, newest first",
        "parameters": [
            {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}},
            {"$ref": "#/components/parameters/limit"},
            {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {
                "description": "A page of cases",
                "content": {
                    _JSON: {
                        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Case"}},
                        "examples": {"one": {"value": []}},
                    }
                },
            },
            "4XX": {"$ref": "#/components/responses/Problem"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    },
    "post": {
        "description": "Start a case",
        "requestBody": {"content": {_JSON: {"schema": {"$ref": "#/components/schemas/Case"}}}},
        "responses": {"201": {"description": "Started"}, "400": {"$ref": "#/components/responses/Problem"}},
    },
}
_ONE = {
    "parameters": [{"name": "caseId", "in": "path", "required": True, "schema": {"type": "string"}}],
    "get": {"description": "One case", "responses": {"200": {"description": "The case"}}},
}
_COMPONENTS = {
    "parameters": {"limit": {"name": "limit", "in": "query", "schema": {"$ref": "#/components/schemas/Limit"}}},
    "responses": {"Problem": _PROBLEM},
    "schemas": {
        "Limit": {"type": "integer", "default": 20},
        "Case": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "example": "b-17"},
                "startTime": {"type": "string", "format": "date-time", "example": "2026-03-02T08:15:00Z"},
                "decisionDate": {"type": "string", "format": "date", "example": "2026-03-09"},
                "partOf": {"$ref": "#/components/schemas/Part"},
            },
        },
        "Part": {"type": "object", "example": {}, "allOf": [{"$ref": "#/components/schemas/Case"}]},
        "Problem": {
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
            },
        },
    },
    "securitySchemes": {
        "login": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "https://login.example/token", "scopes": {}}},
        },
        "token": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    },
}
_DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "version": "1.0.0",
        "title": "Bygglov",
        "description": "Ärenden om bygglov och beslut för alla. / Cases of building permits and the decisions that follow.",
        "contact": {"name": "Support", "url": "https://bygglov.example", "email": "api@bygglov.example"},
        "license": {"name": "CC0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"},
        "x-sla": {"availability": "99.5 %", "responseTime": "1 s", "support": "08-17"},
        "x-limitations": "100 requests a second",
    },
    "externalDocs": {"description": "Handbook", "url": "https://bygglov.example/docs"},
    "servers": [
        {"url": "https://api.example/bygglov/v1"},
        {"url": "https://api.example:443/{api}/v1", "variables": {"api": {"default": "bygglov"}}},
    ],
    "paths": {"/api-info": _ABOUT, "/building-cases": _CASES, "/building-cases/{caseId}": _ONE},
    "components": _COMPONENTS,
}


def good() -> dict[str, Any]:
    """A copy that may be changed."""
    return copy.deepcopy(_DOCUMENT)


def changed(edits: dict[str, Any]) -> dict[str, Any]:
    """The good document with values set, and taken out where they are GONE, at JSON pointers; `-` adds to a list."""
    document = good()
    for pointer, value in edits.items():
        *keys, last = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
        place: Any = document
        for key in keys:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if isinstance(place, list):
            place.append(value) if last == "-" else place.__setitem__(int(last), value)
        elif value is GONE:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return document
