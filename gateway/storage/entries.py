"""Reads audit entries back: by their place in the log, by time, and by what they tell of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from gateway.audit.entry import Action, Outcome
from gateway.storage.tables import entries, entry_reasons, logs
from policies.question import Purpose
from policies.verdict import ReasonCode

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What an entry must tell of; None leaves it open. `subject` is the order's name in the log."""

    subject: str | None = None
    carrier: str | None = None
    actor: str | None = None
    action: Action | None = None
    outcome: Outcome | None = None
    reason: ReasonCode | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a merchant's log: entries from index `low` up to `high`, exclusive."""

    merchant: str
    log: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Found:
    """An entry's place and its bytes."""

    log: int
    index: int
    leaf: bytes


def stretches(
    connection: Connection, merchant: str, since: datetime | None, until: datetime | None
) -> list[Stretch]:
    """The merchant's logs, newest first, each cut to the times from `since` up to `until`."""
    mine = select(logs.c.log, logs.c.size).where(logs.c.merchant == merchant)
    return [
        Stretch(
            merchant,
            row.log,
            0 if since is None else _first_at(connection, row.log, row.size, since),
            row.size if until is None else _first_at(connection, row.log, row.size, until),
        )
        for row in connection.execute(mine.order_by(logs.c.log.desc())).all()
    ]


def newest(connection: Connection, stretch: Stretch, sought: Sought, limit: int) -> Sequence[Found]:
    """The last `limit` entries of the stretch that are sought, newest first."""
    return _found(connection, stretch, sought, entries.c.index.desc(), limit)


def oldest(connection: Connection, stretch: Stretch, sought: Sought, limit: int) -> Sequence[Found]:
    """The first `limit` entries of the stretch that are sought, oldest first."""
    return _found(connection, stretch, sought, entries.c.index, limit)


def last_time(connection: Connection, merchant: str, action: Action) -> datetime | None:
    """When a merchant's logs last told of an action; None where they never did."""
    mine = (entries.c.merchant == merchant) & (entries.c.action == action.value)
    time: datetime | None = connection.execute(
        select(func.max(entries.c.time)).where(mine)
    ).scalar()
    return time


def every(connection: Connection, stretch: Stretch, sought: Sought) -> Sequence[Found]:
    """All entries of the stretch that are sought, oldest first: where they can only be a few."""
    return _found(connection, stretch, sought, entries.c.index, None)


def released_times(
    connection: Connection, merchant: str, subjects: Sequence[str], since: datetime
) -> dict[str, list[datetime]]:
    """When the contacts of these subjects were released, from `since` on."""
    found: dict[str, list[datetime]] = {}
    for at in range(0, len(subjects), _CHUNK):
        # Asked for the action as well, SQLite would rather read every release that there ever was.
        mine = select(entries.c.subject, entries.c.time, entries.c.action).where(
            entries.c.merchant == merchant,
            entries.c.subject.in_(subjects[at : at + _CHUNK]),
            entries.c.time >= since,
        )
        for subject, time, action in connection.execute(mine):
            if action == Action.CONTACT_RELEASED.value:
                found.setdefault(subject, []).append(time)
    return found


def _found(
    connection: Connection,
    stretch: Stretch,
    sought: Sought,
    order: ColumnElement[int],
    limit: int | None,
) -> Sequence[Found]:
    columns = select(entries.c.log, entries.c.index, entries.c.leaf)
    found = columns.where(*_conditions(stretch, sought)).order_by(order).limit(limit)
    return [Found(*row) for row in connection.execute(found)]


def _conditions(stretch: Stretch, sought: Sought) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        entries.c.merchant == stretch.merchant,
        entries.c.log == stretch.log,
        entries.c.index >= stretch.low,
        entries.c.index < stretch.high,
    ]
    for column, value in (
        (entries.c.subject, sought.subject),
        (entries.c.carrier, sought.carrier),
        (entries.c.actor, sought.actor),
        (entries.c.action, sought.action),
        (entries.c.outcome, sought.outcome),
        (entries.c.purpose, sought.purpose),
    ):
        if value is not None:
            conditions.append(column == str(value))
    if sought.reason is not None:
        conditions.append(
            entries.c.index.in_(
                select(entry_reasons.c.index).where(
                    entry_reasons.c.merchant == stretch.merchant,
                    entry_reasons.c.reason == str(sought.reason),
                    entry_reasons.c.log == stretch.log,
                    entry_reasons.c.index == entries.c.index,
                )
            )
        )
    return conditions


def _first_at(connection: Connection, log: int, size: int, time: datetime) -> int:
    """The index of the first entry at `time` or later; a log's times never run backwards."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        at = select(entries.c.time).where(entries.c.log == log, entries.c.index == middle)
        found = connection.execute(at).scalar_one_or_none()
        # A log whose entries were deleted by their own retention has nothing in any time.
        if found is None or found >= time:
            high = middle
        else:
            low = middle + 1
    return low
