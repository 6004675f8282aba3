"""The first tables. Phase: expand."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
phase = "expand"

GENESIS = "0" * 64
NAME = sa.String(512).with_variant(sa.String(512, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
RESOURCE = [
    ("name", NAME),
    ("uid", sa.String(36)),
    ("parent", NAME),
    ("etag", sa.String(64)),
    ("revision", sa.BigInteger()),
    ("create_time_us", sa.BigInteger()),
    ("update_time_us", sa.BigInteger()),
    ("document", sa.LargeBinary()),
]
TABLES = {
    "agreements": [
        *RESOURCE,
        ("offering", NAME),
        ("state", sa.Integer()),
    ],
    "capabilities": [
        *RESOURCE,
        ("broader", NAME),
        ("state", sa.Integer()),
    ],
    "changes": [
        ("revision", sa.BigInteger()),
        ("batch_end_revision", sa.BigInteger()),
        ("time_us", sa.BigInteger()),
        ("event_type", NAME),
        ("kind", NAME),
        ("name", NAME),
        ("document", sa.LargeBinary()),
        ("etag", NAME),
        ("actor", NAME),
        ("on_behalf_of", NAME),
        ("request_id", NAME),
        ("traceparent", NAME),
        ("previous_hash", sa.String(64)),
        ("hash", sa.String(64)),
    ],
    "head": [
        ("id", sa.Integer()),
        ("revision", sa.BigInteger()),
        ("generation", sa.String(36)),
        ("floor", sa.BigInteger()),
        ("floor_hash", sa.String(64)),
        ("hash", sa.String(64)),
    ],
    "interests": [
        *RESOURCE,
        ("mode", sa.Integer()),
        ("system", NAME),
    ],
    "offering_capabilities": [
        ("capability", NAME),
        ("offering", NAME),
    ],
    "offerings": [
        *RESOURCE,
        ("provider", NAME),
        ("state", sa.Integer()),
        ("visibility", sa.Integer()),
        ("information_class", sa.Integer()),
        ("title", WORDS),
    ],
    "organisations": [
        *RESOURCE,
        ("kind", sa.Integer()),
        ("organisation_number", NAME),
        ("host", NAME),
        ("county_code", NAME),
        ("municipality_code", NAME),
        ("valid_to", NAME),
        ("inhabitants", sa.BigInteger()),
        ("employees", sa.Float()),
        ("title", WORDS),
    ],
    "positions": [
        ("name", NAME),
        ("revision", sa.BigInteger()),
        ("owner", NAME),
        ("epoch", sa.BigInteger()),
        ("expires_us", sa.BigInteger()),
    ],
    "releases": [
        *RESOURCE,
        ("state", sa.Integer()),
        ("version", NAME),
    ],
    "requests": [
        ("actor", NAME),
        ("request_id", NAME),
        ("method", NAME),
        ("fingerprint", sa.LargeBinary()),
        ("answer_type", NAME),
        ("answer", sa.LargeBinary()),
        ("revision", sa.BigInteger()),
        ("time_us", sa.BigInteger()),
    ],
    "specs": [
        ("sha256", sa.String(64)),
        ("media_type", sa.String(255)),
        ("size", sa.BigInteger()),
        ("content", sa.LargeBinary()),
    ],
    "subscriptions": [
        *RESOURCE,
        ("offering", NAME),
        ("system", NAME),
        ("environment", sa.Integer()),
        ("state", sa.Integer()),
        ("interest", NAME),
        ("phase", sa.Integer()),
        ("observed_release", NAME),
        ("report_time_us", sa.BigInteger()),
        ("proven_time_us", sa.BigInteger()),
    ],
    "systems": [
        *RESOURCE,
        ("environment", sa.Integer()),
    ],
}
KEYS = {
    "changes": ("revision",),
    "head": ("id",),
    "offering_capabilities": ("capability", "offering"),
    "requests": ("actor", "request_id"),
    "specs": ("sha256",),
}
# Columns of each index; an index is named after its table and columns.
INDEXES = {
    "agreements": [("offering", "name"), ("state", "name"), ("update_time_us", "name")],
    "capabilities": [("broader", "name"), ("state", "name"), ("update_time_us", "name")],
    "changes": [("name", "revision")],
    "interests": [("mode", "name"), ("parent", "name"), ("system", "name"), ("update_time_us", "name")],
    "offering_capabilities": [("offering",)],
    "offerings": [
        ("information_class", "name"),
        ("provider", "name"),
        ("state", "name"),
        ("title", "name"),
        ("update_time_us", "name"),
        ("visibility", "name"),
    ],
    "organisations": [
        ("county_code", "name"),
        ("host", "name"),
        ("inhabitants", "name"),
        ("kind", "name"),
        ("municipality_code", "name"),
        ("organisation_number", "name"),
        ("title", "name"),
        ("update_time_us", "name"),
    ],
    "releases": [("parent", "name"), ("state", "name"), ("update_time_us", "name")],
    "requests": [("time_us",)],
    "subscriptions": [
        ("environment", "name"),
        ("interest", "name"),
        ("offering", "name"),
        ("parent", "name"),
        ("phase", "name"),
        ("state", "name"),
        ("system", "name"),
        ("update_time_us", "name"),
    ],
    "systems": [("environment", "name"), ("parent", "name"), ("update_time_us", "name")],
}


def upgrade() -> None:
    """Create every table, and the head row of an empty ledger."""
    for table, columns in TABLES.items():
        key = KEYS.get(table, ("name",))
        # Numbers that are keys are given by us, never by a sequence.
        made = [sa.Column(name, kind, nullable=False, autoincrement=False) for name, kind in columns]
        op.create_table(table, *made, sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"))
        for index in INDEXES.get(table, []):
            op.create_index(f"ix_{table}_{'_'.join(index)}", table, list(index))
    head = sa.table("head", *(sa.column(name) for name, _ in TABLES["head"]))
    op.bulk_insert(
        head,
        [
            {
                "id": 1,
                "revision": 0,
                "generation": str(uuid.uuid4()),
                "floor": 1,
                "floor_hash": GENESIS,
                "hash": GENESIS,
            }
        ],
    )
