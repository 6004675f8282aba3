"""Use cases, one module for each service of the contract; each takes the store and the clock."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from registry.evidence.notes import Signer
from registry.services.access import Access
from registry.services.capabilities import Capabilities
from registry.services.contracts import Contracts
from registry.services.definitions import Definitions
from registry.services.evidence import Evidence
from registry.services.feed import Feed
from registry.services.judging import Memory
from registry.services.offerings import Offerings
from registry.services.onboarding import Onboarding
from registry.services.organisations import Organisations
from registry.store import Store, utc_now

PACKAGE = "gemensam.registry.v1"


def build(
    store: Store,
    now: Callable[[], datetime] = utc_now,
    signer: Signer | None = None,
    operators: Collection[str] = (),
) -> Mapping[str, object]:
    """The services by their full names in the contract; `signer` signs checkpoints, the settings name `operators`."""
    judged, contracts = Memory(), Contracts(store)
    return {
        f"{PACKAGE}.OrganisationService": Organisations(store, now),
        f"{PACKAGE}.CapabilityService": Capabilities(store, now),
        f"{PACKAGE}.OfferingService": Offerings(store, now, judged, contracts),
        f"{PACKAGE}.OnboardingService": Onboarding(store, now),
        f"{PACKAGE}.FeedService": Feed(store),
        f"{PACKAGE}.AccessService": Access(store, now, operators),
        f"{PACKAGE}.DefinitionService": Definitions(store, now, judged, contracts),
        f"{PACKAGE}.EvidenceService": Evidence(store, signer),
    }
