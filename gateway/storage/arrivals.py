"""Tells whose contacts went out in a time, each buyer counted once, however many releases there were.

A buyer arrives on a day on which the contact goes out at all, once a day; beside each arrival stands the
day on which the same buyer arrived before. Who arrives in a time, and never before it within the logs
that there are, is new in it: to count the new is to count everybody once. Nobody is named here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, func, or_, select

from gateway.audit.entry import Action
from gateway.storage.prepared import Prepared
from gateway.storage.tables import entries
from gateway.storage.tallies import Piece
from gateway.storage.tally_tables import arrival_routes, arrivals, arrived

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Route:
    """To whom contacts went, and through whom; empty for anybody."""

    carrier: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days, from `since` up to `until`, and what the logs have of them, the newest log first."""

    since: datetime
    until: datetime
    pieces: Sequence[Piece]


_first: BindParameter[int] = bindparam("first")
_oldest: BindParameter[int] = bindparam("oldest")
_NEW = Prepared(
    select(func.sum(arrivals.c.number).label("number")).where(
        arrivals.c.log == bindparam("of"),
        arrivals.c.route == bindparam("to"),
        arrivals.c.day >= _first,
        arrivals.c.day < bindparam("after"),
        or_(
            arrivals.c.before_log < _oldest,
            and_(arrivals.c.before_log == _oldest, arrivals.c.before_day < _first),
        ),
    )
)


def distinct(connection: Connection, merchant: str, span: Span, route: Route) -> int:
    """How many buyers' contacts went out in these days; all entries of the span are looked through."""
    route_id = route_ids(connection, merchant).get(route)
    if route_id is None or not span.pieces:
        return 0
    days = {"first": span.since.toordinal(), "after": span.until.toordinal()}
    asked = {"to": route_id, "oldest": span.pieces[-1].log, **days}
    found = [_NEW.all(connection, {"of": piece.log, **asked})[0].number for piece in span.pieces]
    return sum(int(number or 0) for number in found) - _later(connection, merchant, span, route)


def route_ids(connection: Connection, merchant: str) -> dict[Route, int]:
    """Every route that a merchant's releases have had so far."""
    found = connection.execute(select(arrival_routes).where(arrival_routes.c.merchant == merchant))
    return {Route(row.carrier, row.actor): row.route for row in found}


def counted(connection: Connection, log: int, zone: tzinfo) -> int:
    """How many entries of a log are looked through, by the days of this zone."""
    mine = (arrived.c.log == log) & (arrived.c.zone == str(zone))
    return connection.execute(select(arrived.c.upto).where(mine)).scalar() or 0


def _later(connection: Connection, merchant: str, span: Span, route: Route) -> int:
    """Whom the days tell of, and the pieces do not: released since whoever asks began to ask."""
    newest = span.pieces[0]
    following = (entries.c.log == newest.log) & (entries.c.index == newest.high)
    time = connection.execute(select(entries.c.time).where(following)).scalar()
    if time is None or time >= span.until:
        # A log's times never run backwards: what follows is of no day that is asked about.
        return 0
    upto = select(arrived.c.upto).where(arrived.c.log == newest.log).scalar_subquery()
    later = _in(span, route).where(
        entries.c.log == newest.log, entries.c.index >= newest.high, entries.c.index < upto
    )
    found = _released(connection, later)
    known: set[str] = set()
    wanted = list(found)
    for at in range(0, len(wanted), _CHUNK):
        of = entries.c.subject.in_(wanted[at : at + _CHUNK])
        before = or_(entries.c.log < newest.log, entries.c.index < newest.high)
        mine = _in(span, route).where(entries.c.merchant == merchant, of, before)
        known |= _released(connection, mine)
    return len(found - known)


def _in(span: Span, route: Route) -> Select[Any]:
    """Whom the entries of these days and this route tell of, and what they tell."""
    days = (entries.c.time >= span.since) & (entries.c.time < span.until)
    found = select(entries.c.subject, entries.c.action).where(days)
    if route.carrier:
        found = found.where(entries.c.carrier == route.carrier)
    if route.actor:
        found = found.where(entries.c.actor == route.actor)
    return found


def _released(connection: Connection, found: Select[Any]) -> set[str]:
    # Asked for the action as well, SQLite would rather read every release that there ever was.
    return {
        row.subject
        for row in connection.execute(found)
        if row.action == Action.CONTACT_RELEASED and row.subject
    }
