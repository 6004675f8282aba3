"""Leases: which process leads a reader of the ledger, by the database's clock, fenced by an epoch."""

from sqlalchemy import Engine, insert, select, update

from registry.store import Lease
from registry.store.dialects import clock_us, locked
from registry.store.flush import POSITIONS


def lease(engine: Engine, name: str, owner: str, seconds: float) -> Lease | None:
    """Take or renew the lease for `seconds`; None while somebody else holds it."""
    with engine.begin() as connection:
        now = connection.execute(select(clock_us(engine))).scalar_one()
        row = connection.execute(locked(engine, select(POSITIONS).where(POSITIONS.c.name == name))).one_or_none()
        expires = now + round(seconds * 1_000_000)
        if row is None:
            values = {"name": name, "revision": 0, "owner": owner, "epoch": 1, "expires_us": expires}
            connection.execute(insert(POSITIONS).values(values))
            return Lease(name, 1, 0)
        if row.owner != owner and row.expires_us > now:
            return None
        epoch = row.epoch if row.owner == owner else row.epoch + 1
        change = update(POSITIONS).where(POSITIONS.c.name == name)
        connection.execute(change.values(owner=owner, epoch=epoch, expires_us=expires))
        return Lease(name, epoch, row.revision)


def reposition(engine: Engine, name: str, revision: int) -> None:
    """Let a reader go on from another revision; whoever leads it now has led, and must take the lease again."""
    with engine.begin() as connection:
        row = connection.execute(locked(engine, select(POSITIONS).where(POSITIONS.c.name == name))).one_or_none()
        if row is None:
            values = {"name": name, "revision": revision, "owner": "", "epoch": 1, "expires_us": 0}
            connection.execute(insert(POSITIONS).values(values))
            return
        change = update(POSITIONS).where(POSITIONS.c.name == name)
        connection.execute(change.values(revision=revision, owner="", epoch=row.epoch + 1, expires_us=0))
