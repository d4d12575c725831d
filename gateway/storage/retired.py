"""Logs that are deleted whole: which entries tell of them, and what is left of them to remove."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from gateway.audit import chain
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Action, Entry
from gateway.audit.faults import AuditError
from gateway.storage import entries as stored
from gateway.storage.entries import Sought
from gateway.storage.log_check import is_signed
from gateway.storage.notary import Notary
from gateway.storage.tables import anchors, checkpoints, entries, entry_reasons, logs, tiles
from gateway.storage.tally_tables import arrivals, arrived, tallied, tallies, tally_sums


def over(connection: Connection, before: datetime) -> Sequence[str]:
    """The merchants that have a log whose last entry is from before a time."""
    found = select(logs.c.merchant).where(logs.c.last_time < before)
    return list(connection.execute(found.distinct().order_by(logs.c.merchant)).scalars())


@dataclass(frozen=True, slots=True)
class Deletion:
    """Where a log ended, and when it was put on record that it goes."""

    end: Checkpoint
    at: datetime


def deletions(connection: Connection, notary: Notary, merchant: str) -> Mapping[str, Deletion]:
    """The logs whose deletion is on record, by origin, the oldest first.

    Only an entry that a checkpoint covers counts: nobody may explain a log away by writing a row.
    """
    found: dict[str, Deletion] = {}
    for stretch in reversed(stored.stretches(connection, merchant, None, None)):
        for one in stored.every(connection, stretch, Sought(action=Action.LOG_DELETED)):
            if not is_signed(connection, notary, one.log, one.index, one.leaf):
                continue
            # An entry that does not hold is found where its own log is verified.
            with suppress(AuditError):
                entry = Entry.parse(one.leaf)
                end = chain.deleted(entry)
                found[end.origin] = Deletion(end, entry.time)
    return found


def remove(connection: Connection, log: int, most: int) -> bool:
    """Remove entries of a log, `most` at once; once there are none, all that is left of it: True."""
    last = connection.execute(
        select(func.max(entries.c.index)).where(entries.c.log == log)
    ).scalar()
    if last is None:
        counts = (tallies, tally_sums, tallied, arrivals, arrived)
        for table in (*counts, anchors, tiles, checkpoints, logs):
            connection.execute(delete(table).where(table.c.log == log))
        return True
    for table in (entry_reasons, entries):
        some = (table.c.log == log) & (table.c.index > last - most)
        connection.execute(delete(table).where(some))
    return False
