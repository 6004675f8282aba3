"""A registry with its web face in the test's own loop, a rollout in it, and a browser before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page

from registry.api.v1 import offering_service_pb2 as f
from registry.app import Running, running
from registry.identity import local_key
from registry.settings import Settings
from registry.store import utc_now
from tests.components.chromium import chromium
from tests.integration.api import Api
from tests.integration.services.street import APPLIED, PROVEN, RELEASE, report

PROVEN_ONE, LATE_ONE = "organisations/b/subscriptions/use-permits", "organisations/c/subscriptions/use-permits"
TRACE = "0af7651916cd43dd8448eb211c80319c"
FAILED = {"reason": "TARGET_REFUSED", "message": "Gatewayen svarade 503 på admin.example:9901"}
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
CAMPAIGN: dict[str, Any] = {
    "id": "safe",
    "title": {"sv": "Säkrare inloggning", "en": "Safer login"},
    "release": RELEASE,
    "deadline": {"seconds": 1_600_000_000},
    "party_class": "kind = MUNICIPALITY",
}


@asynccontextmanager
async def operated(folder: Path, key: str = "", **settings: Any) -> AsyncIterator[tuple[Running, Api]]:
    """A registry that is open, or whose operator has the key, and its API as that operator."""
    addresses = {"grpc_address": "127.0.0.1:0", "web_address": "127.0.0.1:0"}
    chosen = Settings(data=folder / "data", **{**addresses, **settings})
    async with running(chosen) as registry:
        credentials = [Bearer(key)] if key else None
        async with grpc.aio.insecure_channel(registry.grpc_address, interceptors=credentials) as channel:
            yield registry, Api(channel)


def operators_key(folder: Path) -> str:
    """The key of whoever started the registry whose data will be there."""
    (folder / "data").mkdir(exist_ok=True)
    return local_key.ensure(folder / "data", utc_now())


class Bearer(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Calls with a key."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        metadata = [*(details.metadata or ()), ("authorization", f"Bearer {self._key}")]
        return await continuation(details._replace(metadata=metadata), request)


async def rollout(api: Api) -> None:
    """Permits of a: b is there, c has failed twice and tries again, d has not joined and is late."""
    for key, title in (("a", "Åmål"), ("b", "Borås"), ("c", "Falun"), ("d", "Gävle")):
        await api.body(key, title={"sv": title})
    await api.offer("permits")
    offering = {"name": "offerings/permits", "title": {"sv": "Bygglov", "en": "Building permits"}}
    await api.publish("permits")
    request = f.UpdateOfferingRequest(
        offering={**offering, "campaigns": [CAMPAIGN]}, update_mask={"paths": ["title", "campaigns"]}
    )
    await api.offerings.UpdateOffering(request)
    for key in ("b", "c"):
        await api.subscribe(key)
    await report(api, PROVEN_ONE, phase=PROVEN, observed_release=RELEASE, trace_id=TRACE)
    failure = {"attempts": 2, "last_error": FAILED, "next_attempt_time": {"seconds": 1_900_000_000}}
    await report(api, LATE_ONE, phase=APPLIED, observed_release=RELEASE, trace_id=TRACE, **failure)


@asynccontextmanager
async def browsed(folder: Path, **options: Any) -> AsyncIterator[tuple[BrowserContext, list[str]]]:
    """A browser's context, and a list that gets everything that its pages complain about."""
    said: list[str] = []
    async with chromium(folder) as browser:
        context = await browser.new_context(**options)
        context.set_default_timeout(60_000)
        context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: said.append(str(error.error)))
        yield context, said


async def opened(context: BrowserContext, registry: Running, path: str = "/ops") -> Page:
    """A page of the registry."""
    page = await context.new_page()
    await page.goto(f"http://{registry.web_address}{path}")
    return page


async def blameless(page: Page) -> None:
    """No violation of WCAG 2.2 AA or of good practice that axe-core can find, contrast among them."""
    found = await Axe().run(page, options=AXE)
    assert found.response["violations"] == [], found.generate_report()
