"""Keeps hints, and the habits that they are held against."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, bindparam, insert, select, update

from gateway.storage.hint_tables import habits, hints
from gateway.storage.prepared import Prepared

_BEYOND = 1 << 30
_CHUNK = 400
_MINE = (habits.c.merchant == bindparam("of")) & (habits.c.habit == bindparam("called"))
_HABIT = Prepared(
    select(habits.c.slot, habits.c.count)
    .where(_MINE, habits.c.slot < bindparam("before"))
    .order_by(habits.c.slot.desc())
    .limit(bindparam("most"))
)
_SLOTS = Prepared(
    select(habits.c.slot).where(
        _MINE, habits.c.slot >= bindparam("low"), habits.c.slot <= bindparam("high")
    )
)
_ADD = Prepared(
    update(habits)
    .where(_MINE, habits.c.slot == bindparam("at"))
    .values(count=habits.c.count + bindparam("more"))
)
_BEGIN = Prepared(
    insert(habits).values(
        merchant=bindparam("of"),
        habit=bindparam("called"),
        slot=bindparam("at"),
        count=bindparam("more"),
    )
)
_NEWER: dict[Column[Any], Any] = {
    hints.c.number: bindparam("so_many"),
    hints.c.usual: bindparam("as_usual"),
    hints.c.seen_at: bindparam("seen"),
}
_RENEW = Prepared(
    update(hints)
    .where(hints.c.merchant == bindparam("of"), hints.c.hint == bindparam("named"))
    .values(_NEWER)
)
_NOTE = Prepared(
    insert(hints).values(
        {
            hints.c.merchant: bindparam("of"),
            hints.c.hint: bindparam("named"),
            hints.c.kind: bindparam("of_kind"),
            hints.c.about: bindparam("about_whom"),
            hints.c.day: bindparam("on_day"),
            **_NEWER,
        }
    )
)


class HintKind(StrEnum):
    """What is worth a look."""

    FIRST_RELEASE = "first_release"
    VOLUME = "volume"
    REFUSALS = "refusals"
    REPEATED = "repeated"
    HOURS = "hours"
    LAPSING = "lapsing"


class Conclusion(StrEnum):
    """What a reviewer found."""

    EXPECTED = "expected"
    CLARIFIED = "clarified"
    MEASURE = "measure"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Who looked at a hint, when, and what they found."""

    at: datetime
    account_id: str
    conclusion: Conclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something worth a look; `day` is a proleptic ordinal, `about` whom or what it concerns.

    For `HOURS`, `usual` is the hour of the day; else it is the number that is usual.
    """

    kind: HintKind
    about: str
    day: int
    number: int
    usual: int
    seen_at: datetime
    review: Review | None = None

    @property
    def key(self) -> str:
        """The same for the same thing, however often it is noticed."""
        part = f".{self.usual}" if self.kind is HintKind.HOURS else ""
        return f"{self.kind}.{self.about}.{self.day}{part}"


def since(connection: Connection, merchant: str, time: datetime) -> list[Hint]:
    """What was noticed from this time on, the latest first."""
    mine = select(hints).where(hints.c.merchant == merchant, hints.c.seen_at >= time)
    found = connection.execute(mine.order_by(hints.c.seen_at.desc(), hints.c.hint))
    return [_hint(row) for row in found]


def one(connection: Connection, merchant: str, key: str) -> Hint | None:
    """The hint of this key."""
    mine = (hints.c.merchant == merchant) & (hints.c.hint == key)
    row = connection.execute(select(hints).where(mine)).first()
    return None if row is None else _hint(row)


def put(connection: Connection, merchant: str, noticed: Iterable[Hint]) -> None:
    """Store hints, or what is newer of those that are there; a review of one stays."""
    rows = {it.key: _row(merchant, it) for it in noticed}
    there: set[str] = set()
    for some in _in_chunks(list(rows)):
        mine = (hints.c.merchant == merchant) & hints.c.hint.in_(some)
        there.update(connection.execute(select(hints.c.hint).where(mine)).scalars())
    _RENEW.run(connection, [row for key, row in rows.items() if key in there])
    _NOTE.run(connection, [row for key, row in rows.items() if key not in there])


def review(connection: Connection, merchant: str, key: str, found: Review) -> None:
    """Note what a reviewer found."""
    mine = (hints.c.merchant == merchant) & (hints.c.hint == key)
    noted = {
        "reviewed_at": found.at,
        "reviewed_by": found.account_id,
        "conclusion": found.conclusion.value,
    }
    connection.execute(update(hints).where(mine).values(noted))


# ---- Habits -------------------------------------------------------------------------------------


def habit(
    connection: Connection, merchant: str, name: str, before: int = _BEYOND, limit: int = 24
) -> dict[int, int]:
    """Counts by slot: the last `limit` slots, where `before` is given those before it."""
    asked = {"of": merchant, "called": name, "before": before, "most": limit}
    return {row.slot: row.count for row in _HABIT.all(connection, asked)}


def add(connection: Connection, merchant: str, name: str, added: Mapping[int, int]) -> None:
    """Add to the counts of these slots."""
    asked = {"of": merchant, "called": name, "low": min(added), "high": max(added)}
    there = {row.slot for row in _SLOTS.all(connection, asked)}
    rows = [
        {"of": merchant, "called": name, "at": slot, "more": number}
        for slot, number in added.items()
    ]
    _ADD.run(connection, [row for row in rows if row["at"] in there])
    _BEGIN.run(connection, [row for row in rows if row["at"] not in there])


def _row(merchant: str, hint: Hint) -> dict[str, Any]:
    return {
        "of": merchant,
        "named": hint.key,
        "of_kind": hint.kind.value,
        "about_whom": hint.about,
        "on_day": hint.day,
        "seen": hint.seen_at,
        "so_many": hint.number,
        "as_usual": hint.usual,
    }


def _in_chunks(keys: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(keys), _CHUNK):
        yield keys[at : at + _CHUNK]


def _hint(row: Any) -> Hint:
    review = None
    if row.reviewed_at is not None:
        review = Review(
            at=row.reviewed_at,
            account_id=row.reviewed_by,
            conclusion=Conclusion(row.conclusion),
        )
    return Hint(
        kind=HintKind(row.kind),
        about=row.about,
        day=row.day,
        number=row.number,
        usual=row.usual,
        seen_at=row.seen_at,
        review=review,
    )
