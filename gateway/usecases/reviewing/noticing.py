"""Notices in new entries what is worth a look: five plain rules, no score; it decides nothing.

The first release to a carrier, far more of them than is usual, a burst of refusals, one contact fetched
often, an hour that is not a carrier's. That a registration lapses no entry tells: see `hints`.

What is usual is counted of each carrier and client apart, from the log alone. Each hint can be said
in one sentence, and led back to the entries that it is about.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from statistics import median_low

from sqlalchemy import Connection

from gateway.audit.entry import Action, Entry
from gateway.storage import entries, hints
from gateway.storage.hints import Hint, HintKind

FEW = 10
"""Releases or refusals of one day that are too few to wonder at, however few are usual."""

FAR_ABOVE = 3
"""How many times the median of earlier days is far above it."""

DAYS = 5
"""Earlier days without which nothing is usual yet."""

_MEDIAN_OF = 30
OFTEN, WITHIN = 5, timedelta(days=7)
"""Releases of one contact that are many, and in which time."""

KNOWN = 100
"""Earlier releases without which no hour is usual yet; less than one in so many is unusual."""

_ABOUT = 64


def notice(
    connection: Connection,
    merchant: str,
    zone: tzinfo,
    found: Sequence[Entry],
    repeated: Iterable[Hint],
) -> None:
    """Store what is worth a look in entries that are counted for the first time, oldest first.

    `repeated` was seen in them before: it takes longer, and needs no writer to stand still.
    """
    refused = [it for it in found if it.action is Action.CONTACT_REFUSED]
    noticed = [
        *_of_carriers(connection, merchant, zone, _released(found)),
        *_far_above(connection, merchant, zone, HintKind.REFUSALS, refused),
        *repeated,
    ]
    hints.put(connection, merchant, noticed)


def repeated(
    connection: Connection, merchant: str, zone: tzinfo, found: Sequence[Entry]
) -> list[Hint]:
    """Contacts that were fetched often within some days, up to the last of these entries."""
    released = _released(found)
    if not released:
        return []
    last_of = {it.subject: it.time for it in released if it.subject}
    since = released[0].time - WITHIN
    times_of = entries.released_times(connection, merchant, list(last_of), since)
    noticed = []
    for subject, times in times_of.items():
        last = last_of[subject]
        number = sum(last - WITHIN < time <= last for time in times)
        if number >= OFTEN:
            # One hint for a contact and day: a day more is more to look at.
            noticed.append(_hint(HintKind.REPEATED, subject, last, zone, number, 0))
    return noticed


def _released(found: Sequence[Entry]) -> list[Entry]:
    return [it for it in found if it.action is Action.CONTACT_RELEASED and it.carrier]


def _of_carriers(
    connection: Connection, merchant: str, zone: tzinfo, released: Sequence[Entry]
) -> Iterator[Hint]:
    for carrier in dict.fromkeys(it.carrier or "" for it in released):
        own = [it for it in released if it.carrier == carrier]
        name = f"released-by-hour/{carrier}"
        usual = hints.habit(connection, merchant, name)
        if not usual:
            yield _hint(HintKind.FIRST_RELEASE, carrier, own[0].time, zone, 1, 0)
        yield from _at_unusual_hours(connection, merchant, zone, carrier, own, usual)
        hours = Counter(it.time.astimezone(zone).hour for it in own)
        hints.add(connection, merchant, name, hours)
    yield from _far_above(connection, merchant, zone, HintKind.VOLUME, released)


def _at_unusual_hours(
    connection: Connection,
    merchant: str,
    zone: tzinfo,
    carrier: str,
    own: Sequence[Entry],
    usual: dict[int, int],
) -> Iterator[Hint]:
    total = sum(usual.values())
    if total < KNOWN:
        return
    times = [it.time for it in own]
    unusual = [it for it in times if usual.get(it.astimezone(zone).hour, 0) * KNOWN < total]
    for day, hour in dict.fromkeys(_day_and_hour(it, zone) for it in unusual):
        last = max(it for it in unusual if _day_and_hour(it, zone) == (day, hour))
        number = sum(_day_and_hour(it, zone) == (day, hour) for it in unusual)
        hint = _hint(HintKind.HOURS, carrier, last, zone, number, hour)
        before = hints.one(connection, merchant, hint.key)
        number += before.number if before else 0
        yield _hint(HintKind.HOURS, carrier, last, zone, number, hour)


def _far_above(
    connection: Connection,
    merchant: str,
    zone: tzinfo,
    kind: HintKind,
    found: Sequence[Entry],
) -> Iterator[Hint]:
    """Days on which somebody did far more than on their own usual day."""
    by_whom: dict[str, list[Entry]] = {}
    for entry in found:
        who = entry.carrier if kind is HintKind.VOLUME else entry.actor.id
        by_whom.setdefault((who or "")[:_ABOUT], []).append(entry)
    for who, own in by_whom.items():
        name = f"{kind}-by-day/{who}"
        added = Counter(it.time.astimezone(zone).toordinal() for it in own)
        hints.add(connection, merchant, name, added)
        for day in sorted(added):
            earlier = hints.habit(connection, merchant, name, day, _MEDIAN_OF)
            number = hints.habit(connection, merchant, name, day + 1, 1)[day]
            usual = median_low(earlier.values()) if len(earlier) >= DAYS else None
            # Whoever is new has no usual day yet; a first burst of refusals is one all the same.
            if usual is None and kind is HintKind.VOLUME:
                continue
            if number >= FEW and number >= FAR_ABOVE * (usual or 0):
                last = max(it.time for it in own if it.time.astimezone(zone).toordinal() == day)
                yield _hint(kind, who, last, zone, number, usual or 0)


def _hint(
    kind: HintKind, about: str, time: datetime, zone: tzinfo, number: int, usual: int
) -> Hint:
    return Hint(
        kind=kind,
        about=about,
        day=time.astimezone(zone).toordinal(),
        number=number,
        usual=usual,
        seen_at=time,
    )


def _day_and_hour(time: datetime, zone: tzinfo) -> tuple[int, int]:
    local = time.astimezone(zone)
    return local.toordinal(), local.hour
