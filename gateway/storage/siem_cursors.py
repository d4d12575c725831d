"""How far each log was streamed to the SIEM: the index of the first entry that was not."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from gateway.storage.tables import logs
from gateway.storage.tally_tables import siem_cursors


@dataclass(frozen=True, slots=True)
class Waiting:
    """A log with entries from `upto` on, before `size`, that the SIEM has not confirmed."""

    log: int
    upto: int
    size: int


def waiting(connection: Connection) -> Sequence[Waiting]:
    """The logs that have grown since, the oldest first."""
    upto = func.coalesce(siem_cursors.c.upto, 0)
    joined = logs.outerjoin(siem_cursors, siem_cursors.c.log == logs.c.log)
    found = select(logs.c.log, upto.label("upto"), logs.c.size).select_from(joined)
    rows = connection.execute(found.where(logs.c.size > upto).order_by(logs.c.log))
    return [Waiting(row.log, row.upto, row.size) for row in rows]


def move(connection: Connection, log: int, upto: int) -> None:
    """Everything before `upto` was confirmed."""
    mine = update(siem_cursors).where(siem_cursors.c.log == log).values(upto=upto)
    if connection.execute(mine).rowcount == 0:
        connection.execute(insert(siem_cursors).values(log=log, upto=upto))
