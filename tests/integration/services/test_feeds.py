"""Feeds over HTTP on each engine: who is told what, newest first, page by page, and never what is not public."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import offering_service_pb2 as f
from registry.app import Running
from registry.services import news
from registry.settings import Settings
from tests.integration.api import Api
from tests.integration.services.street import NOTIFY, order

ATOM = "{http://www.w3.org/2005/Atom}"
ELEMENTS = {"feed", "id", "title", "updated", "link", "author", "name", "entry", "published", "category", "content"}
MEMBERS, RESTRICTED, PUBLIC = 2, 3, 1


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """A registry with its web face."""
    addresses = {"grpc_address": "127.0.0.1:0", "web_address": "127.0.0.1:0"}
    return Settings(data=tmp_path / "data", database_url=database_url, **addresses)


@pytest.fixture
async def web(registry_server: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it."""
    async with httpx.AsyncClient(base_url=f"http://{registry_server.web_address}", timeout=60) as client:
        yield client


async def told(web: httpx.AsyncClient, subject: str, **query: Any) -> list[str]:
    """What a feed tells, as `verb name`, after both forms of it were found right and the same."""
    answer = await web.get(f"/feeds/{subject}.json", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/feed+json; charset=utf-8")
    page = answer.json()
    atom = await atom_of(web, subject, **query)
    assert page["version"] == "https://jsonfeed.org/version/1.1"
    assert page["feed_url"] == str(answer.url)
    assert [each["id"] for each in page["items"]] == [text(entry, "id") for entry in atom.findall(f"{ATOM}entry")]
    assert page.get("next_url", "").replace(".json", ".atom") == link(atom, "next")
    return [f"{each['tags'][0].split('.')[1]} {each['_gemensam']['name']}" for each in page["items"]]


async def atom_of(web: httpx.AsyncClient, subject: str, **query: Any) -> ET.Element:
    """A feed as Atom, with all that RFC 4287 demands."""
    answer = await web.get(f"/feeds/{subject}.atom", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    feed = ET.fromstring(answer.content)  # noqa: S314 - of our own server
    assert (feed.tag, link(feed, "self")) == (f"{ATOM}feed", str(answer.url))
    assert text(feed, "author", "name")
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        assert len(element.findall(f"{ATOM}id")) == len(element.findall(f"{ATOM}title")) == 1
        assert text(element, "id").startswith("tag:gemensam.se,2026:")
        assert text(element, "updated").endswith("Z")
    assert all(text(entry, "content") for entry in entries)
    revisions = [int(text(entry, "id").rpartition("/")[2]) for entry in entries]
    assert revisions == sorted(set(revisions), reverse=True)
    return feed


def text(element: ET.Element, *path: str) -> str:
    return element.findtext("/".join(f"{ATOM}{name}" for name in path)) or ""


def link(feed: ET.Element, relation: str) -> str:
    found = [each.get("href", "") for each in feed.findall(f"{ATOM}link") if each.get("rel") == relation]
    assert len(found) <= 1
    return found[0] if found else ""


async def capability(api: Api, key: str, parent: str = "") -> None:
    wanted = {"title": {"sv": key}, "parent": parent and f"capabilities/{parent}"}
    await api.capabilities.CreateCapability(c.CreateCapabilityRequest(capability_id=key, capability=wanted))


async def update(api: Api, key: str = "permits", **fields: Any) -> None:
    request = f.UpdateOfferingRequest(offering={"name": f"offerings/{key}", **fields}, update_mask={"paths": list(fields)})  # fmt: skip
    await api.offerings.UpdateOffering(request)


async def test_who_follows_a_body_is_told_of_it_and_of_what_it_offers(api: Api, web: httpx.AsyncClient) -> None:
    await api.body("a", title={"sv": "Ånge", "en": "Ange"})
    await api.body("b")
    await api.offer("permits")
    await api.publish("permits", notes={"sv": "Först", "en": "First"})
    await api.offer("schools", "organisations/b")
    await api.publish("schools")
    ours = ["published offerings/permits/releases/1.0.0", "created offerings/permits", "created organisations/a"]
    assert await told(web, "organisations/a") == ours
    theirs = ["published offerings/schools/releases/1.0.0", "created offerings/schools"]
    assert await told(web, "all") == [*theirs, *ours[:2], "created organisations/b", ours[2]]
    feed = await atom_of(web, "organisations/a")
    assert text(feed, "title") == "Gemensam: Ånge / Ange"
    newest = feed.find(f"{ATOM}entry")
    assert newest is not None
    assert text(newest, "title") == "Ny version: Tjänst permits 1.0.0 / New release: Tjänst permits 1.0.0"
    assert text(newest, "content") == "Först\n\nFirst\n\nofferings/permits/releases/1.0.0"
    assert text(feed, "updated") == text(newest, "updated")


async def test_who_follows_a_capability_is_told_of_all_below_it(api: Api, web: httpx.AsyncClient) -> None:
    await api.body("a")
    for key, parent in (("build", ""), ("permit", "build"), ("house", "permit"), ("teach", "")):
        await capability(api, key, parent)
    for key, of in (("permits", "house"), ("schools", "teach"), ("nothing", "")):
        await api.offer(key)
        await update(api, key, capabilities=[f"capabilities/{of}"] if of else [])
    await api.publish("permits")
    await api.publish("schools")
    below = ["published offerings/permits/releases/1.0.0", "updated offerings/permits"]
    for key in ("house", "permit", "build"):
        assert await told(web, f"capabilities/{key}") == [*below, f"created capabilities/{key}"]


async def test_what_is_not_public_is_told_to_nobody(api: Api, web: httpx.AsyncClient) -> None:
    """Neither kinds that are not, nor offerings that are hidden now, nor what was written while they were."""
    await api.body("a")
    await capability(api, "build")
    everywhere = ("all", "organisations/a", "capabilities/build")
    for key, visibility in (("members", MEMBERS), ("few", RESTRICTED), ("permits", PUBLIC)):
        await api.offer(key)
        await update(api, key, capabilities=["capabilities/build"], visibility=visibility)
        await api.publish(key)
    await order(api, "a", mode=NOTIFY)
    await api.subscribe("a", "permits")
    own = {"organisations/a", "capabilities/build", "offerings/permits", "offerings/permits/releases/1.0.0"}
    for subject in everywhere:
        assert set(await names(web, subject)) == {each for each in own if subject == "all" or "offerings" in each or each == subject}  # fmt: skip
    await update(api, "permits", visibility=RESTRICTED, title={"sv": "Hemligt"})
    for subject in everywhere:
        assert set(await names(web, subject)) <= {"organisations/a", "capabilities/build"}
    await update(api, "permits", visibility=PUBLIC, title={"sv": "Öppet"})
    assert "Hemligt" not in (await web.get("/feeds/all.json")).text
    assert (await told(web, "all"))[0] == "shown offerings/permits"


async def names(web: httpx.AsyncClient, subject: str) -> list[str]:
    return [each.split()[1] for each in await told(web, subject)]


async def test_who_has_it_is_told_so(api: Api, web: httpx.AsyncClient) -> None:
    await api.body("a")
    await api.body("b")
    for form in ("atom", "json"):
        address = f"/feeds/organisations/a.{form}"
        first = await web.get(address)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "public, max-age=60"
        head = await web.head(address)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
        await api.offer(f"theirs-{form}", "organisations/b")
        for sent in (tag, f'W/{tag}, "other"', "*"):
            same = await web.get(address, headers={"If-None-Match": sent})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert (await web.get(address, headers={"If-None-Match": '"other"'})).content == first.content
        await api.offer(f"ours-{form}")
        changed = await web.get(address, headers={"If-None-Match": tag})
        assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


@pytest.mark.parametrize(
    ("step", "reach", "look", "size"),
    [(1000, 10_000, 100, 3), (2, 4, 100, 2), (1, 1, 100, 100), (3, 3, 100, 100), (1, 100, 1, 100), (2, 100, 3, 100)],
)
async def test_pages_lead_through_everything_once(
    api: Api, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, step: int, reach: int, look: int, size: int
) -> None:
    monkeypatch.setattr(news, "STEP", step)
    monkeypatch.setattr(news, "REACH", reach)
    monkeypatch.setattr(news, "LOOK", look)
    await api.body("a")
    await api.offer("permits")
    await api.body("b")
    for version in range(4):
        await api.publish("permits", f"1.{version}.0")
    found: list[int] = []
    address, pages = f"/feeds/organisations/a.json?page_size={size}", 0
    while address:
        page = (await web.get(address)).json()
        found += [each["_gemensam"]["revision"] for each in page["items"]]
        assert len(page["items"]) <= min(size, reach)
        address, pages = page.get("next_url", ""), pages + 1
    assert found == [9, 8, 7, 6, 3, 1]
    assert pages > 1


async def test_a_hostile_text_is_a_text(api: Api, web: httpx.AsyncClient) -> None:
    title = "</title><script>alert(1)</script>&amp;\"' ]]> <!-- "
    await api.body("a", title={"sv": title})
    await api.offer("permits")
    await update(api, "permits", description={"sv": "a\ufffeb\n<x/>"})
    feed = await atom_of(web, "organisations/a")
    assert text(feed, "title") == f"Gemensam: {title}"
    assert {element.tag.removeprefix(ATOM) for element in feed.iter()} == ELEMENTS
    newest = feed.find(f"{ATOM}entry")
    assert newest is not None
    assert text(newest, "content") == "a\N{REPLACEMENT CHARACTER}b\n<x/>\n\nofferings/permits"
    assert (await web.get("/feeds/organisations/a.json")).json()["title"] == f"Gemensam: {title}"


@pytest.mark.parametrize(
    ("address", "status", "swedish", "english"),
    [
        ("organisations/nobody.atom", 404, "Det finns inget sådant flöde", "There is no organisations/nobody"),
        ("capabilities/nothing.json", 404, "Det finns inget sådant flöde", "There is no capabilities/nothing"),
        ("organisations/N%20o.atom", 404, "Det finns inget sådant flöde", "names have the pattern"),
        ("all.atom?page_size=0", 400, "Förfrågan kan inte läsas", "page_size must be from 1 to 100"),
        ("all.json?page_size=101", 400, "Förfrågan kan inte läsas", "page_size must be from 1 to 100"),
        ("all.json?page_size=many", 400, "Förfrågan kan inte läsas", "page_size must be from 1 to 100"),
        ("all.json?before=5", 400, "Förfrågan kan inte läsas", "is malformed"),
        ("all.json?before=other:x", 400, "Förfrågan kan inte läsas", "is malformed"),
        ("all.json?before=other:" + "9" * 30, 400, "Förfrågan kan inte läsas", "is malformed"),
        ("all.json?before=other:1", 410, "Sidan finns inte längre", "Generation other is not this store's"),
    ],
)
async def test_what_cannot_be_shown_is_explained_in_both_languages(
    web: httpx.AsyncClient, address: str, status: int, swedish: str, english: str
) -> None:
    answer = await web.get(f"/feeds/{address}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    lines = answer.text.splitlines()
    assert (swedish in lines[0], english in lines[1], len(lines)) == (True, True, 2), answer.text


async def test_an_empty_registry_has_a_feed(web: httpx.AsyncClient) -> None:
    assert await told(web, "all") == []
    assert text(await atom_of(web, "all"), "updated") == "1970-01-01T00:00:00Z"
