"""Opens the database with durable commits, and has its writers take turns; it knows no table."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    String,
    bindparam,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.errors import ConfigurationError, Unavailable
from gateway.storage.gate import Gate, locked, make_private
from gateway.storage.prepared import Prepared, command

BUSY_MILLISECONDS = 10_000
"""How long a connection to SQLite waits for another that writes."""

_CHECKPOINT_MILLISECONDS = 100
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}

_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    # NORMAL: all but commits wait for the disk, and the journal is never mixed up. Commits do so in
    # `sync`, where the next writer has its turn meanwhile.
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # Deleted contacts are overwritten with zeros, not left in free pages.
    "secure_delete=ON",
    f"busy_timeout={BUSY_MILLISECONDS}",
    # `settle` does this beside the commits; only an import without a sequencer gets here.
    "wal_autocheckpoint=16384",
)
_JOURNAL_PAGES = 8192

_POSTGRES_OPTIONS = (
    # Whatever hangs gives up, and the request is answered 503: nothing piles up behind it.
    *("-c statement_timeout=30s", "-c lock_timeout=10s"),
    *("-c idle_in_transaction_session_timeout=60s", "-c TimeZone=UTC"),
)
_POSTGRES_LINK: Mapping[str, Any] = {
    # Of several servers in the address it is the one that takes writes, also after a failover.
    "target_session_attrs": "read-write",
    # A server that is gone without a word cannot time a statement out: its connection ends all the same.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_SNAPSHOT: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_CONFINE = Prepared(
    select(
        func.set_config("gateway.merchant", bindparam("to", type_=String), literal(True)).label(
            "to"
        )
    )
)
# A commit's size and content, without the file's times; macOS has no such call.
_to_disk = getattr(os, "fdatasync", os.fsync)
_CONNECT_SECONDS = 5
_IDLE_SECONDS = 1.0
_BESIDE_THREADS = 3
"""Connections beside one for each thread that answers: two for the sequencer, one for readiness."""
_POOL_SECONDS = 10


class Database:
    """An engine, and the ways in which it is read and written."""

    def __init__(self, url: str, threads: int) -> None:
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._gate: Gate | None = None
        if self.is_sqlite:
            if not parsed.database or parsed.database == ":memory:":
                raise ConfigurationError("database.url: SQLite needs a file, such as sqlite:////…")
            # As SQLite names what it puts beside it: by the file itself, not by a link to it.
            self._path = Path(parsed.database).resolve()
            make_private(self._path)
            self._gate = Gate(self._beside(".gate"))
            self._journal = str(self._beside("-wal"))
        self.pool_size = threads + _BESIDE_THREADS
        """Connections that this process opens at the most."""
        self.engine = _engine(parsed, self.pool_size, self.is_sqlite)
        # SQLite's own connections are without a transaction as long as none is begun.
        no_transaction = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._unbound = self.engine.execution_options(gateway_glances=True, **no_transaction)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent snapshot; it is never committed, so nothing can be changed in it."""
        with self.engine.connect() as connection:
            yield connection if self.is_sqlite else connection.execution_options(**_SNAPSHOT)

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """For one statement that reads: it sees what is committed, and needs no transaction around it."""
        with self._unbound.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when this returns; when it raises, it is not to be relied on."""
        with self.committing() as connection:
            yield connection
        self.sync()

    @contextmanager
    def committing(self) -> Iterator[Connection]:
        """A transaction that is whole when this returns, durable after `sync`, and undone when it raises.

        On SQLite no other writes meanwhile. On PostgreSQL others do, but not where this one holds
        a row; each statement sees what was committed before it.
        """
        with self.alone(), self.engine.connect() as connection:
            writer = connection.execution_options(gateway_writes=True)
            with writer.begin():
                yield writer

    def sync(self) -> None:
        """Wait until all that was committed is on the disk; Unavailable where that is not sure.

        PostgreSQL's commits are; on SQLite the journal is, or the database that it was moved into.
        """
        if self._gate is None:
            return
        try:
            # By its name each time: with the last connection SQLite moves it into the database.
            with suppress(FileNotFoundError):
                journal = os.open(self._journal, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    _to_disk(journal)
                finally:
                    os.close(journal)
        except OSError as fault:
            raise Unavailable("database", "what was written may not be on the disk") from fault

    @contextmanager
    def sole(self, what: str) -> Iterator[bool]:
        """Whether of all processes on all nodes it is this one that does `what` now; without waiting."""
        if self.is_sqlite:
            with locked(self._beside(f".{what}")) as is_sole:
                yield is_sole
            return
        with self.engine.connect() as connection:
            # No transaction: it would hold up the clean-up of what others delete meanwhile.
            free = connection.execution_options(isolation_level="AUTOCOMMIT")
            number = _lock_number(what)
            is_sole = free.execute(select(func.pg_try_advisory_lock(number))).scalar_one()
            try:
                yield is_sole
            finally:
                if is_sole:
                    free.execute(select(func.pg_advisory_unlock(number)))

    def confine(self, connection: Connection, merchant: str) -> None:
        """Have PostgreSQL show this transaction the rows of one merchant alone, until another is named.

        It does so where the service works under a role of its own; see `roles`.
        """
        if not self.is_sqlite:
            _CONFINE.all(connection, {"to": merchant})

    def hold(self, connection: Connection, what: str) -> None:
        """Wait until nobody else does `what`; this transaction alone does, until it ends."""
        if not self.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_lock_number(what))))

    def settle(self) -> None:
        """Move the journal of SQLite into the database, so that no commit has to; a call does a part.

        It runs beside reads and writes. Only when the journal is long are the writers held, for the
        short rest, so that it can begin anew.
        """
        if self._gate is not None and self._checkpoint("PASSIVE") > _JOURNAL_PAGES:
            with self.alone():
                self._checkpoint("PASSIVE")

    def wipe_journal(self) -> bool:
        """Empty the journal of SQLite, which else still holds what was deleted; whether it is empty.

        It is not while somebody reads an older state, or the disk is full; then it is overwritten in
        time.
        """
        if self._gate is None:
            return True
        try:
            with self.alone():
                return self._checkpoint("TRUNCATE") == 0
        except sqlite3.OperationalError:
            return False

    def _checkpoint(self, mode: str) -> int:
        """How many pages the journal has."""
        # Outside of a transaction, which SQLAlchemy's own connections are always in.
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            # All writers may be waiting: a reader is not waited for.
            cursor.execute(f"PRAGMA busy_timeout={_CHECKPOINT_MILLISECONDS}")
            cursor.execute(f"PRAGMA wal_checkpoint({mode})")
            pages = cursor.fetchall()[0][1]
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        finally:
            connection.close()
        return int(pages)

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else writes to the SQLite file meanwhile; writers to PostgreSQL need no queue."""
        return self._gate.passing() if self._gate else nullcontext()

    def _beside(self, what: str) -> Path:
        return self._path.with_name(f"{self._path.name}{what}")


def _parsed(url: str) -> URL:
    """The URL with the one driver there is for each database; it may hold a password, so no error shows it."""
    try:
        parsed = make_url(url)
        return parsed.set(drivername=_DRIVERS[parsed.get_backend_name()])
    except (ArgumentError, ValueError, KeyError):
        raise ConfigurationError("database.url: an sqlite:/// or postgresql:// URL") from None


def _engine(url: URL, pool_size: int, is_sqlite: bool) -> Engine:
    pool: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": _POOL_SECONDS,
        "hide_parameters": True,
    }
    if not is_sqlite:
        connect = {
            "options": " ".join(_POSTGRES_OPTIONS),
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "gateway",
            **_POSTGRES_LINK,
        }
        postgres = create_engine(url, connect_args=connect, **pool)
        event.listen(postgres, "checkin", _note_time)
        error = postgres.dialect.loaded_dbapi.Error
        event.listen(postgres, "checkout", partial(_check_where_idle, error))
        return postgres
    engine = create_engine(url, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would otherwise begin transactions of its own, and not before the first write.
    connection.isolation_level = None
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        # Free pages can be given back bit by bit. Said of a file that has tables already, it would
        # change nothing and yet wait for whoever writes.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("gateway_glances"):
        return
    command(connection, "BEGIN IMMEDIATE" if options.get("gateway_writes") else "BEGIN")


def _note_time(_driver: Any, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = time.monotonic()


def _check_where_idle(
    error: type[Exception], driver: Any, record: ConnectionPoolEntry, _proxy: Any
) -> None:
    """A connection that a failover took away is noticed before it is used.

    One that was in use a moment ago is not asked: that would cost as much as the statement itself.
    """
    if time.monotonic() - record.info.get("idle_since", time.monotonic()) < _IDLE_SECONDS:
        return
    try:
        driver.execute("").close()
        driver.rollback()
    except error as fault:
        raise DisconnectionError from fault


def _lock_number(what: str) -> int:
    """The number that stands for a name among PostgreSQL's advisory locks."""
    digest = hashlib.sha256(f"gateway\0{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
