"""Envoy's own words for a service: clusters and routes, each with our mark in its metadata, as plain JSON values.

Everything is serialised as JSON, never pasted into text, so no name can break the configuration. A cluster's name
holds a hash of where it leads: a changed upstream is a new cluster beside the old one, and the route moves over.
Source of the forms: Envoy 1.40 API reference, v3 Cluster, RouteConfiguration and Bootstrap.
"""

import hashlib
import ipaddress
import json
import re
import time
from typing import Any

from subscribers.adapter import MARK, Route, Service, Upstream
from subscribers.adapters import names
from subscribers.adapters.gateway import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    RELEASE_HEADER,
    TRUST_STORE,
    host_header,
    is_named,
)

TYPE = "type.googleapis.com/envoy."
ROUTE_CONFIG = "gemensam"
Json = dict[str, Any]
SUBSCRIBER, RECONNECT_SECONDS = "gemensam-subscriber", 1
_HTTP2: Json = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": TYPE + "extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}
# Only what the upstream has not seen is sent again, and to another of its addresses where there is one.
_RETRY: Json = {
    "retry_on": "connect-failure,refused-stream,reset-before-request",
    "num_retries": 2,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": TYPE + "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
        }
    ],
    "host_selection_retry_max_attempts": 3,
}


def fragment(service: Service, trust_store: str = TRUST_STORE) -> Json:
    """The clusters and routes of a service. Errors: AdapterError NAME_REFUSED."""
    names.checked(service)
    return {
        "clusters": [_cluster(service, route, trust_store) for route in service.routes],
        "routes": [_route(service, route) for route in service.routes],
    }


def text(value: Json) -> str:
    """The canonical form of a fragment: what `render` and `observe` give."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def key_of(resource: Any) -> str:
    """The subscription that a cluster or route is marked with; '' when it is not ours."""
    metadata: Any = resource.get("metadata", {}) if isinstance(resource, dict) else {}
    try:
        key = metadata["filter_metadata"][MARK]["subscription"]
    except (KeyError, TypeError):
        return ""
    return key if isinstance(key, str) else ""


def discovery(resources: list[Json]) -> Json:
    """A DiscoveryResponse; its version is new each time, so that the gateway's word on it is about this very file."""
    return {"version_info": f"{time.time_ns():x}", "resources": resources}


def route_config(routes: list[Json]) -> Json:
    """Our RouteConfiguration: one virtual host for every authority."""
    ours = {"name": ROUTE_CONFIG, "domains": ["*"], "routes": routes}
    kind = TYPE + "config.route.v3.RouteConfiguration"
    return {"@type": kind, "name": ROUTE_CONFIG, "virtual_hosts": [ours]}


def bootstrap(directory: str, listen: tuple[str, int], admin: tuple[str, int]) -> Json:
    """A whole bootstrap for a gateway that follows the adapter's files; an operator's own needs the same places."""
    return _bootstrap(listen, admin, _file(f"{directory}/clusters.json"), _file(f"{directory}/routes.json"))


def ads_bootstrap(directory: str, listen: tuple[str, int], admin: tuple[str, int], subscriber: tuple[str, int]) -> Json:
    """The same for a gateway that connects to the subscriber; by TLS when that is on another host.

    `directory`: then with `ca.pem`, that proves the subscriber, and the gateway's own `gateway.pem` and `gateway.key`.
    """
    again: Json = {"retry_back_off": {"base_interval": "0.1s", "max_interval": f"{RECONNECT_SECONDS}s"}}
    service = {"envoy_grpc": {"cluster_name": SUBSCRIBER, "retry_policy": again}}
    source = {"ads": {}, "resource_api_version": "V3"}
    made = _bootstrap(listen, admin, source, source)
    made["dynamic_resources"]["ads_config"] = {
        "api_type": "GRPC",
        "transport_api_version": "V3",
        "grpc_services": [service],
    }
    made["static_resources"]["clusters"] = [_subscriber(directory, subscriber)]
    return made


def _subscriber(directory: str, where: tuple[str, int]) -> Json:
    endpoints = [{"endpoint": {"address": _address(*where)}}]
    cluster: Json = {
        "name": SUBSCRIBER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 10, "keepalive_interval": 5}},
        "typed_extension_protocol_options": _HTTP2,
        "load_assignment": {"cluster_name": SUBSCRIBER, "endpoints": [{"lb_endpoints": endpoints}]},
    }
    if not ipaddress.ip_address(where[0]).is_loopback:
        tls = _tls(Upstream("grpcs", *where), f"{directory}/ca.pem")
        own = {"certificate_chain": {"filename": f"{directory}/gateway.pem"}}
        own["private_key"] = {"filename": f"{directory}/gateway.key"}
        tls["typed_config"]["common_tls_context"]["tls_certificates"] = [own]
        cluster["transport_socket"] = tls
    return cluster


def _bootstrap(listen: tuple[str, int], admin: tuple[str, int], clusters: Json, routes: Json) -> Json:
    manager = {
        "@type": TYPE + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "rds": {"route_config_name": ROUTE_CONFIG, "config_source": routes},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": TYPE + "extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    listener = {"name": "gateway", "address": _address(*listen), "filter_chains": [{"filters": filters}]}
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": _address(*admin)},
        "dynamic_resources": {"cds_config": clusters},
        "static_resources": {"listeners": [listener]},
    }


def _cluster(service: Service, route: Route, trust_store: str) -> Json:
    upstream, name = route.upstream, _cluster_name(service, route)
    endpoints = [
        {"endpoint": {"address": _address(address, upstream.port), "hostname": upstream.host}}
        for address in upstream.addresses
    ]
    cluster: Json = {
        "@type": TYPE + "config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",  # the addresses that the policy judged, and no others
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "metadata": _mark(service),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }
    if upstream.grpc:
        cluster["typed_extension_protocol_options"] = _HTTP2
    if upstream.secure:
        cluster["transport_socket"] = _tls(upstream, trust_store)
    return cluster


def _tls(upstream: Upstream, trust_store: str) -> Json:
    """TLS that proves the host's name: a certificate for another name is refused."""
    is_name = is_named(upstream)
    matcher = {"san_type": "DNS" if is_name else "IP_ADDRESS", "matcher": {"exact": upstream.host}}
    context = {
        "trusted_ca": {"filename": trust_store},
        "match_typed_subject_alt_names": [matcher],
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": TYPE + "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            **({"sni": upstream.host} if is_name else {}),  # an address is no server name (RFC 6066)
            "common_tls_context": {
                "validation_context": context,
                "alpn_protocols": ["h2"] if upstream.grpc else ["http/1.1"],
            },
        },
    }


def _route(service: Service, route: Route) -> Json:
    upstream = route.upstream
    action: Json = {"cluster": _cluster_name(service, route), "host_rewrite_literal": host_header(upstream)}
    action["timeout"] = "0s" if upstream.grpc else f"{ANSWER_SECONDS}s"  # streams have no end
    action["retry_policy"] = _RETRY
    if upstream.grpc:
        authority = {"name": ":authority", "string_match": {"exact": route.authority}}
        match: Json = {"prefix": "/", "headers": [authority]}
    else:
        match = {"path_separated_prefix": route.path}
        action["prefix_rewrite"] = upstream.path
        if not upstream.path:
            del action["prefix_rewrite"]
            pattern = {"regex": f"^{re.escape(route.path)}/*"}
            action["regex_rewrite"] = {"pattern": pattern, "substitution": "/"}
    header = {"key": RELEASE_HEADER, "value": service.release}
    return {
        "name": f"{service.key}/{route.interface}",
        "match": match,
        "route": action,
        "metadata": _mark(service),
        "response_headers_to_add": [{"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def _cluster_name(service: Service, route: Route) -> str:
    upstream = route.upstream
    where = f"{upstream.scheme} {upstream.host} {upstream.port} {','.join(upstream.addresses)}"
    return f"gemensam/{service.key}/{route.interface}/{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def _mark(service: Service) -> Json:
    return {"filter_metadata": {MARK: {"subscription": service.key}}}


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _file(path: str) -> Json:
    return {"path_config_source": {"path": path}, "resource_api_version": "V3"}
