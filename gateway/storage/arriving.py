"""Looks releases through for arrivals, each once and in the order of the log."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.audit.entry import Action
from gateway.storage.arrivals import Route, counted, route_ids
from gateway.storage.prepared import Prepared
from gateway.storage.tables import entries, logs
from gateway.storage.tally_tables import arrival_routes, arrivals, arrived

_CHUNK = 500

Day = tuple[int, int]
"""A log, and a day of its readers (proleptic ordinal)."""

_NEVER: Day = (0, 0)

Arrival = tuple[Route, Day, Day]
"""To whom a buyer's contact went on a day, and the day before on which it did."""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Entries from `start` up to `end` that come next: the arrivals among them, and how many of each."""

    start: int
    end: int
    arrivals: Mapping[Arrival, int]


_ENTRIES: Select[Any] = select(
    *(entries.c.subject, entries.c.log, entries.c.index, entries.c.time),
    *(entries.c.carrier, entries.c.actor, entries.c.action),
)


def _adding(made: Any) -> Prepared:
    """More of an arrival, whether or not there was one; `made` is an INSERT of one of the databases."""
    more = arrivals.c.number + made.excluded.number
    return Prepared(
        made.values(
            {column: bindparam(column.name) for column in arrivals.c}
        ).on_conflict_do_update(
            index_elements=list(arrivals.primary_key), set_={arrivals.c.number: more}
        )
    )


_ADD = {
    "sqlite": _adding(sqlite.insert(arrivals)),
    "postgresql": _adding(postgresql.insert(arrivals)),
}


def waiting(connection: Connection, zone: tzinfo) -> list[tuple[int, str]]:
    """The logs that have entries which are not looked through, each with its merchant, the oldest first."""
    mine = (arrived.c.log == logs.c.log) & (arrived.c.zone == str(zone))
    found = select(logs.c.log, logs.c.merchant).outerjoin(arrived, mine).order_by(logs.c.log)
    left = logs.c.size > func.coalesce(arrived.c.upto, 0)
    return [(row.log, row.merchant) for row in connection.execute(found.where(left))]


def following(
    connection: Connection, log: int, merchant: str, zone: tzinfo, limit: int
) -> Uncounted:
    """The arrivals of the next entries, at most `limit`."""
    start = counted(connection, log, zone)
    size = connection.execute(select(logs.c.size).where(logs.c.log == log)).scalar_one()
    end = min(size, start + limit)
    here = (entries.c.log == log) & (entries.c.index >= start) & (entries.c.index < end)
    released = _releases(connection.execute(_ENTRIES.where(here).order_by(entries.c.index)))
    subjects = list({row.subject for row in released})
    last: dict[tuple[str, Route], Day] = {}
    for row in _earlier(connection, merchant, subjects, log, start):
        last |= dict.fromkeys(_told(row), _day(row, zone))
    found: Counter[Arrival] = Counter()
    for row in released:
        day = _day(row, zone)
        for told in _told(row):
            before = last.get(told, _NEVER)
            if before != day:
                found[told[1], day, before] += 1
                last[told] = day
    return Uncounted(start, end, found)


def count(
    connection: Connection, log: int, merchant: str, zone: tzinfo, uncounted: Uncounted
) -> bool:
    """Add these; whether nobody had looked them through yet."""
    mine = select(arrived).where(arrived.c.log == log).with_for_update()
    row = connection.execute(mine).first()
    if row is None:
        connection.execute(insert(arrived).values(log=log, upto=0, zone=str(zone)))
    elif row.zone != str(zone):
        # Other days: all is counted anew.
        connection.execute(delete(arrivals).where(arrivals.c.log == log))
    upto = row.upto if row is not None and row.zone == str(zone) else 0
    if upto != uncounted.start:
        return False
    add(connection, log, merchant, uncounted.arrivals)
    values = {"upto": uncounted.end, "zone": str(zone)}
    connection.execute(update(arrived).where(arrived.c.log == log).values(values))
    return True


def add(connection: Connection, log: int, merchant: str, found: Mapping[Arrival, int]) -> None:
    """Add arrivals in a log."""
    ids = _ids(connection, merchant, {route for route, _, _ in found})
    rows = [
        {
            "log": log,
            "route": ids[route],
            "day": day,
            "before_log": before_log,
            "before_day": before_day,
            "number": number,
        }
        for (route, (_, day), (before_log, before_day)), number in found.items()
    ]
    _ADD[connection.dialect.name].run(connection, rows)


def _ids(connection: Connection, merchant: str, needed: set[Route]) -> dict[Route, int]:
    ids = route_ids(connection, merchant)
    for route in needed - ids.keys():
        row = {"merchant": merchant, "carrier": route.carrier, "actor": route.actor}
        made = connection.execute(insert(arrival_routes).values(row))
        ids[route] = int(made.inserted_primary_key[0])  # type: ignore[index]
    return ids


def _earlier(
    connection: Connection, merchant: str, subjects: Sequence[str], log: int, start: int
) -> list[Any]:
    """The releases of these subjects before the entry `start` of a log, in their order."""
    earlier: list[Any] = []
    for at in range(0, len(subjects), _CHUNK):
        # Asked for the action or the order as well, SQLite would rather read all that there ever was.
        of = entries.c.subject.in_(subjects[at : at + _CHUNK])
        found = connection.execute(_ENTRIES.where(entries.c.merchant == merchant, of))
        earlier += (row for row in _releases(found) if (row.log, row.index) < (log, start))
    return sorted(earlier, key=lambda row: (row.log, row.index))


def _releases(found: Iterable[Any]) -> list[Any]:
    return [row for row in found if row.action == Action.CONTACT_RELEASED and row.subject]


def routes(carrier: str, actor: str) -> set[Route]:
    """All that one may ask for and a release belongs to."""
    return {Route(one, other) for one in ("", carrier) for other in ("", actor)}


def _told(row: Any) -> list[tuple[str, Route]]:
    return [(row.subject, route) for route in routes(row.carrier or "", row.actor)]


def _day(row: Any, zone: tzinfo) -> Day:
    time: datetime = row.time
    return row.log, time.astimezone(zone).toordinal()
