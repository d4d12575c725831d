"""Migrations only add, unless they say which versions they leave behind: who serves meanwhile goes on."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, text

from gateway.errors import ConfigurationError
from gateway.storage import dump, schema
from gateway.storage.choice import open_database
from gateway.storage.database import Database
from tests.databases import Postgres

_NAME = r'"?(?P<table>\w+)"?'
_CREATE_TABLE = re.compile(rf"CREATE TABLE {_NAME}")
_CREATE_INDEX = re.compile(
    rf"CREATE (?P<unique>UNIQUE )?INDEX (?P<again>IF NOT EXISTS )?\S+ ON {_NAME}"
)
_ADD_COLUMN = re.compile(rf"ALTER TABLE {_NAME} ADD COLUMN (?P<column>[^;]*)$")
_OTHER = re.compile(rf"(ALTER TABLE|INSERT INTO|UPDATE) {_NAME}")
_BOOKS = {"alembic_version", "schema_steps"}


def adds_only(statement: str, new: set[str]) -> bool:
    """Whether a version that knows nothing of it can go on working; `new` are tables made beside it."""
    said = " ".join(statement.split())
    if said.startswith("SELECT ") or _CREATE_TABLE.match(said):
        return True
    if (index := _CREATE_INDEX.match(said)) and index["table"] not in new:
        # On a large table it is built beforehand, without holding up who writes (CONTRIBUTING).
        return index["unique"] is None and index["again"] is not None
    if (column := _ADD_COLUMN.match(said)) and column["table"] not in new:
        given = column["column"].upper()
        bound = re.search(r"\b(UNIQUE|REFERENCES|CHECK|PRIMARY|GENERATED|DROP|ALTER|ADD)\b", given)
        return not bound and ("NOT NULL" not in given or "DEFAULT" in given)
    if index:
        return True
    other = _OTHER.match(said)
    return other is not None and other["table"] in new | _BOOKS


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Database]:
    """A database on PostgreSQL without a table."""
    name = postgres.create()
    database = open_database(postgres.url(name), 1)
    yield database
    database.engine.dispose()
    postgres.drop(name)


def test_every_migration_only_adds_or_says_what_it_ends(empty: Database) -> None:
    """Each statement that each of them sends; one that takes away names the first version without it."""
    ran: list[str] = []
    event.listen(empty.engine, "before_cursor_execute", lambda *seen: ran.append(seen[2]))
    scripts = ScriptDirectory(str(schema._MIGRATIONS))
    for script in reversed(list(scripts.walk_revisions())):
        ran.clear()
        with empty.writing() as connection:
            schema.bring_to(connection, script.revision)
        new = {made["table"] for said in ran if (made := _CREATE_TABLE.match(said.strip()))}
        taking = [said for said in ran if not adds_only(said, new)]
        contracts = getattr(script.module, "contracts", None)
        assert taking == [] or contracts is not None, (
            f"{script.revision} takes away what the version before may use: {taking}. "
            "Leave it to a later version, and say in `contracts` which was the first without it"
        )
        assert contracts is None or contracts in schema.known()
    assert schema.at_head(empty)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE orders",
        "DROP INDEX ix_orders_merchant_subject",
        "DELETE FROM tallies",
        "TRUNCATE tallies",
        "UPDATE orders SET country = 'DE'",
        "ALTER TABLE orders DROP COLUMN country",
        "ALTER TABLE orders RENAME TO purchases",
        "ALTER TABLE orders RENAME COLUMN country TO land",
        "ALTER TABLE orders ALTER COLUMN country SET NOT NULL",
        "ALTER TABLE orders ADD CONSTRAINT x CHECK (country <> '')",
        "ALTER TABLE orders ADD COLUMN a INTEGER NOT NULL",
        "ALTER TABLE orders ADD COLUMN a INTEGER, DROP COLUMN country",
        "ALTER TABLE orders ADD COLUMN a INTEGER UNIQUE",
        "CREATE UNIQUE INDEX IF NOT EXISTS x ON orders (country)",
        "CREATE INDEX x ON orders (country)",
        "GRANT ALL ON orders TO PUBLIC",
    ],
)
def test_what_takes_away_is_told_apart(statement: str) -> None:
    """Also what binds writers that know nothing of it, or keeps them waiting."""
    assert not adds_only(statement, {"brand_new"})


@pytest.mark.parametrize(
    "statement",
    [
        "\nCREATE TABLE brand_new (\n\tid INTEGER NOT NULL\n)",
        "CREATE UNIQUE INDEX x ON brand_new (id)",
        "CREATE INDEX IF NOT EXISTS x ON orders (country)",
        "ALTER TABLE orders ADD COLUMN a INTEGER",
        "ALTER TABLE orders ADD COLUMN a INTEGER DEFAULT '0' NOT NULL",
        "INSERT INTO brand_new SELECT 1",
        "UPDATE alembic_version SET version_num='0019'",
    ],
)
def test_what_only_adds_passes(statement: str) -> None:
    """A new table, and what nobody needs to know of on one that is there."""
    assert adds_only(statement, {"brand_new"})


@pytest.fixture
def ahead(tmp_path: Path) -> Iterator[Database]:
    """A database at this version's head."""
    database = open_database(f"sqlite:///{tmp_path / 'gateway.db'}", 1)
    schema.upgrade(database)
    yield database
    database.engine.dispose()


def _run(database: Database, *later: tuple[str, str | None], current: str | None = None) -> None:
    """As later versions would: note the migrations, and that the last of them was the last."""
    with database.writing() as connection:
        for revision, contracts in later:
            noted = {"revision": revision, "contracts": contracts}
            note = "INSERT INTO schema_steps VALUES (:revision, :contracts)"
            connection.execute(text(note), noted)
        last = {"last": current or later[-1][0]}
        connection.execute(text("UPDATE alembic_version SET version_num = :last"), last)


@pytest.mark.parametrize(
    ("later", "fits"),
    [
        ([("9001", None)], True),
        ([("9001", None), ("9002", None)], True),
        ([("9001", "0001")], True),
        ([("9001", None), ("9002", "9001")], False),
        ([("9001", "9001"), ("9002", None)], False),
    ],
)
def test_a_version_works_on_while_later_ones_only_add(
    ahead: Database, later: list[tuple[str, str | None]], fits: bool
) -> None:
    """Or take away what it already did without; it is not at head then, and takes no backup."""
    assert schema.fits(ahead)
    assert schema.at_head(ahead)
    _run(ahead, *later)
    assert schema.fits(ahead) == fits
    assert not schema.at_head(ahead)
    with ahead.reading() as connection, pytest.raises(ConfigurationError, match="another version"):
        next(dump.lines(connection, {}))


def test_what_a_database_does_not_tell_of_does_not_fit(ahead: Database) -> None:
    """A migration that nobody noted, a note that is none of this version's, no notes at all."""
    _run(ahead, ("9001", None), current="9002")
    assert not schema.fits(ahead)
    with ahead.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9001'"))
        connection.execute(text("DELETE FROM schema_steps WHERE revision < '9001'"))
    assert not schema.fits(ahead)
    with ahead.writing() as connection:
        connection.execute(text("DROP TABLE schema_steps"))
    assert not schema.fits(ahead)


def test_the_notes_name_every_migration_since_they_began(ahead: Database) -> None:
    """The database tells as much as the migrations' own files."""
    with ahead.reading() as connection:
        noted: Any = set(connection.execute(text("SELECT revision FROM schema_steps")).scalars())
        assert "schema_steps" in inspect(connection).get_table_names()
    assert noted == {it for it in schema.known() if it >= schema._FIRST_NOTED}
