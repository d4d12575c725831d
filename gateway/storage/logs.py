"""Which logs a merchant has, by name; reading and growing one is `tree`'s and `logbook`'s."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.storage.tables import logs


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log's place in the database, the name it signs under, and how far its tree has grown."""

    log: int
    origin: str
    period: str
    integrated: int
    is_current: bool


def of_merchant(connection: Connection, merchant: str) -> Sequence[KeptLog]:
    """All that are kept, oldest first."""
    found = select(logs).where(logs.c.merchant == merchant).order_by(logs.c.log)
    return [_named(row) for row in connection.execute(found)]


def one(connection: Connection, merchant: str, period: str | None) -> KeptLog | None:
    """The log of a period, or without one the log that is written now."""
    which = logs.c.closed_at.is_(None) if period is None else logs.c.period == period
    row = connection.execute(select(logs).where(logs.c.merchant == merchant).where(which)).first()
    return None if row is None else _named(row)


def _named(row: Row[Any]) -> KeptLog:
    return KeptLog(row.log, row.origin, row.period, row.integrated, row.closed_at is None)
