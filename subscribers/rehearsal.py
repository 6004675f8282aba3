"""A runner's passes over one adapter, without a registry: what the conformance suite needs of a runner."""

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Endpoint, Interface, InterfaceKind, Release, ReleaseState
from registry.api.v1.subscription_pb2 import Subscription, SubscriptionState
from subscribers.adapter import Service, Upstream
from subscribers.events import Changed
from subscribers.policy import Policy
from subscribers.reconcile import Finding, Reconciler
from subscribers.settings import make_adapter
from subscribers.state import State
from subscribers.targets import Targets

SYSTEM, PROVIDER = "organisations/b/systems/gw", "organisations/a"
LINK_LOCAL = "169.254.*"


@contextlib.contextmanager
def rehearsal(options: Mapping[str, Any], where: Upstream) -> Iterator[tuple[State, Reconciler, list[Finding]]]:
    """A mirror to fill, passes to run, and what they find. The policy allows `where` and no address beside it."""
    found: list[Finding] = []
    rules = Policy(
        organisations=(PROVIDER,),
        hosts=(where.host, LINK_LOCAL),
        ports=(where.port,),
        plain_text=not where.secure,
        private_ranges=tuple(ipaddress.ip_network(each) for each in where.addresses),
    )
    with contextlib.ExitStack() as held:
        targets = held.enter_context(contextlib.closing(Targets([make_adapter(options)])))
        state = held.enter_context(contextlib.closing(State(":memory:")))
        reconciler = Reconciler(state, [SYSTEM], rules, targets, found.append)
        yield state, held.enter_context(contextlib.closing(reconciler)), found


def published(service: Service, revision: int = 1) -> list[Changed]:
    """What a registry would tell so that the service is wanted."""
    environment = Environment.ENVIRONMENT_PRODUCTION
    interfaces = [
        Interface(
            id=route.interface,
            kind=InterfaceKind.INTERFACE_KIND_GRPC if route.upstream.grpc else InterfaceKind.INTERFACE_KIND_REST,
            endpoints=[Endpoint(environment=environment, url=_url(route.upstream))],
        )
        for route in service.routes
    ]
    version = service.release.rpartition("/")[2]
    state = ReleaseState.RELEASE_STATE_PUBLISHED
    release = Release(name=service.release, version=version, state=state, interfaces=interfaces)
    use = Subscription(
        name=service.key,
        offering=service.offering,
        system=SYSTEM,
        environment=environment,
        state=SubscriptionState.SUBSCRIPTION_STATE_APPROVED,
    )
    offering = Offering(name=service.offering, provider=PROVIDER, title=LocalizedText(sv=service.title))
    return [
        Changed("offering", offering.name, revision, offering.SerializeToString(), ""),
        Changed("release", release.name, revision, release.SerializeToString(), ""),
        Changed("subscription", use.name, revision, use.SerializeToString(), "", SYSTEM),
    ]


def _url(upstream: Upstream) -> str:
    return f"{upstream.scheme}://{upstream.host}:{upstream.port}{upstream.path}"
