"""Threat 28: a contract of what is not shown is not there, for whoever knows its hash too, and none can be had by naming it."""

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import pytest

from registry.api.v1 import definition_service_pb2 as definition_pb2
from registry.api.v1 import offering_service_pb2 as offering_pb2
from tests.integration.api import INTERFACE, Api
from tests.threats.guarded import Guarded, answered

PUBLIC, RESTRICTED = 1, 3
DRAFT = 1
JSON = "application/schema+json"
CONTRACT = json.dumps({"title": "secretly", "type": "object"}).encode()
HIDDEN, MISSING = sha256(CONTRACT).hexdigest(), sha256(b"absently").hexdigest()
SENT = {"media_type": JSON, "content": CONTRACT}
Ask = Callable[[Api, str], Awaitable[Any]]


def contract(digest: str) -> dict[str, Any]:
    """An interface that names it."""
    return {**INTERFACE, "spec": {"sha256": digest}}


async def published(api: Api, key: str, *sent: Any, version: str = "1.0.0", digest: str = HIDDEN, **fields: Any) -> Any:
    """A release that names a contract."""
    return await api.offerings.PublishRelease(
        offering_pb2.PublishReleaseRequest(
            parent=f"offerings/{key}",
            release={"version": version, "interfaces": [contract(digest)], **fields},
            specs=sent,
        )
    )


async def read(api: Api, digest: str) -> bytes:
    return bytes((await api.offerings.GetSpec(offering_pb2.GetSpecRequest(sha256=digest))).content)


async def named_by_publishing(api: Api, digest: str) -> Any:
    return await published(api, "own", version="9.0.0", digest=digest)


async def named_by_applying(api: Api, digest: str) -> Any:
    release = {"name": "offerings/own/releases/9.1.0", "version": "9.1.0", "interfaces": [contract(digest)]}
    answer = await api.definitions.Apply(definition_pb2.ApplyRequest(resources=[{"release": release}]))
    return answer.results


ASKED: tuple[Ask, ...] = (read, named_by_publishing, named_by_applying)


async def said(ask: Ask, api: Api, digest: str) -> str:
    """All that comes back, with the hash taken out of it."""
    return await answered(ask(api, digest), digest)


async def seen_by(api: Api, visible: int) -> None:
    """Show the offering to all, or to d alone."""
    changed = {"name": "offerings/secretly", "visibility": visible, "visible_to": ["organisations/d"]}
    if visible == PUBLIC:
        del changed["visible_to"]
    await api.offerings.UpdateOffering(
        offering_pb2.UpdateOfferingRequest(offering=changed, update_mask={"paths": ["visibility", "visible_to"]})
    )


@pytest.fixture
async def other(town: Guarded) -> Api:
    """Organisation b with an offering of its own, beside a contract of a that is shown to d alone."""
    api = town.operator
    await api.offerings.CreateOffering(
        offering_pb2.CreateOfferingRequest(
            offering_id="secretly",
            offering={
                "provider": "organisations/a",
                "title": {"sv": "Tjänst"},
                "visibility": RESTRICTED,
                "visible_to": ["organisations/d"],
            },
        )
    )
    await published(api, "secretly", SENT)
    own = {"provider": "organisations/b", "title": {"sv": "Egen"}}
    await api.offerings.CreateOffering(offering_pb2.CreateOfferingRequest(offering_id="own", offering=own))
    return town.api(town.secrets["of-b"])


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: ask.__name__)
async def test_hidden_looks_as_missing(other: Api, ask: Ask) -> None:
    hidden = await said(ask, other, HIDDEN)
    assert hidden == await said(ask, other, MISSING)
    assert "NOT_FOUND" in hidden


async def test_who_is_shown_the_release_reads_its_contract(town: Guarded, other: Api) -> None:
    assert other
    for key in ("of-a", "of-d"):
        assert await read(town.api(town.secrets[key]), HIDDEN) == CONTRACT, key
    assert await read(town.operator, HIDDEN) == CONTRACT


async def test_who_has_it_may_send_it_and_then_name_it(other: Api) -> None:
    await published(other, "own", SENT)
    assert await read(other, HIDDEN) == CONTRACT
    await published(other, "own", version="1.1.0")


async def test_it_comes_and_goes_with_what_is_shown(town: Guarded, other: Api) -> None:
    for visible in (PUBLIC, RESTRICTED, PUBLIC):
        await seen_by(town.operator, visible)
        shown = visible == PUBLIC
        assert ("NOT_FOUND" not in await said(read, other, HIDDEN)) == shown
    await published(other, "own", version="2.0.0")  # it is shown now: naming it is enough


async def test_a_draft_that_names_another_contract_shows_the_first_no_more(other: Api) -> None:
    await published(other, "own", SENT, state=DRAFT)
    assert await read(other, HIDDEN) == CONTRACT
    changed = CONTRACT + b"\n"
    digest = sha256(changed).hexdigest()
    await published(other, "own", {**SENT, "content": changed}, digest=digest, state=DRAFT)
    assert "NOT_FOUND" in await said(read, other, HIDDEN)
    assert await read(other, digest) == changed
