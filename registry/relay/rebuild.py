"""What operators do to a relay, whichever process runs it: start again from the beginning, hold back, let go."""

from google.protobuf.message import Message

from registry.api.v1.feed_service_pb2 import GetHeadResponse
from registry.domain import names
from registry.errors import NotFound
from registry.store import Batch, Command, Store

READER = "relay"


async def start_again(store: Store) -> int:
    """Let the whole ledger be announced again; returns how many changes. The leader notices that its epoch is over."""
    head = await store.read(lambda view: view.head())
    await store.reposition(READER, head.floor - 1)
    return head.revision - head.floor + 1


async def hold_back(store: Store, name: str) -> None:
    """Park a resource from its next change on. Errors: NAME_INVALID."""
    names.check(name, names.kind_of(name))
    reading = await store.read(lambda view: view.reading(READER))
    await _park(store, name, (reading.revision if reading else 0) + 1, "by an operator", released=False)


async def let_go(store: Store, name: str) -> None:
    """Release a parked resource. Errors: RESOURCE_NOT_FOUND when it is not parked."""
    parked = await store.read(lambda view: [each for each in view.parked() if each.name == name])
    if not parked:
        raise NotFound("RESOURCE_NOT_FOUND", f"{name} is not parked.", name=name)
    await _park(store, name, parked[0].revision, parked[0].reason, released=True)


async def _park(store: Store, name: str, revision: int, reason: str, *, released: bool) -> None:
    def run(batch: Batch) -> Message:
        batch.park(name, revision, reason, released=released)
        return GetHeadResponse()

    await store.write(Command(run=run))
