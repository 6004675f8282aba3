"""The web face: health for machines, and a page that tells people what runs here."""

import html
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from registry.store import Store
from registry.web import feeds, metrics

PAGE = """<!doctype html><html lang="sv"><meta charset="utf-8"><title>Gemensam</title>
<link rel="alternate" type="application/atom+xml" href="/feeds/all.atom">
<h1>Gemensam</h1>
<p>Register över digitala tjänster som offentliga organisationer delar. API: gRPC på <code>{address}</code>.
Vad som är nytt: <a href="/feeds/all.atom">Atom</a>, <a href="/feeds/all.json">JSON</a>.</p>
<p lang="en">A registry of digital services that public bodies share. API: gRPC at <code>{address}</code>.
What is new: <a href="/feeds/all.atom">Atom</a>, <a href="/feeds/all.json">JSON</a>.</p></html>"""
HEADERS = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}


def application(address: str, ready: Callable[[], bool], store: Store, fed: Callable[[], int]) -> Starlette:
    """The pages: `/`, `/healthz` (the process lives), `/readyz` (it serves), `/metrics`, and the feeds.

    `fed`: the revision up to which watchers of this process are served.
    """

    async def home(_request: Request) -> Response:
        return HTMLResponse(PAGE.format(address=html.escape(address)), headers=HEADERS)

    async def live(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def serving(_request: Request) -> Response:
        return PlainTextResponse("ok\n") if ready() else PlainTextResponse("not ready\n", 503)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", live),
            Route("/readyz", serving),
            metrics.route(store, fed),
            *feeds.routes(store),
        ]
    )
