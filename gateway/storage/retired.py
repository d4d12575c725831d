"""Logs that are deleted whole: which entries tell of them, and what is left of them to remove."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from gateway.audit import chain
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Action, Entry
from gateway.audit.faults import AuditError
from gateway.storage import entries as stored
from gateway.storage.entries import Sought
from gateway.storage.tables import anchors, checkpoints, entries, entry_reasons, logs, tiles
from gateway.storage.tally_tables import tallied, tallies


def over(connection: Connection, before: datetime) -> Sequence[str]:
    """The merchants that have a log whose last entry is from before a time."""
    found = select(logs.c.merchant).where(logs.c.last_time < before)
    return list(connection.execute(found.distinct().order_by(logs.c.merchant)).scalars())


def ends(connection: Connection, merchant: str) -> Mapping[str, Checkpoint]:
    """Where the logs ended that entries tell the deletion of, by origin, the oldest first."""
    found: dict[str, Checkpoint] = {}
    for stretch in reversed(stored.stretches(connection, merchant, None, None)):
        for one in stored.every(connection, stretch, Sought(action=Action.LOG_DELETED)):
            # An entry that does not hold is found where its own log is verified.
            with suppress(AuditError):
                end = chain.deleted(Entry.parse(one.leaf))
                found[end.origin] = end
    return found


def remove(connection: Connection, log: int, most: int) -> bool:
    """Remove entries of a log, `most` at once; once there are none, all that is left of it: True."""
    last = connection.execute(
        select(func.max(entries.c.index)).where(entries.c.log == log)
    ).scalar()
    if last is None:
        for table in (tallies, tallied, anchors, tiles, checkpoints, logs):
            connection.execute(delete(table).where(table.c.log == log))
        return True
    for table in (entry_reasons, entries):
        some = (table.c.log == log) & (table.c.index > last - most)
        connection.execute(delete(table).where(some))
    return False
