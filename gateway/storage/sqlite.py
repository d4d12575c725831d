"""An SQLite file: its writers take turns, and wait for the disk beside the gate, not in it.

Its connections are kept open between their uses: checking one out of a pool costs more than what is
looked up with it. None is in a transaction that is not begun and ended here.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import URL, Connection, NullPool, create_engine, event

from gateway.errors import ConfigurationError, Unavailable
from gateway.storage.database import Database
from gateway.storage.gate import Gate, locked, make_private
from gateway.storage.prepared import command

BUSY_MILLISECONDS = 10_000
"""How long a connection waits for another that writes."""

_CHECKPOINT_MILLISECONDS = 100
_PRAGMAS = (
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

# A commit's size and content, without the file's times; macOS has no such call.
_to_disk = getattr(os, "fdatasync", os.fsync)


class Sqlite(Database):
    """A file on this machine, and what stands beside it."""

    is_sqlite: ClassVar[bool] = True

    def __init__(self, url: URL, connections: int) -> None:
        # By any other name than its path its journal would not be found, and not waited for.
        if not url.database or url.database.startswith((":memory:", "file:")):
            raise ConfigurationError("database.url: SQLite needs a file, such as sqlite:////…")
        # As SQLite names what it puts beside it: by the file itself, not by a link to it.
        self._path = Path(url.database).resolve()
        make_private(self._path)
        self._gate = Gate(self._beside(".gate"))
        self._journal = str(self._beside("-wal"))
        self.pool_size = connections
        self.engine = create_engine(
            url.set(drivername="sqlite"), poolclass=NullPool, hide_parameters=True
        )
        self._kept: deque[Connection] = deque()
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "engine_disposed", self._let_go)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._lent() as connection:
            command(connection, "BEGIN")
            yield connection

    def glancing(self) -> AbstractContextManager[Connection]:
        return self._lent()

    @contextmanager
    def committing(self) -> Iterator[Connection]:
        with self.alone(), self._lent() as connection:
            command(connection, "BEGIN IMMEDIATE")
            yield connection
            command(connection, "COMMIT")

    def sync(self) -> None:
        """Waits for the journal, or the database that it was moved into."""
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

    def alone(self) -> AbstractContextManager[None]:
        return self._gate.passing()

    def sole(self, what: str) -> AbstractContextManager[bool]:
        return locked(self._beside(f".{what}"))

    def confine(self, connection: Connection, merchant: str) -> None:
        """Nothing to do: there are no roles, and every statement names its merchant."""

    def hold(self, connection: Connection, what: str) -> None:
        """Nothing to do: nobody else writes meanwhile."""

    def settle(self) -> None:
        if self._checkpoint("PASSIVE") > _JOURNAL_PAGES:
            with self.alone():
                self._checkpoint("PASSIVE")

    def wipe_journal(self) -> bool:
        try:
            with self.alone():
                return self._checkpoint("TRUNCATE") == 0
        except sqlite3.OperationalError:
            return False

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        """A connection outside of any transaction; what is not committed at the end is undone."""
        try:
            connection = self._kept.pop()
        except IndexError:
            connection = self.engine.connect()
            # For SQLAlchemy, which else would look at each statement whether it is; the driver begins nothing.
            connection.begin()
        try:
            yield connection
        finally:
            _driver(connection).rollback()
            self._kept.append(connection)

    def _let_go(self, _engine: Any) -> None:
        while self._kept:
            self._kept.pop().close()

    def _checkpoint(self, mode: str) -> int:
        """How many pages the journal has."""
        with self._lent() as connection:
            driver = _driver(connection)
            # All writers may be waiting: a reader is not waited for.
            driver.execute(f"PRAGMA busy_timeout={_CHECKPOINT_MILLISECONDS}")
            try:
                pages = driver.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()[0][1]
            finally:
                # It is kept for others, who wait as long as ever.
                driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        return int(pages)

    def _beside(self, what: str) -> Path:
        return self._path.with_name(f"{self._path.name}{what}")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101  for the type alone
    return driver


def _prepare(connection: Any, _record: Any) -> None:
    # The driver would otherwise begin transactions of its own, and not before the first write.
    connection.isolation_level = None
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        # Free pages can be given back bit by bit. Said of a file that has tables already, it would
        # change nothing and yet wait for whoever writes.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
