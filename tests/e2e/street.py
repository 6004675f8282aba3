"""What the tests of the whole street say often: a subscriber as a process, publications, and waiting for what is due."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from registry.api.v1 import onboarding_service_pb2 as onboarding
from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase, Subscription, SubscriptionState
from tests.components.forked import Child
from tests.components.gateways import Gateway
from tests.integration.api import Api

PROGRAM = Path(sys.executable).with_name("gemensam-subscriber")
POLICY: dict[str, Any] = {"organisations": ["organisations/*"], "hosts": ["127.0.0.1"], "plain_text": True}
ACTIVE, DEGRADED = SubscriptionState.SUBSCRIPTION_STATE_ACTIVE, SubscriptionState.SUBSCRIPTION_STATE_DEGRADED
ENDED = SubscriptionState.SUBSCRIPTION_STATE_ENDED
PROVEN = ConvergencePhase.CONVERGENCE_PHASE_PROVEN


class Process:
    """A `gemensam-subscriber run` process in a folder that has its configuration, its policy and its log."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config = folder, folder / "subscriber.yaml"
        self.config.write_text(json.dumps(settings))  # JSON is YAML
        self.allow(**policy)
        self.process: Child | None = None

    def allow(self, **policy: Any) -> None:
        """Write the policy."""
        (self.folder / "policy.yaml").write_text(json.dumps({**POLICY, **policy}))

    def environment(self) -> dict[str, str]:
        """Of the process."""
        return dict(os.environ)

    def start(self) -> None:
        """Start the process."""
        with (self.folder / "log").open("ab") as log:
            command = ["run", "--config", self.config, "--json-logs"]
            self.process = Child("gemensam-subscriber", command, env=self.environment(), out=log, err=log)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self) -> None:
        """End it, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGKILL)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """What it logged of a kind."""
        lines = (self.folder / "log").read_text().splitlines()
        return [words for line in lines if line.startswith("{") and (words := json.loads(line)).get("event") == event]


class Subscriber(Process):
    """One that follows by gRPC, with a gateway and a folder as its targets."""

    def __init__(self, folder: Path, registry: str, gateway: Gateway, ports: Sequence[int], **settings: Any) -> None:
        adapters = [{"kind": gateway.kind, **gateway.options()}, {"kind": "files", "directory": "services"}]
        values = {"registry": registry, "systems": ["organisations/b/systems/gw"], "adapters": adapters, **settings}
        super().__init__(folder, values, {"ports": list(ports), "private_ranges": ["127.0.0.1/32"]})


@contextmanager
def subscriber(folder: Path, registry: str, gateway: Gateway, *ports: int, **settings: Any) -> Iterator[Subscriber]:
    """The subscriber of body `b`, not started; killed at the end."""
    made = Subscriber(folder, registry, gateway, ports, **settings)
    try:
        yield made
    finally:
        made.kill()


def interface(url: str, kind: int = 2) -> dict[str, Any]:
    """One interface in production."""
    return {"id": "api", "kind": kind, "endpoints": [{"environment": 3, "url": url}]}


async def standing_order(api: Api, mode: int = 3, body: str = "b", system: str = "organisations/b/systems/gw") -> None:
    """Provider `a`, and a body that takes everything that it offers."""
    await api.body("a")
    await api.body("b")
    if body != "b":
        await api.body(body, host="organisations/b")
    interest = {"filter": "provider = organisations/a", "mode": mode, "system": system}
    await api.onboarding.CreateInterest(
        onboarding.CreateInterestRequest(parent=f"organisations/{body}", interest_id="all", interest=interest)
    )


async def offered(api: Api, url: str, key: str = "permits", version: str = "1.0.0", kind: int = 2) -> None:
    """An offering with a release."""
    await api.offer(key)
    await api.publish(key, version, interfaces=[interface(url, kind)])


async def subscription(api: Api, key: str = "permits", body: str = "b") -> Subscription | None:
    """The body's subscription to the offering that is not ended."""
    request = onboarding.ListSubscriptionsRequest(parent=f"organisations/{body}", page_size=1000)
    listed = (await api.onboarding.ListSubscriptions(request)).subscriptions
    return next((each for each in listed if each.offering == f"offerings/{key}"), None)


async def reported(
    api: Api,
    condition: Callable[[Subscription, Convergence], bool],
    key: str = "permits",
    body: str = "b",
    seconds: float = 30,
) -> Subscription:
    """The subscription, once what is reported of it is so."""

    async def look() -> Subscription | None:
        found = await subscription(api, key, body)
        return found if found and condition(found, found.convergence) else None

    found: Subscription = await until(look, seconds)
    return found


async def proven(api: Api, version: str = "1.0.0", key: str = "permits", body: str = "b") -> Subscription:
    """The subscription, once it is active on the release."""
    release = f"offerings/{key}/releases/{version}"
    return await reported(
        api, lambda it, seen: (it.state, seen.phase, seen.observed_release) == (ACTIVE, PROVEN, release), key, body
    )


async def onboarded(api: Api, subscriber: Subscriber, url: str) -> Subscription:
    """The subscription of a body that asked for everything, started its subscriber, and was offered one service."""
    await standing_order(api)
    subscriber.start()
    await offered(api, url)
    return await proven(api)


async def call(url: str) -> httpx.Response:
    """Call as anybody would."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def until(condition: Any, seconds: float = 20) -> Any:
    """Wait until the awaitable condition gives something true."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
        return found
