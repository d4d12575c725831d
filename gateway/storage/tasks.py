"""Whose turn a recurring task is: one holder at a time over all nodes, by a row that each must win.

A holder renews its hold while it works; one that dies lets go when its hold runs out.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway.storage.database import Database
from gateway.storage.sync_tables import tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands; `outcome` is of its last turn, None before the first one ended."""

    name: str
    holder: str | None
    held_until: datetime | None
    next_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    outcome: str | None


def ensure(database: Database, name: str, now: datetime) -> None:
    """Have a row for the task, due at once; another node may have been quicker."""
    with database.reading() as connection:
        there = connection.execute(select(tasks.c.task).where(tasks.c.task == name)).first()
    if there is None:
        with suppress(IntegrityError), database.writing() as connection:
            connection.execute(insert(tasks).values(task=name, next_at=now))


def every(connection: Connection) -> Sequence[Task]:
    """All tasks, by name."""
    rows = connection.execute(select(tasks).order_by(tasks.c.task))
    return [
        Task(
            name=row.task,
            holder=row.holder,
            held_until=row.held_until,
            next_at=row.next_at,
            begun_at=row.begun_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
        )
        for row in rows
    ]


def due(connection: Connection, now: datetime) -> list[str]:
    """Names of tasks whose time has come and that nobody holds, the longest due first."""
    found = select(tasks.c.task).where(_free(now)).where(tasks.c.next_at <= now)
    return list(connection.execute(found.order_by(tasks.c.next_at, tasks.c.task)).scalars())


def forget_leap(
    connection: Connection, name: str, now: datetime, next_at: datetime, held_until: datetime
) -> None:
    """Make a task due and free again whose times lie beyond any that a right clock would give it."""
    mine = tasks.c.task == name
    connection.execute(update(tasks).where(mine, tasks.c.next_at > next_at).values(next_at=now))
    held = update(tasks).where(mine, tasks.c.held_until > held_until)
    connection.execute(held.values(holder=None, held_until=None))


def take(
    connection: Connection,
    name: str,
    holder: str,
    now: datetime,
    until: datetime,
    *,
    only_due: bool,
) -> bool:
    """Whether the task is the holder's now; of two who ask, one wins."""
    won = update(tasks).where(tasks.c.task == name).where(_free(now))
    if only_due:
        won = won.where(tasks.c.next_at <= now)
    values = {"holder": holder, "held_until": until, "begun_at": now}
    return connection.execute(won.values(values)).rowcount == 1


def renew(connection: Connection, name: str, holder: str, until: datetime) -> bool:
    """Whether the task is still the holder's, from now on until `until`."""
    mine = (tasks.c.task == name) & (tasks.c.holder == holder)
    return connection.execute(update(tasks).where(mine).values(held_until=until)).rowcount == 1


def let_go(
    connection: Connection,
    name: str,
    holder: str,
    now: datetime,
    outcome: str,
    next_at: datetime | None,
) -> None:
    """End the holder's turn, if it still is; the next one comes at `next_at`, None: as it stood."""
    mine = (tasks.c.task == name) & (tasks.c.holder == holder)
    ended = {"holder": None, "held_until": None, "ended_at": now, "outcome": outcome}
    values = ended if next_at is None else ended | {"next_at": next_at}
    connection.execute(update(tasks).where(mine).values(values))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(tasks.c.holder.is_(None), tasks.c.held_until <= now)
