"""What a rollout is measured by: the releases that count, the organisations that must, their subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.api.v1.offering_pb2 import Campaign, Offering
from registry.api.v1.release_pb2 import Release
from registry.domain import convergence, release, subscription
from registry.domain.authority import Sight
from registry.semver import precedence
from registry.services.acting import missing
from registry.services.census import Census
from registry.services.pages import every
from registry.services.parties import Parties
from registry.store import View


@dataclass(frozen=True)
class Rollout:
    """What is measured, and all that is known of it. `enough` are the releases that count."""

    name: str
    provider: str
    release: str
    enough: frozenset[str]
    campaign: Campaign
    bodies: Sequence[Any]
    rows: Sequence[Any]

    @cached_property
    def excused(self) -> dict[str, str]:
        """Those of the class that need not, with the reason."""
        known = {body.name for body in self.bodies}
        return {each.organisation: each.reason for each in self.campaign.excuses if each.organisation in known}

    @cached_property
    def required(self) -> set[str]:
        """Organisations that must."""
        return {body.name for body in self.bodies} - self.excused.keys()

    @cached_property
    def live(self) -> list[Any]:
        """Their live subscriptions."""
        return [row for row in self.rows if row.state in subscription.LIVE and row.organisation in self.required]

    @cached_property
    def late(self) -> list[Any]:
        """Those that are not there."""
        return [row for row in self.live if not self.converged(row)]

    @cached_property
    def absent(self) -> set[str]:
        """Organisations without any."""
        return self.required - {row.organisation for row in self.live}

    @cached_property
    def done(self) -> set[str]:
        """Organisations of which all are there."""
        return self.required - self.absent - {row.organisation for row in self.late}

    def converged(self, row: Any) -> bool:
        """Proven on a release that counts, and nothing worse was heard since."""
        proven = row.phase == convergence.PROVEN and row.observed_release in self.enough
        return bool(proven and row.state != subscription.DEGRADED)


class Named:
    """Those who may be named to a caller: all to the provider, to others themselves. Everybody sees the counts."""

    def __init__(self, found: Rollout, sight: Sight) -> None:
        def shown(organisation: str) -> bool:
            every = sight.everything or found.provider in sight.organisations
            return every or organisation in sight.organisations

        self.late = [row for row in found.late if shown(row.organisation)]
        self.absent = {name for name in found.absent if shown(name)}
        self.excused = {name: reason for name, reason in found.excused.items() if shown(name)}


def rollout(
    view: View, request: pb.GetConvergenceRequest, census: Census | None = None, parties: Parties | None = None
) -> Rollout:
    """What the request asks for, in three reads however many there are; `census` and `parties` spare two of them.

    Errors: RESOURCE_NOT_FOUND.
    """
    document = view.get(request.name)
    if document is None:
        raise missing(request.name)
    if request.release and view.get(request.release) is None:
        raise missing(request.release)
    offering = Offering.FromString(document)
    campaign = _campaign(offering, request.campaign)
    releases = [Release.FromString(each) for each in every(view, "release", request.name)]
    wanted = campaign.release or request.release or _newest(releases)
    return Rollout(
        name=request.name,
        provider=offering.provider,
        release=wanted,
        enough=frozenset([wanted, *(_later(releases, wanted) if request.campaign else ())]) - {""},
        campaign=campaign,
        bodies=(parties or Parties()).of(view, request.name, campaign.party_class),
        rows=census.counted(request.name) if census else view.convergence(request.name),
    )


def _campaign(offering: Offering, key: str) -> Campaign:
    found = next((each for each in offering.campaigns if each.id == key), None)
    if key and found is None:
        raise missing(f"campaign {key[:64]} of {offering.name}")
    return found or Campaign()


def _newest(releases: Sequence[Release]) -> str:
    published = [each for each in releases if each.state == release.PUBLISHED]
    return max(published, key=lambda each: precedence(each.version)).name if published else ""


def _later(releases: Sequence[Release], wanted: str) -> list[str]:
    """Those that come after it and are not retired: whoever has one of them has taken the step."""
    least = next((precedence(each.version) for each in releases if each.name == wanted), None)
    kept = (each for each in releases if each.state != release.RETIRED)
    return [each.name for each in kept if least is not None and precedence(each.version) > least]
