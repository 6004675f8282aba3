"""What an adapter is: it renders, observes, applies and probes, and touches only what carries its own mark.

Adapters are synchronous and may block: the runner calls them on threads of its own, one call at a time but for probes.
They never talk to the registry and never decide what is allowed; both are the runner's. Third parties add one by an
entry point in the group `gemensam.adapters`; `subscribers.conformance` is the suite that it must pass.
"""

import difflib
import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

MARK = "se.gemensam"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a provider's endpoint answers.

    `scheme` is http, https, grpc or grpcs; `addresses` are the IP addresses that the policy has judged, sorted;
    `path` is '' or begins with '/' and has no '/' at its end.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether the connection to it is by TLS."""
        return self.scheme in {"https", "grpcs"}

    @property
    def grpc(self) -> bool:
        """Whether it speaks gRPC (HTTP/2) and is found by authority, not by path."""
        return self.scheme in {"grpc", "grpcs"}


@dataclass(frozen=True, slots=True)
class Route:
    """One interface of a service: `path` is its place at the gateway, `authority` that of a gRPC interface."""

    interface: str
    upstream: Upstream
    path: str
    authority: str


@dataclass(frozen=True, slots=True)
class Service:
    """What one subscription asks the gateway to serve. `key` is the subscription's name and the mark of all of it."""

    key: str
    offering: str
    release: str
    title: str
    environment: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """What an adapter says of itself. `probes`: it can prove a service by a call through the gateway."""

    name: str
    target: str
    probes: bool


class Action(enum.StrEnum):
    """What a step does."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the target: the marked text before and after it ('' where there is none)."""

    action: Action
    key: str
    before: str
    after: str

    def diff(self) -> str:
        """The change for people to read, as a unified diff."""
        old, new = self.before.splitlines(), self.after.splitlines()
        return "\n".join(difflib.unified_diff(old, new, f"a/{self.key}", f"b/{self.key}", lineterm=""))


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order of their keys; empty when the target is as desired."""

    steps: tuple[Step, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Proof:
    """Outcome of a probe. `reason` is '' when it is proven, else a word in capitals for machines."""

    reason: str = ""
    message: str = ""


class AdapterError(Exception):
    """The target refused or cannot be reached. `keys` are the services at fault; empty when all are."""

    def __init__(self, reason: str, message: str, keys: Collection[str] = ()) -> None:
        super().__init__(message)
        self.reason, self.message, self.keys = reason, message, frozenset(keys)


class Judge(Protocol):
    """Where an address of the configuration leads, by the body's policy: for adapters that call somebody outside.

    An adapter whose constructor has the keyword `judge` gets one; it is made from the option `policy`, a file, which is
    the runner's own unless another is named. The adapter connects to the addresses that it gives, and to no others.
    """

    def __call__(self, url: str) -> Upstream:
        """Looked up and judged now. Errors: AdapterError ADDRESS_REFUSED; TARGET_UNAVAILABLE when it has no address."""

    def close(self) -> None:
        """Look nothing more up."""


@runtime_checkable
class Adapter(Protocol):
    """One target of one body. The constructor takes the adapter's own part of the configuration as keywords."""

    def describe(self) -> Description:
        """Who it is; no I/O."""

    def check(self) -> None:
        """Whether the target answers and is set up as it must be. Errors: AdapterError that says what to do."""

    def render(self, service: Service) -> str:
        """The text that the target holds for a service: pure, deterministic, and never '' (that means absent)."""

    def observe(self) -> Mapping[str, str]:
        """What the target holds under our mark now, by key, in the form of `render`. Errors: AdapterError."""

    def apply(self, plan: Plan) -> None:
        """Bring the steps into the target; may be repeated, and may be cut at any point. Errors: AdapterError."""

    def probe(self, service: Service) -> Proof:
        """Whether a call through the target reaches the service at its release."""

    def probe_gone(self, service: Service) -> Proof:
        """Whether calls at the service's places are refused: proof that it has left."""

    def remove(self) -> None:
        """Take away everything under our mark, and nothing else. Errors: AdapterError."""

    def close(self) -> None:
        """Give back connections."""


@runtime_checkable
class Replays(Protocol):
    """An adapter that tells a target which cannot be looked into, and can tell it again."""

    def replay(self, since: int) -> int:
        """Send again what was sent last of each subscription, from a number on; how much. Errors: AdapterError."""


def plan(adapter: Adapter, desired: Iterable[Service], observed: Mapping[str, str]) -> Plan:
    """What must change so that the target holds the desired services and no other of ours. Pure: no I/O."""
    wanted = {service.key: adapter.render(service) for service in desired}
    steps = []
    for key in sorted(wanted.keys() | observed.keys()):
        before, after = observed.get(key, ""), wanted.get(key, "")
        if before != after:
            action = Action.CHANGE if before and after else Action.ADD if after else Action.REMOVE
            steps.append(Step(action, key, before, after))
    return Plan(tuple(steps))
