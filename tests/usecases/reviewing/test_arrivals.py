"""How many buyers' contacts went out in a time: as whoever read every entry would count them."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.errors import Unavailable
from gateway.storage import arrivals, arriving
from gateway.storage import entries as stored
from gateway.storage.arrivals import Route, Span
from gateway.storage.store import Transaction
from gateway.storage.tallies import Piece
from gateway.usecases.reviewing import tallying
from tests.world import NOON, World

DAYS = 12
BERLIN = ZoneInfo("Europe/Berlin")
CARRIERS, CALLERS = ("dachser", "rhenus"), ("caller-1", "caller-2")
ROUTES = [Route(*pair) for pair in product(("", *CARRIERS, "emons"), ("", *CALLERS, "nobody"))]


def record(world: World, told: Iterable[tuple[str | None, str, str]]) -> None:
    """Releases: whose contact, to which carrier, through whom."""

    def work(tx: Transaction) -> None:
        for subject, carrier, caller in told:
            tx.record(
                Actor("carrier", caller),
                Action.CONTACT_RELEASED,
                Outcome.PERMITTED,
                subject=subject,
                carrier=carrier,
            )
            tx.record(
                Actor("carrier", caller), Action.CONTACT_REFUSED, Outcome.REFUSED, subject="f" * 32
            )

    world.store.write("default", work)


def lived(world: World) -> None:
    """Releases of few buyers over days that reach into the next quarter, and so into another log."""
    chance = random.Random(7)
    world.clock.forward(days=33)
    for _ in range(2 * DAYS):
        told = [
            (f"{chance.randrange(9):032x}", chance.choice(CARRIERS), chance.choice(CALLERS))
            for _ in range(chance.randrange(6))
        ]
        record(world, told)
        world.clock.forward(hours=12)


def span(world: World, since: datetime, until: datetime) -> Span:
    """These days, as they stand now."""
    with world.store.read() as connection:
        parts = stored.stretches(connection, "default", since, until)
    return Span(since, until, [Piece(it.log, it.low, it.high) for it in parts if it.low < it.high])


def known(read: Iterable[Entry], since: datetime, until: datetime, route: Route) -> int:
    """By reading every entry."""
    return len(
        {
            it.subject
            for it in read
            if it.action is Action.CONTACT_RELEASED
            and since <= it.time < until
            and route.carrier in {"", it.carrier}
            and route.actor in {"", it.actor.id}
        }
    )


def midnights(zone: ZoneInfo) -> list[datetime]:
    """Every second one from before the first release to after the last."""
    first = (NOON + timedelta(days=32)).date()
    days = [first + timedelta(days=it) for it in range(0, DAYS + 3, 2)]
    return [datetime.combine(day, time(), zone) for day in days]


def test_each_buyer_is_counted_once_in_any_days(world: World) -> None:
    """Over all carriers and callers and each of them, over one log and two; by other days as well."""
    lived(world)
    read = world.log()
    assert len({it.log for it in span(world, NOON, NOON + timedelta(days=99)).pieces}) == 2
    for zone in (BERLIN, ZoneInfo("Pacific/Auckland")):
        tallying.count_waiting(world.store, zone)
        times = midnights(zone)
        for since, until in ((a, b) for a, b in product(times, times) if a < b):
            asked = span(world, since, until)
            with world.store.read() as connection:
                for route in ROUTES:
                    found = arrivals.distinct(connection, "default", asked, route)
                    assert found == known(read, since, until, route), (since, until, route)


def test_who_comes_after_the_question_is_not_counted(world: World) -> None:
    """Though looked through before it is answered: neither the new nor those that were there."""
    since, until = (
        datetime.combine(NOON.date(), time(), UTC) + timedelta(days=it) for it in (0, 1)
    )
    record(world, [("1" * 32, "dachser", "caller-1"), ("2" * 32, "dachser", "caller-1")])
    asked = span(world, since, until)
    record(world, [("1" * 32, "dachser", "caller-1"), ("3" * 32, "dachser", "caller-1")])
    tallying.count_waiting(world.store, UTC)
    with world.store.read() as connection:
        assert arrivals.distinct(connection, "default", asked, Route()) == 2
        now = Span(since, until, [Piece(it.log, it.low, it.high + 99) for it in asked.pieces])
        assert arrivals.distinct(connection, "default", now, Route()) == 3


def test_a_release_that_names_nobody_is_nobodys_arrival(world: World) -> None:
    """As entries may that came in by other ways."""
    record(world, [(None, "dachser", "caller-1")])
    tallying.count_waiting(world.store, UTC)
    asked = span(world, NOON - timedelta(days=1), NOON + timedelta(days=1))
    with world.store.read() as connection:
        assert arrivals.distinct(connection, "default", asked, Route()) == 0


def test_what_two_processes_looked_through_counts_once(world: World) -> None:
    """The second leaves everything as it is."""
    record(world, [("1" * 32, "dachser", "caller-1")])
    [piece] = span(world, NOON, NOON + timedelta(days=1)).pieces
    with world.store.look("default") as connection:
        read = arriving.following(connection, piece.log, "default", UTC, 1000)
    counted = []
    for _ in range(2):
        with world.store.change() as connection:
            counted.append(arriving.count(connection, piece.log, "default", UTC, read))
    assert counted == [True, False]


def test_nobody_waits_for_a_count_that_takes_minutes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: it is told, with how many there are left."""
    record(world, [("1" * 32, "dachser", "caller-1")])
    [piece] = span(world, NOON, NOON + timedelta(days=1)).pieces
    monkeypatch.setattr(tallying, "_SOON", 1)
    with pytest.raises(Unavailable, match="entries are being counted"):
        tallying.catch_up_arrivals(world.store, piece.log, "default", UTC, piece.high)
