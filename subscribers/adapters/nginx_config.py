"""nginx's own words for a service: an upstream in `http.conf`, and locations with our header in `server.conf`.

Every word has passed `names`, which leaves nothing that could end a directive, a string or a block. What nginx cannot
do safely is refused with the reason: it proves no certificate of an address, and reads `$` as its own.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from subscribers.adapter import AdapterError, Route, Service, Upstream
from subscribers.adapters import gateway, names

HTTP, SERVER = "http.conf", "server.conf"
FILES: Final = (HTTP, SERVER)
PLACE = "/.gemensam"  # of requests on their way to a gRPC interface, and of the version
VERSION_HEADER = "gemensam-version"
_ESCAPES = gateway.ESCAPES.replace("\\", "\\\\")  # a string of nginx loses one backslash of two


def blocks(service: Service, trust_store: str) -> Mapping[str, str]:
    """What each file holds for a service. Errors: AdapterError for what nginx cannot be told."""
    names.checked(service)
    for route in service.routes:
        _check(service, route.upstream)
    return {
        HTTP: "".join(_upstream(service, route) for route in service.routes),
        SERVER: "".join(
            _grpc(service, each, trust_store) if each.upstream.grpc else _http(service, each, trust_store)
            for each in service.routes
        ),
    }


def version(texts: Sequence[str]) -> str:
    """What tells one content of the files from another."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def told(number: str) -> str:
    """A place at which the gateway says which version it runs on."""
    lines = [f"add_header {VERSION_HEADER} {number} always;", "return 204;"]
    return _block(f"location = {PLACE}/version", lines)


def example(directory: str, listen: tuple[str, int], grpc: tuple[str, int], state: str) -> str:
    """A whole nginx.conf; an operator's own needs the two includes. `state`: a folder for what nginx writes."""
    temporary = [f"{each}_temp_path {state}/{each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    server = [
        f"listen {gateway.endpoint(*listen)};",
        f"listen {gateway.endpoint(*grpc)} http2;  # gRPC without TLS; with TLS one `listen ... ssl http2` is enough",
        f'include "{directory}/current/{SERVER}";',
        "location / {\n    return 404;\n}",
    ]
    http = ["access_log off;", *temporary, f'include "{directory}/current/{HTTP}";', _block("server", server).rstrip()]
    head = f"pid {state}/nginx.pid;\nerror_log {state}/error.log;\nevents {{\n}}\n"
    return head + _block("http", http)


def _check(service: Service, upstream: Upstream) -> None:
    if upstream.secure and not gateway.is_named(upstream):
        words = f"nginx proves no certificate of an address: {upstream.host} needs a name"
        raise AdapterError("NOT_SERVED", words, [service.key])
    if "$" in upstream.path:
        raise AdapterError("NOT_SERVED", f"nginx cannot be told the path {upstream.path}: it has a $", [service.key])


def _upstream(service: Service, route: Route) -> str:
    upstream = route.upstream
    lines = [f"server {gateway.endpoint(address, upstream.port)};" for address in upstream.addresses]
    return _block(f"upstream {names.label(service, route)}", lines)


def _http(service: Service, route: Route, trust_store: str) -> str:
    """The place itself and what is below it: nginx puts the service's path where ours was."""
    scheme, path = route.upstream.scheme, route.upstream.path
    lines = [
        *_both("proxy", service, route.upstream, trust_store),
        "proxy_http_version 1.1;",
        'proxy_set_header Connection "";',
        "proxy_buffering off;",
    ]
    where = f"{scheme}://{names.label(service, route)}"
    whole = _block(f"location = {route.path}", [*lines, f'proxy_pass "{where}{path or "/"}";'])
    return whole + _block(f"location ^~ {route.path}/", [*lines, f'proxy_pass "{where}{path}/";'])


def _grpc(service: Service, route: Route, trust_store: str) -> str:
    """Who asks with the authority is led to a place that nobody can ask for."""
    label = names.label(service, route)
    entry = _block(f'if ($host = "{route.authority}")', [f"rewrite ^ {PLACE}/{label}$uri last;"])
    lines = [
        "internal;",
        *_both("grpc", service, route.upstream, trust_store),
        f"grpc_send_timeout {gateway.STREAM_SECONDS}s;",
        f"client_body_timeout {gateway.STREAM_SECONDS}s;",
        "client_max_body_size 0;",
        r'rewrite "^/\.gemensam/[^/]+(/.*)$" $1 break;',
        f"grpc_pass {route.upstream.scheme}://{label};",
    ]
    return entry + _block(f"location ^~ {PLACE}/{label}/", lines)


def _both(kind: str, service: Service, upstream: Upstream, trust_store: str) -> list[str]:
    seconds = gateway.STREAM_SECONDS if upstream.grpc else gateway.ANSWER_SECONDS
    return [
        f'if ($request_uri ~* "^[^?]*({_ESCAPES})") {{\n    return 400;\n}}',
        f'add_header {gateway.RELEASE_HEADER} "{service.release}" always;',
        f"{kind}_hide_header {gateway.RELEASE_HEADER};",
        f'{kind}_set_header Host "{gateway.host_header(upstream)}";',
        f"{kind}_connect_timeout {gateway.CONNECT_SECONDS}s;",
        f"{kind}_read_timeout {seconds}s;",
        *(_tls(kind, upstream, trust_store) if upstream.secure else []),
    ]


def _tls(kind: str, upstream: Upstream, trust_store: str) -> list[str]:
    """TLS that proves the host's name: a certificate for another name is refused."""
    return [
        f"{kind}_ssl_server_name on;",
        f'{kind}_ssl_name "{upstream.host}";',
        f"{kind}_ssl_verify on;",
        f"{kind}_ssl_verify_depth 8;",
        f'{kind}_ssl_trusted_certificate "{trust_store}";',
        f"{kind}_ssl_protocols TLSv1.2 TLSv1.3;",
    ]


def _block(head: str, lines: Sequence[str]) -> str:
    inner = "\n".join(lines).replace("\n", "\n    ")
    return f"{head} {{\n    {inner}\n}}\n"
