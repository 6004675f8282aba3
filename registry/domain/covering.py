"""Which agreement covers an organisation's use of an offering, and why one does not."""

from registry.api.v1.agreement_pb2 import Agreement, AgreementState
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain.agreement import ACCEPTED
from registry.domain.filter import And, Comparison
from registry.domain.rules import Lookup
from registry.domain.unmet import Unmet, sentences, unmet
from registry.errors import Precondition

_FOREVER = "9999-12-31"


def in_force(message: Agreement, today: str) -> bool:
    """Whether what rests on it may go on today."""
    return message.state == ACCEPTED and today <= (message.valid_to or _FOREVER)


def uncovered(message: Agreement, organisation: Organisation, offering: Offering, today: str) -> list[Unmet]:
    """Why the agreement does not let the organisation join on the terms as they are now; empty when it does."""
    state = AgreementState.Name(message.state).removeprefix("AGREEMENT_STATE_")
    wanted = [
        ("offering", message.offering, "be", offering.name, message.offering == offering.name),
        ("state", state, "be", "ACCEPTED", message.state == ACCEPTED),
        ("terms_version", message.terms_version, "be", offering.terms.version,
         message.terms_version == offering.terms.version),
        ("valid_from", message.valid_from, "not lie after", today, message.valid_from <= today),
        ("valid_to", message.valid_to, "not lie before", today, today <= (message.valid_to or _FOREVER)),
        ("party", message.party, "be", organisation.name, message.party in {"", organisation.name}),
    ]  # fmt: skip
    failed = [
        Unmet(field, f"is {has or 'not set'}, must {wish} {word}", field)
        for field, has, wish, word, ok in wanted
        if not ok
    ]
    return failed if message.party else [*failed, *unmet(filters.parse(message.party_class), organisation)]


def covering(organisation: Organisation, offering: Offering, lookup: Lookup, today: str) -> Agreement | None:
    """The agreement to rest on: the organisation's own before that of a class, then the one that lasts longest."""
    for party in (organisation.name, ""):
        values = (("offering", offering.name), ("party", party), ("state", "ACCEPTED"))
        where = And(tuple(Comparison(field, "=", value, 0) for field, value in values))
        found = [each for each in lookup.select(Agreement, where) if not uncovered(each, organisation, offering, today)]
        if found:
            return max(found, key=lambda each: each.valid_to or _FOREVER)
    return None


def check_covering(message: Agreement, organisation: Organisation, offering: Offering, today: str) -> None:
    """Refuse an agreement that somebody named and that does not cover. Errors: AGREEMENT_NOT_COVERING."""
    failed = uncovered(message, organisation, offering, today)
    if failed:
        words = sentences(failed)
        text = f"{message.name} does not cover {offering.name} for {organisation.name}: {words}."
        named = {"agreement": message.name, "organisation": organisation.name, "offering": offering.name}
        violations = [(each.field, each.what) for each in failed]
        raise Precondition("AGREEMENT_NOT_COVERING", text, violations=violations, failed=words, **named)
