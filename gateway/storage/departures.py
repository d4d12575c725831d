"""What the log tells of erasures, as the list that outlives the database has them."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Row, Select, select

from gateway.audit.entry import Action
from gateway.storage.log import DEPARTURES
from gateway.storage.tables import entries
from gateway.storage.tombstones import Kind, Tombstone


def last(connection: Connection, merchant: str) -> Iterator[Tombstone]:
    """The last erasure of each kind."""
    for action in DEPARTURES:
        newest = _told(merchant, action).order_by(entries.c.log.desc(), entries.c.index.desc())
        yield from map(_tombstone, connection.execute(newest.limit(1)))


def every(connection: Connection, merchant: str, since: datetime) -> Iterator[Tombstone]:
    """Every subject's erasure that is on record, and contacts that went from `since` on."""
    for action, kind in DEPARTURES.items():
        told = _told(merchant, action).order_by(entries.c.log, entries.c.index)
        if kind is Kind.CONTACT:
            told = told.where(entries.c.time >= since)
        yield from map(_tombstone, connection.execute(told))


def _told(merchant: str, action: Action) -> Select[tuple[datetime, str, str, str | None]]:
    return select(entries.c.time, entries.c.action, entries.c.merchant, entries.c.subject).where(
        entries.c.merchant == merchant,
        entries.c.action == action.value,
        entries.c.subject.is_not(None),
    )


def _tombstone(row: Row[tuple[datetime, str, str, str | None]]) -> Tombstone:
    return Tombstone(row.time, DEPARTURES[Action(row.action)], row.merchant, str(row.subject))
