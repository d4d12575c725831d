"""What a database does for the rest: consistent reads, durable commits, writers in turn; it knows no table.

SQLite and PostgreSQL do it each in its own file; `choice` tells by the address which one it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

from sqlalchemy import Connection, Engine


class Database(ABC):
    """One database, and the ways in which it is read and written."""

    is_sqlite: ClassVar[bool]
    engine: Engine
    pool_size: int
    """Connections that this process opens at the most."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent snapshot; it is never committed, so nothing can be changed in it."""

    @abstractmethod
    def glancing(self) -> AbstractContextManager[Connection]:
        """For one statement that reads: it sees what is committed, and needs no transaction around it."""

    @abstractmethod
    def committing(self) -> AbstractContextManager[Connection]:
        """A transaction that is whole when this returns, durable after `sync`, and undone when it raises.

        On SQLite no other writes meanwhile. On PostgreSQL others do, but not where this one holds
        a row; each statement sees what was committed before it.
        """

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when this returns; when it raises, it is not to be relied on."""
        with self.committing() as connection:
            yield connection
        self.sync()

    @abstractmethod
    def sync(self) -> None:
        """Wait until all that was committed is on the disk; Unavailable where that is not sure."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """Nobody else writes to the SQLite file meanwhile; writers to PostgreSQL need no queue."""

    @abstractmethod
    def sole(self, what: str) -> AbstractContextManager[bool]:
        """Whether of all processes on all nodes it is this one that does `what` now; without waiting."""

    @abstractmethod
    def confine(self, connection: Connection, merchant: str) -> None:
        """Have PostgreSQL show this transaction the rows of one merchant alone, until another is named.

        It does so where the service works under a role of its own; see `roles`.
        """

    @abstractmethod
    def hold(self, connection: Connection, what: str) -> None:
        """Wait until nobody else does `what`; this transaction alone does, until it ends."""

    @abstractmethod
    def settle(self) -> None:
        """Move the journal of SQLite into the database, so that no commit has to; a call does a part.

        It runs beside reads and writes. Only when the journal is long are the writers held, for the
        short rest, so that it can begin anew.
        """

    @abstractmethod
    def wipe_journal(self) -> bool:
        """Empty the journal of SQLite, which else still holds what was deleted; whether it is empty.

        It is not while somebody reads an older state, or the disk is full; then it is overwritten in
        time.
        """
