"""The one form of every word that is pasted into a gateway's own language: what has another form is refused.

The policy and the registry have judged them before. An adapter does not build on that: one character too much in a
configuration that is text would be somebody else's configuration.
"""

import ipaddress
import re
from collections.abc import Iterator

from subscribers.adapter import AdapterError, Route, Service, Upstream

KEY = re.compile(r"organisations/([a-z0-9-]{1,63})/subscriptions/([a-z0-9-]{1,63})", re.ASCII)
LABEL = re.compile(r"gemensam\.([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.[a-z0-9-]{1,63}", re.ASCII)
_FORMS = {
    "release": re.compile(r"offerings/[a-z0-9-]{1,63}/releases/[A-Za-z0-9.+-]{1,120}", re.ASCII),
    "interface": re.compile(r"[a-z0-9-]{1,63}", re.ASCII),
    "place": re.compile(r"(/[a-z0-9-]{1,63}){1,8}", re.ASCII),
    "authority": re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,7}", re.ASCII),
    "scheme": re.compile(r"https?|grpcs?", re.ASCII),
    "host": re.compile(r"[a-z0-9.:-]{1,253}", re.ASCII),
    "path": re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*", re.ASCII),
}


def checked(service: Service) -> Service:
    """The service. Errors: AdapterError NAME_REFUSED that says which word of it is refused."""
    parts(service.key)
    words = [("release", service.release), *(word for route in service.routes for word in _words(route))]
    for form, word in words:
        if not _FORMS[form].fullmatch(word):
            raise AdapterError("NAME_REFUSED", f"{word[:200]!r} has not the form of a {form}", [service.key])
    for route in service.routes:
        _check_addresses(service, route.upstream)
    return service


def parts(key: str) -> tuple[str, str]:
    """Organisation and subscription of a key. Errors: AdapterError NAME_REFUSED."""
    found = KEY.fullmatch(key)
    if found is None:
        raise AdapterError("NAME_REFUSED", f"{key[:200]!r} is not the name of a subscription", [key])
    return found[1], found[2]


def label(service: Service, route: Route) -> str:
    """The mark of an object where a slash cannot stand; `key_of` reads it."""
    return ".".join(("gemensam", *parts(service.key), route.interface))


def key_of(text: object) -> str:
    """The subscription that a label tells; '' when it is none of ours."""
    found = LABEL.fullmatch(text) if isinstance(text, str) else None
    return f"organisations/{found[1]}/subscriptions/{found[2]}" if found else ""


def _words(route: Route) -> Iterator[tuple[str, str]]:
    upstream = route.upstream
    yield from (("interface", route.interface), ("place", route.path), ("authority", route.authority))
    yield from (("scheme", upstream.scheme), ("host", upstream.host), ("path", upstream.path))


def _check_addresses(service: Service, upstream: Upstream) -> None:
    try:
        found = [ipaddress.ip_address(each) for each in upstream.addresses]
    except ValueError as error:
        raise AdapterError("NAME_REFUSED", f"{error}"[:200], [service.key]) from None
    if not found or not 1 <= upstream.port <= 65535:  # noqa: PLR2004 - what TCP has
        raise AdapterError("NAME_REFUSED", f"{upstream.host} has no address or no port", [service.key])
