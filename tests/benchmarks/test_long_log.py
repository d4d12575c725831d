"""The log that is written in bulk is one that the gateway itself could have written."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.audit.verdict import LogReport
from gateway.storage import summing, tree
from gateway.storage import tallies as tally
from gateway.storage.tables import logs
from gateway.storage.tally_tables import arrivals, arrived, tallied, tallies, tally_sums
from gateway.usecases.log.verify import verify
from gateway.usecases.reviewing import tallying
from tests.benchmarks import long_log
from tests.benchmarks.long_log import Course, Kind, entry_like, fill
from tests.world import NOON, World

_KINDS = [
    Kind(
        weight,
        entry_like(
            merchant="default",
            actor=Actor("carrier", "c" * 32),
            action=action,
            outcome=Outcome.DONE,
            purpose=None,
            reasons=reasons,
            policy=None,
            subject=weight > 1,
            carrier="dachser",
            fields=("name",),
        ),
    )
    for weight, action, reasons in (
        (3, Action.CONTACT_RELEASED, ()),
        (2, Action.CONTACT_REFUSED, ("erased", "not_freight")),
        (1, Action.AUDIT_VIEWED, ()),
    )
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A little more than a block of entries over thirty days, all but some written in bulk."""
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(World(tmp_path_factory.mktemp("filled") / "data")) as world,
    ):
        patch.setattr(long_log, "_BATCH", 1000)
        patch.setattr(long_log, "_LATE", 500)
        zone = world.settings.console.time_zone
        course = Course(begin=NOON, end=NOON + timedelta(days=30), zone=zone, subjects=100)
        world.clock.forward(days=30)
        fill(world.store, course, _KINDS, 4600)
        yield world


def test_its_entries_and_its_tree_are_sound(filled: World) -> None:
    """Leaves, hashes, checkpoints, and the columns beside them."""
    [verdict] = verify(filled.store, "default", [])
    assert isinstance(verdict.outcome, LogReport), verdict.outcome


def test_its_tallies_are_those_that_the_counter_makes(filled: World) -> None:
    """Counted anew from the entries, every cell is the same, and every arrival."""
    with filled.store.change() as connection:
        written = cells(connection)
        for table in (tallies, tallied, arrivals, arrived):
            connection.execute(delete(table))
    tallying.count_waiting(filled.store, filled.settings.console.time_zone)
    with filled.store.read() as connection:
        assert cells(connection) == written
    assert all(len(rows) > len(_KINDS) for rows in written)


def cells(connection: Connection) -> list[list[Any]]:
    """All that is counted."""
    found = (select(it).order_by(*it.primary_key) for it in (tallies, arrivals))
    return [list(connection.execute(one).all()) for one in found]


def test_first_and_last_of_a_kind_are_found_however_many_days_a_block_has(filled: World) -> None:
    """As whoever read every entry would find them, on both sides of where a block ends."""
    edge = tally.BLOCK
    with filled.store.read() as connection:
        known = tally.known(connection, "default")
        kinds = {kind: id_ for id_, kind in known.items()}
        [log] = connection.execute(select(logs.c.log)).scalars()
        read = [Entry.parse(leaf) for leaf in tree.leaves(connection, log, 0, 4600)]
        for low, high in ((0, edge + 1), (edge - 1, 4600), (edge - 9, edge + 9), (900, 4000)):
            piece = tally.Piece(log, low, high)
            for action in (one.entry.action for one in _KINDS):
                places = [it.index for it in read[low:high] if it.action is action]
                ids = [id_ for kind, id_ in kinds.items() if kind.action == action.value]
                first = min(places, default=None)
                assert tally.earliest(connection, piece, ids) == first
                assert tally.newest(connection, piece, ids, 1) == places[-1:]


def test_sums_of_many_blocks_are_those_of_their_entries(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of pieces that begin and end anywhere, before blocks are summed up and after; each once."""
    for module in (tally, summing):
        monkeypatch.setattr(module, "SPAN", 1)
    monkeypatch.setattr(summing, "_ENTRIES", tally.BLOCK)
    with filled.store.read() as connection:
        [log] = summing.waiting(connection)
        read = [Entry.parse(leaf) for leaf in tree.leaves(connection, log, 0, 4600)]
        kinds = tally.known(connection, "default")
    summed = []
    for _ in range(2):
        with filled.store.read() as connection:
            for low, high in ((0, 4600), (0, tally.BLOCK), (1, 4600), (4000, 4500), (9, 99)):
                found = tally.sums(connection, tally.Piece(log, low, high))
                told = {kinds[kind]: number for kind, number in found.items() if number}
                assert told == Counter(map(tally.Kind.of, read[low:high]))
        with filled.store.change() as connection:
            summed.append(summing.sum_up(connection, log))
    assert summed == [True, False]
    with filled.store.read() as connection:
        assert summing.waiting(connection) == []
        assert connection.execute(select(tally_sums)).all()
