"""Opens the database with durable commits, and queues the processes that write to one SQLite file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from gateway.errors import ConfigurationError

BUSY_MILLISECONDS = 10_000
"""How long a connection to SQLite waits for another that writes."""

_SQLITE_PRAGMAS = (
    # Free pages can be given back bit by bit; counts for a file that has no table yet.
    "auto_vacuum=INCREMENTAL",
    "journal_mode=WAL",
    # FULL: a commit is on the disk before it returns, also in WAL mode.
    "synchronous=FULL",
    "foreign_keys=ON",
    # Deleted contacts are overwritten with zeros, not left in free pages.
    "secure_delete=ON",
    f"busy_timeout={BUSY_MILLISECONDS}",
)


class Gate:
    """One writer at a time on an SQLite file, across processes; waiters sleep until it opens.

    SQLite's own waiting polls, and so starves a writer among many. A lock on a file beside the
    database queues them in the kernel, and is gone when its process is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Holds the gate; threads of one process must already be in a queue of their own."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)


class Database:
    """An engine, and the gate that its writers pass."""

    def __init__(self, url: str, threads: int) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if not self.is_sqlite and parsed.get_backend_name() != "postgresql":
            raise ConfigurationError("database.url: an sqlite:/// or postgresql+psycopg:// URL")
        self._gate: Gate | None = None
        if self.is_sqlite:
            if not parsed.database or parsed.database == ":memory:":
                raise ConfigurationError("database.url: SQLite needs a file, such as sqlite:////…")
            path = Path(parsed.database)
            _make_private(path)
            self._gate = Gate(path.with_name(path.name + ".gate"))
        self.engine = _engine(url, threads, self.is_sqlite)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent snapshot."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when this returns, and never was when it raises."""
        with self.alone(), self.engine.connect() as connection:
            writer = connection.execution_options(gateway_writes=True)
            with writer.begin():
                yield writer

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else writes to the SQLite file meanwhile; writers to PostgreSQL need no queue."""
        return self._gate.passing() if self._gate else nullcontext()


def _engine(url: str, threads: int, is_sqlite: bool) -> Engine:
    engine = create_engine(url, pool_size=threads + 2, max_overflow=0, hide_parameters=True)
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would otherwise begin transactions of its own, and not before the first write.
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("gateway_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_private(path: Path) -> None:
    """The database is created readable by its owner alone; its journal inherits that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
