"""What agreements and classes of organisations are found by. Phase: expand: older programs leave the columns empty."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
phase = "expand"

NAME = sa.String(512).with_variant(sa.String(512, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COLUMNS = {
    "agreements": [("party", NAME), ("valid_to", NAME)],
    "organisations": [("memberships", WORDS), ("capabilities", WORDS)],
    "subscriptions": [("agreement", NAME)],
}
INDEXES = {
    "agreements": [("party", "name"), ("valid_to", "name"), ("offering", "party", "state", "name")],
    "subscriptions": [("agreement", "name"), ("offering", "system", "name")],
}


def upgrade() -> None:
    """Add the columns, empty: no earlier program could fill these fields."""
    for table, columns in COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=""))
    for table, indexes in INDEXES.items():
        for index in indexes:
            op.create_index(f"ix_{table}_{'_'.join(index)}", table, list(index))
