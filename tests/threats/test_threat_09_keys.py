"""Threat 9: keys that leak or are guessed. Only who was told a key has it, and for what it was made, for as long."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest
from registry.domain import key as rules
from registry.rpc import doorkeeper
from tests.integration.api import Api, reason
from tests.threats.guarded import Guarded, actions, ahead, refused, until


def request(**fields: Any) -> Any:
    wanted = {"organisation": "organisations/a", "purpose": "canary", "actions": actions("READ", "DECLARE")}
    return access_pb2.CreateKeyRequest(key_id="canary", key={**wanted, **fields}, request_id="once")


async def test_nothing_that_is_kept_opens_the_door(registry: Guarded, capfd: pytest.CaptureFixture[str]) -> None:
    await registry.operator.body("a")
    made = await registry.operator.access.CreateKey(request())
    again = await registry.operator.access.CreateKey(request())
    assert (again.key.name, again.secret) == (made.key.name, "")
    api = registry.api(made.secret)
    await api.feed.GetHead(GetHeadRequest())
    await refused(registry.api(made.secret[:-1] + "x").feed.GetHead(GetHeadRequest()))

    read = [
        await registry.operator.access.GetKey(access_pb2.GetKeyRequest(name=made.key.name)),
        await registry.operator.access.ListKeys(access_pb2.ListKeysRequest()),
        await registry.operator.feed.ListChanges(ListChangesRequest(page_size=1000)),
        await until(registry.refusals),
    ]
    random = made.secret.split("_")[2].encode()
    assert random not in str(read).encode()
    assert random not in kept(registry.folder)
    assert registry.secret.split("_")[2].encode() not in kept(registry.folder)
    assert random.decode() not in "".join(capfd.readouterr())
    assert rules.digest(made.secret).encode() in kept(registry.folder)  # so that what is looked for would be found


def kept(folder: Path) -> bytes:
    """All files of a registry: the database with its ledger, its log and the answers that are kept."""
    return b"".join(each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file())


async def test_a_key_has_one_form(registry: Guarded) -> None:
    await registry.operator.body("a")
    secret = (await registry.operator.access.CreateKey(request())).secret
    body, _, checksum = secret.rpartition("_")
    wrong = {
        "another sum": f"{body}_{int(checksum, 16) ^ 1:08x}",
        "a letter changed": secret.replace(secret[20], "0" if secret[20] != "0" else "1", 1),
        "upper case": secret.upper(),
        "cut": secret[:-1],
        "made up": rules.generate("canary"),
        "of nobody": rules.generate("nobody"),
        "the operator's, made up": rules.generate("operator"),
    }
    for what, text in wrong.items():
        error = await refused(registry.api(text).feed.GetHead(GetHeadRequest()))
        assert reason(error)[:2] == ("UNAUTHENTICATED", "CREDENTIAL_INVALID"), what
        assert text not in str(error), what


async def test_a_key_ends(registry: Guarded) -> None:
    await registry.operator.body("a")
    made = await registry.operator.access.CreateKey(request(valid_to=ahead(2)))
    api = registry.api(made.secret)
    await api.feed.GetHead(GetHeadRequest())

    async def over() -> bool:
        return ahead(0).ToMicroseconds() > made.key.valid_to.ToMicroseconds()

    await until(over)
    assert (await refused(api.feed.GetHead(GetHeadRequest()))).code() == grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_is_for_what_it_was_made(registry: Guarded) -> None:
    await registry.operator.body("a")
    api = await registry.key("reads", "a", "READ")
    error = await refused(api.offer())
    assert reason(error)[1] == "NOT_GRANTED"


async def test_who_guesses_is_soon_stopped(registry: Guarded) -> None:
    known = await registry.second()
    await known.feed.GetHead(GetHeadRequest())
    guessing = [registry.api(rules.generate("second")) for _ in range(int(doorkeeper.FAILURES_AT_ONCE) + 3)]
    said = [reason(await refused(api.feed.GetHead(GetHeadRequest()))) for api in guessing]
    assert {each[1] for each in said} == {"CREDENTIAL_INVALID", "RATE_EXCEEDED"}
    assert said[-1][2]["retry_after_ms"]
    await known.feed.GetHead(GetHeadRequest())  # who is in stays in


async def test_last_use_is_shown_to_the_minute(registry: Guarded) -> None:
    await registry.operator.body("a")
    api: Api = await registry.key("used", "a", "READ")
    ask = access_pb2.GetKeyRequest(name="keys/used")
    assert not (await registry.operator.access.GetKey(ask)).key.HasField("last_use_time")
    before = await registry.head()
    await api.feed.GetHead(GetHeadRequest())

    async def used() -> Any:
        found = (await registry.operator.access.GetKey(ask)).key
        return found.last_use_time if found.HasField("last_use_time") else None

    assert (await until(used)).ToMicroseconds() % 60_000_000 == 0
    assert await registry.head() == before
