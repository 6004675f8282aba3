"""What the registry has within a scope and no file names any more, and the lawful step that takes each out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.resource_pb2 import Resource
from registry.cli.connection import Registry
from registry.domain import agreement, capability, names, offering, order, release
from registry.domain.subscription import OVER

PAGE = 1000
KINDS = ("offering", "release", "agreement", "interest", "capability")
WITHDRAW, DEPRECATE, RETIRE, END, DELETE, WAIT = "withdraw", "deprecate", "retire", "end", "delete", "wait"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one resource, or that only time does it. `subscribers` are live subscriptions that use it."""

    verb: str
    name: str
    etag: str
    what: str
    subscribers: int = 0

    @property
    def is_open(self) -> bool:
        """Whether there is anything to do now."""
        return self.verb != WAIT


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be pruned: what an organisation provides or has, what has labels; both, if both are said."""

    provider: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def holds(self, resource: Resource, offerings: Mapping[str, Any]) -> bool:
        """Whether a resource is in it. What belongs to an offering has its provider, and a release its labels too."""
        noun = resource.WhichOneof("resource") or ""
        message: Any = getattr(resource, noun)
        about = {"release": names.parent(message.name), "agreement": resource.agreement.offering}.get(
            noun, message.name
        )
        above = offerings.get(about)
        owner = names.parent(message.name) if noun == "interest" else above.provider if above else ""
        labels = {**(above.labels if noun == "release" and above else {}), **message.labels}
        return (not self.provider or owner == self.provider) and self.labels.items() <= labels.items()


def steps(
    resources: Sequence[Resource], named: Collection[str], scope: Scope, kinds: Collection[str]
) -> Iterator[Step]:
    """The steps in an order in which what names others goes before them; without subscribers counted."""
    offerings = {each.offering.name: each.offering for each in resources if each.HasField("offering")}
    leaving = {
        name
        for name, each in offerings.items()
        if each.state == offering.WITHDRAWN
        or ("offering" in kinds and name not in named and scope.holds(Resource(offering=each), offerings))
    }
    for place in reversed(order.by_reference(resources)):
        resource = resources[place]
        noun = resource.WhichOneof("resource") or ""
        message: Any = getattr(resource, noun)
        if noun not in kinds or message.name in named or not scope.holds(resource, offerings):
            continue
        if noun == "release" and names.parent(message.name) in leaving:
            continue  # it goes with its offering
        if found := _STEPS[noun](message, offerings):
            verb, what = found
            yield Step(verb, message.name, message.etag, what)


Told = tuple[str, str] | None
Offerings = Mapping[str, Any]


def _offering(message: Any, _offerings: Offerings) -> Told:
    if message.state == offering.WITHDRAWN:
        return None
    return WITHDRAW, "no new subscriptions, and the ones there are end"


def _release(message: Any, offerings: Offerings) -> Told:
    if message.state == release.RETIRED:
        return None
    if message.state == release.PUBLISHED:
        days = offerings[names.parent(message.name)].terms.notice_days
        return DEPRECATE, f"it answers for {days} days more, the notice of the terms; retired by a prune after that"
    if message.state == release.DEPRECATED and not _passed(message.sunset_time):
        return WAIT, f"it answers until {message.sunset_time.ToJsonString()}"
    return RETIRE, "it leaves every gateway"


def _agreement(message: Any, _offerings: Offerings) -> Told:
    if message.state == agreement.PROPOSED:
        return END, "the proposal is taken back"
    if message.valid_to:
        return WAIT, f"it is in force until {message.valid_to}"
    return END, f"it is in force for {message.notice_days} days more, its notice"


def _interest(_message: Any, _offerings: Offerings) -> Told:
    return DELETE, "nothing more is joined by it; what has been stays"


def _capability(message: Any, _offerings: Offerings) -> Told:
    return None if message.state == capability.RETIRED else (RETIRE, "no other offering may name it")


_STEPS = {
    "offering": _offering,
    "release": _release,
    "agreement": _agreement,
    "interest": _interest,
    "capability": _capability,
}


def _passed(time: Timestamp) -> bool:
    return bool(time.ToDatetime(UTC) <= datetime.now(UTC))


def counted(registry: Registry, found: Iterable[Step], resources: Iterable[Resource]) -> list[Step]:
    """The steps with the live subscriptions that each takes away from. Errors: Failure."""
    about = {each.agreement.name: each.agreement.offering for each in resources if each.HasField("agreement")}
    live: dict[str, list[Any]] = {}

    def count(step: Step) -> int:
        noun = names.kind_of(step.name)
        of = {"offering": step.name, "release": names.parent(step.name)}.get(noun, about.get(step.name, ""))
        if of and of not in live:
            live[of] = _live(registry, of)
        return sum(noun == "offering" or step.name in {_release_of(each), each.agreement} for each in live.get(of, ()))

    return [replace(each, subscribers=count(each)) for each in found]


def _release_of(subscription: Any) -> str:
    return str(subscription.convergence.observed_release)


def _live(registry: Registry, name: str) -> list[Any]:
    query = {"parent": "organisations/-", "filter": f'offering = "{name}"'}
    return [each for page in registry.pages("subscription", PAGE, **query) for each in page if each.state not in OVER]
