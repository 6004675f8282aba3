"""What a migration marked `expand` promises: a program of before it still reads and writes while it is being replaced."""

from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from registry.store import migrate
from registry.store.dialects import make_engine

Tables = dict[str, dict[str, Any]]


def _tables(engine: Engine) -> Tables:
    """Each table's columns by name."""
    found = inspect(engine)
    return {table: {each["name"]: each for each in found.get_columns(table)} for table in found.get_table_names()}


def _broken(before: Tables, after: Tables) -> list[str]:
    """What keeps a program of before from reading or writing as it did."""
    gone = [f"{table} is gone" for table in before.keys() - after.keys()]
    for table in before.keys() & after.keys():
        old, new = before[table], after[table]
        gone += [f"{table}.{name} is gone" for name in old.keys() - new.keys()]
        gone += [
            f"{table}.{name} changed its type"
            for name in old.keys() & new.keys()
            if _kind(old, name) != _kind(new, name)
        ]
        needed = (
            name for name in new.keys() - old.keys() if not new[name]["nullable"] and new[name]["default"] is None
        )
        gone += [f"{table}.{name} must be given" for name in needed]
    return gone


def _kind(columns: dict[str, Any], name: str) -> str:
    return repr(columns[name]["type"])


def test_what_expands_takes_nothing_away_and_demands_nothing_new(bare_url: str) -> None:
    engine = make_engine(bare_url, writer=True)
    steps = list(ScriptDirectory.from_config(migrate._config(None)).walk_revisions())[::-1]
    assert {step.module.phase for step in steps} <= {"expand", "contract"}
    before: Tables = {}
    for step in steps:
        migrate.upgrade(engine, step.revision)
        after = _tables(engine)
        assert step.module.phase == "contract" or not _broken(before, after), step.revision
        before = after
    engine.dispose()
