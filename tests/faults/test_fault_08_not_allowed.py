"""Fault 8: the right to write is taken from the relay. It says so, and loses nothing until it may again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from registry.app import relaying
from registry.settings import Settings
from registry.store.sqlstore import SqlStore
from tests.components.acls import CREATE, DESCRIBE, DESCRIBE_CONFIGS, WRITE, allow, forbid
from tests.components.announced import differences
from tests.components.guarded import Guarded
from tests.components.topics import empty, everything
from tests.faults.announcing import announced, change, history, said

RELAY, KEYS = "relay", [f"o{number}" for number in range(10)]
PRINCIPAL = f"User:{RELAY}"
RIGHTS = (WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    broker = Guarded(tmp_path_factory.mktemp("guarded"))
    yield broker
    broker.kafka.stop()


def relays(guarded: Guarded, folder: Path, url: str) -> Settings:
    """Settings of a relay."""
    files = guarded.files(RELAY)
    return Settings(
        data=folder,
        database_url=url,
        kafka_bootstrap=guarded.kafka.bootstrap,
        kafka_security="SSL",
        kafka_ca=files["ca"],
        kafka_certificate=files["certificate"],
    )


@pytest.mark.parametrize("taken", [(WRITE,), RIGHTS], ids=["write", "everything"])
async def test_fault_08_a_right_that_is_taken_away_and_given_back(
    guarded: Guarded, tmp_path: Path, sqlite_url: str, store: SqlStore, taken: tuple[int, ...]
) -> None:
    admin = guarded.reach("admin")
    await empty(**admin)
    await allow(admin, PRINCIPAL, RIGHTS)
    with capture_logs() as logs:
        async with relaying(relays(guarded, tmp_path, sqlite_url)):
            await change(store, *KEYS)
            await announced(store)
            await forbid(admin, PRINCIPAL, taken)
            for _ in range(5):
                await change(store, *KEYS)
            refused = await said(logs, "relay.publish_failed", reason="KAFKA_NOT_AUTHORISED")
            await allow(admin, PRINCIPAL, taken)
            await announced(store)
            ledger, events = await history(store), await everything(**admin)
    assert refused["log_level"] == "error"
    assert differences(ledger, events) == []
