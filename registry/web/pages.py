"""Pages for people, from templates that escape whatever they are given, under a policy that runs nothing inline."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from registry.services.census import phase_of, state_of
from registry.telemetry import trace_id

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = {
    "ops.css": "text/css; charset=utf-8",
    "ops.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
# What is not seen, or turns the reading direction of all that follows it.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
STATES = {
    "REQUESTED": ("Begärd", "Requested"),
    "PENDING_APPROVAL": ("Väntar på godkännande", "Pending approval"),
    "APPROVED": ("Godkänd", "Approved"),
    "PROVISIONING": ("Ansluts", "Provisioning"),
    "ACTIVE": ("Ansluten", "Active"),
    "DEGRADED": ("Störd", "Degraded"),
    "SUSPENDED": ("Pausad", "Suspended"),
    "ENDING": ("Avslutas", "Ending"),
    "ENDED": ("Avslutad", "Ended"),
    "REJECTED": ("Nekad", "Rejected"),
}
PHASES = {
    "UNSPECIFIED": ("Inget rapporterat", "Nothing reported"),
    "PLANNED": ("Planerad", "Planned"),
    "APPLIED": ("Skriven", "Applied"),
    "ROUTED": ("Dirigerad", "Routed"),
    "PROVEN": ("Prövad", "Proven"),
    "REMOVED": ("Borttagen", "Removed"),
}
REASONS = {
    "NOT_JOINED": ("Har inte anslutit sig", "Has not joined"),
    "NO_REPORT": ("Har inte hörts av", "Nothing heard"),
    "ENDING": ("Ska tas bort", "To be removed"),
    "OTHER_RELEASE": ("Har en annan version", "On another release"),
    "IN_PROGRESS": ("Pågår", "In progress"),
}
READERS = {
    "feed": ("Flödet till följare", "Feed to watchers"),
    "matcher": ("Matchningen", "Matching"),
    "relay": ("Reläet till Kafka", "Relay to Kafka"),
}


def page(template: str, status: int = 200, /, **values: Any) -> Response:
    """A page as it is now."""
    text = _environment().get_template(template).render(now=datetime.now(UTC), **values)
    return HTMLResponse(text, status, headers=dict(HEADERS))


def static(below: str) -> list[Route]:
    """The one script, the one sheet of styles, and the icon."""
    return [Route(f"{below}/{name}", _file(name, kind)) for name, kind in STATIC.items()]


def _file(name: str, kind: str) -> Any:
    content = (files("registry.web") / "static" / name).read_bytes()

    async def serve(_request: Request) -> Response:
        return Response(content, media_type=kind, headers={**HEADERS, "Cache-Control": "no-cache"})

    return serve


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("registry.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=seen,
    )
    made.globals |= {"states": STATES, "phases": PHASES, "reasons": REASONS, "readers": READERS, "trace_id": trace_id}
    made.filters |= {"state": state_of, "phase": phase_of, "clock": _clock, "age": _age, "event": _event}
    return made


def seen(value: object) -> object:
    """Texts without what is not seen; whoever wrote them."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value


def _clock(time: Timestamp | datetime) -> Markup:
    """A time of UTC, to the second. A Timestamp of nothing is told as a dash."""
    if isinstance(time, Timestamp):
        if not time.ListFields():
            return Markup("–")  # noqa: RUF001 - it is a dash that is meant
        time = time.ToDatetime(tzinfo=UTC)
    words = f"{time:%Y-%m-%d %H:%M:%S}"
    return Markup('<time datetime="{}Z">{} UTC</time>').format(words.replace(" ", "T"), words)


def _age(seconds: float) -> str:
    """`3 s`, `5 min`, `2 h`, `4 d`: the same in both languages."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _event(event_type: str) -> str:
    """`release.published`."""
    return event_type.removeprefix("se.gemensam.registry.").removesuffix(".v1")
