"""Resources whose events wait until an operator lets them go on. Phase: expand: older programs do not look there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
phase = "expand"

NAME = sa.String(512).with_variant(sa.String(512, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "parked",
        sa.Column("name", NAME, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_parked"),
    )
