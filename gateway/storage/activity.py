"""Reads single entries back, and the order that an entry tells of while its name in the log lives."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.storage.tables import entries, orders


def at(connection: Connection, log: int, indexes: Sequence[int]) -> list[bytes]:
    """The leaves at these places of a log, in the order of the places."""
    if not indexes:
        return []
    found = select(entries.c.index, entries.c.leaf).where(entries.c.log == log)
    rows = connection.execute(found.where(entries.c.index.in_(indexes)))
    leaves = {index: bytes(leaf) for index, leaf in rows}
    return [leaves[index] for index in indexes if index in leaves]


def one(connection: Connection, merchant: str, entry_id: str) -> tuple[int, bytes] | None:
    """The log and the leaf of an entry of this merchant."""
    mine = (entries.c.id == entry_id) & (entries.c.merchant == merchant)
    row = connection.execute(select(entries.c.log, entries.c.leaf).where(mine)).first()
    return None if row is None else (row.log, bytes(row.leaf))


def time_of(connection: Connection, log: int, index: int) -> datetime:
    """When an entry was made."""
    mine = (entries.c.log == log) & (entries.c.index == index)
    found: datetime = connection.execute(select(entries.c.time).where(mine)).scalar_one()
    return found


def order_numbers(
    connection: Connection, merchant: str, subjects: Collection[str]
) -> dict[str, str]:
    """Order numbers by their names in the log; those that were forgotten are not there."""
    if not subjects:
        return {}
    mine = (orders.c.merchant == merchant) & orders.c.subject.in_(list(subjects))
    found = select(orders.c.subject, orders.c.order_number).where(mine)
    return {row.subject: row.order_number for row in connection.execute(found)}
