"""Threat 1: publish for another organisation. Every method that changes something is tried by those who may not."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from registry.api.v1.access_service_pb2 import RevokeKeyRequest
from registry.api.v1.definition_service_pb2 import ApplyOutcome
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.domain import key
from registry.rpc import doorkeeper
from registry.rpc.binder import Method
from tests.integration.api import reason
from tests.threats.attempts import ATTEMPTS, prepare, request_of, word, writing
from tests.threats.guarded import HOSTED, Guarded, ahead, until

MAY_NOT = {"NOT_GRANTED", "RESOURCE_NOT_FOUND", "FIELD_PROTECTED", "CREDENTIAL_MISSING", "CREDENTIAL_INVALID"}
Make = Callable[[Guarded], Awaitable[str]]


async def _nobody(_town: Guarded) -> str:
    return ""


async def _wrong(_town: Guarded) -> str:
    return key.generate("of-a")


async def _stranger(town: Guarded) -> str:
    await town.operator.body("s")
    await town.key("stranger", "s", "READ")
    return town.secrets["stranger"]


async def _other(town: Guarded) -> str:
    return town.secrets["of-b"]


async def _expired(town: Guarded) -> str:
    await town.key("late", "b", "READ")
    given = await town.grant("late", "keys/late", "a", *HOSTED, "GRANT", valid_to=ahead(1.5))

    async def over() -> bool:
        return ahead(0).ToMicroseconds() > given.valid_to.ToMicroseconds()

    await until(over)
    return town.secrets["late"]


async def _nearly(town: Guarded) -> str:
    """Prefixes that each begin as the names of the things do, and end within a segment."""
    await town.key("near", "b", "READ")
    prefixes = (
        "offerings/permit",
        "organisations/a/systems/g",
        "organisations/a/interests/al",
        "grants/give",
        "keys/s",
    )
    for place, prefix in enumerate((*prefixes, "organisations/a/subscriptions/use", "agreements/their")):
        await town.grant(f"near-{place}", "keys/near", "a", *HOSTED, "GRANT", name_prefix=prefix)
    return town.secrets["near"]


async def _revoked(town: Guarded) -> str:
    await town.key("gone", "a", *HOSTED)
    await town.operator.access.RevokeKey(RevokeKeyRequest(name="keys/gone"))
    return town.secrets["gone"]


INTRUDERS: dict[str, Make] = {
    "nobody": _nobody,
    "wrong key": _wrong,
    "stranger": _stranger,
    "another organisation": _other,
    "expired grant": _expired,
    "nearly the prefix": _nearly,
    "revoked key": _revoked,
}


async def call(channel: grpc.aio.Channel, method: Method, *, dry: bool = False) -> tuple[set[str], Any]:
    """The reasons of a call's refusals, those of the entries of a batch among them, and what was answered."""
    send: Any = channel.unary_unary(
        method.path, request_serializer=method.request.SerializeToString, response_deserializer=bytes
    )
    try:
        data = await send(request_of(method, dry=dry))
    except grpc.aio.AioRpcError as error:
        return {reason(error)[1]}, None
    response = _response(method).FromString(data)
    results = list(getattr(response, "results", ()))
    failed = {ErrorReason.Name(each.error.reason).removeprefix("ERROR_REASON_") for each in results if _failed(each)}
    assert not failed or all(map(_failed, results)), f"{word(method)}: some entries were let through"
    return failed, response


def _failed(result: Any) -> bool:
    return bool(result.outcome == ApplyOutcome.APPLY_OUTCOME_FAILED)


def _response(method: Method) -> Any:
    from google.protobuf import symbol_database  # noqa: PLC0415 - beside the one that needs it

    name = method.request.DESCRIPTOR.full_name.removesuffix("Request") + "Response"
    return symbol_database.Default().GetSymbol(name)


def test_every_method_that_changes_something_has_an_attempt() -> None:
    names = {word(each) for each in writing()}
    assert names == ATTEMPTS.keys()
    assert len(names) > 30


@pytest.mark.parametrize("intruder", INTRUDERS)
async def test_who_may_not_is_refused_by_every_method_and_put_on_record(town: Guarded, intruder: str) -> None:
    await prepare(town)
    secret = await INTRUDERS[intruder](town)
    channel = town.channel(secret)
    before = await town.head()

    answered = {word(each): (await call(channel, each))[0] for each in writing()}

    assert {name: found for name, found in answered.items() if not found or found - MAY_NOT} == {}
    assert await town.head() == before

    async def recorded() -> bool:
        found = {each.method.rpartition("/")[2] for each in await town.refusals() if each.reason in MAY_NOT}
        return found >= answered.keys()

    await until(recorded)


async def test_who_may_is_let_through_by_every_method(town: Guarded) -> None:
    """So that the others are refused for what they are, and not for what they send."""
    secrets = await prepare(town)
    channels = {who: town.channel(secret) for who, secret in secrets.items()}

    answered = {word(each): (await call(channels[ATTEMPTS[word(each)].by], each, dry=True))[0] for each in writing()}

    assert {name: found for name, found in answered.items() if found} == {}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer may fail as often as there are methods: that it is stopped soon is another test's."""
    monkeypatch.setattr(doorkeeper, "FAILURES_AT_ONCE", 1000.0)
