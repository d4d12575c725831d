"""The service's own role on PostgreSQL: it serves, and it cannot touch what stands on a log."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gateway.errors import ConfigurationError
from gateway.storage import roles, server, statistics
from gateway.storage.tables import metadata
from gateway.usecases import retention
from gateway.usecases.log import retire_logs
from tests.builders import an_order
from tests.databases import Postgres
from tests.world import World, codes, shown

ROLE = "gateway_service"


@pytest.fixture(scope="session")
def role(postgres: Postgres) -> str:
    """The role, on the server of this session."""
    postgres.execute(f"CREATE ROLE {ROLE} LOGIN")
    return ROLE


@pytest.fixture(scope="session")
def granted(
    postgres: Postgres, role: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The data directory and the database of two merchants, with what the role needs granted to it."""
    data, name = tmp_path_factory.mktemp("granted") / "data", postgres.create()
    owner = World(data, postgres.url(name))
    owner.merchant("other")
    roles.grant(owner.store.database, role)
    owner.close()
    return data, name


@pytest.fixture
def served(
    postgres: Postgres, role: str, granted: tuple[Path, str], tmp_path: Path
) -> Iterator[World]:
    """A gateway that works under it, on tables that another role owns."""
    shutil.copytree(granted[0], tmp_path / "served")
    name = postgres.create(granted[1])
    world = World(tmp_path / "served", postgres.url(name).replace("postgres@", f"{role}@"))
    yield world
    world.close()
    postgres.drop(name)


def _refused(world: World, statement: str) -> type[Exception]:
    with pytest.raises(DBAPIError) as caught, world.store.database.writing() as connection:
        connection.execute(text(statement))
    return type(caught.value.orig)


def test_the_service_does_its_work_under_it(served: World) -> None:
    """Orders in, contacts out and refused, deletion, the log's tree."""
    served.take_in(an_order())
    served.assign("bagm62dvgp")
    carrier = served.client()
    assert shown(served.ask(carrier, "bagm62dvgp"))["phone"] == "+493023125001"
    assert codes(served.ask(carrier, "bagm62dvgp", "newsletter"))[0] == "purpose_marketing"
    served.clock.forward(days=100)
    assert retention.run(served.store, served.clock()) == 1
    assert retire_logs.run(served.store, 1, served.clock()) == 0


def test_it_may_count_what_an_import_filled(served: World) -> None:
    """So that the service's own imports are planned as what they are."""
    served.take_in(an_order())
    statistics.learn(served.store.database)
    held = text("SELECT reltuples FROM pg_class WHERE relname = 'orders'")
    with served.store.read() as connection:
        assert connection.execute(held).scalar_one() >= 1


@pytest.mark.parametrize("table", ["entries", "entry_reasons", "checkpoints"])
def test_it_cannot_change_or_delete_what_stands_on_the_log(served: World, table: str) -> None:
    """Nor empty the table."""
    for statement in (f"UPDATE {table} SET log = log", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        assert _refused(served, statement) is psycopg.errors.InsufficientPrivilege


def test_it_can_neither_drop_tables_nor_its_confinement(served: World) -> None:
    """Both belong to the owner."""
    for statement in (
        "DROP TABLE entries",
        "DROP POLICY gateway_merchant ON orders",
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (x int)",
    ):
        assert _refused(served, statement) is psycopg.errors.InsufficientPrivilege


def test_a_transaction_of_one_merchant_sees_no_others_rows(served: World) -> None:
    """Whatever its statements leave out; the next transaction is not bound by it."""
    orders = metadata.tables["orders"]
    served.take_in(an_order())
    served.take_in(an_order("other00001"), merchant="other")
    every = select(orders.c.merchant).order_by(orders.c.merchant)

    def seen(merchant: str) -> list[str]:
        return served.store.write(merchant, lambda tx: list(tx.connection.execute(every).scalars()))

    assert seen("default") == ["default"]
    assert seen("other") == ["other"]
    with served.store.read() as connection:
        assert list(connection.execute(every).scalars()) == ["default", "other"]


def test_every_table_of_a_merchant_is_behind_the_second_wall(served: World) -> None:
    """Also the one that the next migration brings."""
    with served.store.read() as connection:
        walled = set(connection.execute(text("SELECT tablename FROM pg_policies")).scalars())
        named = "SELECT table_name FROM information_schema.columns WHERE column_name = 'merchant'"
        of_merchants = set(connection.execute(text(named)).scalars())
    assert walled == of_merchants >= {"orders", "contacts", "entries", "accounts"}


def test_a_role_that_could_not_be_confined_is_refused(world: World) -> None:
    """A superuser, a stranger, a name that is none; and SQLite has no roles."""
    names = ["postgres", "nobody_here", 'x"; DROP TABLE entries; --']
    for name in names:
        with pytest.raises(ConfigurationError):
            roles.grant(world.store.database, name)


def test_the_doctor_is_told_what_a_server_lacks(served: World, world: World) -> None:
    """Durability that is switched off, too few connections, a role that may delete from the log."""
    told = [one.says for one in server.weaknesses(served.store.database, 1000)]
    assert any("fsync = off" in one for one in told)
    assert any("may open 1000 connections" in one for one in told)
    assert not any("may delete" in one for one in told)
    owner = [one.says for one in server.weaknesses(world.store.database, 1)]
    assert any("may delete" in one for one in owner) != world.store.database.is_sqlite


def test_the_doctor_is_told_of_what_a_later_migration_brought(
    served: World, postgres: Postgres
) -> None:
    """Out of reach, or without a wall, until the owner grants again; and of timeouts that are off."""
    database = served.store.database

    def told() -> str:
        return "; ".join(one.says for one in server.weaknesses(database, 1))

    name = str(database.engine.url.database)
    assert "role" not in told()
    assert "timeout" not in told()
    postgres.execute("CREATE TABLE brought_later (merchant text)", name)
    assert "may not read brought_later" in told()
    postgres.execute(f"GRANT SELECT ON brought_later TO {ROLE}", name)
    assert "sees all merchants' rows of brought_later" in told()
    postgres.execute("DROP TABLE brought_later", name)
    assert "brought_later" not in told()
    with database.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        assert [one.says for one in server._timeouts(connection)] != []
        connection.execute(text("RESET statement_timeout"))
