"""Makes a log of any length: the entries in bulk, its tree by the sequencer, its tallies as counted.

What is synthetic: entries of the same kind differ in place, time, id, salt and subject alone; they are
spread evenly over the time; and of all but the last thousands the tallies and arrivals are written as
the counter would write them, which a test holds against the counter's own, and hints are not looked for.
"""

import random
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection, update

from gateway.audit.entry import Action, Entry
from gateway.storage import arriving, counting, tallies
from gateway.storage.store import Store
from gateway.storage.tables import logs
from gateway.storage.tally_tables import arrived, tallied
from gateway.usecases.log import sequence
from gateway.usecases.reviewing import tallying

_BATCH = 5 * tallies.BLOCK
_LATE = 3 * tallies.BLOCK
"""Entries at the end that the gateway's own counter counts, and notices hints in."""

_COMMIT = 25
_NAMES = random.Random(1).getrandbits(128) | 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICRO
_SECOND = 1_000_000
_COLUMNS = (
    *("log", "index", "id", "merchant", "time", "action", "outcome", "purpose"),
    *("actor_role", "actor", "carrier", "subject", "leaf"),
)
_MARKED = {"id": "I" * 32, "salt": "a" * 32}
_SUBJECT = "S" * 32


@dataclass(frozen=True, slots=True)
class Kind:
    """Entries that differ in place, time, id, salt and subject alone; `weight` says how many are so."""

    weight: float
    entry: Entry


@dataclass(slots=True)
class _Batch:
    rows: list[tuple[object, ...]]
    reasons: list[tuple[str, str, int, int]]
    cells: dict[tuple[int, int, int], list[tuple[int, int]]]
    released: list[tuple[int, int, int]]
    """Kind, subject and day of each release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """From when to when the log goes on, in which days, and how many subjects it tells of."""

    begin: datetime
    end: datetime
    zone: tzinfo
    subjects: int


def subject_name(number: int) -> str:
    """A subject's name in the log: no two alike, and as scattered as real ones."""
    return f"{number * _NAMES % 2**128:032x}"


def entry_like(**facts: object) -> Entry:
    """An entry that stands for all of its kind; with a subject where `subject` is true."""
    subject = _SUBJECT if facts.pop("subject") else None
    plain = {**_MARKED, "index": 0, "time": _EPOCH, "subject": subject}
    return Entry(**plain, **facts)  # type: ignore[arg-type]


def fill(store: Store, course: Course, kinds: Sequence[Kind], size: int) -> None:
    """Let the default merchant's log grow to this many entries, with tree and tallies."""
    tallying.count_waiting(store, course.zone)
    store.database.engine.dispose()
    with store.database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("only SQLite is filled")
        # Nobody else reads it, and whoever loses it writes it anew.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
            driver.execute(f"PRAGMA {pragma}")
        _write(connection, driver, course, kinds, size)
        connection.commit()
        driver.execute("PRAGMA journal_mode=WAL")
    store.database.engine.dispose()
    sequence.integrate_waiting(store)
    tallying.count_waiting(store, course.zone)


def _write(
    connection: Connection,
    driver: sqlite3.Connection,
    course: Course,
    kinds: Sequence[Kind],
    size: int,
) -> None:
    names = "('entries', 'entry_reasons')"
    find = f"SELECT name, sql FROM sqlite_master WHERE tbl_name IN {names} AND sql LIKE 'CREATE INDEX%'"
    indexes = driver.execute(find).fetchall()
    for name, _ in indexes:
        driver.execute(f"DROP INDEX {name}")
    log, first = driver.execute("SELECT log, size FROM logs").fetchone()
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    marks = ", ".join("?" * len(_COLUMNS))
    into = f"INSERT INTO entries ({columns}) VALUES ({marks})"
    why = 'INSERT INTO entry_reasons (merchant, reason, log, "index") VALUES (?, ?, ?, ?)'
    told = [tallies.Kind.of(one.entry) for one in kinds]
    seen = _Seen(log, course.subjects, kinds)
    upto = first
    for turn, batch in enumerate(_batches(course, kinds, log, first, size), 1):
        driver.executemany(into, batch.rows)
        driver.executemany(why, batch.reasons)
        end = upto + len(batch.rows)
        if end <= size - _LATE and batch.cells:
            cells = {(at, told[kind], day): them for (at, kind, day), them in batch.cells.items()}
            counting.add(connection, log, "default", cells)
            arriving.add(connection, log, "default", seen.arrivals(batch.released))
            for books in (tallied, arrived):
                connection.execute(update(books).where(books.c.log == log).values(upto=end))
        upto = end
        if turn % _COMMIT == 0:
            connection.commit()
    for _, sql in indexes:
        driver.execute(sql)
    last = {"size": size, "last_time": course.end}
    connection.execute(update(logs).where(logs.c.log == log).values(**last))


def _batches(
    course: Course, kinds: Sequence[Kind], log: int, first: int, size: int
) -> Iterator[_Batch]:
    chance = random.Random(1)
    weights = [one.weight for one in kinds]
    begin, end = ((it - _EPOCH) // _MICRO for it in (course.begin, course.end))
    days = _Days(course.zone)
    leaves = [_leaf(one.entry) for one in kinds]
    facts = [_facts(one.entry) for one in kinds]
    for start in range(first, size, _BATCH):
        batch = _Batch([], [], {}, [])
        count = min(_BATCH, size - start)
        for at, kind in enumerate(chance.choices(range(len(kinds)), weights, k=count), start):
            micro = begin + (end - begin) * (at - first + 1) // (size - first)
            entry = kinds[kind].entry
            subject, last, day = None, 0, days.of(micro)
            if entry.subject:
                number = int(chance.random() * course.subjects)
                whole = number * _NAMES % 2**128
                subject, last = f"{whole:032x}", whole % 2**64
                if entry.action is Action.CONTACT_RELEASED:
                    batch.released.append((kind, number, day))
            told = f'"{subject}"' if subject else "null"
            leaf = leaves[kind] % (f"{at:032x}", at, chance.getrandbits(128), told, _text(micro))
            before, after = facts[kind]
            batch.rows.append(
                (log, at, f"{at:032x}", "default", micro, *before, *after, subject, leaf.encode())
            )
            batch.reasons += [("default", code, log, at) for code in entry.reasons]
            cell = (at // tallies.BLOCK, kind, day)
            batch.cells.setdefault(cell, []).append((at % tallies.BLOCK, last))
        yield batch


class _Seen:
    """On which day of the one log the contact of each subject went out last, on each route."""

    def __init__(self, log: int, subjects: int, kinds: Sequence[Kind]) -> None:
        self._log = log
        self._routes = [
            arriving.routes(one.entry.carrier or "", one.entry.actor.id) for one in kinds
        ]
        routes = {route for found in self._routes for route in found}
        self._last = {route: array("I", bytes(4 * subjects)) for route in routes}

    def arrivals(self, released: Sequence[tuple[int, int, int]]) -> "Counter[arriving.Arrival]":
        """The arrivals among these releases."""
        found: Counter[arriving.Arrival] = Counter()
        for kind, subject, day in released:
            for route in self._routes[kind]:
                last = self._last[route]
                before = last[subject]
                if before != day:
                    found[route, (self._log, day), (self._log if before else 0, before)] += 1
                    last[subject] = day
        return found


class _Days:
    """Days of ascending times, as a zone counts them."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._day = 0
        self._end = 0

    def of(self, micro: int) -> int:
        if micro >= self._end:
            local = (_EPOCH + micro * _MICRO).astimezone(self._zone)
            self._day = local.toordinal()
            after = datetime.combine(local.date() + timedelta(days=1), time(), self._zone)
            self._end = (after - _EPOCH) // _MICRO
        return self._day


_HEADS: dict[int, str] = {}


def _text(micro: int) -> str:
    """As an entry writes its time."""
    day, rest = divmod(micro, _DAY)
    seconds, fraction = divmod(rest, _SECOND)
    minutes, second = divmod(seconds, 60)
    head = _HEADS.get(day)
    if head is None:
        head = _HEADS[day] = (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%dT")
    return f"{head}{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:06}Z"


def _leaf(entry: Entry) -> str:
    """The leaf with places for what differs."""
    text = entry.leaf().decode().replace("%", "%%")
    text = text.replace(f'"id":"{_MARKED["id"]}"', '"id":"%s"').replace('"index":0', '"index":%d')
    text = text.replace(f'"salt":"{_MARKED["salt"]}"', '"salt":"%032x"')
    subject = f'"{_SUBJECT}"' if entry.subject else "null"
    text = text.replace(f'"subject":{subject}', '"subject":%s')
    return text.replace('"time":"1970-01-01T00:00:00.000000Z"', '"time":"%s"')


def _facts(entry: Entry) -> tuple[tuple[object, ...], tuple[object, ...]]:
    return (
        (entry.action.value, entry.outcome.value, entry.purpose),
        (entry.actor.role, entry.actor.id, entry.carrier),
    )
