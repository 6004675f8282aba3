"""The tables of who may what: grants, keys, who sees a restricted offering, and what was refused."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from registry.store.tables import LARGE, NAME, ResourceRow, keyed


class GrantRow(ResourceRow, table=True):
    """Grants. `organisation` is '' for the registry itself."""

    __tablename__ = "grants"
    __table_args__ = keyed("grants", "principal", "organisation", "state", "update_time_us")
    principal: str = Field(sa_type=NAME)
    organisation: str = Field(sa_type=NAME)
    state: int


class KeyRow(ResourceRow, table=True):
    """API keys; the document has the hash."""

    __tablename__ = "keys"
    __table_args__ = keyed("keys", "organisation", "state", "update_time_us")
    organisation: str = Field(sa_type=NAME)
    state: int


class KeyUseRow(SQLModel, table=True):
    """When a key was last used, to the minute. No part of the ledger: it would grow by every call."""

    __tablename__ = "key_uses"
    name: str = Field(primary_key=True, sa_type=NAME)
    time_us: int = Field(sa_type=LARGE)


class OfferingReaderRow(SQLModel, table=True):
    """Who sees a restricted offering."""

    __tablename__ = "offering_readers"
    __table_args__ = (Index("ix_offering_readers_offering", "offering"),)
    reader: str = Field(primary_key=True, sa_type=NAME)
    offering: str = Field(primary_key=True, sa_type=NAME)


class RefusalRow(SQLModel, table=True):
    """What was refused, counted together by the second: strangers are on record, and cannot make the ledger grow."""

    __tablename__ = "refusals"
    time_us: int = Field(primary_key=True, sa_type=LARGE, sa_column_kwargs={"autoincrement": False})
    principal: str = Field(primary_key=True, sa_type=NAME)
    peer: str = Field(primary_key=True, sa_type=NAME)
    method: str = Field(primary_key=True, sa_type=NAME)
    resource: str = Field(primary_key=True, sa_type=NAME)
    reason: str = Field(primary_key=True, sa_type=NAME)
    count: int = Field(sa_type=LARGE)
