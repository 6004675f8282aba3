"""Alembic's entrance: migrations run in the transaction of the caller."""

from alembic import context
from sqlmodel import SQLModel

from registry.store import access_tables as _access_tables  # noqa: F401 - the tables must be known
from registry.store import tables as _tables  # noqa: F401

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction is the transaction
)
context.run_migrations()
