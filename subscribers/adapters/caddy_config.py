"""Caddy's own words for a service: routes with our mark as `@id`, inside one route of ours, as plain JSON values.

Caddy finds a place by the cleaned path, in any case, but hands the path on as it was asked for. So what was asked for
must begin with the place as it is, and lead nowhere else, or it is refused.
Source of the forms: Caddy 2.6, JSON configuration, apps/http.
"""

import json
from typing import Any

from subscribers.adapter import Route, Service, Upstream
from subscribers.adapters import gateway, names

CONTAINER = "gemensam"
Json = dict[str, Any]
_ASKED = "{http.request.orig_uri}"


def routes(service: Service, trust_store: str) -> list[Json]:
    """The routes of a service. Errors: AdapterError NAME_REFUSED."""
    return [_route(service, route, trust_store) for route in names.checked(service).routes]


def text(found: list[Json]) -> str:
    """The canonical form of routes: what `render` and `observe` give."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def key_of(route: object) -> str:
    """The subscription that a route is marked with; '' when it is not ours."""
    return names.key_of(route.get("@id")) if isinstance(route, dict) else ""


def container(inner: list[Json]) -> Json:
    """The one route in the operator's server that holds all of ours."""
    return {"@id": CONTAINER, "handle": [{"handler": "subroute", "routes": inner}]}


def inner(outer: object) -> list[Any]:
    """The routes in our container; none when somebody made something else of it."""
    try:
        found: Any = outer["handle"][0]["routes"]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return []
    return found if isinstance(found, list) else []


def example(listen: tuple[str, int], admin: tuple[str, int], server: str) -> Json:
    """A whole configuration; an operator's own needs the admin address and a server of that name."""
    http = {
        "listen": [gateway.endpoint(*listen)],
        "protocols": ["h1", "h2", "h2c"],
        "automatic_https": {"disable": True},
        "routes": [{"handle": [{"handler": "static_response", "status_code": 404}]}],
    }
    return {
        "admin": {"listen": gateway.endpoint(*admin)},
        "apps": {"http": {"grace_period": "1h", "servers": {server: http}}},
    }


def _route(service: Service, route: Route, trust_store: str) -> Json:
    if route.upstream.grpc:
        match: Json = {"host": [route.authority]}
        asked, rewritten = "^/", []
    else:
        match = {"path": [route.path, f"{route.path}/*"]}
        asked, rewritten = rf"(?i)^{route.path}([/?]|$)", [_rewrite(route)]
    taken = {"vars_regexp": {_ASKED: {"pattern": asked}}, "not": [_leading_out()]}
    onward = {"match": [taken], "handle": [*rewritten, _proxy(route.upstream, trust_store)], "terminal": True}
    refused = {"handle": [{"handler": "static_response", "status_code": 400}]}
    release = {"handler": "headers", "response": {"set": {gateway.RELEASE_HEADER: [service.release]}}}
    return {
        "@id": names.label(service, route),
        "match": [match],
        "handle": [release, {"handler": "subroute", "routes": [onward, refused]}],
        "terminal": True,
    }


def _leading_out() -> Json:
    return {"vars_regexp": {_ASKED: {"pattern": f"(?i)^[^?]*({gateway.ESCAPES})"}}}


def _rewrite(route: Route) -> Json:
    """Put the service's path where ours was."""
    path = route.upstream.path.replace("$", "$$")
    find, replace = (rf"(?i)^{route.path}(/.*)?$", path + "$1") if path else (rf"(?i)^{route.path}/*(.*)$", "/$1")
    return {"handler": "rewrite", "path_regexp": [{"find": find, "replace": replace}]}


def _proxy(upstream: Upstream, trust_store: str) -> Json:
    version = "2" if upstream.secure else "h2c"
    transport: Json = {
        "protocol": "http",
        "dial_timeout": f"{gateway.CONNECT_SECONDS}s",
        "versions": [version] if upstream.grpc else ["1.1"],
        "compression": False,  # an answer is handed on as the service gave it
    }
    if not upstream.grpc:
        transport["response_header_timeout"] = f"{gateway.ANSWER_SECONDS}s"
    if upstream.secure:
        transport["tls"] = {"server_name": upstream.host, "root_ca_pem_files": [trust_store]}
    several = len(upstream.addresses) > 1
    balancing = {"selection_policy": {"policy": "round_robin"}, "retries": 2, "try_interval": "1ms"}
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": gateway.endpoint(each, upstream.port)} for each in upstream.addresses],
        "transport": transport,
        "headers": {
            "request": {"set": {"Host": [gateway.host_header(upstream)]}},
            "response": {"delete": [gateway.RELEASE_HEADER]},
        },
        **({"load_balancing": balancing} if several else {}),
    }
