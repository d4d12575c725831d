"""Counting: every entry once, whoever else counts at the same time."""

from datetime import UTC

from gateway.storage import counting, log, tallies
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
