"""The web face: health for machines, feeds for everybody, and pages for operators."""

import html
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from registry.services.measures import Measuring
from registry.services.operations import Operations
from registry.store import Store, utc_now
from registry.web import feeds, metrics
from registry.web.live import Live
from registry.web.logins import Logins
from registry.web.operations import Desk

PAGE = """<!doctype html><html lang="sv"><meta charset="utf-8"><title>Gemensam</title>
<link rel="alternate" type="application/atom+xml" href="/feeds/all.atom">
<h1>Gemensam</h1>
<p>Register över digitala tjänster som offentliga organisationer delar. API: gRPC på <code>{address}</code>.
Vad som är nytt: <a href="/feeds/all.atom">Atom</a>, <a href="/feeds/all.json">JSON</a>.
För den som driver registret: <a href="/ops">driftsidan</a>.</p>
<p lang="en">A registry of digital services that public bodies share. API: gRPC at <code>{address}</code>.
What is new: <a href="/feeds/all.atom">Atom</a>, <a href="/feeds/all.json">JSON</a>.
For whoever runs the registry: <a href="/ops">the operations page</a>.</p></html>"""
HEADERS = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}


def application(
    address: str, ready: Callable[[], bool], store: Store, fed: Callable[[], int], logins: Logins
) -> Starlette:
    """`/`, `/health/live` (the process lives), `/health/ready` (it serves), `/metrics`, the feeds, and `/ops`.

    `fed`: the revision up to which watchers of this process are served. `state.close()` of what is returned ends
    streams.
    """
    operations = Operations(store, utc_now, fed)
    streams = Live(store, operations)

    async def home(_request: Request) -> Response:
        return HTMLResponse(PAGE.format(address=html.escape(address)), headers=HEADERS)

    async def live(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def serving(_request: Request) -> Response:
        return PlainTextResponse("ok\n") if ready() else PlainTextResponse("not ready\n", 503)

    made = Starlette(
        routes=[
            Route("/", home),
            Route("/health/live", live),
            Route("/health/ready", serving),
            metrics.route(Measuring(store, fed)),
            *feeds.routes(store),
            *Desk(operations, logins.entrance, logins, streams).routes(),
        ]
    )
    made.state.close = streams.close
    return made
