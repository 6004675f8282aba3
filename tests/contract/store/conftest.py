"""The store under test, and commands to give it."""

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message

from registry.api.v1.organisation_pb2 import Organisation
from registry.store import Batch, Caller, Command
from registry.store.sqlstore import SqlStore, open_store


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """An open, empty store."""
    opened = open_store(database_url)
    yield opened
    opened.close()


def body(key: str, title: str = "Kommunen", **fields: object) -> Organisation:
    """A municipality."""
    message = Organisation(name=f"organisations/{key}", kind="ORGANISATION_KIND_MUNICIPALITY", **fields)  # type: ignore[arg-type]
    message.title.sv = title
    return message


def put(*messages: Message, request_id: str = "", actor: str = "tester", dry_run: bool = False) -> Command:
    """A command that stores the messages and answers the last one."""

    def run(batch: Batch) -> Message:
        drafts = []
        for message in messages:
            draft = type(message)()
            draft.CopyFrom(message)
            drafts.append(draft)
            batch.put(draft, "created")
        return drafts[-1]

    fingerprint = b"".join(message.SerializeToString(deterministic=True) for message in messages)
    names = [message.name for message in messages]  # type: ignore[attr-defined]
    return Command(
        run=run,
        caller=Caller(actor=actor, traceparent="00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"),
        reads=names,
        request_id=request_id,
        method="Put",
        fingerprint=fingerprint,
        dry_run=dry_run,
    )
