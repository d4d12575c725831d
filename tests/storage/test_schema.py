"""The migrations lead to exactly the tables that the statements are written for, on both databases."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from gateway.storage import (
    console_tables,
    handover_tables,
    hint_tables,
    oauth_tables,
    rule_tables,
    schema,
    sync_tables,
    tally_tables,
    verification_tables,
)
from gateway.storage.choice import open_database
from gateway.storage.database import Database
from gateway.storage.tables import metadata
from tests.databases import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gateway.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def a_database(url: str) -> Iterator[Callable[[], Database]]:
    """Opens the empty database."""
    opened: list[Database] = []

    def make() -> Database:
        opened.append(open_database(url, 1))
        return opened[-1]

    yield make
    for database in opened:
        database.engine.dispose()


def test_the_migrations_make_the_tables(a_database: Callable[[], Database]) -> None:
    """Table by table, column by column, index by index there is no difference."""
    for further in (
        console_tables,
        handover_tables,
        hint_tables,
        oauth_tables,
        rule_tables,
        sync_tables,
        tally_tables,
        verification_tables,
    ):
        assert further.metadata is metadata
    database = a_database()
    schema.upgrade(database)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_empty_database_is_not_at_head(a_database: Callable[[], Database]) -> None:
    """Before the migrations it is not served, afterwards it is, and again changes nothing."""
    database = a_database()
    assert not schema.at_head(database)
    schema.upgrade(database)
    assert schema.at_head(database)
    schema.upgrade(database)
    assert schema.at_head(database)


def test_a_later_version_is_not_at_head(a_database: Callable[[], Database]) -> None:
    """A database that a later version migrated is not written by an earlier one."""
    database = a_database()
    schema.upgrade(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not schema.at_head(database)


def test_nodes_migrate_at_once(a_database: Callable[[], Database]) -> None:
    """Several that start at the same time wait for each other, and one of them migrates."""
    databases = [a_database() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(schema.upgrade, databases))
    assert all(schema.at_head(database) for database in databases)


def test_a_migration_that_fails_leaves_nothing(
    a_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a migration is none: the next attempt begins where the last whole one ended."""
    database = a_database()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("alembic.operations.Operations.add_column", fail)
        with pytest.raises(ZeroDivisionError):
            schema.upgrade(database)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    schema.upgrade(database)
    assert schema.at_head(database)
