"""Who may what: grants, keys, readers of restricted offerings, refusals. Phase: expand: earlier programs lack it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
phase = "expand"

NAME = sa.String(512).with_variant(sa.String(512, collation="C"), "postgresql")
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
    "grants": [*RESOURCE, ("principal", NAME), ("organisation", NAME), ("state", sa.Integer())],
    "keys": [*RESOURCE, ("organisation", NAME), ("state", sa.Integer())],
    "key_uses": [("name", NAME), ("time_us", sa.BigInteger())],
    "offering_readers": [("reader", NAME), ("offering", NAME)],
    "refusals": [
        ("time_us", sa.BigInteger()),
        ("principal", NAME),
        ("peer", NAME),
        ("method", NAME),
        ("resource", NAME),
        ("reason", NAME),
        ("count", sa.BigInteger()),
    ],
}
KEYS = {
    "offering_readers": ("reader", "offering"),
    "refusals": ("time_us", "principal", "peer", "method", "resource", "reason"),
}
INDEXES = {
    "grants": [(each, "name") for each in ("principal", "organisation", "state", "update_time_us")],
    "keys": [(each, "name") for each in ("organisation", "state", "update_time_us")],
    "offering_readers": [("offering",)],
}


def upgrade() -> None:
    """Create the tables, empty: no earlier program could name who sees an offering."""
    for table, columns in TABLES.items():
        key = sa.PrimaryKeyConstraint(*KEYS.get(table, ("name",)), name=f"pk_{table}")
        made = (sa.Column(name, kind, nullable=False, autoincrement=False) for name, kind in columns)
        op.create_table(table, *made, key)
    for table, indexes in INDEXES.items():
        for index in indexes:
            op.create_index(f"ix_{table}_{'_'.join(index)}", table, list(index))
