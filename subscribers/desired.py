"""What the gateway should serve, told from the mirror alone: the same mirror gives the same answer."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Interface, InterfaceKind, Release, ReleaseState
from registry.api.v1.subscription_pb2 import Subscription, SubscriptionState
from registry.semver import precedence
from subscribers.state import Known, State

_S, _R, _E = SubscriptionState, ReleaseState, Environment
SERVED = {
    _S.SUBSCRIPTION_STATE_APPROVED,
    _S.SUBSCRIPTION_STATE_PROVISIONING,
    _S.SUBSCRIPTION_STATE_ACTIVE,
    _S.SUBSCRIPTION_STATE_DEGRADED,
}
LEAVING = {_S.SUBSCRIPTION_STATE_ENDING, _S.SUBSCRIPTION_STATE_SUSPENDED}  # a paused one comes back when it is resumed
# The better have the higher number. A deprecated release is served until it is retired.
USABLE = {_R.RELEASE_STATE_PUBLISHED: 2, _R.RELEASE_STATE_DEPRECATED: 1}
USABLE_IN_TEST = {**USABLE, _R.RELEASE_STATE_TEST: 2}
CANDIDATES = 4
_TESTING = {_E.ENVIRONMENT_SANDBOX, _E.ENVIRONMENT_TEST}
# What a version must look like before it is compared: the registry's word is checked here again.
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){2}([-+][0-9A-Za-z.+-]{1,100})?", re.ASCII)
_SEGMENT = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAMES = {
    "organisation": re.compile(rf"organisations/{_SEGMENT}", re.ASCII),
    "subscription": re.compile(rf"organisations/({_SEGMENT})/subscriptions/({_SEGMENT})", re.ASCII),
    "offering": re.compile(rf"offerings/({_SEGMENT})", re.ASCII),
    "release": re.compile(r"offerings/[a-z0-9-]{1,63}/releases/[a-z0-9.-]{1,63}", re.ASCII),
    "interface": re.compile(_SEGMENT, re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an interface answers in the subscription's environment."""

    interface: str
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription of ours, and what it should lead to. `leaving`: it is to be taken away and reported as removed.

    `release` is '' when there is none to use. `revision` is that of the newest change to the offering or any of its
    releases: it only grows, and a report never changes it. `traceparent` is of the change that brought the release.
    `older` are releases that may be used in its place, the best first, when the policy does not let it in. `document`
    is the release as it was told: what its endpoints were taken from, and what its publisher may have signed.
    """

    subscription: Subscription
    provider: str
    title: str
    release: str
    revision: int
    traceparent: str
    endpoints: tuple[Endpoint, ...]
    leaving: bool = False
    problem: str = ""
    older: tuple["Wanted", ...] = ()
    document: Release = field(default_factory=Release)


def wanted(state: State, systems: Collection[str]) -> list[Wanted]:
    """Every subscription of the systems that needs something of the gateway, the oldest first."""
    with state.still():
        return sorted(_wanted(state, systems), key=_age)


def environment_name(number: int) -> str:
    """`production`; a number that this program does not know is shown as it is."""
    known = Environment.Name(number) if number in Environment.values() else str(number)  # type: ignore[arg-type]
    return known.removeprefix("ENVIRONMENT_").lower()


def _age(each: Wanted) -> tuple[int, str]:
    return each.subscription.create_time.ToNanoseconds(), each.subscription.name


def _wanted(state: State, systems: Collection[str]) -> Iterator[Wanted]:
    for known in state.of("subscription", systems):
        message = Subscription.FromString(known.document)
        if message.name != known.name:
            continue
        if message.state in LEAVING:
            revision = message.convergence.observed_revision
            yield Wanted(message, "", "", "", revision, known.traceparent, _ever(state, message), leaving=True)
        elif message.state in SERVED:
            yield _serve(state, message)


def _serve(state: State, message: Subscription) -> Wanted:
    reported = message.convergence.observed_revision  # what it is of was told before it, so it is known here as well
    if not NAMES["subscription"].fullmatch(message.name) or not NAMES["offering"].fullmatch(message.offering):
        return Wanted(message, "", "", "", reported, "", (), problem="its names are not those of resources")
    owner = state.get(message.offering)
    offering = Offering.FromString(owner.document) if owner else Offering()
    if owner is None or not NAMES["organisation"].fullmatch(offering.provider):
        problem = f"{message.offering} is not known, or its provider's name is not that of an organisation"
        return Wanted(message, "", "", "", reported, "", (), problem=problem)
    revision = max(reported, state.newest(message.offering))
    found = ranked(state.below("release", message.offering), message.environment)[:CANDIDATES]
    if not found:
        name = environment_name(message.environment).upper()
        problem = f"{message.offering} has no release with an endpoint in {name}"
        return Wanted(message, offering.provider, offering.title.sv, "", revision, "", (), problem=problem)
    first, *others = [
        Wanted(
            *(message, offering.provider, offering.title.sv, known.name, revision, known.traceparent, endpoints),
            document=Release.FromString(known.document),
        )
        for known, endpoints in found
    ]
    return replace(first, older=tuple(others))


def ranked(known: Iterable[Known], environment: int) -> list[tuple[Known, tuple[Endpoint, ...]]]:
    """Releases with an endpoint there, the best first: published before deprecated, then the highest version.

    In the sandbox and test environments, a release that is in TEST is as good as a published one.
    """
    usable = USABLE_IN_TEST if environment in _TESTING else USABLE
    found = []
    for each in known:
        release = Release.FromString(each.document)
        fits = release.state in usable and _VERSION.fullmatch(release.version) and NAMES["release"].fullmatch(each.name)
        if fits and (endpoints := tuple(_endpoints(release, environment))):
            found.append(((usable[release.state], precedence(release.version)), each, endpoints))
    found.sort(key=lambda entry: entry[0], reverse=True)
    return [(each, endpoints) for _, each, endpoints in found]


def _ever(state: State, message: Subscription) -> tuple[Endpoint, ...]:
    """Every interface that any release of the offering has had in the environment."""
    releases = (Release.FromString(each.document) for each in state.below("release", message.offering))
    found = {each.interface: each for release in releases for each in _endpoints(release, message.environment)}
    return tuple(found[interface] for interface in sorted(found))


def _endpoints(release: Release, environment: int) -> Iterator[Endpoint]:
    seen = set()
    for interface in release.interfaces:
        for endpoint in interface.endpoints:
            fits = endpoint.environment == environment and NAMES["interface"].fullmatch(interface.id)
            if fits and interface.id not in seen:
                seen.add(interface.id)
                yield Endpoint(interface.id, _spoken(interface, endpoint.url))


def _spoken(interface: Interface, url: str) -> str:
    """A gRPC interface is often given as https: what it speaks decides, not how its address is written."""
    speaks_grpc = interface.kind == InterfaceKind.INTERFACE_KIND_GRPC
    return re.sub(r"^http(s?)://", r"grpc\1://", url, flags=re.IGNORECASE) if speaks_grpc else url
