"""Export gives back what Apply took, and Apply takes back what Export gave."""

from typing import Any

import grpc

from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import onboarding_service_pb2 as n
from registry.app import running
from registry.settings import Settings
from tests.integration.api import Api
from tests.integration.services.street import refusal
from tests.integration.services.test_apply import apply, definitions, head, outcomes

OURS = ("uid", "etag", "revision", "create_time", "update_time", "publish_time")


async def export(api: Api, **fields: Any) -> list[Any]:
    found: list[Any] = []
    request = d.ExportRequest(page_size=3, **fields)
    while True:
        page = await api.definitions.Export(request)
        found += page.resources
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def plain(resources: list[Any]) -> list[Any]:
    """Without what each registry gives by itself."""
    copies = []
    for resource in resources:
        copy = type(resource)()
        copy.CopyFrom(resource)
        inner = getattr(copy, copy.WhichOneof("resource"))
        for field in OURS:
            if field in inner.DESCRIPTOR.fields_by_name:
                inner.ClearField(field)
        copies.append(copy)
    return copies


async def test_what_was_exported_is_applied_as_unchanged(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    exported = await export(api)
    assert len(exported) == 10
    for atomic in (True, False):
        assert outcomes(await apply(api, exported, atomic=atomic)) == ["UNCHANGED"] * 10
    assert await head(api) == 10


async def test_an_export_makes_another_registry_the_same(api: Api, tmp_path: Any) -> None:
    """Whatever the size of its pages: Apply brings them into order."""
    await apply(api, definitions(), atomic=True)
    exported = await export(api)
    other = Settings(data=tmp_path / "other", grpc_address="127.0.0.1:0", web_address="")
    async with running(other) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        copy = Api(channel)
        assert outcomes(await apply(copy, plain(exported), atomic=True)) == ["CREATED"] * 10
        assert plain(await export(copy)) == plain(exported)


async def test_a_part_is_exported(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    parts: list[tuple[Any, int]] = [
        ({"kinds": ["release"]}, 2),
        ({"kinds": ["offering", "release"]}, 3),
        ({"name_prefix": "organisations/host"}, 2),
        ({"name_prefix": "offerings/permits", "kinds": ["release"]}, 2),
        ({"name_prefix": "nothing"}, 0),
    ]
    assert [len(await export(api, **fields)) for fields, _ in parts] == [count for _, count in parts]


async def test_subscriptions_are_no_definitions(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id="x")
    request.subscription.offering, request.subscription.system = "offerings/permits", "organisations/host/systems/gw"
    await api.onboarding.CreateSubscription(request)
    assert len(await export(api)) == 10
    assert (await refusal(api.definitions.Export(d.ExportRequest(kinds=["subscription"]))))[1] == "FIELD_INVALID"


async def test_a_token_belongs_to_its_export(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    page = await api.definitions.Export(d.ExportRequest(page_size=1, kinds=["organisation"]))
    request = d.ExportRequest(page_size=1, kinds=["offering"], page_token=page.next_page_token)
    assert (await refusal(api.definitions.Export(request)))[1] == "PAGE_TOKEN_INVALID"
