"""One realistic request for every method that changes something, all on what organisation a has."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from google.protobuf.message import Message

from registry.rpc.binder import Method, methods
from tests.integration.api import INTERFACE
from tests.threats.guarded import Guarded, actions, ahead, subscribe, system

A = "organisations/a"
PERMITS, THEIRS = "offerings/permits", "offerings/theirs"
RELEASE = f"{PERMITS}/releases/1.0.0"
TITLE = {"sv": "Ändrad"}
MASK = {"paths": ["title.sv"]}
WAITS, APPROVED, SUSPENDED = 2, 3, 7


class Attempt(NamedTuple):
    """The request, and who is right to send it: `a` by its key, `admin` who gives for it, or an operator."""

    by: str
    request: Mapping[str, Any]


def _update(noun: str, name: str, **fields: Any) -> dict[str, Any]:
    return {noun: {"name": name, "title": TITLE, **fields}, "update_mask": MASK}


def _subscription(offering: str, gateway: str) -> dict[str, Any]:
    wanted = {"offering": offering, "system": f"{A}/systems/{gateway}"}
    return {"parent": A, "subscription_id": f"by-{gateway}", "subscription": wanted}


ATTEMPTS = {
    "CreateOrganisation": Attempt("operator", {"organisation_id": "new", "organisation": {"kind": 1, "title": TITLE}}),
    "UpdateOrganisation": Attempt("a", _update("organisation", A)),
    "MergeOrganisations": Attempt("operator", {"name": A, "sources": ["organisations/old"]}),
    "CreateSystem": Attempt("a", {"parent": A, "system_id": "new", "system": {"title": TITLE, "environment": 3}}),
    "UpdateSystem": Attempt("a", _update("system", f"{A}/systems/gw")),
    "CreateCapability": Attempt("operator", {"capability_id": "new", "capability": {"title": TITLE}}),
    "UpdateCapability": Attempt("operator", _update("capability", "capabilities/permits")),
    "RetireCapability": Attempt("operator", {"name": "capabilities/permits"}),
    "CreateOffering": Attempt("a", {"offering_id": "new", "offering": {"provider": A, "title": TITLE}}),
    "UpdateOffering": Attempt("a", _update("offering", PERMITS)),
    "WithdrawOffering": Attempt("a", {"name": PERMITS}),
    "PublishRelease": Attempt("a", {"parent": PERMITS, "release": {"version": "1.1.0", "interfaces": [INTERFACE]}}),
    "DeprecateRelease": Attempt("a", {"name": RELEASE, "sunset_time": {"seconds": 4_000_000_000}}),
    "RetireRelease": Attempt("a", {"name": f"{PERMITS}/releases/0.9.0"}),
    "CreateInterest": Attempt(
        "a", {"parent": A, "interest_id": "new", "interest": {"filter": 'provider = "organisations/d"', "mode": 1}}
    ),
    "UpdateInterest": Attempt(
        "a", {"interest": {"name": f"{A}/interests/all", "labels": {"x": "y"}}, "update_mask": {"paths": ["labels"]}}
    ),
    "DeleteInterest": Attempt("a", {"name": f"{A}/interests/all"}),
    "ProposeAgreement": Attempt(
        "a", {"agreement_id": "new", "agreement": {"offering": PERMITS, "party": "organisations/d"}}
    ),
    "AcceptAgreement": Attempt("a", {"name": "agreements/theirs", "evidence": "case 1"}),
    "EndAgreement": Attempt("a", {"name": "agreements/theirs"}),
    "CreateSubscription": Attempt("a", _subscription(THEIRS, "spare")),
    "BatchCreateSubscriptions": Attempt("a", {"requests": [_subscription(THEIRS, "spare")]}),
    "ApproveSubscription": Attempt("a", {"name": "organisations/d/subscriptions/waits"}),
    "RejectSubscription": Attempt("a", {"name": "organisations/d/subscriptions/waits", "reason": "Full."}),
    "SuspendSubscription": Attempt("a", {"name": f"{A}/subscriptions/used"}),
    "ResumeSubscription": Attempt("a", {"name": f"{A}/subscriptions/paused"}),
    "EndSubscription": Attempt("a", {"name": f"{A}/subscriptions/used"}),
    "ReportConvergence": Attempt(
        "a",
        {
            "name": f"{A}/subscriptions/used",
            "convergence": {"phase": 1, "observed_release": f"{THEIRS}/releases/1.0.0", "observed_revision": 1},
        },
    ),
    "Apply": Attempt(
        "a",
        {
            "resources": [
                {"offering": {"name": PERMITS, "provider": A, "title": TITLE}},
                {"organisation": {"name": A, "kind": 1, "title": TITLE}},
                {"system": {"name": f"{A}/systems/gw", "title": TITLE, "environment": 3}},
            ]
        },
    ),
    "CreateGrant": Attempt(
        "admin",
        {
            "grant": {
                "principal": "keys/of-b",
                "organisation": A,
                "actions": actions("READ"),
                "valid_to": ahead(86_400),
            }
        },
    ),
    "ApproveGrant": Attempt("second", {"name": "grants/waits"}),
    "RevokeGrant": Attempt("admin", {"name": "grants/given"}),
    "CreateKey": Attempt("admin", {"key": {"organisation": A, "purpose": "more", "actions": actions("READ")}}),
    "RevokeKey": Attempt("admin", {"name": "keys/spare"}),
}


def writing() -> list[Method]:
    """Every method that can change something, as the descriptors tell."""
    return [method for method in methods({}) if method.writes]


def word(method: Method) -> str:
    """Its last word."""
    return method.path.rsplit("/", 1)[1]


def request_of(method: Method, *, dry: bool = False) -> Message:
    """The request of its attempt; with `dry`, one that keeps nothing where the method can do that."""
    message: Any = method.request(**ATTEMPTS[word(method)].request)
    if dry and "validate_only" in method.request.DESCRIPTOR.fields_by_name:
        message.validate_only = True
    return message


async def prepare(town: Guarded) -> dict[str, str]:
    """What the attempts are about; answers the keys of who is right to make them."""
    api = town.operator
    await system(api, "a", "spare")
    await system(api, "a", "second")
    await api.publish(version="0.9.0", state=2)
    await api.capabilities.CreateCapability(_made("CreateCapability", capability_id="permits"))
    await api.onboarding.CreateInterest(_made("CreateInterest", interest_id="all"))
    proposal = {"offering": THEIRS, "party": A}
    await api.onboarding.ProposeAgreement(_made("ProposeAgreement", agreement_id="theirs", agreement=proposal))
    await api.onboarding.CreateSubscription(
        _made("CreateSubscription", subscription_id="paused", subscription=_on("second"))
    )
    await api.onboarding.SuspendSubscription(_made("SuspendSubscription", name=f"{A}/subscriptions/paused"))
    await subscribe(town, "a", "theirs", "used", APPROVED)
    await subscribe(town, "d", "permits", "waits", WAITS)
    await town.key("admin", "a", "READ", "DECLARE")
    await town.grant("admin", "keys/admin", "a", "GRANT", "READ")
    await town.grant("given", "keys/of-d", "a", "READ")
    await town.grant("waits", "keys/of-d", "a", "READ", by=town.operator)
    await town.key("spare", "a", "READ")
    return {
        "a": town.secrets["of-a"],
        "admin": town.secrets["admin"],
        "operator": town.secret,
        "second": town.secrets["second"],
    }


def _on(gateway: str) -> dict[str, Any]:
    return {"offering": THEIRS, "system": f"{A}/systems/{gateway}"}


def _made(method_: str, /, **fields: Any) -> Any:
    method = next(each for each in writing() if word(each) == method_)
    return method.request(**{**ATTEMPTS[method_].request, **fields})
