"""The tables: for each noun the serialised document beside the columns that are filtered, sorted or joined on.

Times are microseconds since 1970 (UTC) so that every engine compares them alike. No column is NULL: '' and 0 mean
"not set", which keeps keyset paging one comparison. PostgreSQL compares names bytewise (collation C), as SQLite does.
"""

from typing import Any

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
NAME: Any = String(512).with_variant(String(512, collation="C"), "postgresql")
WORDS: Any = Text().with_variant(Text(collation="C"), "postgresql")
LARGE: Any = BigInteger
ROWID: Any = BigInteger().with_variant(Integer(), "sqlite")  # only so is it what SQLite calls its rows by


def keyed(table: str, *columns: str) -> tuple[Index, ...]:
    """An index (column, name) for each column: a filtered or sorted page reads only its own rows."""
    return tuple(Index(f"ix_{table}_{column}_name", column, "name") for column in columns)


class ResourceRow(SQLModel):
    """What every noun has."""

    name: str = Field(primary_key=True, sa_type=NAME)
    uid: str = Field(max_length=36)
    parent: str = Field(default="", sa_type=NAME)
    etag: str = Field(max_length=64)
    revision: int = Field(sa_type=LARGE)
    create_time_us: int = Field(sa_type=LARGE)
    update_time_us: int = Field(sa_type=LARGE)
    document: bytes = Field(sa_type=LargeBinary)


class OrganisationRow(ResourceRow, table=True):
    """Public bodies and suppliers."""

    __tablename__ = "organisations"
    __table_args__ = keyed(
        "organisations",
        "kind",
        "organisation_number",
        "host",
        "county_code",
        "municipality_code",
        "inhabitants",
        "update_time_us",
        "title",
    )
    kind: int
    organisation_number: str = Field(sa_type=NAME)
    host: str = Field(sa_type=NAME)
    county_code: str = Field(sa_type=NAME)
    municipality_code: str = Field(sa_type=NAME)
    valid_to: str = Field(sa_type=NAME)
    inhabitants: int = Field(sa_type=LARGE)
    employees: float
    title: str = Field(sa_type=WORDS)
    memberships: str = Field(sa_type=WORDS)  # names, each between spaces
    capabilities: str = Field(sa_type=WORDS)


class SystemRow(ResourceRow, table=True):
    """IT systems."""

    __tablename__ = "systems"
    __table_args__ = keyed("systems", "parent", "environment", "update_time_us")
    environment: int


class CapabilityRow(ResourceRow, table=True):
    """The taxonomy."""

    __tablename__ = "capabilities"
    __table_args__ = keyed("capabilities", "broader", "state", "update_time_us")
    broader: str = Field(sa_type=NAME)
    state: int


class OfferingRow(ResourceRow, table=True):
    """Offerings."""

    __tablename__ = "offerings"
    __table_args__ = keyed(
        "offerings", "provider", "state", "visibility", "information_class", "title", "update_time_us"
    )
    provider: str = Field(sa_type=NAME)
    state: int
    visibility: int
    information_class: int
    title: str = Field(sa_type=WORDS)


class OfferingCapabilityRow(SQLModel, table=True):
    """Which offerings realise which capability."""

    __tablename__ = "offering_capabilities"
    __table_args__ = (Index("ix_offering_capabilities_offering", "offering"),)
    capability: str = Field(primary_key=True, sa_type=NAME)
    offering: str = Field(primary_key=True, sa_type=NAME)


class TextRow(SQLModel, table=True):
    """The words of an organisation, a capability or an offering as of the revision that last changed them.

    Both engines have an index over `words` (see `dialects`), made by the migrations and unknown to SQLAlchemy.
    """

    __tablename__ = "texts"
    revision: int = Field(primary_key=True, sa_type=ROWID, sa_column_kwargs={"autoincrement": False})
    name: str = Field(sa_type=NAME, unique=True)
    words: str = Field(sa_type=WORDS)


class WordRow(SQLModel, table=True):
    """The vocabulary: each word that was ever filed, under the keys of `registry.domain.lookup`."""

    __tablename__ = "vocabulary"
    __table_args__ = {"sqlite_with_rowid": False}
    key: str = Field(primary_key=True, sa_type=NAME)
    word: str = Field(primary_key=True, sa_type=NAME)


class ReleaseRow(ResourceRow, table=True):
    """Releases; the parent is the offering."""

    __tablename__ = "releases"
    __table_args__ = keyed("releases", "parent", "state", "update_time_us")
    state: int
    version: str = Field(sa_type=NAME)


class InterestRow(ResourceRow, table=True):
    """Standing orders."""

    __tablename__ = "interests"
    __table_args__ = keyed("interests", "parent", "mode", "system", "update_time_us")
    mode: int
    system: str = Field(sa_type=NAME)


class AgreementRow(ResourceRow, table=True):
    """Accepted terms. `party` is '' for a class."""

    __tablename__ = "agreements"
    __table_args__ = (
        *keyed("agreements", "offering", "state", "party", "valid_to", "update_time_us"),
        Index("ix_agreements_offering_party_state_name", "offering", "party", "state", "name"),
    )
    offering: str = Field(sa_type=NAME)
    state: int
    party: str = Field(sa_type=NAME)
    valid_to: str = Field(sa_type=NAME)


class SubscriptionRow(ResourceRow, table=True):
    """Subscriptions, with what is counted of their convergence."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        *keyed("subscriptions", "parent", "offering", "system", "environment", "state", "interest", "phase"),
        *keyed("subscriptions", "agreement", "update_time_us"),
        Index("ix_subscriptions_offering_system_name", "offering", "system", "name"),
    )
    offering: str = Field(sa_type=NAME)
    system: str = Field(sa_type=NAME)
    environment: int
    state: int
    interest: str = Field(sa_type=NAME)
    phase: int
    observed_release: str = Field(sa_type=NAME)
    report_time_us: int = Field(sa_type=LARGE)
    proven_time_us: int = Field(sa_type=LARGE)
    agreement: str = Field(sa_type=NAME)


class ChangeRow(SQLModel, table=True):
    """The ledger. `revision` is global, gap-free and in commit order."""

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_name_revision", "name", "revision"),)
    revision: int = Field(primary_key=True, sa_type=LARGE, sa_column_kwargs={"autoincrement": False})
    batch_end_revision: int = Field(sa_type=LARGE)
    time_us: int = Field(sa_type=LARGE)
    event_type: str = Field(sa_type=NAME)
    kind: str = Field(sa_type=NAME)
    name: str = Field(sa_type=NAME)
    document: bytes = Field(sa_type=LargeBinary)
    etag: str = Field(sa_type=NAME)
    actor: str = Field(sa_type=NAME)
    on_behalf_of: str = Field(sa_type=NAME)
    request_id: str = Field(sa_type=NAME)
    traceparent: str = Field(sa_type=NAME)
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class HeadRow(SQLModel, table=True):
    """The one row that every writer locks first. `floor_hash` is the hash of the entry before `floor`."""

    __tablename__ = "head"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    revision: int = Field(sa_type=LARGE)
    generation: str = Field(max_length=36)
    floor: int = Field(sa_type=LARGE)
    floor_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class RequestRow(SQLModel, table=True):
    """First answers by request id, for at least a day. The request itself is kept only as a fingerprint."""

    __tablename__ = "requests"
    actor: str = Field(primary_key=True, sa_type=NAME)
    request_id: str = Field(primary_key=True, sa_type=NAME)
    method: str = Field(sa_type=NAME)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    answer_type: str = Field(sa_type=NAME)
    answer: bytes = Field(sa_type=LargeBinary)
    revision: int = Field(sa_type=LARGE)
    time_us: int = Field(sa_type=LARGE, index=True)


class SpecRow(SQLModel, table=True):
    """Contracts by the hash of their content."""

    __tablename__ = "specs"
    sha256: str = Field(primary_key=True, max_length=64)
    media_type: str = Field(max_length=255)
    size: int = Field(sa_type=LARGE)
    content: bytes = Field(sa_type=LargeBinary)


class PositionRow(SQLModel, table=True):
    """How far a reader of the ledger has come, and who leads it: a lease on the database's clock, fenced by epoch."""

    __tablename__ = "positions"
    name: str = Field(primary_key=True, sa_type=NAME)
    revision: int = Field(sa_type=LARGE)
    owner: str = Field(sa_type=NAME)
    epoch: int = Field(sa_type=LARGE)
    expires_us: int = Field(sa_type=LARGE)


class ParkedRow(SQLModel, table=True):
    """Resources whose events the relay holds back from `revision` on; `released`: it shall send them."""

    __tablename__ = "parked"
    name: str = Field(primary_key=True, sa_type=NAME)
    revision: int = Field(sa_type=LARGE)
    reason: str = Field(sa_type=NAME)
    released: bool
    time_us: int = Field(sa_type=LARGE)


class TreeRow(SQLModel, table=True):
    """The Merkle tree over the ledger, as tiles: `hashes` are of up to 256 complete subtrees beside each other.

    A subtree of level n has 256 to the power of n leaves. Rows grow, are never changed otherwise, and outlive entries.
    """

    __tablename__ = "tree"
    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    place: int = Field(primary_key=True, sa_type=LARGE, sa_column_kwargs={"autoincrement": False})
    hashes: bytes = Field(sa_type=LargeBinary)
