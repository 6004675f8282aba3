"""What offerings are found by. Phase: expand: older programs write what they wrote, and leave their texts unfiled.

No released program knows a column `offerings.words`. Stores that were made before the first release may have it, and no
program could write to them once nobody fills it: there it goes.
"""

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

from registry.domain import lookup
from registry.store.kinds import KINDS
from registry.store.texts import BETWEEN, TEXTS_OF, filed_as

revision = "0004"
down_revision = "0003"
phase = "expand"

NAME = sa.String(512).with_variant(sa.String(512, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT_ONCE = 500
INDEX = {
    "sqlite": (
        """CREATE VIRTUAL TABLE texts_index USING fts5 (
            words, content = 'texts', content_rowid = 'revision', tokenize = 'ascii', detail = 'none'
        )""",
        """CREATE TRIGGER texts_filed AFTER INSERT ON texts BEGIN
            INSERT INTO texts_index (rowid, words) VALUES (new.revision, new.words);
        END""",
        """CREATE TRIGGER texts_taken AFTER DELETE ON texts BEGIN
            INSERT INTO texts_index (texts_index, rowid, words) VALUES ('delete', old.revision, old.words);
        END""",
    ),
    "postgresql": ("CREATE INDEX texts_index ON texts USING gin (array_to_tsvector(string_to_array(words, ' ')))",),
}


def upgrade() -> None:
    """Create the tables and the engine's index, and file what there is."""
    op.create_table(
        "texts",
        sa.Column("revision", ROWID, autoincrement=False, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("words", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_texts"),
        sa.UniqueConstraint("name", name="uq_texts_name"),
    )
    op.create_table(
        "vocabulary",
        sa.Column("key", NAME, nullable=False),
        sa.Column("word", NAME, nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name="pk_vocabulary"),
        sqlite_with_rowid=False,
    )
    for statement in INDEX[op.get_bind().dialect.name]:
        op.execute(statement)
    _file()
    if "words" in {each["name"] for each in sa.inspect(op.get_bind()).get_columns("offerings")}:
        op.drop_column("offerings", "words")


def _file() -> None:
    texts, vocabulary = sa.table("texts", *map(sa.column, ("revision", "name", "words"))), _vocabulary()
    known: set[str] = set()
    for noun, texts_of in TEXTS_OF.items():
        for rows in _filed(noun, texts_of):
            op.bulk_insert(texts, rows)
            new = {word for row in rows for word in row["words"].split()} - known - {BETWEEN}
            op.bulk_insert(vocabulary, [{"key": key, "word": word} for word in new for key in lookup.keys(word)])
            known |= new


def _filed(noun: str, texts_of: Callable[..., list[str]]) -> Iterator[list[dict[str, object]]]:
    """Rows of the texts of a noun, as many at a time as are held in memory at once."""
    table, last = KINDS[noun].table, ""
    columns = table.c.name, table.c.revision, table.c.document
    while True:
        query = sa.select(*columns).where(table.c.name > last).order_by(table.c.name).limit(AT_ONCE)
        found = op.get_bind().execute(query).all()
        if not found:
            return
        messages = [KINDS[noun].message.FromString(row.document) for row in found]
        yield [
            {"revision": row.revision, "name": row.name, "words": filed_as(texts_of(message))}
            for row, message in zip(found, messages, strict=True)
        ]
        last = found[-1].name


def _vocabulary() -> sa.TableClause:
    return sa.table("vocabulary", sa.column("key"), sa.column("word"))
