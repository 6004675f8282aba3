"""What is told to every gateway alike, whatever product it is: headers, times, and which paths lead nowhere."""

import ipaddress

from subscribers.adapter import Upstream

RELEASE_HEADER = "gemensam-release"
TRUST_STORE = "/etc/ssl/certs/ca-certificates.crt"
CONNECT_SECONDS, ANSWER_SECONDS = 5, 60
STREAM_SECONDS = 24 * 60 * 60  # a gRPC stream may be silent for so long
# What a service could read as the end of a part or as the way up, though a gateway does not: an encoded or reversed
# slash, and parts that are dots, as they are, encoded or before a parameter. A regular expression of any dialect, to
# be looked for, whatever the case, in what was asked for up to the question mark.
ESCAPES = r"%2f|%5c|\\|/(\.|%2e)+([;/?]|$)"


def host_header(upstream: Upstream) -> str:
    """The Host of a request to it: with the port when that is not the usual one."""
    usual = 443 if upstream.secure else 80
    return _bare(upstream.host) if upstream.port == usual else endpoint(upstream.host, upstream.port)


def endpoint(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"{_bare(host)}:{port}"


def is_named(upstream: Upstream) -> bool:
    """Whether its host is a name, and no address."""
    try:
        ipaddress.ip_address(upstream.host)
    except ValueError:
        return True
    return False


def _bare(host: str) -> str:
    return f"[{host}]" if ":" in host else host
