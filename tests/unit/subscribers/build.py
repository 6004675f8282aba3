"""Short ways to put into a mirror what tests of the subscriber say often."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Interface, Release, ReleaseState
from registry.api.v1.subscription_pb2 import Subscription, SubscriptionState
from subscribers.events import Changed, Event, Position, Reached, SnapshotEnd, SnapshotStart
from subscribers.state import State

SYSTEM = "organisations/b/systems/gw"
PRODUCTION = Environment.ENVIRONMENT_PRODUCTION
PUBLISHED, DEPRECATED = ReleaseState.RELEASE_STATE_PUBLISHED, ReleaseState.RELEASE_STATE_DEPRECATED
RETIRED, TEST = ReleaseState.RELEASE_STATE_RETIRED, ReleaseState.RELEASE_STATE_TEST
APPROVED, ACTIVE = SubscriptionState.SUBSCRIPTION_STATE_APPROVED, SubscriptionState.SUBSCRIPTION_STATE_ACTIVE
ENDING, ENDED = SubscriptionState.SUBSCRIPTION_STATE_ENDING, SubscriptionState.SUBSCRIPTION_STATE_ENDED
HERE = Position("g", 1)
URL = "https://service.example.se/api"


def change(kind: str, message: Any, revision: int = 1, traceparent: str = "") -> Changed:
    """The event of a resource's change."""
    system = message.system if kind == "subscription" else ""
    return Changed(kind, message.name, revision, message.SerializeToString(), traceparent, system)


def deletion(message: Message, kind: str, revision: int) -> Changed:
    """The event of a resource's deletion."""
    return Changed(kind, message.name, revision, None, "")  # type: ignore[attr-defined]


def offering(key: str = "permits", provider: str = "organisations/a", **fields: Any) -> Offering:
    """An offering."""
    return Offering(name=f"offerings/{key}", provider=provider, title={"sv": f"Tjänst {key}"}, **fields)


def interface(url: str = URL, key: str = "api", environment: int = PRODUCTION, kind: int = 2) -> Interface:
    """An interface with one endpoint."""
    return Interface(id=key, kind=kind, endpoints=[{"environment": environment, "url": url}])  # type: ignore[arg-type]


def release(
    version: str = "1.0.0",
    state: int = PUBLISHED,
    url: str = URL,
    key: str = "permits",
    interfaces: Sequence[Interface] | None = None,
    **fields: Any,
) -> Release:
    """A release with one interface, unless others are given."""
    name = f"offerings/{key}/releases/{version.lower().replace('+', '-')}"
    given = [interface(url)] if interfaces is None else interfaces
    return Release(name=name, version=version, state=state, interfaces=given, **fields)  # type: ignore[arg-type]


def subscription(key: str = "s1", offered: str = "permits", state: int = APPROVED, **fields: Any) -> Subscription:
    """A subscription of body `b` in production."""
    values = {
        "name": f"organisations/b/subscriptions/{key}",
        "offering": f"offerings/{offered}",
        "system": SYSTEM,
        "environment": PRODUCTION,
        "state": state,
        **fields,
    }
    return Subscription(**values)


def mirror(*messages: Message, revision: int = 1) -> State:
    """A whole mirror in memory of the messages."""
    state = State(":memory:")
    state.take([SnapshotStart(), *changes(*messages, revision=revision), SnapshotEnd(), Reached(HERE)])
    return state


def changes(*messages: Message, revision: int = 1) -> list[Event]:
    """The events of the messages' changes."""
    return [change(type(each).__name__.lower(), each, revision) for each in messages]


ONE = (offering(), release(), subscription())
