"""Each rule of the national REST API profile: what keeps it, what does not, and where the finding points."""

from typing import Any

import pytest

from registry.contracts.profile import RULES, profile
from tests.unit.contracts.openapi import GONE, changed, good

CASES = "/paths/~1building-cases"
GET, POST, ONE = f"{CASES}/get", f"{CASES}/post", "/paths/~1building-cases~1{caseId}"
OK, BAD = f"{GET}/responses/200", "/components/responses/Problem"
SCHEMAS, LOGIN = "/components/schemas", "/components/securitySchemes"
CASE, URL = f"{SCHEMAS}/Case/properties", "/servers/0/url"
JSON = "application~1json"


def query(name: str, **more: Any) -> dict[str, Any]:
    return {f"{GET}/parameters/-": {"name": name, "in": "query", **more}}


def header(schema: dict[str, Any]) -> dict[str, Any]:
    return {f"{GET}/parameters/2/schema": schema}


def time(example: Any) -> dict[str, Any]:
    return {f"{CASE}/startTime/example": example}


def path(template: str) -> dict[str, Any]:
    return {"/paths/" + template.replace("/", "~1"): {}}


# The rule, the change, and where it is no longer kept.
BROKEN: list[tuple[str, dict[str, Any], list[str]]] = [
    ("DOK.01", {"/externalDocs": GONE}, ["/externalDocs"]),
    ("DOK.01", {"/externalDocs/url": " "}, ["/externalDocs"]),
    *[
        ("DOK.03", {f"/info/{key}": GONE}, [f"/info/{key}"])
        for key in ("version", "title", "description", "contact", "license")
    ],
    *[("DOK.03", {f"/info/contact/{key}": ""}, [f"/info/contact/{key}"]) for key in ("name", "url", "email")],
    *[("DOK.03", {f"/info/license/{key}": 1}, [f"/info/license/{key}"]) for key in ("name", "url")],
    ("DOK.03", {"/info": []}, ["/info", "/info/contact", "/info/license"]),
    ("DOK.06", {"/info/description": "Cases of building permits and the decisions."}, ["/info/description"]),
    ("DOK.06", {"/info/description": "Ärenden om bygglov och beslut för alla."}, ["/info/description"]),
    ("DOK.06", {"/info/description": "Och the."}, ["/info/description", "/info/description"]),
    ("DOK.08", {"/info/x-sla": GONE}, ["/info/x-sla"]),
    *[("DOK.08", {f"/info/x-sla/{key}": GONE}, ["/info/x-sla"]) for key in ("availability", "responseTime", "support")],
    ("DOK.08", {"/info/x-sla": GONE, "/externalDocs/description": "Slapp handbook"}, ["/info/x-sla"]),
    ("DOK.09", {"/info/x-limitations": GONE}, ["/info/x-limitations"]),
    ("DOK.11", {"/info/description": " \n"}, ["/info/description"]),
    ("DOK.11", {"/info/description": ["x"]}, ["/info/description"]),
    ("DOK.15", {f"{OK}/content/{JSON}/examples": {}}, [f"{OK}/content/{JSON}"]),
    ("DOK.15", {f"{OK}/content/{JSON}": {}}, [f"{OK}/content/{JSON}"]),
    ("DOK.15", {f"{CASE}/id/example": GONE}, [f"{POST}/requestBody/content/{JSON}"]),
    ("DOK.17", {"/openapi": "2.0"}, ["/openapi"]),
    ("DOK.17", {"/openapi": 3.1}, ["/openapi"]),
    ("DOK.19", {f"{POST}/description": GONE}, [f"{POST}/description"]),
    ("DOK.20", {f"{POST}/responses": GONE}, [f"{POST}/responses"]),
    ("DOK.20", {f"{POST}/responses/201/description": ""}, [f"{POST}/responses/201/description"]),
    ("DOK.20", {f"{BAD}/description": GONE}, [f"{BAD}/description"]),
    ("UFN.01", {URL: "https://api.example/v1"}, [URL]),
    ("UFN.01", {URL: "https://api.example/bygglov/v1.2"}, [URL]),
    ("UFN.01", {"/servers/1/variables/api/default": "a/b"}, ["/servers/1/url"]),
    ("UFN.02", {URL: "http://api.example/bygglov/v1"}, [URL]),
    ("UFN.02", {URL: "https://api.example:8443/bygglov/v1"}, [URL]),
    ("UFN.02", {URL: "https://api.example:x/bygglov/v1"}, [URL]),
    ("UFN.02", {URL: "/bygglov/v1"}, [URL]),
    ("UFN.05", {URL: "https://api.example/bygglov/v1" + "x" * 2019}, [URL]),
    ("UFN.05", {"/servers": [{"url": "https://a/b/v1"}], **path("/" + "x" * 2034)}, ["/paths"]),
    ("UFN.07", {URL: "https://api.example/byggLov/v1"}, [URL]),
    ("UFN.07", path("/cases/{caseId}/åtgärder"), ["/paths/~1cases~1{caseId}~1åtgärder"]),
    ("UFN.08", path("/building.cases"), ["/paths/~1building.cases"]),
    ("UFN.08", path("/building--cases"), ["/paths/~1building--cases"]),
    ("UFN.08", path("/cases-"), ["/paths/~1cases-"]),
    ("UFN.09", path("/building_cases"), ["/paths/~1building_cases"]),
    ("UFN.09", {URL: "https://api.example/bygg lov/v1"}, [URL]),
    ("UFN.09", {f"{ONE}/parameters/0/name": "case_id"}, [f"{ONE}/parameters/0/name"]),
    ("RES.06", path("/Cases"), ["/paths/~1Cases"]),
    ("RES.06", path("/cases/x~y"), ["/paths/~1cases~1x~0y"]),
    ("VER.05", {URL: "https://api.example/bygglov/1"}, [URL]),
    ("VER.05", {URL: "https://api.example/bygglov/v1.0"}, [URL]),
    ("VER.06", {"/paths/~1api-info": GONE}, ["/paths/~1api-info"]),
    ("AME.01", {f"{OK}/content": {"application/xml": {}}}, [f"{OK}/content"]),
    ("AME.01", {f"{POST}/requestBody/content": {"text/csv": {}}}, [f"{POST}/requestBody/content"]),
    ("AME.04", {f"{CASE}/Owner": {}}, [f"{CASE}/Owner"]),
    ("AME.05", {f"{CASE}/land_owner": {}}, [f"{CASE}/land_owner"]),
    (
        "AME.05",
        {f"{CASE}/a_a": {}, f"{CASE}/b_b": {}, f"{CASE}/c_c": {}, f"{CASE}/d_d": {}},
        [f"{CASE}/{key}" for key in ("startTime", "decisionDate", "partOf")],
    ),
    ("AME.07", {f"{CASE}/land-owner": {}}, [f"{CASE}/land-owner"]),
    (
        "ARQ.01",
        {f"{POST}/requestBody/content": {"application/json; charset=iso-8859-1": {}}},
        [f"{POST}/requestBody/content/application~1json; charset=iso-8859-1"],
    ),
    ("ARQ.05", header({"type": "object"}), [f"{GET}/parameters/2"]),
    ("ARQ.05", header({"type": ["null", "object"]}), [f"{GET}/parameters/2"]),
    ("ARQ.05", header({"type": "array", "items": {"$ref": f"#{SCHEMAS}/Case"}}), [f"{GET}/parameters/2"]),
    ("ARQ.05", header({"type": "string", "format": "binary"}), [f"{GET}/parameters/2"]),
    ("ARQ.05", {f"{GET}/parameters/2/content": {"application/json": {}}}, [f"{GET}/parameters/2"]),
    ("DOT.01", time("2026-03-02T08:15:00+01:00"), [f"{CASE}/startTime/example"]),
    ("DOT.01", {f"{CASE}/startTime/examples": ["2026-03-02T08:15:00Z", "2 mars"]}, [f"{CASE}/startTime/examples/1"]),
    ("DOT.01", time(1772439300), [f"{CASE}/startTime/example"]),
    ("DOT.04", {f"{CASE}/decisionDate/example": "9/3 2026"}, [f"{CASE}/decisionDate/example"]),
    ("DOT.04", {f"{CASE}/decisionDate/example": "2026-13-09"}, [f"{CASE}/decisionDate/example"]),
    ("DOT.04", {f"{SCHEMAS}/Day": {"format": "date-time", "example": "2026-03-02 08:15"}}, [f"{SCHEMAS}/Day/example"]),
    *[
        ("FEL.01", {f"{SCHEMAS}/Problem/properties/{key}": GONE}, [f"{SCHEMAS}/Problem"])
        for key in ("type", "title", "status", "detail", "instance")
    ],
    ("FEL.01", {f"{BAD}/content/application~1problem+json": {}}, [f"{BAD}/content/application~1problem+json/schema"]),
    ("FEL.02", {f"{BAD}/content": {"application/json": {}}}, [f"{BAD}/content"]),
    ("FEL.02", {f"{POST}/responses/500": {"content": {"text/html": {}}}}, [f"{POST}/responses/500/content"]),
    ("FOR.02", {f"{GET}/requestBody": {}}, [f"{GET}/requestBody"]),
    (
        "FNS.01",
        query("sortOrder") | {f"{ONE}/parameters/-": {"name": "sort_by", "in": "query"}},
        [f"{ONE}/parameters/1/name"],
    ),
    ("FNS.01", query("sort-by"), [f"{GET}/parameters/3/name"]),
    ("FNS.03", query("1st"), [f"{GET}/parameters/3/name"]),
    ("FNS.05", query("sort", required=True), [f"{GET}/parameters/3/required"]),
    ("FNS.06", query("sort[by]"), [f"{GET}/parameters/3/name"]),
    ("FNS.07", {f"{GET}/parameters/1": {"name": "mylimit", "in": "query"}}, [f"{GET}/parameters"]),
    ("FNS.07", {f"{ONE}/parameters/-": {"name": "offset", "in": "query"}}, [f"{ONE}/get/parameters"]),
    ("FNS.08", {f"{GET}/parameters/0/schema/default": 0}, [f"{GET}/parameters/0/schema/default"]),
    ("FNS.08", {f"{GET}/parameters/0/schema/default": True}, [f"{GET}/parameters/0/schema/default"]),
    ("FNS.08", {f"{GET}/parameters/0/schema": GONE}, [f"{GET}/parameters/0/schema/default"]),
    ("FNS.09", {f"{SCHEMAS}/Limit/default": 100}, [f"{SCHEMAS}/Limit/default"]),
    *[
        ("RES.02", query(name), [f"{GET}/parameters/3/name"])
        for name in ("pnr", "personal-identity-number", "Personnummer", "personnr", "ssn", "social_security_number")
    ],
    ("RES.02", {f"{ONE}/parameters/0/name": "personnummer"}, [f"{ONE}/parameters/0/name"]),
    ("SAK.01", {URL: "http://api.example/bygglov/v1"}, [URL]),
    ("SAK.01", {URL: "/bygglov/v1"}, [URL]),
    ("SAK.01", {URL: "https://[x/bygglov/v1"}, [URL]),
    ("SAK.09", {f"{LOGIN}/token/scheme": "Basic"}, [f"{LOGIN}/token/scheme"]),
    ("SAK.09", {f"{LOGIN}/token/scheme": "digest"}, [f"{LOGIN}/token/scheme"]),
    ("SAK.10", {f"{LOGIN}/token/scheme": "hoba"}, [f"{LOGIN}/token/scheme"]),
    ("SAK.10", {f"{LOGIN}/token/scheme": GONE}, [f"{LOGIN}/token/scheme"]),
    ("SAK.15", {f"{LOGIN}/key/in": "query"}, [f"{LOGIN}/key/in"]),
    ("SAK.16", {f"{LOGIN}/key/in": "cookie"}, [f"{LOGIN}/key/in"]),
    ("SAK.18", {f"{LOGIN}/login": GONE, f"{LOGIN}/token": GONE}, [LOGIN]),
    (
        "SAK.18",
        {f"{LOGIN}/login/flows/clientCredentials/tokenUrl": "http://login.example"},
        [f"{LOGIN}/login/flows/clientCredentials/tokenUrl"],
    ),
]
BROKEN += [
    ("SAK.01", {URL: "https:/bygglov/v1"}, [URL]),
    (
        "FNS.09",
        {
            f"{ONE}/parameters": [{"name": "offset", "in": "query"}, {"$ref": "#/components/parameters/limit"}],
            f"{SCHEMAS}/Limit/default": 5,
        },
        [f"{SCHEMAS}/Limit/default"],
    ),
]
# The rule, and a change that comes near to it without breaking it.
KEPT: list[tuple[str, dict[str, Any]]] = [
    ("DOK.01", {"/externalDocs": {"description": "x", "url": "y"}}),
    ("DOK.03", {"/info/license": {"name": "CC0", "identifier": "CC0-1.0"}}),
    ("DOK.06", {"/info/description": "DET ÄR BRA. IT IS THE BEST."}),
    ("DOK.08", {"/info/x-sla": GONE, "/info/termsOfService": "https://bygglov.example/terms"}),
    ("DOK.08", {"/info/x-sla": GONE, "/externalDocs/description": "Handbook and SLA"}),
    ("DOK.09", {"/info/x-limitations": GONE, "/info/description": "Kända Begränsningar: inga."}),
    ("DOK.09", {"/info/x-limitations": GONE, "/externalDocs/description": "Limits"}),
    ("DOK.11", {"/info/description": "x"}),
    ("DOK.15", {f"{OK}/content/{JSON}": {"example": None}}),
    ("DOK.15", {f"{OK}/content/{JSON}": {"schema": {"$ref": f"#{SCHEMAS}/Part"}}}),
    ("DOK.15", {f"{OK}/content": {"text/csv": {}}}),
    ("DOK.15", {f"{OK}/content/{JSON}": {"schema": {"$ref": f"#{SCHEMAS}/Limit", "examples": [20]}}}),
    ("DOK.15", {f"{OK}/content/{JSON}": {"schema": {"$ref": "cases.yaml#/Case"}}}),
    ("DOK.15", {f"{GET}/requestBody": {"content": {"application/json": {}}}}),
    ("DOK.17", {"/openapi": "3.0.3"}),
    ("DOK.19", {ONE + "/summary": "No operation"}),
    ("DOK.20", {f"{POST}/responses": {200: {"description": "A number, as YAML has it"}}}),
    ("DOK.20", {f"{POST}/responses/400": {"$ref": "problems.yaml#/Problem"}}),
    ("UFN.01", {URL: "https://api.example/bygglov/v1/"}),
    ("UFN.01", {"/servers": GONE}),
    ("UFN.02", {URL: "https://api.example"}),
    ("UFN.05", {"/servers": [{"url": "https://a/b/v1"}], **path("/" + "x" * 2033)}),
    ("UFN.07", {URL: "https://api.example/a.b~c-9/{x_Y}"}),
    ("UFN.08", path("/building-cases/{case_id}")),
    ("UFN.09", query("case_id")),
    ("RES.06", path("/cases/{caseId}/x9-y/")),
    ("VER.05", {URL: "https://api.example/v0beta1/bygglov"}),
    ("VER.06", {"/paths/~1api-info": {}}),
    ("AME.01", {f"{OK}/content/application~1xml": {}}),
    ("AME.01", {f"{BAD}/content": {"text/plain": {}}}),
    ("AME.04", {f"{CASE}/land_owner": {}, f"{CASE}/landOwner2": {}}),
    ("AME.05", {f"{CASE}/Owner": {}, f"{CASE}/name2": {}, f"{CASE}/land-owner": {}}),
    ("AME.07", {f"{CASE}/_Land_9": {}}),
    ("ARQ.01", {f"{POST}/requestBody/content": {'application/json; charset="UTF-8"': {}}}),
    ("ARQ.05", header({"type": "array", "items": {"type": "string"}})),
    ("ARQ.05", {f"{GET}/parameters/2/content": {"text/plain": {}}}),
    ("DOT.01", time("2026-03-02T08:15:00.123456789+00:00")),
    ("DOT.01", {f"{SCHEMAS}/Sent": {"format": "date-time", "example": "2026-03-02T08:15:00+01:00"}}),
    ("DOT.04", time("2026-12-31T23:59:60-23:59")),
    ("FEL.01", {f"{SCHEMAS}/Problem/properties/more": {}}),
    ("FEL.01", {f"{SCHEMAS}/Problem/properties": GONE, f"{SCHEMAS}/Problem/$ref": "https://problems.example"}),
    (
        "FEL.01",
        {
            f"{SCHEMAS}/Sum": {"allOf": [{"$ref": f"#{SCHEMAS}/Problem"}]},
            f"{BAD}/content": {"application/problem+xml": {"schema": {"$ref": f"#{SCHEMAS}/Sum"}}},
        },
    ),
    ("FEL.02", {f"{POST}/responses/500": {"description": "Nothing more is said"}}),
    ("FEL.02", {f"{BAD}/content/text~1html": {}}),
    ("FOR.02", {ONE + "/put": {"requestBody": {}}}),
    ("FNS.01", query("sortOrder") | {f"{ONE}/parameters/-": {"name": "filter2", "in": "query"}}),
    ("FNS.03", query("Z9")),
    ("FNS.05", query("sort", required=False)),
    ("FNS.06", query("a-z.A_9~")),
    ("FNS.07", query("offset")),
    ("FNS.07", {f"{ONE}/get/parameters": [{"name": "limit", "in": "query"}, {"name": "page", "in": "header"}]}),
    ("FNS.08", {f"{GET}/parameters/0": {"name": "offset", "in": "query", "schema": {"default": 0}}}),
    ("FNS.09", {f"{ONE}/parameters/-": {"name": "limit", "in": "query", "schema": {"default": 5}}}),
    ("RES.02", {f"{GET}/parameters/2/name": "personnummer"}),
    ("SAK.01", {URL: "https://api.example:8443"}),
    ("SAK.09", {f"{LOGIN}/token/scheme": "Bearer"}),
    ("SAK.10", {f"{LOGIN}/token": {"type": "mutualTLS"}}),
    ("SAK.15", {f"{LOGIN}/key/in": "cookie"}),
    ("SAK.16", {f"{LOGIN}/key": {"type": "openIdConnect"}}),
    ("SAK.18", {LOGIN: GONE}),
    ("SAK.18", {f"{LOGIN}/login": GONE}),
]


KEPT += [("FEL.01", {f"{SCHEMAS}/Problem": {"oneOf": [{"$ref": f"#{SCHEMAS}/Case"}]}})]


def places(rule: str, document: dict[str, Any]) -> list[str]:
    return [each.path for each in profile(document) if each.rule == rule]


@pytest.mark.parametrize(("rule", "edits", "paths"), BROKEN)
def test_a_broken_rule_is_told_with_its_place(rule: str, edits: dict[str, Any], paths: list[str]) -> None:
    assert places(rule, changed(edits)) == paths


@pytest.mark.parametrize(("rule", "edits"), KEPT)
def test_what_comes_near_to_a_rule_is_not_told(rule: str, edits: dict[str, Any]) -> None:
    assert places(rule, changed(edits)) == []


def test_the_good_document_keeps_everything() -> None:
    assert profile(good()) == []


def test_every_rule_has_both_cases() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert {case[0] for case in BROKEN} == {case[0] for case in KEPT} == set(ids)
