"""The description of the topics against what a real registry announces, against its code and against the contract."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

import registry.services
from registry.api.v1 import access_service_pb2 as x
from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.resource_pb2 import Resource
from registry.app import Running
from registry.domain import offering
from registry.domain.nouns import PUBLIC_KINDS
from registry.relay.topics import PARTITIONS, WANTED
from registry.services.offerings import VERBS
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.integration.api import Api
from tests.integration.relay.described import Description
from tests.integration.relay.test_relay import relayed
from tests.integration.services.street import (
    JOIN,
    MANUAL,
    PROPOSE,
    PROVEN,
    RELEASE,
    REMOVED,
    ROUTED,
    Sentinel,
    accept,
    make_system,
    offered,
    order,
    propose,
    report,
    retire,
    update_order,
)

USE = "organisations/b/subscriptions/use-permits"

SECOND = "se.gemensam.registry.grant.approved.v1"  # nobody waits where everybody is the operator


async def bodies(api: Api) -> None:
    """Everything that may happen to organisations, systems and capabilities."""
    await api.body("old")
    await api.body("new", host="")
    renamed = {"name": "organisations/new", "title": {"sv": "Ny kommun å ä ö"}}
    mask = {"paths": ["title"]}
    await api.organisations.UpdateOrganisation(o.UpdateOrganisationRequest(organisation=renamed, update_mask=mask))
    system = await make_system(api, "new", "s")
    change = {"name": system, "title": {"sv": "Ett annat"}}
    await api.organisations.UpdateSystem(o.UpdateSystemRequest(system=change, update_mask=mask))
    merger = o.MergeOrganisationsRequest(name="organisations/new", sources=["organisations/old"])
    await api.organisations.MergeOrganisations(merger)
    created = c.CreateCapabilityRequest(capability_id="building", capability={"title": {"sv": "Bygga"}})
    await api.capabilities.CreateCapability(created)
    node = {"name": "capabilities/building", "title": {"sv": "Bygglov"}}
    await api.capabilities.UpdateCapability(c.UpdateCapabilityRequest(capability=node, update_mask=mask))
    await api.capabilities.RetireCapability(c.RetireCapabilityRequest(name="capabilities/building"))


async def releases(api: Api) -> None:
    """Everything that may happen to an offering and its releases, but its withdrawal."""
    await offered(api, approval=MANUAL)
    change = {"name": "offerings/permits", "title": {"sv": "Bygglov"}}
    await api.offerings.UpdateOffering(f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["title"]}))
    for state in (1, 2, 3):
        await api.publish("permits", "2.0.0-rc.1", state=state)
    noted = Resource(release={"name": RELEASE, "version": "1.0.0", "notes": {"sv": "Snart slut"}})
    published = await api.offerings.GetRelease(f.GetReleaseRequest(name=RELEASE))
    noted.release.interfaces.MergeFrom(published.release.interfaces)
    soon = Timestamp()
    soon.GetCurrentTime()
    soon.seconds += 3600
    await api.offerings.DeprecateRelease(f.DeprecateReleaseRequest(name=RELEASE, sunset_time=soon))
    (result,) = (await api.definitions.Apply(d.ApplyRequest(resources=[noted]))).results
    assert result.outcome == d.APPLY_OUTCOME_UPDATED, result


async def agreements(api: Api) -> None:
    """Everything that may happen to agreements, but those that subscriptions make and their last day."""
    await propose(api)
    renamed = Resource(agreement={"name": "agreements/x", "offering": "offerings/permits", "party": "organisations/a"})
    (result,) = (await api.definitions.Apply(d.ApplyRequest(resources=[renamed]))).results
    assert result.outcome == d.APPLY_OUTCOME_UPDATED, result
    await accept(api)
    await api.onboarding.EndAgreement(n.EndAgreementRequest(name="agreements/x"))
    await propose(api, "y")
    await api.onboarding.EndAgreement(n.EndAgreementRequest(name="agreements/y"))


async def subscriptions(api: Api) -> None:
    """Everything that may happen to interests and subscriptions, and the end of the offering."""
    matched = Sentinel(api)
    await order(api, mode=PROPOSE)
    await matched.passed()
    await update_order(api, mode=JOIN)
    await matched.passed()
    interest = "organisations/b/interests/all"
    await api.onboarding.DeleteInterest(n.DeleteInterestRequest(name=interest))
    listed = await api.onboarding.ListSubscriptions(n.ListSubscriptionsRequest(parent="organisations/b"))
    (waiting,) = listed.subscriptions
    await api.onboarding.RejectSubscription(n.RejectSubscriptionRequest(name=waiting.name, reason="inte än"))
    await api.subscribe("b")
    await api.onboarding.ApproveSubscription(n.ApproveSubscriptionRequest(name=USE))
    await api.onboarding.SuspendSubscription(n.SuspendSubscriptionRequest(name=USE))
    await api.onboarding.ResumeSubscription(n.ResumeSubscriptionRequest(name=USE))
    await report(api, USE, phase=ROUTED, observed_release=RELEASE)
    await report(api, USE, revision=2, phase=PROVEN, observed_release=RELEASE)
    await api.onboarding.EndSubscription(n.EndSubscriptionRequest(name=USE))
    await report(api, USE, revision=3, phase=REMOVED)
    await retire(api, "2.0.0-rc.1")
    await api.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name="offerings/permits"))


async def rights(api: Api) -> None:
    """Everything that may happen to grants and keys, but a second operator's word."""
    day = Timestamp()
    day.GetCurrentTime()
    day.seconds += 86400
    scope = {"organisation": "organisations/a", "actions": [1], "valid_to": day}
    await api.access.CreateKey(x.CreateKeyRequest(key_id="k", key={"purpose": "Import", **scope}))
    await api.access.CreateGrant(x.CreateGrantRequest(grant_id="g", grant={"principal": "keys/k", **scope}))
    await api.access.RevokeGrant(x.RevokeGrantRequest(name="grants/g"))
    await api.access.RevokeKey(x.RevokeKeyRequest(name="keys/k"))


async def hiding(api: Api) -> None:
    """An offering is hidden from the public, and shown again."""
    await api.offer("secret")
    await api.publish("secret")
    for visibility in (3, 1):
        offering = {"name": "offerings/secret", "visibility": visibility}
        mask = {"paths": ["visibility"]}
        await api.offerings.UpdateOffering(f.UpdateOfferingRequest(offering=offering, update_mask=mask))


async def test_every_event_is_described_and_every_description_is_of_an_event(
    api: Api, registry_server: Running, kafka: Kafka
) -> None:
    await bodies(api)
    await releases(api)
    await agreements(api)
    await subscriptions(api)
    traced = n.CreateSubscriptionRequest(parent="organisations/a", subscription_id="traced")
    traced.subscription.offering, traced.subscription.system = "offerings/sentinel", "organisations/a/systems/gw"
    traceparent = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    await api.onboarding.CreateSubscription(traced, metadata=(("traceparent", traceparent),))
    await api.onboarding.EndSubscription(n.EndSubscriptionRequest(name="organisations/a/subscriptions/traced"))
    ledger = await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    assert differences(ledger, events) == []
    await rights(api)
    await hiding(api)
    await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    description = Description()
    assert {(event.topic, event.id): wrong for event in events if (wrong := description.wrong(event))} == {}
    assert {event.header("ce_type") for event in events} == description.types - {SECOND}
    assert all(event.key == event.header("ce_subject") for event in events)
    assert all(str(event.revision) == event.header("ce_sequence") for event in events)
    assert next(event.header("ce_traceparent") for event in events if event.key.endswith("/traced")) == traceparent
    event = events[0]
    lies = (
        replace(event, topic="elsewhere"),
        replace(event, value=b'{"name": 1}'),
        replace(event, headers=(*event.headers, ("ce_more", b"x"))),
        replace(event, headers=tuple(each for each in event.headers if each[0] != "ce_id")),
        replace(event, headers=tuple((name, b"7" if name == "ce_id" else value) for name, value in event.headers)),
    )
    assert all(description.wrong(each) for each in lies)


def test_the_verbs_are_those_of_the_code() -> None:
    described = {tuple(kind.split(".")[3:5]) for kind in Description().types}
    assert {verb for _noun, verb in described} == {*verbs_of_the_code(), *offering.CHANGES}


def verbs_of_the_code() -> Iterator[str]:
    """Every word with which a service changes the ledger."""
    yield from VERBS.values()
    for path in Path(registry.services.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                on = getattr(node.func.value, "id", "")
                if (on, node.func.attr) == ("batch", "put"):
                    yield from _words(node.args[1])
                elif (on, node.func.attr) == ("self", "_step"):
                    yield from _words(node.args[3])
                elif (on, node.func.attr) == ("batch", "delete"):
                    yield "deleted"
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "verb":
                yield from _words(node.value)


def _words(node: ast.AST) -> Iterator[str]:
    """What a choice can come to; its conditions are no choice."""
    if isinstance(node, ast.IfExp):
        yield from _words(node.body)
        yield from _words(node.orelse)
    elif isinstance(node, ast.Call):
        yield from (word for each in node.args for word in _words(each))
    elif isinstance(node, ast.Constant):
        yield str(node.value)


def test_the_topics_are_described_as_the_registry_makes_them() -> None:
    channels = Description().channels()
    assert set(channels) == set(WANTED)
    for topic, wanted in WANTED.items():
        kafka: Any = channels[topic]["bindings"]["kafka"]
        said = dict(kafka["topicConfiguration"])
        said["cleanup.policy"] = ",".join(said["cleanup.policy"])
        assert {key: str(value) for key, value in said.items()} == dict(wanted)
        assert kafka["partitions"] == PARTITIONS


def test_the_fields_are_those_of_the_contract() -> None:
    description = Description()
    nouns = {kind.split(".")[3] for kind in description.types}
    assert nouns >= PUBLIC_KINDS
    for noun in nouns:
        contract = Resource.DESCRIPTOR.fields_by_name[noun].message_type
        said = {name: schema["type"] for name, schema in description.fields(contract.name).items()}
        assert said == {field.json_name: json_type(field) for field in contract.fields}, noun


def json_type(field: FieldDescriptor) -> str:
    """How a field is written in proto3 JSON."""
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return "object"
    if field.is_repeated:
        return "array"
    return "object" if kind is not None and kind.full_name != "google.protobuf.Timestamp" else "string"
