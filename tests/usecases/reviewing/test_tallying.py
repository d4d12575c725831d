"""Counting: every entry once, whoever else counts at the same time."""

from datetime import UTC

import pytest
from sqlalchemy import update

from gateway.audit.faults import Malformed
from gateway.storage import counting, log, tallies
from gateway.storage.tables import entries
from gateway.storage.tallies import Piece
from gateway.usecases.reviewing import tallying
from tests.builders import an_order
from tests.world import World


def test_what_two_processes_read_is_counted_by_one(world: World) -> None:
    """The second finds the entries counted since it read them, and leaves the tallies as they are."""
    world.take_in(an_order("aaaaaaaaa1"), an_order("aaaaaaaaa2"))
    with world.store.read() as connection:
        position = log.position(connection, "default")
        assert position is not None
        read = counting.following(connection, position.log, 1000)
    counted = []
    for _ in range(2):
        with world.store.change() as connection:
            counted.append(counting.count(connection, position.log, "default", UTC, read))
    assert counted == [True, False]
    with world.store.read() as connection:
        sums = tallies.sums(connection, Piece(position.log, 0, position.size))
    assert sum(sums.values()) == position.size


def test_what_comes_while_others_are_counted_is_counted_next(world: World) -> None:
    """Counting goes on where the last count ended, to the end of the log."""
    tallying.count_waiting(world.store, UTC)
    world.take_in(an_order("aaaaaaaaa1"))
    tallying.count_waiting(world.store, UTC)
    with world.store.read() as connection:
        position = log.position(connection, "default")
        assert position is not None
        assert tallies.counted(connection, position.log) == position.size
        assert counting.waiting(connection) == []


def test_a_log_that_cannot_be_read_keeps_no_other_from_being_counted(world: World) -> None:
    """An entry that is none is told of in the end; the other merchant's are counted."""
    world.merchant("second")
    with world.store.change() as connection:
        first = (entries.c.index == 1) & (entries.c.merchant == "default")
        connection.execute(update(entries).where(first).values(leaf=b"{}"))
    with pytest.raises(Malformed):
        tallying.count_waiting(world.store, UTC)
    with world.store.read() as connection:
        assert [merchant for _, merchant in counting.waiting(connection)] == ["default"]
