"""A dump holds every row of every table, and either database takes what the other gave."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from gateway.errors import ConfigurationError
from gateway.storage import dump
from gateway.storage.choice import open_database
from gateway.storage.database import Database
from gateway.storage.dump import NoDump
from gateway.storage.tables import metadata
from tests.builders import an_order
from tests.databases import Postgres
from tests.world import World


@pytest.fixture
def other(world: World, postgres: Postgres, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the other kind."""
    name = postgres.create()
    url = postgres.url(name) if world.store.database.is_sqlite else f"sqlite:///{tmp_path / 'o.db'}"
    database = open_database(url, 1)
    with closing(database.engine.raw_connection()):
        pass
    yield database
    database.engine.dispose()
    postgres.drop(name)


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything there is."""
    with database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def lines(world: World) -> list[bytes]:
    """A dump of the world."""
    with world.store.read() as connection:
        return list(dump.lines(connection, {}))


def test_either_database_takes_the_others(world: World, other: Database) -> None:
    """Row by row the same, and the next row gets a number of its own."""
    world.take_in(*(an_order(f"a{number:09d}") for number in range(3)))
    world.client()
    with other.writing() as connection:
        dump.load(connection, lines(world))
    assert rows(other) == rows(world.store.database)
    with other.writing() as connection:
        statement = (
            "INSERT INTO logs (merchant, origin, period, opened_at, size, integrated, last_time) "
            "VALUES ('default', 'other', 'p', 0, 0, 0, 0)"
        )
        connection.execute(text(statement))


def test_no_table_is_left_out(world: World) -> None:
    """Whatever table a migration makes is in the dump, but what the migrations write themselves."""
    with world.store.read() as connection:
        there = set(inspect(connection).get_table_names()) - {"alembic_version", "schema_steps"}
    named = {line.split(b'"')[3].decode() for line in lines(world) if line.startswith(b'{"table"')}
    assert named == there


@pytest.mark.parametrize("cut", [0, 1, 5, -1])
def test_half_a_dump_is_none(world: World, other: Database, cut: int) -> None:
    """It is told, so that the caller leaves nothing of it."""
    with pytest.raises(NoDump), other.writing() as connection:
        dump.load(connection, lines(world)[:cut])
    with other.reading() as connection:
        assert dump.is_empty(connection)


def test_a_dump_of_a_later_version_is_refused(world: World, other: Database) -> None:
    """With what is the matter."""
    given = lines(world)
    given[0] = given[0].replace(b'"revision":"00', b'"revision":"99')
    with pytest.raises(ConfigurationError, match="later version"), other.writing() as connection:
        dump.load(connection, given)
