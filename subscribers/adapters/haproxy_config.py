"""HAProxy's own words for a service: a backend for each interface, and entries in three maps that lead to it.

A backend's name holds a hash of all that it says, so a changed one is another backend, and its name tells whether
HAProxy runs on it. The release stands in a map: a new release at the same place needs no reload.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from subscribers.adapter import AdapterError, Route, Service, Upstream
from subscribers.adapters import gateway, names

BACKENDS, PATHS, AUTHORITIES, RELEASES = "backends.cfg", "paths.map", "authorities.map", "releases.map"
MAPS: Final = (PATHS, AUTHORITIES, RELEASES)
FILES: Final = (BACKENDS, *MAPS)
_BY_AUTHORITY, _BY_PATH = "req.hdr(host),host_only,lower,map_str", "path,concat(/),map_beg"


def blocks(service: Service, trust_store: str, releases: Path) -> Mapping[str, str]:
    """What each file holds for a service. `releases`: the map of that name. Errors: AdapterError NOT_SERVED."""
    found = dict.fromkeys(FILES, "")
    for route in names.checked(service).routes:
        _check(service, route.upstream)
        lines = _backend(route, trust_store, releases)
        name = f"{names.label(service, route)}.{hashlib.sha256(''.join(lines).encode()).hexdigest()[:8]}"
        found[BACKENDS] += f"backend {name}\n" + "".join(f"    {line}\n" for line in lines)
        if route.upstream.grpc:
            found[AUTHORITIES] += f"{route.authority} {name}\n"
        else:
            found[PATHS] += f"{route.path}/ {name}\n"
        found[RELEASES] += f"{name} {service.release}\n"
    return found


def entries(text: str) -> list[tuple[str, str]]:
    """What a map holds, sorted."""
    lines = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return sorted((words[0], words[1].strip() if len(words) > 1 else "") for words in lines)


def servers(text: str) -> set[tuple[str, str, str]]:
    """Backend, address and port of every server in our backends."""
    found, backend = set(), ""
    for words in map(str.split, text.splitlines()):
        if words[:1] == ["backend"]:
            backend = words[1] if words[1:] and words[1].startswith("gemensam.") else ""
        elif words[:1] == ["server"] and backend:
            address, _, port = words[2].rpartition(":")
            found.add((backend, address.strip("[]"), port))
    return found


def example(directory: str, listen: tuple[str, int], state: str) -> str:
    """A whole configuration; an operator's own needs the stats socket and the two `use_backend`."""
    paths, authorities = (f"{directory}/current/{name}" for name in (PATHS, AUTHORITIES))
    return f"""\
global
    stats socket {state}/haproxy.sock mode 600 level admin expose-fd listeners
    hard-stop-after 1h
defaults
    mode http
    timeout connect {gateway.CONNECT_SECONDS}s
    timeout client 1h
    timeout server {gateway.ANSWER_SECONDS}s
frontend gateway
    bind {gateway.endpoint(*listen)}
    use_backend %[{_BY_AUTHORITY}({authorities})] if {{ {_BY_AUTHORITY}({authorities}) -m found }}
    use_backend %[{_BY_PATH}({paths})] if {{ {_BY_PATH}({paths}) -m found }}
    default_backend nothing
backend nothing
    http-request return status 404
"""


def _check(service: Service, upstream: Upstream) -> None:
    if upstream.secure and not gateway.is_named(upstream):
        words = f"HAProxy proves no certificate of an address: {upstream.host} needs a name"
        raise AdapterError("NOT_SERVED", words, [service.key])


def _backend(route: Route, trust_store: str, releases: Path) -> list[str]:
    upstream = route.upstream
    several = len(upstream.addresses) > 1
    seconds = gateway.STREAM_SECONDS if upstream.grpc else gateway.ANSWER_SECONDS
    return [
        "mode http",
        f"timeout connect {gateway.CONNECT_SECONDS}s",
        f"timeout server {seconds}s",
        f"retries {2 if several else 0}",  # only what could not be sent is sent again, and to another address
        *(["option redispatch 1"] if several else []),
        f"http-request deny deny_status 400 if {{ path -m reg -i {_quoted(gateway.ESCAPES)} }}",
        f"http-request set-header host {_quoted(gateway.host_header(upstream))}",
        *([] if upstream.grpc else [_path(route)]),
        f"http-after-response set-header {gateway.RELEASE_HEADER} %[be_name,map_str({releases})]",
        *(_server(number, each, upstream, trust_store) for number, each in enumerate(upstream.addresses)),
    ]


def _path(route: Route) -> str:
    """Put the service's path where ours was."""
    if not route.upstream.path:
        return rf"http-request replace-path {_quoted(f'^{route.path}/*(.*)$')} '/\1'"
    words = route.upstream.path.replace("%", "%%")
    return rf"http-request replace-path {_quoted(f'^{route.path}(/.*)?$')} {_quoted(words + chr(92) + '1')}"


def _server(number: int, address: str, upstream: Upstream, trust_store: str) -> str:
    words = [f"server a{number} {gateway.endpoint(address, upstream.port)}"]
    if upstream.secure:
        words.append(f"ssl verify required ca-file {_quoted(trust_store)}")
        words.append(f"sni str({upstream.host}) verifyhost {upstream.host} ssl-min-ver TLSv1.2")
        words.append(f"alpn {'h2' if upstream.grpc else 'http/1.1'}")
    elif upstream.grpc:
        words.append("proto h2")
    return " ".join(words)


def _quoted(text: str) -> str:
    """A word as it is: between single quotes HAProxy reads nothing into it."""
    return "'" + text.replace("'", "'\\''") + "'"
