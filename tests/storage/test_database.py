"""Commits are durable, snapshots hold still, writers take turns, and a lost connection comes back."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError

from gateway.audit.entry import Action, Outcome
from gateway.errors import ConfigurationError, Unavailable
from gateway.storage.choice import open_database
from gateway.storage.gate import Gate, locked, next_in_turn
from gateway.storage.orders import FREIGHT, envelopes
from gateway.storage.store import Store
from gateway.storage.tables import liveness
from gateway.usecases import forget
from tests.builders import ORDER_NUMBER, an_order
from tests.databases import Postgres
from tests.world import NOON, TESTER, World

on_sqlite = pytest.mark.parametrize("world_template", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("world_template", ["postgresql"], indirect=True)


def count(connection: Connection) -> int:
    """How many rows there are."""
    return connection.execute(select(func.count()).select_from(liveness)).scalar_one()


def add(connection: Connection, number: int) -> None:
    """One more row."""
    connection.execute(insert(liveness).values(id=number, written_at=NOON))


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@host/gateway",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:gateway.db?uri=true",
        "secret",
        "postgresql://:x/",
    ],
)
def test_other_databases_are_refused(url: str) -> None:
    """What would not be durable, or not ours, stops the start with what belongs there; no password shows."""
    with pytest.raises(ConfigurationError, match=r"database\.url") as refused:
        open_database(url, 1)
    assert "secret" not in str(refused.value)


def test_a_snapshot_holds_still(world: World) -> None:
    """What is committed while it is open does not show in it."""
    database = world.store.database
    with database.reading() as connection:
        assert count(connection) == 0
        with database.writing() as writer:
            add(writer, 1)
        assert count(connection) == 0
    with database.reading() as connection:
        assert count(connection) == 1


def test_who_connects_waits_for_no_writer(world: World, a_node: Callable[[], Store]) -> None:
    """A new connection is opened and reads while another process is in the midst of a write."""
    with world.store.database.writing() as writer:
        add(writer, 1)
        with a_node().read() as connection:
            assert count(connection) == 0


def test_a_snapshot_cannot_write(world: World) -> None:
    """Nothing is changed beside the log by a slip of whoever reads; PostgreSQL says so at once."""
    with suppress(DBAPIError), world.store.database.reading() as connection:
        add(connection, 1)
    with world.store.database.reading() as connection:
        assert count(connection) == 0


def test_a_transaction_that_raises_never_was(world: World) -> None:
    """Nothing of it is stored."""

    def write() -> None:
        with world.store.database.writing() as connection:
            add(connection, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    with world.store.database.reading() as connection:
        assert count(connection) == 0


@on_sqlite
def test_every_connection_is_durable_and_strict(world: World) -> None:
    """Write-ahead journal, foreign keys and overwriting of what is deleted."""
    with world.store.database.reading() as first, world.store.database.reading() as second:
        for connection in (first, second):
            read = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
            }
            assert read == {
                "journal_mode": "wal",
                "synchronous": 1,
                "foreign_keys": 1,
                "secure_delete": 1,
            }


@on_sqlite
def test_the_files_are_their_owners_alone(world: World) -> None:
    """Database, journal and locks are readable by nobody else."""
    with world.store.database.writing() as connection:
        add(connection, 1)
    files = list(world.settings.data.glob("gateway.db*"))
    assert {file.name for file in files} >= {"gateway.db", "gateway.db-wal", "gateway.db.gate"}
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


@on_sqlite
def test_what_is_erased_is_in_no_file(world: World) -> None:
    """After erasure neither the ciphertext nor its wrapped key is left in database or journal."""
    world.take_in(an_order())
    with world.store.read() as connection:
        _, envelope = envelopes(connection, "default", [ORDER_NUMBER], FREIGHT)[ORDER_NUMBER]
    assert any(find(world.settings.data, part) for part in (envelope.sealed, envelope.wrapped_key))
    forget.erase(world.store, "default", TESTER, ORDER_NUMBER, "the buyer asked for it")
    for part in (envelope.sealed, envelope.wrapped_key):
        assert find(world.settings.data, part) == []


def find(directory: Path, part: bytes) -> list[str]:
    """The names of the files that these bytes stand in."""
    files = (file for file in directory.rglob("*") if file.is_file())
    return [file.name for file in files if part in file.read_bytes()]


@on_sqlite
def test_the_journal_begins_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled often enough, it does not grow with what is written, though nobody stops writing."""
    monkeypatch.setattr("gateway.storage.sqlite._JOURNAL_PAGES", 20)
    journal = world.settings.data / "gateway.db-wal"
    world.store.database.wipe_journal()
    for number in range(200):
        with world.store.database.writing() as connection:
            add(connection, number)
        world.store.database.settle()
    assert journal.stat().st_size < 60 * 4096


@on_sqlite
def test_a_reader_holds_up_no_writer(world: World) -> None:
    """While an old snapshot is read the journal cannot be emptied, and nobody waits for that."""
    database = world.store.database
    with database.reading() as connection:
        assert count(connection) == 0
        with database.writing() as writer:
            add(writer, 1)
        assert not database.wipe_journal()
        database.settle()
    assert database.wipe_journal()


def test_a_gate_lets_one_through_at_a_time(tmp_path: Path) -> None:
    """Threads and gates of other processes alike wait for whoever is inside."""
    gates = [Gate(tmp_path / "gate"), Gate(tmp_path / "gate")]
    inside = 0
    most = 0

    def pass_through(gate: Gate) -> None:
        nonlocal inside, most
        for _ in range(200):
            with gate.passing():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=pass_through, args=(gates[at % 2],)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_who_leaves_a_gate_comes_in_again_after_who_waits(tmp_path: Path) -> None:
    """However quickly it asks again: a deletion of many never takes the turns of those who release."""
    mine, others = Gate(tmp_path / "gate"), Gate(tmp_path / "gate")
    came: list[str] = []

    def come() -> None:
        with others.passing():
            came.append("who waited")

    waiting = threading.Thread(target=come)
    with mine.passing():
        waiting.start()
        while _is_free(next_in_turn(tmp_path / "gate")):
            pass
    with mine.passing():
        came.append("who left")
    waiting.join()
    assert came == ["who waited", "who left"]


def _is_free(path: Path) -> bool:
    with locked(path) as is_free:
        return is_free


def test_a_gate_opens_after_a_fault(tmp_path: Path) -> None:
    """Whoever fails inside leaves it open."""
    gate = Gate(tmp_path / "gate")
    with pytest.raises(ZeroDivisionError), gate.passing():
        raise ZeroDivisionError
    with gate.passing(), locked(tmp_path / "gate") as is_alone:
        assert not is_alone
    with locked(tmp_path / "gate") as is_alone:
        assert is_alone


@on_postgresql
def test_a_lost_connection_comes_back(world: World) -> None:
    """After the server ended every session, reading and writing go on."""
    database = world.store.database
    for number in range(1, 4):
        end_sessions(world)
        with database.writing() as connection:
            add(connection, number)
        end_sessions(world)
        with database.reading() as connection:
            assert count(connection) == number


@on_postgresql
def test_a_failover_costs_one_answer_and_no_more(world: World, postgres: Postgres) -> None:
    """However many connections lay ready: whoever finds the first one dead has the others replaced."""
    database = world.store.database
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(database.reading()).execute(text("SELECT 1"))
    name = make_url(world.settings.database_url).database
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
    postgres.execute(f"{end} '{name}'")
    refused = 0
    for _ in range(6):
        try:
            world.store.write(
                "default", lambda tx: tx.record(TESTER, Action.AUDIT_VIEWED, Outcome.DONE)
            )
        except Unavailable:
            refused += 1
    assert refused <= 1


def end_sessions(world: World) -> None:
    """Has the server end every session on this database but the one that asks for it."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    with world.store.database.reading(), world.store.database.reading() as connection:
        connection.execute(
            text(f"{end} WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )


@on_postgresql
def test_what_hangs_gives_up(world: World) -> None:
    """Statements, waiting for a row and idle transactions have their time."""
    with world.store.database.reading() as connection:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert connection.execute(text(f"SHOW {name}")).scalar() != "0"
