"""Releases: publishing twice, what never changes, and the way from DRAFT to RETIRED."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1.feed_service_pb2 import GetHeadRequest
from registry.api.v1.release_pb2 import ReleaseState
from tests.integration.api import INTERFACE, Api
from tests.integration.services.street import RELEASE, refusal, verdict

CONTRACT = b'{"openapi": "3.1.0", "info": {"title": "Permits", "version": "1"}, "paths": {}}'
SHA256 = hashlib.sha256(CONTRACT).hexdigest()
JSON = "application/vnd.oai.openapi+json"
DRAFT, TEST, PUBLISHED, DEPRECATED, RETIRED = range(1, 6)


@pytest.fixture
async def offered(api: Api) -> Api:
    await api.body("a")
    await api.offer("permits")
    return api


async def head(api: Api) -> int:
    return int((await api.feed.GetHead(GetHeadRequest())).revision)


async def deprecate(api: Api, name: str = RELEASE, sunset: datetime | None = None, **fields: Any) -> Any:
    request = f.DeprecateReleaseRequest(name=name, **fields)
    if sunset is not None:
        request.sunset_time.FromDatetime(sunset)
    return (await api.offerings.DeprecateRelease(request)).release


async def retire(api: Api, name: str = RELEASE) -> Any:
    return (await api.offerings.RetireRelease(f.RetireReleaseRequest(name=name))).release


async def test_the_same_content_again_changes_nothing(offered: Api) -> None:
    first = await offered.publish("permits", labels={"a": "1"})
    again = await offered.publish("permits", labels={"a": "1"})
    assert again == first
    assert await head(offered) == first.revision
    assert first.publish_time.seconds - first.create_time.seconds in {0, 1}


CHANGES: list[tuple[Any, str]] = [
    (
        {"interfaces": [{**INTERFACE, "endpoints": [{"environment": 3, "url": "https://x.example"}]}]},
        "RELEASE_IMMUTABLE",
    ),
    ({"interfaces": [INTERFACE, {**INTERFACE, "id": "more"}]}, "RELEASE_IMMUTABLE"),
    ({"notes": {"sv": "Rättad text"}}, ""),
    ({"labels": {"a": "1"}}, ""),
]


async def test_what_was_published_stays_but_for_words_about_it(offered: Api) -> None:
    first = await offered.publish("permits")
    assert [await verdict(offered.publish("permits", **fields)) for fields, _ in CHANGES] == [why for _, why in CHANGES]
    after = (await offered.offerings.GetRelease(f.GetReleaseRequest(name=RELEASE))).release
    assert (after.state, after.publish_time, after.interfaces) == (first.state, first.publish_time, first.interfaces)


async def test_a_draft_changes_until_it_leaves(offered: Api) -> None:
    other = [{**INTERFACE, "id": "other"}]
    assert (await offered.publish("permits", state=DRAFT, interfaces=[])).state == DRAFT
    await offered.publish("permits", state=DRAFT, interfaces=other)
    tested = await offered.publish("permits", state=TEST, interfaces=other)
    assert (tested.state, tested.HasField("publish_time")) == (TEST, False)
    assert (await refusal(offered.publish("permits", state=TEST)))[1] == "RELEASE_IMMUTABLE"
    assert (await refusal(offered.publish("permits", state=DRAFT, interfaces=other)))[1] == "STATE_TRANSITION_ILLEGAL"
    published = await offered.publish("permits", interfaces=other)  # without a state: published
    assert (published.state, published.HasField("publish_time")) == (PUBLISHED, True)


async def test_a_version_has_one_release(offered: Api) -> None:
    await offered.publish("permits")
    request = f.PublishReleaseRequest(
        parent="offerings/permits", release_id="another", release={"version": "1.0.0", "interfaces": [INTERFACE]}
    )
    code, why, words = await refusal(offered.offerings.PublishRelease(request))
    assert (code, why, words["name"]) == ("ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS", RELEASE)


async def test_a_contract_is_kept_by_its_hash(offered: Api) -> None:
    with_spec = {**INTERFACE, "spec": {"sha256": SHA256}}
    assert (await refusal(offered.publish("permits", interfaces=[with_spec])))[1] == "REFERENCE_NOT_FOUND"
    request = f.PublishReleaseRequest(
        parent="offerings/permits",
        release={"version": "1.0.0", "interfaces": [with_spec]},
        specs=[{"media_type": JSON, "content": CONTRACT}],
    )
    spec = (await offered.offerings.PublishRelease(request)).release.interfaces[0].spec
    assert (spec.media_type, spec.sha256, spec.size) == (JSON, SHA256, len(CONTRACT))
    kept = await offered.offerings.GetSpec(f.GetSpecRequest(sha256=SHA256))
    assert (kept.media_type, kept.content) == (JSON, CONTRACT)
    again = await offered.publish("permits", interfaces=[with_spec])  # the hash is enough to name it
    assert again.interfaces[0].spec == spec
    await offered.publish("permits", "1.1.0", interfaces=[with_spec])


async def test_a_release_goes_its_way_and_no_other(offered: Api) -> None:
    """From each state, each command that leads somewhere else is refused with both states."""
    trail = []
    for state in (DRAFT, TEST, PUBLISHED):
        trail.append((await offered.publish("permits", state=state)).state)
        if state != PUBLISHED:
            assert (await refusal(deprecate(offered)))[1] == "STATE_TRANSITION_ILLEGAL"
    _, why, words = await refusal(retire(offered))
    assert (why, words["from"], words["to"]) == (
        "STATE_TRANSITION_ILLEGAL",
        "RELEASE_STATE_PUBLISHED",
        "RELEASE_STATE_RETIRED",
    )
    trail += [(await deprecate(offered)).state, (await retire(offered)).state]
    assert [ReleaseState.Name(each) for each in trail] == [f"RELEASE_STATE_{each}" for each in ("DRAFT", "TEST", "PUBLISHED", "DEPRECATED", "RETIRED")]  # fmt: skip
    for call in (retire(offered), deprecate(offered), offered.publish("permits", state=PUBLISHED), offered.publish("permits", state=DRAFT)):  # fmt: skip
        assert (await refusal(call))[1] == "STATE_TRANSITION_ILLEGAL"


async def test_a_draft_that_nobody_uses_is_retired_at_once(offered: Api) -> None:
    await offered.publish("permits", state=DRAFT)
    assert (await retire(offered)).state == RETIRED


async def test_notice_is_given(api: Api) -> None:
    """At least as long as the terms say; exactly so long when nothing is said. Clocks may differ by a moment."""
    await api.body("a")
    cases = [(30, None, False), (30, 30, False), (30, 29, True), (30, -1, True), (0, None, False), (0, 0, False), (0, -1, True)]  # fmt: skip
    for number, (notice, days, refused) in enumerate(cases):
        await api.offer(f"n{number}", notice_days=notice)
        name = (await api.publish(f"n{number}")).name
        now = datetime.now(UTC)
        call = deprecate(api, name, sunset=None if days is None else now + timedelta(days=days))
        if refused:
            _, why, words = await refusal(call)
            assert why == "NOTICE_TOO_SHORT"
            assert datetime.fromisoformat(words["earliest_time"]) >= now + timedelta(days=notice)
            continue
        told = (await call).sunset_time.ToDatetime(UTC)
        assert timedelta(0) <= told - now - timedelta(days=notice) < timedelta(minutes=1)
        assert await verdict(retire(api, name)) == ("NOTICE_TOO_SHORT" if notice else "")


async def test_a_deprecation_said_again_changes_nothing_and_a_new_sunset_does(api: Api) -> None:
    await api.body("a")
    await api.offer("permits", notice_days=30)
    await api.publish("permits")
    first = await deprecate(api)
    assert await deprecate(api) == first
    later = datetime.now(UTC) + timedelta(days=400)
    moved = await deprecate(api, sunset=later, etag=first.etag)
    assert moved.sunset_time.ToDatetime(UTC) == later
    assert (await refusal(deprecate(api, etag=first.etag)))[1] == "ETAG_MISMATCH"


async def test_the_notes_of_a_deprecated_release_can_still_change(offered: Api) -> None:
    await offered.publish("permits")
    await deprecate(offered)
    noted = await offered.publish("permits", state=DEPRECATED, notes={"sv": "Snart slut"})
    assert (noted.state, noted.notes.sv) == (DEPRECATED, "Snart slut")
