"""Offerings as public bodies would write them, put into a store through its own writer, and requests serialised beforehand."""

import asyncio
from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.store import Batch, Caller, Command
from registry.store.sqlstore import SqlStore, open_store

PROVIDERS = 100
GROUP = 1000
DESCRIPTION = (
    "Ansökan, komplettering, beslut och arkivering i ett flöde, med bilagor, kvittens och status till den sökande."
    " Tjänsten följer de gemensamma gränssnitten och kan tas i bruk av varje kommun utan egen utveckling."
)
Progress = Callable[[int, int], None]


def offering(number: int) -> Offering:
    """The offering of a number: one provider in a hundred, one capability in a hundred."""
    return Offering(
        name=f"offerings/bygglov-{number}",
        provider=f"organisations/b{number % PROVIDERS}",
        title=LocalizedText(sv=f"Bygglov {number}", en=f"Building permits {number}"),
        description=LocalizedText(sv=DESCRIPTION, en="Application, completion, decision and archive in one flow."),
        capabilities=[f"capabilities/c{number // 7 % PROVIDERS}"],
        information_class=1 + number % 3,  # type: ignore[arg-type]
        legal_basis="Plan- och bygglagen (2010:900)",
        contact="e-tjanster@kommun.example",
        state=1,  # type: ignore[arg-type]
        visibility=1,  # type: ignore[arg-type]
        terms={"approval": 1, "notice_days": 90, "version": "1.0"},  # type: ignore[arg-type]
        labels={"area": "building"},
    )


def fill(url: str, until: int, since: int = 0, progress: Progress = lambda _done, _total: None) -> None:
    """Put the offerings `since`..`until` into the store; with `since=0` their providers and capabilities first."""
    store = open_store(url)
    try:
        asyncio.run(_fill(store, since, until, progress))
    finally:
        store.close()


def put(url: str, messages: Sequence[Message]) -> None:
    """Put resources into the store as they are."""
    store = open_store(url)
    try:
        asyncio.run(store.write(_put(messages)))
    finally:
        store.close()


async def _fill(store: SqlStore, since: int, until: int, progress: Progress) -> None:
    if since == 0:
        await store.write(_put(_surroundings()))
    for start in range(since, until, GROUP):
        await store.write(_put([offering(number) for number in range(start, min(start + GROUP, until))]))
        progress(start + GROUP - since, until - since)


def _surroundings() -> list[Message]:
    found: list[Message] = []
    for number in range(PROVIDERS):
        title = LocalizedText(sv=f"Kommun {number}")
        found.append(Organisation(name=f"organisations/b{number}", kind=1, title=title))  # type: ignore[arg-type]
        found.append(Capability(name=f"capabilities/c{number}", state=1, title=title))  # type: ignore[arg-type]
    return found


def _put(messages: Sequence[Message]) -> Command:
    def run(batch: Batch) -> Message:
        for message in messages:
            batch.put(message, "created")
        return messages[-1]

    return Command(run=run, caller=Caller(actor="bench"))
