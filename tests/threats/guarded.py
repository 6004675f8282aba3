"""A registry that lets nobody in without a credential: its operators, organisations with keys, and who was refused."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.api.v1 import onboarding_service_pb2 as onboarding_pb2
from registry.api.v1 import organisation_service_pb2 as organisation_pb2
from registry.api.v1.access_pb2 import Action
from registry.app import Running, running
from registry.identity import local_key
from registry.settings import Settings
from tests.integration.api import Api

HOSTED = ("READ", "DECLARE", "PUBLISH", "AGREE", "ONBOARD", "REPORT")
WAIT_SECONDS = 20.0
Interceptors: Any = (grpc.aio.UnaryUnaryClientInterceptor, grpc.aio.UnaryStreamClientInterceptor)


def _with(details: Any, header: tuple[str, str]) -> Any:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), header)
    return grpc.aio.ClientCallDetails(
        details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
    )


class _Unary(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    def __init__(self, header: tuple[str, str]) -> None:
        self._header = header

    async def intercept_unary_unary(self, go_on: Any, details: Any, request: Any) -> Any:
        return await go_on(_with(details, self._header), request)


class _Stream(grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[misc]
    def __init__(self, header: tuple[str, str]) -> None:
        self._header = header

    async def intercept_unary_stream(self, go_on: Any, details: Any, request: Any) -> Any:
        return await go_on(_with(details, self._header), request)


def actions(*words: str) -> list[int]:
    """The numbers of actions."""
    return [Action.Value(f"ACTION_{word}") for word in words]


def ahead(seconds: float) -> Timestamp:
    """A time from now."""
    time = Timestamp()
    time.FromDatetime(datetime.now(UTC) + timedelta(seconds=seconds))
    return time


async def until(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """Wait until the awaited condition gives something true."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):
            await asyncio.sleep(0.05)
        return found


async def refused(call: Any) -> grpc.aio.AioRpcError:
    """The refusal of a call. Fails when it is not refused."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("not refused")


async def answered(call: Any, asked: str) -> str:
    """All that comes back of a call, refused or not, with what was asked for taken out of it."""
    try:
        answer = str(await call)
    except grpc.aio.AioRpcError as error:
        details = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
        answer = f"{error.code()} {error.details()} {Status.FromString(details)}"  # type: ignore[arg-type]
    return answer.replace(asked, "IT")


class Guarded:
    """`operator` and `second` are two operators, `strange` is nobody."""

    def __init__(self, server: Running, folder: Path, secret: str) -> None:
        self.server, self.folder, self.secret = server, folder, secret
        self._channels: list[grpc.aio.Channel] = []
        self.secrets: dict[str, str] = {}
        self.strange, self.operator = self.api(), self.api(secret)

    def channel(self, secret: str = "") -> grpc.aio.Channel:
        """A channel that shows the key, or nothing."""
        header = ("authorization", f"Bearer {secret}")
        options = [("grpc.use_local_subchannel_pool", 1)]
        opened = grpc.aio.insecure_channel(
            self.server.grpc_address, options=options, interceptors=[_Unary(header), _Stream(header)] if secret else []
        )
        self._channels.append(opened)
        return opened

    def api(self, secret: str = "") -> Api:
        """Stubs on it."""
        return Api(self.channel(secret))

    async def close(self) -> None:
        """Close the channels."""
        await asyncio.gather(*(each.close() for each in self._channels))

    async def key(self, key: str, organisation: str = "", *may: str, by: Api | None = None, **fields: Any) -> Api:
        """Make a key; answers stubs that show it. Its secret is in `secrets`."""
        named = f"organisations/{organisation}" if organisation else ""
        wanted = {"organisation": named, "purpose": f"test {key}", "actions": actions(*may), **fields}
        made = await (by or self.operator).access.CreateKey(access_pb2.CreateKeyRequest(key_id=key, key=wanted))
        self.secrets[key] = made.secret
        return self.api(made.secret)

    async def grant(
        self, key: str, principal: str, organisation: str, *may: str, by: Api | None = None, **fields: Any
    ) -> Any:
        """Give a grant; an operator's is approved by the second operator."""
        wanted = {
            "principal": principal,
            "organisation": f"organisations/{organisation}" if organisation else "",
            "actions": actions(*may),
            "valid_to": ahead(3600),
            **fields,
        }
        request = access_pb2.CreateGrantRequest(grant_id=key, grant=wanted)
        made = (await (by or self.operator).access.CreateGrant(request)).grant
        if by is None:
            approve = access_pb2.ApproveGrantRequest(name=made.name)
            made = (await (await self.second()).access.ApproveGrant(approve)).grant
        return made

    async def second(self) -> Api:
        """Another operator: the settings name its key."""
        if "second" not in self.secrets:
            return await self.key("second", "", "OPERATE")
        return self.api(self.secrets["second"])

    async def head(self) -> int:
        """Revision of the newest change."""
        return self.server.store.head_revision

    async def refusals(self) -> list[Any]:
        """What was refused, as operators see it."""
        return list((await self.operator.access.ListRefusals(access_pb2.ListRefusalsRequest(page_size=1000))).refusals)


@contextlib.asynccontextmanager
async def guarded(folder: Path, **settings: Any) -> AsyncIterator[Guarded]:
    """The registry for as long as the block lasts."""
    data = folder / "data"
    wanted = Settings(
        data=data, grpc_address="127.0.0.1:0", web_address="", identity="required", operators="keys/second", **settings
    )
    async with running(wanted) as server:
        opened = Guarded(server, data, local_key.ensure(data, datetime.now(UTC)))
        try:
            yield opened
        finally:
            await opened.close()


async def populate(registry: Guarded) -> None:
    """Organisations, each with a key for all that keys may; a offers `permits` and uses `theirs`, which d offers."""
    api = registry.operator
    for key in "abd":
        await api.body(key)
    await api.body("c", host="organisations/a")
    await api.body("old")
    for key in "abcd":
        await registry.key(f"of-{key}", key, *HOSTED)
    await api.offer("permits", approval=2)
    await api.publish()
    await api.offer("theirs", "organisations/d")
    await api.publish("theirs")


async def subscribe(registry: Guarded, of: str, offering: str, key: str, state: int) -> Any:
    """A subscription that has come to a state."""
    api = registry.operator
    made = await api.onboarding.CreateSubscription(
        onboarding_pb2.CreateSubscriptionRequest(
            parent=f"organisations/{of}",
            subscription_id=key,
            subscription={"offering": f"offerings/{offering}", "system": f"organisations/{of}/systems/gw"},
        )
    )

    async def there() -> Any:
        request = onboarding_pb2.GetSubscriptionRequest(name=made.subscription.name)
        found = (await api.onboarding.GetSubscription(request)).subscription
        return found if found.state == state else None

    return await until(there)


async def system(api: Api, organisation: str, key: str) -> Any:
    """Another production system."""
    return await api.organisations.CreateSystem(
        organisation_pb2.CreateSystemRequest(
            parent=f"organisations/{organisation}",
            system_id=key,
            system={"title": {"sv": "Annan gateway"}, "environment": 3},
        )
    )
