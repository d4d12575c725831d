"""Which logs a merchant has, by name; reading and growing one is `tree`'s and `logbook`'s."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Row, Select, func, select, type_coerce

from gateway.storage.tables import Instant, logs


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log's place in the database, the name it signs under, and how far it has grown.

    `last_time` is that of its last entry, as it is stored: microseconds since 1970.
    """

    log: int
    merchant: str
    origin: str
    period: str
    size: int
    integrated: int
    last_time: int
    is_current: bool


_TIMES_END = 2**57
"""Microseconds since 1970 that are beyond any time of a log."""

_KEPT: Select[*tuple[Any, ...]] = select(
    *(logs.c.log, logs.c.merchant, logs.c.origin, logs.c.period, logs.c.size, logs.c.integrated),
    # As it is stored: a number that is no time must be found, not be stumbled over.
    type_coerce(logs.c.last_time, BigInteger).label("last_time"),
    logs.c.closed_at.is_(None).label("is_current"),
)


def merchant_of(origin: str) -> str:
    """Whose log it is: origins end in merchant and period."""
    return origin.rpartition("/")[0].rpartition("/")[2]


def of_merchant(connection: Connection, merchant: str) -> Sequence[KeptLog]:
    """All that are kept, oldest first."""
    found = _KEPT.where(logs.c.merchant == merchant).order_by(logs.c.log)
    return [_kept(row) for row in connection.execute(found)]


def over(connection: Connection, merchant: str, before: datetime) -> Sequence[KeptLog]:
    """Those that another one follows and whose last entry is from before a time, oldest first."""
    closed = _KEPT.where(logs.c.merchant == merchant, logs.c.closed_at.is_not(None))
    found = closed.where(logs.c.last_time < before).order_by(logs.c.log)
    return [_kept(row) for row in connection.execute(found)]


def one(connection: Connection, merchant: str, period: str | None) -> KeptLog | None:
    """The log of a period, or without one the log that is written now."""
    which = logs.c.closed_at.is_(None) if period is None else logs.c.period == period
    found = _KEPT.where(logs.c.merchant == merchant).where(which).order_by(logs.c.log.desc())
    row = connection.execute(found).first()
    return None if row is None else _kept(row)


def odd_column(connection: Connection, log: int) -> str | None:
    """The first column of a log's row with a value that is none for it: SQLite keeps any anywhere."""
    if connection.dialect.name != "sqlite":
        return None
    for column in logs.c:
        stored = select(func.typeof(column), type_coerce(column, BigInteger))
        kind, value = connection.execute(stored.where(logs.c.log == log)).one()
        is_time = isinstance(column.type, Instant)
        wanted = "integer" if is_time or isinstance(column.type, Integer) else "text"
        is_none = column.nullable and kind == "null"
        if not is_none and (kind != wanted or (is_time and not 0 <= value < _TIMES_END)):
            return str(column.name)
    return None


def _kept(row: Row[*tuple[Any, ...]]) -> KeptLog:
    return KeptLog(
        log=row.log,
        merchant=row.merchant,
        # As text, whatever is stored: what is no name at all must be told of like any other.
        origin=str(row.origin),
        period=row.period,
        size=row.size,
        integrated=row.integrated,
        last_time=row.last_time,
        is_current=bool(row.is_current),
    )
