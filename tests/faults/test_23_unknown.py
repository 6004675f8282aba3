"""Fault 23: a commit whose outcome is unknown, since the connection broke around it."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc

from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.api.v1.organisation_service_pb2 import CreateOrganisationRequest
from registry.app import running
from registry.settings import Settings
from tests.faults.proxy import Link, Streams, proxy
from tests.faults.validators import broken
from tests.integration.api import Api, reason

TRIALS = 150


def create(key: str) -> CreateOrganisationRequest:
    body = {"kind": 1, "title": {"sv": "B"}}
    return CreateOrganisationRequest(organisation_id=key, organisation=body, request_id=f"id-{key}")


async def until_answered(api: Api, request: CreateOrganisationRequest) -> tuple[Any, int]:
    """The answer, and how often it took to get it. The same request id each time."""
    for attempt in range(1, 20):
        try:
            return (await api.organisations.CreateOrganisation(request)).organisation, attempt
        except grpc.aio.AioRpcError as error:
            if reason(error)[:2] != ("UNAVAILABLE", "STORE_UNAVAILABLE"):
                raise
    raise AssertionError("never answered")


async def test_fault_23_a_commit_of_unknown_outcome_has_one_effect(postgres_url: str, settings: Settings) -> None:
    """The connection breaks before COMMIT arrives, or after it was carried out and before anybody hears of it."""
    cuts = {"before": 0, "after": 0}
    folder, database = parse_qs(urlsplit(postgres_url).query)["host"][0], urlsplit(postgres_url).path[1:]

    async def connect() -> Streams:
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")

    def rule(link: Link, data: bytes, back: bool) -> int:
        if armed.is_set() and not back and b"COMMIT" in data:
            armed.clear()
            link.doomed = sum(cuts.values()) % 2 == 1
            cuts["after" if link.doomed else "before"] += 1
            return len(data) if link.doomed else 0
        return 0 if back and link.doomed else len(data)

    armed = asyncio.Event()
    async with proxy(connect, rule) as gate:
        settings.database_url = f"postgresql://postgres@{gate.address}/{database}?sslmode=disable&gssencmode=disable"
        async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
            api, attempts = Api(channel), []
            for number in range(TRIALS):
                armed.set()
                told, took = await until_answered(api, create(f"b{number}"))
                attempts.append(took)
                assert told.name == f"organisations/b{number}"
            changes = list((await api.feed.ListChanges(ListChangesRequest(page_size=1000))).changes)
    assert min(cuts.values()) > TRIALS / 4
    assert sum(attempts) > TRIALS * 1.5
    assert broken(changes) == []
    assert [change.name for change in changes] == [f"organisations/b{number}" for number in range(TRIALS)]
