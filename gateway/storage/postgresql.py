"""A PostgreSQL server: snapshots, walls between merchants, advisory locks, and failovers that are noticed."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    Connection,
    String,
    bindparam,
    create_engine,
    event,
    func,
    literal,
    select,
)
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.storage.database import Database
from gateway.storage.prepared import Prepared

_OPTIONS = (
    # Whatever hangs gives up, and the request is answered 503: nothing piles up behind it.
    *("-c statement_timeout=30s", "-c lock_timeout=10s"),
    *("-c idle_in_transaction_session_timeout=60s", "-c TimeZone=UTC"),
)
_LINK: Mapping[str, Any] = {
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
_CONNECT_SECONDS = 5
_POOL_SECONDS = 10
_IDLE_SECONDS = 1.0


class Postgresql(Database):
    """A server that several nodes share."""

    is_sqlite: ClassVar[bool] = False

    def __init__(self, url: URL, connections: int) -> None:
        self.pool_size = connections
        connect = {
            "options": " ".join(_OPTIONS),
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "gateway",
            **_LINK,
        }
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=connect,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=_POOL_SECONDS,
            hide_parameters=True,
        )
        event.listen(self.engine, "checkin", _note_time)
        error = self.engine.dialect.loaded_dbapi.Error
        event.listen(self.engine, "checkout", partial(_check_where_idle, error))
        self._unbound = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(**_SNAPSHOT)

    def glancing(self) -> AbstractContextManager[Connection]:
        return self._unbound.connect()

    def committing(self) -> AbstractContextManager[Connection]:
        return self.engine.begin()

    def sync(self) -> None:
        """Nothing to wait for: a commit is on the server's disk."""

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def sole(self, what: str) -> Iterator[bool]:
        # No transaction: it would hold up the clean-up of what others delete meanwhile.
        with self._unbound.connect() as connection:
            number = _lock_number(what)
            is_sole = connection.execute(select(func.pg_try_advisory_lock(number))).scalar_one()
            try:
                yield is_sole
            finally:
                if is_sole:
                    connection.execute(select(func.pg_advisory_unlock(number)))

    def confine(self, connection: Connection, merchant: str) -> None:
        _CONFINE.all(connection, {"to": merchant})

    def hold(self, connection: Connection, what: str) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_lock_number(what))))

    def settle(self) -> None:
        """Nothing to do: the server sees to its journal."""

    def wipe_journal(self) -> bool:
        return True


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
