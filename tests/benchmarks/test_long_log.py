"""The log that is written in bulk is one that the gateway itself could have written."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from gateway.audit.entry import Action, Actor, Outcome
from gateway.audit.verdict import LogReport
from gateway.storage.tally_tables import tallied, tallies
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
    """A little more than a block of entries over three days, all but some written in bulk."""
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(World(tmp_path_factory.mktemp("filled") / "data")) as world,
    ):
        patch.setattr(long_log, "_BATCH", 1000)
        patch.setattr(long_log, "_LATE", 500)
        zone = world.settings.console.time_zone
        course = Course(begin=NOON, end=NOON + timedelta(days=3), zone=zone, subjects=100)
        world.clock.forward(days=3)
        fill(world.store, course, _KINDS, 4600)
        yield world


def test_its_entries_and_its_tree_are_sound(filled: World) -> None:
    """Leaves, hashes, checkpoints, and the columns beside them."""
    [verdict] = verify(filled.store, "default", [])
    assert isinstance(verdict.outcome, LogReport), verdict.outcome


def test_its_tallies_are_those_that_the_counter_makes(filled: World) -> None:
    """Counted anew from the entries, every cell is the same."""
    with filled.store.change() as connection:
        written = connection.execute(select(tallies).order_by(*tallies.primary_key)).all()
        connection.execute(delete(tallies))
        connection.execute(delete(tallied))
    tallying.count_waiting(filled.store, filled.settings.console.time_zone)
    with filled.store.read() as connection:
        assert connection.execute(select(tallies).order_by(*tallies.primary_key)).all() == written
    assert len(written) > len(_KINDS)
