"""Which hosts are this machine: asked before anything is listened on, sent or trusted without TLS."""

import ipaddress


def is_loopback_host(host: str) -> bool:
    """Whether a host, an IPv6 address also in brackets, is only reached from this machine. No name is looked up."""
    bare = host.strip("[]")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"
